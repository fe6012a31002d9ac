"""Signals: what a rollout buffer says about each episode, across rollouts."""

from types import SimpleNamespace

import numpy as np
import pytest
from small_environments import Walk
from tutelage import Outcomes, Teacher, make_teacher
from tutelage.errors import RequestError
from tutelage.students import TeacherCallback, make_student
from tutelage.students.episode_signals import EpisodeSignals
from tutelage.students.signals import SIGNALS, Signal, available_signals, wanted_signals

from .test_students import SMALL, Heard, walks


def rollout(ids, **per_step):
    """The ids, dones, advantages and values of a rollout; lists of steps, each a list of environments."""
    columns = {"ids": np.array(ids), "dones": np.zeros(np.shape(ids), bool)}
    return SimpleNamespace(**columns | {name: np.array(column) for name, column in per_step.items()})


def finished(*ids):
    n = len(ids)
    return Outcomes(tasks=np.zeros((n, 1)), ids=ids, returns=np.zeros(n), lengths=np.ones(n))


def test_a_signal_of_the_first_step_is_not_a_mean():
    signals = EpisodeSignals(["initial_value", "l1_value_loss"])
    values, advantages = [[10, 20], [11, 21], [12, 22]], [[1, 2], [-3, 4], [5, 6]]
    signals.add(rollout([[0, 1], [0, 1], [2, 1]], values=values, advantages=advantages))
    columns = signals.complete(finished(1, 0, 2)).signals
    assert columns["initial_value"].tolist() == [20.0, 10.0, 12.0]
    assert columns["l1_value_loss"].tolist() == [4.0, 2.0, 5.0]


def test_the_first_step_of_an_episode_that_crosses_rollouts_is_in_the_first_of_them():
    signals = EpisodeSignals(["l1_value_loss", "initial_value"])
    signals.add(rollout([[5], [5]], advantages=[[1], [1]], values=[[7], [8]]))
    signals.add(rollout([[5], [6]], advantages=[[4], [9]], values=[[9], [3]]))
    columns = signals.complete(finished(5, 6)).signals
    assert columns["initial_value"].tolist() == [7.0, 3.0]
    assert columns["l1_value_loss"].tolist() == [2.0, 9.0]


@pytest.fixture
def steps_as_signals(monkeypatch):
    """Signals that are the numbers 1, 2, 3, … of the steps, merged in each way."""
    for merge in ("mean", "sum", "first", "transition_mean"):
        monkeypatch.setitem(SIGNALS, merge, Signal(lambda rollout: rollout.numbers, merge))
    return EpisodeSignals(["mean", "sum", "first", "transition_mean"])


def test_an_episode_that_crosses_rollouts_is_merged_by_step_count(steps_as_signals):
    steps_as_signals.add(rollout([[0], [0], [0]], numbers=[[1], [2], [3]]))
    steps_as_signals.add(rollout([[0], [1]], numbers=[[10], [4]], dones=[[True], [False]]))
    columns = steps_as_signals.complete(finished(0)).signals
    assert columns["mean"].tolist() == [4.0]
    assert columns["sum"].tolist() == [16.0]
    assert columns["first"].tolist() == [1.0]


def test_a_mean_over_transitions_does_not_count_the_last_step(steps_as_signals):
    steps_as_signals.add(rollout([[0], [0], [0]], numbers=[[1], [2], [3]]))
    steps_as_signals.add(rollout([[0], [1]], numbers=[[0], [0]], dones=[[True], [True]]))
    assert steps_as_signals.complete(finished(0, 1)).signals["transition_mean"].tolist() == [2.0, 0.0]


def test_an_episode_of_which_no_step_was_seen_has_no_signal():
    signals = EpisodeSignals(["initial_value"])
    assert np.isnan(signals.complete(finished(3)).signals["initial_value"]).all()


def test_an_episode_is_forgotten_once_it_is_complete():
    signals = EpisodeSignals(["initial_value"])
    signals.add(rollout([[0]], values=[[7]]))
    signals.complete(finished(0))
    assert np.isnan(signals.complete(finished(0)).signals["initial_value"]).all()


class Valued(Heard):
    needs = frozenset({"initial_value", "positive_value_loss"})


class Watch(TeacherCallback):
    """Keeps the value estimate and the done flag of every step."""

    def __init__(self):
        super().__init__()
        self.values, self.dones = [], []

    def _on_step(self):
        self.dones.append(self.locals["dones"].copy())
        return super()._on_step()

    def _on_rollout_end(self):
        self.values.append(self.model.rollout_buffer.values.copy())
        super()._on_rollout_end()


@pytest.mark.parametrize("name", ["ppo", "recurrent-ppo", "a2c"])
def test_the_initial_value_is_the_student_s_estimate_in_the_first_step(name):
    teacher = Valued(Walk.task_space, seed=0)
    small = {**SMALL[name], "n_steps": 16} if name != "a2c" else {}
    watch = Watch()
    make_student(name, walks(teacher), seed=0, **small).learn(320, callback=watch)
    heard = Outcomes.concatenate(teacher.heard)
    values, dones = np.concatenate(watch.values), np.array(watch.dones)
    begins = np.vstack([np.ones_like(dones[:1]), dones[:-1]])
    expected = [v for env in range(dones.shape[1]) for v in values[begins[:, env].astype(bool), env]]
    assert len(heard) > 10
    for value in heard.signals["initial_value"]:
        assert np.isclose(expected, value, rtol=1e-6).any()
    assert len(np.unique(heard.signals["initial_value"])) > 1


def test_a_teacher_s_own_needs_count_not_those_of_its_class():
    teacher = make_teacher("spdl", Walk.task_space, seed=0, value="initial_value")
    assert isinstance(teacher, Teacher)
    from stable_baselines3 import PPO, SAC

    assert wanted_signals(teacher, PPO) == ["initial_value"]
    with pytest.raises(RequestError, match="SPDL needs 'initial_value', which SAC cannot give"):
        wanted_signals(teacher, SAC)
    assert available_signals(PPO) >= {"initial_value"}


def test_a_teacher_learns_from_the_value_estimates_of_a_student():
    teacher = make_teacher("spdl", Walk.task_space, seed=0, value="initial_value", update_every_episodes=5)
    make_student("ppo", walks(teacher), seed=0, **SMALL["ppo"]).learn(256, callback=TeacherCallback())
    assert teacher.metrics()["updates"] > 0


def test_a_student_that_cannot_leave_tasks_out_is_refused_for_a_teacher_that_withholds_some():
    from stable_baselines3 import DQN, PPO

    teacher = make_teacher("sfl", Walk.task_space, seed=0)
    assert wanted_signals(teacher, PPO) == []
    with pytest.raises(RequestError, match=r"SFL hands out tasks .* \(train=False\), and DQN learns from all"):
        wanted_signals(teacher, DQN)
