"""Welch's t-test between teachers, task by task, with and without Holm's correction for many comparisons.

Welch (1947), "The generalization of Student's problem when several different population variances are involved"; Holm
(1979), "A simple sequentially rejective multiple test procedure". TeachMyAgent and the papers around ALP-GMM report the
test uncorrected, at 5 %: of twenty comparisons of equal teachers, one comes out as a difference then.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import ttest_ind_from_stats

from ..errors import unknown_name
from .score_table import ScoreTable

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class WelchTests:
    """Two-sided tests of pairs of teachers on each task; NaN where there was nothing to test.

    Attributes:
        pairs: Names, k of them; the difference is the first's mean less the second's.
        tasks: Names, m of them.
        difference: Of the means, shape ``(k, m)``.
        t: The statistic, shape ``(k, m)``.
        df: Degrees of freedom (Welch–Satterthwaite), shape ``(k, m)``.
        p: Uncorrected, shape ``(k, m)``.
        p_holm: Corrected for all tests that are here, shape ``(k, m)``.
        left_out: What was not tested, and why, a sentence each.

    Example:
        >>> table = ScoreTable.from_arrays({"a": [5.0, 6.0, 7.0], "b": [1.0, 2.0, 3.0], "c": [1.0, 2.0, 4.0]}, ["maze"])
        >>> tests = welch_tests(table)
        >>> tests.pairs, tests.p.round(3).ravel().tolist()
        ([('a', 'b'), ('a', 'c'), ('b', 'c')], [0.008, 0.032, 0.77])
        >>> tests.p_holm.round(3).ravel().tolist(), tests.significant().ravel().tolist()
        ([0.024, 0.064, 0.77], [True, False, False])
    """

    pairs: list[tuple[str, str]]
    tasks: list[str]
    difference: FloatArray
    t: FloatArray
    df: FloatArray
    p: FloatArray
    p_holm: FloatArray
    left_out: list[str]

    def significant(self, alpha: float = 0.05, *, corrected: bool = True) -> NDArray[np.bool_]:
        """Return where a difference is significant, shape ``(k, m)``; False where there was no test."""
        found: NDArray[np.bool_] = (self.p_holm if corrected else self.p) < alpha
        return found


def welch_tests(table: ScoreTable, baseline: str | None = None) -> WelchTests:
    """Test teachers against each other on each task.

    A pair is not tested on a task where one of the two has less than two runs, or where no score of either varies: a
    t-test measures a difference in units of a spread, and there is none.

    Args:
        table: Scores of at least two teachers.
        baseline: Test every other teacher against this one; all pairs by default.

    Returns:
        The tests; Holm's correction counts all of them as one family.

    Raises:
        ValueError: One teacher only, or an unknown baseline.
    """
    if baseline is not None and baseline not in table.labels:
        raise ValueError(unknown_name("label", baseline, table.labels))
    if len(table.labels) < 2:
        raise ValueError(f"Expected at least two teachers to compare, got {table.labels[0]} only.")
    if baseline is None:
        pairs = list(combinations(table.labels, 2))
    else:
        pairs = [(label, baseline) for label in table.labels if label != baseline]
    n, mean, std = np.array([_moments(table, label) for label in table.labels]).transpose(1, 0, 2)
    first = [table.labels.index(one) for one, _ in pairs]
    second = [table.labels.index(two) for _, two in pairs]
    few = (n[first] < 2) | (n[second] < 2)
    constant = ~few & (std[first] == 0.0) & (std[second] == 0.0)
    tested = ~(few | constant)
    t, df, p, p_holm = (np.full(tested.shape, np.nan) for _ in range(4))
    sides = [each[side][tested] for side in (first, second) for each in (mean, std, n)]
    t[tested], p[tested] = ttest_ind_from_stats(*sides, equal_var=False)
    df[tested] = _degrees_of_freedom(sides[1], sides[2], sides[4], sides[5])
    p_holm[tested] = holm(p[tested])
    left_out = [
        f"{one} and {two} on {task}: "
        + ("no score of either varies." if constant[i, j] else "one of them has less than two runs.")
        for i, (one, two) in enumerate(pairs)
        for j, task in enumerate(table.tasks)
        if not tested[i, j]
    ]
    return WelchTests(pairs, list(table.tasks), mean[first] - mean[second], t, df, p, p_holm, left_out)


def holm(p: ArrayLike) -> FloatArray:
    """Return p-values corrected by Holm's step-down procedure: the chance of a single false alarm stays below alpha.

    The i-th smallest of m values is multiplied by m − i + 1; none is smaller than one before it, or larger than 1.

    Args:
        p: Values in [0, 1], of any shape.

    Raises:
        ValueError: A value that is no probability.

    Example:
        >>> holm([0.01, 0.04, 0.03, 0.005]).round(6).tolist()
        [0.03, 0.06, 0.06, 0.02]
    """
    values = np.asarray(p, dtype=np.float64)
    if not ((values >= 0.0) & (values <= 1.0)).all():
        raise ValueError(f"Expected p-values in [0, 1], got {values.tolist()}.")
    order = np.argsort(values, axis=None, kind="stable")
    steps = values.ravel()[order] * np.arange(values.size, 0, -1)
    corrected = np.empty(values.size)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return corrected.reshape(values.shape)


def _moments(table: ScoreTable, label: str) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the number of runs, mean and standard deviation on each task; what is constant has exactly 0."""
    runs = [table.runs(label, task) for task in table.tasks]
    n = np.array([len(scores) for scores in runs], dtype=np.float64)
    constant = [len(scores) > 0 and scores.min() == scores.max() for scores in runs]
    mean = [float(s[0]) if c else float(s.mean()) if len(s) else np.nan for s, c in zip(runs, constant, strict=True)]
    std = [0.0 if c else float(s.std(ddof=1)) if len(s) else np.nan for s, c in zip(runs, constant, strict=True)]
    return n, np.array(mean), np.array(std)


def _degrees_of_freedom(std: FloatArray, n: FloatArray, other_std: FloatArray, other_n: FloatArray) -> FloatArray:
    one, two = std**2 / n, other_std**2 / other_n
    return (one + two) ** 2 / (one**2 / (n - 1.0) + two**2 / (other_n - 1.0))
