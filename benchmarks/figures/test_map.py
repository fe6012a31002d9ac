"""What the student masters: the last evaluation over the task space."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..evaluate_run import grid_axes
from ..evaluation import Evaluation
from ..report_data import ReportData
from .style import FAILED, INK, MASTERED, TRAINING, TaskAxis, colour_map, new_figure

_MOST_DIMENSIONS = 12


def test_map(data: ReportData) -> tuple[Any, str] | None:
    """Draw which test tasks the student masters and the return it has on each; None without an evaluation.

    Two dimensions: two maps, of cells where the test set is a grid, of points where it is not. One, or more than two:
    the return over each dimension, coloured by mastery.

    Returns:
        The figure, and a sentence that explains it.
    """
    result = data.last_evaluation
    if result is None:
        return None
    if len(data.free_dimensions) == 2:
        return _two_dimensions(data, result)
    return _per_dimension(data, result)


test_map.__test__ = False  # type: ignore[attr-defined]  # not a test of pytest


def _known(result: Evaluation) -> bool:
    return not bool(np.isnan(result.success).any())


def _title(result: Evaluation) -> str:
    return f"{result.mastered:.0f} % mastered" if _known(result) else "mastered: unknown"


def _number(value: float) -> str:
    return f"{value:.4g}".replace("-", "−")


def _explanation(data: ReportData, result: Evaluation) -> str:
    log = data.evaluations
    assert log is not None
    episodes = result.returns.shape[1]
    text = (
        f"{len(result.tasks)} tasks of {log.test_set} after {log.steps[-1]:,} steps, "
        f"{episodes} episode{'s' * (episodes > 1)} each."
    )
    if _known(result):
        return text + " A task is mastered when more than half of its episodes are a success."
    return text + " The environment does not tell success; train with --success-above to see what is mastered."


def _legend(axes: Any, counts: dict[str, tuple[str, int]], marker: str) -> None:
    for label, (colour, count) in counts.items():
        axes.scatter(
            [], [], color=colour, edgecolors="#4A4F57", linewidths=0.6, s=55, marker=marker, label=f"{label} ({count})"
        )
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=2)


def _two_dimensions(data: ReportData, result: Evaluation) -> tuple[Any, str]:
    from matplotlib.colors import ListedColormap

    dims = data.free_dimensions
    tasks, returns = result.tasks[:, dims], result.returns.mean(axis=1)
    mastered = (result.success.mean(axis=1) > 0.5).astype(float)
    x_axis, y_axis = (TaskAxis(data.space.dimensions[i]) for i in dims)
    grid = grid_axes(tasks)
    figure = new_figure(4.5)
    panels = figure.subplots(1, 2 if _known(result) else 1, sharey=True, squeeze=False)[0]
    jobs: list[tuple[Any, NDArray[np.float64], dict[str, Any]]] = []
    if _known(result):
        two = ListedColormap([FAILED, MASTERED])
        jobs.append((panels[0], mastered, {"cmap": two, "vmin": 0.0, "vmax": 1.0}))
    low, high = float(returns.min()), float(returns.max())
    spread = {"vmin": low, "vmax": high} if high > low else {"vmin": low - 0.5, "vmax": high + 0.5}
    jobs.append((panels[-1], returns, {"cmap": colour_map("viridis", 0.0, 0.98), **spread}))
    image = None
    for axes, values, scale in jobs:
        if grid is not None:
            table = np.full((len(grid[1]), len(grid[0])), np.nan)
            table[np.searchsorted(grid[1], tasks[:, 1]), np.searchsorted(grid[0], tasks[:, 0])] = values
            edges = _edges(grid[0]), _edges(grid[1])
            image = axes.pcolormesh(*edges, table, edgecolors="white", linewidth=0.8, **scale)
        else:
            places = x_axis.places(tasks[:, 0], 1), y_axis.places(tasks[:, 1], 2)
            image = axes.scatter(*places, c=values, s=55, edgecolors="#4A4F57", linewidths=0.6, **scale)
        x_axis.dress(axes, "x", ticks=7)
        y_axis.dress(axes, "y", label=axes is panels[0], ticks=7)
        if grid is not None:
            axes.set_xlim(edges[0][0], edges[0][-1])
            axes.set_ylim(edges[1][0], edges[1][-1])
    if _known(result):
        share = int(mastered.sum())
        counts = {"mastered": (MASTERED, share), "not mastered": (FAILED, len(tasks) - share)}
        panels[0].set_title(_title(result))
        _legend(panels[0], counts, "s" if grid is not None else "o")
    panels[-1].set_title(f"return, mean {_number(result.mean_return)}")
    bar = figure.colorbar(image, ax=panels[-1], pad=0.02)
    bar.set_label("return")
    return figure, _explanation(data, result)


def _edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Edges of cells around sorted values: half-way between them, and as far outside."""
    middle = (values[:-1] + values[1:]) / 2
    return np.concatenate([[2 * values[0] - middle[0]], middle, [2 * values[-1] - middle[-1]]])


def _per_dimension(data: ReportData, result: Evaluation) -> tuple[Any, str]:
    returns = result.returns.mean(axis=1)
    mastered = result.success.mean(axis=1) > 0.5
    dims, text = data.free_dimensions, _explanation(data, result)
    if len(dims) > _MOST_DIMENSIONS:
        shift = np.abs(_correlations(data.space.to_unit(result.tasks)[:, dims], returns))
        text += (
            f" The {_MOST_DIMENSIONS} of {len(dims)} dimensions are shown that the return depends on most (linearly)."
        )
        dims = [dims[i] for i in sorted(np.argsort(-shift, kind="stable")[:_MOST_DIMENSIONS].tolist())]
    columns = 1 if len(dims) == 1 else 3 if len(dims) < 4 else 4
    rows = -(-len(dims) // columns)
    figure = new_figure(3.6 if len(dims) == 1 else 1.1 + 1.6 * rows)
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False)
    groups = [("not mastered", FAILED, ~mastered), ("mastered", MASTERED, mastered)]
    if not _known(result):
        groups = [("mastered or not: unknown", TRAINING, np.ones(len(returns), dtype=np.bool_))]
    for k, axes in enumerate(panels.flat):
        if k >= len(dims):
            axes.set_visible(False)
            continue
        axes.grid(True)
        axis = TaskAxis(data.space.dimensions[dims[k]])
        places = axis.places(result.tasks[:, dims[k]], k)
        for label, colour, chosen in groups:
            axes.scatter(
                places[chosen],
                returns[chosen],
                color=colour,
                s=34 if len(dims) == 1 else 20,
                edgecolors="#4A4F57",
                linewidths=0.5,
                label=f"{label} ({int(chosen.sum())})",
                zorder=2,
            )
        axis.dress(axes, "x", label=len(dims) == 1, ticks=5 if len(dims) > 1 else 8)
        if len(dims) > 1:
            axes.set_title(axis.label)
    figure.supylabel("return", fontsize=10)
    handles, labels = panels[0, 0].get_legend_handles_labels()
    title = f"{_title(result)}, mean return {_number(result.mean_return)}"
    figure.suptitle(title, color=INK, fontsize=10.5, fontweight="normal")
    figure.legend(handles, labels, loc="outside lower center", ncols=2, fontsize=9)
    return figure, text


def _correlations(unit: NDArray[np.float64], returns: NDArray[np.float64]) -> NDArray[np.float64]:
    centred, scores = unit - unit.mean(axis=0), returns - returns.mean()
    scale = np.sqrt((centred**2).sum(axis=0) * (scores**2).sum())
    return np.divide(scores @ centred, scale, out=np.zeros(unit.shape[1]), where=scale > 0)
