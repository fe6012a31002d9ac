"""The flags of each command, as dataclasses; their docstrings are the help texts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from tyro.conf import FlagCreatePairsOff, Positional, UseAppendAction


@dataclass
class Train:
    """Train a Stable-Baselines3 student on an environment whose tasks a teacher chooses.

    Any flag can also come from a YAML file (--config); a run directory's config.yaml repeats that run.
    """

    env: Positional[str] = ""
    """A Gymnasium id, or the short name of an environment of ours, e.g. StumpTracks."""
    teacher: str = "alp-gmm"
    """Who chooses the tasks; see `tutelage list teachers`."""
    student: str = "ppo"
    """Who learns; see `tutelage list students`."""
    steps: float = 1e6
    """Environment steps of the whole run, e.g. 3e6."""
    n_envs: int = 8
    """Parallel environments."""
    seed: int = 0
    """Seed of teacher, environments and student."""
    task: UseAppendAction[list[str]] = field(default_factory=list)
    """A dimension of the task space, an attribute of the environment: NAME=LOW:HIGH (continuous), NAME=LOW..HIGH
    (integers) or NAME=A,B,C (categories). Repeat it for more."""
    env_arg: UseAppendAction[list[str]] = field(default_factory=list)
    """An argument of gymnasium.make, NAME=VALUE, e.g. body=short. Repeat it for more."""
    teacher_arg: UseAppendAction[list[str]] = field(default_factory=list)
    """A hyperparameter of the teacher, NAME=VALUE, e.g. fit_rate=150. Repeat it for more."""
    student_arg: UseAppendAction[list[str]] = field(default_factory=list)
    """An argument of the student's algorithm, NAME=VALUE, e.g. learning_rate=1e-3. Repeat it for more."""
    preset: str | None = None
    """Preset of the student; see `tutelage list students --verbose`."""
    vec_env: str = "dummy"
    """dummy (all environments in this process) or subproc (one worker process for each)."""
    device: str = "cpu"
    """Where torch computes."""
    torch_threads: int = 1
    """Threads of torch; small networks run fastest on one."""
    test_set: str | None = None
    """A frozen test set; by default the environment's own, or 50 tasks drawn with a fixed seed."""
    eval_every: float = 250_000
    """Environment steps between two evaluations."""
    eval_episodes: int = 1
    """Episodes for each test task."""
    success_above: float | None = None
    """Return above which an episode is a success, where the environment does not tell."""
    checkpoint_every: float = 100_000
    """Environment steps between two checkpoints; all episodes begin anew there."""
    out: Path | None = None
    """The run directory; by default runs/<env>__<teacher>__<student>__<seed>__<time>."""
    quiet: Annotated[bool, FlagCreatePairsOff] = False
    """Show nothing but errors."""


@dataclass
class Evaluate:
    """Score the student of a run on a test set: return, success and share of mastered tasks.

    The checkpoint holds pickled objects of Stable-Baselines3: evaluate runs of people you trust only.
    """

    run: Positional[Path]
    """The run directory."""
    test_set: str | None = None
    """A frozen test set; by default the one of the run."""
    episodes: int = 1
    """Episodes for each test task."""
    seed: int = 0
    """Seed of the episodes."""
    out: Path | None = None
    """Folder for the table (CSV) and the numbers (JSON); by default evaluation/ in the run directory."""
    summary_only: Annotated[bool, FlagCreatePairsOff] = False
    """Print the totals without the table of tasks."""


@dataclass
class Resume:
    """Go on with an interrupted run from its latest checkpoint.

    The checkpoint holds pickled objects of Stable-Baselines3: resume runs of people you trust only.
    """

    run: Positional[Path]
    """The run directory."""
    quiet: Annotated[bool, FlagCreatePairsOff] = False
    """Show nothing but errors."""


@dataclass
class Report:
    """Draw the pictures of a run, as PNG files, a GIF and one HTML page in its folder plots/."""

    run: Positional[Path]
    """The run directory."""
    gif: bool = True
    """Record the student on an easy, a middle and a hard task."""


@dataclass
class List:
    """Show what there is: teachers, environments (with their task spaces), students and test sets."""

    kind: Positional[str] = "all"
    """teachers, envs, students, test-sets or all."""
    verbose: Annotated[bool, FlagCreatePairsOff] = False
    """Show more of each."""
