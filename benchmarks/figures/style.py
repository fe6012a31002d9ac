"""What the figures of a report have in common: the canvas, colours, and axes that speak the task space's units.

Figures are drawn on Agg canvases of their own, without pyplot: the backend, the open figures and the settings of a
program that calls these functions stay as they are. They are 9 inches wide, so that 9 pt are legible at 900 pixels.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...spaces import Dimension
from ...state import write_atomic

WIDTH = 9.0
"""Inches; the page shows a figure 900 pixels wide."""

DPI = 160

TRAINING, TEST, MASTERED, FAILED, INK = "#0072B2", "#D55E00", "#009E73", "#C9CDD3", "#1A1D21"
"""Colours of Okabe and Ito, which people with colour-blindness can tell apart; grey for what is not (yet)."""

_SETTINGS: dict[str, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 10.0,
    "axes.titlesize": 10.5,
    "axes.labelsize": 10.0,
    "xtick.labelsize": 9.0,
    "ytick.labelsize": 9.0,
    "legend.fontsize": 9.0,
    "figure.titlesize": 11.5,
    "figure.titleweight": "bold",
    "figure.facecolor": "white",
    "axes.facecolor": "white",
    "axes.edgecolor": "#5B626B",
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "text.color": INK,
    "xtick.color": "#3A4048",
    "ytick.color": "#3A4048",
    "axes.linewidth": 0.8,
    "axes.grid": False,
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,
    "grid.color": "#DDE1E6",
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
    "savefig.facecolor": "white",
    "savefig.dpi": DPI,
    "text.usetex": False,
    "text.parse_math": False,  # a dimension may be called "$x"
    "image.interpolation": "nearest",
}


@contextmanager
def style() -> Iterator[None]:
    """Draw with the report's settings, and put those of the program back."""
    import matplotlib

    settings: Any = _SETTINGS
    with matplotlib.rc_context(settings):
        yield


def new_figure(height: float) -> Any:
    """Return an empty figure of the page's width, on an Agg canvas.

    Args:
        height: Inches.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save_figure(figure: Any, path: Path) -> None:
    """Write a figure as PNG, atomically."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI)
    write_bytes(path, buffer.getvalue())


def write_bytes(path: Path, content: bytes) -> None:
    """Write a file atomically."""

    def write(file: BinaryIO) -> None:
        file.write(content)

    write_atomic(path, write)


def colour_map(name: str, low: float = 0.0, high: float = 1.0) -> Any:
    """Return a part of a perceptually uniform colour map; its palest end is hard to see on white."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    return ListedColormap(colormaps[name](np.linspace(low, high, 256)))


def robust_limits(values: NDArray[np.float64], low: float, high: float) -> tuple[float, float, str]:
    """Return two percentiles as limits of a colour scale, and which ends of it lie outside (matplotlib's ``extend``).

    Example:
        >>> robust_limits(np.array([0.0, 1.0, 2.0]), 0.0, 100.0)
        (0.0, 2.0, 'neither')
    """
    if not len(values):
        return 0.0, 1.0, "neither"
    bottom, top = (float(v) for v in np.percentile(values, [low, high]))
    if top <= bottom:
        bottom, top = float(values.min()), float(values.max())
    if top <= bottom:
        margin = 0.5 * (abs(top) or 1.0)
        return bottom - margin, top + margin, "neither"
    below, above = bool((values < bottom).any()), bool((values > top).any())
    return bottom, top, {(0, 0): "neither", (1, 0): "min", (0, 1): "max", (1, 1): "both"}[below, above]


def steps_axis(axes: Any, largest: float, label: str = "environment steps") -> None:
    """Label a horizontal axis of environment steps, in thousands or millions where there are as many."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    scale, unit = step_unit(largest)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / scale:g}"))
    axes.set_xlabel(f"{label} ({unit})" if unit else label)


def step_unit(largest: float) -> tuple[float, str]:
    """Return by what to divide numbers of steps, and what that is called.

    Example:
        >>> step_unit(120_000), step_unit(20e6)
        ((1000.0, 'thousands'), (1000000.0, 'millions'))
    """
    if largest >= 2e6:
        return 1e6, "millions"
    return (1e3, "thousands") if largest >= 5e3 else (1.0, "")


class TaskAxis:
    """One dimension of a task space as an axis of a figure.

    Integers and categories take a cell each, in which their tasks are spread at random so that equal ones do not hide
    one another; continuous dimensions are drawn in their own unit.

    Args:
        dim: The dimension.

    Example:
        >>> axis = TaskAxis(Dimension.parse("rooms", range(2, 7)))
        >>> axis.limits, axis.from_unit([0.1]).tolist()
        ((1.5, 6.5), [2.0])
    """

    def __init__(self, dim: Dimension) -> None:
        self.dim = dim
        self.label = dim.name.replace("_", " ")
        self.discrete = dim.kind != "continuous"
        low, high = (dim.low - 0.5, dim.high + 0.5) if self.discrete else (dim.low, dim.high)
        self.limits = (low, high) if high > low else (low - 0.5, high + 0.5)

    def from_unit(self, unit: ArrayLike) -> NDArray[np.float64]:
        """Return the places on this axis of coordinates in the unit cube, which are not rounded."""
        low, high = self.limits
        return low + np.asarray(unit, np.float64) * (high - low)

    def places(self, values: NDArray[np.float64], salt: int = 0) -> NDArray[np.float64]:
        """Return where to draw tasks: integers and categories are spread within their cells, always in the same way."""
        if not self.discrete:
            return values
        return values + np.random.default_rng(salt).uniform(-0.32, 0.32, len(values))

    def dress(self, axes: Any, which: str, *, label: bool = True, ticks: int = 5) -> None:
        """Set limits, ticks and label of the x or y axis of a panel."""
        from matplotlib.ticker import MaxNLocator

        axis = axes.xaxis if which == "x" else axes.yaxis
        low, high = self.limits
        margin = 0.0 if self.discrete else 0.025 * (high - low)
        (axes.set_xlim if which == "x" else axes.set_ylim)(low - margin, high + margin)
        if self.dim.kind == "categorical":
            names = [_shortened(str(c)) for c in self.dim.categories]
            every = max(1, -(-len(names) // 12))
            axis.set_ticks(np.arange(len(names))[::every], names[::every])
            if which == "x" and sum(map(len, names[::every])) > 16:
                for text in axis.get_ticklabels():
                    text.set(rotation=30, ha="right", rotation_mode="anchor")
        else:
            axis.set_major_locator(MaxNLocator(ticks, integer=self.dim.kind == "integer", steps=[1, 2, 2.5, 5, 10]))
        if label:
            (axes.set_xlabel if which == "x" else axes.set_ylabel)(self.label)


def _shortened(text: str) -> str:
    return text if len(text) <= 14 else text[:13] + "…"
