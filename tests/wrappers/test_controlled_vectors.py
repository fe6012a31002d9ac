"""The controlled wrappers inside the vector environments of Stable-Baselines3 and Gymnasium, under a teacher."""

from functools import partial

import gymnasium as gym
import numpy as np
import pytest
from controlled_environments import KINDS, Corridor, make, stacked
from environments import Adaptive
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv
from tutelage import TaskSpace, make_teacher
from tutelage.schedules import Linear
from tutelage.wrappers import Budget, Clock, CurriculumEnv, CurriculumVecEnv, EpisodeGate, make_curriculum_vec_env

STACKS = [partial(stacked, index) for index in range(3)]


def played(venv, n=25):
    """What a Stable-Baselines3 student sees in some steps."""
    venv.seed(0)
    seen = [venv.reset().tolist()]
    rng = np.random.default_rng(0)
    for _ in range(n):
        observations, rewards, dones, infos = venv.step(rng.integers(0, 2, venv.num_envs))
        values = [{key: info[key] for key in sorted(info) if isinstance(info[key], (int, float))} for info in infos]
        seen.append((observations.tolist(), rewards.tolist(), dones.tolist(), values))
    venv.close()
    return seen


def test_worker_processes_of_stable_baselines3_give_the_same_as_one_process():
    assert played(SubprocVecEnv(STACKS, start_method="spawn")) == played(DummyVecEnv(STACKS))


def test_worker_processes_of_gymnasium_give_the_same_as_one_process():
    runs = []
    for envs in (AsyncVectorEnv(STACKS, context="spawn"), SyncVectorEnv(STACKS)):
        seen = [repr(envs.reset(seed=0))]
        rng = np.random.default_rng(0)
        for _ in range(25):
            observations, rewards, terminated, truncated, _ = envs.step(rng.integers(0, 2, 3))
            seen.append(repr((observations, rewards, terminated, truncated)))
        runs.append(seen)
        envs.close()
    assert runs[0] == runs[1]


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("inside", [True, False])
def test_a_teacher_chooses_the_quantity(kind, inside):
    def env():
        return make(kind, "dimension", Monitor(Corridor())) if inside else Monitor(make(kind, "dimension"))

    space = env().get_wrapper_attr("task_space")
    teacher = Adaptive(space)
    venv = CurriculumVecEnv(DummyVecEnv([lambda: EpisodeGate(env())] * 2), teacher)
    name = KINDS[kind][1]
    venv.reset()
    told = []
    for step in range(60):
        _, _, dones, infos = venv.step(np.full(2, step % 3 > 0))
        told += [(int(info["task_id"]), info[name], info["task"]) for info in np.array(infos)[dones]]
    assert len(told) == len(teacher.everything) > 5
    sampled = teacher.all_sampled
    for task_id, value, task in told:
        np.testing.assert_array_equal(task, sampled[task_id])
        assert value == sampled[task_id][-1]


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("mode", ["constant", "schedule"])
def test_a_teacher_chooses_the_tasks_beside_a_quantity_that_is_not_its_own(kind, mode):
    teacher = Adaptive(Corridor.task_space)
    env = CurriculumEnv(make(kind, mode), teacher)
    for _ in range(3):
        _, info = env.reset()
        np.testing.assert_array_equal(info["task"], env.current_tasks[0])
        over = False
        while not over:
            *_, terminated, truncated, _ = env.step(1)
            over = terminated or truncated
    assert len(teacher.everything) == 3


def test_no_episode_is_longer_than_the_budget_that_the_teacher_gave():
    teacher = make_teacher("random", TaskSpace(length=range(2, 7), budget=range(1, 7)), seed=0)
    told = []

    class Listener:
        def on_tasks(self, tasks, env_indices): ...
        def on_outcomes(self, outcomes):
            told.append((outcomes.tasks[:, 1], outcomes.lengths, outcomes.truncated, outcomes.returns))

    venv = make_curriculum_vec_env(Corridor, teacher, 2, seed=0, wrapper_class=lambda env: Budget(env, range(1, 7)))
    venv.add_listener(Listener())
    venv.reset()
    for _ in range(40):
        venv.step(np.zeros(2, int))
    budgets, lengths, truncated, returns = (np.concatenate(column) for column in zip(*told, strict=True))
    np.testing.assert_array_equal(lengths, budgets)
    np.testing.assert_array_equal(returns, -budgets)
    assert truncated.all()
    assert len(budgets) > 10


@pytest.mark.parametrize("n_envs", [1, 4])
def test_with_n_environments_a_schedule_follows_the_steps_of_the_training(n_envs):
    def env():
        return Budget(gym.make("Pendulum-v1"), Linear(2, 102, 100), clock=Clock(n_envs=n_envs))

    venv = DummyVecEnv([env] * n_envs)
    venv.reset()
    taken, budgets = 0, []
    for _ in range(200 // n_envs):
        _, _, dones, _ = venv.step(np.zeros((n_envs, 1)))
        taken += n_envs
        if dones[0]:
            budgets.append((venv.reset_infos[0]["budget"], 2 + min(100, taken)))
    assert len(budgets) >= 2
    assert all(budget == expected for budget, expected in budgets)


def test_a_resumed_training_sets_the_clocks_of_all_workers():
    venv = DummyVecEnv([lambda: Monitor(Budget(Corridor(), Linear(2, 12, 100), clock=Clock(n_envs=2)))] * 2)
    venv.env_method("set_clock", steps=50)
    venv.reset()
    assert [info["budget"] for info in venv.reset_infos] == [7, 7]


def test_gymnasiums_vectors_set_them_too():
    envs = SyncVectorEnv([lambda: Budget(Corridor(), Linear(2, 12, 100))] * 2, autoreset_mode=AutoresetMode.SAME_STEP)
    envs.call("set_clock", steps=50)
    assert envs.reset()[1]["budget"].tolist() == [7, 7]
