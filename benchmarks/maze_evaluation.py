"""How a student does on test mazes it has not seen: solved rate, return and length for each maze.

An episode is solved if its return is above 0, that is if the goal was reached in time (Jiang et al. 2021). The student
draws its actions from its policy unless told otherwise, as in the published tables. All mazes of one size are played in
one batch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..envs.maze_suites import MazeTest, maze_suite
from ..randomness import own_randomness
from .batch_evaluation import play_batch, stacked_observations
from .statistics import interquartile_mean

EPISODES = 100
"""Episodes for each maze."""

_N_ENVS = 256
_FROM_THE_MAZE = ("height", "width", "max_steps", "walls")


@dataclass(frozen=True, eq=False)
class MazeEvaluation:
    """The result on a list of mazes.

    Attributes:
        tests: The mazes.
        returns: Undiscounted returns, shape ``(n, episodes)``: one row a maze.
        lengths: Steps, shape ``(n, episodes)``.
        deterministic: Whether the student took its most likely action.
        seed: Of the episodes.

    Example:
        >>> tests = maze_suite("perfect")
        >>> returns = np.array([[0.9, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0]])
        >>> result = MazeEvaluation(tests, returns, np.full((4, 2), 50), False, 0)
        >>> result.solved_rates.tolist(), result.mean_solved_rate
        ([0.5, 0.0, 0.0, 0.0], 0.125)
        >>> list(result.metrics())[:3]
        ['perfect-small/solved_rate_T242', 'perfect-small/mean_return_T242', 'perfect-small/mean_length_T242']
    """

    tests: tuple[MazeTest, ...]
    returns: NDArray[np.float64]
    lengths: NDArray[np.int64]
    deterministic: bool
    seed: int

    @property
    def solved(self) -> NDArray[np.bool_]:
        """Whether each episode was solved, shape ``(n, episodes)``."""
        return self.returns > 0.0

    @property
    def solved_rates(self) -> NDArray[np.float64]:
        """Share of solved episodes, in [0, 1], shape ``(n,)``."""
        rates: NDArray[np.float64] = self.solved.mean(axis=1)
        return rates

    @property
    def mean_solved_rate(self) -> float:
        """Mean of the solved rates over mazes."""
        return float(self.solved_rates.mean())

    @property
    def iqm_solved_rate(self) -> float:
        """Interquartile mean of the solved rates over mazes: without the best and the worst quarter of them."""
        return interquartile_mean(self.solved_rates)

    def rows(self) -> list[dict[str, Any]]:
        """Return one dict per maze: name, size, steps of an episode, solved rate, mean return, mean length, hash."""
        return [
            {
                "maze": test.name,
                "height": test.space.height,
                "width": test.space.width,
                "max_steps": test.max_steps,
                "episodes": self.returns.shape[1],
                "solved_rate": float(solved),
                "mean_return": float(returns.mean()),
                "mean_length": float(lengths.mean()),
                "sha256": test.sha256,
            }
            for test, solved, returns, lengths in zip(
                self.tests, self.solved_rates, self.returns, self.lengths, strict=True
            )
        ]

    def metrics(self) -> dict[str, float]:
        """Return all numbers by name; each name ends with the steps of an episode, e.g. ``solved_rate_T250``."""
        found = {}
        for row in self.rows():
            for name in ("solved_rate", "mean_return", "mean_length"):
                found[f"{row['maze'].removeprefix('maze/')}/{name}_T{row['max_steps']}"] = row[name]
        limits = sorted({test.max_steps for test in self.tests})
        ending = f"T{limits[0]}" if len(limits) == 1 else f"T{limits[0]}-{limits[-1]}"
        found[f"mean/solved_rate_{ending}"] = self.mean_solved_rate
        found[f"iqm/solved_rate_{ending}"] = self.iqm_solved_rate
        return found


def evaluate_levels(
    student: Any,
    tests: str | Sequence[MazeTest],
    *,
    episodes: int = EPISODES,
    deterministic: bool = False,
    seed: int = 0,
    n_envs: int = _N_ENVS,
    normalize: Any = None,
    frame_stack: int | None = None,
    env_args: Mapping[str, Any] | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> MazeEvaluation:
    """Let a student play test mazes; it learns nothing.

    Episode e of a maze plays its level e, beginning again with level 0 after the last. The result is the same for the
    same student, mazes and arguments. The global random generators are left as they were.

    Args:
        student: Anything with Stable-Baselines3's ``predict``.
        tests: Mazes, or the name of a suite.
        episodes: Episodes for each maze.
        deterministic: Whether the student takes its most likely action.
        seed: Of the student's actions.
        n_envs: Episodes that the student plays at once.
        normalize: A ``VecNormalize`` whose statistics the observations are normalised with.
        frame_stack: How many observations the student sees at once, if it was trained in a ``VecFrameStack``.
        env_args: The arguments the student's environment was made with, e.g. ``{"observation": "flat"}``; those of the
            size and the time limit come from the maze.
        progress: Called with the numbers of finished and of all episodes.

    Returns:
        The scores.

    Raises:
        ValueError: No maze, an unknown suite, less than one episode, or a student for other observations or actions.
        RunError: A missing or damaged file.

    Example:
        >>> class Right:
        ...     def predict(self, observation, state=None, episode_start=None, deterministic=True):
        ...         return np.ones(len(episode_start), dtype=int), None
        >>> evaluate_levels(Right(), "fixed-8", episodes=1).solved_rates.tolist()
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    """
    found = maze_suite(tests) if isinstance(tests, str) else tuple(tests)
    if not found:
        raise ValueError("Expected at least one maze to evaluate on.")
    if episodes < 1 or n_envs < 1:
        raise ValueError(f"Expected at least 1 episode and 1 environment, got {episodes} and {n_envs}.")
    args = dict(env_args or {})
    for name in _FROM_THE_MAZE:
        if name in args:
            raise ValueError(f"The {name} of a test comes from the maze; leave it out of env_args.")
    returns = np.zeros((len(found), episodes))
    lengths = np.zeros((len(found), episodes), np.int64)
    finished, total = 0, returns.size
    for indices in _by_size(found):
        group = [found[i] for i in indices]
        levels = np.concatenate([test.levels for test in group])
        firsts = np.cumsum([0, *(len(test.levels) for test in group)])
        order = np.concatenate(
            [first + np.arange(episodes) % len(test.levels) for first, test in zip(firsts, group, strict=False)]
        )
        venv = _make_batch(group[0], min(n_envs, len(order)), seed, args)
        try:
            _check_fit(student, venv, group[0], frame_stack)
            with own_randomness(seed):
                played = play_batch(
                    student,
                    venv,
                    levels,
                    order,
                    deterministic=deterministic,
                    normalize=normalize,
                    frame_stack=frame_stack,
                    progress=None if progress is None else lambda n, _: progress(finished + n, total),  # noqa: B023
                )
        finally:
            venv.close()
        returns[indices], lengths[indices] = (column.reshape(len(group), episodes) for column in played[:2])
        finished += len(order)
    return MazeEvaluation(found, returns, lengths, deterministic, seed)


def _by_size(tests: Sequence[MazeTest]) -> Iterator[list[int]]:
    """Yield the positions of the mazes that can share a batch."""
    groups: dict[tuple[int, int, int], list[int]] = {}
    for i, test in enumerate(tests):
        groups.setdefault((test.space.height, test.space.width, test.max_steps), []).append(i)
    yield from groups.values()


def _make_batch(test: MazeTest, n_envs: int, seed: int, args: Mapping[str, Any]) -> Any:
    from ..envs.maze_vec_env import MazeVecEnv

    return MazeVecEnv(
        n_envs, height=test.space.height, width=test.space.width, max_steps=test.max_steps, seed=seed, **args
    )


def _check_fit(student: Any, venv: Any, test: MazeTest, frame_stack: int | None) -> None:
    """Refuse a student that was trained on observations of another shape or with other actions."""
    given = (
        venv.observation_space
        if frame_stack is None
        else stacked_observations(venv, frame_stack).stacked_observation_space
    )
    expected = getattr(student, "observation_space", None)
    if expected is not None and _shape(expected) != _shape(given):
        raise ValueError(
            f"The student sees observations of {_shape(expected)}, the maze {test.name} shows {_shape(given)}. "
            "Give the arguments with which the student's environment was made, e.g. env_args={'observation': 'flat'}; "
            "a student that sees a maze as a whole can be tested on mazes of that size only."
        )
    actions = getattr(student, "action_space", None)
    if actions is not None and actions != venv.action_space:
        raise ValueError(
            f"The student's actions are {actions}, those in the maze {test.name} are {venv.action_space}. Give the "
            "arguments with which the student's environment was made, e.g. env_args={'n_actions': 3}."
        )


def _shape(space: Any) -> str:
    parts = getattr(space, "spaces", None)
    if isinstance(parts, Mapping):
        return "{" + ", ".join(f"{name}: {_shape(part)}" for name, part in sorted(parts.items())) + "}"
    shape = getattr(space, "shape", None)
    return f"{type(space).__name__}{shape}" if shape else f"{space}"
