"""How lines of many teachers are told apart: few to a panel, each with a colour and dashes of its own.

People see four or five lines at once. With more teachers there are more panels, with the same axes, and the baseline in
each of them. Colours are Okabe and Ito's, which can be told apart by people with colour-blindness, and no two lines of
a panel have the same dashes, so that a figure can be printed in black.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from .style import new_figure

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7")
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.5, 1.2, 1.5)))
GREY = "#4A4F57"

_HEIGHT = 2.75
_LEGEND_COLUMNS = 3


def groups_of(labels: Sequence[str], baseline: str | None) -> list[list[str]]:
    """Return labels in groups of at most four and about equal size; the baseline is in none.

    Example:
        >>> groups_of(["a", "b", "random", "c", "d", "e"], "random")
        [['a', 'b', 'c'], ['d', 'e']]
    """
    others = [label for label in labels if label != baseline]
    number = -(-len(others) // len(COLOURS)) or 1
    size, larger = divmod(len(others), number)
    starts = [i * size + min(i, larger) for i in range(number + 1)]
    return [others[start:end] for start, end in pairwise(starts)]


def draw_in_groups(
    labels: Sequence[str],
    baseline: str | None,
    draw: Callable[[Any, str, dict[str, Any]], None],
) -> tuple[Any, list[Any]]:
    """Draw each label in one panel, and the baseline in all of them.

    Args:
        labels: In the order in which they are drawn.
        baseline: One of them, or None. One that is not among them is not drawn.
        draw: Called with the axes, the label and the looks of its line; it plots a line that has a label.

    Returns:
        The figure, and its panels, row by row.
    """
    baseline = baseline if baseline in labels else None
    groups = groups_of(labels, baseline)
    columns = min(2, len(groups))
    rows = -(-len(groups) // columns)
    figure = new_figure(_HEIGHT * rows + 0.25)
    panels = list(figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True).flat)
    for axes, group in zip(panels, groups, strict=False):
        axes.grid(True)
        if baseline is not None:
            draw(axes, baseline, {"color": GREY, "linestyle": "-", "linewidth": 1.3})
        for i, label in enumerate(group):
            draw(axes, label, {"color": COLOURS[i], "linestyle": DASHES[i], "linewidth": 1.8})
        axes.legend(
            loc="lower left",
            bbox_to_anchor=(0.0, 1.0),
            borderaxespad=0.2,
            ncols=_LEGEND_COLUMNS if columns > 1 else 2 * _LEGEND_COLUMNS,
            fontsize=8.5,
            handlelength=2.6,
            columnspacing=1.2,
        )
    for axes in panels[len(groups) :]:
        axes.set_visible(False)
    for above in panels[: len(groups)]:
        above.xaxis.set_tick_params(labelbottom=True)
    return figure, panels[: len(groups)]


def runs_in_words(label: str, runs: int) -> str:
    """Return a label, which says so where one run leaves no interval.

    Example:
        >>> runs_in_words("plr", 5), runs_in_words("plr", 1)
        ('plr', 'plr (1 run)')
    """
    return f"{label} (1 run)" if runs == 1 else label
