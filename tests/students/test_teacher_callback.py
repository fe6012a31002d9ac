"""The callback that ties a student to its teacher: signals, checkpoints, logs."""

from __future__ import annotations

import numpy as np
import pytest
from small_environments import Walk
from stable_baselines3.common.logger import KVWriter, Logger
from tutelage import Outcomes
from tutelage.checkpoints import CheckpointStore
from tutelage.errors import RequestError
from tutelage.students import TeacherCallback, make_student
from tutelage.students.teacher_callback import StopTraining
from tutelage.wrappers import make_curriculum_vec_env

from .test_students import SMALL, Heard, walks


class Scored(Heard):
    """Needs scores from the student."""

    needs = frozenset({"positive_value_loss", "l1_value_loss"})


class Curious(Heard):
    """Needs what nobody gives."""

    needs = frozenset({"regret"})


class Watch(TeacherCallback):
    """Keeps the raw advantages of every rollout, and which episode each step belongs to, counted from the dones."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.advantages, self.dones = [], []

    def _on_step(self):
        self.dones.append(self.locals["dones"].copy())
        return super()._on_step()

    def _on_rollout_end(self):
        self.advantages.append(self.model.rollout_buffer.advantages.copy())
        super()._on_rollout_end()


def episodes(watch):
    """The advantages of each finished episode, per environment in order, from scratch."""
    advantages, dones = np.concatenate(watch.advantages), np.array(watch.dones)
    found = []
    for env in range(dones.shape[1]):
        ends = np.flatnonzero(dones[:, env]) + 1
        found.append(np.split(advantages[:, env], ends)[: len(ends)])
    return found


@pytest.mark.parametrize("name", ["ppo", "recurrent-ppo", "a2c"])
def test_each_finished_episode_comes_once_with_its_signals_also_across_rollouts(name):
    teacher = Scored(Walk.task_space, seed=0)
    small = {**SMALL[name], "n_steps": 16} if name != "a2c" else {}
    env = make_curriculum_vec_env(Walk, teacher, n_envs=3, seed=0)
    given = {}
    env.add_listener(Envs(given))
    watch = Watch()
    make_student(name, env, seed=0, **small).learn(480, callback=watch)
    heard = Outcomes.concatenate(teacher.heard)
    assert len(set(heard.ids.tolist())) == len(heard) > 20
    by_env = [heard[[given[i] == env for i in heard.ids.tolist()]] for env in range(3)]
    expected = episodes(watch)
    assert [len(outcomes) for outcomes in by_env] == [len(one) for one in expected]
    for outcomes, scores in zip(by_env, expected, strict=True):
        assert outcomes.lengths.tolist() == [len(score) for score in scores]
        positive = [np.maximum(score.astype(np.float64), 0.0).mean() for score in scores]
        absolute = [np.abs(score.astype(np.float64)).mean() for score in scores]
        np.testing.assert_allclose(outcomes.signals["positive_value_loss"], positive, rtol=1e-12)
        np.testing.assert_allclose(outcomes.signals["l1_value_loss"], absolute, rtol=1e-12)


class Envs:
    """Remembers in which environment each task is played."""

    def __init__(self, given):
        self.given = given

    def on_tasks(self, tasks, env_indices):
        self.given.update(zip(tasks.ids.tolist(), env_indices.tolist(), strict=True))

    def on_outcomes(self, outcomes):
        pass


def test_episodes_abandoned_at_a_checkpoint_are_never_reported(tmp_path):
    teacher = Scored(Walk.task_space, seed=0)
    callback = TeacherCallback(checkpoints=CheckpointStore(tmp_path), checkpoint_every=64)
    make_student("ppo", walks(teacher), seed=0, **SMALL["ppo"]).learn(512, callback=callback)
    heard = Outcomes.concatenate(teacher.heard)
    assert len(set(heard.ids.tolist())) == len(heard)
    assert heard.lengths.sum() < 512
    assert np.isfinite(heard.signals["positive_value_loss"]).all()


@pytest.mark.parametrize("name", ["sac", "td3"])
def test_a_student_that_cannot_give_a_signal_is_refused_before_it_acts(name):
    teacher = Scored(Walk.task_space, seed=0)
    env = walks(teacher)
    student = make_student(name, env, **SMALL[name])
    with pytest.raises(RequestError) as refused:
        student.learn(64, callback=TeacherCallback())
    assert f"Scored needs 'l1_value_loss' and 'positive_value_loss', which {name.upper()} cannot give" in str(
        refused.value
    )
    assert student.num_timesteps == 0


def test_a_signal_that_nobody_gives_is_refused_for_on_policy_students_too():
    student = make_student("ppo", walks(Curious(Walk.task_space)), **SMALL["ppo"])
    with pytest.raises(RequestError, match="Curious needs 'regret', which PPO cannot give"):
        student.learn(64, callback=TeacherCallback())


def test_an_environment_without_a_curriculum_is_refused():
    student = make_student("ppo", Walk(), **SMALL["ppo"])
    with pytest.raises(RequestError, match="found no CurriculumVecEnv"):
        student.learn(64, callback=TeacherCallback())


def test_a_teacher_that_needs_returns_only_hears_of_an_episode_when_it_ends():
    teacher = Heard(Walk.task_space, seed=0)
    heard_before_the_rollout_ended = []

    class Look(TeacherCallback):
        def _on_rollout_end(self):
            heard_before_the_rollout_ended.append(len(teacher.heard))
            super()._on_rollout_end()

    make_student("ppo", walks(teacher), seed=0, **SMALL["ppo"]).learn(64, callback=Look())
    assert heard_before_the_rollout_ended[0] > 0


# --- Logs ------------------------------------------------------------------------------------------------------------


class Rows(KVWriter):
    def __init__(self):
        self.rows = []

    def write(self, key_values, key_excluded, step=0):
        self.rows.append(dict(key_values))

    def close(self):
        pass


@pytest.mark.parametrize("name", ["ppo", "sac"])
def test_every_row_of_the_log_has_the_teacher_s_metrics(name):
    rows = Rows()
    student = make_student(name, walks(), seed=0, **SMALL[name])
    student.set_logger(Logger(None, [rows]))
    student.learn(256, callback=TeacherCallback())
    assert rows.rows
    assert all(row["teacher/outcomes"] <= row["teacher/handed_out"] for row in rows.rows)


def test_an_off_policy_student_asks_for_metrics_once_an_episode_at_most():
    class Costly(Heard):
        asked = 0

        def metrics(self):
            Costly.asked += 1
            return {}

    teacher = Costly(Walk.task_space, seed=0)
    make_student("sac", walks(teacher), seed=0, **SMALL["sac"]).learn(256, callback=TeacherCallback())
    assert Costly.asked <= len(Outcomes.concatenate(teacher.heard))


# --- Checkpoints -----------------------------------------------------------------------------------------------------


def test_checkpoints_are_taken_between_rollouts_and_at_the_end(tmp_path):
    store = CheckpointStore(tmp_path, keep=10)
    callback = TeacherCallback(checkpoints=store, checkpoint_every=100)
    make_student("ppo", walks(), seed=0, **SMALL["ppo"]).learn(320, callback=callback)
    assert sorted(int(path.name[5:]) for path in tmp_path.iterdir()) == [128, 256, 320]


def test_functions_between_rollouts_know_the_number_of_steps():
    seen = []
    callback = TeacherCallback(between_rollouts=[seen.append])
    make_student("ppo", walks(), seed=0, **SMALL["ppo"]).learn(128, callback=callback)
    assert seen == [0, 64, 128]


def test_a_stop_request_is_granted_between_rollouts_after_saving(tmp_path):
    store = CheckpointStore(tmp_path)
    callback = TeacherCallback(checkpoints=store)
    student = make_student("ppo", walks(), seed=0, **SMALL["ppo"])
    callback.between_rollouts.append(lambda steps: setattr(callback, "stop_requested", steps >= 128))
    with pytest.raises(StopTraining):
        student.learn(10_000, callback=callback)
    assert store.latest().step == student.num_timesteps == 128


def test_a_checkpoint_interval_below_one_step_is_refused():
    with pytest.raises(ValueError, match="at least 1 step"):
        TeacherCallback(checkpoint_every=0)
