"""Evaluation: how a student does on fixed tasks, deterministic by seed.

Each episode is seeded from the seed, the position of its task and its number, so that the result does not depend on
the order in which episodes end. The student acts on a batch of constant size.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import RunError
from ..spaces import TaskSpace
from ..state import load_state, save_state, write_text


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The result on a set of tasks.

    Attributes:
        task_space: The environment's task space.
        tasks: Shape ``(n, d)``.
        returns: Undiscounted returns, shape ``(n, episodes)``.
        lengths: Steps, shape ``(n, episodes)``.
        success: 1, 0 or NaN where the environment does not tell, shape ``(n, episodes)``.

    Example:
        >>> space = TaskSpace(x=(0.0, 1.0))
        >>> result = Evaluation(space, np.array([[0.0], [1.0]]), *np.array([[[9.0], [1.0]], [[5], [5]], [[1], [0]]]))
        >>> result.mastered, result.mean_return
        (50.0, 5.0)
    """

    task_space: TaskSpace
    tasks: NDArray[np.float64]
    returns: NDArray[np.float64]
    lengths: NDArray[np.int64]
    success: NDArray[np.float64]

    @property
    def mean_return(self) -> float:
        """Mean return over tasks and episodes."""
        return float(self.returns.mean())

    @property
    def mastered(self) -> float:
        """Share of tasks with success in more than half of the episodes, in percent; NaN where unknown."""
        if np.isnan(self.success).any():
            return float("nan")
        return float(100.0 * (self.success.mean(axis=1) > 0.5).mean())

    def rows(self) -> list[dict[str, Any]]:
        """Return one dict per task: its parameters, mean return, mean length, success rate, mastered."""
        rows = []
        for i, task in enumerate(self.tasks):
            rate = float(self.success[i].mean())
            rows.append(
                {
                    **self.task_space.to_dict(task),
                    "return": float(self.returns[i].mean()),
                    "length": float(self.lengths[i].mean()),
                    "success": rate,
                    "mastered": "" if np.isnan(rate) else int(rate > 0.5),
                }
            )
        return rows

    def write_csv(self, path: str | os.PathLike[str]) -> None:
        """Write `rows` as CSV, atomically."""
        rows = self.rows()
        text = io.StringIO()
        writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_text(path, text.getvalue())


def evaluate(
    student: Any,
    make_env: Callable[[], Any],
    tasks: ArrayLike,
    *,
    episodes: int = 1,
    seed: int = 0,
    n_envs: int = 16,
    deterministic: bool = True,
    normalize: Any = None,
    success_above: float | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Evaluation:
    """Let a student play tasks and score it; it learns nothing and no teacher hears of it.

    Args:
        student: Anything with Stable-Baselines3's ``predict``.
        make_env: Makes one task environment.
        tasks: Shape ``(n, d)``, n ≥ 1.
        episodes: Episodes for each task.
        seed: Seed of all episodes.
        n_envs: Environments that the student steps at once; the batch has this size throughout.
        deterministic: Whether the student takes its most likely action.
        normalize: A ``VecNormalize`` whose statistics the observations are normalised with.
        success_above: A return above which an episode counts as success where the environment does not tell.
        progress: Called with the numbers of finished and of all episodes.

    Returns:
        The scores.

    Raises:
        ValueError: Tasks outside the environment's space, no task.
        RunError: The environment returns NaN.

    Example:
        >>> import gymnasium as gym
        >>> from tutelage import TaskSpace
        >>> from tutelage.wrappers import TaskAttributes
        >>> space = TaskSpace(length=(0.2, 2.0))
        >>> class Left:
        ...     def predict(self, observation, state=None, episode_start=None, deterministic=True):
        ...         return np.zeros(len(observation), dtype=int), None
        >>> make_env = lambda: TaskAttributes(gym.make("CartPole-v1"), space)
        >>> result = evaluate(Left(), make_env, space.grid(3), episodes=2)
        >>> result.returns.shape
        (3, 2)
    """
    if episodes < 1 or n_envs < 1:
        raise ValueError(f"Expected at least 1 episode and 1 environment, got {episodes} and {n_envs}.")
    probe = make_env()
    space: TaskSpace = probe.get_wrapper_attr("task_space")
    rows = np.atleast_2d(space.validate(tasks))
    if not len(rows):
        raise ValueError("Expected at least one task to evaluate on.")
    jobs = [(i, e) for i in range(len(rows)) for e in range(episodes)]
    slots = [probe, *(make_env() for _ in range(min(n_envs, len(jobs)) - 1))]
    returns, lengths = np.zeros((len(rows), episodes)), np.zeros((len(rows), episodes), np.int64)
    success = np.full((len(rows), episodes), np.nan)

    def begin(slot: int) -> Any:
        i, e = running[slot]
        episode_seed = int(np.random.SeedSequence([seed, i, e]).generate_state(1)[0] % 2**31)
        observation, _ = slots[slot].reset(seed=episode_seed, options={"task": rows[i]})
        return observation

    try:
        running: list[Any] = jobs[: len(slots)]
        waiting = iter(jobs[len(slots) :])
        observations = [begin(slot) for slot in range(len(slots))]
        starts, state, finished = np.ones(len(slots), dtype=bool), None, 0
        while finished < len(jobs):
            batch = _stack(observations)
            batch = batch if normalize is None else normalize.normalize_obs(batch)
            actions, state = student.predict(batch, state=state, episode_start=starts, deterministic=deterministic)
            starts = np.zeros(len(slots), dtype=bool)
            for slot, env in enumerate(slots):
                if running[slot] is None:
                    continue
                i, e = running[slot]
                observations[slot], reward, terminated, truncated, info = env.step(actions[slot])
                returns[i, e] += float(reward)
                lengths[i, e] += 1
                if not np.isfinite(returns[i, e]):
                    raise RunError(f"The environment returned a reward of {reward} on task {space.to_dict(rows[i])}.")
                if terminated or truncated:
                    if "is_success" in info:
                        success[i, e] = float(info["is_success"])
                    elif success_above is not None:
                        success[i, e] = float(returns[i, e] > success_above)
                    finished += 1
                    starts[slot] = True
                    running[slot] = next(waiting, None)
                    if running[slot] is not None:
                        observations[slot] = begin(slot)
                    if progress is not None:
                        progress(finished, len(jobs))
    finally:
        for env in slots:
            env.close()
    return Evaluation(space, rows, returns, lengths, success)


def _stack(observations: Sequence[Any]) -> Any:
    if isinstance(observations[0], dict):
        return {key: np.stack([o[key] for o in observations]) for key in observations[0]}
    return np.stack([np.asarray(o) for o in observations])


class EvaluationLog:
    """The evaluations of a run: returns, lengths and successes for each test task at each time.

    Args:
        tasks: The test tasks, shape ``(n, d)``.
        test_set: Their name.

    Attributes:
        steps: Environment steps of each evaluation, a list of length m.
        returns: Arrays of shape ``(n, episodes)``, one per evaluation; likewise ``lengths`` and ``success``.

    Example:
        >>> log = EvaluationLog(np.array([[0.0], [1.0]]), "two tasks")
        >>> len(log.steps)
        0
    """

    def __init__(self, tasks: NDArray[np.float64], test_set: str) -> None:
        self.tasks = tasks
        self.test_set = test_set
        self.steps: list[int] = []
        self.returns: list[NDArray[np.float64]] = []
        self.lengths: list[NDArray[np.int64]] = []
        self.success: list[NDArray[np.float64]] = []

    def add(self, step: int, result: Evaluation) -> None:
        """Append an evaluation."""
        self.steps.append(step)
        self.returns.append(result.returns)
        self.lengths.append(result.lengths)
        self.success.append(result.success)

    @property
    def mastered(self) -> NDArray[np.float64]:
        """Percent of tasks mastered at each evaluation (more than half of the episodes), shape ``(m,)``."""
        rates = np.array([s.mean(axis=1) for s in self.success]).reshape(len(self.steps), len(self.tasks))
        shares: NDArray[np.float64] = 100.0 * (rates > 0.5).mean(axis=1)
        return np.where(np.isnan(rates).any(axis=1), np.nan, shares)

    def truncate(self, step: int) -> None:
        """Drop the evaluations later than a step."""
        keep = sum(s <= step for s in self.steps)
        del self.steps[keep:], self.returns[keep:], self.lengths[keep:], self.success[keep:]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the log as npz, atomically."""
        save_state(
            path,
            {
                "test_set": self.test_set,
                "tasks": self.tasks,
                "steps": np.array(self.steps, dtype=np.int64),
                "returns": np.array(self.returns),
                "lengths": np.array(self.lengths),
                "success": np.array(self.success),
            },
        )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> EvaluationLog:
        """Read a log back.

        Raises:
            RunError: The file is missing or damaged.
        """
        state = load_state(Path(path))
        try:
            log = cls(np.asarray(state["tasks"], np.float64), str(state["test_set"]))
            log.steps = [int(s) for s in state["steps"]]
            log.returns, log.lengths, log.success = (list(state[k]) for k in ("returns", "lengths", "success"))
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(f"{path} is damaged: {error!r}.") from error
        if not len(log.steps) == len(log.returns) == len(log.lengths) == len(log.success):
            raise RunError(f"{path} is damaged: its columns have different lengths.")
        return log
