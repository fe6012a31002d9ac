"""The scores on each test task: a row a teacher, a column a task; or a map for each, where the tasks are a grid."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..evaluate_run import grid_axes
from .style import colour_map, new_figure

_ROW, _MOST_NAMES, _NAMED_CELLS = 0.3, 40, 400
_COLUMNS, _SIDE = 4, 2.1

FloatArray = NDArray[np.float64]


def task_scores_figure(
    scores: Mapping[str, ArrayLike],
    tasks: Sequence[str],
    *,
    score: str = "score",
    rows: ArrayLike | None = None,
    names: Sequence[str] = (),
) -> Any:
    """Draw the mean over runs on each task.

    Args:
        scores: By label, shape ``(k,)``, a number a task; NaN where there is none.
        tasks: Their names, k of them.
        score: What scores are, with their unit.
        rows: The tasks themselves, shape ``(k, d)``; a full grid of two dimensions is drawn as maps.
        names: Of the dimensions.

    Raises:
        ValueError: No label, or scores that do not fit the tasks.

    Example:
        >>> figure = task_scores_figure({"plr": [80.0, 10.0], "random": [40.0, 0.0]}, ["maze", "labyrinth"])
        >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
        ['plr', 'random']
    """
    table = {label: np.asarray(each, dtype=np.float64) for label, each in scores.items()}
    if not table or any(each.shape != (len(tasks),) for each in table.values()):
        raise ValueError(f"Expected scores of at least one label, each of shape ({len(tasks)},).")
    places = None if rows is None else np.asarray(rows, dtype=np.float64)
    axes_of_grid = None if places is None or not places.size else grid_axes(places)
    known = np.concatenate(list(table.values()))
    known = known[np.isfinite(known)]
    percent = score.endswith("(%)")
    low, high = (0.0, 100.0) if percent else (float(known.min(initial=0.0)), float(known.max(initial=1.0)))
    limits = {"vmin": low, "vmax": high if high > low else low + 1.0}
    if axes_of_grid is not None and places is not None:
        return _maps(table, places, axes_of_grid, list(names), score, limits)
    return _matrix(table, list(tasks), score, limits)


def _matrix(table: Mapping[str, FloatArray], tasks: list[str], score: str, limits: dict[str, float]) -> Any:
    named = len(tasks) <= _MOST_NAMES
    longest = max(map(len, tasks)) if named else 0
    figure = new_figure(_ROW * len(table) + 0.075 * min(longest, 28) + 0.7)
    axes = figure.subplots()
    values = np.array(list(table.values()))
    if not named:
        values = values[:, np.argsort(-np.nan_to_num(values).mean(axis=0), kind="stable")]
    image = axes.imshow(values, cmap=colour_map("Greens", 0.0, 0.9), aspect="auto", **limits)
    axes.set_yticks(range(len(table)), list(table))
    if named:
        shown = [task if len(task) <= 28 else task[:27] + "…" for task in tasks]
        axes.set_xticks(range(len(tasks)), shown, rotation=40, ha="right", rotation_mode="anchor")
    else:
        axes.set_xlabel(f"{len(tasks)} test tasks, those with the highest scores first")
    if values.size <= _NAMED_CELLS and named:
        middle = 0.6 * limits["vmax"] + 0.4 * limits["vmin"]
        for (i, j), value in np.ndenumerate(values):
            if np.isfinite(value):
                colour = "white" if value > middle else "#1A1D21"
                axes.text(j, i, f"{value:.0f}" if abs(value) >= 9.95 else f"{value:.2g}", ha="center", va="center",
                          color=colour, fontsize=8.5)  # fmt: skip
    axes.tick_params(length=0)
    figure.colorbar(image, ax=axes, label=score, fraction=0.03, pad=0.01)
    return figure


def _maps(
    table: Mapping[str, FloatArray],
    rows: FloatArray,
    grid: tuple[FloatArray, FloatArray],
    names: list[str],
    score: str,
    limits: dict[str, float],
) -> Any:
    first, second = grid
    columns = min(_COLUMNS, len(table))
    lines = -(-len(table) // columns)
    figure = new_figure(_SIDE * lines + 0.6)
    panels = list(figure.subplots(lines, columns, squeeze=False, sharex=True, sharey=True).flat)
    image = None
    for axes, (label, values) in zip(panels, table.items(), strict=False):
        cells = np.full((len(second), len(first)), np.nan)
        cells[np.searchsorted(second, rows[:, 1]), np.searchsorted(first, rows[:, 0])] = values
        image = axes.pcolormesh(first, second, cells, cmap=colour_map("Greens", 0.0, 0.9), shading="nearest", **limits)
        axes.set_title(f"{label}: {np.nanmean(values):.0f}" if np.isfinite(values).any() else label)
    for axes in panels[len(table) :]:
        axes.set_visible(False)
    for above in panels[max(0, len(table) - columns) : len(table)]:
        above.tick_params(labelbottom=True)
    described = [name.replace("_", " ") for name in names] or ["", ""]
    figure.supxlabel(described[0], fontsize=10)
    figure.supylabel(described[1], fontsize=10)
    figure.colorbar(image, ax=panels[: len(table)], label=score, fraction=0.03, pad=0.01)
    return figure
