"""Meta-ACL on a toy space: two labs, that of the classroom and that of the new students."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...envs import ToyStudent
from ...errors import RunError
from ...teachers.meta.classroom import Classroom
from ..lab.config import LabConfig
from ..lab.folder import LabFolder
from ..lab.lab import run_lab
from ..lab.pretests import kind_of
from ..lab.run import LabRun, runs_of
from ..lab.spaces import lab_space
from .cell import MetaCell
from .results import MetaResults
from .settings import MetaSettings

_COMMON = ("episodes", "batch", "evaluations")


@dataclass(frozen=True)
class MetaToy:
    """What to compare on a toy space.

    Attributes:
        space: Its name.
        settings: The students and the conditions.

    Example:
        >>> plain = {"title": "Small", "space": "2d-10", "common": {"episodes": 400},
        ...          "classroom": {"students": 3, "pretests": [100]}, "students": 2,
        ...          "conditions": {"AGAIN-R": {"teacher": "again"}, "Random": {"teacher": "random"}}}
        >>> former, students = MetaToy.from_mapping(plain).labs(Path("labs"))
        >>> former.classroom, students.teachers
        ('labs/classroom', ['again@AGAIN-R', 'random@Random'])
    """

    space: str
    settings: MetaSettings

    @classmethod
    def from_mapping(cls, plain: Any) -> MetaToy:
        """Read the contents of a file with a ``space``.

        Raises:
            RequestError: An unknown or missing name, or a wrong value.
        """
        settings = MetaSettings.from_mapping(plain, own=("space",), common=_COMMON)
        made = cls(str(plain["space"]), settings)
        made.labs(Path())
        return made

    def labs(self, folder: Path) -> tuple[LabConfig, LabConfig]:
        """Return the lab of the classroom, and that of the new students.

        Args:
            folder: Where both are.
        """
        settings, room = self.settings, str(folder / "classroom")
        common = {"animate": [], "expert": "no", **settings.common}
        former = LabConfig(
            [settings.teacher],
            [self.space],
            seeds=len(settings.former_seeds),
            first_seed=settings.former_seeds[0],
            classroom=room,
            pretests=settings.pretests,
            teacher_args={settings.teacher: settings.teacher_args} if settings.teacher_args else {},
            **common,
        )
        labels = {f"{teacher}@{label}": label for label, (teacher, _) in settings.conditions.items()}
        args = {name: settings.args_of(label, room) for name, label in labels.items()}
        students = LabConfig(
            list(labels),
            [self.space],
            seeds=len(settings.seeds),
            first_seed=settings.seeds[0],
            teacher_args={name: given for name, given in args.items() if given},
            **common,
        )
        return former, students

    def play(self, folder: Path, jobs: int, quiet: bool) -> MetaResults:
        """Play what has not been played, and return what came out; new students and conditions may be added.

        Args:
            folder: Where the labs are.
            jobs: Runs at a time.
            quiet: Show nothing.

        Raises:
            RequestError: A lab of other settings.
            RunError: Runs failed, or a file is damaged.
        """
        former, students = self.labs(folder)
        run_lab(former, folder / "former", jobs=jobs, quiet=quiet)
        run_lab(students, folder / "students", jobs=jobs, quiet=quiet, extend=True)
        return self._collect(LabFolder(folder / "students"), students, Classroom(folder / "classroom"))

    def _collect(self, lab: LabFolder, config: LabConfig, room: Classroom) -> MetaResults:
        groups: dict[str, list[tuple[LabRun, dict[str, Any]]]] = {}
        for run in runs_of(config):
            result = lab.load(run)
            if result is None:
                raise RunError(f"{run} of {lab.path} has not ended.")
            groups.setdefault(run.teacher.partition("@")[2], []).append((run, result))
        remembered = dict(zip(room.names, room.kinds, strict=True))
        kinds = {seed: dict(kind_of(ToyStudent(self.space, seed))) for seed in config.all_seeds}
        anywhere = "rotation" not in next(iter(kinds.values()))
        return MetaResults(
            np.asarray(next(iter(groups.values()))[0][1]["points"]),
            {label: _cell(members, remembered) for label, members in groups.items()},
            kinds,
            room.description.pretests[-1],
            room.summaries()["score"],
            room.kinds,
            near=tuple(next(iter(kinds.values()))) if anywhere else (),
            about=self._about(config, room),
            settings=self.settings.lines(),
        )

    def _about(self, config: LabConfig, room: Classroom) -> str:
        batch = "one outcome at a time" if config.batch == 1 else f"{config.batch} tasks at a time"
        amounts = " and ".join(f"{at:,}" for at in room.description.pretests)
        return (
            f"`{self.space}`: {lab_space(self.space).text}; {config.episodes_of(self.space):,} episodes, {batch}. "
            f"Students of the classroom were tested after {amounts} episodes."
        )


def _cell(members: list[tuple[LabRun, dict[str, Any]]], remembered: Mapping[str, Mapping[str, Any]]) -> MetaCell:
    runs, results = zip(*members, strict=True)
    seconds = np.array([result["sample_seconds"] + result["update_seconds"] for result in results])
    metrics = [result["metrics"] for result in results if "metrics" in result]
    experts = [result.get("expert") for result in results]
    steps = [each["expert_step"][-1] / max(each["expert_steps"][-1], 1.0) for each in metrics]
    return MetaCell(
        np.array([run.seed for run in runs]),
        np.array([result["scores"] for result in results], dtype=np.float64),
        experts,
        [None if name is None else remembered.get(name) for name in experts],
        np.array([each["expert_share"] for each in metrics]) if metrics else None,
        np.array(steps) if metrics else None,
        1e6 * seconds / np.array([run.episodes for run in runs]),
    )
