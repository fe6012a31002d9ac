"""Where the teacher aims: its density over the task space at the latest checkpoint."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .figure_style import FAILED, INK, TEST, TRAINING, TaskAxis, colour_map, new_figure
from .report_data import ReportData

_GRID = 160
_CURVE = 400
_DRAWS = 5_000
_LATEST = 150
_MOST_DIMENSIONS = 12


def teacher_density(data: ReportData) -> tuple[Any, str] | None:
    """Draw the teacher's density; None where there is no checkpoint.

    One dimension: a curve. Two: a map. More: what the teacher would hand out now, dimension by dimension, from 5,000
    tasks drawn from a copy of it (averages over the other dimensions would miss narrow peaks). With it the latest
    tasks and, where the teacher has a ``mixture``, the centres of its components.

    Returns:
        The figure, and a sentence that explains it.
    """
    teacher, dims = data.teacher, data.free_dimensions
    if teacher is None:
        return None
    if teacher.density(data.space.from_unit(np.full((1, data.space.n_dims), 0.5))) is None:
        why = (
            f"{data.saved.config.teacher} has no density at this point: it has not learned one yet, or it keeps none. "
            "Only its latest tasks are shown."
        )
    else:
        why = ""
    if len(dims) == 1:
        return _curve(data, dims[0], why)
    if len(dims) == 2:
        return _map(data, dims, why)
    return _marginals(data, dims, why)


def _latest_tasks(data: ReportData) -> NDArray[np.float64]:
    """The tasks handed out last before the checkpoint."""
    if data.log is None or data.checkpoint is None:
        return np.empty((0, data.space.n_dims))
    before = data.log.tasks[data.log.steps <= data.checkpoint.step]
    return before[-_LATEST:]


def _density_at(data: ReportData, dims: list[int], unit: NDArray[np.float64]) -> NDArray[np.float64]:
    """The density at points of the unit cube that are given in the free dimensions."""
    points = np.full((len(unit), data.space.n_dims), 0.5)
    points[:, dims] = unit
    assert data.teacher is not None
    density = data.teacher.density(data.space.from_unit(points))
    return np.zeros(len(unit)) if density is None else density


def component_centres(data: ReportData) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return the centres of the teacher's components in the unit cube of the free dimensions, and their mean ALP.

    None for a teacher without a ``mixture`` over (task, ALP), or before its first fit.
    """
    mixture = getattr(data.teacher, "mixture", None)
    if mixture is None:
        return None
    means = np.asarray(mixture.means, np.float64)
    centres, progress = means[:, :-1], means[:, -1]
    if centres.shape[1] == data.space.n_dims and getattr(data.teacher, "compat", None):
        centres = data.space.to_unit(centres)[:, data.free_dimensions]  # in raw units there
    return (centres, progress) if centres.shape[1] == len(data.free_dimensions) else None


def _sizes(progress: NDArray[np.float64]) -> NDArray[np.float64]:
    positive = np.maximum(progress, 0.0)
    return 50.0 + 220.0 * positive / max(float(positive.max()), 1e-12)


def _cell_grid(axis: TaskAxis) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Centres of cells in the unit interval, and their edges on the axis."""
    n = int(axis.dim.size) if axis.discrete and axis.dim.size <= 4 * _GRID else _GRID
    return (np.arange(n) + 0.5) / n, axis.from_unit(np.linspace(0.0, 1.0, n + 1))


def _explanation(data: ReportData, what: str, centres: bool) -> str:
    assert data.checkpoint is not None
    text = f"At the checkpoint after {data.checkpoint.step:,} steps. {what}"
    return text + (" Rings: centres of the components, larger for more learning progress." if centres else "")


def _map(data: ReportData, dims: list[int], why: str) -> tuple[Any, str]:
    from matplotlib.colors import PowerNorm

    x_axis, y_axis = (TaskAxis(data.space.dimensions[i]) for i in dims)
    (x, x_edges), (y, y_edges) = _cell_grid(x_axis), _cell_grid(y_axis)
    figure = new_figure(4.6)
    axes = figure.subplots()
    centres = None if why else component_centres(data)
    if not why:
        grid = np.stack([np.tile(x, len(y)), np.repeat(y, len(x))], axis=1)
        density = _density_at(data, dims, grid).reshape(len(y), len(x))
        norm = PowerNorm(0.5, vmin=0.0, vmax=max(float(density.max()), 1.5))
        image = axes.pcolormesh(x_edges, y_edges, density, cmap=colour_map("magma_r", 0.0, 0.92), norm=norm)
        bar = figure.colorbar(image, ax=axes, pad=0.015)
        bar.set_label("density (1 = uniform; square-root colours)")
    latest = _latest_tasks(data)
    axes.scatter(
        x_axis.places(latest[:, dims[0]], 1),
        y_axis.places(latest[:, dims[1]], 2),
        s=16,
        color="#56B4E9" if not why else TRAINING,
        edgecolors="#0B2B45",
        linewidths=0.5,
        label=f"latest {len(latest)} tasks",
    )
    if centres is not None:
        axes.scatter(
            x_axis.from_unit(centres[0][:, 0]),
            y_axis.from_unit(centres[0][:, 1]),
            s=_sizes(centres[1]),
            facecolors="none",
            edgecolors="white",
            linewidths=4.0,
        )
        axes.scatter(
            x_axis.from_unit(centres[0][:, 0]),
            y_axis.from_unit(centres[0][:, 1]),
            s=_sizes(centres[1]),
            facecolors="none",
            edgecolors=INK,
            linewidths=1.8,
            label="component centres",
        )
    x_axis.dress(axes, "x", ticks=8)
    y_axis.dress(axes, "y", ticks=7)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, markerscale=0.9)
    return figure, why or _explanation(
        data, "Its share of random tasks is not part of the density.", centres is not None
    )


def _curve(data: ReportData, dim: int, why: str) -> tuple[Any, str]:
    axis = TaskAxis(data.space.dimensions[dim])
    figure = new_figure(3.4)
    axes = figure.subplots()
    latest = _latest_tasks(data)
    centres = None if why else component_centres(data)
    if not why:
        if axis.discrete:
            x, edges = _cell_grid(axis)
            density = _density_at(data, [dim], x[:, None])
            axes.bar((edges[:-1] + edges[1:]) / 2, density, 0.9 * np.diff(edges), color=TRAINING, label="density")
        else:
            x = np.linspace(0.0, 1.0, _CURVE)
            density = _density_at(data, [dim], x[:, None])
            axes.fill_between(axis.from_unit(x), density, color=TRAINING, alpha=0.25, linewidth=0)
            axes.plot(axis.from_unit(x), density, color=TRAINING, label="density")
        axes.axhline(1.0, color="#5B626B", linewidth=1.0, linestyle=(0, (4, 3)), label="uniform")
        if centres is not None:
            heights = _density_at(data, [dim], np.clip(centres[0], 0.0, 1.0))
            axes.scatter(
                axis.from_unit(centres[0][:, 0]),
                heights,
                s=_sizes(centres[1]),
                facecolors="white",
                edgecolors=INK,
                linewidths=1.6,
                zorder=3,
                label="component centres",
            )
        axes.set_ylim(0.0, 1.12 * max(float(density.max()), 1.5))
        axes.set_ylabel("density (1 = uniform)")
    else:
        axes.set_yticks([])
    axes.plot(
        axis.places(latest[:, dim]),
        np.full(len(latest), 0.02),
        "|",
        color=TEST,
        markersize=11,
        transform=axes.get_xaxis_transform(),
        label=f"latest {len(latest)} tasks",
    )
    axis.dress(axes, "x", ticks=8)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, markerscale=0.8)
    return figure, why or _explanation(
        data, "Its share of random tasks is not part of the density.", centres is not None
    )


def _marginals(data: ReportData, dims: list[int], why: str) -> tuple[Any, str]:
    """What the teacher would hand out now, one panel per dimension, against what is uniform."""
    assert data.teacher is not None
    tasks = data.teacher.sample(_DRAWS).values if not why else _latest_tasks(data)
    unit = data.space.to_unit(tasks)
    if len(dims) > _MOST_DIMENSIONS:
        off = np.abs(unit[:, dims].mean(axis=0) - 0.5) if len(unit) else np.zeros(len(dims))
        dims_shown = [dims[i] for i in sorted(np.argsort(-off, kind="stable")[:_MOST_DIMENSIONS].tolist())]
    else:
        dims_shown = dims
    centres = None if why else component_centres(data)
    columns = 3 if len(dims_shown) < 4 else 4
    rows = -(-len(dims_shown) // columns)
    figure = new_figure(0.9 + 1.55 * rows)
    panels = figure.subplots(rows, columns, squeeze=False)
    highest = 1.5
    for k, axes in enumerate(panels.flat):
        if k >= len(dims_shown):
            axes.set_visible(False)
            continue
        axis = TaskAxis(data.space.dimensions[dims_shown[k]])
        n = int(axis.dim.size) if axis.discrete and axis.dim.size <= 40 else 25
        counts, _ = np.histogram(unit[:, dims_shown[k]], np.linspace(0.0, 1.0, n + 1))
        edges = axis.from_unit(np.linspace(0.0, 1.0, n + 1))
        share = counts * n / max(counts.sum(), 1)
        highest = max(highest, float(share.max()))
        axes.bar(
            (edges[:-1] + edges[1:]) / 2,
            share,
            np.diff(edges) * (0.9 if axis.discrete else 1.0),
            color=TRAINING if not why else FAILED,
        )
        axes.axhline(1.0, color=INK, linewidth=1.0, linestyle=(0, (4, 3)))
        if centres is not None:
            at = axis.from_unit(centres[0][:, dims.index(dims_shown[k])])
            axes.scatter(
                at,
                np.full(len(at), 0.94),
                s=_sizes(centres[1]) / 4,
                transform=axes.get_xaxis_transform(),
                facecolors="white",
                edgecolors=TEST,
                linewidths=1.4,
                zorder=3,
            )
        axis.dress(axes, "x", label=False, ticks=4)
        axes.set_title(axis.label)
    for axes in panels.flat:
        axes.set_ylim(0.0, 1.3 * highest)
    figure.supylabel("tasks relative to uniform (dashed)", fontsize=10)
    what = (
        f"How often the teacher would hand out each value now, from {_DRAWS:,} tasks drawn from a copy of it "
        "(with its share of random tasks)."
    )
    if len(dims_shown) < len(dims):
        what += f" The {len(dims_shown)} of {len(dims)} dimensions are shown whose mean is farthest from the middle."
    return figure, why or _explanation(data, what, centres is not None)
