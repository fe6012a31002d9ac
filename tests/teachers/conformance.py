"""What the conformance suite builds its teachers and students with."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from gymnasium import spaces as gym_spaces
from tutelage import Outcomes, TaskSpace, Teacher, list_teachers, make_teacher
from tutelage.registry import teacher_class

from .simulated_student import outcomes_of

SMALL = {
    "fit_rate": 50,
    "good_return": 0.0,
    "step": 0.1,
    "stage_episodes": 60,
    "update_every_episodes": 25,
    "max_region_size": 40,
    "n_steps": 4,
    "iterations": 40,
}
"""Hyperparameters that every teacher gets that has them; a box or window of such steps has tasks of a grid of 5."""

PLAIN = "two-dimensional"
SPACES = {
    PLAIN: TaskSpace(stump_height=(0.0, 3.0), obstacle_spacing=(0.0, 6.0)),
    "one-dimensional": TaskSpace(gravity=(-10.0, -1.0)),
    "fixed": TaskSpace(height=(0.0, 1.0), gravity=(9.8, 9.8), slope=(-1.0, 1.0)),
    "discrete": TaskSpace.from_gym(gym_spaces.Discrete(7, start=-2)),
    "multi-discrete": TaskSpace.from_gym(gym_spaces.MultiDiscrete([3, 4, 2])),
    "mixed": TaskSpace(height=(0.0, 3.0), rooms=range(2, 7), terrain=["grass", "ice", "mud"], width=(1, 1)),
    "twelve-dimensional": TaskSpace({f"x{i}": (-1.0, 1.0 + i) for i in range(12)}),
}
TEACHERS = list_teachers()

every_teacher = pytest.mark.parametrize("name", TEACHERS)
every_space = pytest.mark.parametrize("space", SPACES)


def build(name: str, space: str | TaskSpace = PLAIN, *, seed: int | None = 0, **hyperparameters) -> Teacher:
    """Build a teacher with small hyperparameters; skips the test if it cannot handle the space."""
    space = SPACES[space] if isinstance(space, str) else space
    cls = teacher_class(name)
    if not set(space.kinds) <= cls.kinds:
        pytest.skip(f"{name} handles {', '.join(sorted(cls.kinds))} dimensions only")
    accepted = inspect.signature(cls).parameters
    small = {key: value for key, value in SMALL.items() if key in accepted}
    return make_teacher(name, space, seed=seed, **{**small, **hyperparameters})


def comparable(value):
    """Plain data without what depends on the wall clock, with arrays as bytes, so that == compares NaNs too."""
    if isinstance(value, dict):
        return {k: comparable(v) for k, v in value.items() if not k.endswith(("_time", "_seconds"))}
    if isinstance(value, (list, tuple)):
        return [comparable(item) for item in value]
    if isinstance(value, (np.ndarray, np.generic)):
        return (value.dtype.str, value.shape, np.ascontiguousarray(value).tobytes())
    return repr(value) if isinstance(value, float) else value


def state_of(teacher: Teacher):
    return comparable(teacher.state_dict())


def learned(teacher: Teacher):
    """What the teacher has learned, without its ids and its generator."""
    state = state_of(teacher)
    return state["algorithm"], state["n_outcomes"]


def view(teacher: Teacher):
    """What a user sees of a teacher without drawing from it."""
    points = teacher.task_space.sample(20, np.random.default_rng(0))
    return comparable({"density": teacher.density(points), "metrics": teacher.metrics()})


def fill(teacher: Teacher, n: int = 6, seed: int = 1) -> Outcomes:
    """Outcomes of another run: valid, and not of this teacher."""
    tasks = teacher.task_space.sample(n, np.random.default_rng(seed))
    return outcomes_of(teacher, tasks, np.full(n, -1), np.linspace(-5.0, 60.0, n))
