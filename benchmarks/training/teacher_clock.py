"""How much of a run's processor time its teacher takes."""

from __future__ import annotations

import functools
import math
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any

from ...teachers.teacher import Teacher


class TeacherClock:
    """Measures the processor time of this thread, and of it what is spent in `Teacher.sample` and `Teacher.update`.

    Both are wrapped while the clock runs, for all teachers of the process; teachers inside teachers count once. What a
    teacher has its environments or its second student do is no part of it.

    Attributes:
        seconds: Processor time of the thread in the block.
        teaching: Of that, the teacher's.

    Example:
        >>> import tutelage
        >>> with TeacherClock() as clock:
        ...     tasks = tutelage.make_teacher("random", tutelage.TaskSpace(x=(0.0, 1.0)), seed=0).sample(1000)
        >>> 0.0 < clock.teaching <= clock.seconds, 0.0 < clock.share <= 1.0
        (True, True)
    """

    def __init__(self) -> None:
        self.seconds = self.teaching = 0.0
        self._depth = 0
        self._originals: dict[str, Any] = {}

    @property
    def share(self) -> float:
        """The teacher's share of the time; NaN where none has passed."""
        return min(1.0, self.teaching / self.seconds) if self.seconds else math.nan

    def __enter__(self) -> TeacherClock:
        for name in ("sample", "update"):
            self._originals[name] = vars(Teacher)[name]
            setattr(Teacher, name, self._timed(self._originals[name]))
        self._begun = time.thread_time()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.seconds += time.thread_time() - self._begun
        for name, original in self._originals.items():
            setattr(Teacher, name, original)

    def _timed(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            begun = time.thread_time()
            self._depth += 1
            try:
                return function(*args, **kwargs)
            finally:
                self._depth -= 1
                if not self._depth:
                    self.teaching += time.thread_time() - begun

        return timed
