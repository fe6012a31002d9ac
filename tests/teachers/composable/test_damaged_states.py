"""Damage to the states of the composable teachers: refused by the name of the entry, and nothing has changed."""

from __future__ import annotations

import copy

import numpy as np
import pytest
from tutelage import TaskSpace, make_teacher

from ..simulated_student import simulate

SPACE = TaskSpace(x=(0.0, 3.0), y=(0.0, 6.0))
SETTINGS = {
    "bandit": {},
    "bandit:dump": {},
    "ladder": {"gate": "mastery(0.5, min_episodes=10)"},
    "paced": {},
    "paced:pudf": {},
    "candidate": {},
    "candidate:online-filtering": {},
    "generator": {},
    "mixture": {},
    "fallback": {},
}
NAN, HUGE, SHORT = "nan", "huge", "short"
DAMAGES = [
    ("bandit", "counts", -1),
    ("bandit", "counts", SHORT),
    ("bandit", "moments", NAN),
    ("bandit", "bounds", [1.0, 0.0]),
    ("bandit", "round_arms", 99),
    ("bandit", "n_round", 1000),
    ("bandit", "n_rounds", -3),
    ("bandit", "estimator/successes", -1.0),
    ("bandit", "estimator/failures", NAN),
    ("bandit:dump", "estimator/values", NAN),
    ("bandit:dump", "estimator/seen", -1),
    ("ladder", "opened", [0, 0]),
    ("ladder", "opened", [99]),
    ("ladder", "active", []),
    ("ladder", "active", [6]),
    ("ladder", "rates", 2.0),
    ("ladder", "episodes", -1),
    ("ladder", "successes", NAN),
    ("paced", "pool", NAN),
    ("paced", "pool", HUGE),
    ("paced", "order", SHORT),
    ("paced", "order", 0),
    ("paced", "difficulty", NAN),
    ("paced", "round_success", 7.0),
    ("paced", "pacing/centre", np.nan),
    ("paced", "window", "prefix"),
    ("paced:pudf", "pacing/estimate", np.inf),
    ("paced:pudf", "pacing/correct", 3.0),
    ("candidate", "model/weights", NAN),
    ("candidate", "model/weights", SHORT),
    ("candidate", "model/values", 2.0),
    ("candidate", "model/features", HUGE),
    ("candidate", "round_tasks", HUGE),
    ("candidate", "predictor", "Oracle"),
    ("candidate:online-filtering", "candidates", HUGE),
    ("candidate:online-filtering", "due", [10_000]),
    ("candidate:online-filtering", "played", -1.0),
    ("generator", "tried", HUGE),
    ("generator", "tried_rates", 2.0),
    ("generator", "open_counts", NAN),
    ("generator", "waiting", [10**6]),
    ("generator", "due", [-5]),
    ("generator", "n_judged", -1),
    ("mixture", "owner", [[1, 7, 0]]),
    ("mixture", "n_of", [1]),
    ("mixture", "members", []),
    ("mixture", "names", ["random"]),
    ("fallback", "latest", 5.0),
    ("fallback", "resting", 3),
    ("fallback", "n_rested", -1),
]


@pytest.fixture(scope="module")
def states():
    found = {}
    for name, arguments in SETTINGS.items():
        teacher = make_teacher(name, SPACE, seed=0, **arguments)
        simulate(teacher, 123, batch=3)
        found[name] = teacher.state_dict()
    return found


def damage(value, how):
    if isinstance(how, list):
        return np.array(how) if isinstance(value, np.ndarray) else how
    if isinstance(value, np.ndarray):
        damaged = value.copy()
        if how == SHORT:
            return damaged[:-1]
        damaged.flat[:] = {NAN: np.nan, HUGE: 1e300}.get(how, how)
        return damaged
    return how


@pytest.mark.parametrize(("name", "path", "how"), DAMAGES, ids=str)
def test_damage_to_an_entry_is_refused_and_changes_nothing(states, name, path, how):
    state = copy.deepcopy(states[name])
    *parents, key = path.split("/")
    entry = state["algorithm"]
    for parent in parents:
        entry = entry[parent]
    entry[key] = damage(entry[key], how)
    teacher, twin = (make_teacher(name, SPACE, seed=1, **SETTINGS[name]) for _ in range(2))
    simulate(teacher, 33, batch=3)
    simulate(twin, 33, batch=3)
    with pytest.raises(ValueError, match="cannot take over this state"):
        teacher.load_state_dict(state)
    simulate(teacher, 33, batch=3)
    simulate(twin, 33, batch=3)
    np.testing.assert_array_equal(teacher.sample(10).values, twin.sample(10).values)


@pytest.mark.parametrize("name", SETTINGS)
def test_the_sound_states_are_accepted(states, name):
    teacher = make_teacher(name, SPACE, seed=1, **SETTINGS[name])
    teacher.load_state_dict(states[name])
    assert teacher.metrics()["outcomes"] == 123.0
