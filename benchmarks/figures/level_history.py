"""How the levels that a teacher hands out change: walls, length of the shortest path, and how many are solved."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...envs import MazeSpace, count_walls, shortest_path_lengths
from ..report_data import ReportData
from .style import MASTERED, TEST, TRAINING, new_figure, steps_axis

_MOST = 20_000
"""Of more levels so many are drawn at random; a path takes some microseconds to find."""

_ENDED = 0.8
"""Share of the episodes that must have ended for the rate of success to be drawn: the short ones end first."""

_BINS, _FEWEST = 40, 8
"""Parts of the run, as long as each other, and levels without which one is left out."""


def level_history(data: ReportData) -> tuple[Any, str] | None:
    """Draw walls, path lengths and success of the levels over environment steps; None where none was handed out.

    Returns:
        The figure, and a sentence that explains it.
    """
    log, space = data.log, data.space
    if log is None or not len(log) or not isinstance(space, MazeSpace):
        return None
    chosen = np.arange(len(log))
    if len(log) > _MOST:
        chosen = np.sort(np.random.default_rng(0).choice(len(log), _MOST, replace=False))
    levels, steps = log.tasks[chosen].astype(np.float64), log.steps[chosen]
    walls = count_walls(levels, space).astype(np.float64)
    paths = shortest_path_lengths(levels, space)
    solvable = paths >= 0
    figure = new_figure(6.6)
    panels = figure.subplots(3, 1, sharex=True)
    _band(panels[0], steps, walls, "walls", TRAINING)
    if solvable.any():
        _band(panels[1], steps[solvable], paths[solvable].astype(np.float64), "shortest path (moves)", TRAINING)
    panels[1].set_ylabel("shortest path\n(moves)")
    axes = panels[2]
    axes.grid(True)
    axes.plot(*_means(steps, 100.0 * solvable.astype(np.float64)), color=TEST, linestyle="--", label="can be solved")
    x, groups = binned(steps, 100.0 * log.success[chosen])
    ended = [np.isfinite(group) for group in groups]
    told = [i for i, each in enumerate(ended) if each.mean() >= _ENDED]
    solved = [groups[i][ended[i]].mean() for i in told]
    if told:
        axes.plot(x[told], solved, color=MASTERED, label="solved by the student", marker="o" if len(x) < 3 else None)
    axes.set_ylim(0, 104)
    axes.set_ylabel("levels (%)")
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2)
    axes.set_xlim(left=0, right=max(data.steps, 1) * 1.01)
    steps_axis(axes, data.steps)
    drawn = f" {_MOST:,} of {len(log):,} levels, drawn at random, are counted." if len(log) > _MOST else ""
    return figure, (
        "Median and middle half of the levels handed out around a step; paths of those that can be solved. "
        "Levels of which the student must not learn count, too. How many are solved is shown where at least 80 % of "
        "the episodes have ended." + drawn
    )


def _band(axes: Any, steps: NDArray[np.int64], values: NDArray[np.float64], label: str, colour: str) -> None:
    x, groups = binned(steps, values)
    low, median, high = np.array([np.percentile(group, [25, 50, 75]) for group in groups]).T
    axes.grid(True)
    axes.fill_between(x, low, high, color=colour, alpha=0.2, linewidth=0)
    axes.plot(x, median, color=colour, marker="o" if len(x) < 3 else None)
    axes.set_ylabel(label)
    axes.set_ylim(bottom=0)
    axes.margins(x=0.01)


def _means(steps: NDArray[np.int64], values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, groups = binned(steps, values)
    return x, np.array([group.mean() for group in groups])


def binned(
    steps: NDArray[np.int64], values: NDArray[np.float64]
) -> tuple[NDArray[np.float64], list[NDArray[np.float64]]]:
    """Group values by when they came: up to 40 parts of the run, as long as each other, with at least 8 values each.

    Environments of a batch begin together, so that groups of as many values each would lie on one another.

    Returns:
        The mean step of each group, and its values; one group where all would be too small.

    Example:
        >>> x, groups = binned(np.arange(400), np.arange(400.0))
        >>> len(x), groups[0].tolist()
        (40, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0])
    """
    edges = np.linspace(steps.min(), steps.max() + 1, _BINS + 1)
    part = np.digitize(steps, edges)
    groups = [np.flatnonzero(part == i) for i in range(1, _BINS + 1)]
    groups = [group for group in groups if len(group) >= _FEWEST] or [np.arange(len(steps))]
    return np.array([steps[group].mean() for group in groups]), [values[group] for group in groups]
