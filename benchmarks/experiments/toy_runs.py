"""Runs of simulated students on toy spaces, as the lab plays them."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from ...envs import ARM_FORMS, toy_form
from ..lab.config import LabConfig, takes_expert
from ..lab.pretests import LabPretests
from ..lab.run import LabRun, build_teacher, play_run, runs_of
from ..lab.spaces import lab_space
from .costs import RunCosts
from .handed_out import MOST_DIMS, HandedOut
from .run import given, plain
from .scores import RunScores, these_versions, this_machine
from .task_scores import TaskScores

_PROBED = 2_000


class ToyRuns:
    """A `RunKind`: a teacher and a simulated student, thousands of episodes a second; see `lab_run`.

    Example:
        >>> kind = ToyRuns()
        >>> content = kind.content({"space": "2d-10", "teacher": "random", "episodes": 500}, seed=3)
        >>> kind.budget(content), content["batch"]
        (500, 1)
    """

    unit = "episodes"
    settings = frozenset({"space", "teacher", "teacher_args", "episodes", "batch", "evaluations", "expert"})

    def takes_expert(self, settings: Mapping[str, Any]) -> bool:
        """Tell whether the teacher takes expert knowledge."""
        return takes_expert(str(settings["teacher"]))

    def could_take_expert(self, settings: Mapping[str, Any]) -> bool:
        """Tell the same: toy spaces always say what an expert knows."""
        return self.takes_expert(settings)

    def content(self, settings: Mapping[str, Any], seed: int) -> dict[str, Any]:
        """Return everything that decides a run's numbers.

        Raises:
            RequestError: A setting is of the wrong kind, or names something unknown.
        """
        teacher, space = str(settings["teacher"]), str(settings["space"])
        args = settings.get("teacher_args") or {}
        others = {name: settings[name] for name in ("episodes", "batch", "evaluations", "expert") if name in settings}
        config = LabConfig([teacher], [space], seeds=1, teacher_args={teacher: args}, animate=[], **others)
        run = replace(runs_of(config)[0], seed=seed)
        if not takes_expert(teacher):
            run = replace(run, expert="no")
        # What was not given is left out: a setting that a later version adds makes no other run of it.
        return plain({name: value for name, value in asdict(run).items() if given(value) and value is not False})

    def budget(self, content: Mapping[str, Any]) -> int:
        """Return the episodes."""
        return int(content["episodes"])

    def check(self, content: Mapping[str, Any]) -> None:
        """Build student and teacher.

        Raises:
            RequestError: The teacher cannot teach the space.
        """
        run = LabRun(**content)
        student = lab_space(run.space).make_student(run.seed)
        LabPretests(run, student, build_teacher(run, student))

    def play(self, content: Mapping[str, Any], folder: Path, tell: Callable[[int], None]) -> RunScores:
        """Play the run, from the beginning: it is short."""
        run = LabRun(**content)
        space = lab_space(run.space).make_student(run.seed).task_space
        handed_out = np.empty((run.episodes, min(MOST_DIMS, space.n_dims)))

        def watch(at: int, tasks: Any) -> None:
            handed_out[at : at + len(tasks)] = tasks[:, :MOST_DIMS]

        begun, worked = time.perf_counter(), time.thread_time()
        result = play_run(run, tell, watch)
        seconds, worked = time.perf_counter() - begun, time.thread_time() - worked
        teaching = result["sample_seconds"] + result["update_seconds"]
        scores = TaskScores(
            run.space,
            hashlib.sha256(_description(run.space).encode("utf-8")).hexdigest(),
            "competence of the simulated student",
            f"{lab_space(run.space).unit} mastered (%)",
            [run.space],
            result["points"],
            np.asarray(result["scores"], dtype=np.float64)[:, None],
        )
        costs = RunCosts(seconds, min(1.0, teaching / max(worked, 1e-9)), {"student": run.episodes}, run.episodes)
        history = HandedOut.of(space, handed_out, np.arange(run.episodes), run.episodes)
        made_with, machine = these_versions(), this_machine()
        return RunScores(scores, scores, self.unit, run.episodes, costs, made_with, machine, history)

    def reached(self, folder: Path) -> int:
        """Return 0: a run writes nothing before its end."""
        return 0

    def commands(self, content: Mapping[str, Any], folder: str) -> list[str]:
        """Return nothing: `tutelage lab` plays several seeds."""
        return []

    def probe(self, content: Mapping[str, Any]) -> float:
        """Return the seconds the run takes, from some of its episodes."""
        run = LabRun(**content)
        short = replace(run, episodes=min(_PROBED, run.episodes), evaluations=2)
        play_run(replace(short, episodes=min(100, run.episodes)))  # imports and compiles
        begun = time.perf_counter()
        play_run(short)
        return (time.perf_counter() - begun) * run.episodes / short.episodes


def _description(space: str) -> str:
    """What a space is like, as text: a space that another version of the library has under the same name differs."""
    found = ARM_FORMS[space] if space in ARM_FORMS else toy_form(space)
    return json.dumps(asdict(found.config), sort_keys=True, default=str)
