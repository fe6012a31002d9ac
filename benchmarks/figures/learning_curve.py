"""The learning curve: returns of the training episodes and of the evaluations over environment steps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..report_data import ReportData
from .style import MASTERED, TEST, TRAINING, new_figure, steps_axis

_BINS = 60
_PER_BIN = 8


def learning_curve(data: ReportData) -> Any | None:
    """Draw the learning curve; None where there is neither a finished episode nor an evaluation.

    Above: median and quartiles of the returns of the training tasks, and the mean return on the test set. Below: the
    share of mastered test tasks, where the environment tells success.
    """
    episodes, log = data.episodes, data.evaluations
    evaluated = log is not None and bool(log.steps)
    if not len(episodes) and not evaluated:
        return None
    mastered = log.mastered if log is not None and evaluated else np.empty(0)
    with_mastery = bool(np.isfinite(mastered).any())
    figure = new_figure(5.2 if with_mastery else 3.6)
    panels = figure.subplots(
        2 if with_mastery else 1, 1, sharex=True, squeeze=False, height_ratios=[2, 1][: 1 + with_mastery]
    )
    axes = panels[0, 0]
    axes.grid(True)
    if len(episodes):
        x, low, median, high = binned_quartiles(episodes.steps, episodes.returns)
        axes.fill_between(x, low, high, color=TRAINING, alpha=0.2, linewidth=0, label="training tasks, middle half")
        axes.plot(x, median, color=TRAINING, label="training tasks, median", marker="o" if len(x) < 3 else None)
    if log is not None and evaluated:
        means = [float(returns.mean()) for returns in log.returns]
        axes.plot(log.steps, means, color=TEST, marker="o", markersize=5, label=f"test set {log.test_set}, mean")
    axes.set_ylabel("return")
    axes.margins(x=0.01)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
    if with_mastery and log is not None:
        axes = panels[1, 0]
        axes.grid(True)
        axes.plot(log.steps, mastered, color=MASTERED, marker="o", markersize=5, clip_on=False)
        axes.set_ylim(0, 100)
        axes.set_yticks([0, 25, 50, 75, 100])
        axes.set_ylabel("test tasks\nmastered (%)")
        axes.set_title(f"{mastered[-1]:.0f} % in the last evaluation", loc="right", fontsize=9.5)
    panels[-1, 0].set_xlim(left=0, right=max(data.steps, 1) * 1.01)
    steps_axis(panels[-1, 0], data.steps)
    return figure


def binned_quartiles(
    steps: NDArray[np.int64], returns: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the mean step, lower quartile, median and upper quartile of groups of consecutive episodes.

    There are at most 60 groups, of as many episodes each, at least 8 (if there are).

    Example:
        >>> x, low, median, high = binned_quartiles(np.arange(16), np.arange(16.0))
        >>> x.tolist(), median.tolist()
        ([3.5, 11.5], [3.5, 11.5])
    """
    order = np.argsort(steps, kind="stable")
    groups = np.array_split(order, max(1, min(_BINS, len(order) // _PER_BIN)))
    quartiles = np.array([np.percentile(returns[group], [25, 50, 75]) for group in groups])
    x = np.array([steps[group].mean() for group in groups])
    return x, quartiles[:, 0], quartiles[:, 1], quartiles[:, 2]
