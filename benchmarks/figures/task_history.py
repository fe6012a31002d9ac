"""The curriculum: which tasks were handed out when, coloured by learning progress or by return."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..report_data import ReportData
from .style import TaskAxis, colour_map, new_figure, robust_limits, step_unit, steps_axis

_SLICES = 4
_MOST_POINTS = 1_200
_MOST_DIMENSIONS = 12

Colour = Literal["alp", "return"]


def task_history(data: ReportData, colour: Colour) -> tuple[Any, str] | None:
    """Draw the finished tasks; None where there is none.

    In two dimensions, consecutive slices of the run side by side, each a scatter over the task space. In one, and in
    more than two, one panel for each dimension over time.

    Args:
        data: The run.
        colour: By absolute learning progress (``"alp"``) or by ``"return"``.

    Returns:
        The figure, and a sentence about what was left out (may be empty).
    """
    if not len(data.episodes):
        return None
    if len(data.free_dimensions) == 2:
        return _slices(data, colour)
    return _over_time(data, colour)


def _colours(data: ReportData, colour: Colour) -> tuple[NDArray[np.float64], dict[str, Any], str, str]:
    """The values, the arguments of scatter, the label of the colour bar and its ``extend``."""
    if colour == "alp":
        values = data.alps
        _, high, extend = robust_limits(values, 0.0, 95.0)
        scale = {"cmap": colour_map("magma_r", 0.08, 0.95), "vmin": 0.0, "vmax": max(high, 1e-9)}
        return values, scale, "absolute learning progress", "max" if extend in ("max", "both") else "neither"
    values = data.episodes.returns
    low, high, extend = robust_limits(values, 2.0, 98.0)
    return values, {"cmap": colour_map("viridis", 0.0, 0.96), "vmin": low, "vmax": high}, "return", extend


def _points(n: int) -> dict[str, Any]:
    return {
        "s": float(np.clip(5_000 / max(n, 1), 7, 26)),
        "linewidths": 0.25 if n < 500 else 0.1,
        "edgecolors": "#4A4F57",
    }


def _thinned(rows: NDArray[np.int64], most: int) -> NDArray[np.int64]:
    """At most so many of the rows, drawn at random and in random order, so that none hides another on purpose."""
    return np.random.default_rng(0).permutation(rows)[:most]


def _left_out(drawn: int, total: int) -> str:
    return f"{drawn:,} of {total:,} finished tasks are drawn, chosen at random." if drawn < total else ""


def _slices(data: ReportData, colour: Colour) -> tuple[Any, str]:
    episodes = data.episodes
    values, scale, label, extend = _colours(data, colour)
    i, j = data.free_dimensions
    x_axis, y_axis = TaskAxis(data.space.dimensions[i]), TaskAxis(data.space.dimensions[j])
    x, y = x_axis.places(episodes.tasks[:, i], 1), y_axis.places(episodes.tasks[:, j], 2)
    edges = np.linspace(0, max(data.steps, int(episodes.steps.max())) + 1, _SLICES + 1)
    divisor, unit = step_unit(edges[-1])
    figure = new_figure(3.1)
    panels = figure.subplots(1, _SLICES, sharex=True, sharey=True)
    drawn, image = 0, None
    for k, axes in enumerate(panels):
        rows = np.flatnonzero((episodes.steps >= edges[k]) & (episodes.steps < edges[k + 1]))
        chosen = _thinned(rows, _MOST_POINTS)
        drawn += len(chosen)
        image = axes.scatter(x[chosen], y[chosen], c=values[chosen], **scale, **_points(len(chosen)))
        start, end = edges[k] / divisor, edges[k + 1] / divisor
        short = {"thousands": " k", "millions": " M"}.get(unit, "")
        axes.set_title(f"{start:.3g}–{end:.3g}{short} steps\n{len(rows):,} task{'s' * (len(rows) != 1)}")
        x_axis.dress(axes, "x", label=False, ticks=4)
        y_axis.dress(axes, "y", label=k == 0)
    figure.supxlabel(x_axis.label, fontsize=10)
    bar = figure.colorbar(image, ax=list(panels), extend=extend, pad=0.015, aspect=18)
    bar.set_label(label)
    return figure, _left_out(drawn, len(episodes))


def _over_time(data: ReportData, colour: Colour) -> tuple[Any, str]:
    episodes = data.episodes
    values, scale, label, extend = _colours(data, colour)
    dims, remark = _most_moved(data)
    columns = min(len(dims), 3 if len(dims) < 7 else 4)
    rows = -(-len(dims) // columns)
    chosen = _thinned(np.arange(len(episodes)), (1 + (len(dims) == 1)) * _MOST_POINTS)
    figure = new_figure(3.6 if len(dims) == 1 else 0.7 + 1.75 * rows)
    panels = figure.subplots(rows, columns, sharex=True, squeeze=False)
    image = None
    for k, axes in enumerate(panels.flat):
        if k >= len(dims):
            axes.set_visible(False)
            continue
        axis = TaskAxis(data.space.dimensions[dims[k]])
        image = axes.scatter(
            episodes.steps[chosen],
            axis.places(episodes.tasks[chosen, dims[k]], k),
            c=values[chosen],
            **scale,
            **_points(len(chosen)),
        )
        axis.dress(axes, "y", label=len(dims) == 1, ticks=5)
        if len(dims) > 1:
            axes.set_title(axis.label)
        axes.set_xlim(-0.01 * data.steps, 1.01 * max(data.steps, 1))
        if k + columns >= len(dims):
            steps_axis(axes, data.steps, "environment steps" if columns < 3 else "steps")
            axes.tick_params(labelbottom=True)
    bar = figure.colorbar(image, ax=panels.ravel().tolist(), extend=extend, pad=0.015, aspect=18 if rows < 3 else 30)
    bar.set_label(label)
    return figure, " ".join(filter(None, [remark, _left_out(len(chosen), len(episodes))]))


def _most_moved(data: ReportData) -> tuple[list[int], str]:
    """The free dimensions; of more than twelve those whose mean moved most between the quarters of the run."""
    dims = data.free_dimensions
    if len(dims) <= _MOST_DIMENSIONS:
        return dims, ""
    unit = data.space.to_unit(data.episodes.tasks)[:, dims]
    means = np.array([part.mean(axis=0) for part in np.array_split(unit, 4) if len(part)])
    moved = means.max(axis=0) - means.min(axis=0)
    first = sorted(np.argsort(-moved, kind="stable")[:_MOST_DIMENSIONS].tolist())
    remark = f"The {_MOST_DIMENSIONS} of {len(dims)} dimensions are shown whose mean moved most during the run."
    return [dims[i] for i in first], remark
