"""How much of a student's curriculum is its expert's, over the training."""

from __future__ import annotations

from typing import Any

from ..bootstrap import estimate_curve
from ..meta_acl.results import MetaResults
from .looks import COLOURS, DASHES
from .style import new_figure, steps_axis

_MOST = 4
_HEIGHT = 2.9


def expert_share_figure(results: MetaResults) -> Any | None:
    """Draw the mean share of tasks from the expert's Gaussians with its 95 % band; None where no student has one.

    At most four conditions are drawn, the first of the file.

    Args:
        results: What has ended.
    """
    shown = {label: cell.expert_shares for label, cell in results.cells.items() if cell.expert_shares is not None}
    shown = {label: shares for label, shares in shown.items() if shares.max() > 0.0}
    if not shown:
        return None
    figure = new_figure(_HEIGHT)
    axes = figure.subplots()
    axes.grid(True)
    for i, (label, shares) in enumerate(list(shown.items())[:_MOST]):
        band, look = estimate_curve(100.0 * shares, "mean"), {"color": COLOURS[i], "linestyle": DASHES[i]}
        if band.low is not None and band.high is not None:
            axes.fill_between(results.points, band.low, band.high, color=COLOURS[i], alpha=0.18, linewidth=0)
        axes.plot(results.points, band.middle, label=label, linewidth=1.8, **look)
    axes.axvline(results.pretest, color="#4A4F57", linewidth=0.8, linestyle=(0, (2, 2)))
    axes.set_xlim(0, results.points[-1])
    axes.set_ylim(0, 101)
    axes.set_ylabel("tasks from the expert (%)")
    axes.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=_MOST, fontsize=8.5)
    steps_axis(axes, float(results.points[-1]), results.steps)
    return figure
