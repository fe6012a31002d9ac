"""A student that goes on from a checkpoint ends as one that was never interrupted: signals, masks and all."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from small_environments import Walk
from tutelage import Outcomes
from tutelage.checkpoints import CheckpointStore
from tutelage.errors import RunError
from tutelage.state import load_state
from tutelage.students import TeacherCallback, make_student
from tutelage.students.building import prepare, student_class
from tutelage.students.checkpointing import begin_episodes, load_student
from tutelage.students.signals import SIGNALS
from tutelage.students.teacher_callback import TEACHER_FILE, TRANSITION_MODEL_FILE

from .test_students import SMALL, Heard, parameters, walks

SIZE = {"n_steps": 32, "batch_size": 16, "n_epochs": 2}
ROLLOUT = 64


class Demanding(Heard):
    """Needs all signals, holds its tasks for a rollout, and withholds some of them; remembers the scores."""

    needs = frozenset(SIGNALS)
    hold = "rollout"

    def _sample(self, n):
        train = self.rng.random(n) < 0.5
        train[:] = train[0] if self.rng.random() < 0.3 else train  # sometimes all or none
        return self.task_space.sample(n, self.rng), train

    def _set_state(self, state):
        pass


class Episodic(Demanding):
    hold = "episode"


def learn(student, steps, store):
    callback = TeacherCallback(checkpoints=store, checkpoint_every=2 * ROLLOUT, seed=7)
    student.learn(steps, callback=callback, reset_num_timesteps=False)


@pytest.mark.parametrize("kind", [Demanding, Episodic])
@pytest.mark.parametrize("name", ["ppo", "recurrent-ppo"])
def test_a_run_that_is_resumed_ends_as_one_that_was_not_interrupted(tmp_path, name, kind):
    whole, resumed = kind(Walk.task_space, seed=1), kind(Walk.task_space, seed=2)
    store = CheckpointStore(tmp_path / "whole", keep=9)
    student = make_student(name, walks(whole, observations="dict"), seed=0, **{**SMALL[name], **SIZE})
    begin_episodes(student, seed=7)
    learn(student, 6 * ROLLOUT, store)

    for left in [path for path in store.folder.iterdir() if int(path.name[5:]) > 2 * ROLLOUT]:
        shutil.rmtree(left)
    checkpoint = store.latest()
    assert checkpoint.step == 2 * ROLLOUT
    resumed.load_state_dict(load_state(checkpoint.path / TEACHER_FILE))
    env = prepare(walks(resumed, observations="dict"), False)
    again = load_student(student_class(name), checkpoint.path, env)
    begin_episodes(again, seed=7)
    learn(again, 4 * ROLLOUT, store)

    np.testing.assert_array_equal(parameters(again), parameters(student))
    assert again._n_updates == student._n_updates > 0
    one, two = Outcomes.concatenate(whole.heard), Outcomes.concatenate(resumed.heard)
    one = one[len(one) - len(two) :]
    assert len(two) > 5
    np.testing.assert_array_equal(one.ids, two.ids)
    np.testing.assert_array_equal(one.tasks, two.tasks)
    for signal in SIGNALS:
        np.testing.assert_array_equal(one.signals[signal], two.signals[signal])


def test_a_checkpoint_without_the_transition_model_is_named(tmp_path):
    store = CheckpointStore(tmp_path)
    student = make_student("ppo", walks(), seed=0, **SIZE)
    learn(student, ROLLOUT, store)
    env = walks(Demanding(Walk.task_space, seed=0))
    again = load_student(student_class("ppo"), store.latest().path, env)
    with pytest.raises(RunError, match=r"transition_model\.npz does not exist"):
        learn(again, ROLLOUT, store)


def test_a_transition_model_of_other_observations_is_refused(tmp_path):
    teacher = Demanding(Walk.task_space, seed=0)
    store = CheckpointStore(tmp_path)
    learn(make_student("ppo", walks(teacher, observations="dict"), seed=0, **SIZE), ROLLOUT, store)
    assert (store.latest().path / TRANSITION_MODEL_FILE).is_file()
    student = make_student("ppo", walks(Demanding(Walk.task_space, seed=0)), seed=0, **SIZE)
    student.num_timesteps = ROLLOUT
    with pytest.raises(RunError, match=r"transition_model\.npz does not fit this run"):
        learn(student, ROLLOUT, store)
