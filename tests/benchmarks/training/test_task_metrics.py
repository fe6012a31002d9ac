"""What a training run logs of its tasks and of its evaluations."""

from __future__ import annotations

import csv

import numpy as np
import pytest
from stable_baselines3 import PPO
from tutelage import TaskSpace, Teacher, make_teacher
from tutelage.benchmarks import TrainConfig, train
from tutelage.benchmarks.training.curriculum_metrics import evaluation_metrics, task_metrics
from tutelage.benchmarks.training.evaluation_log import EvaluationLog
from tutelage.benchmarks.training.task_metrics import TaskMetrics
from tutelage.envs import GameableLadder
from tutelage.students import TeacherCallback
from tutelage.task_log import TaskLog
from tutelage.wrappers import CurriculumVecEnv

LOGGED = ("entropy", "cells", "effective_ratio", "effective_ratio_expected", "share_at_0_or_1")
STUDENT = {"n_steps": 32, "batch_size": 64, "n_epochs": 1}


def rows(folder):
    with open(folder / "progress.csv", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "chain"
    config = TrainConfig(
        "Chain",
        "random",
        steps=1_536,
        n_envs=8,
        env_args={"most_links": 3},
        student_args=STUDENT,
        eval_every=512,
        eval_episodes=3,
        checkpoint_every=512,
    )
    return folder, train(config, folder, quiet=True)


def test_every_row_says_what_was_handed_out(run):
    for row in rows(run[0]):
        assert all(row[f"tasks/{name}"] for name in LOGGED)
        assert float(row["tasks/cells"]) == 3.0


def test_the_last_row_is_that_of_the_task_log(run):
    folder, _ = run
    log = TaskLog.load(folder / "tasks.npz")
    wanted = task_metrics(TaskSpace(links=range(1, 4)), log.tasks[-1_000:], log.success[-1_000:])
    last = rows(folder)[-1]
    assert int(last["time/total_timesteps"]) == 1_536
    assert {name: float(last[f"tasks/{name}"]) for name in LOGGED} == pytest.approx(wanted)


def test_evaluations_are_logged_in_the_row_that_follows(run):
    folder, summary = run
    log = EvaluationLog.load(folder / "evaluations.npz")
    logged = [row for row in rows(folder) if row.get("test/success")]
    assert len(logged) >= 2
    first = evaluation_metrics(log.success[:1])
    assert {name: float(logged[0][f"test/{name}"]) for name in first} == pytest.approx(first)
    final = evaluation_metrics(log.success)
    assert summary["all_variants"] == final["all_variants"]
    assert summary["forgetting_aware"] == final["forgetting_aware"]


def test_an_environment_that_tells_of_no_success_has_no_such_numbers(tmp_path):
    config = TrainConfig(
        "CartPole-v1", "random", task=["length=0.2:2.0"], steps=512, n_envs=2, student_args=STUDENT, eval_every=256
    )
    summary = train(config, tmp_path / "run", quiet=True)
    assert "all_variants" not in summary
    names = {name for row in rows(tmp_path / "run") for name, value in row.items() if value}
    assert {"tasks/entropy", "tasks/cells"} <= names
    assert not any(name.startswith(("test/", "tasks/effective")) for name in names)


def test_an_off_policy_student_logs_them_when_an_episode_ends(tmp_path):
    config = TrainConfig(
        "Chain",
        "random",
        "dqn",
        steps=300,
        n_envs=2,
        vec_env="dummy",
        student_args={"learning_starts": 50},
        eval_every=10_000,
    )
    train(config, tmp_path / "run", quiet=True)
    assert all(row["tasks/entropy"] for row in rows(tmp_path / "run"))


class LastStage(Teacher):
    def _sample(self, n):
        return np.full((n, 1), self.task_space.high[0])

    def _update(self, outcomes):
        pass


def test_what_an_environment_wants_logged_is_the_mean_over_the_episodes_of_a_row():
    venv = CurriculumVecEnv(GameableLadder.vec_env(8, seed=0), LastStage(GameableLadder().task_space, seed=0))
    log, seen, recorded = TaskLog(1), [], []
    venv.add_listener(log)
    student = PPO("MlpPolicy", venv, n_steps=64, batch_size=64, n_epochs=1, seed=0, device="cpu")

    class Watch(TaskMetrics):
        def _on_step(self):
            seen.extend(info["hacked"] for info in self.locals["infos"] if "hacked" in info)
            return super()._on_step()

        def _on_rollout_end(self):
            super()._on_rollout_end()
            recorded.append(dict(self.logger.name_to_value))

    student.learn(512, callback=[TeacherCallback(), Watch(venv.task_space, log)], log_interval=None)
    assert seen
    assert recorded[-1]["tasks/hacked"] == pytest.approx(np.mean(seen))
    assert recorded[-1]["tasks/entropy"] == 0.0


def test_nothing_is_asked_of_an_environment_that_wants_nothing_logged():
    from tutelage.envs import NParity

    venv = NParity.vec_env(4, seed=0)
    teacher = make_teacher("random", venv.task_space, seed=0)
    student = PPO("MlpPolicy", CurriculumVecEnv(venv, teacher), n_steps=32, batch_size=64, device="cpu")
    metrics = TaskMetrics(venv.task_space, TaskLog(1))
    student.learn(128, callback=[TeacherCallback(), metrics])
    assert metrics._wanted == ()
