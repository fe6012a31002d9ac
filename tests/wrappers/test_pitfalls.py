"""The nineteen pitfalls of a curriculum wrapper; docs/wrappers.md has them as a table."""

import gymnasium as gym
import numpy as np
import pytest
from environments import Adaptive, Continuous, Counting, Recorder, expected
from stable_baselines3 import DQN, PPO, SAC
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, VecFrameStack, VecNormalize
from tutelage.errors import RunError
from tutelage.wrappers import (
    CurriculumVecEnv,
    EpisodeGate,
    make_curriculum_vec_env,
    make_curriculum_vector_env,
)


def make(teacher, n_envs=3, **kwargs):
    kwargs.setdefault("seed", 7)
    return make_curriculum_vec_env(Counting, teacher, n_envs, **kwargs)


def play(venv, steps):
    venv.reset()
    action = np.zeros((venv.num_envs, *venv.action_space.shape), venv.action_space.dtype)
    return [venv.step(action) for _ in range(steps)]


def ppo(env, **kwargs):
    return PPO("MlpPolicy", env, n_steps=16, batch_size=16, n_epochs=1, device="cpu", seed=0, **kwargs)


def shape_rewards(env):
    return gym.wrappers.TransformReward(env, lambda reward: 100.0 * reward + 5.0)


def test_pitfall_01_the_next_task_is_sampled_after_the_last_outcome_is_known():
    teacher = Adaptive()
    play(make(teacher, 1), 30)
    calls = [name for name, _ in teacher.calls]
    assert calls == ["sample"] + ["update", "sample"] * (len(calls) // 2)


def test_pitfall_02_nothing_is_sampled_ahead_of_time():
    teacher = Adaptive()
    venv = make(teacher, 3)
    play(venv, 30)
    assert teacher.metrics()["handed_out"] == len(teacher.everything) + venv.num_envs


def test_pitfall_03_the_task_sampled_last_is_the_one_played_next():
    teacher = Adaptive()
    venv = make(teacher, 1)
    observation = venv.reset()
    for _ in range(30):
        np.testing.assert_allclose(observation[0, :2], teacher.sampled[-1][0], rtol=1e-6)
        observation, _, _, _ = venv.step(np.zeros(1, int))


def test_pitfall_04_the_done_step_carries_the_task_just_played():
    venv = make(Adaptive())
    for observations, _, dones, infos in play(venv, 30):
        for i in np.flatnonzero(dones):
            np.testing.assert_allclose(infos[i]["terminal_observation"][:2], infos[i]["task"], rtol=1e-6)
            assert observations[i, 2] == 0


def test_pitfall_04_the_task_id_belongs_to_that_task():
    teacher = Adaptive()
    for _, _, dones, infos in play(make(teacher), 30):
        for i in np.flatnonzero(dones):
            np.testing.assert_array_equal(infos[i]["task"], teacher.all_sampled[infos[i]["task_id"]])


def test_pitfall_05_the_teacher_sees_returns_before_any_shaping():
    teacher = Adaptive()
    play(make(teacher, wrapper_class=shape_rewards), 30)
    expected(teacher.everything)


def test_pitfall_05_the_teacher_sees_returns_before_vec_normalize():
    teacher = Adaptive()
    play(VecNormalize(make(teacher)), 30)
    expected(teacher.everything)


@pytest.mark.parametrize("wrapper", [VecNormalize, lambda venv: VecFrameStack(venv, 2)])
def test_pitfall_06_a_wrapper_inside_is_refused(wrapper):
    inner = wrapper(DummyVecEnv([lambda: EpisodeGate(Monitor(Counting()))]))
    with pytest.raises(ValueError, match="Put it outside"):
        CurriculumVecEnv(inner, Adaptive())


def test_pitfall_06_frames_stacked_outside_restart_with_the_new_episode():
    for observations, _, dones, _ in play(VecFrameStack(make(Adaptive()), 2), 30):
        assert (observations[dones, :4] == 0).all()
        assert (observations[dones, 6] == 0).all()


def test_pitfall_07_truncation_is_reported_and_its_flags_survive():
    teacher = Adaptive()
    results = play(make(teacher, env_kwargs={"truncate_below": 0.5}), 60)
    outcomes = teacher.everything
    np.testing.assert_array_equal(outcomes.truncated, outcomes.tasks[:, 1] < 0.5)
    for _, _, dones, infos in results:
        for i in np.flatnonzero(dones):
            assert infos[i]["TimeLimit.truncated"] == (infos[i]["task"][1] < 0.5)
            assert infos[i]["terminal_observation"][2] == infos[i]["task"][0]
    expected(outcomes)


def test_pitfall_08_a_second_learn_abandons_the_episodes_under_way():
    teacher = Adaptive()
    model = ppo(make(teacher))
    model.learn(50)
    handed_out, told = teacher.metrics()["handed_out"], len(teacher.everything)
    model.learn(50)
    outcomes = teacher.everything
    abandoned = sorted(set(range(int(handed_out))) - set(outcomes.ids.tolist()))
    assert len(abandoned) == handed_out - told == 3
    expected(outcomes)


def test_pitfall_09_outcomes_of_one_step_come_in_the_order_of_the_environments():
    teacher = Adaptive()
    several = 0
    for _, _, dones, infos in play(make(teacher, 6), 30):
        if dones.any():
            ids = [infos[i]["task_id"] for i in np.flatnonzero(dones)]
            several += len(ids) > 1
            batch = next(o for o in teacher.outcomes if ids[0] in o.ids)
            assert batch.ids.tolist() == ids
    assert several > 3


def test_pitfall_09_tasks_are_handed_out_in_the_order_of_the_environments():
    recorder = Recorder()
    venv = make(Adaptive(), 6)
    venv.add_listener(recorder)
    play(venv, 30)
    batches = [indices for name, *rest in recorder.events if name == "tasks" for indices in rest[1:]]
    assert all(indices == sorted(indices) for indices in batches)


def test_pitfall_09_one_update_and_one_sample_serve_all_environments_that_are_done():
    teacher = Adaptive()
    dones = [done.sum() for _, _, done, _ in play(make(teacher, 6), 30)]
    assert [n for name, n in teacher.calls if name == "update"] == [n for n in dones if n]


def test_pitfall_10_random_warmup_steps_are_flagged():
    teacher = Adaptive()
    teacher.ignore_warmup = False
    venv = make(teacher, 1)
    venv.warmup = True
    venv.reset()
    flags = []
    for step in range(40):
        if step == 10:
            venv.warmup = False
        done = venv.step(np.zeros(1, int))[2][0]
        if done:
            flags.append((step, bool(teacher.outcomes[-1].warmup[0])))
    first_clean = next(step for step, warm in flags if not warm)
    lengths = {step: int(o.lengths[0]) for (step, _), o in zip(flags, teacher.outcomes, strict=True)}
    assert all(warm for step, warm in flags if step < 10)
    assert first_clean - lengths[first_clean] >= 9  # the episode began after the last random step
    assert not any(warm for step, warm in flags if step > first_clean)


@pytest.mark.parametrize("algorithm", [DQN, SAC])
def test_pitfall_10_off_policy_students_learn_under_a_curriculum(algorithm):
    teacher = Adaptive()
    cls = Continuous if algorithm is SAC else Counting
    venv = make_curriculum_vec_env(cls, teacher, 2, seed=0)
    algorithm("MlpPolicy", venv, learning_starts=20, buffer_size=200, device="cpu", seed=0).learn(60)
    expected(teacher.everything)


def test_pitfall_11_deferred_episodes_reach_the_teacher_exactly_once_when_delivered():
    teacher = Adaptive()
    venv = make(teacher)
    venv.deferred = True
    played = sum(dones.sum() for _, _, dones, _ in play(venv, 20))
    assert teacher.outcomes == []
    venv.deliver(venv.take_finished())
    assert len(teacher.everything) == played
    assert len(venv.take_finished()) == 0
    expected(teacher.everything)


def test_pitfall_12_an_evaluation_in_between_leaves_the_teacher_alone():
    from stable_baselines3.common.evaluation import evaluate_policy

    teacher = Adaptive()
    model = ppo(make(teacher))
    evaluation = DummyVecEnv([lambda: EpisodeGate(Monitor(Counting()))])
    model.learn(50)
    before = teacher.metrics()
    evaluate_policy(model, evaluation, 5)
    assert teacher.metrics() == before
    model.learn(50, reset_num_timesteps=False)
    expected(teacher.everything)


def test_pitfall_12_a_gate_without_a_teacher_resets_as_ever():
    venv = DummyVecEnv([lambda: EpisodeGate(Monitor(Counting()))])
    play(venv, 30)
    assert venv.get_attr("resets")[0] > 3


def test_pitfall_13_seed_and_task_arrive_in_one_reset():
    teacher = Adaptive()
    venv = make(teacher)
    observations = venv.reset()
    assert venv.get_attr("resets") == [1, 1, 1]
    np.testing.assert_allclose(observations[:, :2], teacher.sampled[0], rtol=1e-6)
    assert all(isinstance(seeds[0], int) for seeds in venv.get_attr("seeds"))


def test_pitfall_14_the_same_seed_gives_the_same_run():
    runs = [np.stack([result[0] for result in play(make(Adaptive(), seed=3), 30)]) for _ in range(2)]
    np.testing.assert_array_equal(*runs)


def test_pitfall_14_environments_and_seeds_differ():
    first, other = make(Adaptive(), seed=3).reset()[:, 3], make(Adaptive(), seed=4).reset()[:, 3]
    assert len({*first.tolist(), *other.tolist()}) == 6


def test_pitfall_15_a_task_that_changes_the_observation_space_is_an_error():
    venv = make(Adaptive(), env_kwargs={"crash": "space"})
    with pytest.raises(RunError, match="changed the observation space"):
        play(venv, 10)


@pytest.mark.parametrize("kind", ["dict", "discrete"])
def test_pitfall_16_dict_and_discrete_observations_are_written_in_place(kind):
    teacher = Adaptive()
    for observations, _, dones, _ in play(make(teacher, env_kwargs={"obs": kind}), 30):
        for i in np.flatnonzero(dones):
            if kind == "dict":
                assert observations["t"][i, 0] == 0
                assert observations["state"][i, 2] == 0
            else:
                assert observations[i] % 10 == 0
    expected(teacher.everything)


def test_pitfall_16_a_student_learns_from_dict_observations():
    teacher = Adaptive()
    env = make(teacher, env_kwargs={"obs": "dict"})
    PPO("MultiInputPolicy", env, n_steps=16, batch_size=16, n_epochs=1, device="cpu", seed=0).learn(100)
    expected(teacher.everything)


def test_pitfall_18_normalised_rewards_do_not_reach_the_teacher_but_the_student():
    teacher = Adaptive()
    venv = VecNormalize(make(teacher), norm_reward=True)
    ppo(venv).learn(100)
    expected(teacher.everything)


def test_pitfall_19_a_nan_reward_names_the_environment_and_the_task_and_spares_the_teacher():
    teacher = Adaptive()
    venv = make(teacher, 1, env_kwargs={"crash": "nan reward"})
    venv.reset()
    venv.step([0])
    with pytest.raises(RunError, match=r"Environment 0 returned a reward of nan on task \{steps: "):
        venv.step([0])
    assert teacher.outcomes == []


# --- The same sequence everywhere (pitfalls 9, 14, 17) --------------------------------------------


@pytest.fixture(scope="module")
def sequences():
    """Tasks and outcomes of the same run on the four kinds of vector environment."""
    found = {}
    for name in ("dummy", "subproc"):
        teacher = Adaptive(seed=5)  # refuses to be pickled
        venv = make(teacher, 2, vec_env_cls=name)
        results = play(venv, 40)
        found[name] = (teacher.all_sampled, teacher.everything, np.stack([r[0] for r in results]))
        venv.close()
    for name in ("sync", "async"):
        teacher = Adaptive(seed=5)
        envs = make_curriculum_vector_env(Counting, teacher, 2, name, seed=7)
        envs.reset()
        seen = [envs.step(np.zeros(2, int))[0] for _ in range(40)]
        found[name] = (teacher.all_sampled, teacher.everything, np.stack(seen))
        envs.close()
    return found


@pytest.mark.parametrize("kind", ["subproc", "sync", "async"])
def test_pitfall_14_the_sequence_of_tasks_is_the_same_on_every_vector_environment(sequences, kind):
    np.testing.assert_array_equal(sequences["dummy"][0], sequences[kind][0])


@pytest.mark.parametrize("kind", ["subproc", "sync", "async"])
def test_pitfall_14_the_observations_are_the_same_on_every_vector_environment(sequences, kind):
    np.testing.assert_array_equal(sequences["dummy"][2], sequences[kind][2])


@pytest.mark.parametrize("kind", ["dummy", "subproc", "sync", "async"])
def test_pitfall_17_every_outcome_is_right_though_the_teacher_never_leaves_the_parent(sequences, kind):
    expected(sequences[kind][1])


# --- Faithful to DummyVecEnv ----------------------------------------------------------------------


def test_a_dummy_vec_env_gives_what_it_gives_without_a_teacher():
    """The wrapper steps a DummyVecEnv itself; everything but the tasks must be as if it did not."""
    plain = DummyVecEnv([lambda: Monitor(Counting(truncate_below=0.5))] * 2)
    teacher = Adaptive()
    wrapped = make(teacher, 2, env_kwargs={"truncate_below": 0.5})
    for venv in (plain, wrapped):
        venv.seed(1)
        venv.reset()
    for _ in range(20):
        a, b = plain.step(np.zeros(2, int)), wrapped.step(np.zeros(2, int))
        for x, y in zip(a[:3], b[:3], strict=True):
            assert (type(x), x.dtype, x.shape) == (type(y), y.dtype, y.shape)
        for i in range(2):
            if a[2][i] and b[2][i]:
                assert set(a[3][i]) | {"task", "task_id"} == set(b[3][i])
            elif not a[2][i] and not b[2][i]:
                assert set(a[3][i]) == set(b[3][i])
