"""The learning curves of a lab: % mastered over episodes, by teacher, one panel a space."""

from __future__ import annotations

from typing import Any

from ..bootstrap import estimate_curve
from ..figures.style import new_figure, steps_axis
from .page import BASELINE
from .results import LabResults
from .spaces import lab_space, units_of

_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.5, 1.2, 1.5)))
_GREY = "#4A4F57"
_PANEL = 2.7


def curves_figure(results: LabResults, spaces: list[str]) -> Any | None:
    """Draw the interquartile mean over seeds and its 95 % bootstrap interval; None without any result.

    A teacher has the same colour and dash in all figures of a lab; `random` is grey.
    """
    shown = [space for space in spaces if results.teachers_on(space)]
    if not shown:
        return None
    columns = min(2, len(shown))
    rows = -(-len(shown) // columns)
    teachers = [t for t in results.config.teachers if any((t, space) in results.cells for space in shown)]
    legend_rows = -(-len(teachers) // 5)
    figure = new_figure(_PANEL * rows + 0.3 + 0.25 * legend_rows)
    panels = figure.subplots(rows, columns, squeeze=False, sharey=True)
    looks = _looks(results.config.teachers)
    for axes, space in zip(panels.flat, shown, strict=False):
        _panel(axes, results, space, looks)
    for axes in list(panels.flat)[len(shown) :]:
        axes.set_visible(False)
    for row in panels:
        row[0].set_ylabel(f"{units_of(shown)} mastered (%)")
    panels[0, 0].set_ylim(0, _top(results, shown))
    handles = [figure.axes[0].plot([], [], **looks[teacher], label=teacher)[0] for teacher in teachers]
    figure.legend(handles=handles, loc="outside upper center", ncols=min(5, len(teachers)), handlelength=2.8)
    return figure


def _panel(axes: Any, results: LabResults, space: str, looks: dict[str, dict[str, Any]]) -> None:
    axes.grid(True)
    largest = 0
    for teacher in results.teachers_on(space):
        cell = results.cells[teacher, space]
        band, look = estimate_curve(cell.scores), looks[teacher]
        if band.low is not None and band.high is not None:
            axes.fill_between(cell.points, band.low, band.high, color=look["color"], alpha=0.15, linewidth=0)
        axes.plot(cell.points, band.middle, **look)
        largest = max(largest, int(cell.points[-1]))
    forget = lab_space(space).forget_every
    for episode in range(forget or largest, largest, forget or largest):
        axes.axvline(episode, color=_GREY, linewidth=0.8, linestyle=(0, (2, 2)))
    axes.set_xlim(0, largest)
    axes.set_title(space)
    steps_axis(axes, largest, "episodes")


def _top(results: LabResults, spaces: list[str]) -> float:
    """The upper end of the vertical axis: 100, unless all curves stay far below."""
    cells = [results.cells[teacher, space] for space in spaces for teacher in results.teachers_on(space)]
    bands = [estimate_curve(cell.scores) for cell in cells]
    highest = max(float((band.middle if band.high is None else band.high).max()) for band in bands)
    return next(top for top in (10.0, 25.0, 50.0, 101.0) if highest <= 0.95 * top or top > 100.0)


def _looks(teachers: list[str]) -> dict[str, dict[str, Any]]:
    others = [teacher for teacher in teachers if teacher != BASELINE]
    looks: dict[str, dict[str, Any]] = {
        teacher: {
            "color": _COLOURS[i % len(_COLOURS)],
            "linestyle": _DASHES[i // len(_COLOURS) % len(_DASHES)],
            "linewidth": 1.8,
        }
        for i, teacher in enumerate(others)
    }
    looks[BASELINE] = {"color": _GREY, "linestyle": "-", "linewidth": 1.4}
    return looks
