"""How often the student solves each of the test mazes, over environment steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...envs import MazeSpace, list_test_sets, load_test_set
from ..report_data import ReportData
from .style import MASTERED, TEST, new_figure, steps_axis

COLUMNS = 4
_MOST = 16


def maze_curves(data: ReportData) -> tuple[Any, str] | None:
    """Draw the share of solved episodes of each test maze and of all of them; None without an evaluation.

    Returns:
        The figure, and a sentence that explains it.
    """
    log = data.evaluations
    if log is None or not log.steps or not isinstance(data.space, MazeSpace):
        return None
    rates = 100.0 * np.array([success.mean(axis=1) for success in log.success])
    known = load_test_set(log.test_set).labels if log.test_set in list_test_sets() else ()
    labels = list(known) or [f"maze {i}" for i in range(len(log.tasks))]
    n = min(len(labels), _MOST)
    rows = -(-n // COLUMNS)
    figure = new_figure(2.4 + 1.5 * rows)
    top, bottom = figure.subfigures(2, 1, height_ratios=[2.0, 1.5 * rows])
    axes = top.subplots()
    axes.plot(log.steps, rates.mean(axis=1), color=MASTERED, marker="o", markersize=4, clip_on=False)
    axes.set_ylabel("solved (%)")
    axes.set_title(f"all {len(labels)} mazes of {log.test_set}: {rates[-1].mean():.0f} % in the last evaluation")
    steps_axis(axes, data.steps)
    panels = bottom.subplots(rows, COLUMNS, sharex=True, sharey=True, squeeze=False)
    for k, panel in enumerate(panels.flat):
        if k >= n:
            panel.set_visible(False)
            continue
        panel.plot(log.steps, rates[:, k], color=TEST, marker="o", markersize=3, clip_on=False)
        panel.set_title(labels[k].removeprefix("maze/").replace("-", " "), fontsize=9)
    for each in [axes, *panels.flat]:
        each.grid(True)
        each.set_ylim(0, 100)
        each.set_yticks([0, 50, 100])
        each.set_xlim(left=0, right=max(data.steps, 1) * 1.01)
    for panel in panels.flat:
        panel.xaxis.set_ticklabels([])
    episodes = log.success[-1].shape[1]
    text = f"{episodes} episode{'s' * (episodes > 1)} for each maze; the lower panels have the steps of the upper one."
    return figure, text + (f" {n} of {len(labels)} mazes are shown." if n < len(labels) else "")
