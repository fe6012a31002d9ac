"""Students learn nothing from tasks that were handed out with ``train=False``."""

from __future__ import annotations

from copy import deepcopy
from itertools import pairwise

import numpy as np
import pytest
import torch
from small_environments import Walk
from stable_baselines3 import PPO
from stable_baselines3.common.buffers import RolloutBuffer
from tutelage.errors import RequestError
from tutelage.students import TeacherCallback, make_student
from tutelage.students.masked_rollout_buffer import MaskedRolloutBuffer, Masking

from .test_students import SMALL, Heard, parameters, walks

STUDENTS = [("ppo", "box"), ("ppo", "dict"), ("a2c", "box"), ("recurrent-ppo", "box"), ("recurrent-ppo", "dict")]
both = pytest.mark.parametrize(("name", "observations"), STUDENTS)


class Withholding(Heard):
    """Withholds tasks as ``rule(id)`` says."""

    def __init__(self, rule, task_space=Walk.task_space):
        super().__init__(task_space, seed=0)
        self.rule, self.withheld = rule, set()

    def _sample(self, n):
        ids = range(self._next_id, self._next_id + n)
        train = np.array([not self.rule(i) for i in ids])
        self.withheld |= {i for i in ids if self.rule(i)}
        return self.task_space.sample(n, self.rng), train


class Switched(Withholding):
    """Withholds all tasks while ``off``."""

    off = True

    def __init__(self):
        super().__init__(lambda i: self.off)


def student_of(name, teacher, observations="box", **kwargs):
    arguments = {**SMALL[name], "n_steps": 16} if name != "a2c" else {"n_steps": 16}
    return make_student(name, walks(teacher, observations=observations), seed=0, **arguments, **kwargs)


def state(student):
    """Everything that training changes."""
    optimizer = student.policy.optimizer.state_dict()
    return deepcopy((parameters(student), optimizer, student._n_updates))


def assert_same(one, two):
    np.testing.assert_array_equal(one[0], two[0])
    assert one[2] == two[2]
    assert one[1]["param_groups"] == two[1]["param_groups"]
    assert one[1]["state"].keys() == two[1]["state"].keys()
    for place, entry in one[1]["state"].items():
        for key, value in entry.items():
            assert torch.equal(torch.as_tensor(value), torch.as_tensor(two[1]["state"][place][key]))


@pytest.fixture
def backward_passes(monkeypatch):
    """How often ``backward`` was called."""
    calls = []
    real = torch.Tensor.backward
    monkeypatch.setattr(torch.Tensor, "backward", lambda *a, **k: (calls.append(1), real(*a, **k))[1])
    return calls


@both
def test_a_rollout_without_a_trainable_step_changes_nothing_and_costs_no_backward_pass(
    name, observations, backward_passes
):
    student = student_of(name, Withholding(lambda i: True), observations)
    before = state(student)
    student.learn(32 * 3, callback=TeacherCallback())
    assert_same(before, state(student))
    assert backward_passes == []
    assert student.num_timesteps == 96


@both
def test_after_a_withheld_rollout_the_student_learns_again(name, observations, backward_passes):
    teacher = Switched()
    student = student_of(name, teacher, observations)
    states = []

    def between(steps):
        states.append((state(student), len(backward_passes)))
        teacher.off = steps // 32 % 2 == 0
        student.env.reset()

    student.learn(32 * 4, callback=TeacherCallback(between_rollouts=[between]))
    changed = [(one[0][0] != two[0][0]).any() for one, two in pairwise(states)]
    passes = [two[1] - one[1] for one, two in pairwise(states)]
    assert changed == [False, True, False, True]
    assert [n > 0 for n in passes] == changed


@both
def test_after_training_some_a_withheld_rollout_leaves_the_optimiser_alone(name, observations):
    teacher = Switched()
    teacher.off = False
    student = student_of(name, teacher, observations)
    student.learn(64, callback=TeacherCallback())
    before = state(student)
    assert before[1]["state"]
    teacher.off = True
    student.learn(64, callback=TeacherCallback())  # begins with a reset
    assert_same(before, state(student))


class Spy(TeacherCallback):
    """Keeps the first number of each observation, by its task's id, and those the student is given to learn from."""

    def __init__(self):
        super().__init__()
        self.seen, self.learned = {}, []

    def _on_step(self):
        observation = self.locals["self"]._last_obs
        observation = observation["state"] if isinstance(observation, dict) else observation
        for task_id, number in zip(self._ids.tolist(), observation[:, 0].tolist(), strict=True):
            self.seen.setdefault(task_id, set()).add(number)
        return super()._on_step()

    def _on_rollout_end(self):
        super()._on_rollout_end()
        buffer = self.model.rollout_buffer
        real = buffer.get

        def get(batch_size=None):
            for samples in real(batch_size):
                observation = samples.observations
                observation = observation["state"] if isinstance(observation, dict) else observation
                kept = samples.mask > 0 if hasattr(samples, "mask") else slice(None)
                self.learned += observation[kept, 0].tolist()
                yield samples

        buffer.get = get
        self.buffers = [*getattr(self, "buffers", []), buffer]


@both
def test_the_student_is_given_the_steps_of_trainable_tasks_only_and_each_of_them(name, observations):
    teacher = Withholding(lambda i: i % 3 == 1)
    student = student_of(name, teacher, observations)
    spy = Spy()
    student.learn(32 * 4, callback=spy)
    trainable = set().union(*(numbers for i, numbers in spy.seen.items() if i not in teacher.withheld))
    withheld = set().union(*(numbers for i, numbers in spy.seen.items() if i in teacher.withheld))
    assert len(withheld) > 10
    assert set(spy.learned) == trainable
    assert isinstance(student.rollout_buffer, Masking)


def test_without_withheld_tasks_a_run_is_the_same_with_and_without_the_callback():
    students = []
    for callback in (None, TeacherCallback()):
        students.append(student_of("ppo", Heard(Walk.task_space, seed=0)))
        students[-1].learn(128, callback=callback)
    assert_same(*map(state, students))
    assert type(students[1].rollout_buffer) is RolloutBuffer


def test_a_masked_buffer_that_withholds_nothing_changes_nothing():
    students = []
    for kwargs in ({}, {"rollout_buffer_class": MaskedRolloutBuffer}):
        students.append(student_of("ppo", Heard(Walk.task_space, seed=0), **kwargs))
        students[-1].learn(128, callback=TeacherCallback())
    assert_same(*map(state, students))
    assert type(students[1].rollout_buffer) is MaskedRolloutBuffer


def test_the_flag_is_that_of_the_task_in_which_the_step_was_taken():
    """The step that ends a withheld episode is withheld although a trainable task is being played after it."""
    teacher = Withholding(lambda i: i < 2)
    spy = Spy()
    student_of("ppo", teacher).learn(32 * 2, callback=spy)
    assert not (spy.seen[0] | spy.seen[1]) & set(spy.learned)


@pytest.mark.parametrize("name", ["sac", "td3"])
@pytest.mark.parametrize("first", [0, 3])
def test_an_off_policy_student_is_refused_when_the_first_such_task_is_handed_out(name, first):
    student = make_student(name, walks(Withholding(lambda i: i >= first)), seed=0, **SMALL[name])
    with pytest.raises(RequestError) as refused:
        student.learn(200, callback=TeacherCallback())
    said = str(refused.value)
    assert "Withholding hands out tasks that the student must not learn from" in said
    assert f"{name.upper()} learns from all it stores; choose an on-policy student" in said
    assert (student.num_timesteps == 0) == (first == 0)


def test_a_rollout_buffer_of_one_s_own_is_refused():
    class Own(RolloutBuffer):
        pass

    student = student_of("ppo", Withholding(lambda i: True), rollout_buffer_class=Own)
    with pytest.raises(RequestError, match=r"and PPO has a Own, which cannot leave steps out"):
        student.learn(64, callback=TeacherCallback())


def test_a_student_saved_after_withholding_is_loaded_with_its_own_buffer(tmp_path):
    student = student_of("ppo", Withholding(lambda i: i % 2 == 0)).learn(64, callback=TeacherCallback())
    student.save(tmp_path / "student.zip")
    loaded = PPO.load(tmp_path / "student.zip", env=walks(), device="cpu")
    assert type(loaded.rollout_buffer) is RolloutBuffer
    np.testing.assert_array_equal(parameters(loaded), parameters(student))
