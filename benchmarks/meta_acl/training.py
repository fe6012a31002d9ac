"""Meta-ACL with students that are trained: a grid of training runs, of which each seed is another student."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from ...errors import RequestError, RunError
from ...run_directory import RunDirectory
from ...state import write_text
from ...teachers.meta.classroom import Classroom
from ..environments import EnvironmentMaker, resolve_environment
from ..report_data import read_progress
from ..training.config import TrainConfig
from ..training.evaluation_log import EvaluationLog
from ..training.pretests import kind_of
from ..training.saved_run import SavedRun
from ..training.training import resume, train
from ..workers import work
from .cell import MetaCell
from .results import MetaResults
from .settings import MetaSettings

_OURS = ("env", "seed", "teacher", "teacher_args", "classroom", "pretests")
_COMMON = tuple(each.name for each in fields(TrainConfig) if each.name not in _OURS)
_STEPS, _SHARE = "time/total_timesteps", "teacher/expert_share"


@dataclass(frozen=True)
class MetaTraining:
    """What to compare in an environment.

    In ``env_args``, ``{seed}`` stands for the seed of a run, so that each is another student.

    Attributes:
        env: The environment.
        settings: The students and the conditions.

    Example:
        >>> plain = {"title": "Walkers", "env": "StumpTracks", "common": {"env_args": {"body": "random({seed})"}},
        ...          "classroom": {"students": 12}, "students": 4,
        ...          "conditions": {"AGAIN-R": {"teacher": "again"}, "ALP-GMM": {"teacher": "alp-gmm"}}}
        >>> MetaTraining.from_mapping(plain).config("ALP-GMM", 3, Path("runs")).env_args
        {'body': 'random(3)'}
    """

    env: str
    settings: MetaSettings

    @classmethod
    def from_mapping(cls, plain: Any) -> MetaTraining:
        """Read the contents of a file with an ``env``.

        Raises:
            RequestError: An unknown or missing name, or a wrong value.
        """
        settings = MetaSettings.from_mapping(plain, own=("env",), common=_COMMON)
        made = cls(str(plain["env"]), settings)
        for label in (None, *settings.conditions):
            made.config(label, 0, Path("runs"))
        return made

    def config(self, label: str | None, seed: int, folder: Path) -> TrainConfig:
        """Return the settings of a run.

        Args:
            label: Its condition; None for a student of the classroom.
            seed: Its seed.
            folder: That of the comparison.
        """
        settings, room = self.settings, str(folder / "classroom")
        if label is None:
            own: dict[str, Any] = {"teacher": settings.teacher, "teacher_args": settings.teacher_args}
            own |= {"classroom": room, "pretests": settings.pretests}
        else:
            own = {"teacher": settings.conditions[label][0], "teacher_args": settings.args_of(label, room)}
        env_args = {
            name: value.replace("{seed}", str(seed)) if isinstance(value, str) else value
            for name, value in (settings.common.get("env_args") or {}).items()
        }
        return TrainConfig(**{**settings.common, "env": self.env, "env_args": env_args, "seed": seed, **own})

    def play(self, folder: Path, jobs: int, quiet: bool) -> MetaResults:
        """Play what has not been played, and return what came out.

        Args:
            folder: Where the runs are.
            jobs: Runs at a time.
            quiet: Show nothing.

        Raises:
            RequestError: The folder has runs of other settings.
            RunError: Runs failed, or a file is damaged.
        """
        self._keep(folder)
        former: list[tuple[str | None, int]] = [(None, seed) for seed in self.settings.former_seeds]
        self._train(folder, former, jobs)
        self._train(folder, [(label, seed) for seed in self.settings.seeds for label in self.settings.conditions], jobs)
        return self._collect(folder, Classroom(folder / "classroom"))

    def _keep(self, folder: Path) -> None:
        """Write down what the folder has runs of, or refuse something else; new students and conditions may be added.

        Not former ones: those that have been taught already had their experts among the others.
        """
        file, former = folder / "comparison.yaml", self.settings.former_seeds
        plain = {label: asdict(self.config(label, 0, folder)) for label in self.settings.conditions}
        plain[""] = {**asdict(self.config(None, 0, folder)), "seeds": [former[0], former[-1]]}
        if file.exists():
            try:
                kept = dict(yaml.safe_load(file.read_text(encoding="utf-8")))
            except (yaml.YAMLError, TypeError, ValueError) as error:
                raise RunError(f"{file} is damaged: {error}") from error
            for label, settings in kept.items():
                if plain.get(label, settings) != settings:
                    raise RequestError(
                        f"{folder} has runs of {label or 'the classroom'} with other settings, see {file}: choose "
                        "another folder, or another label."
                    )
            plain = {**kept, **plain}
        folder.mkdir(parents=True, exist_ok=True)
        write_text(file, yaml.safe_dump(plain, sort_keys=False))

    def _train(self, folder: Path, runs: list[tuple[str | None, int]], jobs: int) -> None:
        todo = [(str(_folder(folder, *run)), asdict(self.config(*run, folder))) for run in runs]
        failed = {n: what for n, kind, what in work(todo, play_run, min(jobs, len(todo))) if kind == "failed"}
        if failed:
            first = min(failed)
            raise RunError(
                f"{len(failed)} of {len(todo)} runs failed, the first being {todo[first][0]}: {failed[first]} "
                "The same command plays them again."
            )

    def _collect(self, folder: Path, room: Classroom) -> MetaResults:
        settings, pretests = self.settings, room.description.pretests
        remembered = dict(zip(room.names, room.kinds, strict=True))
        first = self.config(None, settings.former_seeds[0], folder)
        every, last = first.eval_every, first.steps
        points = np.unique([*range(every, last, every), last])
        cells = {}
        for label in settings.conditions:
            folders = [_folder(folder, label, seed) for seed in settings.seeds]
            cells[label] = _cell(folders, list(settings.seeds), points, remembered)
        kinds = {seed: _kind(self.config(None, seed, folder)) for seed in settings.seeds}
        bodies = all("body" in kind for kind in kinds.values())
        return MetaResults(
            points,
            cells,
            kinds,
            pretests[-1],
            room.summaries()["score"],
            room.kinds,
            same=("body",) if bodies else (),
            near=("legs",) if bodies and all("legs" in kind for kind in kinds.values()) else (),
            units="test tasks",
            steps="environment steps",
            about=(
                f"`{self.env}`: {last:,} environment steps of `{first.student}`, tested on {room.description.test_set} "
                f"every {every:,}. Students of the classroom were tested after "
                f"{' and '.join(f'{at:,}' for at in pretests)} steps."
            ),
            settings=settings.lines(),
        )


def play_run(job: tuple[str, dict[str, Any]], tell: Callable[[int], None]) -> None:
    """Train a student, or go on with one that has begun.

    Args:
        job: The run directory and the settings.
        tell: Is called with the number of steps at the end.
    """
    folder, plain = job
    config = TrainConfig.from_mapping(plain)
    if RunDirectory(folder).config_file.exists():
        resume(folder, quiet=True)
    else:
        train(config, folder, quiet=True)
    tell(config.steps)


def _folder(folder: Path, label: str | None, seed: int) -> Path:
    return folder / (f"former-{seed}" if label is None else f"{label.replace(' ', '_')}-{seed}")


def _kind(config: TrainConfig) -> dict[str, Any]:
    env = EnvironmentMaker(resolve_environment(config.env), config.env_args, tuple(config.task))()
    try:
        return dict(kind_of(env, config.env_args, config.student))
    finally:
        env.close()


def _cell(folders: list[Path], seeds: list[int], points: Any, remembered: Mapping[str, Mapping[str, Any]]) -> MetaCell:
    scores, experts, shares, ends = [], [], [], []
    for folder in folders:
        saved = SavedRun.open(folder)
        log = EvaluationLog.load(saved.run.evaluations_file)
        at = np.minimum(np.searchsorted(log.steps, points), len(log) - 1)  # the first evaluation that is late enough
        scores.append(log.mastered[at])
        if np.isnan(scores[-1]).any():
            raise RunError(f"{folder} does not tell which test tasks were mastered: give common a success_above.")
        checkpoint = saved.checkpoint()
        teacher = None if checkpoint is None else saved.load_teacher(checkpoint)
        experts.append(getattr(teacher, "expert", None))
        rows = [row for row in read_progress(saved.run.progress_file) if row.get(_SHARE) not in (None, "")]
        if rows:
            steps = np.array([float(row[_STEPS]) for row in rows])
            shown = np.minimum(np.searchsorted(steps, points), len(rows) - 1)
            shares.append(np.array([float(row[_SHARE]) for row in rows])[shown])
            last = rows[-1]
            ends.append(float(last["teacher/expert_step"]) / max(float(last["teacher/expert_steps"]), 1.0))
    return MetaCell(
        np.array(seeds),
        np.array(scores, dtype=np.float64),
        experts,
        [None if name is None else remembered.get(name) for name in experts],
        np.array(shares) if shares else None,
        np.array(ends) if ends else None,
    )
