"""Teachers of the user's own: what they need not think of, and what is said before anything is trained."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from tutelage import Outcomes, TaskSpace, Teacher
from tutelage.benchmarks import TrainConfig, train
from tutelage.errors import RequestError


class Forgetful(Teacher):
    """Cannot be saved, for it keeps what is no plain data; or has an attribute only after its first update."""

    def __init__(self, task_space, *, seed=None, keeps="deque"):
        super().__init__(task_space, seed=seed)
        if keeps == "deque":
            self.recent = deque(maxlen=3)

    def _sample(self, n):
        return self.task_space.sample(n, self.rng)

    def _update(self, outcomes):
        self.best = float(outcomes.returns.max())


def test_a_teacher_that_cannot_be_saved_is_refused_before_training(tmp_path):
    config = TrainConfig("StumpTracks", f"{__name__}:Forgetful", steps=64)
    with pytest.raises(RequestError, match=r"its run could not go on: Forgetful\.recent is a deque"):
        train(config, tmp_path / "run", quiet=True)
    assert not (tmp_path / "run").exists()


def test_an_attribute_that_a_teacher_has_only_after_its_first_update_is_loaded():
    space = TaskSpace(x=(0.0, 1.0))
    teacher, copy = (Forgetful(space, seed=0, keeps="nothing") for _ in range(2))
    teacher.update(Outcomes(tasks=[[0.5]], ids=[-1], returns=[3.0], lengths=[1]))
    copy.load_state_dict(teacher.state_dict())
    assert copy.best == 3.0


def test_outcomes_that_a_teacher_stumbled_over_can_be_sent_again():
    class Stumbling(Forgetful):
        def _update(self, outcomes):
            if not hasattr(self, "stumbled"):
                self.stumbled = True
                raise ZeroDivisionError
            super()._update(outcomes)

    for n in (1, 3):
        teacher = Stumbling(TaskSpace(x=(0.0, 1.0)), seed=0, keeps="nothing")
        tasks = teacher.sample(n)
        outcomes = Outcomes(tasks=tasks.values, ids=tasks.ids, returns=np.arange(n) + 1.0, lengths=np.ones(n))
        with pytest.raises(ZeroDivisionError):
            teacher.update(outcomes)
        assert teacher.metrics()["outcomes"] == 0
        teacher.update(outcomes)
        assert (teacher.best, teacher.metrics()["outcomes"]) == (float(n), n)
