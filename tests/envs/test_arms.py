"""The student with arms and its environment; what all environments must do is tested in test_environments.py."""

from __future__ import annotations

import json
import math

import gymnasium as gym
import numpy as np
import pytest
import tutelage.envs  # noqa: F401 - registers the environments
import yaml
from gymnasium.error import ResetNeeded
from tutelage import make_teacher
from tutelage.envs import ARM_FORMS, ArmConfig, ArmsEnv, ArmStudent, arm_form
from tutelage.errors import RequestError
from tutelage.wrappers import CurriculumEnv


def test_the_chance_of_success_follows_item_response_theory():
    student = ArmStudent(ArmConfig(noisy=1, impossible=1))
    student.skill = 1.5
    expected = [1 / (1 + math.exp(-3 * (1.5 - b))) for b in range(5)]
    np.testing.assert_allclose(student.chances(), [*expected, 0.5, 0.0])


def test_an_episode_raises_the_skill_in_proportion_to_p_times_1_minus_p():
    student = ArmStudent()
    student.play([[1]])
    p = 1 / (1 + math.exp(3.0))
    assert student.skill == pytest.approx(0.06 * p * (1 - p))


@pytest.mark.parametrize("arm", [5, 6])
def test_nothing_is_learned_from_noise_or_from_the_impossible(arm):
    student = ArmStudent(ArmConfig(noisy=1, impossible=1))
    solved = student.play(np.full((400, 1), arm))
    assert student.skill == 0.0
    assert solved.mean() == (pytest.approx(0.5, abs=0.1) if arm == 5 else 0.0)


def test_a_batch_is_its_tasks_one_by_one():
    tasks = ArmStudent("arms-noisy").task_space.sample(300, np.random.default_rng(0))
    one, other = ArmStudent("arms-noisy", 7), ArmStudent("arms-noisy", 7)
    np.testing.assert_array_equal(one.play(tasks), np.concatenate([other.play(task[None]) for task in tasks]))
    assert one.skill == pytest.approx(other.skill, rel=1e-12)
    assert one.n_episodes == 300


def test_the_score_is_the_share_of_learnable_arms_that_are_mastered():
    student = ArmStudent("arms-impossible")
    student.skill = 1.0 + math.log(9) / 3  # p = 0.9 at the second arm
    assert student.score() == pytest.approx(40.0)
    student.skill = 50.0
    assert student.score() == 100.0


def test_a_reset_begins_anew_and_without_a_seed_goes_on_with_the_same_luck():
    student = ArmStudent("arms-noisy", 3)
    first = student.play([[5]] * 50)
    student.reset()
    again = student.play([[5]] * 50)
    student.reset(3)
    np.testing.assert_array_equal(student.play([[5]] * 50), first)
    assert (again != first).any()


def test_the_advantage_compares_the_episodes_of_an_arm():
    signals = ArmStudent().signals([[0], [0], [0], [0], [1]], [1, 0, 0, 0, 1], ("a", "b"))
    expected = [0.75 / math.sqrt(0.1875), *[0.25 / math.sqrt(0.1875)] * 3, 0.0]
    for name in ("a", "b"):
        np.testing.assert_allclose(signals[name], expected)


def test_an_extreme_student_overflows_nowhere():
    student = ArmStudent(ArmConfig(learnable=(-1e6, 1e6), steepness=1e6))
    with np.errstate(all="raise"):
        student.skill = 0.0
        assert student.play([[0], [1]]).tolist() == [1.0, 0.0]


def test_forms_are_clean_noisy_and_impossible():
    assert {name: form.config.kinds[5:] for name, form in ARM_FORMS.items()} == {
        "arms-clean": (),
        "arms-noisy": ("noisy",),
        "arms-impossible": ("impossible",) * 3,
    }
    assert arm_form("arms-noisy").config.to_plain() == {"noisy": 1}


@pytest.mark.parametrize("tasks", [[0], [[0, 1]], [[6]], [[0.5]], [[np.nan]], [["a"]]])
def test_tasks_that_are_none_are_refused_and_nothing_is_played(tasks):
    student = ArmStudent()
    with pytest.raises(ValueError):
        student.play(tasks)
    assert student.n_episodes == 0


@pytest.mark.parametrize("seed", [-1, 1.5, True])
def test_a_seed_that_is_none_is_refused(seed):
    with pytest.raises(ValueError, match="seed must be"):
        ArmStudent(seed=seed)


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"learnable": ()}, ValueError, "at least one difficulty"),
        ({"learnable": (1, 0)}, ValueError, "must rise"),
        ({"learnable": "easy"}, TypeError, "list of difficulties"),
        ({"learnable": (0, None)}, TypeError, "learnable must be a number"),
        ({"learnable": (0, math.inf)}, ValueError, "learnable must be a number"),
        ({"noisy": -1}, ValueError, "noisy must be between 0"),
        ({"impossible": 0.5}, TypeError, "impossible must be a whole number"),
        ({"steepness": 0}, ValueError, "steepness must be a number"),
        ({"rate": math.nan}, ValueError, "rate must be a number"),
    ],
)
def test_bad_configurations_are_refused(arguments, error, said):
    with pytest.raises(error, match=said):
        ArmConfig(**arguments)


def test_an_unknown_form_is_refused_with_the_nearest():
    with pytest.raises(RequestError, match="Did you mean 'arms-noisy'"):
        ArmStudent("arms-noise")


# --- The environment -------------------------------------------------------------------------------------------------


def test_the_environment_is_the_batched_student():
    env = gym.make("tutelage/Arms-v0", form="arms-noisy").unwrapped
    student = ArmStudent("arms-noisy", 7)
    tasks = student.task_space.sample(100, np.random.default_rng(0))
    rewards = []
    for i, task in enumerate(tasks):
        env.reset(seed=7 if i == 0 else None, options={"task": task})
        _, reward, terminated, truncated, info = env.step(env.action_space.sample())
        assert (terminated, truncated, info["is_success"]) == (True, False, reward == 1.0)
        rewards.append(reward)
    np.testing.assert_array_equal(rewards, student.play(tasks))


def test_explicit_arguments_win_over_those_of_the_form():
    env = ArmsEnv("arms-impossible", impossible=1, learnable=[0, 1])
    assert env.config.kinds == ("learnable", "learnable", "impossible")


def test_a_second_step_is_refused():
    env = ArmsEnv()
    env.reset(seed=0)
    env.step(env.action_space.sample())
    with pytest.raises(ResetNeeded, match="an episode is one step"):
        env.step(env.action_space.sample())


def test_its_picture_shows_the_chances():
    env = ArmsEnv("arms-noisy", render_mode="rgb_array")
    env.reset(seed=0)
    before = env.render()
    env.student.skill = 10.0
    assert env.render().mean() > before.mean() + 10


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"form": "arms-clear"}, ValueError, "Did you mean 'arms-clean'"),
        ({"noise": 1}, TypeError, "Did you mean 'noisy'"),
        ({"noisy": -1}, ValueError, "noisy must be"),
        ({"render_mode": "human"}, ValueError, "render_mode None or 'rgb_array'"),
    ],
)
def test_bad_arguments_are_refused(arguments, error, said):
    with pytest.raises(error, match=said):
        ArmsEnv(**arguments)


def test_a_teacher_teaches_it_through_the_wrapper():
    env = gym.make("tutelage/Arms-v0")
    teacher = make_teacher("bandit", env.get_wrapper_attr("task_space"), seed=0)
    wrapped = CurriculumEnv(env, teacher)
    for i in range(1_200):
        wrapped.reset(seed=0 if i == 0 else None)
        wrapped.step(wrapped.action_space.sample())
    assert env.unwrapped.student.score() == 100.0


def test_numbers_of_numpy_become_plain_ones():
    config = ArmConfig(learnable=(np.float32(0), np.int64(2)), noisy=np.int64(1), steepness=np.float32(2))
    plain = {"learnable": [0.0, 2.0], "noisy": 1, "steepness": 2.0}
    assert json.loads(json.dumps(config.to_plain())) == plain == yaml.safe_load(yaml.safe_dump(config.to_plain()))
