"""PLR, prioritised level replay: new levels at random, and again the levels from which there is most to learn.

Jiang, Grefenstette, Rocktäschel (2021), "Prioritized level replay", ICML, section 3; as a teacher of
endless new levels, Jiang, Dennis, Parker-Holder, Foerster, Grefenstette, Rocktäschel (2021), "Replay-guided adversarial
environment design", NeurIPS. Levels that were played get a score, an estimate of what can still be learned on them, and
the best are kept in a buffer. A task is either a new level or one of the buffer, drawn by score and by staleness.

What differs from the authors' code (facebookresearch/level-replay and facebookresearch/dcd):

- One decision, new or replay, is made for each task where students play for an episode (``hold="episode"``), and for
  the whole batch, as theirs, where they keep their levels for a rollout (``hold="rollout"``).
- A level's score is the mean over all its episodes since it was last handed out, where theirs merges them by steps.
  What the end of a rollout cuts off is not scored.
- Levels are told apart by their rows, so that outcomes may come late, in any order, or never, and those of another
  run fill the buffer like any other.
- Levels of the same score take turns; see `LevelBuffer`.
- The buffer is never larger than the number of levels there are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import unknown_name
from ...outcomes import Outcomes
from ...spaces import TaskSpace
from ...tasks import Tasks
from ..hyperparameters import whole
from ..presets import fill_from_preset
from ..success import demand_success
from ..teacher import Teacher
from .checks import checked_levels
from .co_learnability import CoLearnability
from .kernel_density import kernel_density
from .level_buffer import LevelBuffer
from .presets import PLR_PRESETS
from .scores import SCORES, episode_values, uses_success

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Generator = Callable[[int, np.random.Generator], ArrayLike]
"""Makes n new levels."""

HOLDS = ("episode", "rollout")
DECISIONS = ("task", "batch")

_MOST_UNTRAINED = 100_000


class PLR(Teacher):
    """Replays the levels from which there is most to learn, and tries new ones.

    Args:
        task_space: The levels.
        seed: Seed of the teacher's own generator.
        preset: Whose hyperparameters stand where none is given, see `PLR_PRESETS`: ``"default"``, ``"procgen"``,
            ``"dcd-25"``, ``"dcd-60"``, ``"minimax"``, ``"jaxued"``, ``"sfl"``, ``"walker"``, ``"car-racing"`` or
            ``"degen"``.
        score: What makes a level worth replaying: ``"l1_value_loss"``, ``"positive_value_loss"``,
            ``"one_step_td_error"``, ``"max_mc"``, ``"learnability"``, ``"mna"``, ``"traced"`` or ``"pace"``.
            The teacher `needs` the signals it is made of.
        buffer_size: Most levels kept.
        replay_prob: Probability of a replay, of which ``schedule`` tells when.
        min_fill: Share of the buffer that must be filled before anything is replayed.
        schedule: ``"proportionate"``, replay with the probability ``replay_prob`` or the fill of the buffer, whichever
            is less; or ``"fixed"``.
        prioritization: ``"rank"``, ``"proportional"``, ``"top-k"`` or ``"softmax"``, see `LevelBuffer`.
        temperature: The lower, the more the best levels are preferred (β).
        top_k: How many levels ``"top-k"`` draws from.
        staleness: Share of replays drawn by staleness (ρ).
        replace: Which level a new one replaces in a full buffer: ``"support"``, the least likely to be replayed, or
            ``"score"``, the one of the lowest score.
        strict: A new level must score higher than the one it replaces, else at least as high.
        transition_weight: What the transition error counts in the score ``"traced"`` (α).
        co_learnability_weight: What the bonus counts there (β).
        success_above: A return above which an episode is a success, where the environment does not tell and the score
            is ``"learnability"`` or ``"mna"``; None refuses such episodes.
        generator: Makes new levels: called with a number n and a random generator, returns levels of shape
            ``(n, d)``; ``task_space.sample`` by default.
        hold: How long students keep a level, see `Teacher.hold`.
        decision: New or replay, decided for each ``"task"`` or for the ``"batch"`` of a call of `sample`; by default
            for the task where ``hold`` is the episode, else for the batch.
        ignore_warmup: See `Teacher`.

    Attributes:
        buffer: The levels kept, a `LevelBuffer`; its ``tasks`` and ``scores`` are there to be read.

    Raises:
        ValueError: A hyperparameter out of range, or an unknown name.

    Example:
        >>> from tutelage import Outcomes, TaskSpace
        >>> teacher = PLR(TaskSpace(x=(0.0, 1.0)), seed=0, score="positive_value_loss", buffer_size=50)
        >>> for _ in range(150):
        ...     tasks = teacher.sample(5)
        ...     loss = 1.0 - abs(tasks.values[:, 0] - 0.7)  # there is most to learn at 0.7
        ...     teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=[0.0] * 5, lengths=[9] * 5,
        ...                             signals={"positive_value_loss": loss}))
        >>> len(teacher.buffer), bool(abs(teacher.buffer.tasks - 0.7).max() < 0.2)
        (50, True)
        >>> bool(teacher.density([[0.7]]) > teacher.density([[0.2]]))
        True
    """

    _trains_on_new: bool = True
    _presets: ClassVar[Mapping[str, Mapping[str, Any]]] = PLR_PRESETS

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
        schedule: Literal["proportionate", "fixed"] | None = None,
        prioritization: Literal["rank", "proportional", "top-k", "softmax"] | None = None,
        temperature: float | None = None,
        top_k: int | None = None,
        staleness: float | None = None,
        replace: Literal["support", "score"] | None = None,
        strict: bool | None = None,
        transition_weight: float | None = None,
        co_learnability_weight: float | None = None,
        success_above: float | None = 0.0,
        generator: Generator | None = None,
        hold: Literal["episode", "rollout"] = "episode",
        decision: Literal["task", "batch"] | None = None,
        ignore_warmup: bool = True,
    ) -> None:
        super().__init__(task_space, seed=seed, ignore_warmup=ignore_warmup)
        chosen = fill_from_preset(
            self._presets,
            preset,
            score=score,
            buffer_size=buffer_size,
            replay_prob=replay_prob,
            min_fill=min_fill,
            schedule=schedule,
            prioritization=prioritization,
            temperature=temperature,
            top_k=top_k,
            staleness=staleness,
            replace=replace,
            strict=strict,
            transition_weight=transition_weight,
            co_learnability_weight=co_learnability_weight,
        )
        self.score = str(chosen.pop("score"))
        self.transition_weight = float(chosen.pop("transition_weight"))
        self.co_learnability_weight = float(chosen.pop("co_learnability_weight"))
        self.success_above = None if success_above is None else float(success_above)
        self.hold = hold
        self.withholds = not self._trains_on_new
        self.decision = ("task" if hold == "episode" else "batch") if decision is None else decision
        self.generator = generator
        self._check_hyperparameters()
        self.needs = SCORES[self.score].needs  # type: ignore[misc]  # this teacher's, not the class's

        size = whole("buffer_size", chosen.pop("buffer_size"))
        if size < 1:
            raise ValueError(f"buffer_size must be at least 1, got {size}.")
        capacity = int(min(size, task_space.size))
        self.buffer = LevelBuffer(capacity, task_space.n_dims, rule=SCORES[self.score].rule, **chosen)
        self._bonus = CoLearnability(self.co_learnability_weight)
        self._n_replayed = self._n_again = 0
        # Ids handed out with train=False whose outcomes are awaited; only the score "traced" needs to know.
        self._untrained: dict[int, None] = {}

    def _check_hyperparameters(self) -> None:
        named = {"score": SCORES, "hold": HOLDS, "decision": DECISIONS}
        for name, known in named.items():
            if getattr(self, name) not in known:
                raise ValueError(unknown_name(name, getattr(self, name), known))
        for name in ("transition_weight", "co_learnability_weight"):
            if not (np.isfinite(getattr(self, name)) and getattr(self, name) >= 0.0):
                raise ValueError(f"{name} must be finite and at least 0, got {getattr(self, name)}.")
        if self.success_above is not None and not np.isfinite(self.success_above):
            raise ValueError(f"success_above must be finite or None, got {self.success_above}.")
        if self.generator is not None and not callable(self.generator):
            raise TypeError(f"generator must be callable with (n, rng), got {self.generator!r}.")

    # --- Tasks (Jiang et al. 2021a, section 3: a new level or a replay) ------------------------------------------

    def _sample(self, n: int) -> tuple[FloatArray, BoolArray]:
        if self.hold == "rollout":  # it has been: what has not come back by now never will
            self.buffer.forget_awaited()
        return self._draw(n, self._next_id)

    def _draw(self, n: int, first_id: int) -> tuple[FloatArray, BoolArray]:
        """Replays and new levels, whose ids will begin with one given."""
        replays = self._decide(n)
        rows, train = np.empty((n, self.task_space.n_dims)), np.ones(n, dtype=np.bool_)
        count = int(np.count_nonzero(replays))
        if count:
            rows[replays] = self._replay(count)
        if count < n:
            rows[~replays] = self._new(n - count)
            train[~replays] = self._trains_on_new
        self._note_untrained(first_id + np.flatnonzero(~train))
        return rows, train

    def _decide(self, n: int) -> BoolArray:
        """Whether each of the next tasks is a replay."""
        p = self.buffer.replay_probability
        return np.full(n, self.rng.random() < p) if self.decision == "batch" else self.rng.random(n) < p

    def _replay(self, n: int) -> FloatArray:
        self._n_replayed += n
        return self.buffer.tasks[self.buffer.sample(n, self.rng)]

    def _new(self, n: int) -> FloatArray:
        if self.generator is None:
            rows = self.task_space.sample(n, self.rng)
        else:
            rows = checked_levels(self.generator(n, self.rng), n, self.task_space, "generator")
        self.buffer.mark(rows)
        return rows

    def _repeat(self, tasks: Tasks) -> None:
        self._n_again += len(tasks)
        self._note_untrained(tasks.ids[~tasks.train])

    def _note_untrained(self, ids: NDArray[np.int64]) -> None:
        if self.score == "traced":
            self._untrained.update(dict.fromkeys(ids.tolist()))
            while len(self._untrained) > _MOST_UNTRAINED:
                del self._untrained[next(iter(self._untrained))]

    # --- Outcomes ------------------------------------------------------------------------------------------------

    def _validate(self, outcomes: Outcomes) -> None:
        super()._validate(outcomes)
        if len(outcomes) and uses_success(self.score):
            demand_success(outcomes, self.success_above, owner=self, ignore_warmup=self.ignore_warmup)

    def _update(self, outcomes: Outcomes) -> None:
        self._learn(outcomes)

    def _learn(self, outcomes: Outcomes) -> tuple[NDArray[np.int64], BoolArray]:
        """Score the levels; returns the slot of each (−1 for none), and whether a replay of it was awaited."""
        space = self.task_space
        rows = np.minimum(np.maximum(outcomes.tasks, space.low), space.high)
        rows = np.ascontiguousarray(rows + 0.0)  # a negative zero is a zero
        values, solved = episode_values(
            self.score, outcomes, transition_weight=self.transition_weight, success_above=self.success_above
        )
        foreign = (outcomes.ids < 0) | (outcomes.ids >= self._next_id)
        returns = np.ascontiguousarray(outcomes.returns)
        if self.score != "traced":
            return self.buffer.update_unchecked(rows, values, returns, solved, foreign)
        before = self._bonus.before(self.buffer, rows)
        slots, replayed = self.buffer.update_unchecked(rows, values, returns, solved, foreign)
        trained = False
        for task_id in outcomes.ids.tolist():
            trained |= task_id not in self._untrained
            self._untrained.pop(task_id, None)
        self._bonus.after(self.buffer, before, slots, trained=trained)
        return slots, replayed

    # --- What it shows -------------------------------------------------------------------------------------------

    def density(self, tasks: ArrayLike) -> FloatArray | None:
        """Return the density of replays: a Gaussian of width 0.05 around each level, weighted by its probability.

        None while nothing is replayed, and where more than six dimensions can vary.
        """
        rows = np.atleast_2d(self.task_space.validate(tasks))
        if self.buffer.replay_probability == 0.0:
            return None
        return kernel_density(self.task_space, rows, self.buffer.tasks, self.buffer.probabilities())

    def metrics(self) -> dict[str, float]:
        """Return how full the buffer is, its scores and ages, and how much is replayed."""
        buffer = self.buffer
        n = len(buffer)
        p = buffer.probabilities()
        metrics = {
            **super().metrics(),
            "levels": float(n),
            "fill": buffer.fill,
            "mean_score": float(buffer.scores.mean()) if n else 0.0,
            "max_score": float(buffer.scores.max()) if n else 0.0,
            "mean_staleness": float(buffer.ages.mean()) if n else 0.0,
            "effective_levels": float(1.0 / (p @ p)) if n else 0.0,
            "replay_prob": buffer.replay_probability,
            "replay_share": self._n_replayed / max(1, self._next_id - self._n_again),
        }
        return {**metrics, "co_learnability": self._bonus.latest} if self.score == "traced" else metrics

    # --- State ---------------------------------------------------------------------------------------------------

    _IDENTITY = ("score", "transition_weight", "co_learnability_weight", "success_above", "hold", "decision")
    _BUFFER_IDENTITY = (
        *("capacity", "prioritization", "temperature", "top_k", "staleness"),
        *("schedule", "replay_prob", "min_fill", "replace", "strict"),
    )

    def _identity(self) -> dict[str, Any]:
        """The hyperparameters, with which a state is compared before it is loaded."""
        own = {name: getattr(self, name) for name in self._IDENTITY}
        return {**own, **{name: getattr(self.buffer, name) for name in self._BUFFER_IDENTITY}}

    def _get_state(self) -> dict[str, Any]:
        return {
            "hyperparameters": self._identity(),
            "buffer": self.buffer.state_dict(),
            "bonus": self._bonus.state_dict(),
            "n_replayed": self._n_replayed,
            "n_again": self._n_again,
            "untrained": np.array(list(self._untrained), dtype=np.int64),
        }

    def _set_state(self, state: Mapping[str, Any]) -> None:
        for name, mine in self._identity().items():
            if (theirs := state["hyperparameters"][name]) != mine:
                raise ValueError(f"It was saved with {name}={theirs!r}, this teacher has {name}={mine!r}.")
        n_replayed, n_again = int(state["n_replayed"]), int(state["n_again"])
        untrained = dict.fromkeys(np.array(state["untrained"], dtype=np.int64).reshape(-1).tolist())
        if len(state["buffer"]["tasks"]) and not self.task_space.contains_all(state["buffer"]["tasks"]):
            raise ValueError("Its buffer holds levels outside the task space.")
        self._bonus.load_state_dict(state["bonus"])
        self.buffer.load_state_dict(state["buffer"])
        self._n_replayed, self._n_again, self._untrained = n_replayed, n_again, untrained
