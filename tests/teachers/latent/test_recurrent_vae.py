"""The recurrent VAE: sizes, layout, probabilities."""

import numpy as np
import pytest
import torch
from tutelage.teachers.latent.recurrent_vae import RecurrentVAE, kl_divergence
from tutelage.teachers.latent.vae_config import ACTIVATIONS, VAEConfig

TINY = {"latent": 5, "embedding": 4, "encoder": 3, "decoder": 6}
SEQUENCES = torch.tensor([[1, 4, 6, 2, 0], [3, 5, 0, 0, 0], [2, 3, 5, 1, 6]])


def vae_of(preset="small", n_tokens=6, tail=2, **changes):
    torch.manual_seed(0)
    return RecurrentVAE(VAEConfig.of(preset, **{**TINY, **changes}), n_tokens, tail).eval()


@pytest.mark.parametrize(("n_tokens", "count"), [(169, 14_072_100), (102, 13_998_333)])
def test_the_published_sizes_have_the_published_number_of_weights(n_tokens, count):
    with torch.device("meta"):
        vae = RecurrentVAE(VAEConfig.of("paper"), n_tokens)
    assert sum(p.numel() for p in vae.parameters()) == count


@pytest.mark.parametrize(
    ("iteration", "weight"),
    [(0, 0.0009), (1000, 0.0067), (2500, 0.1192), (3500, 0.5), (4500, 0.8808), (6000, 0.9933), (10_000, 1.0)],
)
def test_the_published_weight_of_the_divergence(iteration, weight):
    assert VAEConfig.of("paper").kl(iteration) == pytest.approx(weight, abs=5e-5)


def test_the_learning_rate_falls_to_its_share():
    config = VAEConfig.of("small", iterations=100, learning_rate=0.1, final_rate=0.5)
    assert (config.rate(0), config.rate(50), config.rate(100)) == pytest.approx((0.1, 0.075, 0.05))


@pytest.mark.parametrize("preset", ["small", "paper"])
@pytest.mark.parametrize("tail", [0, 1, 2])
def test_the_probabilities_of_all_symbols_sum_to_one(preset, tail):
    vae = vae_of(preset, tail=tail)
    given, _ = vae.decoder_input(SEQUENCES)
    scores, _ = vae._step(given, torch.randn(3, 5), None, None)
    total = vae._log_probabilities(scores).exp().sum(2)
    assert torch.allclose(total, torch.ones_like(total), atol=1e-5)


@pytest.mark.parametrize("preset", ["small", "paper"])
def test_the_probability_of_a_symbol_is_that_among_all(preset):
    vae = vae_of(preset)
    given, wanted = vae.decoder_input(SEQUENCES)
    scores, _ = vae._step(given, torch.randn(3, 5), None, None)
    one = vae._log_probability(scores, wanted)
    all_of_them = vae._log_probabilities(scores).gather(2, wanted[:, :, None])[:, :, 0]
    assert torch.allclose(one, all_of_them, atol=1e-5)


@pytest.mark.parametrize("preset", ["small", "paper"])
def test_a_sequence_is_encoded_the_same_whatever_comes_with_it(preset):
    vae = vae_of(preset)
    together, alone = vae.encode(SEQUENCES)[0][1], vae.encode(SEQUENCES[1:2])[0][0]
    assert torch.allclose(together, alone, atol=1e-6)


@pytest.mark.parametrize("preset", ["small", "paper"])
def test_step_by_step_and_at_once_are_the_same(preset):
    vae, latents = vae_of(preset), 3.0 * torch.randn(200, 5)
    written = vae.decode(latents, 4)
    whole = (written > 0).all(1)
    assert whole.sum() > 20
    given, _ = vae.decoder_input(written[whole])
    best = vae._log_probabilities(vae._step(given, latents[whole], None, None)[0]).argmax(2)
    assert torch.equal(best[:, :4] + 1, written[whole])


@pytest.mark.parametrize("preset", ["small", "paper"])
def test_greedy_decoding_is_deterministic(preset):
    vae, latents = vae_of(preset), torch.randn(30, 5)
    assert torch.equal(vae.decode(latents, 5), vae.decode(latents, 5))


def test_drawn_sequences_follow_the_probabilities():
    vae, n = vae_of("paper"), 20_000
    latents = torch.randn(1, 5)
    drawn = vae.decode(latents.expand(n, -1), 1, torch.Generator().manual_seed(0))[:, 0]
    go = torch.full((1, 1), vae.go)
    chances = vae._log_probabilities(vae._step(go, latents, None, None)[0])[0, 0].exp()
    shares = torch.bincount(drawn, minlength=7)[1:] / n
    possible = chances[:6].sum() + chances[vae.end]  # neither the symbol it begins with nor that behind the end
    assert torch.allclose(shares, chances[:6] / possible, atol=0.02)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_latents_lie_in_the_range_of_their_activation(activation):
    vae = vae_of(activation=activation)
    low, high = ACTIVATIONS[activation]
    drawn = vae.draw(torch.zeros(500, 5), torch.zeros(500, 5), torch.Generator().manual_seed(0))
    if activation != "none":
        assert low <= drawn.min() <= drawn.max() <= high
    assert drawn.std() > 0.2 * (high - low) / 2


def test_the_divergence_is_that_of_a_plain_sum():
    mean, log_variance = torch.randn(4, 5), torch.randn(4, 5)
    plain = -0.5 * (1 + log_variance - mean**2 - torch.exp(log_variance))
    assert torch.allclose(kl_divergence(mean, log_variance), plain)


def test_the_small_preset_begins_able_to_copy_a_set():
    torch.manual_seed(0)
    vae = RecurrentVAE(VAEConfig.of("small"), 40, 2)
    sequences = torch.tensor([sorted(np.random.default_rng(i).permutation(40)[:12] + 1) for i in range(20)])
    written = vae.decode(vae.encode(sequences)[0], 10)
    assert (written == sequences[:, :10]).float().mean() > 0.9


def test_without_iterations_the_weights_are_random():
    torch.manual_seed(0)
    vae = RecurrentVAE(VAEConfig.of("small", iterations=0), 40, 2)
    sequences = torch.tensor([sorted(np.random.default_rng(i).permutation(40)[:12] + 1) for i in range(20)])
    assert (vae.decode(vae.encode(sequences)[0], 10) == sequences[:, :10]).float().mean() < 0.3


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"latent": -1}, "latent"),
        ({"batch_size": 0}, "batch_size"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"kl_weight": -1.0}, "kl_weight"),
        ({"dropout": 1.0}, "dropout"),
        ({"activation": "tanhh"}, "Did you mean 'tanh'"),
        ({"latnt": 3}, "Did you mean 'latent'"),
    ],
)
def test_a_setting_out_of_range_is_refused_by_name(changes, sentence):
    with pytest.raises(ValueError, match=sentence):
        VAEConfig.of("small", **changes)


def test_an_unknown_preset_is_refused():
    with pytest.raises(ValueError, match="Did you mean 'small'"):
        VAEConfig.of("smal")


@pytest.mark.parametrize("preset", ["small", "paper"])
def test_the_probabilities_of_all_sequences_that_can_be_drawn_sum_to_one(preset):
    vae = vae_of(preset, n_tokens=3)
    sequences = torch.tensor([[0, 0], *([a, 0] for a in (1, 2, 3)), *([a, b] for a in (1, 2, 3) for b in (1, 2, 3))])
    latents = torch.randn((1, 5)).expand(len(sequences), -1)
    log_likelihood, _ = vae.log_likelihood(latents, sequences, drawn=True)
    assert float(log_likelihood.sum(1).exp().sum().detach()) == pytest.approx(1.0, abs=1e-5)


def test_only_tokens_are_drawn_with_no_gap_between_them():
    vae = vae_of(n_tokens=3)
    drawn = vae.decode(2.0 * torch.randn((300, 5)), 6, torch.Generator().manual_seed(0))
    lengths = (drawn > 0).sum(1)
    assert (drawn.cumprod(1) > 0).sum(1).equal(lengths)
    assert int(drawn.max()) == 3
