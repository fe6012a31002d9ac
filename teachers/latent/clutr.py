"""CLUTR: a bandit that proposes points of a learned latent space of tasks, for the regret of the tasks they become.

Azad, Gur, Emhoff, Alexis, Faust, Abbeel, Stoica (2023), "CLUTR: curriculum learning via unsupervised task
representation learning", ICML. A recurrent variational autoencoder is trained on random tasks, before and apart from
the curriculum, and frozen. The teacher draws one point of its latent space for each task, from independent Beta
distributions; decoded, that is the task; the regret of the protagonist on it is the reward of this one step.

What differs from the authors' code (clutr/clutr):

- The draws, between 0 and 1, are mapped onto the range of the latents. Theirs go into the decoder as they are, so that
  the teacher sees one corner of the latent space only; ``latent_range="unit"`` does that.
- Their generator of the corpus puts goal and start last, their decoder expects them first. Here they are last, in both.
- Their multi-step and discrete variants do not run in the released code, and do not exist here.
- Levels are decoded in batches by the teacher; theirs decodes them one by one in each worker.
- A sequence of less than two different cells gets a goal and a start drawn from the free cells. Theirs does not end
  then, or fails.
- The teacher learns when enough of its tasks have come back, matched by id; others teach it nothing.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import unknown_name
from ...outcomes import Outcomes
from ...spaces import TaskSpace
from ..hyperparameters import pair, real, whole
from ..presets import fill_from_preset
from ..regret.estimates import NEEDS, check_regret, regret_of
from ..regret.running_scale import RunningScale
from ..state_checks import counter, finite_array, number
from ..teacher import Teacher
from .beta_policy import BetaPolicy, BetaPPO, log_density
from .latent_decoder import Codec, LatentDecoder
from .presets import CLUTR_PRESETS

if TYPE_CHECKING:
    from .decoder_tuning import DecoderTuning

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SAMPLERS = ("learned", "uniform")
_MAX_OPEN = 10_000
"""Most tasks that are awaited; the oldest is forgotten first."""

_LARGEST_REWARD = 1e6
_N_DENSITY = 64
_NUMBERS = ("regret", "policy_loss", "value_loss", "entropy", "empty_share")


class CLUTR(Teacher):
    """Proposes points of a learned latent space whose tasks have a high regret.

    A task is to be played for a whole rollout by both students, which `tutelage.students.PairedTraining` sees to.

    Args:
        task_space: The tasks.
        seed: Seed of the teacher's own generator.
        preset: Whose hyperparameters stand where none is given: ``"default"`` or ``"paper"``.
        codec: Turns tasks into sequences of tokens and back; environments offer it (``env.task_codec``). Needed where
            ``vae`` is a folder.
        vae: The frozen task VAE: a folder that ``tutelage vae train`` has written, or a `LatentDecoder`. None, or
            ``"none"``, does without: the latent space is then the unit cube of the tasks themselves.
        latent_range: Where latents lie: ``"prior"`` (the VAE's range, see `ACTIVATIONS`), ``"unit"`` ([0, 1], as in the
            authors' code) or a pair of numbers. Without a VAE it is always [0, 1].
        sampler: ``"learned"``, or ``"uniform"``: a random teacher over the latent space, an ablation.
        fine_tune: A learning rate with which the decoder is trained on, an ablation; None leaves it frozen.
        regret: How regret is estimated, see `tutelage.teachers.regret.estimates`.
        clip: Whether negative estimates become 0; by default as published for the kind of regret.
        ceiling: Larger estimates become this; None is no limit.
        normalise: Whether the estimates are divided by their running standard deviation.
        batch_size: It learns as soon as so many tasks have come back, from all that have.
        n_noise: Dimensions of the noise that the policy sees.
        hidden: Units of its linear layer.
        learning_rate: Of Adam.
        n_epochs: Passes over the tasks that came back.
        clip_range: Of PPO's ratio of probabilities.
        clip_value: Whether PPO clips the value as well.
        vf_coef: Weight of the value loss.
        ent_coef: Weight of the entropy.
        max_grad_norm: Longer gradients are shortened.
        ignore_warmup: See `Teacher`.

    Attributes:
        decoder: The VAE with its codec; None without one.

    Raises:
        TypeError: A hyperparameter that is no number, or a ``vae`` of another type.
        ValueError: A hyperparameter out of range, an unknown name, a VAE without its codec, for other tasks, or
            missing.
        RunError: A damaged VAE.

    Example:
        >>> from tutelage import Outcomes, TaskSpace
        >>> teacher = CLUTR(TaskSpace(x=(0.0, 1.0)), seed=0, regret="paired")
        >>> for _ in range(60):
        ...     tasks = teacher.sample(32)
        ...     good = 1.0 - abs(tasks.values[:, 0] - 0.9)  # the antagonist is better around 0.9
        ...     teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=[0.0] * 32, lengths=[9] * 32,
        ...                    signals={"protagonist_mean_return": [0.0] * 32, "antagonist_max_return": good}))
        >>> bool(abs(teacher.sample(100).values.mean() - 0.9) < 0.15)
        True
    """

    needs = NEEDS["flexible"]
    hold = "rollout"

    def __init__(
        self,
        task_space: TaskSpace,
        *,
        seed: int | None = None,
        preset: Literal["default", "paper"] = "default",
        codec: Codec | None = None,
        vae: str | Path | LatentDecoder | None = None,
        latent_range: Literal["prior", "unit"] | Sequence[float] = "prior",
        sampler: Literal["learned", "uniform"] = "learned",
        fine_tune: float | None = None,
        regret: Literal["paired", "flexible", "relative", "mean-relative", "population", "minimax"] | None = None,
        clip: bool | None = None,
        ceiling: float | None = None,
        normalise: bool | None = None,
        batch_size: int | None = None,
        n_noise: int | None = None,
        hidden: int | None = None,
        learning_rate: float | None = None,
        n_epochs: int | None = None,
        clip_range: float | None = None,
        clip_value: bool | None = None,
        vf_coef: float | None = None,
        ent_coef: float | None = None,
        max_grad_norm: float | None = None,
        ignore_warmup: bool = True,
    ) -> None:
        super().__init__(task_space, seed=seed, ignore_warmup=ignore_warmup)
        chosen = fill_from_preset(
            CLUTR_PRESETS,
            preset,
            regret=regret,
            normalise=normalise,
            batch_size=batch_size,
            n_noise=n_noise,
            hidden=hidden,
            learning_rate=learning_rate,
            n_epochs=n_epochs,
            clip_range=clip_range,
            clip_value=clip_value,
            vf_coef=vf_coef,
            ent_coef=ent_coef,
            max_grad_norm=max_grad_norm,
        )
        self.regret, self.clip = str(chosen["regret"]), clip
        self.ceiling = None if ceiling is None else real("ceiling", ceiling)
        check_regret(self.regret, self.clip, self.ceiling)
        if sampler not in SAMPLERS:
            raise ValueError(unknown_name("sampler", sampler, SAMPLERS))
        self.sampler = str(sampler)
        for name in ("normalise", "clip_value"):
            if chosen[name] not in (True, False):
                raise TypeError(f"{name} must be true or false, got {chosen[name]!r}.")
        self.normalise = bool(chosen["normalise"])
        self.batch_size, self.n_noise, self.hidden, epochs = (
            whole(name, chosen[name], 1) for name in ("batch_size", "n_noise", "hidden", "n_epochs")
        )
        if self.batch_size > _MAX_OPEN:
            raise ValueError(f"batch_size must be at most {_MAX_OPEN}, got {self.batch_size}: no more are waited for.")
        self.ppo = BetaPPO(
            learning_rate=_positive("learning_rate", chosen["learning_rate"]),
            n_epochs=epochs,
            clip_range=_positive("clip_range", chosen["clip_range"]),
            clip_value=bool(chosen["clip_value"]),
            vf_coef=_positive("vf_coef", chosen["vf_coef"], zero=True),
            ent_coef=_positive("ent_coef", chosen["ent_coef"], zero=True),
            max_grad_norm=_positive("max_grad_norm", chosen["max_grad_norm"]),
        )
        self.fine_tune = None if fine_tune is None else _positive("fine_tune", fine_tune)
        self.decoder = _decoder_of(vae, codec)
        self._free = np.flatnonzero(~task_space.fixed) if (~task_space.fixed).any() else np.arange(1)
        self.latent_range = self._range_of(latent_range)
        self._tuning = self._tuning_of()
        if self.decoder is not None:
            self._check_tasks(self.decoder)
        learns = self.sampler == "learned" or self._tuning is not None
        self.needs = NEEDS[self.regret] if learns else frozenset()  # type: ignore[misc]  # this teacher's

        n_dims = len(self._free) if self.decoder is None else self.decoder.n_dims
        self._fingerprint = "none" if self.decoder is None else self.decoder.fingerprint
        self._policy = BetaPolicy(n_dims, self.n_noise, self.hidden, self.rng)
        self._density_noise = self._policy.observe(_N_DENSITY, self.rng)
        self._scale = RunningScale()
        # By id: noise, point, log-probability and value, and the sequence where it is needed; regrets of those back.
        self._open: dict[int, tuple[FloatArray, FloatArray, float, float, IntArray]] = {}
        self._rewards: dict[int, float] = {}
        self._latest = dict.fromkeys(_NUMBERS, 0.0)
        self._n_updates = self._n_dropped = 0

    def _range_of(self, latent_range: Any) -> tuple[float, float]:
        if isinstance(latent_range, str):
            prior = (0.0, 1.0) if self.decoder is None else (self.decoder.low, self.decoder.high)
            ranges = {"prior": prior, "unit": (0.0, 1.0)}
            if latent_range not in ranges:
                raise ValueError(
                    unknown_name("latent_range", latent_range, ranges, "A pair of numbers is another way.")
                )
            return ranges[latent_range]
        low, high = pair("latent_range", latent_range)
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise ValueError(f"latent_range must be finite with low < high, got {low} and {high}.")
        return (0.0, 1.0) if self.decoder is None else (low, high)

    def _tuning_of(self) -> DecoderTuning | None:
        if self.fine_tune is None:
            return None
        if self.decoder is None:
            raise ValueError("fine_tune trains the decoder of a VAE on, but there is no vae.")
        from .decoder_tuning import DecoderTuning

        return DecoderTuning(self.decoder, self.fine_tune)

    def _check_tasks(self, decoder: LatentDecoder) -> None:
        tasks = decoder.decode(np.zeros((1, decoder.n_dims)), np.random.default_rng(0))
        if tasks.shape != (1, self.task_space.n_dims) or not self.task_space.contains_all(tasks):
            raise ValueError(
                f"The VAE decodes {decoder.codec.name}, whose tasks are not in {self.task_space!r}: train one for this "
                "environment with `tutelage vae train`."
            )

    # --- Proposals (Azad et al. 2023, section 4.2 and algorithm 1) -----------------------------------------------

    def _sample(self, n: int) -> FloatArray:
        if len(self._rewards) >= self.batch_size:
            self._learn()
        noise = self._policy.observe(n, self.rng)
        points, log_probs, values = self._policy.act(noise, self.rng)
        if self.sampler == "uniform":
            points = self.rng.random(points.shape)
        tasks, sequences = self._decode(points)
        if self.needs:
            kept = zip(noise, points, log_probs.tolist(), values.tolist(), sequences, strict=True)
            self._open.update(zip(range(self._next_id, self._next_id + n), kept, strict=True))
            self._forget()
        return tasks

    def _decode(self, points: FloatArray) -> tuple[FloatArray, IntArray]:
        """Tasks of points of the unit cube, and the sequences they were read from where these are trained with."""
        none = np.zeros((len(points), 0), dtype=np.int64)
        if self.decoder is None:
            unit = np.full((len(points), self.task_space.n_dims), 0.5)
            unit[:, self._free] = points
            return self.task_space.from_unit(unit), none
        if self._tuning is None:
            sequences = self.decoder.tokens(self._latents(points))
        else:
            sequences = self._tuning.decoder.tokens(self._latents(points), self.rng)
        self._latest["empty_share"] = float((sequences == 0).all(axis=1).mean())
        tasks = self.decoder.codec.decode(sequences, self.rng)
        return tasks, none if self._tuning is None else sequences

    def _latents(self, points: FloatArray) -> FloatArray:
        low, high = self.latent_range
        return low + (high - low) * points

    def _forget(self) -> None:
        for task_id in list(self._open)[: max(0, len(self._open) - _MAX_OPEN)]:
            del self._open[task_id]
            self._rewards.pop(task_id, None)
            self._n_dropped += 1

    # --- Rewards -------------------------------------------------------------------------------------------------

    def _update(self, outcomes: Outcomes) -> None:
        if not self.needs:
            return
        regrets = regret_of(outcomes, self.regret, clip=self.clip, ceiling=self.ceiling)
        for task_id, value in zip(outcomes.ids.tolist(), regrets.tolist(), strict=True):
            if task_id in self._open:  # it is rewarded only for what it proposed
                self._rewards[task_id] = value

    def _learn(self) -> None:
        rewarded = list(self._rewards.items())
        self._rewards = {}
        parts = [self._open.pop(task_id) for task_id, _ in rewarded]
        noise, points, sequences = (np.stack([part[k] for part in parts]) for k in (0, 1, 4))
        log_probs, values = (np.array([part[k] for part in parts]) for k in (2, 3))
        regrets = np.array([value for _, value in rewarded])
        rewards = regrets
        if self.normalise:
            self._scale.update(regrets)
            rewards = self._scale.divide(regrets)
        rewards = np.clip(rewards, -_LARGEST_REWARD, _LARGEST_REWARD)
        losses: dict[str, float] = {}
        if self.sampler == "learned":
            losses = self._policy.learn(noise, points, log_probs, values, rewards, self.ppo)
            losses.pop("advantage")
        if self._tuning is not None:
            scaled = (rewards - rewards.mean()) / (rewards.std() + 1e-5)
            self._tuning.learn(self._latents(points), sequences, scaled)
        mean = float(np.clip(regrets, -_LARGEST_REWARD, _LARGEST_REWARD).mean())
        self._latest = {**self._latest, **losses, "regret": mean}
        self._n_updates += 1

    # --- What it shows -------------------------------------------------------------------------------------------

    def density(self, tasks: ArrayLike) -> FloatArray | None:
        """Return where it aims: a mean of its Beta distributions over noise; None with a VAE.

        Args:
            tasks: Shape ``(n, d)``.

        Returns:
            The density in the unit cube, shape ``(n,)``.
        """
        if self.decoder is not None:
            return None
        points = self.task_space.to_unit(np.atleast_2d(np.asarray(tasks, dtype=np.float64)))[:, self._free]
        if self.sampler == "uniform":
            return np.ones(len(points))
        inside = np.clip(points, 1e-6, 1.0 - 1e-6)[:, None]
        alpha, beta = self._policy.parameters(self._density_noise)
        density: FloatArray = np.exp(log_density(inside, alpha, beta).sum(axis=2)).mean(axis=1)
        return density

    def metrics(self) -> dict[str, float]:
        """Return mean regret, losses and entropy of the latest update, the share of empty sequences, and counts."""
        counts = {"updates": float(self._n_updates), "dropped": float(self._n_dropped)}
        return {**super().metrics(), **self._latest, **counts}

    # --- State ---------------------------------------------------------------------------------------------------

    def _identity(self) -> dict[str, Any]:
        names = ("regret", "clip", "ceiling", "normalise", "sampler", "fine_tune", "batch_size", "n_noise", "hidden")
        ppo = vars(self.ppo)
        others = {"vae": self._fingerprint, "latent_range": list(self.latent_range)}
        return {**{name: getattr(self, name) for name in names}, **ppo, **others}

    def _get_state(self) -> dict[str, Any]:
        parts = list(self._open.values())
        width = 0 if self._tuning is None else self._tuning.decoder.codec.sequence_length
        sizes = (self.n_noise, self._policy.n_dims)
        noise, points = (np.array([part[k] for part in parts]).reshape(-1, sizes[k]) for k in (0, 1))
        sequences = np.array([part[4] for part in parts], dtype=np.int64)
        return {
            "hyperparameters": self._identity(),
            "policy": self._policy.state_dict(),
            "density_noise": self._density_noise.copy(),
            "scale": self._scale.state_dict(),
            "ids": np.array(list(self._open), dtype=np.int64),
            "noise": noise,
            "points": points,
            "log_probs": np.array([part[2] for part in parts], dtype=np.float64),
            "values": np.array([part[3] for part in parts], dtype=np.float64),
            "sequences": sequences.reshape(len(parts), width),
            "rewarded": np.array(list(self._rewards), dtype=np.int64),
            "rewards": np.array(list(self._rewards.values()), dtype=np.float64),
            "latest": dict(self._latest),
            "n_updates": self._n_updates,
            "n_dropped": self._n_dropped,
            "tuning": None if self._tuning is None else self._tuning.state_dict(),
        }

    def _set_state(self, state: Mapping[str, Any]) -> None:
        for name, mine in self._identity().items():
            if (theirs := state["hyperparameters"][name]) != mine:
                raise ValueError(f"It was saved with {name}={theirs!r}, this teacher has {name}={mine!r}.")
        ids = finite_array(state, "ids", (None,), np.int64, low=0)
        n = len(ids)
        noise = finite_array(state, "noise", (n, self.n_noise), low=0.0, high=1.0)
        points = finite_array(state, "points", (n, self._policy.n_dims), low=0.0, high=1.0)
        log_probs = finite_array(state, "log_probs", (n,))
        values = finite_array(state, "values", (n,))
        codec = None if self._tuning is None else self._tuning.decoder.codec
        width, most = (0, 0) if codec is None else (codec.sequence_length, codec.vocabulary_size)
        sequences = finite_array(state, "sequences", (n, width), np.int64, low=0, high=most)
        density_noise = finite_array(state, "density_noise", self._density_noise.shape, low=0.0, high=1.0)
        rewarded = finite_array(state, "rewarded", (None,), np.int64).tolist()
        rewards = finite_array(state, "rewards", (len(rewarded),)).tolist()
        if len(set(ids.tolist())) < n or not set(rewarded) <= set(ids.tolist()):
            raise ValueError("Its rewards belong to other tasks than those it waits for.")
        latest = {name: number(state["latest"], name) for name in _NUMBERS}
        counts = [counter(state, name) for name in ("n_updates", "n_dropped")]
        scale = RunningScale()
        scale.load_state_dict(state["scale"])
        tuning = state["tuning"]
        before = self._policy.state_dict()
        self._policy.load_state_dict(state["policy"])
        if self._tuning is not None:
            try:
                self._tuning.load_state_dict(tuning)
            except Exception:
                self._policy.load_state_dict(before)
                raise
        kept = zip(noise, points, log_probs.tolist(), values.tolist(), sequences, strict=True)
        self._open = dict(zip(ids.tolist(), kept, strict=True))
        self._rewards = dict(zip(rewarded, rewards, strict=True))
        self._density_noise, self._scale, self._latest = density_noise, scale, latest
        self._n_updates, self._n_dropped = counts


def _positive(name: str, value: Any, *, zero: bool = False) -> float:
    result = real(name, value)
    if not math.isfinite(result) or result < 0.0 or (result == 0.0 and not zero):
        raise ValueError(f"{name} must be finite and {'at least' if zero else 'above'} 0, got {result}.")
    return result


def _decoder_of(vae: Any, codec: Codec | None) -> LatentDecoder | None:
    if vae is None or (isinstance(vae, str) and vae == "none"):
        return None
    if isinstance(vae, LatentDecoder):
        return vae
    if not isinstance(vae, (str, Path)):
        raise TypeError(f"vae must be a folder, a LatentDecoder or None, got {type(vae).__name__}.")
    if codec is None:
        raise ValueError(
            f"The VAE in {vae} needs the codec of its tasks: give codec=env.task_codec, or a LatentDecoder as vae."
        )
    return LatentDecoder.load(vae, codec)
