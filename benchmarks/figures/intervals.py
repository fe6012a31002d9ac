"""Points with 95 % bars: a row a teacher, a column a statistic."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..estimate import Estimate
from .looks import GREY
from .style import TRAINING, new_figure

_ROW = 0.27


def intervals_figure(
    columns: Mapping[str, Mapping[str, Estimate]],
    *,
    baseline: str | None = "random",
    lines: Mapping[str, float] | None = None,
) -> Any:
    """Draw estimates, ordered by the first column, the highest on top.

    What has no interval is drawn hollow and without a bar, and its row says so.

    Args:
        columns: Estimates by label, by the name of the statistic. A label may be missing from a column.
        baseline: The label whose value is a dashed line in each column that has it.
        lines: Other values for that line, by the name of the statistic: 0.5 for a probability of improvement.

    Raises:
        ValueError: No column, or one without an estimate.

    Example:
        >>> iqm = {"plr": Estimate(0.8, 0.7, 0.9, runs=5), "random": Estimate(0.3, None, None, runs=1)}
        >>> figure = intervals_figure({"IQM": iqm})
        >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
        ['plr', 'random (1 run)']
    """
    if not columns or not all(columns.values()):
        raise ValueError("Expected at least one column, each with at least one estimate.")
    first = next(iter(columns.values()))
    named = list(dict.fromkeys(label for column in columns.values() for label in column))
    order = sorted(named, key=lambda label: -first[label].value if label in first else float("inf"))
    figure = new_figure(_ROW * len(order) + 0.75)
    panels = figure.subplots(1, len(columns), sharey=True, squeeze=False)[0]
    for axes, (name, column) in zip(panels, columns.items(), strict=True):
        _column(axes, column, order, baseline)
        base = column.get(baseline) if baseline is not None else None
        line = (lines or {}).get(name, None if base is None else base.value)
        if line is not None:
            axes.axvline(line, color=GREY, linewidth=1.0, linestyle=(0, (4, 2)), zorder=1)
        axes.set_title(name)
    without = {label for column in columns.values() for label, each in column.items() if each.low is None}
    alone = {label for label in without if any(c[label].runs == 1 for c in columns.values() if label in c)}
    shown = [f"{label} (1 run)" if label in alone else label for label in order]
    panels[0].set_yticks(range(len(order)), shown)
    panels[0].set_ylim(len(order) - 0.5, -0.5)
    return figure


def _column(axes: Any, column: Mapping[str, Estimate], order: list[str], baseline: str | None) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.grid(True, axis="x")
    for row in range(1, len(order), 2):
        axes.axhspan(row - 0.5, row + 0.5, color="#F2F4F6", linewidth=0, zorder=0)
    for row, label in enumerate(order):
        if label not in column:
            continue
        each, colour = column[label], GREY if label == baseline else TRAINING
        if each.low is None or each.high is None:
            axes.plot(each.value, row, "o", color=colour, markersize=5.5, markerfacecolor="white", markeredgewidth=1.4)
        else:
            axes.plot([each.low, each.high], [row, row], color=colour, linewidth=6.5, solid_capstyle="butt", alpha=0.4)
            axes.plot(each.value, row, "|", color=colour, markersize=10.5, markeredgewidth=1.7)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(4, steps=[1, 2, 2.5, 5, 10]))
    axes.margins(x=0.07)
