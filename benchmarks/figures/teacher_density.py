"""Where the teacher aims: its density over the task space at the latest checkpoint."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..report_data import ReportData
from .style import FAILED, INK, TEST, TRAINING, TaskAxis, colour_map, new_figure

_GRID = 160
_CURVE = 600
_FLOOR = 0.1
_FINE = 4
_DRAWS = 20_000
_LATEST = 150
_MOST_DIMENSIONS = 12


def teacher_density(data: ReportData) -> tuple[Any, str] | None:
    """Draw the teacher's density; None where there is no checkpoint.

    One continuous dimension: a curve. Two: a map. More: how often the teacher would hand out each value now, from
    tasks drawn from a copy of it, for averages of the density over the other dimensions would miss narrow peaks; and
    likewise for integers and categories, whose share is not the density at one point. With it the latest tasks and,
    where the teacher has a ``mixture``, the centres of its components.

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
        return _curve(data, dims, why)
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


def _cells(data: ReportData, dims: list[int], counts: list[int]) -> NDArray[np.float64]:
    """The mean density in each cell of a grid over one or two dimensions, shape ``counts``.

    Continuous dimensions: averaged over a finer grid, so that needles are not missed. Where there are integers or
    categories: the share of drawn tasks relative to a uniform teacher's.
    """
    assert data.teacher is not None
    if _drawn(data, dims):
        unit = data.space.to_unit(data.teacher.sample(_DRAWS).values)[:, dims]
        shares, _ = np.histogramdd(unit, [np.linspace(0.0, 1.0, n + 1) for n in counts])
        return shares * np.prod(counts) / _DRAWS
    fine = [n * _FINE for n in counts]
    grid = np.stack(np.meshgrid(*((np.arange(n) + 0.5) / n for n in fine), indexing="ij"), axis=-1)
    density = _density_at(data, dims, grid.reshape(-1, len(dims)))
    split = [size for n in counts for size in (n, _FINE)]
    return density.reshape(split).mean(axis=tuple(range(1, 2 * len(counts), 2)))


def _drawn(data: ReportData, dims: list[int]) -> bool:
    """Whether the density is estimated from drawn tasks."""
    return len(dims) > 2 or bool(data.space.discrete[dims].any())


def _count(axis: TaskAxis, continuous: int, drawn: bool) -> int:
    """How many cells an axis is divided into."""
    if axis.discrete and axis.dim.size <= 60:
        return int(axis.dim.size)
    return 25 if drawn else continuous


def _explanation(data: ReportData, dims: list[int], centres: bool, more: str = "") -> str:
    assert data.checkpoint is not None
    if _drawn(data, dims):
        what = f"Estimated from {_DRAWS:,} tasks drawn from a copy of the teacher, its share of random tasks included."
    else:
        what = "The share of random tasks that the teacher hands out besides is left out."
    text = f"At the checkpoint after {data.checkpoint.step:,} steps; 1 is uniform, 10 ten times as often. {what}{more}"
    return text + (" Rings: centres of the components, larger for more learning progress." if centres else "")


def _map(data: ReportData, dims: list[int], why: str) -> tuple[Any, str]:
    from matplotlib.colors import LogNorm

    x_axis, y_axis = (TaskAxis(data.space.dimensions[i]) for i in dims)
    figure = new_figure(4.6)
    axes = figure.subplots()
    centres = None if why else component_centres(data)
    if not why:
        counts = [_count(axis, _GRID, _drawn(data, dims)) for axis in (x_axis, y_axis)]
        edges = [axis.from_unit(np.linspace(0.0, 1.0, n + 1)) for axis, n in zip((x_axis, y_axis), counts, strict=True)]
        density = _cells(data, dims, counts).T
        norm = LogNorm(_FLOOR, max(float(density.max()), 100.0))
        image = axes.pcolormesh(*edges, np.maximum(density, _FLOOR), cmap=colour_map("magma_r", 0.0, 0.92), norm=norm)
        bar = figure.colorbar(image, ax=axes, pad=0.015, extend="min", format="{x:g}")
        bar.set_label("density (1 = uniform)")
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
    return figure, why or _explanation(data, dims, centres is not None)


def _curve(data: ReportData, dims: list[int], why: str) -> tuple[Any, str]:
    dim, axis = dims[0], TaskAxis(data.space.dimensions[dims[0]])
    figure = new_figure(3.6)
    axes = figure.subplots()
    latest = _latest_tasks(data)
    centres = None if why else component_centres(data)
    if not why:
        n = _count(axis, _CURVE, _drawn(data, dims))
        density = np.maximum(_cells(data, dims, [n]), 1e-12)
        edges = axis.from_unit(np.linspace(0.0, 1.0, n + 1))
        if axis.discrete:
            middle, width = (edges[:-1] + edges[1:]) / 2, np.diff(edges)
            axes.bar(middle, density, (0.9 if n <= 25 else 1.0) * width, color=TRAINING, label="density")
            axes.set_ylim(0.0, 1.2 * max(float(density.max()), 1.5))
        else:
            middle = (edges[:-1] + edges[1:]) / 2
            axes.fill_between(middle, density, 1e-12, color=TRAINING, alpha=0.25, linewidth=0)
            axes.plot(middle, density, color=TRAINING, label="density")
            axes.set_yscale("log")
            axes.set_ylim(_FLOOR / 2, 3.0 * max(float(density.max()), 3.0))
            axes.yaxis.set_major_formatter("{x:g}")
        axes.axhline(1.0, color="#5B626B", linewidth=1.0, linestyle=(0, (4, 3)), label="uniform")
        if centres is not None:
            places = axis.from_unit(np.clip(centres[0][:, 0], 0.0, 1.0))
            axes.scatter(
                places,
                np.full(len(places), 0.94),
                s=_sizes(centres[1]) / 2,
                transform=axes.get_xaxis_transform(),
                facecolors="none",
                edgecolors=INK,
                linewidths=1.6,
                zorder=3,
                label="component centres",
            )
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
    return figure, why or _explanation(data, dims, centres is not None)


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
        n = _count(axis, _CURVE, drawn=True)
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
                np.full(len(at), 0.92),
                s=_sizes(centres[1]) / 4,
                transform=axes.get_xaxis_transform(),
                facecolors="white",
                edgecolors=TEST,
                linewidths=1.4,
                zorder=3,
            )
        axis.dress(axes, "x", label=False, ticks=5)
        axes.set_title(axis.label)
    for axes in panels.flat:
        axes.set_ylim(0.0, 1.25 * highest)
    figure.supylabel("relative to uniform", fontsize=10)
    more = ""
    if len(dims_shown) < len(dims):
        more = f" The {len(dims_shown)} of {len(dims)} dimensions are shown whose mean is farthest from the middle."
    return figure, why or _explanation(data, dims, centres is not None, more)
