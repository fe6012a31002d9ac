"""A batch of finished episodes, reported to a teacher."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


class Outcomes:
    """A batch of finished episodes, as columns.

    The constructor checks the shapes; the values are checked by the teacher, which knows the task space
    (`Teacher.update`).

    Args:
        tasks: The tasks played, shape ``(n, d)``.
        ids: The ids the teacher gave them (`Tasks.ids`), shape ``(n,)``; −1 for an episode it never handed out.
        returns: Undiscounted sums of rewards, shape ``(n,)``.
        lengths: Numbers of steps, shape ``(n,)``.
        success: 1, 0 or NaN (unknown), shape ``(n,)``; all NaN by default.
        truncated: Whether the episode was cut off (by a time limit, say), shape ``(n,)``; all False by default.
        warmup: Whether the student was still acting at random, shape ``(n,)``; all False by default.
        signals: Further columns by name, each of shape ``(n,)``, e.g. ``{"positive_value_loss": …}``.

    Raises:
        ValueError: A column of another length, tasks that are not a matrix, ids or lengths that are not whole numbers.

    Example:
        >>> outcomes = Outcomes(tasks=[[0.2], [0.7]], ids=[0, 1], returns=[1.0, -3.0], lengths=[20, 35])
        >>> len(outcomes), outcomes.success.tolist()
        (2, [nan, nan])
        >>> outcomes[outcomes.returns > 0].ids.tolist()
        [0]
    """

    __slots__ = ("ids", "lengths", "returns", "signals", "success", "tasks", "truncated", "warmup")

    tasks: NDArray[np.float64]
    ids: NDArray[np.int64]
    returns: NDArray[np.float64]
    lengths: NDArray[np.int64]
    success: NDArray[np.float64]
    truncated: NDArray[np.bool_]
    warmup: NDArray[np.bool_]
    signals: dict[str, NDArray[np.float64]]

    def __init__(
        self,
        *,
        tasks: ArrayLike,
        ids: ArrayLike,
        returns: ArrayLike,
        lengths: ArrayLike,
        success: ArrayLike | None = None,
        truncated: ArrayLike | None = None,
        warmup: ArrayLike | None = None,
        signals: Mapping[str, ArrayLike] | None = None,
    ) -> None:
        self.tasks = _column("tasks", tasks, np.float64)
        if self.tasks.ndim != 2:
            if self.tasks.size:
                raise ValueError(
                    f"Outcomes: expected tasks of shape (n, d), got shape {self.tasks.shape}. "
                    "One task is a matrix of one row: tasks=[task]."
                )
            self.tasks = self.tasks.reshape(0, self.tasks.shape[-1] if self.tasks.ndim else 0)
        n = len(self.tasks)
        self.ids = _whole("ids", ids, n)
        self.returns = _vector("returns", returns, n, np.float64)
        self.lengths = _whole("lengths", lengths, n)
        self.success = np.full(n, np.nan) if success is None else _vector("success", success, n, np.float64)
        self.truncated = _flags("truncated", truncated, n)
        self.warmup = _flags("warmup", warmup, n)
        self.signals = {}
        for name, values in (signals or {}).items():
            if name in self.__slots__:
                raise ValueError(f"Outcomes: a signal cannot be named {name!r}, which is a column of its own.")
            self.signals[name] = _vector(f"signals[{name!r}]", values, n, np.float64)

    def __len__(self) -> int:
        return len(self.ids)

    def __repr__(self) -> str:
        extra = f", signals: {', '.join(self.signals)}" if self.signals else ""
        return f"Outcomes({len(self)} episodes of {self.tasks.shape[1]}-dimensional tasks{extra})"

    def __getitem__(self, rows: slice | NDArray[np.bool_] | NDArray[np.integer] | Sequence[int]) -> Outcomes:
        """Return the episodes of a slice, a mask or an array of positions."""
        if isinstance(rows, (int, np.integer)):
            raise TypeError(f"Outcomes[{rows}]: expected a slice, a mask or an array, e.g. [{rows}:{rows + 1}].")
        columns = {name: getattr(self, name)[rows] for name in self.__slots__ if name != "signals"}
        return Outcomes.unchecked(signals={k: v[rows] for k, v in self.signals.items()}, **columns)

    @classmethod
    def unchecked(cls, **columns: Any) -> Outcomes:
        """Build a batch from all eight columns, arrays of the right types and lengths, without checking or copying."""
        batch = object.__new__(cls)
        for name in cls.__slots__:
            setattr(batch, name, columns[name])
        return batch

    def column(self, name: str) -> NDArray[Any] | None:
        """Return a column by name, a signal included, or None where there is none.

        Example:
            >>> one = Outcomes(tasks=[[0.2]], ids=[0], returns=[1.0], lengths=[9], signals={"regret": [0.5]})
            >>> one.column("regret").tolist(), one.column("novelty") is None
            ([0.5], True)
        """
        if name in self.__slots__ and name != "signals":
            column: NDArray[Any] = getattr(self, name)
            return column
        return self.signals.get(name)

    @classmethod
    def concatenate(cls, batches: Iterable[Outcomes]) -> Outcomes:
        """Join batches in order, skipping empty ones; a signal that a batch lacks is NaN there.

        Raises:
            ValueError: No batch at all, or tasks of different numbers of dimensions.
        """
        parts = list(batches)
        if not parts:
            raise ValueError("Outcomes.concatenate expects at least one batch.")
        parts = [part for part in parts if len(part)] or parts[:1]
        widths = sorted({part.tasks.shape[1] for part in parts})
        if len(widths) > 1:
            raise ValueError(f"Outcomes.concatenate expects tasks of one number of dimensions, got {widths}.")
        names = dict.fromkeys(name for part in parts for name in part.signals)
        return cls(
            tasks=np.concatenate([p.tasks for p in parts]),
            ids=np.concatenate([p.ids for p in parts]),
            returns=np.concatenate([p.returns for p in parts]),
            lengths=np.concatenate([p.lengths for p in parts]),
            success=np.concatenate([p.success for p in parts]),
            truncated=np.concatenate([p.truncated for p in parts]),
            warmup=np.concatenate([p.warmup for p in parts]),
            signals={k: np.concatenate([p.signals.get(k, np.full(len(p), np.nan)) for p in parts]) for k in names},
        )


def _column(name: str, values: ArrayLike, dtype: Any) -> NDArray[Any]:
    if isinstance(values, np.ndarray) and values.dtype == dtype:
        copied: NDArray[Any] = values.copy()
        return copied
    try:
        given = np.asarray(values)
        if given.dtype.kind in "USc":
            raise TypeError("strings and complex numbers are not accepted")
        return np.array(given, dtype=dtype)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"Outcomes: expected {name} as numbers, got {values!r} ({error}).") from error


def _vector(name: str, values: ArrayLike, n: int, dtype: Any) -> NDArray[Any]:
    column = _column(name, values, dtype)
    if column.shape != (n,):
        raise ValueError(f"Outcomes: expected {name} of shape ({n},), for there are {n} tasks; got {column.shape}.")
    return column


def _whole(name: str, values: ArrayLike, n: int) -> NDArray[np.int64]:
    if isinstance(values, np.ndarray) and values.dtype.kind == "i":
        return _vector(name, values, n, np.int64)
    if n == 1 and isinstance(values, list) and type(values[0]) is int and abs(values[0]) < 2**63:
        return _vector(name, values, n, np.int64)
    numbers = _vector(name, values, n, np.float64)
    if not (np.abs(numbers) <= 2.0**53).all() or (numbers != np.rint(numbers)).any():
        raise ValueError(f"Outcomes: expected whole numbers for {name}, got {numbers.tolist()}.")
    return numbers.astype(np.int64)


def _flags(name: str, values: ArrayLike | None, n: int) -> NDArray[np.bool_]:
    if values is None:
        return np.zeros(n, dtype=np.bool_)
    if isinstance(values, np.ndarray) and values.dtype.kind == "b":
        return _vector(name, values, n, np.bool_)
    numbers = _vector(name, values, n, np.float64)
    if not ((numbers == 0.0) | (numbers == 1.0)).all():
        raise ValueError(f"Outcomes: expected True or False for {name}, got {numbers.tolist()}.")
    return numbers.astype(np.bool_)
