"""Bodies as plain data, bodies with other legs, and random ones."""

import json

import gymnasium as gym
import numpy as np
import pytest
from tutelage.envs import StumpTracks, WalkerClimber
from tutelage.envs.bodies import BODIES, Body, get_body, random_body
from tutelage.task_flags import parse_arguments

# --- Legs --------------------------------------------------------------------------------------


def test_legs_scale_the_length_of_legs_and_nothing_else():
    short, usual = get_body("quadruped(legs=0.8)"), BODIES["quadruped"]
    differing = {name for name in vars(usual) if getattr(short, name) != getattr(usual, name)}
    assert differing == {"leg_height", "legs"}
    assert short.leg_height == pytest.approx(0.8 * usual.leg_height)


def test_the_default_body_with_half_its_legs_does_what_the_short_one_does():
    actions = np.random.default_rng(0).uniform(-1, 1, (60, 4)).astype(np.float32)
    trajectories = []
    for body in ("short", "default(legs=0.5)"):
        env = StumpTracks(body=body)
        env.reset(seed=1, options={"task": [0.5, 3.0]})
        trajectories.append(np.array([env.step(action)[0] for action in actions]))
    np.testing.assert_array_equal(*trajectories)


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize("legs", [0.25, 0.5, 1.5, 2.0])
def test_bodies_with_any_legs_play(name, legs):
    env = WalkerClimber(body={name: {"legs": legs}})
    observation, _ = env.reset(seed=0)
    for _ in range(100):
        assert env.observation_space.contains(observation)
        observation, _, terminated, *_ = env.step(env.body.resting_action.astype(np.float32))
        if terminated:
            break


@pytest.mark.parametrize("legs", [0.2, 2.1, float("nan"), "long", True, None])
def test_legs_out_of_range_are_refused(legs):
    with pytest.raises(ValueError, match=r"\[0.25, 2\]"):
        get_body({"default": {"legs": legs}})


# --- Plain data --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spec", ["default(legs=0.8)", "default(0.8)", {"default": {"legs": 0.8}}, {"default": 0.8}, {"default": [0.8]}]
)
def test_all_forms_of_a_body_are_the_same(spec):
    assert get_body(json.loads(json.dumps(spec))) == BODIES["default"].with_legs(0.8)


@pytest.mark.parametrize("flag", ["body=default(legs=0.8)", "body={default: {legs: 0.8}}"])
def test_a_body_can_be_given_on_the_command_line(flag):
    env = gym.make("tutelage/StumpTracks-v0", **parse_arguments([flag], "--env-arg"))
    assert env.get_wrapper_attr("kind")["legs"] == 0.8


def test_a_body_is_written_as_what_makes_it_again():
    for seed in range(20):
        body = random_body(seed)
        assert get_body(body.spec) == body


def test_a_body_without_scaled_legs_is_written_as_its_name():
    assert [body.spec for body in BODIES.values()] == list(BODIES)


def test_the_kind_of_a_student_is_plain_numbers_and_its_name():
    kind = json.loads(json.dumps(get_body("chimpanzee(legs=0.5)").kind))
    assert kind == {"body": "chimpanzee", "legs": 0.5, "leg_height": 0.3, "n_legs": 2, "n_arms": 2}


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ("defualt(legs=1)", "Did you mean 'default'"),
        ("default(arms=1)", "arms"),
        ("default(legs=", "cannot be read"),
        ("random", "seed"),
        ("random(0, bodies=['cat'])", "Unknown body 'cat'"),
    ],
)
def test_what_cannot_be_made_is_refused_with_what_is_wrong(spec, words):
    with pytest.raises(ValueError, match=words):
        get_body(spec)


@pytest.mark.parametrize("spec", [3, None, {}, {"default": 1, "short": 1}, ["default"]])
def test_data_of_another_form_is_refused(spec):
    with pytest.raises(TypeError, match="body"):
        get_body(spec)


def test_a_body_of_ones_own_is_taken_as_it_is():
    body = Body("mine", BODIES["default"].hull, (0.0,), -0.3, 0.2, 0.9, 60.0, 0.0)
    assert StumpTracks(body=body).body is body


# --- Random students ---------------------------------------------------------------------------


def test_the_same_seed_draws_the_same_body():
    assert random_body(5) == random_body(5) == random_body(np.random.default_rng(5)) == get_body("random(5)")


def test_a_generator_goes_on():
    rng = np.random.default_rng(0)
    assert len({random_body(rng) for _ in range(20)}) == 20


def test_both_bodies_are_as_likely_and_legs_are_uniform():
    drawn = [random_body(seed) for seed in range(2000)]
    quadrupeds = np.mean([body.name == "quadruped" for body in drawn])
    legs = np.array([body.legs for body in drawn])
    assert quadrupeds == pytest.approx(0.5, abs=0.04)
    np.testing.assert_allclose(np.quantile(legs, [0.0, 0.25, 0.5, 0.75, 1.0]), [0.5, 0.75, 1.0, 1.25, 1.5], atol=0.05)


def test_the_students_of_the_walker_climber_can_be_drawn_by_a_name():
    drawn = [get_body(f"random({seed}, bodies=['default', 'chimpanzee'], legs=[0.5, 1.0])") for seed in range(50)]
    assert {body.name for body in drawn} == {"default", "chimpanzee"}
    assert all(0.5 <= body.legs <= 1.0 for body in drawn)


def test_a_random_body_is_drawn_when_the_environment_is_made_not_when_it_is_reset():
    env = StumpTracks(body="random(3)")
    kinds = []
    for seed in range(3):
        env.reset(seed=seed)
        kinds.append(env.kind)
    assert kinds == [random_body(3).kind] * 3


def test_drawing_leaves_the_global_generator_alone():
    np.random.seed(0)  # noqa: NPY002
    expected = np.random.uniform()  # noqa: NPY002
    np.random.seed(0)  # noqa: NPY002
    random_body(1)
    assert np.random.uniform() == expected  # noqa: NPY002


@pytest.mark.parametrize("legs", [(1.5, 0.5), (0.1, 1.0), (0.5, 3.0), (1.0,), 1.0, ("a", "b"), (float("nan"), 1.0)])
def test_bad_bounds_of_legs_are_refused(legs):
    with pytest.raises(ValueError, match="legs"):
        random_body(0, legs=legs)


def test_no_bodies_at_all_are_refused():
    with pytest.raises(ValueError, match="at least one"):
        random_body(0, bodies=[])


@pytest.mark.parametrize("seed", [None, 1.5, "3", True])
def test_a_seed_of_another_type_is_refused(seed):
    with pytest.raises(TypeError, match="seed"):
        random_body(seed)


def test_a_negative_seed_of_a_random_body_is_refused_by_name():
    with pytest.raises(ValueError, match="The seed of a random body must be at least 0, got -1"):
        random_body(-1)


def test_legs_can_be_a_number_of_numpy():
    assert BODIES["default"].with_legs(np.float32(0.5)) == BODIES["default"].with_legs(0.5)


@pytest.mark.parametrize("name", BODIES)
def test_legs_scaled_twice_are_written_as_what_makes_them_again(name):
    body = BODIES[name].with_legs(0.8).with_legs(0.7)
    assert get_body(body.spec) == body


def test_legs_are_not_scaled_twice_beyond_the_limits():
    with pytest.raises(ValueError, match=r"legs as a factor in \[0.25, 2\].*4 in all"):
        BODIES["default"].with_legs(2).with_legs(2)


def test_a_random_body_without_a_seed_is_told_to_take_one():
    with pytest.raises(ValueError, match=r"needs a seed, such as 'random\(7\)'"):
        get_body("random")
