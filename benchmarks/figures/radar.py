"""TeachMyAgent's radar: each teacher's mean score on each task, relative to a baseline's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import unknown_name
from ..score_table import ScoreTable
from ..significance import welch_tests
from ..statistics import relative_scores
from .looks import COLOURS, GREY
from .style import INK, WIDTH, new_figure

_LINEAR_UP_TO = 4.0
_AROUND, _KEY = 0.62, 120
_PALE = "#C9CDD3"

FloatArray = NDArray[np.float64]


def relative_table(table: ScoreTable, baseline: str = "random") -> dict[str, FloatArray]:
    """Return each label's radii, task by task; all of its runs on a task count.

    Args:
        table: Scores of 0 or more.
        baseline: What is 1.

    Returns:
        Shape ``(n_tasks,)`` by label, the baseline left out. NaN where the label or the baseline has no run on a task,
        and where the baseline's mean is 0.

    Raises:
        ValueError: An unknown baseline, or a negative score.

    Example:
        >>> table = ScoreTable([("plr", "maze", 0, 0.6), ("random", "maze", 0, 0.2), ("random", "maze", 1, 0.4)])
        >>> relative_table(table)["plr"].round(6).tolist()
        [2.0]
    """
    found = {}
    for label in table.labels:
        if label != baseline:
            pairs = [(table.runs(label, task), table.runs(baseline, task)) for task in table.tasks]
            found[label] = np.array(
                [relative_scores(one, two)[0] if len(one) and len(two) else np.nan for one, two in pairs]
            )
    return found


def radar_figure(
    table: ScoreTable,
    *,
    baseline: str = "random",
    alpha: float = 0.05,
    reference: tuple[str, ArrayLike] | None = None,
    order: Sequence[str] | None = None,
) -> Any:
    """Draw a panel for each teacher: a spoke a task, the baseline as the circle of radius 1, other teachers pale.

    Stars mark tasks on which the teacher is significantly better than the baseline by Welch's test: filled after Holm's
    correction for all tests of the figure, hollow without it, as in the paper. The radial axis is logarithmic
    where a teacher has more than four times the baseline's score; what is less than a tenth of it lies in the centre.

    Args:
        table: Scores of 0 or more, of at least two teachers.
        baseline: What is 1.
        alpha: Level of significance.
        reference: Name and scores, shape ``(n_tasks,)``, of a dotted line: what is reached on the unmodified task.
        order: Labels in the order of their panels; by the geometric mean of the radii by default.

    Raises:
        ValueError: An unknown baseline or label, one teacher only, or a negative score.

    Example:
        >>> scores = {"plr": [[40.0, 9.0], [50.0, 8.0]], "random": [[20.0, 5.0], [25.0, 3.0]]}
        >>> figure = radar_figure(ScoreTable.from_arrays(scores, ["maze", "stumps"]))
        >>> figure.axes[0].get_title()
        'plr'
    """
    tests = welch_tests(table, baseline)
    radii = relative_table(table, baseline)
    line = None if reference is None else _relative(reference[1], table, baseline)
    scale = _Scale([*radii.values(), *([] if line is None else [line])])
    shown = list(order) if order is not None else sorted(radii, key=lambda label: -_middle(radii[label]))
    for label in shown:
        if label not in radii:
            raise ValueError(unknown_name("label", label, radii))
    key = _key(table, baseline, alpha, scale, reference)
    figure, panels = _canvas(len(shown), key)
    angles = 2.0 * np.pi * np.arange(len(table.tasks)) / len(table.tasks)
    better = tests.difference > 0.0
    for axes, label in zip(panels, shown, strict=True):
        pair = tests.pairs.index((label, baseline))
        _dress(axes, angles, scale)
        for other in shown:
            if other != label:
                _ring(axes, angles, scale(radii[other]), color=_PALE, linewidth=0.7, zorder=2)
        if line is not None:
            _ring(axes, angles, scale(line), color=INK, linewidth=1.0, linestyle=":", zorder=3)
        _ring(axes, angles, scale(radii[label]), color=COLOURS[0], linewidth=1.8, zorder=4)
        axes.plot(angles, scale(radii[label]), ".", color=COLOURS[0], markersize=4, zorder=4)
        corrected = tests.significant(alpha)[pair] & better[pair]
        plain = tests.significant(alpha, corrected=False)[pair] & better[pair] & ~corrected
        for where, face in ((corrected, COLOURS[1]), (plain, "white")):
            axes.plot(
                angles[where], scale(radii[label])[where], "*", color=COLOURS[1], markerfacecolor=face,
                markersize=8, markeredgewidth=0.8, zorder=5, clip_on=False, linestyle="none",
            )  # fmt: skip
        axes.set_title(label, pad=12)
    return figure


class _Scale:
    """Radii in a panel: proportional, or logarithmic from a tenth of the baseline on."""

    def __init__(self, radii: list[FloatArray]) -> None:
        finite = np.concatenate(radii)
        finite = finite[np.isfinite(finite)]
        self.top = max(1.25, float(finite.max(initial=1.0)))
        self.logarithmic = self.top > _LINEAR_UP_TO
        if self.logarithmic:
            decades = 10.0 ** np.arange(np.floor(np.log10(self.top)) + 1)
            ticks = decades if self.top > 20.0 else np.multiply.outer(decades, [1.0, 2.0, 5.0]).ravel()
            self.ticks = ticks[ticks <= self.top]
            self.limit = float(np.log10(self.top * 1.35) + 1.0)
        else:
            self.ticks = np.arange(1.0, self.top + 0.01)
            self.limit = self.top * 1.08

    def __call__(self, ratios: FloatArray) -> FloatArray:
        if not self.logarithmic:
            return ratios
        scaled: FloatArray = np.log10(np.maximum(ratios, 0.1)) + 1.0
        return scaled


def _canvas(n: int, key: str) -> tuple[Any, list[Any]]:
    """Return a figure with so many polar panels, and the key below them; matplotlib's layouts leave those no room."""
    rows = -(-n // (4 if n <= 8 else 5))
    columns = -(-n // rows)
    side = min(WIDTH / columns - 0.42, 1.9)
    below = 0.165 * (key.count("\n") + 1) + 0.08
    height = rows * (side + _AROUND) + 0.12 + below
    figure = new_figure(height)
    figure.set_layout_engine("none")
    panels = []
    for i in range(n):
        row, column = divmod(i, columns)
        left = (column + 0.5) * WIDTH / columns - side / 2.0
        bottom = below + (rows - row - 1) * (side + _AROUND) + 0.17
        box = (left / WIDTH, bottom / height, side / WIDTH, side / height)
        panels.append(figure.add_axes(box, projection="polar"))
    figure.text(0.5, 0.06 / height, key, ha="center", va="bottom", fontsize=8.5, linespacing=1.25)
    return figure, panels


def _dress(axes: Any, angles: FloatArray, scale: _Scale) -> None:
    axes.set_theta_zero_location("N")
    axes.set_theta_direction(-1)
    axes.set_ylim(0.0, scale.limit)
    axes.set_yticks(scale(scale.ticks), [""] * len(scale.ticks))
    axes.set_xticks(angles, [str(i + 1) for i in range(len(angles))], fontsize=8.5)
    axes.tick_params(axis="x", pad=-3)
    axes.grid(True)
    axes.spines["polar"].set_visible(False)
    circle = np.linspace(0.0, 2.0 * np.pi, 100)
    axes.plot(circle, scale(np.ones(100)), color=GREY, linewidth=1.3, zorder=3)


def _ring(axes: Any, angles: FloatArray, radii: FloatArray, **look: Any) -> None:
    """Draw a closed line; it is broken where there is no radius."""
    axes.plot(np.append(angles, angles[0]), np.append(radii, radii[0]), **look)


def _relative(scores: ArrayLike, table: ScoreTable, baseline: str) -> FloatArray:
    values = np.asarray(scores, dtype=np.float64)
    if values.shape != (len(table.tasks),):
        raise ValueError(f"Expected a reference of shape ({len(table.tasks)},), got {values.shape}.")
    each = [(value, table.runs(baseline, task)) for value, task in zip(values, table.tasks, strict=True)]
    return np.array([relative_scores([value], runs)[0] if len(runs) else np.nan for value, runs in each])


def _middle(ratios: FloatArray) -> float:
    known = ratios[np.isfinite(ratios)]
    return float(np.log(np.maximum(known, 0.1)).mean()) if len(known) else -np.inf


def _key(table: ScoreTable, baseline: str, alpha: float, scale: _Scale, reference: tuple[str, ArrayLike] | None) -> str:
    names = []
    for i, task in enumerate(table.tasks):
        runs = table.runs(baseline, task)
        why = "" if len(runs) and runs.mean() > 0.0 else f" ({baseline} is at 0)" if len(runs) else f" (no {baseline})"
        names.append(f"{i + 1} {task}{why}")
    lines = [""]
    for name in names:
        if lines[-1] and len(lines[-1]) + len(name) > _KEY:
            lines.append("")
        lines[-1] += ("    " if lines[-1] else "") + name
    thin = ", ".join(f"{tick:g}" for tick in scale.ticks[1:])
    how = " (logarithmic)" if scale.logarithmic else ""
    circles = f"Bold circle: {baseline}" + (f"; thin circles: {thin} times as much{how}." if thin else ".")
    lines.append(f"{circles} Stars: better than {baseline}, p < {alpha:g}, filled after Holm's correction.")
    if reference is not None:
        lines.append(f"Dotted: {reference[0]}.")
    return "\n".join(lines)
