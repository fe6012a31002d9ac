"""The batch of mazes: that it is as many single mazes, and that it is a vector environment of Stable-Baselines3."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import torch
import tutelage.envs  # noqa: F401 - registers the environments
from gymnasium.error import ResetNeeded
from stable_baselines3 import PPO
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, VecFrameStack, VecMonitor, VecNormalize
from tutelage import make_teacher
from tutelage.envs import MazeEnv, MazeSpace, MazeVecEnv, level_from_text
from tutelage.wrappers import CurriculumVecEnv

LEFT, RIGHT, FORWARD = 0, 1, 2


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    torch.set_num_threads(1)


def rng(seed=0):
    return np.random.default_rng(seed)


def assert_same(one, other):
    if isinstance(one, dict):
        assert one.keys() == other.keys()
        for key in one:
            np.testing.assert_array_equal(one[key], other[key])
            assert np.asarray(one[key]).dtype == np.asarray(other[key]).dtype
    else:
        np.testing.assert_array_equal(one, other)
        assert one.dtype == other.dtype


def at(observations, i):
    return {key: part[i] for key, part in observations.items()} if isinstance(observations, dict) else observations[i]


def stacked(observations):
    if isinstance(observations[0], dict):
        return {key: np.array([each[key] for each in observations]) for key in observations[0]}
    return np.array(observations)


def compare(n_levels, n_steps, seed=0, **arguments):
    """Play the same levels with the same actions in both, each maze going on with the next level when one ends."""
    n = min(n_levels, 10)
    venv, envs = MazeVecEnv(n, autoreset=False, **arguments), [MazeEnv(**arguments) for _ in range(n)]
    levels = iter(venv.task_space.sample(n_levels + n * n_steps, rng(seed)))
    actions = rng(seed + 1).choice(venv.action_space.n, size=(n_steps * n_levels // n, n))
    actions[rng(seed + 2).random(actions.shape) < 0.3] = FORWARD
    first = [next(levels) for _ in range(n)]
    singles = stacked([env.reset(options={"task": level})[0] for env, level in zip(envs, first, strict=True)])
    assert_same(venv.begin(np.arange(n), first), singles)
    successes = []
    for row in actions:
        observations, rewards, dones, infos = venv.step(row)
        steps = [env.step(action) for env, action in zip(envs, row, strict=True)]
        assert_same(observations, stacked([step[0] for step in steps]))
        np.testing.assert_array_equal(rewards, np.array([step[1] for step in steps], dtype=np.float32))
        np.testing.assert_array_equal(dones, [step[2] or step[3] for step in steps])
        for i in np.flatnonzero(dones):
            info = infos[i]
            assert info["is_success"] is steps[i][2]
            assert info["TimeLimit.truncated"] is steps[i][3]
            assert info["episode"]["r"] == steps[i][1]
            assert info["episode"]["l"] == envs[i].step_count
            assert_same(stacked([info["terminal_observation"]]), stacked([steps[i][0]]))
            level = next(levels)
            assert_same(at(venv.begin([i], [level]), 0), at(stacked([envs[i].reset(options={"task": level})[0]]), 0))
            successes.append(info["is_success"])
        assert all(not info for info, done in zip(infos, dones, strict=True) if not done)
    return successes


VARIANTS = [
    pytest.param(
        {"view": view, "observation": observation, "visits": visits}, id=f"{view}-{observation}{'-visits' * visits}"
    )
    for view in (5, 7, "full")
    for observation in ("dict", "flat")
    for visits in (False, True)
]
SIZES = [(13, 13), (3, 8), (1, 2), (9, 2)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("arguments", VARIANTS)
def test_a_batch_does_what_single_mazes_do(arguments, size):
    height, width = size
    successes = compare(5, 60, height=height, width=width, walls=(0, height * width // 3), max_steps=19, **arguments)
    assert not all(successes)  # some ran out of time
    if size != (13, 13):
        assert any(successes)


def test_a_batch_does_what_single_mazes_do_with_three_actions():
    assert any(compare(5, 60, height=3, width=3, walls=1, max_steps=19, n_actions=3, view=3))


@pytest.mark.slow
@pytest.mark.parametrize("arguments", VARIANTS)
def test_a_batch_does_what_single_mazes_do_on_many_levels(arguments):
    compare(200, 500, **arguments)
    for height, width in SIZES[1:]:
        compare(50, 100, height=height, width=width, walls=(0, height * width // 2), **arguments)


def test_an_agent_sees_how_often_it_has_been_in_the_cells_before_it():
    venv = MazeVecEnv(1, height=1, width=4, view=3, visits=True, autoreset=False)
    venv.begin([0], [level_from_text(">..G")])
    for action in (FORWARD, LEFT, LEFT, FORWARD, LEFT):
        seen = venv.step(np.array([action]))[0]["visits"][0]
    assert seen.T.tolist() == [[0, 0, 0], [0, 0, 0], [1, 2, 0]]  # it looks down; on its left is the east


def test_a_wall_is_not_entered_and_a_turn_is_no_visit():
    venv = MazeVecEnv(1, height=1, width=3, view=3, visits=True, autoreset=False)
    venv.begin([0], [level_from_text("<.G")])
    for action in (FORWARD, FORWARD, LEFT, RIGHT):
        seen = venv.step(np.array([action]))[0]["visits"][0]
    assert seen.T.tolist() == [[0, 0, 0], [0, 0, 0], [0, 1, 0]]


def test_visits_are_counted_up_to_255():
    venv = MazeVecEnv(1, height=1, width=3, view=3, visits=True, autoreset=False, max_steps=2000)
    venv.begin([0], [level_from_text(">.G")])
    for action in [FORWARD, LEFT, LEFT] * 600:
        seen = venv.step(np.array([action]))[0]["visits"][0]
    assert seen.max() == 255


def test_flat_observations_end_with_a_number_that_grows_with_the_visits():
    venv = MazeVecEnv(1, height=1, width=4, view=3, visits=True, observation="flat", autoreset=False)
    first = venv.begin([0], [level_from_text(">..G")])
    assert first.shape == (1, 3 * 9 + 4 + 9)
    assert first[0, -9:].reshape(3, 3).T.tolist() == [[0, 0, 0], [0, 0, 0], [0, 0.5, 0]]


# --- Episodes ------------------------------------------------------------------------------------------------


def test_eight_steps_to_the_goal_are_worth_09712():
    venv = MazeVecEnv(2, autoreset=False)
    level = np.zeros(172)
    level[169:] = 8, 0, 0
    venv.begin([0, 1], [level, level])
    for _ in range(8):
        observations, rewards, dones, infos = venv.step(np.array([FORWARD, LEFT]))
    assert rewards.tolist() == [np.float32(0.9712), 0.0]
    assert dones.tolist() == [True, False]
    assert infos[0]["episode"]["r"] == pytest.approx(0.9712, abs=1e-12)
    assert infos[0]["episode"]["l"] == 8
    assert infos[0]["is_success"] is True
    assert infos[0]["TimeLimit.truncated"] is False
    np.testing.assert_array_equal(infos[0]["task"], level)
    np.testing.assert_array_equal(infos[0]["terminal_observation"]["image"], observations["image"][0])
    assert infos[1] == {}


def test_time_is_up_after_exactly_max_steps():
    venv = MazeVecEnv(3)
    venv.reset()
    for t in range(1, 251):
        _, rewards, dones, infos = venv.step(np.zeros(3, dtype=int))
        assert dones.tolist() == [t == 250] * 3
        assert not rewards.any()
    assert [info["TimeLimit.truncated"] for info in infos] == [True] * 3
    assert [info["episode"]["l"] for info in infos] == [250] * 3
    assert [info["is_success"] for info in infos] == [False] * 3


def test_an_episode_that_ends_is_followed_by_one_on_another_level():
    venv = MazeVecEnv(64, height=3, width=3, max_steps=5, seed=0)
    venv.reset()
    before = venv.current_tasks.copy()
    for _ in range(5):
        observations, _, dones, infos = venv.step(np.zeros(64, dtype=int))
    assert dones.all()
    assert venv.task_space.contains_all(venv.current_tasks)
    assert (venv.current_tasks != before).any(axis=1).mean() > 0.9
    for i, info in enumerate(infos):
        np.testing.assert_array_equal(info["task"], before[i])
        np.testing.assert_array_equal(venv.reset_infos[i]["task"], venv.current_tasks[i])
        env = MazeEnv(3, 3)
        assert_same(at(observations, i), at(stacked([env.reset(options={"task": venv.current_tasks[i]})[0]]), 0))


def test_without_autoreset_a_maze_that_has_ended_waits_for_begin():
    venv = MazeVecEnv(2, height=1, width=3, autoreset=False)
    venv.begin([0, 1], [level_from_text(">G."), level_from_text("<G.")])
    assert venv.step(np.array([FORWARD, FORWARD]))[2].tolist() == [True, False]
    with pytest.raises(ResetNeeded, match=r"Environment 0.*begin\(\[0\]"):
        venv.step(np.array([LEFT, LEFT]))
    venv.begin([0], [level_from_text("G.<")])
    observations, *_ = venv.step(np.array([LEFT, LEFT]))
    assert observations["direction"].tolist() == [1, 1]  # the refused step did nothing


def test_a_step_before_the_first_reset_is_refused():
    with pytest.raises(ResetNeeded, match="reset"):
        MazeVecEnv(2).step(np.zeros(2, dtype=int))
    with pytest.raises(ResetNeeded, match="step_async"):
        MazeVecEnv(2).step_wait()


def test_what_was_returned_does_not_change_later():
    for observation in ("dict", "flat"):
        venv = MazeVecEnv(4, observation=observation, seed=0, max_steps=3)
        results = [(venv.reset(),)]
        copies = [[np.copy(part) for part in (results[0][0].values() if observation == "dict" else results[0])]]
        for _ in range(9):
            seen, rewards, dones, _ = venv.step(np.full(4, RIGHT))
            results.append((seen, rewards, dones))
            parts = [*(seen.values() if observation == "dict" else [seen]), rewards, dones]
            copies.append([part.copy() for part in parts])
        for result, copied in zip(results, copies, strict=True):
            seen = result[0]
            parts = [*(seen.values() if observation == "dict" else [seen]), *result[1:]]
            for part, before in zip(parts, copied, strict=True):
                np.testing.assert_array_equal(part, before)


def test_the_caller_keeps_its_tasks():
    venv = MazeVecEnv(1, height=1, width=3, autoreset=False)
    level = level_from_text(">.G")
    venv.begin([0], [level])
    level[:] = 9
    venv.reset_infos[0]["task"][:] = 9
    np.testing.assert_array_equal(venv.current_tasks[0], level_from_text(">.G"))


@pytest.mark.parametrize(
    "actions", [[0, 7], [-1, 0], [0], [[0, 0]], [0.0, 1.0], np.zeros((2, 1), dtype=int), ["a", "b"], [[0], [1]]]
)
def test_actions_that_are_none_are_refused_and_change_nothing(actions):
    venv = MazeVecEnv(2, seed=0)
    first = venv.reset()
    with pytest.raises(ValueError, match="from 0 to 6"):
        venv.step(np.array(actions))
    np.testing.assert_array_equal(venv.step(np.array([3, 3]))[0]["image"], first["image"])


# --- Tasks ---------------------------------------------------------------------------------------------------


def test_a_reset_plays_the_tasks_it_is_given_and_draws_the_others():
    venv = MazeVecEnv(3, height=1, width=3, seed=0)
    level = level_from_text("G.<")
    venv.set_options([{"task": level}, {}, {"task": venv.task_space.to_dict(level)}])
    venv.reset()
    np.testing.assert_array_equal(venv.current_tasks[[0, 2]], [level, level])
    venv.set_options({"task": level})
    venv.reset()
    np.testing.assert_array_equal(venv.current_tasks, [level] * 3)
    venv.reset()  # options count once
    assert (venv.current_tasks != level).any()


@pytest.mark.parametrize(
    ("indices", "tasks", "complaint"),
    [
        ([0], [[0, 1, 0, 1, 0, 0]], "goal is on a wall"),
        ([0], [[0, 0, 0, 1, 1, 0]], "start is on the goal"),
        ([0], [[np.nan, 0, 0, 1, 0, 0]], "not a number"),
        ([0], [[0, 0, 1, 0, 0]], "shape"),
        ([0, 1], [[0, 0, 0, 1, 0, 0]], "indices of shape"),
        (0, [[0, 0, 0, 1, 0, 0]], "indices of shape"),
        ([0.0], [[0, 0, 0, 1, 0, 0]], "indices of shape"),
        ([2], [[0, 0, 0, 1, 0, 0]], "from 0 to 1"),
        ([-1], [[0, 0, 0, 1, 0, 0]], "from 0 to 1"),
        ([1, 1], [[0, 0, 0, 1, 0, 0]] * 2, "once"),
    ],
)
def test_episodes_that_cannot_begin_are_refused_and_change_nothing(indices, tasks, complaint):
    venv = MazeVecEnv(2, height=1, width=3, seed=0)
    venv.reset()
    before = venv.current_tasks.copy()
    with pytest.raises(ValueError, match=complaint):
        venv.begin(indices, tasks)
    np.testing.assert_array_equal(venv.current_tasks, before)
    venv.step(np.array([LEFT, LEFT]))


@pytest.mark.parametrize("task", [[0, 1, 0, 1, 0, 0], [0, 0], [[0, 0, 0, 1, 0, 0]], [np.nan] * 6])
def test_options_that_are_no_level_are_refused(task):
    venv = MazeVecEnv(2, height=1, width=3)
    venv.set_options([{}, {"task": task}])
    with pytest.raises(ValueError, match=r"level|shape"):
        venv.reset()


def test_no_episode_at_all_may_begin():
    venv = MazeVecEnv(2)
    venv.reset()
    assert venv.begin(np.empty(0, dtype=int), np.empty((0, 172)))["image"].shape == (0, 5, 5, 3)


def _levels(venv, n=30):
    venv.reset()
    levels = [venv.current_tasks.copy()]
    for _ in range(n):
        venv.step(np.zeros(venv.num_envs, dtype=int))
        levels.append(venv.current_tasks.copy())
    return np.array(levels)


def test_a_seed_fixes_the_levels():
    one, other, another = (_levels(MazeVecEnv(5, max_steps=4, seed=seed)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(one, other)
    assert (one != another).any()
    venv = MazeVecEnv(5, max_steps=4)
    venv.seed(0)
    np.testing.assert_array_equal(_levels(venv), one)
    assert (_levels(venv) != one).any()
    venv.seed(0)
    np.testing.assert_array_equal(_levels(venv), one)


def test_it_leaves_the_global_random_numbers_alone():
    np.random.seed(0)  # noqa: NPY002
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    _levels(MazeVecEnv(5, max_steps=4))
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


# --- Stable-Baselines3 ---------------------------------------------------------------------------------------


def test_ppo_trains_on_it():
    model = PPO("MlpPolicy", MazeVecEnv(4, height=3, width=3, observation="flat"), n_steps=32, batch_size=64, seed=0)
    model.learn(256)
    assert len(model.ep_info_buffer) > 0
    assert model.ep_success_buffer[0] in (True, False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is not wrapped with a Monitor
        evaluate_policy(model, MazeVecEnv(2, height=3, width=3, observation="flat"), n_eval_episodes=4)


def test_ppo_trains_on_its_dicts():
    PPO("MultiInputPolicy", MazeVecEnv(4, max_steps=20), n_steps=32, batch_size=64).learn(256)


def test_the_usual_wrappers_go_around_it():
    venv = VecFrameStack(VecNormalize(VecMonitor(MazeVecEnv(4, observation="flat", max_steps=6, seed=0))), 2)
    assert venv.reset().shape == (4, 158)
    for _ in range(6):
        observations, _, dones, infos = venv.step(np.zeros(4, dtype=int))
    assert dones.all()
    assert observations.shape == (4, 158)
    assert infos[0]["episode"]["l"] == 6
    venv.close()


def test_attributes_belong_to_the_batch():
    venv = MazeVecEnv(3)
    assert venv.get_attr("task_space") == [MazeSpace()] * 3
    assert venv.get_attr("render_mode", indices=[0, 2]) == [None, None]
    assert not venv.has_attr("nonsense")
    venv.set_attr("autoreset", False)
    assert venv.autoreset is False
    with pytest.raises(ValueError, match="share their attributes"):
        venv.set_attr("autoreset", True, indices=0)
    assert venv.env_is_wrapped(Monitor) == [False] * 3
    assert venv.env_is_wrapped(Monitor, indices=1) == [False]


def test_methods_of_single_mazes_can_be_called():
    venv = MazeVecEnv(3, height=4, width=5)
    levels = venv.task_space.sample(2, rng())
    assert [child.shape for child in venv.env_method("mutate", levels, rng(), n_edits=1)] == [(2, 23)] * 3
    venv.reset()
    assert [picture.shape for picture in venv.env_method("render", indices=[1])] == [(96, 112, 3)]
    with pytest.raises(AttributeError, match=r"'step'.*begin"):
        venv.env_method("step", 0)


def test_it_mutates_its_levels():
    venv = MazeVecEnv(1)
    parents = venv.task_space.sample(4, rng())
    np.testing.assert_array_equal(venv.mutate(parents, rng(1)), MazeEnv().mutate(parents, rng(1)))


def test_the_picture_is_that_of_single_mazes():
    for view in (3, 5, 7, "full"):
        venv = MazeVecEnv(3, height=4, width=6, view=view, render_mode="rgb_array", seed=1)
        venv.reset()
        env = MazeEnv(height=4, width=6, view=view, render_mode="rgb_array")
        env.tile_size = 16
        expected = []
        for level in venv.current_tasks:
            env.reset(options={"task": level})
            expected.append(env.render())
        np.testing.assert_array_equal(venv.get_images(), expected)
        assert venv.render().shape == (2 * 96, 2 * 128, 3)
    assert MazeVecEnv(2).get_images() == [None, None]


def test_a_large_batch_shows_its_first_sixteen():
    venv = MazeVecEnv(40, height=4, width=4, render_mode="rgb_array")
    venv.reset()
    assert venv.render().shape == (4 * 96, 4 * 96, 3)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"n_envs": 0}, ValueError),
        ({"n_envs": 2.0}, TypeError),
        ({"n_envs": 1, "view": 4}, ValueError),
        ({"n_envs": 1, "render_mode": "human"}, ValueError),
        ({"n_envs": 1, "seed": -1}, ValueError),
        ({"n_envs": 1, "colour": 3}, TypeError),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, error):
    with pytest.raises(error):
        MazeVecEnv(**arguments)


def test_the_environment_makes_its_batch():
    venv = MazeEnv.vec_env(3, seed=4, height=5, width=6, observation="flat", view=7)
    assert isinstance(venv, MazeVecEnv)
    assert venv.observation_space == MazeEnv(5, 6, observation="flat", view=7).observation_space
    assert venv.action_space == MazeEnv().action_space


# --- With a teacher ------------------------------------------------------------------------------------------


def test_a_teacher_chooses_the_level_of_every_episode():
    inner = MazeVecEnv(4, height=3, width=3, max_steps=8)
    teacher = make_teacher("random", inner.task_space, seed=0)
    venv = CurriculumVecEnv(inner, teacher)
    inner.autoreset = False
    venv.reset()
    played = [venv.current_tasks.copy()]
    ids, actions = [], rng(1)
    for _ in range(60):
        before = venv.current_tasks.copy()
        _, _, dones, infos = venv.step(actions.integers(0, 3, 4))
        np.testing.assert_array_equal(inner.current_tasks, venv.current_tasks)
        for i in np.flatnonzero(dones):
            np.testing.assert_array_equal(infos[i]["task"], before[i])
            ids.append(infos[i]["task_id"])
        played.append(venv.current_tasks[dones])
    expected = make_teacher("random", inner.task_space, seed=0)
    np.testing.assert_array_equal(
        np.concatenate(played), np.concatenate([expected.sample(len(p)).values for p in played])
    )
    assert len(set(ids)) == len(ids) > 10
    assert teacher.metrics()["outcomes"] == len(ids)


def test_a_curriculum_is_that_of_single_mazes():
    from tutelage.wrappers import EpisodeGate

    outcomes = []
    for make in (
        lambda: MazeVecEnv(3, height=3, width=4, max_steps=9, autoreset=False),
        lambda: DummyVecEnv([lambda: EpisodeGate(Monitor(MazeEnv(height=3, width=4, max_steps=9)))] * 3),
    ):
        raw = make()
        space = MazeSpace(3, 4, walls=2)
        venv = CurriculumVecEnv(raw, make_teacher("random", space, seed=0))
        observations, actions, seen = venv.reset(), rng(5), []
        for _ in range(50):
            seen.append(observations)
            observations, rewards, dones, _ = venv.step(actions.integers(0, 3, 3))
            seen.append({"rewards": rewards, "dones": dones, "tasks": venv.current_tasks.copy()})
        outcomes.append(seen)
    for one, other in zip(*outcomes, strict=True):
        assert_same(dict(one), dict(other))


def test_a_single_maze_counts_visits_up_to_255_too():
    env = MazeEnv(height=1, width=3, view=3, visits=True, max_steps=2000)
    env.reset(options={"task": level_from_text(">.G")})
    seen = [env._seen_visits()]
    for i in range(600):
        env.agent_pos = (1 + i % 2, 1)
        seen.append(env._seen_visits())
    assert seen[-1].max() == 255
    assert env._visits[1, 1] == env._visits[2, 1] == 255


def test_an_environment_without_options_plays_a_task_that_is_drawn():
    venv = MazeVecEnv(2, 1, 4, seed=0)
    task = level_from_text(">..G")
    venv.set_options([None, {"task": task}])
    venv.reset()
    assert_same(venv.current_tasks[1], task)
    assert venv.task_space.contains(venv.current_tasks[0])


def test_autoreset_is_true_or_false():
    with pytest.raises(TypeError, match="autoreset must be True or False"):
        MazeVecEnv(1, autoreset="no")
