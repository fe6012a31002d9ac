"""Runs of Stable-Baselines3 students, as ``tutelage train`` plays them, tested at their end."""

from __future__ import annotations

import json
import math
import re
import shlex
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import RequestError, RunError, unknown_name
from ...run_directory import RunDirectory
from ...task_log import TaskLog
from ...teachers.expert_knowledge import LEVELS, ExpertKnowledge
from ..environments import resolve_environment
from ..lab.config import takes_expert
from ..pretest_settings import amounts_text
from ..training.config import TrainConfig
from ..training.teacher_clock import TeacherClock
from .costs import RunCosts
from .handed_out import HandedOut
from .run import given, plain
from .scores import RunScores, these_versions, this_machine
from .task_scores import TaskScores

_MOST_DIMS = 12
_POLL_SECONDS = 1.0
_NO_DEFAULTS = ("task", "success_above", "classroom", "rugged", "forget_every")
"""What a run has only if it was asked for; other settings are filled in where they were not given."""

_LOGGED = 0.9
"""A log that ends before this share of the steps says nothing about the time they took."""


class TrainingRuns:
    """A `RunKind`: a run directory of ``tutelage train``, and an evaluation on a suite of mazes where one is named.

    Example:
        >>> kind = TrainingRuns()
        >>> content = kind.content({"env": "Maze", "teacher": "plr", "steps": 1000, "suite": "fixed-8"}, seed=3)
        >>> kind.commands(content, "runs/plr-3")
        ['tutelage train Maze --teacher plr --steps 1000 --seed 3 --out runs/plr-3', \
'tutelage evaluate runs/plr-3 --suite fixed-8']
    """

    unit = "environment steps"
    settings = frozenset({*(f.name for f in fields(TrainConfig)), "suite", "expert", "knowledge"}) - {"seed"}

    def takes_expert(self, settings: Mapping[str, Any]) -> bool:
        """Tell whether the teacher takes expert knowledge, and there is some."""
        return bool(settings.get("knowledge")) and self.could_take_expert(settings)

    def could_take_expert(self, settings: Mapping[str, Any]) -> bool:
        """Tell whether the teacher takes expert knowledge, and is not given its own."""
        return "expert" not in (settings.get("teacher_args") or {}) and takes_expert(str(settings["teacher"]))

    def content(self, settings: Mapping[str, Any], seed: int) -> dict[str, Any]:
        """Return everything that decides a run's numbers.

        Raises:
            RequestError: A setting is unknown or of the wrong kind.
        """
        own = dict(settings)
        suite, level, knowledge = own.pop("suite", None), own.pop("expert", "low"), own.pop("knowledge", None)
        level = "no" if level is False else level  # YAML reads a bare no as false
        if level not in LEVELS:
            raise RequestError(unknown_name("expert", level, LEVELS))
        config = TrainConfig.from_mapping({**own, "seed": seed})
        if self.takes_expert(settings):
            known = _knowledge(knowledge, level)
            config.teacher_args = {**config.teacher_args, **({"expert": known} if known else {})}
        if config.vec_env == "subproc":
            raise RequestError("vec_env: a run of an experiment has one core; choose native, dummy or auto.")
        if suite is not None:
            _check_suite(suite)
        # What was not given is left out: a setting that a later version adds makes no other run of it.
        content, unused = {**asdict(config), "suite": suite}, () if config.rugged else ("rugged",)
        return plain({name: value for name, value in content.items() if given(value) and name not in unused})

    def budget(self, content: Mapping[str, Any]) -> int:
        """Return the environment steps."""
        return int(content["steps"])

    def check(self, content: Mapping[str, Any]) -> None:
        """Build the environment, the teacher and what a student needs.

        Raises:
            RequestError: Something does not exist or does not fit.
            RunError: The environment fails.
        """
        from ..training.parts import RunParts

        config = _config(content)
        parts = RunParts(config, quiet=True)
        parts.pretest_plan()  # raises where the teacher's classroom does not fit
        if "suite" in content and not parts.config.env.startswith("tutelage/Maze"):
            raise RequestError(f"suite: {content['suite']} is one of mazes, and {config.env} is none.")

    def play(self, content: Mapping[str, Any], folder: Path, tell: Callable[[int], None]) -> RunScores:
        """Train, or go on training where the latest checkpoint was taken, and test the student.

        Raises:
            RequestError: The folder holds another run.
            RunError: The run failed, or a file of it is damaged; what was saved is intact.
        """
        from ..training.training import resume, train

        config, begun = _config(content), time.perf_counter()
        seconds, clock = math.nan, TeacherClock()
        with _told(folder, tell):
            if (folder / "config.yaml").exists():
                _check_same(content, config, folder)
                if not RunDirectory.open(folder).read_summary():
                    with clock:
                        resume(folder, quiet=True)
            else:
                with clock:
                    train(config, folder, quiet=True)
                seconds = time.perf_counter() - begun
        tell(config.steps)
        return self._scores(content, folder, seconds, clock.share)

    def _scores(self, content: Mapping[str, Any], folder: Path, seconds: float, share: float) -> RunScores:
        from ..training.saved_run import SavedRun
        from .suite_scores import evaluate_on_suite

        run = RunDirectory.open(folder)
        summary = run.read_summary()
        test = on_the_way = _evaluations(folder)
        if on_the_way.points[-1] != summary["steps"]:
            raise RunError(
                f"{run.evaluations_file} is damaged: it ends after {on_the_way.points[-1]:,} steps, the run after "
                f"{summary['steps']:,}. Restore it from a copy, or delete {folder} and play the run anew."
            )
        if "suite" in content:
            test = evaluate_on_suite(folder, str(content["suite"]))
        steps = dict(summary.get("steps_of_all") or {"student": summary["steps"]})
        steps.pop("total", None)
        log, budget = TaskLog.load(run.tasks_file), self.budget(content)
        seconds = _seconds_in_log(run, summary["steps"]) if math.isnan(seconds) else seconds
        costs = RunCosts(seconds, share, steps, len(log))
        versions = {str(k): str(v) for k, v in dict(run.config.get("versions") or these_versions()).items()}
        space = SavedRun.open(folder).space
        history = HandedOut.of(space, log.tasks, log.steps, budget) if space.n_dims <= _MOST_DIMS else None
        return RunScores(test, on_the_way, self.unit, budget, costs, versions, this_machine(), history)

    def reached(self, folder: Path) -> int:
        """Return the steps in the run's log."""
        return steps_in_log(folder)

    def commands(self, content: Mapping[str, Any], folder: str) -> list[str]:
        """Return the ``tutelage train`` that makes the run, and the ``tutelage evaluate`` that tests it."""
        found = [train_command(_config(content), folder)]
        if "suite" in content:
            found.append(f"tutelage evaluate {shlex.quote(folder)} --suite {content['suite']}")
        return found

    def probe(self, content: Mapping[str, Any]) -> float:
        """Return the seconds the training takes, from two of its rollouts."""
        from .training_probe import seconds_per_step

        config = _config(content)
        return seconds_per_step(config) * config.steps


def train_command(config: TrainConfig, folder: str) -> str:
    """Return the ``tutelage train`` that makes a run.

    Example:
        >>> train_command(TrainConfig("Maze", "plr", steps=1000, teacher_args={"buffer_size": 64}), "runs/plr-0")
        'tutelage train Maze --teacher plr --steps 1000 --teacher-arg buffer_size=64 --seed 0 --out runs/plr-0'
    """
    words = ["tutelage", "train", shlex.quote(config.env)]
    for field in fields(TrainConfig):
        value = getattr(config, field.name)
        default = type(value)() if isinstance(value, (dict, list)) else field.default
        if field.name in ("env", "seed") or (value == default and field.name != "teacher"):
            continue
        flag = f"--{field.name.replace('_', '-')}"
        if isinstance(value, dict):
            for key, each in value.items():
                words += [flag.removesuffix("s"), shlex.quote(f"{key}={json.dumps(each)}")]
        elif field.name == "pretests":
            words += [flag, str(amounts_text(value))]
        elif isinstance(value, list):
            for each in value:
                words += [flag, shlex.quote(str(each))]
        elif value is True and field.default is False:
            words.append(flag)
        else:
            words += [flag, shlex.quote(str(value))]
    return " ".join([*words, "--seed", str(config.seed), "--out", shlex.quote(folder)])


def _config(content: Mapping[str, Any]) -> TrainConfig:
    return TrainConfig.from_mapping({name: value for name, value in content.items() if name != "suite"})


def _knowledge(knowledge: Any, level: str) -> dict[str, Any]:
    """The part of the knowledge that a level allows, as plain data."""
    if not isinstance(knowledge, Mapping):
        raise RequestError(f"knowledge: expected the parts of an ExpertKnowledge by name, got {knowledge!r}.")
    known = [f.name for f in fields(ExpertKnowledge)]
    for name in knowledge:
        if name not in known:
            raise RequestError(f"knowledge: {unknown_name('part', name, known)}")
    allowed = ExpertKnowledge(**knowledge).at_level(level)
    return {name: value for name, value in vars(allowed).items() if value is not None}


def _check_suite(suite: Any) -> None:
    from ...envs.maze_suites import list_maze_suites

    if suite not in list_maze_suites():
        raise RequestError(unknown_name("suite of mazes", suite, list_maze_suites()))


def _check_same(content: Mapping[str, Any], config: TrainConfig, folder: Path) -> None:
    """Refuse a folder in which somebody else has trained something else."""
    saved, wanted = RunDirectory.open(folder).config, {**asdict(config), "env": resolve_environment(config.env)}
    for name, here in wanted.items():
        there = saved.get(name)
        if isinstance(here, dict):  # defaults may have been added
            there = {key: (there or {}).get(key) for key in here}
        filled_in = name not in (*content, *_NO_DEFAULTS) or (name, here) == ("vec_env", "auto")
        if there != here and not filled_in:
            raise RequestError(
                f"{folder} holds a run with another {name}, or its config.yaml is damaged: move the folder away, or "
                "choose another --out."
            )


def _seconds_in_log(run: RunDirectory, steps: int) -> float:
    """The seconds of all sessions of a run, as its log has them; NaN where that is cut short."""
    from ..comparison_page import training_minutes

    logged = steps_in_log(run.path) >= _LOGGED * steps
    return 60.0 * training_minutes(run.path) if logged else math.nan


def _evaluations(folder: Path) -> TaskScores:
    """Read the evaluations during training: success rates, or mean returns where success is unknown."""
    from ..evaluate_run import test_set_hash
    from ..training.evaluation_log import EvaluationLog
    from ..training.saved_run import SavedRun

    saved = SavedRun.open(folder)
    file = saved.run.evaluations_file
    log = EvaluationLog.load(file)
    if not len(log):
        raise RunError(f"{file} holds no evaluation.")
    success = np.array([each.mean(axis=1) for each in log.success])
    known = bool(np.isfinite(success).all())
    scores = 100.0 * success if known else np.array([each.mean(axis=1) for each in log.returns])
    episodes = log.success[-1].shape[1]
    policy = "stochastic" if saved.config.eval_deterministic is False else "most likely"
    few = saved.space.n_dims <= _MOST_DIMS and log.tasks.shape[1] == saved.space.n_dims
    return TaskScores(
        log.test_set,
        test_set_hash(log.test_set, log.tasks),
        f"{episodes} episode{'s' * (episodes > 1)} a task, {policy} actions",
        "solved (%)" if known else "return",
        _task_names(log.test_set, len(log.tasks)),
        np.array(log.steps, dtype=np.int64),
        scores,
        log.tasks if few else np.empty((0, 0)),
        list(saved.space.names) if few else [],
    )


def _task_names(test_set: str, n: int) -> list[str]:
    from ...envs import list_test_sets, load_test_set

    labels = list(load_test_set(test_set).labels) if test_set in list_test_sets() else []
    return labels if len(labels) == n else [f"task {i}" for i in range(n)]


@contextmanager
def _told(folder: Path, tell: Callable[[int], None]) -> Iterator[None]:
    """Tell how far a training run is, as its log says, from a thread."""
    done = threading.Event()

    def poll() -> None:
        while not done.wait(_POLL_SECONDS):
            tell(steps_in_log(folder))

    thread = threading.Thread(target=poll, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def steps_in_log(folder: Path) -> int:
    """Return the steps in the last complete row of a run's ``progress.csv``; 0 where there is none yet."""
    from ..training.progress_table import STEP

    try:
        lines = RunDirectory(folder).progress_file.read_text(encoding="utf-8").splitlines(keepends=True)
    except (OSError, UnicodeDecodeError):
        return 0
    whole = [line.rstrip("\n") for line in lines if line.endswith("\n")]
    if len(whole) < 2 or STEP not in (names := whole[0].split(",")):
        return 0
    cells = whole[-1].split(",")
    at = names.index(STEP)
    return int(cells[at]) if len(cells) == len(names) and re.fullmatch(r"\d+", cells[at]) else 0
