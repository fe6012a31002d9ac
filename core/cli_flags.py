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
    n_envs: int | None = None
    """Parallel environments; by default 256 where they are batched natively, else 8."""
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
    vec_env: str = "auto"
    """native (all environments as one batch, where there is such a thing), dummy (one after the other in this process),
    subproc (one worker process for each) or auto (native or else dummy)."""
    device: str = "cpu"
    """Where torch computes."""
    torch_threads: int = 1
    """Threads of torch; small networks run fastest on one."""
    test_set: str | None = None
    """A frozen test set; by default the environment's own, or 50 tasks drawn with a fixed seed."""
    eval_every: float = 250_000
    """Environment steps between two evaluations."""
    eval_episodes: int | None = None
    """Episodes for each test task; by default 10 on mazes, else 1."""
    eval_deterministic: bool | None = None
    """Whether the student takes its most likely action when it is tested; by default not on mazes."""
    success_above: float | None = None
    """Return above which an episode is a success, where the environment does not tell."""
    checkpoint_every: float = 250_000
    """Environment steps between two checkpoints; all episodes begin anew there."""
    rugged: Annotated[bool, FlagCreatePairsOff] = False
    """Cut each continuous dimension of the task space into four intervals, and shuffle them with the seed."""
    forget_every: float | None = None
    """Environment steps after which the student forgets: new weights, an empty replay buffer, again and again."""
    classroom: Path | None = None
    """Add the student to this classroom when the run has ended; a new one is made."""
    pretests: str | None = None
    """After how many steps the student is tested for the classroom, e.g. 500000,1000000; by default as the others there
    were, or after 5 % and 10 % of the run."""
    out: Path | None = None
    """The run directory; by default runs/<env>__<teacher>__<student>__<seed>__<time>."""
    quiet: Annotated[bool, FlagCreatePairsOff] = False
    """Show nothing but errors."""


@dataclass
class Evaluate:
    """Score the student of a run on a test set (return, success, share of mastered tasks) or on a suite of mazes.

    The checkpoint holds pickled objects of Stable-Baselines3: evaluate runs of people you trust only.
    """

    run: Positional[Path]
    """The run directory."""
    test_set: str | None = None
    """A frozen test set; by default the one of the run."""
    suite: str | None = None
    """Mazes the student has not seen, for runs on mazes: zero-shot-12, fixed-8, perfect; or cvar, the win rate on the
    hardest of 10,000 random mazes."""
    episodes: int | None = None
    """Episodes for each test task, by default 1; for each maze of a suite, by default 100; for each level of cvar and
    each of its two runs, by default 10."""
    stochastic: Annotated[bool, FlagCreatePairsOff] = False
    """Let the student draw its actions from its policy; the default on a suite."""
    deterministic: Annotated[bool, FlagCreatePairsOff] = False
    """Let the student take its most likely action; the default on a test set."""
    time_limit: int | None = None
    """Steps of an episode on the mazes of 13 x 13 cells of a suite: 250 (the default) or 450."""
    antagonist: Annotated[bool, FlagCreatePairsOff] = False
    """Score the second student of a run with two (PAIRED and the like); its files are named antagonist-..."""
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
class Benchmark:
    """Play an experiment: teachers × environments × students × seeds, and write a report that says who is better.

    What has ended is not played again; what was interrupted goes on. The same command may be given at any time.
    """

    experiment: Positional[str] = ""
    """A YAML file, a ready-made experiment (quickstart, toy, stump-tracks, maze-12, again-toy, tma, tma-laptop or
    tma-toy), or the folder of one that goes on."""
    out: Path | None = None
    """The folder; by default runs/benchmarks/<name of the experiment>."""
    jobs: int | None = None
    """Runs at a time, one core each; by default as many as there are cores."""
    engine: str = "local"
    """Where: local (processes on this machine), ray (a Ray cluster), or print (print a command for each run, for an
    array of jobs, and play nothing)."""
    dry_run: Annotated[bool, FlagCreatePairsOff] = False
    """Print each run's own commands and an estimate from a short probe, and play nothing."""
    retry_failed: Annotated[bool, FlagCreatePairsOff] = False
    """Play runs again that have failed."""
    run: str | None = None
    """Play this run alone, by its name or the digits at its end; others may be played elsewhere meanwhile."""
    quiet: Annotated[bool, FlagCreatePairsOff] = False
    """Show nothing but errors and the results."""


@dataclass
class Report:
    """Draw the pictures of a run, as PNG files, a GIF and one HTML page in its folder plots/.

    For folders of benchmarks: tables, pictures and one page in report/; those of several are put together.
    """

    run: Positional[list[Path]]
    """The run directory, or the folders of benchmarks."""
    gif: bool = True
    """Record the student of a run on an easy, a middle and a hard task."""
    out: Path | None = None
    """Where to write the report of benchmarks; by default report/ in the folder, or report-with-... for several."""
    parquet: bool = False
    """Write the numbers of benchmarks as Parquet, too, beside the CSV; needs pyarrow (the extra `parquet`)."""


@dataclass
class Lab:
    """Compare teachers on toy spaces: teachers × spaces × seeds, in parallel processes.

    Tables, curves and animations are written to the lab's folder. The same command goes on with a lab that was
    interrupted. Any flag can also come from a YAML file (--config).
    """

    teachers: list[str] = field(default_factory=list)
    """Names of teachers, `all` for everyone; NAME@LABEL is the same teacher with hyperparameters of its own."""
    spaces: list[str] = field(default_factory=list)
    """Names of toy spaces, e.g. 2d-10 4d-4 2d-10+20 noisy; see `tutelage list toy-spaces`."""
    preset: str | None = None
    """A named lab: toy-spaces (that of the results page), classrooms or quick; other flags take precedence."""
    seeds: int = 20
    """How many seeds, 0, 1, ..."""
    episodes: float | None = None
    """Episodes of each run; by default the budget of the space."""
    batch: int = 1
    """Tasks handed out before their outcomes come back."""
    evaluations: int = 100
    """How often the score is taken in a run."""
    teacher_arg: UseAppendAction[list[str]] = field(default_factory=list)
    """A hyperparameter, TEACHER.NAME=VALUE, e.g. alp-gmm.fit_rate=100. Repeat it for more."""
    expert: str = "low"
    """Expert knowledge for teachers that take some: no, low or high; TEACHER.expert=high as a --teacher-arg for one."""
    animate: list[str] = field(default_factory=lambda: ["all"])
    """Two-dimensional spaces to make animations of; nothing after the flag is none."""
    first_seed: int = 0
    """The first of the seeds."""
    classroom: Path | None = None
    """Add every student to this classroom when its run has ended; for one toy space."""
    pretests: str | None = None
    """After how many episodes students are tested for the classroom, e.g. 10000,20000; by default as the others there
    were, or after 5 % and 10 % of the run."""
    jobs: int | None = None
    """Parallel processes; by default as many as there are cores."""
    out: Path | None = None
    """The lab's folder; one that exists goes on."""
    extend: Annotated[bool, FlagCreatePairsOff] = False
    """Add teachers, spaces or seeds to a lab that exists."""
    take: Path | None = None
    """An archive of scores (scores.npz beside a results page) whose runs need not be played again."""
    page: Path | None = None
    """Write the results page here, too, with its curves and scores in a folder next to it."""
    preface: Path | None = None
    """A Markdown file that the page begins with, instead of a title and a sentence; the first line is the title."""
    quiet: Annotated[bool, FlagCreatePairsOff] = False
    """Show nothing but errors."""


@dataclass
class TrainVAE:
    """Train a task VAE: a latent space of an environment's tasks, in which the teacher clutr proposes points.

    It learns from random tasks, without a student. Its folder has the weights (safetensors), vae.json and a report.
    """

    env: Positional[str] = ""
    """A Gymnasium id, or the short name of an environment of ours, e.g. Maze."""
    preset: str = "small"
    """small (minutes on a processor) or paper (the published sizes and iterations: weeks)."""
    iterations: int | None = None
    """Steps of the optimiser; by default the preset's."""
    latent: int | None = None
    """Dimensions of the latent space; by default the preset's."""
    learning_rate: float | None = None
    """Of the optimiser at the beginning; by default the preset's."""
    corpus_size: int | None = None
    """Different random tasks to learn from; by default the preset's."""
    unsorted: Annotated[bool, FlagCreatePairsOff] = False
    """Learn from sequences in random order, an ablation."""
    untrained: Annotated[bool, FlagCreatePairsOff] = False
    """Save random weights, an ablation."""
    seed: int = 0
    """Seed of weights, corpus and noise."""
    env_arg: UseAppendAction[list[str]] = field(default_factory=list)
    """An argument of gymnasium.make, NAME=VALUE. Repeat it for more."""
    task: UseAppendAction[list[str]] = field(default_factory=list)
    """A dimension of the task space, as for `tutelage train`."""
    out: Path | None = None
    """The folder; by default runs/vaes/<environment>-<preset>-<fingerprint>, where `tutelage train` finds it."""
    report: bool = True
    """Draw the report of the VAE."""
    quiet: Annotated[bool, FlagCreatePairsOff] = False
    """Show nothing but errors and the folder."""


@dataclass
class List:
    """Show what there is: teachers, environments (with their task spaces), students, test sets and benchmarks."""

    kind: Positional[str] = "all"
    """teachers, envs, students, test-sets, toy-spaces, benchmarks or all."""
    verbose: Annotated[bool, FlagCreatePairsOff] = False
    """Show more of each."""
