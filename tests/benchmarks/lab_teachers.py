"""Teachers that behave badly in a lab."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from tutelage import Teacher


class Uniform(Teacher):
    def __init__(self, task_space, *, seed=None, at=50, flag=""):
        super().__init__(task_space, seed=seed)
        self.at, self.flag = at, flag

    def _sample(self, n):
        return self.task_space.sample(n, self.rng)

    def _update(self, outcomes):
        if self._n_outcomes == self.at:
            self.happens()

    def happens(self):
        pass


class Failing(Uniform):
    def happens(self):
        raise ZeroDivisionError("nothing to divide by")


class Interrupting(Uniform):
    def happens(self):
        raise KeyboardInterrupt


class Dying(Uniform):
    """Kills its process, the first time only: it leaves a flag."""

    def happens(self):
        if not Path(self.flag).exists():
            Path(self.flag).touch()
            os.kill(os.getpid(), signal.SIGKILL)


class Slow(Uniform):
    def happens(self):
        time.sleep(0.5)


class Costly(Uniform):
    """Computes for two milliseconds in each sample and each update."""

    def _sample(self, n):
        _compute(0.002)
        return super()._sample(n)

    def _update(self, outcomes):
        _compute(0.002)


class Needy(Uniform):
    needs = frozenset({"regret"})


class Knowing(Uniform):
    """Plays the start that an expert tells."""

    def __init__(self, task_space, *, seed=None, expert=None):
        super().__init__(task_space, seed=seed)
        self.start = None if expert is None else expert.initial_mean

    def _sample(self, n):
        return super()._sample(n) if self.start is None else 0 * super()._sample(n) + self.start

    def _set_state(self, state):
        raise NotImplementedError

    def _get_state(self):
        return {}


def _compute(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass
