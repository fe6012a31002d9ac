"""Learning curves of several teachers with intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..bootstrap import estimate_curve
from ..statistics import Statistic, finite_scores
from .looks import draw_in_groups, runs_in_words
from .style import steps_axis


def curves_figure(
    points: ArrayLike,
    scores: Mapping[str, ArrayLike],
    *,
    score: str = "score",
    steps: str = "environment steps",
    statistic: str | Statistic = "iqm",
    whole_runs: bool = False,
    baseline: str | None = "random",
    order: Sequence[str] | None = None,
    seed: int = 0,
) -> Any:
    """Draw a statistic of the runs over training and its pointwise 95 % band.

    Args:
        points: Steps at the evaluations, shape ``(m,)``, the same for all.
        scores: Shape ``(n_runs, m)`` or ``(n_runs, n_tasks, m)`` by label.
        score: What scores are, with their unit: the label of the vertical axis.
        steps: What points count.
        statistic: As `bootstrap.estimate` takes it.
        whole_runs: Draw rows for the band instead of the curves of each task on their own.
        baseline: The label that is drawn in each panel, in grey.
        order: In which labels take their colours; by default the one with the highest end first.
        seed: Of the bands.

    Raises:
        ValueError: No label, curves of another length, no score, or one that is not finite.

    Example:
        >>> figure = curves_figure([0, 100], {"plr": [[0.0, 0.9]], "random": [[0.0, 0.4], [0.0, 0.5]]})
        >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
        ['random', 'plr (1 run)']
    """
    if not scores:
        raise ValueError("Expected the curves of at least one label.")
    x = np.asarray(points, dtype=np.float64)
    bands = {}
    for label, each in scores.items():
        if finite_scores(each).shape[-1] != len(x):
            raise ValueError(f"Expected scores of {label} at {len(x)} points, got shape {np.shape(each)}.")
        bands[label] = estimate_curve(each, statistic, whole_runs=whole_runs, seed=seed)
    ranked = sorted(bands, key=lambda label: -bands[label].middle[-1])
    ranked = ranked if order is None else [label for label in order if label in bands]

    def draw(axes: Any, label: str, look: dict[str, Any]) -> None:
        band = bands[label]
        if band.low is not None and band.high is not None:
            axes.fill_between(x, band.low, band.high, color=look["color"], alpha=0.18, linewidth=0)
        axes.plot(x, band.middle, label=runs_in_words(label, band.runs), **look)

    figure, panels = draw_in_groups(ranked, baseline, draw)
    for axes in panels:
        axes.set_xlim(x[0], x[-1] if x[-1] > x[0] else x[0] + 1)
        steps_axis(axes, float(x[-1]), steps)
    if min(band.middle.min() for band in bands.values()) >= 0.0:
        panels[0].set_ylim(bottom=0)
    named = panels[0].get_xlabel()
    for axes in panels:
        axes.set_xlabel("")
    figure.supxlabel(named, fontsize=10)
    figure.supylabel(score, fontsize=10)
    return figure
