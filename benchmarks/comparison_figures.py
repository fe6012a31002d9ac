"""The pictures of a comparison on mazes: the levels that the teachers hand out over time, and the regret they measure.

`tutelage.benchmarks.maze_comparison` writes them beside its table. Lines are means over the runs of a label, bands
reach from the lowest run to the highest. Levels count as many times as the student made steps in them: a teacher that
repeats a level for a while hands an easy one out more often, for its episodes are short.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..envs import MazeSpace, count_walls, shortest_path_lengths
from ..run_directory import RunDirectory
from ..task_log import TaskLog
from .figures.level_gallery import draw_level
from .figures.style import INK, new_figure, save_figure, steps_axis, style
from .report_data import read_progress
from .training.progress_table import STEP
from .training.saved_run import SavedRun

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#999933")
"""Okabe and Ito's, but for their yellow, which is hard to see on white."""

_DASHES = ("-", "--", "-.", ":")
_PARTS, _MOST, _COLUMNS = 20, 20_000, 8
_REGRET = "teacher/regret"

FloatArray = NDArray[np.float64]


def write_figures(folder: Path, runs: Mapping[str, Sequence[Path]], steps: int) -> list[Path]:
    """Write ``levels.png``, ``gallery.png`` and, where a teacher measures it, ``regret.png``.

    Args:
        folder: Where.
        runs: The run directories of each label. Labels whose tasks are no levels are left out.
        steps: Environment steps of a run.

    Returns:
        The files.
    """
    levels: dict[str, list[_Levels]] = {}
    for label, paths in runs.items():
        found = [each for each in map(_levels, paths) if each is not None]
        if found:
            levels[label] = found
    regrets = {label: [each for each in map(_regret, paths) if len(each[0])] for label, paths in runs.items()}
    regrets = {label: measured for label, measured in regrets.items() if measured}
    figures = {}
    with style():
        if levels:
            figures["levels"] = _levels_figure(levels, steps)
            figures["gallery"] = _gallery(levels)
        if regrets:
            figures["regret"] = _regret_figure(regrets, steps)
        files = [folder / f"{name}.png" for name in figures]
        for file, figure in zip(files, figures.values(), strict=True):
            save_figure(figure, file)
    return files


class _Levels:
    """Levels handed out in a run, in that order: a random part of them where there are many."""

    def __init__(self, log: TaskLog, space: MazeSpace) -> None:
        chosen = np.arange(len(log))
        if len(log) > _MOST:
            chosen = np.sort(np.random.default_rng(0).choice(len(log), _MOST, replace=False))
        self.space = space
        self.steps, self.lengths = log.steps[chosen], log.lengths[chosen]
        self.rows = log.tasks[chosen].astype(np.float64)
        paths = shortest_path_lengths(self.rows, space)
        self.walls = count_walls(self.rows, space).astype(np.float64)
        self.solvable = 100.0 * (paths >= 0)
        self.paths = np.where(paths >= 0, paths, np.nan).astype(np.float64)


def _levels(path: Path) -> _Levels | None:
    saved = SavedRun.open(path)
    log = TaskLog.load(saved.run.tasks_file)
    return _Levels(log, saved.space) if isinstance(saved.space, MazeSpace) and len(log) else None


def _regret(path: Path) -> tuple[FloatArray, FloatArray]:
    rows = read_progress(RunDirectory(path).progress_file)
    told = [(float(row[STEP]), float(row[_REGRET])) for row in rows if row.get(_REGRET) and row.get(STEP)]
    steps, values = np.array(told, np.float64).reshape(-1, 2).T
    return steps, values


def _levels_figure(levels: Mapping[str, Sequence[_Levels]], steps: int) -> Any:
    figure = new_figure(7.6)
    panels = figure.subplots(3, 1, sharex=True)
    for axes, (what, name) in zip(
        panels,
        (("walls", "walls"), ("paths", "shortest path\n(moves)"), ("solvable", "in levels that can\nbe solved (%)")),
        strict=True,
    ):
        for number, (label, found) in enumerate(levels.items()):
            runs = [(each.steps, getattr(each, what), each.lengths) for each in found]
            _line(axes, number, label, runs, steps)
        axes.set_ylabel(name)
        axes.grid(True)
    panels[0].set_ylim(bottom=0)
    panels[1].set_ylim(bottom=0)
    _finish(figure, panels[-1], steps)
    return figure


def _regret_figure(regrets: Mapping[str, Sequence[tuple[FloatArray, FloatArray]]], steps: int) -> Any:
    figure = new_figure(3.8)
    axes = figure.subplots()
    for number, (label, found) in enumerate(regrets.items()):
        runs = [(at, values, np.ones(len(at))) for at, values in found]
        _line(axes, number, label, runs, steps)
    axes.set_ylabel("regret")
    axes.grid(True)
    _finish(figure, axes, steps)
    return figure


def _line(axes: Any, number: int, label: str, runs: Sequence[tuple[Any, FloatArray, Any]], steps: int) -> None:
    """Draw the mean over runs of their weighted means in equal parts of the steps, and the range of the runs."""
    edges = np.linspace(0, steps, _PARTS + 1)
    table = np.full((len(runs), _PARTS), np.nan)
    for row, (at, values, weights) in zip(table, runs, strict=True):
        part = np.clip(np.digitize(at, edges) - 1, 0, _PARTS - 1)
        known = np.isfinite(values)
        weight = np.bincount(part[known], weights[known], minlength=_PARTS)
        total = np.bincount(part[known], (weights * values)[known], minlength=_PARTS)
        row[weight > 0] = total[weight > 0] / weight[weight > 0]
    told = np.isfinite(table).any(axis=0)
    x, table = (edges[:-1] + edges[1:])[told] / 2.0, table[:, told]
    colour = COLOURS[number % len(COLOURS)]
    dashes = _DASHES[number // len(COLOURS) % len(_DASHES)]
    axes.fill_between(x, np.nanmin(table, 0), np.nanmax(table, 0), color=colour, alpha=0.12, linewidth=0)
    axes.plot(x, np.nanmean(table, 0), color=colour, linestyle=dashes, label=label)


def _finish(figure: Any, axes: Any, steps: int) -> None:
    axes.set_xlim(0, steps)
    steps_axis(axes, steps)
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=min(5, len(labels)), labelcolor=INK)


def _gallery(levels: Mapping[str, Sequence[_Levels]]) -> Any:
    """Levels of the last tenth of the first run of each label."""
    figure = new_figure(1.28 * len(levels) + 0.2)
    panels = figure.subplots(len(levels), _COLUMNS, squeeze=False)
    for line, (label, found) in zip(panels, levels.items(), strict=True):
        first = found[0]
        rng = np.random.default_rng(0)
        late = np.arange(int(0.9 * len(first.rows)), len(first.rows))
        chosen = rng.choice(late, min(_COLUMNS, len(late)), replace=False)
        for axes in line[len(chosen) :]:
            axes.set_visible(False)
        for axes, row in zip(line, first.rows[chosen], strict=False):
            draw_level(axes, row, first.space)
        line[0].set_ylabel(label, fontsize=9)
    return figure
