"""Tasks that environments keep until ``reset()``, and what natively batched environments are spared."""

import numpy as np
import pytest
from environments import Adaptive, Counting, Idle, Recorder, expected
from stable_baselines3 import PPO
from tutelage.errors import RunError
from tutelage.wrappers import CurriculumEnv, CurriculumVecEnv, make_curriculum_vec_env, make_curriculum_vector_env


def vec_env(n_envs=3, **kwargs):
    return make_curriculum_vec_env(Counting, Adaptive(), n_envs, seed=7, **kwargs)


def play(venv, steps):
    """The tasks being played before each step, and after the last."""
    venv.reset()
    tasks = [venv.current_tasks.copy()]
    for _ in range(steps):
        venv.step(np.zeros(venv.num_envs, int))
        tasks.append(venv.current_tasks.copy())
    return np.array(tasks)


@pytest.mark.parametrize("make", [vec_env, lambda: make_curriculum_vector_env(Counting, Adaptive(), 3, seed=7)])
def test_held_tasks_are_played_again_until_the_reset(make):
    venv = make()
    venv.hold = "rollout"
    for _ in range(3):
        tasks = play(venv, 20)
        np.testing.assert_array_equal(tasks, np.broadcast_to(tasks[0], tasks.shape))
    assert len(np.unique(venv.teacher.all_sampled, axis=0)) == len(venv.teacher.all_sampled) == 9
    assert len(venv.teacher.everything) > 20
    expected(venv.teacher.everything)


def test_they_have_new_ids_which_listeners_hear_of():
    venv, recorder = vec_env(), Recorder()
    venv.hold = "rollout"
    venv.add_listener(recorder)
    play(venv, 20)
    ids = [i for kind, ids, *_ in recorder.events if kind == "tasks" for i in ids]
    assert ids == list(range(len(ids)))
    assert len(ids) == len(venv.teacher.everything) + 3


def test_their_environments_are_told_the_same_task():
    venv = vec_env(1)
    venv.hold = "rollout"
    first = venv.reset()
    for _ in range(20):
        observations, _, dones, infos = venv.step(np.zeros(1, int))
        np.testing.assert_array_equal(observations[0, :2], first[0, :2])
        if dones[0]:
            np.testing.assert_allclose(infos[0]["task"], first[0, :2], rtol=1e-6)


def test_without_a_callback_that_resets_every_episode_gets_a_new_task():
    class Held(Adaptive):
        hold = "rollout"

    teacher = Held()
    env = make_curriculum_vec_env(Counting, teacher, 2, seed=7)
    PPO("MlpPolicy", env, n_steps=32, batch_size=64, n_epochs=1, device="cpu", seed=0).learn(64)
    assert len(np.unique(teacher.all_sampled, axis=0)) > 8


def test_a_single_environment_gets_a_new_task_with_every_reset():
    env = CurriculumEnv(Counting(), Adaptive())
    env.hold = "rollout"
    tasks = []
    for _ in range(5):
        tasks.append(env.reset()[1]["task"].tolist())
    assert len(set(map(tuple, tasks))) == 5


def test_a_vector_environment_knows_whether_a_step_was_taken_since_the_reset():
    venv = vec_env()
    known = [venv.stepped]
    for call in (venv.reset, lambda: venv.step(np.zeros(3, int)), venv.reset):
        call()
        known.append(venv.stepped)
    assert known == [False, False, True, False]


# --- Natively batched environments -----------------------------------------------------------------------------------


def test_a_batched_environment_is_told_not_to_reset_by_itself():
    native = Idle(4)
    CurriculumVecEnv(native, Adaptive())
    assert native.autoreset is False


def test_only_the_environments_that_ended_are_begun_anew():
    native = Idle(6, length=4)
    venv = CurriculumVecEnv(native, Adaptive())
    venv.reset()
    for step in range(8):
        before = venv.current_ids.copy()
        _, _, dones, infos = venv.step(np.zeros(6, int))
        assert native.begun[-1][0].tolist() == np.flatnonzero(dones).tolist()
        np.testing.assert_array_equal(before != venv.current_ids, dones)
        assert [i for i, info in enumerate(infos) if "task_id" in info] == np.flatnonzero(dones).tolist(), step


def test_a_step_without_an_end_hands_on_what_the_environment_gave():
    native = Idle(4, length=10)
    venv = CurriculumVecEnv(native, Adaptive())
    venv.reset()
    native._now = 5
    observations, rewards, _, infos = venv.step(np.zeros(4, int))
    assert observations is native._observations
    assert rewards is native._rewards
    assert infos is native._infos


def test_a_first_observation_that_is_not_finite_names_its_environment():
    native = Idle(4, length=4)
    venv = CurriculumVecEnv(native, Adaptive())
    venv.reset()
    venv.step(np.zeros(4, int))
    native.begin = lambda indices, tasks: np.full((len(indices), 79), np.nan, np.float32)
    with pytest.raises(RunError, match=r"Environment 1 returned a first observation that is NaN"):
        venv.step(np.zeros(4, int))
