"""Teachers on mazes: a grid of training runs, each tested on mazes its student has never seen, and a table of them.

``python -m tutelage.benchmarks.maze_comparison FILE.yaml --out FOLDER`` plays the runs of the file, two at a time,
evaluates each on its suite and writes ``comparison.md``, ``comparison.csv`` and pictures. It may be stopped at any
time: the same command goes on where it was. A run is an ordinary run directory, ``FOLDER/LABEL-SEED``.

The file names the runs, each with the settings of ``tutelage train`` that differ from the ones they share::

    suite: zero-shot-12
    seeds: 4
    common: {steps: 10000000, preset: maze}
    runs:
      uniform: {teacher: random}
      plr: {teacher: plr, env_args: {walls: 60}}
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml
from tqdm import tqdm

from ..errors import RequestError, RunError, unknown_name
from ..state import write_text
from .comparison_figures import write_figures
from .comparison_page import comparison_page, table_of, training_minutes
from .experiments.training_runs import train_command
from .lab.page import read_preface
from .maze_run import evaluate_run_on_mazes
from .training.config import TrainConfig
from .training.training import resume, train
from .workers import work

_SETTINGS = ("suite", "seeds", "common", "runs")

_WHAT = (
    "Solved rates on the mazes of the suite `{}` in percent, 100 episodes a maze, stochastic policy: the mean over "
    "the seeds and, in brackets, each of them; below, means over mazes and seeds with 95 % bootstrap intervals. "
    "*Minutes* is how long the fastest run trained, on one core."
)


@dataclass(frozen=True)
class Comparison:
    """What to compare.

    Attributes:
        suite: One of `tutelage.envs.list_maze_suites`.
        seeds: Runs of each label, with the seeds 0, 1, ….
        settings: The settings of ``tutelage train`` by label.

    Example:
        >>> plain = {"suite": "fixed-8", "common": {"steps": 1000}, "runs": {"uniform": {"teacher": "random"}}}
        >>> Comparison.from_mapping(plain).settings
        {'uniform': {'env': 'Maze', 'steps': 1000, 'teacher': 'random'}}
    """

    suite: str
    seeds: int
    settings: dict[str, dict[str, Any]]

    @classmethod
    def from_mapping(cls, plain: Any) -> Comparison:
        """Read the contents of a file.

        Raises:
            RequestError: A setting is missing, unknown or of the wrong kind.
        """
        if not isinstance(plain, dict) or not isinstance(plain.get("runs"), dict) or not plain["runs"]:
            raise RequestError("Expected a mapping with at least one label under 'runs'.")
        for name in plain:
            if name not in _SETTINGS:
                raise RequestError(unknown_name("setting", str(name), _SETTINGS))
        seeds, common = plain.get("seeds", 4), plain.get("common") or {}
        if isinstance(seeds, bool) or not isinstance(seeds, int) or seeds < 1:
            raise RequestError(f"Expected seeds as a whole number of at least 1, got {seeds!r}.")
        settings = {str(label): {"env": "Maze", **common, **(own or {})} for label, own in plain["runs"].items()}
        for label, each in settings.items():
            if "seed" in each:
                raise RequestError(f"{label} names a seed; the seeds are counted by 'seeds'.")
            TrainConfig.from_mapping(each)
        return cls(str(plain.get("suite", "zero-shot-12")), seeds, settings)

    def config(self, label: str, seed: int) -> TrainConfig:
        """Return the configuration of one run."""
        return TrainConfig.from_mapping({**self.settings[label], "seed": seed})


def play(job: tuple[str, dict[str, Any], str], tell: Callable[[int], None]) -> dict[str, Any]:
    """Carry one run through, or go on with it, and evaluate it; what is there already is not done again.

    Args:
        job: The run directory, the configuration as plain data, and the suite.
        tell: Called with the steps that have been trained.

    Returns:
        The contents of the evaluation's file.
    """
    folder, plain, suite = job
    config = TrainConfig.from_mapping(plain)
    path = Path(folder)
    result = next(iter(path.glob(f"evaluation/{suite}-T*[0-9].json")), None)
    if result is None:
        if path.exists():
            resume(path, quiet=True)
        else:
            train(config, path, quiet=True)
        evaluate_run_on_mazes(path, suite)
        result = next(iter(path.glob(f"evaluation/{suite}-T*[0-9].json")))
    tell(config.steps)
    content: dict[str, Any] = json.loads(result.read_text(encoding="utf-8"))
    return content


def _csv(results: dict[str, list[dict[str, Any]]]) -> str:
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["label", "seed", "steps", "maze", "max_steps", "solved_rate", "mean_return", "mean_length"])
    for label, runs in results.items():
        for run in runs:
            for row in run["rows"]:
                numbers = [row[name] for name in ("maze", "max_steps", "solved_rate", "mean_return", "mean_length")]
                table.writerow([label, run["run_seed"], run["checkpoint_step"], *numbers])
    return text.getvalue()


def compare(
    comparison: Comparison,
    out: str | Path,
    *,
    jobs: int = 2,
    quiet: bool = False,
    page: str | Path | None = None,
    preface: str | Path | None = None,
    command: str = "",
) -> str:
    """Play what has not been played, and write the tables and pictures.

    Args:
        comparison: What to compare.
        out: The folder.
        jobs: Runs at a time, one core each.
        quiet: Show nothing.
        page: Where to write a page with the table, the commands and the pictures, which are copied into a folder of
            its name, with the numbers (CSV).
        preface: A Markdown file that the page begins with; needed for one.
        command: What the page says it was made by.

    Returns:
        The table.

    Raises:
        RequestError: A run directory of other settings, or a preface that is none.
        RunError: Runs failed; the others have been played and are in the tables.
    """
    folder = Path(out)
    if page is not None and preface is None:
        raise RequestError("A page needs a preface, a Markdown file that it begins with.")
    opening = "" if preface is None else read_preface(preface)
    _keep(comparison, folder)
    runs = [(label, seed) for seed in range(comparison.seeds) for label in comparison.settings]
    todo = [
        (str(folder / f"{label}-{seed}"), asdict(comparison.config(label, seed)), comparison.suite)
        for label, seed in runs
    ]
    results: dict[str, list[dict[str, Any]]] = {label: [] for label in comparison.settings}
    failed: dict[int, str] = {}
    with tqdm(total=len(todo), unit="run", disable=quiet or not sys.stderr.isatty(), dynamic_ncols=True) as bar:
        ended: dict[int, dict[str, Any]] = {}
        for number, kind, content in work(todo, play, min(jobs, len(todo))):
            if kind == "failed":
                failed[number] = content
            else:
                ended[number] = content
            bar.update()
    for number in sorted(ended):
        label, seed = runs[number]
        results[label].append({**ended[number], "run_seed": seed})
    results = {label: found for label, found in results.items() if found}
    text = ""
    if results:
        commands = [train_command(comparison.config(label, 0), f"{folder}/{label}-0") for label in results]
        played = {label: [folder / f"{label}-{run['run_seed']}" for run in found] for label, found in results.items()}
        minutes = {label: min(map(training_minutes, paths)) for label, paths in played.items()}
        text = table_of(results, minutes)
        write_text(folder / "comparison.md", f"{text}\n\n```sh\n" + "\n".join(commands) + "\n```\n")
        write_text(folder / "comparison.csv", _csv(results))
        pictures = write_figures(folder, played, max(comparison.config(label, 0).steps for label in results))
        if page is not None:
            _write_page(
                Path(page), folder, pictures, (text, commands, command, opening, _WHAT.format(comparison.suite))
            )
    if failed:
        first = min(failed)
        raise RunError(
            f"{len(failed)} of {len(todo)} runs failed, the first being {todo[first][0]}: {failed[first]} "
            "The same command plays them again."
        )
    return text


def _write_page(page: Path, folder: Path, pictures: Sequence[Path], content: tuple[Any, ...]) -> None:
    table, commands, command, preface, what = content
    beside = page.with_suffix("")
    beside.mkdir(parents=True, exist_ok=True)
    for file in [*pictures, folder / "comparison.csv"]:
        shutil.copyfile(file, beside / file.name)
    names = {file.stem: f"{beside.name}/{file.name}" for file in pictures}
    write_text(page, comparison_page(table, commands, command, names, preface, what))


def _keep(comparison: Comparison, folder: Path) -> None:
    """Write down what the folder compares, or refuse if it is something else; labels and seeds may be added."""
    file = folder / "comparison.yaml"
    if file.exists():
        try:
            kept = yaml.safe_load(file.read_text(encoding="utf-8"))
            suite, settings = kept["suite"], dict(kept["settings"])
        except (yaml.YAMLError, KeyError, TypeError, ValueError) as error:
            raise RunError(f"{file} is damaged: {error}") from error
        for label, each in settings.items():
            if comparison.settings.get(label, each) != each or suite != comparison.suite:
                raise RequestError(
                    f"{folder} has runs of {label} with other settings or another suite, see {file}: choose another "
                    "folder, or another label."
                )
        settings.update(comparison.settings)
    else:
        settings = comparison.settings
    folder.mkdir(parents=True, exist_ok=True)
    write_text(file, yaml.safe_dump({"suite": comparison.suite, "settings": settings}, sort_keys=False))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tutelage.benchmarks.maze_comparison", description=__doc__)
    parser.add_argument("file", help="what to compare, YAML")
    parser.add_argument("--out", required=True, help="folder for the runs and the tables")
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time, one core each")
    parser.add_argument("--page", help="where to write a page with table, pictures and commands, Markdown")
    parser.add_argument("--preface", help="a Markdown file that the page begins with")
    given = parser.parse_args(arguments)
    words = sys.argv[1:] if arguments is None else arguments
    command = " ".join(["python -m tutelage.benchmarks.maze_comparison", *map(shlex.quote, words)])
    try:
        plain = yaml.safe_load(Path(given.file).read_text(encoding="utf-8"))
        comparison = Comparison.from_mapping(plain)
        pages = {"page": given.page, "preface": given.preface, "command": command}
        print(compare(comparison, given.out, jobs=given.jobs, **pages))
    except (RequestError, OSError, yaml.YAMLError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except RunError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
