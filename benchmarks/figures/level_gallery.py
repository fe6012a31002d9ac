"""Galleries of mazes: what the teacher handed out early and late, and what it holds in its level buffer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...envs import MazeSpace, level_to_arrays
from ..report_data import ReportData
from .style import FAILED, INK, MASTERED, TEST, new_figure

COLUMNS = 8
_PHASES = ("first tenth", "middle tenth", "last tenth")
_WALL = "#4A4F57"


def level_gallery(data: ReportData) -> tuple[Any, str] | None:
    """Draw levels handed out at the start, in the middle and at the end of a run; None where there is none.

    A teacher with a level buffer (``teacher.buffer`` with ``tasks`` and ``scores``) adds its best levels.

    Returns:
        The figure, and a sentence that explains it.
    """
    space = data.space
    if data.log is None or not len(data.log) or not isinstance(space, MazeSpace):
        return None
    rng = np.random.default_rng(0)
    rows: list[tuple[str, NDArray[Any], list[str]]] = []
    n = len(data.log)
    for name, middle in zip(_PHASES, (0.05, 0.5, 0.95), strict=True):
        low, high = int(n * (middle - 0.05)), max(int(n * (middle + 0.05)), 1)
        chosen = np.sort(rng.choice(np.arange(low, high), min(COLUMNS, high - low), replace=False))
        labels = [_steps(int(s)) for s in data.log.steps[chosen]]
        rows.append((name, data.log.tasks[chosen].astype(np.float64), labels))
    text = "Levels drawn at random from those handed out, with the environment step at which they were."
    best = best_of_buffer(data.teacher, COLUMNS)
    if best is not None:
        tasks, scores = best
        rows.append(("buffer's best", tasks, [f"{score:.3g}" for score in scores]))
        text += " Last row: the levels of the highest scores in the teacher's buffer at the last checkpoint."
    figure = new_figure(1.32 * len(rows) + 0.5)
    panels = figure.subplots(len(rows), COLUMNS, squeeze=False)
    for line, (name, tasks, labels) in zip(panels, rows, strict=True):
        for k, axes in enumerate(line):
            if k >= len(tasks):
                axes.set_visible(False)
                continue
            draw_level(axes, tasks[k], space)
            axes.set_title(labels[k], fontsize=8.5, pad=2)
        line[0].set_ylabel(name, fontsize=9)
    _key(figure)
    return figure, text


def best_of_buffer(teacher: Any, n: int) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return the levels of the highest scores in a teacher's buffer and their scores; None where there is no buffer."""
    buffer = getattr(teacher, "buffer", None)
    if buffer is None or not len(buffer.scores):
        return None
    order = np.argsort(-np.asarray(buffer.scores), kind="stable")[:n]
    return np.asarray(buffer.tasks)[order], np.asarray(buffer.scores)[order]


def draw_level(axes: Any, row: NDArray[np.float64], space: MazeSpace) -> None:
    """Draw one level into a panel: walls with their border, the goal as a square, the start as a triangle."""
    from matplotlib.colors import ListedColormap

    walls, goal, start, direction = level_to_arrays(row, space)
    grid = np.pad(walls[0], 1, constant_values=True)
    axes.imshow(grid, cmap=ListedColormap(["white", _WALL]), vmin=0, vmax=1)
    size = 4.2 * 13 / max(space.height, space.width)
    y, x = divmod(int(goal[0]), space.width)
    axes.plot(x + 1, y + 1, marker="s", markersize=size, color=MASTERED, markeredgewidth=0)
    y, x = divmod(int(start[0]), space.width)
    marker = (">", "v", "<", "^")[int(direction[0])]
    axes.plot(x + 1, y + 1, marker=marker, markersize=size * 1.2, color=TEST, markeredgewidth=0)
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def _key(figure: Any) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], marker="s", color=MASTERED, linestyle="", label="goal"),
        Line2D([], [], marker=">", color=TEST, linestyle="", label="start, and where the agent looks"),
        Line2D([], [], marker="s", color=_WALL, linestyle="", label="wall"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, labelcolor=INK, facecolor=FAILED)


def _steps(number: int) -> str:
    if number >= 1_000_000:
        return f"{number / 1e6:.1f} M"
    return f"{number / 1e3:.0f} k" if number >= 1_000 else str(number)
