"""How a student does on the mazes that are hardest for it: the conditional value at risk of its win rate.

The protocol of Rutherford et al. (2024, "No regrets: investigating and improving regret approximations for curriculum
discovery"): a student plays a large set of random solvable mazes twice. The levels are sorted by the win rate of the
first run; reported is the mean win rate of the second run on the worst α percent of them. A level that only went wrong
by chance in the first run thus does not count as a hard one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..envs.maze_suites import MazeTest, maze_test
from .maze_evaluation import evaluate_levels

ALPHAS = (0.01, 0.1, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0)
"""Percentages of the levels, the hardest ones, on which the win rate is reported."""

EPISODES = 10
"""Episodes for each level and run."""

LEVELS = "maze/random-60-10000"


def conditional_value_at_risk(
    first: ArrayLike, second: ArrayLike, alphas: Sequence[float] = ALPHAS
) -> dict[float, float]:
    """Return the mean win rate of the second run on the levels that were worst in the first.

    Args:
        first: Win rates of the levels in one run, shape ``(n,)``. Of levels with the same rate the earlier one comes
            first.
        second: Win rates of the same levels in an independent run, shape ``(n,)``.
        alphas: Percentages in (0, 100]; each stands for so many of the levels, rounded, but at least one.

    Returns:
        The mean win rate for each percentage.

    Raises:
        ValueError: Rates of different shapes, none, or not in [0, 1]; a percentage out of range.

    Example:
        >>> conditional_value_at_risk([1.0, 0.2, 0.0, 0.8], [1.0, 0.0, 0.5, 0.9], alphas=[25, 50, 100])
        {25: 0.5, 50: 0.25, 100: 0.6}
    """
    chosen_by, scored_by = np.asarray(first, np.float64), np.asarray(second, np.float64)
    if chosen_by.ndim != 1 or chosen_by.shape != scored_by.shape or not len(chosen_by):
        raise ValueError(
            f"Expected the win rates of the same levels in two runs, shape (n,); got {chosen_by.shape} and "
            f"{scored_by.shape}."
        )
    for rates in (chosen_by, scored_by):
        if not ((rates >= 0.0) & (rates <= 1.0)).all():
            raise ValueError("Expected win rates in [0, 1].")
    for alpha in alphas:
        if not 0.0 < alpha <= 100.0:
            raise ValueError(f"Expected percentages in (0, 100], got {alpha}.")
    ordered = scored_by[np.argsort(chosen_by, kind="stable")]
    return {alpha: float(ordered[: n_worst(len(ordered), alpha)].mean()) for alpha in alphas}


def n_worst(n_levels: int, alpha: float) -> int:
    """Return how many levels a percentage stands for.

    Example:
        >>> n_worst(10_000, 0.01), n_worst(50, 1.0)
        (1, 1)
    """
    return max(1, round(n_levels * alpha / 100.0))


@dataclass(frozen=True, eq=False)
class CvarEvaluation:
    """The result of both runs.

    Attributes:
        test: The levels.
        win_rates: Shape ``(2, n)``: of each level in the first and in the second run.
        episodes: Episodes for each level and run.
        deterministic: Whether the student took its most likely action.
        seeds: Of the two runs.

    Example:
        >>> rates = np.array([[0.0, 1.0], [0.5, 1.0]])
        >>> CvarEvaluation(maze_test("maze/labyrinth"), rates, 2, False, (0, 1)).win_rate(50)
        0.5
    """

    test: MazeTest
    win_rates: NDArray[np.float64]
    episodes: int
    deterministic: bool
    seeds: tuple[int, int]

    def win_rate(self, alpha: float) -> float:
        """Return the win rate of the second run on the worst ``alpha`` percent of the levels, in [0, 1]."""
        first, second = self.win_rates
        return conditional_value_at_risk(first, second, [alpha])[alpha]

    def rows(self, alphas: Sequence[float] = ALPHAS) -> list[dict[str, Any]]:
        """Return one dict per percentage: alpha, how many levels that is, and their win rate in the second run."""
        first, second = self.win_rates
        return [
            {"alpha": alpha, "levels": n_worst(len(first), alpha), "win_rate": rate}
            for alpha, rate in conditional_value_at_risk(first, second, alphas).items()
        ]

    def metrics(self) -> dict[str, float]:
        """Return all numbers by name; each name ends with the steps of an episode, e.g. ``cvar_10%_T250``."""
        return {f"cvar_{row['alpha']:g}%_T{self.test.max_steps}": row["win_rate"] for row in self.rows()}


def evaluate_cvar(
    student: Any,
    test: MazeTest | None = None,
    *,
    episodes: int = EPISODES,
    deterministic: bool = False,
    seeds: tuple[int, int] = (0, 1),
    n_envs: int = 512,
    normalize: Any = None,
    frame_stack: int | None = None,
    env_args: Mapping[str, Any] | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> CvarEvaluation:
    """Let a student play many levels in two independent runs; it learns nothing.

    Args:
        student: Anything with Stable-Baselines3's ``predict``.
        test: The levels; by default ``maze/random-60-10000``.
        episodes: Episodes for each level and run.
        deterministic: Whether the student takes its most likely action; both runs are the same then.
        seeds: Of the two runs.
        n_envs: Episodes that the student plays at once.
        normalize: See `evaluate_levels`, as for the rest.
        frame_stack: Likewise.
        env_args: Likewise.
        progress: Called with the numbers of finished and of all episodes of both runs.

    Returns:
        The win rates of both runs.

    Raises:
        ValueError: The same seed twice, less than one episode, or a student for other observations or actions.

    Example:
        >>> class Ahead:
        ...     def predict(self, observation, state=None, episode_start=None, deterministic=True):
        ...         return np.full(len(episode_start), 2), None
        >>> evaluate_cvar(Ahead(), maze_test("maze/small-corridor"), episodes=1).win_rate(100)
        0.0
    """
    test = maze_test(LEVELS) if test is None else test
    if seeds[0] == seeds[1]:
        raise ValueError(f"Expected two different seeds for two independent runs, got {seeds}.")
    if episodes < 1:
        raise ValueError(f"Expected at least 1 episode for each level, got {episodes}.")
    n = len(test.levels)
    rates = []
    for run, seed in enumerate(seeds):
        before = run * n * episodes
        result = evaluate_levels(
            student,
            [test],
            episodes=n * episodes,
            deterministic=deterministic,
            seed=seed,
            n_envs=n_envs,
            normalize=normalize,
            frame_stack=frame_stack,
            env_args=env_args,
            progress=None if progress is None else lambda i, m: progress(before + i, 2 * m),  # noqa: B023
        )
        rates.append(result.solved.reshape(episodes, n).mean(axis=0))
    return CvarEvaluation(test, np.array(rates), episodes, deterministic, seeds)
