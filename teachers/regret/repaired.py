"""REPAIRED: PAIRED builds levels, robust PLR decides which of them each student replays and learns from.

Jiang, Dennis, Parker-Holder, Foerster, Grefenstette, Rocktäschel (2021), "Replay-guided adversarial environment
design", NeurIPS, section 5. New levels come from PAIRED's policy; both students play them without learning, which gives
their regret to the policy and scores to two buffers, one for each student. At other times both replay, each from its
own buffer, and learn.

What differs from facebookresearch/dcd: see `PAIRED` and `LevelBuffer`; and

- whether to replay is decided once for both students, when both buffers are filled enough;
- students that do not learn cost no gradient on new levels (theirs is computed and thrown away);
- a level that a student finished no episode on is not scored for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import unknown_name
from ...outcomes import Outcomes
from ...spaces import TaskSpace
from ..hyperparameters import whole
from ..presets import fill_from_preset
from ..replay.kernel_density import kernel_density
from ..replay.level_buffer import LevelBuffer
from ..replay.scores import SCORES
from ..state_checks import counter, finite_array
from .estimates import NEEDS
from .level_generator import BuilderMaker
from .paired import PAIRED
from .presets import REPAIRED_PRESETS

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]

STUDENTS = ("protagonist", "antagonist")

REPAIRED_SCORES = ("l1_value_loss", "positive_value_loss", "one_step_td_error", "max_mc", "pace")
"""Those of `SCORES` that are made of nothing but one signal of a student."""

_MOST_AWAITED = 100_000


def needs_of(score: str) -> frozenset[str]:
    """Return the columns that a score is made of, for both students.

    Example:
        >>> sorted(needs_of("max_mc"))[3:]
        ['protagonist_episodes', 'protagonist_max_return', 'protagonist_mean_value']
    """
    names = {"episodes", "max_return", *SCORES[score].needs}
    return frozenset(f"{who}_{name}" for who in STUDENTS for name in names)


class REPAIRED(PAIRED):
    """Builds levels as PAIRED does, and lets each student replay those from which it has most to learn.

    New levels are handed out with ``train=False``, replays with ``train=True``. The arguments that are not explained
    here are those of `PAIRED`.

    Args:
        task_space: The levels.
        seed: Seed of the teacher's own generator.
        preset: Whose hyperparameters stand where none is given, see `REPAIRED_PRESETS`: ``"default"`` or ``"dcd"``.
        score: What makes a level worth replaying for a student: ``"l1_value_loss"``, ``"positive_value_loss"``,
            ``"one_step_td_error"``, ``"max_mc"`` or ``"pace"``, see `PLR`.
        buffer_size: Most levels kept for a student.
        replay_prob: Probability of a replay, or the fill of the buffers, whichever is less.
        min_fill: Share of both buffers that must be filled before anything is replayed.
        temperature: The lower, the more the best levels are preferred.
        staleness: Share of replays drawn by staleness.

    Attributes:
        buffers: The levels kept for the ``"protagonist"`` and for the ``"antagonist"``, each a `LevelBuffer`.

    Raises:
        ValueError: A hyperparameter out of range, or an unknown name.

    Example:
        >>> from tutelage import Outcomes, TaskSpace
        >>> teacher = REPAIRED(TaskSpace(x=(0.0, 1.0)), seed=0, buffer_size=32, replay_prob=1.0)
        >>> tasks = teacher.sample(32)
        >>> tasks.train.any()
        np.False_
        >>> columns = {name: tasks.values[:, 0] for name in teacher.needs} | {
        ...     f"{who}_episodes": [1] * 32 for who in ("protagonist", "antagonist")}
        >>> teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=[1.0] * 32, lengths=[9] * 32,
        ...                         signals=columns))
        >>> tasks = teacher.sample(32)
        >>> bool(tasks.train.all()), bool((teacher.buffers["protagonist"].find(tasks.values) >= 0).all())
        (True, True)
    """

    needs = NEEDS["paired"] | needs_of("max_mc")
    _presets: ClassVar[Mapping[str, Mapping[str, Any]]] = REPAIRED_PRESETS

    withholds = True

    def __init__(
        self,
        task_space: TaskSpace,
        *,
        seed: int | None = None,
        preset: str = "default",
        score: str | None = None,
        buffer_size: int | None = None,
        replay_prob: float | None = None,
        min_fill: float | None = None,
        temperature: float | None = None,
        staleness: float | None = None,
        builder: BuilderMaker | None = None,
        regret: Literal["paired", "flexible", "relative", "mean-relative", "population"] | None = None,
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
        super().__init__(
            task_space,
            seed=seed,
            preset=preset,
            builder=builder,
            regret=regret,
            clip=clip,
            ceiling=ceiling,
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
            ignore_warmup=ignore_warmup,
        )
        chosen = fill_from_preset(
            self._presets,
            preset,
            score=score,
            buffer_size=buffer_size,
            replay_prob=replay_prob,
            min_fill=min_fill,
            temperature=temperature,
            staleness=staleness,
        )
        self.score = chosen.pop("score")
        if self.score not in REPAIRED_SCORES:
            raise ValueError(unknown_name("score", self.score, REPAIRED_SCORES))
        if self.regret == "minimax":
            raise ValueError("REPAIRED compares two students, regret='minimax' looks at one; choose another regret.")
        self.needs = NEEDS[self.regret] | needs_of(self.score)  # type: ignore[misc]
        capacity = int(min(whole("buffer_size", chosen.pop("buffer_size"), 1), task_space.size))
        rule = SCORES[self.score].rule
        self.buffers = {who: LevelBuffer(capacity, task_space.n_dims, rule=rule, **chosen) for who in STUDENTS}
        # Ids whose outcomes are awaited: what the antagonist plays where both replay; None where they play the same.
        self._awaited: dict[int, FloatArray | None] = {}
        self._n_replayed = 0

    # --- Tasks ---------------------------------------------------------------------------------------------------

    @property
    def replay_probability(self) -> float:
        """The probability with which the next batch is a replay."""
        return min(buffer.replay_probability for buffer in self.buffers.values())

    def _sample(self, n: int) -> tuple[FloatArray, BoolArray]:
        replay = bool(self.rng.random() < self.replay_probability)
        if replay:
            rows, others = (
                np.array(buffer.tasks[buffer.sample(n, self.rng)]) for buffer in (self.buffers[who] for who in STUDENTS)
            )
            played: list[FloatArray | None] = list(others)
            self._n_replayed += n
        else:
            rows, played = self._build(n), [None] * n
            for buffer in self.buffers.values():
                buffer.mark(rows)
        self._awaited.update(zip(range(self._next_id, self._next_id + n), played, strict=True))
        while len(self._awaited) > _MOST_AWAITED:
            del self._awaited[next(iter(self._awaited))]
        return rows, np.full(n, replay)

    def antagonist_tasks(self, tasks: ArrayLike, ids: ArrayLike) -> FloatArray:
        """Return what the antagonist plays while the protagonist plays some tasks.

        Args:
            tasks: What the protagonist plays, shape ``(n, d)``.
            ids: Their ids, shape ``(n,)``.

        Returns:
            The same tasks where they are new, replays of its own where they are replays; shape ``(n, d)``.
        """
        rows = np.array(tasks, dtype=np.float64)
        for i, task_id in enumerate(np.asarray(ids).tolist()):
            other = self._awaited.get(task_id)
            if other is not None:
                rows[i] = other
        return rows

    # --- Outcomes ------------------------------------------------------------------------------------------------

    def _update(self, outcomes: Outcomes) -> None:
        super()._update(outcomes)  # the generator knows which levels it built
        ids = outcomes.ids.tolist()
        known = np.array([task_id in self._awaited for task_id in ids])
        if not known.any():
            return
        tasks = {"protagonist": outcomes.tasks, "antagonist": self.antagonist_tasks(outcomes.tasks, ids)}
        for task_id in ids:
            self._awaited.pop(task_id, None)
        (signal,) = SCORES[self.score].needs
        space = self.task_space
        for who in STUDENTS:
            rows = np.minimum(np.maximum(tasks[who], space.low), space.high)
            chosen = known & (outcomes.signals[f"{who}_episodes"] > 0)
            values, returns = (outcomes.signals[f"{who}_{name}"][chosen] for name in (signal, "max_return"))
            self.buffers[who].update(rows[chosen], values, returns=returns)

    # --- What it shows, and state --------------------------------------------------------------------------------

    def density(self, tasks: ArrayLike) -> FloatArray | None:
        """Return the density of the protagonist's replays, see `PLR.density`; None while nothing is replayed."""
        rows = np.atleast_2d(self.task_space.validate(tasks))
        if self.replay_probability == 0.0:
            return None
        buffer = self.buffers["protagonist"]
        return kernel_density(self.task_space, rows, buffer.tasks, buffer.probabilities())

    def metrics(self) -> dict[str, float]:
        """Return what `PAIRED` does, and how full the buffers are, their scores, and how much was replayed."""
        buffers = {
            f"{who}_{name}": float(value)
            for who, buffer in self.buffers.items()
            for name, value in (
                ("fill", buffer.fill),
                ("mean_score", buffer.scores.mean() if len(buffer) else 0.0),
            )
        }
        return {
            **super().metrics(),
            **buffers,
            "replay_prob": self.replay_probability,
            "replayed": float(self._n_replayed),
        }

    _BUFFER_IDENTITY = ("capacity", "replay_prob", "min_fill", "temperature", "staleness")

    def _identity(self) -> dict[str, Any]:
        buffer = self.buffers["protagonist"]
        own = {"score": self.score, **{name: getattr(buffer, name) for name in self._BUFFER_IDENTITY}}
        return {**super()._identity(), **own}

    def _get_state(self) -> dict[str, Any]:
        replays = {task_id: row for task_id, row in self._awaited.items() if row is not None}
        return {
            **super()._get_state(),
            "buffers": {who: buffer.state_dict() for who, buffer in self.buffers.items()},
            "awaited": np.array(list(self._awaited), dtype=np.int64),
            "replays": np.array(list(replays), dtype=np.int64),
            "antagonist_tasks": np.array(list(replays.values())).reshape(-1, self.task_space.n_dims),
            "n_replayed": self._n_replayed,
        }

    def _set_state(self, state: Mapping[str, Any]) -> None:
        awaited = finite_array(state, "awaited", (None,), np.int64, low=0).tolist()
        replays = finite_array(state, "replays", (None,), np.int64, low=0).tolist()
        rows = finite_array(state, "antagonist_tasks", (len(replays), self.task_space.n_dims))
        n_replayed = counter(state, "n_replayed")
        if not set(replays) <= set(awaited):
            raise ValueError("Its replays are not among the tasks it waits for.")
        for levels in (rows, *(state["buffers"][who]["tasks"] for who in STUDENTS)):
            if len(levels) and not self.task_space.contains_all(levels):
                raise ValueError("It holds levels outside the task space.")
        super()._set_state(state)
        for who in STUDENTS:
            self.buffers[who].load_state_dict(state["buffers"][who])
        self._awaited = {**dict.fromkeys(awaited), **dict(zip(replays, rows, strict=True))}
        self._n_replayed = n_replayed
