"""Evaluation: how a student does on fixed tasks, deterministic by seed.

Each episode is seeded from the seed, the position of its task and its number, so that the result does not depend on
the order in which episodes end. The student acts on a batch of constant size. Environments that are batched natively
are played as one batch, which is seeded as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import RunError
from ..randomness import own_randomness
from ..spaces import TaskSpace
from ..wrappers.checks import all_finite, describe_task
from .batch_evaluation import play_batch
from .native_batch import native_batch
from .training.evaluation_log import EvaluationLog as EvaluationLog

_ENVS, _NATIVE_ENVS = 16, 256
"""Environments that the student steps at once, one after the other or as one batch."""


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
        """Return one dict per task: its parameters, mean return, mean length, success rate, whether mastered.

        A parameter that is named like one of the scores gets ``task_`` before its name; success is NaN and mastered
        None where the environment does not tell.
        """
        rows = []
        for i, task in enumerate(self.tasks):
            rate = float(self.success[i].mean())
            scores = {
                "return": float(self.returns[i].mean()),
                "length": float(self.lengths[i].mean()),
                "success": rate,
                "mastered": None if np.isnan(rate) else rate > 0.5,
            }
            values = self.task_space.to_dict(task).items()
            rows.append({**{f"task_{name}" if name in scores else name: value for name, value in values}, **scores})
        return rows


def evaluate(
    student: Any,
    make_env: Callable[[], Any],
    tasks: ArrayLike,
    *,
    episodes: int = 1,
    seed: int = 0,
    n_envs: int | None = None,
    deterministic: bool = True,
    normalize: Any = None,
    success_above: float | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> Evaluation:
    """Let a student play tasks and score it; it learns nothing and no teacher hears of it.

    Where the class of the environment has a ``vec_env``, and ``gymnasium.make`` made it and nothing is wrapped around
    it, all episodes are played in such a batch. The global random generators are seeded for the evaluation and left as
    they were.

    Args:
        student: Anything with Stable-Baselines3's ``predict``.
        make_env: Makes one task environment.
        tasks: Shape ``(n, d)``, n ≥ 1.
        episodes: Episodes for each task.
        seed: Seed of all episodes.
        n_envs: Environments that the student steps at once; the batch has this size throughout. 16 by default, 256
            where they are batched natively.
        deterministic: Whether the student takes its most likely action.
        normalize: A ``VecNormalize`` whose statistics the observations are normalised with.
        success_above: A return above which an episode counts as success where the environment does not tell.
        progress: Called with the numbers of finished and of all episodes.

    Returns:
        The scores.

    Raises:
        ValueError: Tasks outside the environment's space, no task.
        RunError: The environment raises, or returns NaN; the message names the task.

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
    if episodes < 1 or (n_envs is not None and n_envs < 1):
        raise ValueError(f"Expected at least 1 episode and 1 environment, got {episodes} and {n_envs}.")
    slots = [make_env()]
    try:
        space: TaskSpace = slots[0].get_wrapper_attr("task_space")
        rows = np.atleast_2d(space.validate(tasks))
        if not len(rows):
            raise ValueError("Expected at least one task to evaluate on.")
        n_jobs = len(rows) * episodes
        venv = native_batch(slots[0], min(n_envs or _NATIVE_ENVS, n_jobs), seed)
        if venv is not None:
            slots.append(venv)
            order = np.repeat(np.arange(len(rows)), episodes)
            with own_randomness(seed):
                returns, lengths, success = play_batch(
                    student,
                    venv,
                    rows,
                    order,
                    deterministic=deterministic,
                    normalize=normalize,
                    success_above=success_above,
                    progress=progress,
                )
            shape = len(rows), episodes
            return Evaluation(space, rows, returns.reshape(shape), lengths.reshape(shape), success.reshape(shape))
        slots += [make_env() for _ in range(min(n_envs or _ENVS, n_jobs) - 1)]
        with own_randomness(seed):
            return _play(student, slots, space, rows, episodes, seed, deterministic, normalize, success_above, progress)
    finally:
        for env in slots:
            env.close()


def _play(
    student: Any,
    slots: list[Any],
    space: TaskSpace,
    rows: NDArray[np.float64],
    episodes: int,
    seed: int,
    deterministic: bool,
    normalize: Any,
    success_above: float | None,
    progress: Callable[[int, int], object] | None,
) -> Evaluation:
    """Play all episodes; each slot takes the next one as soon as its last has ended."""
    n_jobs = len(rows) * episodes
    returns, lengths = np.zeros((len(rows), episodes)), np.zeros((len(rows), episodes), np.int64)
    success = np.full((len(rows), episodes), np.nan)
    running: list[Any] = [None] * len(slots)
    observations: list[Any] = [None] * len(slots)
    waiting = product(range(len(rows)), range(episodes))

    def begin(slot: int) -> None:
        running[slot] = next(waiting, None)
        if running[slot] is not None:
            i, e = running[slot]
            episode_seed = int(np.random.SeedSequence([seed, i, e]).generate_state(1)[0] % 2**31)
            observations[slot], _ = guarded(slots[slot].reset, i, seed=episode_seed, options={"task": rows[i].copy()})
            check(observations[slot], "observation", i)

    def guarded(call: Callable[..., Any], i: int, *args: Any, **kwargs: Any) -> Any:
        try:
            return call(*args, **kwargs)
        except Exception as error:
            raise RunError(
                f"The environment failed on the test task {describe_task(rows[i], space)}: "
                f"{type(error).__name__}: {error}"
            ) from error

    def check(value: Any, what: str, i: int) -> None:
        if not all_finite(value):
            shown = (
                np.array2string(np.asarray(value), threshold=8) if not isinstance(value, dict) else "NaN or infinity"
            )
            raise RunError(
                f"The environment returned {'an' if what[0] in 'aeio' else 'a'} {what} of {shown} on the test task "
                f"{describe_task(rows[i], space)}; expected finite numbers."
            )

    for slot in range(len(slots)):
        begin(slot)
    starts, state, finished = np.ones(len(slots), dtype=bool), None, 0
    while finished < n_jobs:
        batch = _stack(observations)
        batch = batch if normalize is None else normalize.normalize_obs(batch)
        actions, state = student.predict(batch, state=state, episode_start=starts, deterministic=deterministic)
        starts = np.zeros(len(slots), dtype=bool)
        for slot, env in enumerate(slots):
            if running[slot] is None:  # all are handed out; the batch keeps its size
                continue
            i, e = running[slot]
            observations[slot], reward, terminated, truncated, info = guarded(env.step, i, actions[slot])
            check(float(reward), "reward", i)
            check(observations[slot], "observation", i)
            returns[i, e] += float(reward)
            lengths[i, e] += 1
            if terminated or truncated:
                if info.get("is_success") is not None:
                    success[i, e] = float(info["is_success"])
                elif success_above is not None:
                    success[i, e] = float(returns[i, e] > success_above)
                finished += 1
                starts[slot] = True
                begin(slot)
                if progress is not None:
                    progress(finished, n_jobs)
    return Evaluation(space, rows, returns, lengths, success)


def _stack(observations: Sequence[Any]) -> Any:
    if isinstance(observations[0], dict):
        return {key: np.stack([o[key] for o in observations]) for key in observations[0]}
    return np.stack([np.asarray(o) for o in observations])
