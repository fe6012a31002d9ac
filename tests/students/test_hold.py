"""Teachers whose tasks are held for a rollout."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from small_environments import Walk
from tutelage import Outcomes
from tutelage.students import TeacherCallback, make_student

from .test_students import SMALL, Heard, walks


class Held(Heard):
    """Wants its tasks held for a rollout."""

    hold = "rollout"

    def __init__(self, task_space=Walk.task_space, *, seed=0):
        super().__init__(task_space, seed=seed)
        self.sampled, self.repeated = [], []

    def sample(self, n=1):
        tasks = super().sample(n)
        self.sampled.append(tasks)
        return tasks

    def repeat(self, tasks):
        again = super().repeat(tasks)
        self.repeated.append(again)
        return again


class Scored(Held):
    needs = frozenset({"l1_value_loss", "initial_value"})


class Watch(TeacherCallback):
    """Keeps the tasks, ids and dones of each step of each rollout, and which steps were taken as first ones."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.rollouts, self.starts = [], []

    def _on_rollout_start(self):
        super()._on_rollout_start()
        self.rollouts.append([])
        self._playing = (self.curriculum.current_tasks.copy(), self.curriculum.current_ids.copy())

    def _on_step(self):
        self.rollouts[-1].append((*self._playing, self.locals["dones"].copy()))
        self._playing = (self.curriculum.current_tasks.copy(), self.curriculum.current_ids.copy())
        return super()._on_step()

    def _on_rollout_end(self):
        super()._on_rollout_end()
        if not hasattr(self.model, "rollout_buffer"):
            return
        self.starts.append(self.model.rollout_buffer.episode_starts.copy())


def played(name="ppo", teacher=None, steps=5, n_envs=3, **kwargs):
    teacher = teacher or Held()
    arguments = {**SMALL[name], "n_steps": 40} if name in ("ppo", "recurrent-ppo") else SMALL[name]
    student = make_student(name, walks(teacher, n_envs=n_envs, **kwargs), seed=0, **arguments)
    watch = Watch()
    student.learn(40 * n_envs * steps, callback=watch)
    return teacher, watch, student


@pytest.mark.parametrize("name", ["ppo", "recurrent-ppo"])
@pytest.mark.parametrize("observations", ["box", "dict"])
def test_each_environment_plays_one_task_throughout_a_rollout(name, observations):
    _, watch, _ = played(name, observations=observations)
    for rollout in watch.rollouts:
        tasks = np.array([tasks for tasks, _, _ in rollout])
        np.testing.assert_array_equal(tasks, np.broadcast_to(tasks[0], tasks.shape))


def test_each_rollout_begins_with_a_new_batch_of_tasks_and_none_is_wasted():
    teacher, watch, _ = played(steps=5)
    assert len(teacher.sampled) == len(watch.rollouts) == 5
    for tasks, rollout in zip(teacher.sampled, watch.rollouts, strict=True):
        np.testing.assert_array_equal(rollout[0][0], tasks.values)
        np.testing.assert_array_equal(rollout[0][1], tasks.ids)


def test_a_repeated_task_has_a_new_id():
    teacher, watch, _ = played()
    assert len(teacher.repeated) > 5
    for rollout in watch.rollouts:
        for (_, before, dones), (_, after, _) in pairwise(rollout):
            np.testing.assert_array_equal(before != after, dones)
            assert (after[dones] > before.max()).all()


def test_the_student_knows_that_its_episodes_begin_anew():
    _, watch, _ = played()
    for starts in watch.starts:
        assert starts[0].all()


@pytest.mark.parametrize("kind", [Held, Scored])
def test_the_episode_that_the_rollout_s_end_cuts_off_is_never_reported(kind):
    teacher, watch, _ = played(teacher=kind())
    heard = Outcomes.concatenate(teacher.heard)
    ended = {int(i) for rollout in watch.rollouts for _, ids, dones in rollout for i in ids[dones]}
    assert sorted(heard.ids.tolist()) == sorted(ended)
    assert max(heard.lengths) <= 40


def test_with_signals_the_teacher_hears_of_a_rollout_at_once_and_before_the_next_tasks():
    teacher, watch, _ = played(teacher=Scored())
    assert len(teacher.heard) == len(watch.rollouts)
    for outcomes, rollout in zip(teacher.heard, watch.rollouts, strict=True):
        ended = {int(i) for _, ids, dones in rollout for i in ids[dones]}
        assert set(outcomes.ids.tolist()) == ended
        assert np.isfinite(outcomes.signals["l1_value_loss"]).all()


def test_under_vec_normalize_the_first_observations_are_normalised_too():
    teacher = Held()
    student = make_student("ppo", walks(teacher), seed=0, **SMALL["ppo"], normalize_observations=True)
    watch = Watch()
    student.learn(128, callback=watch)
    assert len(teacher.sampled) == 2
    assert watch.starts[1][0].all()
    assert np.isfinite(student._last_obs).all()


@pytest.mark.parametrize("name", ["sac"])
def test_an_off_policy_student_gets_a_new_task_for_each_episode(name):
    teacher, _, student = played(name, n_envs=2, steps=2)
    assert teacher.repeated == []
    assert student.get_env().hold == "episode"


def test_a_teacher_without_a_wish_gets_episodes():
    teacher, _, student = played(teacher=Heard(Walk.task_space, seed=0))
    assert student.get_env().hold == "episode"
    assert len(teacher.heard) > 5
