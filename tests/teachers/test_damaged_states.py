"""Damage to the state of one teacher: refused by the name of the entry, and nothing has changed."""

import copy

import numpy as np
import pytest
from tutelage import Outcomes, TaskSpace, make_teacher
from tutelage.teachers.state_checks import counter, finite_array, flag, number

SPACE = TaskSpace(x=(0.0, 3.0), y=(0.0, 6.0))
SETTINGS = {
    "alp-gmm": {"fit_rate": 20, "warm_start": True, "ks": [2, 3]},
    "covar-gmm": {"fit_rate": 20, "ks": [2, 3]},
    "currot": {"fit_rate": 20, "n_particles": 20},
    "goal-gan": {"fit_rate": 10, "iterations": 5, "hidden": (8, 8)},
    "setter-solver": {"fit_rate": 20, "n_steps": 2, "memory": 30},
    "spdl": {},
    "riac": {"max_region_size": 30},
}

DAMAGES = [
    *(
        (name, path, value)
        for name in ("alp-gmm", "covar-gmm")
        for path, value in [
            ("window", "nan"),
            ("window", "inf"),
            ("window", "huge"),
            ("window", "longer"),
            ("window", "flat"),
            ("mixture/weights", "nan"),
            ("mixture/weights", "negative"),
            ("mixture/means", "nan"),
            ("mixture/means", "huge"),
            ("mixture/covariances", "nan"),
            ("mixture/covariances", "negative"),
            ("mixture/log_likelihood", np.nan),
            ("count", -7),
            ("count", 0.5),
            ("count", 10**30),
            ("fit_seed", -1),
            ("fit_seed", 2**40),
            ("drawn", [np.nan, 1.0]),
            ("drawn", [-1.0, 1.0]),
            ("return_range", [1.0, 0.0]),
            ("return_range", [np.nan, 0.0]),
        ]
    ),
    ("alp-gmm", "candidates", "shorter"),
    ("alp-gmm", "history/returns", "nan"),
    ("alp-gmm", "history/returns", "huge"),
    ("alp-gmm", "history/returns", "longer"),
    ("alp-gmm", "history/tasks", "nan"),
    ("alp-gmm", "history/tasks", "inf"),
    *(("currot", key, how) for key in ("particles", "targets", "recent", "buffer") for how in ("nan", "inf", "huge")),
    *(("currot", key, "flat") for key in ("particles", "targets", "recent", "buffer")),
    ("currot", "count", -7),
    ("currot", "shown", [np.nan, 0.0]),
    ("currot", "reached", "maybe"),
    *(
        ("goal-gan", f"weights/{key}", how)
        for key in ("generator", "critic")
        for how in ("nan", "inf", "huge", "flat1")
    ),
    *(("goal-gan", f"squares/{key}", how) for key in ("generator", "critic") for how in ("nan", "negative")),
    *(("goal-gan", key, how) for key in ("points", "labels", "density_noise", "current") for how in ("nan", "inf")),
    *(("goal-gan", key, how) for key in ("points", "labels", "density_noise") for how in ("longer", "empty")),
    *(("goal-gan", "mastered", how) for how in ("nan", "huge", "flat", "longer")),
    ("goal-gan", "n_labels", 10),
    ("goal-gan", "n_labels", -1),
    ("goal-gan", "n_labels", 10**15),
    ("goal-gan", "positive_share", np.nan),
    ("goal-gan", "ready", None),
    ("goal-gan", "foreign_evidence", np.zeros((1, 2))),
    *(("setter-solver", f"{part}/{key}", "nan") for part in ("weights", "moments") for key in ("judge", "setter")),
    *(("setter-solver", f"moments/{key}", "negative") for key in ("judge", "setter")),
    *(("setter-solver", f"weights/{key}", "huge") for key in ("judge", "setter")),
    *(("setter-solver", f"steps/{key}", -1) for key in ("judge", "setter")),
    *(("setter-solver", key, how) for key in ("points", "success") for how in ("nan", "inf", "huge", "negative")),
    ("setter-solver", "counts", [-5, 1]),
    ("setter-solver", "losses/judge", np.nan),
    ("spdl", "samples/points", "huge"),
    ("riac", "failed_splits", -1),
]


def play(teacher, episodes, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(episodes // 5):
        tasks = teacher.sample(5)
        x, y = tasks.values.T
        success = (rng.random(5) < 1.0 / (1.0 + np.exp((x - 1.0) / 0.3))).astype(float)
        returns = 100.0 * success + 0.01 * y
        teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=returns, lengths=[9] * 5, success=success))


@pytest.fixture(scope="module")
def states():
    """A sound state of each teacher."""
    found = {}
    for name, settings in SETTINGS.items():
        teacher = make_teacher(name, SPACE, seed=0, **settings)
        play(teacher, 110)
        found[name] = teacher.state_dict()
    return found


def damage(value, how):
    if not isinstance(how, str) or how == "maybe":
        return how
    if how in ("longer", "shorter", "empty", "flat", "flat1"):
        change = {
            "longer": lambda: np.concatenate([value, value]),
            "shorter": lambda: value[:-1],
            "empty": lambda: value[:0],
            "flat": value.ravel if isinstance(value, np.ndarray) else None,
            "flat1": lambda: value[None],
        }
        return change[how]()
    if how == "negative":
        return -np.abs(value) - 1.0
    damaged = np.array(value)
    damaged.flat[0] = {"nan": np.nan, "inf": np.inf, "huge": 1e30 if damaged.dtype == np.float32 else 1e300}[how]
    return damaged


@pytest.mark.parametrize(("name", "path", "how"), DAMAGES, ids=str)
def test_damage_to_an_entry_is_refused_and_changes_nothing(states, name, path, how):
    state = copy.deepcopy(states[name])
    *parents, key = path.split("/")
    entry = state["algorithm"]
    for parent in parents:
        entry = entry[parent]
    entry[key] = damage(entry[key], how)
    teacher, twin = (make_teacher(name, SPACE, seed=1, **SETTINGS[name]) for _ in range(2))
    play(teacher, 30)
    play(twin, 30)
    with pytest.raises(ValueError, match="cannot take over this state"):
        teacher.load_state_dict(state)
    play(teacher, 30)
    play(twin, 30)
    np.testing.assert_array_equal(teacher.sample(10).values, twin.sample(10).values)


@pytest.mark.parametrize("name", SETTINGS)
def test_the_sound_states_are_accepted(states, name):
    teacher = make_teacher(name, SPACE, seed=1, **SETTINGS[name])
    teacher.load_state_dict(states[name])
    assert teacher.metrics()["outcomes"] == 110.0


# --- The checks themselves --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", [np.ones((2, 3)), [1.0], 1.0, None, "text", [[1.0], [1.0, 2.0]], {"a": 1}], ids=repr)
def test_an_array_of_another_shape_or_none_is_refused_by_name(value):
    with pytest.raises(ValueError, match="'points'"):
        finite_array({"points": value}, "points", (None, 2))


@pytest.mark.parametrize(
    ("value", "sentence"), [(np.nan, "NaN"), (np.inf, "infinite"), (1.5, "0 to 1"), (-0.5, "0 to 1")]
)
def test_a_number_that_is_not_finite_or_out_of_range_is_refused_by_name(value, sentence):
    with pytest.raises(ValueError, match=f"'points'.*{sentence}"):
        finite_array({"points": [0.5, value]}, "points", (2,), low=0.0, high=1.0)
    with pytest.raises(ValueError, match=f"'share'.*{sentence}"):
        number({"share": value}, "share", low=0.0, high=1.0)


def test_a_number_too_large_for_its_type_is_refused():
    with pytest.raises(ValueError, match="infinite"):
        finite_array({"weights": [1e300]}, "weights", (1,), np.float32)


@pytest.mark.parametrize("value", [-1, 6, 0.5, 1.0, np.nan, None, "1"], ids=repr)
def test_a_counter_that_is_not_whole_or_out_of_range_is_refused_by_name(value):
    with pytest.raises(ValueError, match=r"'n'.*whole number of at least 0 and at most 5"):
        counter({"n": value}, "n", most=5)


@pytest.mark.parametrize("value", [0, 1, None, "true", np.nan], ids=repr)
def test_a_flag_is_true_or_false(value):
    with pytest.raises(ValueError, match=r"'ready'.*true or false"):
        flag({"ready": value}, "ready")


@pytest.mark.parametrize(
    "check", [lambda s: finite_array(s, "n", ()), lambda s: counter(s, "n"), lambda s: flag(s, "n")]
)
@pytest.mark.parametrize("state", [{}, None, [1]], ids=repr)
def test_an_entry_that_is_missing_is_refused_by_name(check, state):
    with pytest.raises(ValueError, match="no entry 'n'"):
        check(state)


def test_an_array_is_a_copy():
    original = np.zeros(2)
    finite_array({"points": original}, "points", (2,))[:] = 1.0
    assert (original == 0.0).all()
