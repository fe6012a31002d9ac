"""The curriculum wrappers of a single environment, of Gymnasium's vectors and of natively batched ones."""

import gymnasium as gym
import numpy as np
import pytest
from environments import SPACE, Adaptive, Constant, Counting, Recorder, Replay, expected
from gymnasium.utils.env_checker import check_env as gymnasium_check_env
from gymnasium.vector import AutoresetMode
from stable_baselines3 import PPO
from stable_baselines3.common.env_checker import check_env as sb3_check_env
from stable_baselines3.common.vec_env import VecEnv, VecNormalize
from tutelage import TaskSpace
from tutelage.wrappers import (
    CurriculumEnv,
    CurriculumVecEnv,
    EpisodeGate,
    TaskAttributes,
    make_curriculum_vec_env,
    make_curriculum_vector_env,
)


def play(env, steps, seed=0):
    env.reset(seed=seed)
    results = []
    for _ in range(steps):
        results.append(env.step(0))
        if results[-1][2] or results[-1][3]:
            env.reset()
    return results


# --- A single environment -------------------------------------------------------------------------


def test_a_single_environment_tells_the_teacher_at_once():
    teacher = Adaptive()
    env = CurriculumEnv(Counting(), teacher)
    env.reset()
    for _ in range(int(env.current_tasks[0, 0])):
        assert teacher.outcomes == []
        env.step(0)
    expected(teacher.outcomes[0])


def test_a_reset_without_a_task_asks_the_teacher():
    teacher = Adaptive()
    _, info = CurriculumEnv(Counting(), teacher).reset()
    np.testing.assert_array_equal(info["task"], teacher.sampled[0][0])


def test_a_reset_within_an_episode_abandons_it():
    teacher = Adaptive()
    env = CurriculumEnv(Counting(), teacher)
    env.reset()
    env.step(0)
    play(env, 40)
    assert 0 not in teacher.everything.ids
    expected(teacher.everything)


def test_an_episode_on_a_task_of_ones_own_is_not_reported():
    teacher = Adaptive()
    env = CurriculumEnv(Counting(), teacher)
    env.reset(options={"task": [2, 0.5]})
    env.step(0)
    env.step(0)
    assert teacher.calls == []


def test_the_last_step_carries_the_task_and_its_id():
    env = CurriculumEnv(Counting(), Adaptive())
    for observation, _, terminated, _, info in play(env, 20):
        if terminated:
            np.testing.assert_allclose(info["task"], observation[:2], rtol=1e-6)
            assert info["task_id"] >= 0


def test_a_single_environment_hands_a_student_its_episodes():
    teacher = Adaptive()
    env = CurriculumEnv(Counting(truncate_below=0.3), teacher)
    PPO("MlpPolicy", env, n_steps=16, batch_size=16, n_epochs=1, device="cpu").learn(64)
    expected(teacher.everything)
    np.testing.assert_array_equal(teacher.everything.truncated, teacher.everything.tasks[:, 1] < 0.3)


def test_gymnasium_check_env_passes_while_the_task_stays_the_same():
    space = TaskSpace(length=(0.2, 2.0))
    env = CurriculumEnv(TaskAttributes(gym.make("CartPole-v1"), space), Constant(space))
    gymnasium_check_env(env)


def test_stable_baselines3_check_env_passes_on_a_single_environment():
    sb3_check_env(CurriculumEnv(Counting(), Adaptive()))


# --- Gymnasium's vector environments --------------------------------------------------------------


def vector(teacher=None, num_envs=3, **kwargs):
    return make_curriculum_vector_env(Counting, teacher or Adaptive(), num_envs, seed=7, **kwargs)


def test_a_vector_environment_presents_the_same_step_mode():
    envs = vector()
    assert envs.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    assert envs.env.metadata["autoreset_mode"] is AutoresetMode.DISABLED


def test_final_observations_and_infos_belong_to_the_task_just_played():
    envs = vector(num_envs=4)
    envs.reset()
    for _ in range(30):
        observations, _, terminations, _, infos = envs.step(np.zeros(4, int))
        for i in np.flatnonzero(terminations):
            final = infos["final_info"]
            assert infos["_final_obs"][i]
            assert final["_task"][i]
            np.testing.assert_allclose(infos["final_obs"][i][:2], final["task"][i], rtol=1e-6)
            assert infos["final_obs"][i][2] == final["task"][i][0] == final["episode"]["l"][i]
            assert observations[i, 2] == 0
            np.testing.assert_allclose(observations[i, :2], infos["task"][i], rtol=1e-6)


def test_infos_are_those_of_gymnasiums_own_same_step_mode():
    plain = gym.vector.SyncVectorEnv(
        [lambda: gym.wrappers.RecordEpisodeStatistics(Counting())] * 3, autoreset_mode=AutoresetMode.SAME_STEP
    )
    envs = vector(Replay([]))
    observation, info = plain.reset(seed=3)
    envs.teacher.rows = [*info["task"]]
    np.testing.assert_array_equal(envs.reset(seed=3)[0][:, :2], observation[:, :2])
    for _ in range(12):
        theirs = plain.step(np.zeros(3, int))
        if theirs[2].any():
            envs.teacher.rows = [*theirs[4]["task"][theirs[2]]]
        ours = envs.step(np.zeros(3, int))
        np.testing.assert_array_equal(theirs[0][:, :3], ours[0][:, :3])
        assert set(theirs[4]) == set(ours[4])
        for key in theirs[4]:
            if key.startswith("_") or key == "task":
                np.testing.assert_array_equal(theirs[4][key], ours[4][key])
        if "final_info" in theirs[4]:
            assert set(theirs[4]["final_info"]) == set(ours[4]["final_info"]) - {
                *("task", "_task", "task_id", "_task_id")
            }


def test_a_vector_environment_reports_truncation():
    teacher = Adaptive()
    envs = vector(teacher, env_kwargs={"truncate_below": 0.5})
    envs.reset()
    for _ in range(30):
        envs.step(np.zeros(3, int))
    np.testing.assert_array_equal(teacher.everything.truncated, teacher.everything.tasks[:, 1] < 0.5)
    expected(teacher.everything)


def test_a_vector_environment_takes_dict_observations():
    envs = vector(env_kwargs={"obs": "dict"})
    envs.reset()
    for _ in range(20):
        observations, _, terminations, _, infos = envs.step(np.zeros(3, int))
        for i in np.flatnonzero(terminations):
            assert infos["final_obs"][i]["t"][0] > 0
            assert observations["t"][i, 0] == 0


def test_a_reset_mask_begins_only_those_environments_anew():
    teacher = Adaptive()
    envs = vector(teacher)
    envs.reset()
    ids = envs.current_ids.copy()
    envs.reset(options={"reset_mask": np.array([False, True, False])})
    assert (envs.current_ids == ids).tolist() == [True, False, True]


# --- What all of them share -----------------------------------------------------------------------


def test_listeners_hear_tasks_before_and_outcomes_after_the_teacher():
    recorder = Recorder()
    env = CurriculumEnv(Counting(), Adaptive())
    env.add_listener(recorder)
    play(env, 8)
    assert recorder.events[:3] == [("tasks", [0], [0]), ("outcomes", [0]), ("tasks", [1], [0])]


def test_a_removed_listener_hears_no_more():
    recorder = Recorder()
    env = CurriculumEnv(Counting(), Adaptive())
    env.add_listener(recorder)
    env.remove_listener(recorder)
    play(env, 8)
    assert recorder.events == []


def test_tasks_not_to_learn_from_are_marked():
    class ScoreOnly(Adaptive):
        def _sample(self, n):
            return super()._sample(n), np.zeros(n, bool)

    env = CurriculumEnv(Counting(), ScoreOnly())
    env.reset()
    assert env.current_train.tolist() == [False]


def test_reset_infos_are_those_of_the_running_episodes():
    venv = make_curriculum_vec_env(Counting, Adaptive(), 3, seed=0)
    venv.reset()
    for _ in range(20):
        venv.step(np.zeros(3, int))
        for i in range(3):
            np.testing.assert_array_equal(venv.reset_infos[i]["task"], venv.current_tasks[i])


def test_options_of_the_user_reach_the_environments_beside_the_task():
    venv = make_curriculum_vec_env(gym.make, Adaptive(CART), 1, env_kwargs={"id": "CartPole-v1"}, wrapper_class=cart)
    venv.set_options({"low": 0.01, "high": 0.02})
    first = venv.reset()
    assert ((first >= 0.01) & (first <= 0.02)).all()


CART = TaskSpace(length=(0.2, 2.0))


def cart(env):
    return TaskAttributes(env, CART)


def test_attributes_and_wrappers_can_be_asked_for_through_the_wrapper():
    venv = make_curriculum_vec_env(Counting, Adaptive(), 2, seed=0)
    assert venv.get_attr("obs") == ["box", "box"]
    assert venv.env_is_wrapped(EpisodeGate) == [True, True]
    assert VecNormalize(venv).task_space == SPACE


def test_the_wrapper_renders():
    venv = make_curriculum_vec_env(Counting, Adaptive(), 2, seed=0, env_kwargs={"render_mode": "rgb_array"})
    venv.reset()
    assert venv.render().shape[2] == 3


# --- A natively batched environment ---------------------------------------------------------------


class Batched(VecEnv):
    """`Counting` without noise, for all environments at once."""

    def __init__(self, num_envs):
        self.task_space = SPACE
        self.rows, self.t = np.zeros((num_envs, 2)), np.zeros(num_envs)
        super().__init__(num_envs, gym.spaces.Box(-10.0, 10.0, (3,), np.float32), gym.spaces.Discrete(2))

    def begin(self, indices, tasks):
        self.rows[indices], self.t[indices] = tasks, 0
        for i, row in zip(indices, tasks, strict=True):
            self.reset_infos[i] = {"task": row.copy()}
        return self._observe()[indices]

    def reset(self):
        tasks = np.stack([options["task"] for options in self._options])
        return self.begin(np.arange(self.num_envs), tasks)

    def step_async(self, actions):
        self.t += 1

    def step_wait(self):
        dones = self.t >= self.rows[:, 0]
        rewards = self.rows[:, 1].astype(np.float32)
        infos = [{} for _ in range(self.num_envs)]
        for i in np.flatnonzero(dones):
            infos[i] = {
                "episode": {"r": self.rows[i, 1] * self.t[i], "l": int(self.t[i]), "t": 0.0},
                "is_success": self.rows[i, 1] > 0.5,
                "terminal_observation": self._observe()[i],
                "TimeLimit.truncated": False,
            }
        return self._observe(), rewards, dones, infos

    def _observe(self):
        return np.column_stack([self.rows, self.t]).astype(np.float32)

    def get_attr(self, attr_name, indices=None):
        return [getattr(self, attr_name, None)] * self.num_envs

    def set_attr(self, attr_name, value, indices=None): ...
    def env_method(self, method_name, *args, indices=None, **kwargs): ...
    def env_is_wrapped(self, wrapper_class, indices=None):
        return [False] * self.num_envs

    def close(self): ...


def test_a_natively_batched_environment_needs_no_gates():
    teacher = Adaptive()
    venv = CurriculumVecEnv(Batched(5), teacher)
    venv.reset()
    for _ in range(30):
        observations, _, dones, infos = venv.step(np.zeros(5, int))
        np.testing.assert_allclose(observations[:, :2], venv.current_tasks, rtol=1e-6)
        assert (observations[dones, 2] == 0).all()
        for i in np.flatnonzero(dones):
            np.testing.assert_allclose(infos[i]["task"], infos[i]["terminal_observation"][:2], rtol=1e-6)
    expected(teacher.everything)


def test_the_task_space_of_a_batched_environment_is_not_ambiguous():
    assert VecNormalize(CurriculumVecEnv(Batched(2), Adaptive())).task_space == SPACE


@pytest.mark.parametrize("wrong", [TaskSpace(x=(0.0, 1.0))])
def test_a_batched_environment_with_another_task_space_is_refused(wrong):
    with pytest.raises(ValueError, match="plays tasks of"):
        CurriculumVecEnv(Batched(2), Adaptive(wrong))
