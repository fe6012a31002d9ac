"""The teacher: who watches how a student does on its tasks and chooses the next ones.

A subclass writes two methods, `Teacher._sample` and `Teacher._update`. This class owns what every teacher must get
right: one random generator, the ids of the tasks, validation, and the state.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..outcomes import Outcomes
from ..spaces import TaskSpace
from ..tasks import Tasks

FloatArray = NDArray[np.float64]

_ANSWER_WINDOW = 1 << 20
"""For this many of the newest tasks the teacher remembers which have come back."""


class Teacher(ABC):
    """Chooses the tasks of a student.

    The order of `sample` and `update` is free: outcomes may come late, in any order, in any number, or never. An
    outcome whose id has come back before is dropped; one with id −1, or with an id this teacher never handed out, is
    learned from like any other (this is how the history of another run is replayed).

    A subclass implements ``_sample(n)``, which returns tasks of shape ``(n, d)`` (or a pair of these and a boolean
    array, see `Tasks.train`), and ``_update(outcomes)``, and calls ``super().__init__``. It draws all its random
    numbers from ``self.rng``. Attributes that are plain data (arrays, numbers, strings, lists and dicts of these) are
    saved with its state by default; override ``_get_state`` and ``_set_state`` where that is not enough.

    Args:
        task_space: The tasks to choose from.
        seed: Seed of the teacher's generator; None draws one from the operating system. 0 is a seed.
        ignore_warmup: Learn nothing from episodes in which the student still acted at random
            (``Outcomes.warmup``).

    Attributes:
        needs: Names of the outcome columns without which this teacher cannot learn, beyond the returns.
        kinds: The kinds of dimensions it can handle.
        hold: How long a student keeps a task: for one ``"episode"``, or for a whole ``"rollout"``, in which the task is
            played again whenever its episode ends (see `repeat`).
        withholds: Whether it hands out tasks that the student must not learn from (``train=False``), which off-policy
            students cannot do.
        task_space: The tasks.
        rng: The teacher's own generator.

    Raises:
        TypeError: ``task_space`` is not a `TaskSpace`.
        ValueError: The space has a dimension of a kind this teacher cannot handle.

    Example:
        >>> class Recent(Teacher):
        ...     '''Repeats the task with the lowest return so far half of the time.'''
        ...
        ...     def __init__(self, task_space, *, seed=None):
        ...         super().__init__(task_space, seed=seed)
        ...         self.worst = task_space.sample(1, self.rng)[0]
        ...         self.worst_return = np.inf
        ...
        ...     def _sample(self, n):
        ...         repeat = self.rng.random((n, 1)) < 0.5
        ...         return np.where(repeat, self.worst, self.task_space.sample(n, self.rng))
        ...
        ...     def _update(self, outcomes):
        ...         i = outcomes.returns.argmin()
        ...         if outcomes.returns[i] < self.worst_return:
        ...             self.worst, self.worst_return = outcomes.tasks[i], outcomes.returns[i]
        >>> teacher = Recent(TaskSpace(x=(0.0, 1.0)), seed=0)
        >>> tasks = teacher.sample(2)
        >>> teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=[3.0, -1.0], lengths=[10, 10]))
        >>> bool(teacher.worst == tasks.values[1])
        True
    """

    needs: ClassVar[frozenset[str]] = frozenset()
    kinds: ClassVar[frozenset[str]] = frozenset({"continuous", "integer", "categorical"})
    hold: Literal["episode", "rollout"] = "episode"
    withholds: bool = False

    _OWN = frozenset(
        {
            *("task_space", "rng", "ignore_warmup", "hold", "withholds"),
            *("_next_id", "_answered", "_first_open", "_n_outcomes", "_n_repeated", "_first_names"),
        }
    )

    def __init__(self, task_space: TaskSpace, *, seed: int | None = None, ignore_warmup: bool = True) -> None:
        if not isinstance(task_space, TaskSpace):
            raise TypeError(
                f"{type(self).__name__} expects a tutelage.TaskSpace, got {type(task_space).__name__}. "
                "TaskSpace.from_gym() converts a Gymnasium space."
            )
        bad = [f"{dim.name} ({dim.kind})" for dim in task_space if dim.kind not in self.kinds]
        if bad:
            raise ValueError(
                f"{type(self).__name__} handles {' and '.join(sorted(self.kinds))} dimensions only, "
                f"not {', '.join(bad)}."
            )
        self.task_space = task_space
        self.rng = np.random.default_rng(seed)
        self.ignore_warmup = bool(ignore_warmup)
        self._first_names: frozenset[str] | None = None  # of the attributes that the constructor made
        self._next_id = 0
        self._first_open = 0  # id of the first entry of _answered
        self._answered = np.zeros(64, dtype=np.bool_)
        self._n_outcomes = 0
        self._n_repeated = 0

    # --- What a subclass writes --------------------------------------------------------------------------------

    @abstractmethod
    def _sample(self, n: int) -> FloatArray | tuple[FloatArray, NDArray[np.bool_]]:
        """Return ``n`` ≥ 1 tasks of shape ``(n, d)``, and optionally a boolean ``train`` of shape ``(n,)``."""

    @abstractmethod
    def _update(self, outcomes: Outcomes) -> None:
        """Learn from at least one valid outcome; none is a repetition."""

    def _repeat(self, tasks: Tasks) -> None:  # noqa: B027 - nothing to do is the usual case
        """Note that tasks are handed out again, under the new ids given; most teachers need not know."""

    def _get_state(self) -> dict[str, Any]:
        """Return the state of the algorithm as plain data."""
        return {name: _copy(value, name, self) for name, value in vars(self).items() if name not in self._OWN}

    def _set_state(self, state: Mapping[str, Any]) -> None:
        """Take over what `_get_state` returned."""
        expected = {name for name in vars(self) if name not in self._OWN}
        if expected != set(state):
            raise ValueError(
                f"The state holds {sorted(state)}, expected {sorted(expected)}; was it saved by another version?"
            )
        for name, value in state.items():
            copied = _copy(value, name, self)
            # JSON knows lists only.
            setattr(self, name, tuple(copied) if isinstance(getattr(self, name), tuple) else copied)

    def density(self, tasks: ArrayLike) -> FloatArray | None:
        """Return where the teacher currently aims, without its exploration share.

        Args:
            tasks: Shape ``(n, d)``.

        Returns:
            The density at each task in the unit cube, shape ``(n,)`` (1 is uniform), or None where the teacher has
            none (yet).
        """
        return None

    def metrics(self) -> dict[str, float]:
        """Return numbers for a logger, under short keys."""
        return {"outcomes": float(self._n_outcomes), "handed_out": float(self._next_id)}

    # --- What everyone calls -----------------------------------------------------------------------------------

    def sample(self, n: int = 1) -> Tasks:
        """Return the tasks to play next.

        Args:
            n: How many, at least 0.

        Returns:
            A batch of ``n`` tasks with new ids.

        Raises:
            ValueError: A negative ``n``.
            TypeError: An ``n`` that is no integer.
        """
        if self._first_names is None:
            self._first_names = frozenset(vars(self))
        if isinstance(n, bool) or not isinstance(n, (int, np.integer)):
            raise TypeError(f"Expected a number of tasks, got {n!r}.")
        if n < 0:
            raise ValueError(f"Expected a number of tasks of at least 0, got {n}.")
        n = int(n)
        train = None
        if n == 0:
            values = np.empty((0, self.task_space.n_dims))
        else:
            drawn = self._sample(n)
            values, train = drawn if isinstance(drawn, tuple) else (drawn, None)
            values = np.array(values, dtype=np.float64)
            if values.shape != (n, self.task_space.n_dims) or not self.task_space.contains_all(values):
                raise ValueError(
                    f"{type(self).__name__}._sample({n}) returned tasks of shape {values.shape} or outside "
                    f"{self.task_space}; expected shape ({n}, {self.task_space.n_dims})."
                )
        flags = np.ones(n, dtype=np.bool_) if train is None else np.array(train, dtype=np.bool_)
        if flags.shape != (n,):
            raise ValueError(f"{type(self).__name__}._sample({n}) returned train of shape {flags.shape}, not ({n},).")
        ids = np.arange(self._next_id, self._next_id + n, dtype=np.int64)
        self._next_id += n
        return Tasks(values, ids, flags)

    def repeat(self, tasks: Tasks) -> Tasks:
        """Hand tasks out again, to be played once more: the teacher decides nothing.

        Args:
            tasks: Tasks that `sample` or this method returned.

        Returns:
            The same tasks, with the same ``train``, under new ids.

        Raises:
            TypeError: Not a `Tasks`.
            ValueError: Tasks of another shape or outside the space.

        Example:
            >>> import tutelage
            >>> teacher = tutelage.make_teacher("random", TaskSpace(x=(0.0, 1.0)), seed=0)
            >>> tasks = teacher.sample(2)
            >>> again = teacher.repeat(tasks)
            >>> again.ids.tolist(), bool((again.values == tasks.values).all())
            ([2, 3], True)
        """
        if not isinstance(tasks, Tasks):
            raise TypeError(f"Expected tutelage.Tasks, got {type(tasks).__name__}.")
        if not self.task_space.contains_all(tasks.values):
            self.task_space.validate(tasks.values)  # raises, naming the dimension
        n = len(tasks)
        ids = np.arange(self._next_id, self._next_id + n, dtype=np.int64)
        repeated = Tasks(tasks.values.copy(), ids, tasks.train.copy())
        self._next_id += n
        if n:
            self._repeat(repeated)
        return repeated

    def update(self, outcomes: Outcomes) -> None:
        """Learn from finished episodes: any number, in any order.

        Args:
            outcomes: The episodes.

        Raises:
            TypeError: Not an `Outcomes`.
            ValueError: Tasks of another shape or outside the space, a return that is NaN or infinite, a success
                outside [0, 1], a negative length, an id below −1, or a column the teacher `needs` that is missing or
                NaN. Nothing has changed then.
        """
        if self._first_names is None:
            self._first_names = frozenset(vars(self))
        self._validate(outcomes)
        n = len(outcomes)
        if n == 0:
            return
        if n == 1:  # the usual case, once an episode
            if not self._is_new(outcomes.ids.item()):
                self._n_repeated += 1
            elif not (self.ignore_warmup and outcomes.warmup.item()):
                self._n_outcomes += 1
                self._teach_algorithm(outcomes, outcomes.ids)
            return
        fresh = self._unanswered(outcomes.ids)
        self._n_repeated += n - int(np.count_nonzero(fresh))
        rows = fresh & ~outcomes.warmup if self.ignore_warmup else fresh
        count = int(np.count_nonzero(rows))
        if count:
            self._n_outcomes += count
            self._teach_algorithm(outcomes if count == n else outcomes[rows], outcomes.ids[rows])

    def _teach_algorithm(self, outcomes: Outcomes, ids: NDArray[np.int64]) -> None:
        """Hand outcomes to the algorithm; where it raises, they have not come, and may be sent again."""
        try:
            self._update(outcomes)
        except BaseException:
            self._n_outcomes -= len(outcomes)
            places = ids[(ids >= self._first_open) & (ids < self._next_id)] - self._first_open
            self._answered[places] = False
            raise

    def state_dict(self) -> dict[str, Any]:
        """Return everything needed to continue identically, as plain data (`tutelage.state.save_state` writes it)."""
        answered = np.zeros(self._next_id - self._first_open, dtype=np.bool_)
        remembered = self._answered[: len(answered)]  # grows with the outcomes, not with the tasks handed out
        answered[: len(remembered)] = remembered
        algorithm = self._get_state()
        later = sorted(set(algorithm) & set(vars(self)) - (self._first_names or set(vars(self))))
        return {
            "teacher": type(self).__name__,
            "task_space": self.task_space.to_json(),
            "rng": self.rng.bit_generator.state,
            "ignore_warmup": self.ignore_warmup,
            "next_id": self._next_id,
            "first_open": self._first_open,
            "answered": answered,
            "n_outcomes": self._n_outcomes,
            "n_repeated": self._n_repeated,
            "algorithm": algorithm,
            **({"later": later} if later else {}),  # attributes that a new object does not have
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue where `state_dict` was called.

        Raises:
            ValueError: The state of another teacher or task space, or one that lacks entries; nothing has changed.
        """
        try:
            if state["teacher"] != type(self).__name__:
                raise ValueError(f"This is the state of a {state['teacher']}, not of a {type(self).__name__}.")
            space = TaskSpace.from_json(state["task_space"])
            if space.to_json() != self.task_space.to_json():
                raise ValueError(f"This state belongs to {space}, the teacher's space is {self.task_space}.")
            rng = np.random.default_rng(0)
            if state["rng"]["bit_generator"] != rng.bit_generator.state["bit_generator"]:
                raise ValueError(f"The state's generator is a {state['rng']['bit_generator']}, expected PCG64.")
            rng.bit_generator.state = state["rng"]
            next_id, first_open = int(state["next_id"]), int(state["first_open"])
            answered = np.asarray(state["answered"], dtype=np.bool_)
            n_outcomes, n_repeated = int(state["n_outcomes"]), int(state["n_repeated"])
            ignore_warmup = bool(state["ignore_warmup"])
            if not 0 <= first_open <= next_id or answered.shape != (next_id - first_open,):
                raise ValueError(f"The state's ids do not fit: {next_id=}, {first_open=}, {answered.shape=}.")
            algorithm = state["algorithm"]
            later = [str(name) for name in state.get("later", ())]
            if not all(name.isidentifier() and not hasattr(type(self), name) for name in later):
                raise ValueError(f"The state's later attributes are no names: {later}.")
            before = self._get_state()
        except (KeyError, TypeError, AttributeError, IndexError, OverflowError) as error:
            raise ValueError(f"This is not the state of a teacher: {error!r}.") from error
        new = [name for name in later if name not in vars(self)]
        try:
            vars(self).update(dict.fromkeys(new))
            self._set_state(algorithm)
        except Exception as error:  # whatever a stranger's data made it stumble over
            for name in new:
                vars(self).pop(name, None)
            self._set_state(before)
            raise ValueError(f"{type(self).__name__} cannot take over this state: {error}") from error
        self.rng = rng
        self._first_names = frozenset(vars(self)) - set(later)
        self._next_id, self._first_open = next_id, first_open
        self._answered = np.zeros(max(64, 2 * len(answered)), dtype=np.bool_)
        self._answered[: len(answered)] = answered
        self._n_outcomes, self._n_repeated, self.ignore_warmup = n_outcomes, n_repeated, ignore_warmup

    # --- Validation and ids ------------------------------------------------------------------------------------

    def _validate(self, outcomes: Outcomes) -> None:
        if not isinstance(outcomes, Outcomes):
            raise TypeError(f"Expected tutelage.Outcomes, got {type(outcomes).__name__}.")
        n = len(outcomes)
        if n == 0:
            return
        if n == 1 and self._is_sound(outcomes):  # the usual case, once an episode
            return
        space = self.task_space
        if not space.contains_all(outcomes.tasks):
            space.validate(outcomes.tasks)  # raises, naming the dimension
        if not np.isfinite(outcomes.returns).all():
            i = int(np.argmin(np.isfinite(outcomes.returns)))
            raise ValueError(
                f"The return of task {outcomes.tasks[i].tolist()} (id {outcomes.ids[i]}) is {outcomes.returns[i]}; "
                "expected a finite number. Does the environment return NaN or infinite rewards?"
            )
        if outcomes.ids.min() < -1:
            raise ValueError(f"Expected ids of at least −1 (unknown task), got {outcomes.ids.min()}.")
        if outcomes.lengths.min() < 0:
            raise ValueError(f"Expected lengths of at least 0 steps, got {outcomes.lengths.min()}.")
        if (np.abs(outcomes.success - 0.5) > 0.5).any():
            raise ValueError(f"Expected success between 0 and 1 or NaN, got {outcomes.success.tolist()}.")
        for name in self.needs:
            column = outcomes.column(name)
            if column is None or not np.isfinite(column).all():
                what = "is missing" if column is None else "is NaN or infinite for some episode"
                raise ValueError(f"{type(self).__name__} needs the column {name!r}, which {what}.")

    def _is_sound(self, outcome: Outcomes) -> bool:
        """Check one episode without NumPy, which would take twice as long; what is wrong with it, `_validate` says."""
        return (
            self.task_space.contains_all(outcome.tasks)
            and math.isfinite(outcome.returns.item())
            and outcome.ids.item() >= -1
            and outcome.lengths.item() >= 0
            and not abs(outcome.success.item() - 0.5) > 0.5
            and not self.needs
        )

    def _unanswered(self, ids: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which outcomes come for the first time, and remember them."""
        known = (ids >= 0) & (ids < self._next_id)
        if not known.any():
            return np.ones(len(ids), dtype=np.bool_)
        self._make_room()
        places = ids[known] - self._first_open
        fresh = np.zeros(len(places), dtype=np.bool_)
        inside = np.flatnonzero(places >= 0)  # what is older than the window counts as answered
        _, first = np.unique(places[inside], return_index=True)
        first = inside[first]
        fresh[first] = ~self._answered[places[first]]
        self._answered[places[first]] = True
        result = np.ones(len(ids), dtype=np.bool_)
        result[known] = fresh
        return result

    def _is_new(self, task_id: int) -> bool:
        if not 0 <= task_id < self._next_id:
            return True
        self._make_room()
        place = task_id - self._first_open
        new = place >= 0 and not self._answered[place]
        if new:
            self._answered[place] = True
        return bool(new)

    def _make_room(self) -> None:
        needed = self._next_id - self._first_open
        if needed > 2 * _ANSWER_WINDOW:
            drop = needed - _ANSWER_WINDOW
            self._answered = self._answered[drop:].copy() if drop < len(self._answered) else np.zeros(0, np.bool_)
            self._first_open += drop
            needed -= drop
        if needed > len(self._answered):
            grown = np.zeros(2 * needed, dtype=np.bool_)
            grown[: len(self._answered)] = self._answered
            self._answered = grown


def needs_rollouts(teacher: Teacher | type[Teacher]) -> bool:
    """Tell whether a teacher wants one outcome for each task and rollout, not one for each episode.

    It says so by needing a column that begins with ``protagonist_`` or ``antagonist_``.

    Example:
        >>> class Proud(Teacher):
        ...     needs = frozenset({"protagonist_max_return"})
        >>> needs_rollouts(Proud), needs_antagonist(Proud)
        (True, False)
    """
    return any(name.startswith(("protagonist_", "antagonist_")) for name in teacher.needs)


def needs_antagonist(teacher: Teacher | type[Teacher]) -> bool:
    """Tell whether a teacher needs a second student, the antagonist, that plays the same tasks.

    It says so by needing a column that begins with ``antagonist_``.

    Example:
        >>> class Comparing(Teacher):
        ...     needs = frozenset({"protagonist_mean_return", "antagonist_max_return"})
        >>> needs_antagonist(Comparing)
        True
    """
    return any(name.startswith("antagonist_") for name in teacher.needs)


def _copy(value: Any, name: str, owner: Teacher) -> Any:
    """Copy plain data, or say what to do about anything else."""
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        return value.copy()
    if value is None or isinstance(value, (bool, int, float, str, np.generic)):
        return value
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {key: _copy(item, name, owner) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_copy(item, name, owner) for item in value)
    raise TypeError(
        f"{type(owner).__name__}.{name} is a {type(value).__name__}, which is not plain data: "
        "implement _get_state and _set_state."
    )
