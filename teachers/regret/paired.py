"""PAIRED: a policy builds the levels on which one student does worse than another, as they learn.

Dennis, Jaques, Vinitsky, Bayen, Russell, Critch, Levine (2020), "Emergent complexity and zero-shot transfer via
unsupervised environment design", NeurIPS. Two students, protagonist and antagonist, play each level; the difference of
their returns estimates the protagonist's regret, which is the reward of the teacher's last edit. A level that is too
easy or that nobody solves has none.

What differs from the authors' code (google-research/social_rl) and from facebookresearch/dcd, whose version this is:

- Both students are trained with the environment's reward, as in dcd; the authors' code subtracts the other's best
  return from it.
- The teacher learns when enough of its levels have come back, from their outcomes matched by id; levels that never
  come back, and outcomes of levels it did not build, teach it nothing.
- The last step of a level's building ends the episode. Its value network sees no more than the policy.
- By default its network is small (a convolution of 8 filters with a stride of 2, no memory), and regrets are divided
  by their running standard deviation; ``preset="dcd"`` has dcd's sizes, its memory and its coefficients.
- Where the environment has no builder of its own, tasks are built one dimension a step (`SpaceBuilder`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import fields
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from ...outcomes import Outcomes
from ...spaces import TaskSpace
from ..presets import fill_from_preset
from ..teacher import Teacher
from .estimates import NEEDS, check_regret, regret_of
from .generator_config import GeneratorConfig
from .level_generator import BuilderMaker, LevelGenerator
from .presets import PAIRED_PRESETS
from .running_scale import RunningScale
from .space_builder import Builder, SpaceBuilder

FloatArray = NDArray[np.float64]

_GENERATOR = tuple(field.name for field in fields(GeneratorConfig))


class SpaceBuilders:
    """Makes the builders of a task space; a function that can be pickled.

    Example:
        >>> SpaceBuilders(TaskSpace(x=(0.0, 1.0)))(3).n
        3
    """

    def __init__(self, task_space: TaskSpace) -> None:
        self.task_space = task_space

    def __call__(self, n: int) -> SpaceBuilder:
        """Make a builder of n tasks."""
        return SpaceBuilder(n, self.task_space)


class PAIRED(Teacher):
    """Builds levels of high regret by a policy that is trained with it.

    A task is to be played for a whole rollout by both students, which `tutelage.students.PairedTraining` sees to.

    Args:
        task_space: The levels.
        seed: Seed of the teacher's own generator.
        preset: Whose hyperparameters stand where none is given, see `PAIRED_PRESETS`: ``"default"``, ``"dcd"``,
            ``"flexible"``, ``"jaxued"`` or ``"minimax"``.
        builder: Makes a builder of n levels (`Builder`). Environments with levels offer it (``env.level_builder``); by
            default tasks are built one dimension a step.
        regret: How regret is estimated, see `regret`: ``"paired"``, ``"flexible"``, ``"relative"``,
            ``"mean-relative"``, ``"population"`` or ``"minimax"``.
        clip: Whether negative estimates become 0; by default as published for the kind of regret.
        ceiling: Larger estimates become this; None is no limit.
        normalise: Whether the estimates are divided by their running standard deviation.
        recurrent: Whether the policy has a memory (an LSTM), else it sees the level so far only.
        update_levels: It learns as soon as so many levels have come back, from all that have.
        learning_rate: Of Adam.
        n_epochs: Passes over the levels that came back.
        batch_size: Steps of a gradient.
        gamma: Discount factor.
        gae_lambda: λ of the advantage estimates.
        clip_range: Of PPO's ratio of probabilities.
        ent_coef: Weight of the entropy.
        vf_coef: Weight of the value loss.
        max_grad_norm: Longer gradients are shortened.
        hidden: Units of a layer.
        filters: Of the convolution, where levels are grids.
        lstm: Units of the memory.
        log_std: Logarithm of the first standard deviation of continuous actions.
        ignore_warmup: See `Teacher`.

    Raises:
        ValueError: A hyperparameter out of range, or an unknown name. Later, in `sample`: a builder whose levels are
            none.
        TypeError: A builder that cannot be called, or a hyperparameter of another type.

    Example:
        >>> from tutelage import Outcomes, TaskSpace
        >>> teacher = PAIRED(TaskSpace(x=(0.0, 1.0)), seed=0)
        >>> for _ in range(40):
        ...     tasks = teacher.sample(32)
        ...     good = 1.0 - abs(tasks.values[:, 0] - 0.9)  # the antagonist is better around 0.9
        ...     teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=[0.0] * 32, lengths=[9] * 32,
        ...                    signals={"protagonist_mean_return": [0.0] * 32, "antagonist_max_return": good}))
        >>> bool(abs(teacher.sample(100).values.mean() - 0.9) < 0.15)
        True
    """

    needs = NEEDS["paired"]
    hold = "rollout"
    _presets: ClassVar[Mapping[str, Mapping[str, Any]]] = PAIRED_PRESETS
    _regrets: ClassVar[Collection[str]] = tuple(NEEDS)

    def __init__(
        self,
        task_space: TaskSpace,
        *,
        seed: int | None = None,
        preset: str = "default",
        builder: BuilderMaker | None = None,
        regret: Literal["paired", "flexible", "relative", "mean-relative", "population", "minimax"] | None = None,
        clip: bool | None = None,
        ceiling: float | None = None,
        normalise: bool | None = None,
        recurrent: bool | None = None,
        update_levels: int | None = None,
        learning_rate: float | None = None,
        n_epochs: int | None = None,
        batch_size: int | None = None,
        gamma: float | None = None,
        gae_lambda: float | None = None,
        clip_range: float | None = None,
        ent_coef: float | None = None,
        vf_coef: float | None = None,
        max_grad_norm: float | None = None,
        hidden: int | None = None,
        filters: int | None = None,
        lstm: int | None = None,
        log_std: float | None = None,
        ignore_warmup: bool = True,
    ) -> None:
        super().__init__(task_space, seed=seed, ignore_warmup=ignore_warmup)
        chosen = fill_from_preset(
            self._presets,
            preset,
            regret=regret,
            clip=clip,
            normalise=normalise,
            recurrent=recurrent,
            update_levels=update_levels,
            learning_rate=learning_rate,
            n_epochs=n_epochs,
            batch_size=batch_size,
            gamma=gamma,
            gae_lambda=gae_lambda,
            clip_range=clip_range,
            ent_coef=ent_coef,
            vf_coef=vf_coef,
            max_grad_norm=max_grad_norm,
            hidden=hidden,
            filters=filters,
            lstm=lstm,
            log_std=log_std,
        )
        self.regret, self.clip = str(chosen["regret"]), chosen["clip"]
        self.ceiling = None if ceiling is None else float(ceiling)
        check_regret(self.regret, self.clip, self.ceiling)
        if self.regret not in self._regrets:
            raise ValueError(f"{type(self).__name__} has the regret {' or '.join(self._regrets)}, got {self.regret!r}.")
        if chosen["normalise"] not in (True, False):
            raise TypeError(f"normalise must be true or false, got {chosen['normalise']!r}.")
        self.normalise = bool(chosen["normalise"])
        self.needs = NEEDS[self.regret]  # type: ignore[misc]  # this teacher's, not the class's
        if builder is not None and not callable(builder):
            raise TypeError(f"builder must be callable with a number of levels, got {builder!r}.")
        self.builder: BuilderMaker = SpaceBuilders(task_space) if builder is None else builder
        config = GeneratorConfig(**{name: chosen[name] for name in _GENERATOR})
        self.generator = LevelGenerator(self.builder, config, self.rng)
        self._scale = RunningScale()

    def _sample(self, n: int) -> FloatArray | tuple[FloatArray, NDArray[np.bool_]]:
        return self._build(n)

    def _build(self, n: int) -> FloatArray:
        """Learn from the levels that came back, if these are enough, and build new ones."""
        self.generator.learn(self.rng, self._scaled if self.normalise else None)
        return self.generator.build(n, self._next_id, self.rng)

    def _scaled(self, regrets: FloatArray) -> FloatArray:
        self._scale.update(regrets)
        return self._scale.divide(regrets)

    def _update(self, outcomes: Outcomes) -> None:
        regrets = regret_of(outcomes, self.regret, clip=self.clip, ceiling=self.ceiling)
        self.generator.reward(outcomes.ids.tolist(), regrets)

    def metrics(self) -> dict[str, float]:
        """Return the mean regret of the latest update, losses and entropy, and the number of updates."""
        metrics = self.generator.metrics()
        return {**super().metrics(), "regret": metrics.pop("builder_reward"), **metrics}

    # --- State ---------------------------------------------------------------------------------------------------

    def _get_state(self) -> dict[str, Any]:
        return {
            "hyperparameters": self._identity(),
            "generator": self.generator.state_dict(),
            "scale": self._scale.state_dict(),
        }

    def _identity(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("regret", "clip", "ceiling", "normalise")}

    def _set_state(self, state: Mapping[str, Any]) -> None:
        for name, mine in self._identity().items():
            if (theirs := state["hyperparameters"][name]) != mine:
                raise ValueError(f"It was saved with {name}={theirs!r}, this teacher has {name}={mine!r}.")
        scale = RunningScale()
        scale.load_state_dict(state["scale"])
        self.generator.load_state_dict(state["generator"])
        self._scale = scale


__all__ = ["PAIRED", "Builder", "SpaceBuilders"]
