"""What goes wrong is said in one sentence, and before the teacher or the student sees it."""

import gymnasium as gym
import numpy as np
import pytest
from environments import SPACE, Adaptive, Counting, Untrustworthy
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv
from tutelage import TaskSpace
from tutelage.errors import RunError
from tutelage.wrappers import (
    CurriculumEnv,
    CurriculumVecEnv,
    CurriculumVectorEnv,
    EnvironmentTraceback,
    EpisodeGate,
    make_curriculum_vec_env,
    make_curriculum_vector_env,
)

ZEROS = np.zeros(2, int)


def gated():
    return EpisodeGate(Monitor(Counting()))


def play(venv):
    """Step until something goes wrong."""
    venv.reset()
    for _ in range(10):
        venv.step(ZEROS)


def crashing(crash, kind="dummy"):
    teacher = Adaptive()
    if kind in ("dummy", "subproc"):
        venv = make_curriculum_vec_env(Counting, teacher, 2, vec_env_cls=kind, env_kwargs={"crash": crash}, seed=0)
    else:
        venv = make_curriculum_vector_env(Counting, teacher, 2, kind, env_kwargs={"crash": crash}, seed=0)
    return venv, teacher


@pytest.mark.parametrize("kind", ["dummy", "sync"])
@pytest.mark.parametrize(
    ("crash", "message"),
    [
        ("step", r"Environment \d failed in step\(\) on task \{steps: .*\}: ZeroDivisionError: step went wrong$"),
        ("reset", r"Environment \d failed in reset\(\) on task \{steps: .*\}: ValueError: reset went wrong$"),
        ("nan reward", r"Environment \d returned a reward of nan on task \{steps: .*\}; expected a finite number"),
        ("nan obs", r"Environment \d returned an observation that is NaN or infinite on task \{steps: .*\}: array"),
        ("inf first obs", r"Environment \d returned a first observation that is NaN or infinite on task \{steps: "),
        ("space", r"Environment \d failed in reset\(\) on task .* changed the observation space from Box"),
    ],
)
def test_what_goes_wrong_is_said_in_one_sentence(kind, crash, message):
    venv, _ = crashing(crash, kind)
    with pytest.raises(RunError, match=message):
        play(venv)


@pytest.mark.parametrize("crash", ["nan reward", "nan obs", "step"])
def test_the_teacher_hears_nothing_of_it(crash):
    venv, teacher = crashing(crash)
    with pytest.raises(RunError):
        play(venv)
    seen = np.concatenate([o.lengths for o in teacher.outcomes]) if teacher.outcomes else np.zeros(0)
    assert (seen < 2).all()


@pytest.fixture(scope="module")
def failed_worker():
    """A failure in a worker process, and whether its siblings lived on."""
    venv, _ = crashing("step", "subproc")
    with pytest.raises(RunError) as caught:
        play(venv)
    alive = [process.is_alive() for process in venv.venv.processes]
    venv.close()
    return caught.value, alive


def test_an_error_in_a_worker_reads_like_one_here(failed_worker):
    error, _ = failed_worker
    assert str(error).startswith("Environment 0 failed in step() on task {steps: ")
    assert str(error).endswith("}: ZeroDivisionError: step went wrong")


def test_the_traceback_of_the_worker_is_the_cause(failed_worker):
    error, _ = failed_worker
    assert isinstance(error.__cause__, EnvironmentTraceback)
    assert "environments.py" in error.__cause__.text


def test_an_error_in_a_worker_leaves_the_workers_alive(failed_worker):
    assert failed_worker[1] == [True, True]


@pytest.mark.parametrize("kind", ["subproc", "async"])
def test_a_dead_worker_is_named_with_its_exit_code(kind):
    venv, _ = crashing("exit", kind)
    with pytest.raises(RunError, match=r"process of environment \d died \(exit code 3\) on task \{steps: "):
        play(venv)
    venv.close()


def test_an_error_in_an_async_worker_reads_the_same():
    venv, _ = crashing("reset", "async")
    with pytest.raises(RunError, match=r"Environment \d failed in reset\(\) on task .*: ValueError: reset went"):
        play(venv)
    venv.close()


@pytest.mark.parametrize("cls", [DummyVecEnv, SubprocVecEnv])
def test_a_missing_gate_is_refused_with_the_cure(cls):
    venv = cls([lambda: Monitor(Counting())])
    with pytest.raises(ValueError, match=r"Environment 0 carries no EpisodeGate.*make_curriculum_vec_env"):
        CurriculumVecEnv(venv, Adaptive())
    venv.close()


def test_a_gate_that_is_not_outermost_is_refused():
    with pytest.raises(ValueError, match=r"outermost wrapper of environment 0 is Monitor.*EpisodeGate\(Monitor"):
        CurriculumVecEnv(DummyVecEnv([lambda: Monitor(EpisodeGate(Counting()))]), Adaptive())


@pytest.mark.parametrize("cls", [DummyVecEnv, SubprocVecEnv])
def test_a_missing_task_space_is_refused_with_the_cure(cls):
    venv = cls([lambda: EpisodeGate(Untrustworthy())])
    with pytest.raises(ValueError, match=r"has no task_space.*TaskAttributes"):
        CurriculumVecEnv(venv, Adaptive())
    venv.close()


def test_another_task_space_is_refused():
    with pytest.raises(ValueError, match=r"Environment 0 plays tasks of TaskSpace\(steps"):
        CurriculumVecEnv(DummyVecEnv([gated]), Adaptive(TaskSpace(x=(0.0, 1.0))))


def test_a_single_environment_is_sent_to_its_own_wrapper():
    with pytest.raises(TypeError, match="Use CurriculumEnv"):
        CurriculumVecEnv(gated(), Adaptive())


def test_a_gymnasium_vector_environment_is_sent_to_its_own_wrapper():
    with pytest.raises(TypeError, match="Use CurriculumVectorEnv"):
        CurriculumVecEnv(SyncVectorEnv([gated]), Adaptive())


def test_the_name_of_a_teacher_is_not_a_teacher():
    with pytest.raises(TypeError, match=r"make_teacher\('alp-gmm'"):
        CurriculumVecEnv(DummyVecEnv([gated]), "alp-gmm")


@pytest.mark.parametrize("mode", [AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP])
def test_another_autoreset_mode_is_refused_with_the_cure(mode):
    with pytest.raises(ValueError, match=r"Build it with autoreset_mode=AutoresetMode\.DISABLED"):
        CurriculumVectorEnv(SyncVectorEnv([gated], autoreset_mode=mode), Adaptive())


def test_a_vector_environment_without_gates_is_refused():
    envs = SyncVectorEnv([Counting], autoreset_mode=AutoresetMode.DISABLED)
    with pytest.raises(ValueError, match="carries no EpisodeGate"):
        CurriculumVectorEnv(envs, Adaptive())


def test_a_vector_wrapper_inside_is_refused():
    envs = gym.wrappers.vector.RecordEpisodeStatistics(SyncVectorEnv([gated], autoreset_mode=AutoresetMode.DISABLED))
    with pytest.raises(ValueError, match=r"RecordEpisodeStatistics\(CurriculumVectorEnv"):
        CurriculumVectorEnv(envs, Adaptive())


def test_a_single_environment_without_a_task_space_is_refused():
    with pytest.raises(ValueError, match="has no task_space"):
        CurriculumEnv(Untrustworthy(), Adaptive())


def test_a_nan_reward_of_a_single_environment_is_refused():
    env = CurriculumEnv(Counting(crash="nan reward"), Adaptive())
    env.reset()
    env.step(0)
    with pytest.raises(RunError, match=r"a reward of nan on task \{steps: "):
        env.step(0)


def test_options_with_a_task_are_refused_for_the_teacher_chooses():
    venv = CurriculumVecEnv(DummyVecEnv([gated]), Adaptive())
    with pytest.raises(ValueError, match="The teacher chooses the task"):
        venv.set_options({"task": [2, 0.5]})


def test_no_environment_at_all_is_refused():
    with pytest.raises(ValueError, match="at least 1 environment, got n_envs=0"):
        make_curriculum_vec_env(Counting, Adaptive(), 0)


def test_an_unknown_vec_env_class_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'subproc'"):
        make_curriculum_vec_env(Counting, Adaptive(), 1, vec_env_cls="subprocess")


def test_a_listener_that_cannot_listen_is_refused():
    venv = CurriculumVecEnv(DummyVecEnv([gated]), Adaptive(SPACE))
    with pytest.raises(TypeError, match="lacks on_tasks and on_outcomes"):
        venv.add_listener(object())
