"""The command line: ``tutelage train | evaluate | resume | report | list``.

Exit status 0: done; 1: the run failed; 2: the request was wrong. Messages go to standard error, results to standard
output. Tracebacks are shown with ``--debug`` only.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .errors import RequestError, RunError, unknown_name

_COMMANDS = {
    "train": "train a student under a teacher",
    "evaluate": "score a trained student on a test set",
    "resume": "go on with an interrupted run",
    "report": "draw the pictures of a run",
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
        return _dispatch(words)
    except SystemExit as error:  # tyro's help (0) and complaints (2)
        return error.code if isinstance(error.code, int) else 2
    except KeyboardInterrupt as error:
        if debug:
            raise
        print(f"\n{error}" if str(error) else "\nInterrupted.", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:
        if debug:
            raise
        wrong_request = isinstance(error, RequestError)
        print(f"tutelage: {_one_line(error)}", file=sys.stderr)
        if not isinstance(error, (RequestError, RunError)):
            print("Run the command again with --debug for the traceback.", file=sys.stderr)
        return 2 if wrong_request else 1


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    return text if isinstance(error, (RequestError, RunError)) else f"{type(error).__name__}: {text}"


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
        "report": _report,
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


def _parse(kind: Any, words: list[str], command: str, default: Any = None) -> Any:
    import tyro

    options = {} if default is None else {"default": default}
    return tyro.cli(kind, prog=f"tutelage {command}", args=words, **options)


# --- train -----------------------------------------------------------------------------------------------------------


_LISTS = {"env_arg": "env_args", "teacher_arg": "teacher_args", "student_arg": "student_args"}


def _train(words: list[str]) -> int:
    words, config_file = _take_config(words)
    from . import cli_flags

    default = cli_flags.Train()
    mappings: dict[str, dict[str, Any]] = {}
    if config_file is not None:
        default, mappings = _defaults_from(config_file)
    flags = _parse(cli_flags.Train, words, "train", default)
    if not flags.env:
        raise RequestError("Name an environment, e.g. `tutelage train StumpTracks`. `tutelage list` shows ours.")
    from .benchmarks.training import TrainConfig, default_run_folder, train
    from .task_flags import parse_arguments

    values = {k: v for k, v in vars(flags).items() if k not in ("out", "quiet", *_LISTS)}
    for flag, name in _LISTS.items():
        values[name] = {
            **mappings.get(name, {}),
            **parse_arguments(getattr(flags, flag), f"--{flag.replace('_', '-')}"),
        }
    config = TrainConfig(**values)
    folder = flags.out or default_run_folder(config)
    if not flags.quiet:
        print(
            f"Training {config.student} on {config.env} under {config.teacher}; run directory: {folder}",
            file=sys.stderr,
        )
    summary = train(config, folder, quiet=flags.quiet)
    _print_summary(summary, folder)
    return 0


def _take_config(words: list[str]) -> tuple[list[str], Path | None]:
    for i, word in enumerate(words):
        if word == "--config":
            if i + 1 == len(words):
                raise RequestError("--config expects a YAML file.")
            return words[:i] + words[i + 2 :], Path(words[i + 1])
        if word.startswith("--config="):
            return words[:i] + words[i + 1 :], Path(word.partition("=")[2])
    return words, None


def _defaults_from(file: Path) -> tuple[Any, dict[str, dict[str, Any]]]:
    import yaml

    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise RequestError(f"Cannot read {file}: {getattr(error, 'strerror', None) or error}.") from error
    except yaml.YAMLError as error:
        raise RequestError(f"{file} is not YAML: {' '.join(str(error).split())}.") from error
    if not isinstance(content, dict):
        raise RequestError(f"{file}: expected names and values, e.g. `teacher: alp-gmm`.")
    from .cli_flags import Train
    from .task_flags import parse_arguments

    names = set(Train.__dataclass_fields__)
    values: dict[str, Any] = {}
    mappings: dict[str, dict[str, Any]] = {}
    for key, value in content.items():
        name = str(key).replace("-", "_")
        if name == "versions":
            continue
        target = _LISTS.get(name, name)
        if target in _LISTS.values():
            mappings[target] = parse_arguments(value or {}, target)
        elif name in names:
            values[name] = Path(value) if name == "out" and value is not None else value
        else:
            raise RequestError(f"{file}: " + unknown_name("setting", key, sorted(names | set(_LISTS.values()))))
    return Train(**values), mappings


# --- evaluate, resume, report ----------------------------------------------------------------------------------------


def _evaluate(words: list[str]) -> int:
    from . import cli_flags

    flags = _parse(cli_flags.Evaluate, words, "evaluate")
    from .benchmarks.evaluate_run import evaluate_run

    print(
        evaluate_run(
            flags.run,
            test_set=flags.test_set,
            episodes=flags.episodes,
            seed=flags.seed,
            out=flags.out,
            summary_only=flags.summary_only,
        )
    )
    return 0


def _resume(words: list[str]) -> int:
    from . import cli_flags

    flags = _parse(cli_flags.Resume, words, "resume")
    from .benchmarks.training import resume

    _print_summary(resume(flags.run, quiet=flags.quiet), flags.run)
    return 0


def _report(words: list[str]) -> int:
    from . import cli_flags

    flags = _parse(cli_flags.Report, words, "report")
    from .benchmarks.report import write_report

    print(write_report(flags.run, gif=flags.gif))
    return 0


def _print_summary(summary: dict[str, Any], folder: Any) -> None:
    mastered = summary.get("mastered")
    print(f"steps        {summary['steps']:,}")
    print(f"tasks        {summary['tasks']:,}")
    print(f"test set     {summary['test_set']}")
    print(f"mean return  {summary['mean_return']:.1f}")
    if mastered is not None:
        print(f"mastered     {mastered:.0f} %")
    print(f"run          {folder}")


# --- list ------------------------------------------------------------------------------------------------------------


def _list(words: list[str]) -> int:
    from . import cli_flags

    flags = _parse(cli_flags.List, words, "list")
    sections: dict[str, Callable[[bool], list[str]]] = {
        "teachers": _teachers,
        "envs": _environments,
        "students": _students,
        "test-sets": _test_sets,
    }
    if flags.kind == "all":
        print(
            "\n\n".join(
                f"{kind}\n" + "\n".join(f"  {line}" for line in f(flags.verbose)) for kind, f in sections.items()
            )
        )
        return 0
    if flags.kind not in sections:
        raise RequestError(unknown_name("list", flags.kind, [*sections, "all"]))
    print("\n".join(sections[flags.kind](flags.verbose)))
    return 0


def _teachers(verbose: bool) -> list[str]:
    import inspect

    from .registry import list_teachers, teacher_class

    lines = []
    for name in list_teachers():
        cls = teacher_class(name)
        lines.append(f"{name:<16} {(inspect.getdoc(cls) or '').splitlines()[0]}" if cls.__doc__ else name)
        if verbose:
            parameters = inspect.signature(cls).parameters.values()
            lines += [
                f"    {p.name} = {p.default!r}" for p in parameters if p.default is not p.empty and p.name != "seed"
            ]
    return lines


def _environments(verbose: bool) -> list[str]:
    import gymnasium as gym

    from .benchmarks.environments import our_environments

    lines = []
    for env_id in our_environments():
        env = gym.make(env_id)
        space = env.get_wrapper_attr("task_space")
        env.close()
        lines.append(env_id)
        lines += [f"    {dim.name:<18} {dim.kind:<12} {dim.to_spec()}" for dim in space]
    return lines


def _students(verbose: bool) -> list[str]:
    from .students.building import list_students
    from .students.presets import list_presets

    return [f"{s:<16} presets: {', '.join(list_presets(s))}" if verbose else s for s in list_students()]


def _test_sets(verbose: bool) -> list[str]:
    from .envs import list_test_sets, load_test_set

    lines = []
    for name in list_test_sets():
        test_set = load_test_set(name)
        lines.append(f"{name:<28} {len(test_set):>4} tasks of {test_set.env_id}")
        if verbose:
            lines.append(f"    {test_set.description}; sha256 {test_set.sha256}")
    return lines


if __name__ == "__main__":
    sys.exit(main())
