"""What the three curriculum wrappers check alike: readable tasks, finite numbers, matching spaces."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..spaces import TaskSpace
from ..teachers.teacher import Teacher

_MOST_NAMES = 8
_FEW = 256


def describe_task(task: Any, space: TaskSpace | None = None) -> str:
    """Return a task for an error message: by name where it is short, else its first values.

    Args:
        task: A row of shape ``(d,)``, a dict, or None.
        space: The task space, if known.

    Example:
        >>> describe_task([1.5, 4], TaskSpace(height=(0.0, 3.0), rooms=range(2, 7)))
        '{height: 1.5, rooms: 4}'
    """
    if task is None:
        return "of its own choice"
    if isinstance(task, dict):
        return "{" + ", ".join(f"{name}: {value}" for name, value in task.items()) + "}"
    row = np.asarray(task).ravel()
    if space is not None and len(row) == space.n_dims <= _MOST_NAMES:
        parts = []
        for value, dim in zip(row.tolist(), space, strict=True):
            if dim.kind == "categorical" and value in range(len(dim.categories)):
                parts.append(f"{dim.name}: {dim.categories[int(value)]}")
            else:
                parts.append(f"{dim.name}: {value:g}")
        return "{" + ", ".join(parts) + "}"
    shown = ", ".join(f"{value:g}" for value in row[:_MOST_NAMES].tolist())
    return f"[{shown}{', …' if len(row) > _MOST_NAMES else ''}]"


def all_finite(values: Any) -> bool:
    """Tell whether an observation (an array, or a dict or tuple of these) or a reward is finite."""
    if isinstance(values, np.ndarray):
        if values.dtype.kind != "f":
            return True
        # For a few numbers, Python's own sum is the quickest way to see that no NaN and no infinity is among them.
        if values.size <= _FEW and math.isfinite(sum(values.ravel().tolist())):
            return True
        return bool(np.isfinite(values).all())
    if isinstance(values, dict):
        return all(all_finite(value) for value in values.values())
    if isinstance(values, tuple):
        return all(all_finite(value) for value in values)
    if isinstance(values, (float, np.floating)):
        return bool(np.isfinite(values))
    return True


def first_bad_env(values: Any, num_envs: int) -> int:
    """Return the first environment whose part of a batch is NaN or infinite.

    Args:
        values: A batch with the environments along the first axis, or a dict or tuple of these.
        num_envs: The number of environments.
    """
    return next(i for i in range(num_envs) if not all_finite(take(values, i)))


def take(batch: Any, index: int | NDArray[np.int64]) -> Any:
    """Return the part of one environment, or of several, of a batch of observations as copies."""
    if isinstance(batch, dict):
        return {key: take(value, index) for key, value in batch.items()}
    if isinstance(batch, tuple):
        return tuple(take(value, index) for value in batch)
    return np.array(batch[index])


def put(batch: Any, index: int | NDArray[np.int64], observation: Any) -> None:
    """Write observations of one environment, or of several, into a batch, per key of a dict and item of a tuple."""
    if isinstance(batch, dict):
        for key, part in batch.items():
            put(part, index, observation[key])
    elif isinstance(batch, tuple):
        for part, value in zip(batch, observation, strict=True):
            put(part, index, value)
    else:
        batch[index] = observation


def check_teacher(teacher: Any) -> None:
    """Raise a ``TypeError`` for anything that is no `Teacher`."""
    if not isinstance(teacher, Teacher):
        hint = (
            f" tutelage.make_teacher({teacher!r}, env.get_wrapper_attr('task_space')) builds one."
            if isinstance(teacher, str)
            else ""
        )
        raise TypeError(f"Expected a tutelage.Teacher, got {type(teacher).__name__}.{hint}")


def check_task_spaces(found: Sequence[Any], teacher: Teacher) -> None:
    """Raise where the task space of an environment is not the teacher's.

    Args:
        found: The ``task_space`` of each environment, in order.
        teacher: The teacher.

    Raises:
        TypeError: A ``task_space`` that is no `TaskSpace`.
        ValueError: A task space that differs from the teacher's.
    """
    for index, space in enumerate(found):
        if not isinstance(space, TaskSpace):
            raise TypeError(
                f"The task_space of environment {index} is a {type(space).__name__}, expected a tutelage.TaskSpace; "
                "TaskSpace.from_gym() converts a Gymnasium space."
            )
        if space != teacher.task_space:
            raise ValueError(
                f"Environment {index} plays tasks of {space}, but the teacher chooses from {teacher.task_space}; build "
                "the teacher with the environment's own task_space."
            )


def no_task_space(which: str = "The environment") -> str:
    """Return the sentence for an environment without a task space."""
    return (
        f"{which} has no task_space, so a teacher cannot choose its tasks. Wrap it in one of "
        "tutelage.wrappers' "
        "TaskAttributes, TaskFunction or TaskRebuild, or give it a `task_space` attribute and let reset() "
        "accept "
        "options={'task': row}."
    )


def same_task(given: Any, played: Any, space: TaskSpace | None) -> bool:
    """Tell whether an environment plays the task it was given, up to a trip through float32."""
    arrays = type(given) is type(played) is np.ndarray
    if arrays and given.dtype == played.dtype and given.shape == played.shape and given.tobytes() == played.tobytes():
        return True  # the usual case, and fast
    if isinstance(given, dict) or isinstance(played, dict):
        if space is None:
            return True
        given = space.from_dict(given) if isinstance(given, dict) else given
        played = space.from_dict(played) if isinstance(played, dict) else played
    a, b = _row(given), _row(played)
    if a.shape != b.shape:
        return False
    fits = space is not None and a.shape == (space.n_dims,)
    tolerance = space.tolerance if space is not None and fits else 1e-5 * np.maximum(1.0, np.abs(a))
    return bool((np.abs(a - b) <= tolerance).all())


def _row(task: ArrayLike) -> np.ndarray:
    return np.asarray(task, dtype=np.float64)
