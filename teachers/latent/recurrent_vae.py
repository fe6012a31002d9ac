"""A recurrent variational autoencoder over sequences of tokens: the task representation of CLUTR.

Azad et al. (2023), "CLUTR: curriculum learning via unsupervised task representation learning", section 4.1, after
Bowman et al. (2016). Importing this module imports torch.

Sequences come as whole numbers of shape (n, L): tokens 1 to V, filled up with zeros at their ends. Inside, token t has
the number t − 1; V is padding, V + 1 begins and V + 2 ends a sequence.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils.rnn import pack_padded_sequence

from .vae_config import VAEConfig

CODE = 2.5
"""Length of the codes with which a set path begins: a cell that is a wall in every sixth maze then has a variance of
about 1 in the latent space."""

CERTAIN = 8.0
"""Logit of a token that is surely in a set, with which a set path begins."""


class Highway(nn.Module):
    """Layers that mix a nonlinear and a linear map of their input by a gate (Srivastava et al. 2015).

    Args:
        size: Of the input and the output.
        layers: How many.

    Example:
        >>> Highway(3, 2)(torch.zeros(4, 5, 3)).shape
        torch.Size([4, 5, 3])
    """

    def __init__(self, size: int, layers: int) -> None:
        super().__init__()
        self.gates = nn.ModuleList(nn.Linear(size, size) for _ in range(layers))
        self.nonlinear = nn.ModuleList(nn.Linear(size, size) for _ in range(layers))
        self.linear = nn.ModuleList(nn.Linear(size, size) for _ in range(layers))

    def forward(self, x: Tensor) -> Tensor:
        """Return the output, of the shape of the input."""
        for gate, nonlinear, linear in zip(self.gates, self.nonlinear, self.linear, strict=True):
            open_ = torch.sigmoid(gate(x))
            x = open_ * functional.relu(nonlinear(x)) + (1.0 - open_) * linear(x)
        return x


class RecurrentVAE(nn.Module):
    """Encodes sequences of tokens as points of a latent space with a normal prior, and decodes them.

    The encoder is a bidirectional LSTM over the reversed sequence, whose final cell states give mean and log-variance.
    The decoder is an LSTM that reads the latent with every token, and gives the logits of the next one.

    With ``config.set_path`` linear paths are added, with which it learns in minutes what else takes days. A sequence is
    then understood as a set in ascending order, followed by ``tail`` tokens each of which has a meaning of its own.

    - The encoder also gets the members of the set and the tail as vectors of ones and zeros.
    - The decoder also has logits a for each token, linear in the latent, in the token before and in the LSTM's state:
      the next token is the first one, in the order of the numbers, that a coin with the chance σ(a) accepts. Where none
      does, it is one of a softmax, to which the latent adds logits, other ones for each place of the tail; the LSTM
      says which these are.

    Args:
        config: The sizes. Without iterations the weights are random, which is an ablation; else the linear paths
            begin with a decoder that reads what the encoder writes.
        n_tokens: V, how many tokens there are.
        tail: How many tokens at the end of a sequence are no part of the set.

    Example:
        >>> vae = RecurrentVAE(VAEConfig.of("small"), n_tokens=9)
        >>> mean, log_variance = vae.encode(torch.tensor([[3, 7, 1], [9, 2, 0]]))
        >>> mean.shape == log_variance.shape == (2, vae.config.latent)
        True
        >>> vae.decode(mean, 5).shape
        torch.Size([2, 5])
    """

    def __init__(self, config: VAEConfig, n_tokens: int, tail: int = 0) -> None:
        super().__init__()
        config = config.sized(n_tokens, tail)
        self.config, self.n_tokens, self.tail = config, int(n_tokens), int(tail)
        self.pad, self.go, self.end = n_tokens, n_tokens + 1, n_tokens + 2
        n_symbols = n_tokens + 3
        latent, hidden = config.latent, config.decoder
        self.embedding = nn.Embedding(n_symbols, config.embedding)
        self.highway = Highway(config.embedding, config.highways)
        self.encoder = nn.LSTM(config.embedding, config.encoder, batch_first=True, bidirectional=True)
        context = 2 * config.encoder + (n_tokens * (1 + tail) if config.set_path else 0)
        self.to_mean = nn.Linear(context, latent)
        self.to_log_variance = nn.Linear(context, latent)
        self.decoder = nn.LSTM(
            config.embedding + latent + int(config.set_path), hidden, config.decoder_layers, batch_first=True
        )
        self.to_logits = nn.Linear(hidden, n_symbols)
        if config.set_path:
            self.latent_to_set = nn.Linear(latent, n_tokens)
            self.to_gate = nn.Linear(hidden, 1)
            self.latent_to_tail = nn.Linear(latent, n_tokens * (1 + tail))
            self.to_place = nn.Linear(hidden, 1 + tail)
            self.after = nn.Embedding(n_symbols, n_tokens)
            if config.iterations:
                self._initialize_set_path()

    def _initialize_set_path(self) -> None:
        """Begin with a decoder that reads what the encoder writes, and with the belief that sorted sequences ascend."""
        n, latent = self.n_tokens, self.config.latent
        basis = nn.init.orthogonal_(torch.empty(max(n, latent), latent))
        codes = [basis[:n]]
        free = basis[n:] if latent >= n + self.tail else basis
        for part in free.chunk(self.tail) if self.tail else ():  # the tail's codes are orthogonal to those of the set
            mixed = torch.randn(n, len(part)) @ part
            codes.append(mixed / mixed.norm(dim=1, keepdim=True))
        code = torch.cat(codes)
        with torch.no_grad():
            self.to_mean.weight[:, -len(code) :] = CODE * code.T
            self.to_mean.bias.zero_()
            self.to_log_variance.weight.mul_(0.1)
            self.to_log_variance.bias.fill_(-2.0)
            self.latent_to_set.weight.copy_(2.0 * CERTAIN / CODE * code[:n])
            self.latent_to_set.bias.fill_(-CERTAIN)
            self.latent_to_tail.weight[:n].zero_()
            self.latent_to_tail.weight[n:] = 2.0 * CERTAIN / CODE * code[n:]
            self.latent_to_tail.bias.zero_()
            self.after.weight.zero_()
            if self.config.sort:
                passed = torch.arange(n) <= torch.arange(n)[:, None]
                self.after.weight[:n] = torch.where(passed, -2.0 * CERTAIN, 0.0)

    # --- Encoder -------------------------------------------------------------------------------------------------

    def encode(self, sequences: Tensor) -> tuple[Tensor, Tensor]:
        """Return mean and log-variance of the latents of sequences, each of shape ``(n, latent)``.

        Args:
            sequences: Shape ``(n, L)``.
        """
        symbols, lengths = self.encoder_input(sequences)
        read = pack_padded_sequence(
            self.highway(self.embedding(symbols)), lengths, batch_first=True, enforce_sorted=False
        )
        _, (_, cells) = self.encoder(read)
        context = torch.cat([cells[0], cells[1]], 1)
        if self.config.set_path:
            context = torch.cat([context, self._members(symbols)], 1)
        return self.to_mean(context), self.to_log_variance(context)

    def _members(self, symbols: Tensor) -> Tensor:
        """Return which tokens are in the set and in each place of the tail, of what the encoder reads."""
        n, width = symbols.shape
        places = (self.tail - torch.arange(width)).clamp(min=0)  # it reads the last place of the tail first
        members = torch.zeros(n, (1 + self.tail) * (self.n_tokens + 1))
        members.scatter_(1, symbols + places * (self.n_tokens + 1), 1.0)
        return members.view(n, 1 + self.tail, -1)[:, :, :-1].flatten(1)

    def encoder_input(self, sequences: Tensor) -> tuple[Tensor, Tensor]:
        """Return sequences as the encoder reads them, reversed and padded at their ends, and their lengths.

        Args:
            sequences: Shape ``(n, L)``.

        Example:
            >>> vae = RecurrentVAE(VAEConfig.of("small"), n_tokens=169)
            >>> symbols, lengths = vae.encoder_input(torch.tensor([[1, 5, 10, 21, 12], [8, 4, 0, 0, 0]]))
            >>> symbols.tolist(), lengths.tolist()
            ([[11, 20, 9, 4, 0], [3, 7, 169, 169, 169]], [5, 2])
        """
        lengths = (sequences > 0).sum(1)
        places = lengths[:, None] - 1 - torch.arange(max(int(lengths.max()), 1))
        read = sequences.gather(1, places.clamp(min=0)) - 1
        return torch.where((places >= 0) & (read >= 0), read, self.pad), lengths.clamp(min=1)

    def decoder_input(self, sequences: Tensor) -> tuple[Tensor, Tensor]:
        """Return what the decoder reads in training and what it is to write, both of shape ``(n, longest + 1)``.

        Args:
            sequences: Shape ``(n, L)``.

        Example:
            >>> vae = RecurrentVAE(VAEConfig.of("small"), n_tokens=169)
            >>> given, wanted = vae.decoder_input(torch.tensor([[1, 5, 10, 21, 12], [8, 4, 0, 0, 0]]))
            >>> given.tolist()
            [[170, 0, 4, 9, 20, 11], [170, 7, 3, 169, 169, 169]]
            >>> wanted.tolist()
            [[0, 4, 9, 20, 11, 171], [7, 3, 171, 169, 169, 169]]
        """
        lengths = (sequences > 0).sum(1)
        kept = sequences[:, : int(lengths.max())]
        symbols = torch.where(kept > 0, kept - 1, self.pad)
        given = functional.pad(symbols, (1, 0), value=self.go)
        wanted = functional.pad(symbols, (0, 1), value=self.pad).scatter(1, lengths[:, None], self.end)
        return given, wanted

    def draw(self, mean: Tensor, log_variance: Tensor, generator: torch.Generator) -> Tensor:
        """Draw latents from normal distributions, and apply the activation."""
        noise = torch.randn(mean.shape, generator=generator)
        return self.activate(mean + torch.exp(0.5 * log_variance) * noise)

    def activate(self, latents: Tensor) -> Tensor:
        """Apply the activation of the configuration to latents."""
        kind = self.config.activation
        if kind == "none":
            return latents
        if kind == "sigmoid":
            return torch.sigmoid(latents)
        return torch.tanh(latents) * (4.0 if kind == "scaled_tanh" else 1.0)

    # --- Decoder -------------------------------------------------------------------------------------------------

    def log_likelihood(
        self, latents: Tensor, sequences: Tensor, generator: torch.Generator | None = None, *, drawn: bool = False
    ) -> Any:
        """Return the log-probability of each symbol of sequences, given the ones before it.

        Args:
            latents: Shape ``(n, latent)``.
            sequences: Shape ``(n, L)``.
            generator: Draws the dropout of training; None does without.
            drawn: Whether `decode` has drawn them: only from tokens and the end, and no end after L tokens.

        Returns:
            Log-probabilities of shape ``(n, longest + 1)``, the end of the sequence included, 0 behind it; and where
            they are of the sequence, booleans of the same shape.
        """
        given, wanted = self.decoder_input(sequences)
        scores, _ = self._step(given, latents, None, generator)
        there = wanted != self.pad
        if not drawn:
            return torch.where(there, self._log_probability(scores, wanted), 0.0), there
        there[:, sequences.shape[1] :] = False
        found = self._drawable(self._log_probabilities(scores)).gather(2, wanted[:, :, None])[:, :, 0]
        return torch.where(there, found, 0.0), there

    def decode(self, latents: Tensor, length: int, generator: torch.Generator | None = None) -> Tensor:
        """Return the sequences of latents, of shape ``(n, length)``, filled up with zeros.

        Args:
            latents: Shape ``(n, latent)``, the activation applied.
            length: After so many symbols a sequence ends.
            generator: Draws symbols; None takes the most likely one each time.
        """
        n = len(latents)
        symbols = torch.full((n,), self.go)
        state, done = None, torch.zeros(n, dtype=torch.bool)
        written = torch.zeros(n, length, dtype=torch.long)
        for step in range(length):
            scores, state = self._step(symbols[:, None], latents, state, None)
            log_probabilities = self._log_probabilities(scores)[:, 0]
            if generator is None:
                symbols = log_probabilities.argmax(1)
            else:
                symbols = torch.multinomial(self._drawable(log_probabilities).exp(), 1, generator=generator)[:, 0]
            done = done | (symbols == self.end)
            if bool(done.all()):
                break
            written[:, step] = torch.where(done | (symbols >= self.n_tokens), 0, symbols + 1)
        return written

    def _drawable(self, log_probabilities: Tensor) -> Tensor:
        """Return the log-probabilities of symbols, the last axis, where only tokens and the end are drawn."""
        barred = torch.zeros(log_probabilities.shape[-1])
        barred[[self.pad, self.go]] = -1e30
        return functional.log_softmax(log_probabilities + barred, -1)

    def _step(self, given: Tensor, latents: Tensor, state: Any, generator: torch.Generator | None) -> Any:
        """Return the scores after reading symbols of shape (n, T), and the state of the LSTM."""
        read = self.embedding(given)
        p = self.config.dropout
        if generator is not None and p > 0.0:
            read = read * (torch.rand(read.shape, generator=generator) >= p) / (1.0 - p)
        parts = [read, latents[:, None].expand(-1, given.shape[1], -1)]
        if not self.config.set_path:
            hidden, state = self.decoder(torch.cat(parts, 2), state)
            return (self.to_logits(hidden), None), state
        members = self.latent_to_set(latents)
        parts.append(torch.sigmoid(functional.pad(members, (0, 3), value=-30.0).gather(1, given))[:, :, None])
        hidden, state = self.decoder(torch.cat(parts, 2), state)
        accept = members[:, None] + self.after(given) + self.to_gate(hidden)
        place = torch.softmax(self.to_place(hidden), 2)
        tails = self.latent_to_tail(latents).view(len(latents), 1 + self.tail, self.n_tokens)
        return (self.to_logits(hidden) + functional.pad(torch.bmm(place, tails), (0, 3)), accept), state

    def _log_probability(self, scores: Any, wanted: Tensor) -> Tensor:
        """Return the log-probabilities of symbols of shape (n, T)."""
        logits, accept = scores
        chosen = functional.log_softmax(logits, 2).gather(2, wanted[:, :, None])[:, :, 0]
        if accept is None:
            return chosen
        passed = -functional.softplus(accept).cumsum(2)
        first = functional.pad(accept + passed, (0, 3), value=-1e30).gather(2, wanted[:, :, None])[:, :, 0]
        return torch.logaddexp(first, passed[:, :, -1] + chosen)

    def _log_probabilities(self, scores: Any) -> Tensor:
        """Return the log-probabilities of all symbols, shape (n, T, symbols)."""
        logits, accept = scores
        chosen = functional.log_softmax(logits, 2)
        if accept is None:
            return chosen
        passed = -functional.softplus(accept).cumsum(2)
        first = functional.pad(accept + passed, (0, 3), value=-1e30)
        return torch.logaddexp(first, passed[:, :, -1:] + chosen)


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Return the divergence of normal distributions from the standard normal one, for each dimension.

    Args:
        mean: Shape ``(n, latent)``.
        log_variance: Of the same shape.

    Example:
        >>> kl_divergence(torch.tensor([[0.0, 1.0]]), torch.zeros(1, 2)).tolist()
        [[0.0, 0.5]]
    """
    return 0.5 * (mean.square() + log_variance.exp() - 1.0 - log_variance)
