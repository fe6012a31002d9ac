"""The command line: ``tutelage train | evaluate | resume | benchmark | report | lab | vae | list``.

Exit status 0: done; 1: the run failed; 2: the request was wrong. Messages go to standard error, results to standard
output. Tracebacks are shown with ``--debug`` only.
"""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from .errors import RequestError, RunError, unknown_name

_COMMANDS = {
    "train": "train a student under a teacher",
    "evaluate": "score a trained student on a test set",
    "resume": "go on with an interrupted run",
    "benchmark": "play an experiment: teachers against each other, with a report",
    "report": "draw the pictures of a run, or the report of benchmarks",
    "lab": "compare teachers on toy spaces",
    "vae": "train a latent space of tasks, for the teacher clutr",
    "classroom": "look at the students that were taught before, for the teacher again",
    "list": "show teachers, environments, students and test sets",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit status.

    Args:
        arguments: The words after ``tutelage``; those of the process by default.

    Example:
        >>> main(["list", "students"])
        a2c
        dqn
        ppo
        recurrent-ppo
        sac
        td3
        0
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            return _dispatch(words)
    except SystemExit as stop:  # after --help
        return stop.code if isinstance(stop.code, int) else 0
    except KeyboardInterrupt as error:
        if debug:
            raise
        print(f"tutelage: {error if str(error) else 'Interrupted.'}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever read our output has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if debug:
            raise
        print(f"tutelage: {_one_line(error)}", file=sys.stderr)
        return 2 if isinstance(error, RequestError) else 1


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, (RequestError, RunError)):
        return text
    return f"{type(error).__name__}: {text} (--debug shows the traceback.)"


def _show_warning(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
    """Show a warning in one line, without its place in the source."""
    if issubclass(category, UserWarning):
        text = re.sub(r"\x1b\[\d*m", "", str(message)).removeprefix("WARN: ")  # Gymnasium's are coloured
        print(f"tutelage: warning: {' '.join(text.split())}", file=sys.stderr)


def _dispatch(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help"):
        print(_usage())
        return 0
    if words[0] == "--version":
        from . import __version__

        print(__version__)
        return 0
    name, rest = words[0], words[1:]
    commands: dict[str, Callable[[list[str]], int]] = {
        "train": _train,
        "evaluate": _evaluate,
        "resume": _resume,
        "benchmark": _benchmark,
        "report": _report,
        "lab": _lab,
        "vae": _vae,
        "classroom": _classroom,
        "list": _list,
    }
    if name not in commands:
        raise RequestError(unknown_name("command", name, _COMMANDS, "`tutelage --help` explains them."))
    return commands[name](rest)


def _usage() -> str:
    lines = ["usage: tutelage COMMAND [options]", "", "commands:"]
    lines += [f"  {name:<10} {text}" for name, text in _COMMANDS.items()]
    lines += ["", "`tutelage COMMAND --help` explains a command; --debug shows tracebacks; --version the version."]
    return "\n".join(lines)


# --- train -----------------------------------------------------------------------------------------------------------


_ARGUMENTS = {"env_arg": "env_args", "teacher_arg": "teacher_args", "student_arg": "student_args"}
"""Flags that are given several times, and the mappings of the configuration that they fill."""


def _train(words: list[str]) -> int:
    from .benchmarks.training.config import TrainConfig, default_run_folder
    from .cli_flags import Train
    from .cli_parsing import parse_flags, read_config, take_config
    from .task_flags import parse_arguments

    words, file = take_config(words)
    default, settings = Train(), dict[str, Any]()
    if file is not None:
        default, settings = _defaults_from(file, read_config(file))
    flags = parse_flags(Train, words, "train", default)
    if not flags.env:
        raise RequestError("Name an environment, e.g. `tutelage train StumpTracks`; `tutelage list envs` shows ours.")
    values = {name: value for name, value in vars(flags).items() if name not in ("out", "quiet", *_ARGUMENTS)}
    for flag, name in _ARGUMENTS.items():
        given = parse_arguments(getattr(flags, flag), f"--{flag.replace('_', '-')}")
        values[name] = {**settings.get(name, {}), **given}
    config = TrainConfig(**values)
    folder = flags.out or default_run_folder(config)
    from .benchmarks.training.training import train

    summary = train(config, folder, quiet=flags.quiet)
    _print_summary(summary, folder, flags.quiet)
    return 0


def _defaults_from(file: Path, settings: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    """Return the flags' defaults from a YAML file, and the mappings of arguments in it."""
    from .benchmarks.training.config import TrainConfig
    from .cli_flags import Train

    out, quiet = settings.pop("out", None), settings.pop("quiet", False)
    if not (out is None or isinstance(out, str)) or not isinstance(quiet, bool):
        raise RequestError(f"{file}: expected out as a folder and quiet as true or false, got {out!r} and {quiet!r}.")
    for flag, name in _ARGUMENTS.items():
        if flag in settings:
            settings[name] = settings.pop(flag)
    named = "env" in settings
    try:
        config = vars(TrainConfig.from_mapping(settings if named else {**settings, "env": "unnamed"}))
    except RequestError as error:
        raise RequestError(f"{file}: {error}") from error
    mappings = {name: config.pop(name) for name in _ARGUMENTS.values()}
    config.update(_classroom_flags(config))
    if not named:
        config["env"] = ""
    return Train(**config, out=None if out is None else Path(out), quiet=quiet), mappings


def _classroom_flags(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of a classroom as flags have them."""
    from .benchmarks.pretest_settings import amounts_text

    folder = settings.get("classroom")
    return {
        "classroom": None if folder is None else Path(folder),
        "pretests": amounts_text(settings.get("pretests", [])),
    }


# --- evaluate, resume, report ----------------------------------------------------------------------------------------


def _evaluate(words: list[str]) -> int:
    from . import cli_flags
    from .cli_parsing import parse_flags

    flags = parse_flags(cli_flags.Evaluate, words, "evaluate")
    if flags.stochastic and flags.deterministic:
        raise RequestError("Give either --stochastic or --deterministic.")
    if flags.suite is not None and flags.test_set is not None:
        raise RequestError("Give either --suite or --test-set.")
    if flags.suite is None and flags.time_limit is not None:
        raise RequestError("--time-limit is for the mazes of a --suite; a test set has the time limit of the run.")
    common: dict[str, Any] = {"seed": flags.seed, "out": flags.out, "summary_only": flags.summary_only}
    common["antagonist"] = flags.antagonist
    from .benchmarks.compilation import announced_compilation

    with announced_compilation(_say):
        if flags.suite is None:
            from .benchmarks.evaluate_run import evaluate_run

            text = evaluate_run(
                flags.run,
                test_set=flags.test_set,
                episodes=1 if flags.episodes is None else flags.episodes,
                deterministic=not flags.stochastic,
                **common,
            )
        else:
            from .benchmarks.maze_run import evaluate_run_on_mazes

            text = evaluate_run_on_mazes(
                flags.run,
                flags.suite,
                episodes=flags.episodes,
                deterministic=flags.deterministic,
                time_limit=flags.time_limit,
                **common,
            )
    print(text)
    return 0


def _resume(words: list[str]) -> int:
    from . import cli_flags
    from .cli_parsing import parse_flags

    flags = parse_flags(cli_flags.Resume, words, "resume")
    from .benchmarks.training.training import resume

    _print_summary(resume(flags.run, quiet=flags.quiet), flags.run, flags.quiet)
    return 0


def _report(words: list[str]) -> int:
    from . import cli_flags
    from .cli_parsing import parse_flags

    flags = parse_flags(cli_flags.Report, words, "report")
    from .benchmarks.compilation import announced_compilation
    from .benchmarks.experiments.folder import ExperimentFolder

    if not flags.run:
        raise RequestError("Name a run, or the folder of a benchmark.")
    with announced_compilation(_say):
        if any(ExperimentFolder(path).exists for path in flags.run):
            from .benchmarks.benchmark_report import write_benchmark_report

            page = write_benchmark_report(flags.run, out=flags.out, parquet=flags.parquet)
        elif len(flags.run) > 1:
            raise RequestError("Name one run, or folders of benchmarks: only those have a report together.")
        elif flags.out is not None or flags.parquet:
            flag = "--out" if flags.out is not None else "--parquet"
            raise RequestError(f"{flag} is for the report of a benchmark; that of a run is in its folder plots.")
        else:
            from .benchmarks.report import write_report

            page = write_report(flags.run[0], gif=flags.gif)
    print(page)
    return 0


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _print_summary(summary: dict[str, Any], folder: Any, quiet: bool) -> None:
    if quiet:
        return
    mastered = summary.get("mastered")
    print(f"steps        {summary['steps']:,}{_steps_of_all(summary)}")
    print(f"tasks        {summary['tasks']:,}")
    print(f"test set     {summary['test_set']}")
    print(f"mean return  {summary['mean_return']:.1f}")
    if mastered is not None:
        print(f"mastered     {mastered:.0f} %")
    if "classroom_name" in summary:
        print(f"classroom    {summary['classroom']}, as {summary['classroom_name']!r}")
    print(f"run          {folder}")


def _steps_of_all(summary: dict[str, Any]) -> str:
    """The steps of every agent, where there are more than one."""
    steps = dict(summary.get("steps_of_all") or {})
    total = steps.pop("total", 0)
    return f" ({', '.join(f'{who} {n:,}' for who, n in steps.items())}; {total:,} in all)" if steps else ""


# --- benchmark -------------------------------------------------------------------------------------------------------


def _benchmark(words: list[str]) -> int:
    from . import cli_flags
    from .cli_parsing import parse_flags

    flags = parse_flags(cli_flags.Benchmark, words, "benchmark")
    if not flags.experiment:
        raise RequestError(
            "Name an experiment: a YAML file, a ready-made one (`tutelage list benchmarks`), or the folder of one."
        )
    from .benchmarks.benchmark_command import run_benchmark

    return run_benchmark(
        flags.experiment,
        flags.out,
        jobs=flags.jobs,
        engine=flags.engine,
        dry_run=flags.dry_run,
        retry_failed=flags.retry_failed,
        only=flags.run,
        quiet=flags.quiet,
    )


# --- lab -------------------------------------------------------------------------------------------------------------


def _lab(words: list[str]) -> int:
    import shlex

    from .benchmarks.lab.config import LabConfig, parse_teacher_args
    from .cli_flags import Lab
    from .cli_parsing import parse_flags, read_config, take_config

    command = shlex.join(["tutelage", "lab", *words])
    words, file = take_config(words)
    first = parse_flags(Lab, words, "lab")
    if first.out is None:
        raise RequestError("Name the lab's folder, e.g. `--out labs/first`.")
    settings, extras = _lab_settings(first, file, read_config(file) if file is not None else {})
    flags = parse_flags(Lab, words, "lab", Lab(**{**settings, **_classroom_flags(settings)}))
    args = extras["teacher_args"]
    for teacher, given in parse_teacher_args(flags.teacher_arg).items():
        args[teacher] = {**args.get(teacher, {}), **given}
    names = ["teachers", "spaces", "seeds", "episodes", "batch", "evaluations", "expert", "animate"]
    names += ["first_seed", "classroom", "pretests"]
    config = LabConfig.from_mapping({**{name: getattr(flags, name) for name in names}, "teacher_args": args})
    from .benchmarks.lab.lab import run_lab
    from .benchmarks.lab.page import matrix_table, space_table
    from .benchmarks.workers import default_jobs

    results = run_lab(
        config,
        first.out,
        jobs=default_jobs() if flags.jobs is None else flags.jobs,
        quiet=flags.quiet,
        extend=flags.extend,
        skip_refused=extras["all"] or "all" in flags.teachers,
        take=flags.take,
        page=flags.page,
        preface=flags.preface,
        command=command,
    )
    if not flags.quiet:
        one = len(config.spaces) == 1
        print(space_table(results, config.spaces[0]) if one else matrix_table(results))
        print(f"\nresults  {first.out / 'results.md'}")
    return 0


def _lab_settings(first: Any, file: Path | None, content: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the defaults of the flags from a preset, a file or the folder of a lab that goes on, and the rest."""
    from .benchmarks.lab.config import LabConfig
    from .benchmarks.lab.folder import LabFolder
    from .benchmarks.lab.presets import lab_preset

    settings = {} if first.preset is None else lab_preset(first.preset)
    folder = LabFolder(first.out)
    if first.preset is None and file is None and not first.teachers and not first.spaces and folder.exists:
        settings = folder.read_config().to_plain()
        content = {}
    everyone = first.preset is not None and "teachers" not in content and not first.teachers
    if file is not None:
        ways = ("out", "quiet", "extend", "jobs", "take", "page", "preface", "left_out")
        others = {name: content.pop(name) for name in ways if name in content}
        try:
            whole = {"teachers": ["random"], "spaces": ["2d-10"], **settings, **content}
            checked = LabConfig.from_mapping(whole).to_plain()
        except RequestError as error:
            raise RequestError(f"{file}: {error}") from error
        everyone = everyone or "all" in (content.get("teachers") or [])
        settings = {name: checked[name] for name in (*settings, *content) if name in checked}
        kinds = {"jobs": (int, "a number"), "quiet": (bool, "true or false"), "extend": (bool, "true or false")}
        kinds |= dict.fromkeys(("take", "page", "preface"), (str, "a file"))
        for name, (kind, what) in kinds.items():
            if others.get(name) is None:
                continue
            if type(others[name]) is not kind:
                raise RequestError(f"{file}: expected {name} as {what}, got {others[name]!r}.")
            settings[name] = Path(others[name]) if kind is str else others[name]
    extras = {"teacher_args": {t: dict(a) for t, a in settings.pop("teacher_args", {}).items()}, "all": everyone}
    return settings, extras


# --- vae -------------------------------------------------------------------------------------------------------------


def _vae(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help"):
        print("usage: tutelage vae train ENV [options]\n\n`tutelage vae train --help` explains the options.")
        return 0
    if words[0] != "train":
        raise RequestError(unknown_name("command of vae", words[0], ["train"]))
    from . import cli_flags
    from .cli_parsing import parse_flags
    from .task_flags import parse_arguments

    flags = parse_flags(cli_flags.TrainVAE, words[1:], "vae train")
    if not flags.env:
        raise RequestError("Name an environment, e.g. `tutelage vae train Maze`; `tutelage list envs` shows ours.")
    from .benchmarks.vae_command import train_task_vae

    changes = {name: getattr(flags, name) for name in ("iterations", "latent", "learning_rate", "corpus_size")}
    folder = train_task_vae(
        flags.env,
        flags.out,
        preset=flags.preset,
        seed=flags.seed,
        env_args=parse_arguments(flags.env_arg, "--env-arg"),
        task=flags.task,
        quiet=flags.quiet,
        report=flags.report,
        sort=False if flags.unsorted else None,
        **({**changes, "iterations": 0} if flags.untrained else changes),
    )
    print(folder)
    return 0


# --- classroom -------------------------------------------------------------------------------------------------------


def _classroom(words: list[str]) -> int:
    from .cli_classroom import classroom

    return classroom(words)


# --- list ------------------------------------------------------------------------------------------------------------


def _list(words: list[str]) -> int:
    from .cli_list import list_everything

    return list_everything(words)


if __name__ == "__main__":
    sys.exit(main())
