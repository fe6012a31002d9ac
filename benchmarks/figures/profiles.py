"""Performance profiles: which share of the runs ends above a score, for all scores at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..bootstrap import estimate_profile
from ..statistics import interquartile_mean, score_table
from .looks import draw_in_groups, runs_in_words

_POINTS = 201


def profiles_figure(
    scores: Mapping[str, ArrayLike],
    *,
    score: str = "score",
    averaged: bool = False,
    tasks: bool = False,
    whole_runs: bool = False,
    baseline: str | None = "random",
    limits: tuple[float, float] | None = None,
    order: Sequence[str] | None = None,
    seed: int = 0,
) -> Any:
    """Draw a profile and its pointwise 95 % band for each label.

    A curve that lies above another everywhere belongs to the better teacher (stochastic dominance); where curves cross,
    which one is better depends on the score that counts.

    Args:
        scores: Shape ``(n_runs, n_tasks)`` by label, of the same tasks.
        score: What scores are, with their unit: the label of the horizontal axis.
        averaged: Count tasks by the mean of their runs instead of single runs.
        tasks: Draw tasks anew for the band, too.
        whole_runs: Draw rows for the band instead of the scores of each task on their own.
        baseline: The label that is drawn in each panel, in grey.
        limits: Of the horizontal axis; from the lowest to the highest score by default.
        order: In which labels take their colours; by default the one with the highest interquartile mean first.
        seed: Of the bands.

    Raises:
        ValueError: No label, no score, or one that is not finite.

    Example:
        >>> figure = profiles_figure({"plr": [[0.1], [0.7], [0.9]], "random": [[0.2], [0.3], [0.4]]})
        >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
        ['random', 'plr']
    """
    if not scores:
        raise ValueError("Expected the scores of at least one label.")
    tables = {label: score_table(each) for label, each in scores.items()}
    low, high = limits or (min(t.min() for t in tables.values()), max(t.max() for t in tables.values()))
    low, high = (low, high) if high > low else (low - 0.5, high + 0.5)
    thresholds = np.linspace(low, high, _POINTS)
    ranked = sorted(tables, key=lambda label: -interquartile_mean(tables[label]))
    ranked = ranked if order is None else [label for label in order if label in tables]

    def draw(axes: Any, label: str, look: dict[str, Any]) -> None:
        band = estimate_profile(
            tables[label], thresholds, averaged=averaged, tasks=tasks, whole_runs=whole_runs, seed=seed
        )
        if band.low is not None and band.high is not None:
            axes.fill_between(thresholds, 100 * band.low, 100 * band.high, color=look["color"], alpha=0.18, linewidth=0)
        axes.plot(thresholds, 100 * band.middle, label=runs_in_words(label, band.runs), **look)

    figure, panels = draw_in_groups(ranked, baseline, draw)
    for axes in panels:
        axes.set_xlim(low, high)
        axes.set_ylim(0, 101)
    figure.supxlabel(f"τ: {score}", fontsize=10)
    figure.supylabel(f"{'tasks with a mean' if averaged else 'runs'} above τ (%)", fontsize=10)
    return figure
