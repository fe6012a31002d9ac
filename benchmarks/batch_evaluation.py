"""Evaluation in environments that are batched natively: hundreds of episodes at once.

The batch is one of the vector environments that `tutelage.wrappers.CurriculumVecEnv` takes without gates. As soon as an
episode ends, its place in the batch is given to the next one; the batch keeps its size to the end.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError
from ..wrappers.checks import all_finite, describe_task, first_bad_env, put


def play_batch(
    student: Any,
    venv: Any,
    tasks: NDArray[np.float64],
    order: NDArray[np.int64],
    *,
    deterministic: bool,
    normalize: Any = None,
    frame_stack: int | None = None,
    success_above: float | None = None,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.float64]]:
    """Let a student play one episode for each entry of ``order``.

    Args:
        student: Anything with Stable-Baselines3's ``predict``; a recurrent one is told where an episode begins.
        venv: A natively batched vector environment.
        tasks: Shape ``(n, d)``.
        order: Which task each episode plays, shape ``(m,)``, m at least the size of the batch.
        deterministic: Whether the student takes its most likely action.
        normalize: A ``VecNormalize`` whose statistics the (stacked) observations are normalised with.
        frame_stack: How many observations the student sees at once; None is one, unstacked.
        success_above: A return above which an episode counts as success where the environment does not tell.
        progress: Called with the numbers of finished and of all episodes.

    Returns:
        Returns, lengths, and successes (1, 0, or NaN where the environment does not tell), each of shape ``(m,)``.

    Raises:
        ValueError: Observations that cannot be stacked.
        RunError: The environment raises, or returns NaN; the message names the task.
    """
    n, m = venv.num_envs, len(order)
    returns, lengths, success = np.zeros(m), np.zeros(m, np.int64), np.full(m, np.nan)
    running, handed_out = np.arange(n), n
    stack = None if frame_stack is None else stacked_observations(venv, frame_stack)

    def check(what: str, values: Any) -> None:
        if not all_finite(values):
            task = tasks[order[min(running[first_bad_env(values, n)], m - 1)]]
            raise RunError(
                f"The environment returned {what} that is NaN or infinite on the test task "
                f"{describe_task(task, venv.task_space)}; expected finite numbers."
            )

    venv.autoreset = False
    venv.set_options([{"task": row} for row in tasks[order[running]]])
    observations = _guarded(venv.reset)
    check("an observation", observations)
    seen = observations if stack is None else stack.reset(observations)
    starts, state, finished = np.ones(n, dtype=bool), None, 0
    while finished < m:
        batch = seen if normalize is None else normalize.normalize_obs(seen)
        actions, state = student.predict(batch, state=state, episode_start=starts, deterministic=deterministic)
        observations, rewards, dones, infos = _guarded(venv.step, actions)
        check("a reward", rewards)
        ended = np.flatnonzero(dones)
        for slot in ended.tolist():
            job, info = int(running[slot]), infos[slot]
            if job >= m:  # beyond the last one: the batch keeps its size
                continue
            returns[job], lengths[job] = info["episode"]["r"], info["episode"]["l"]
            if info.get("is_success") is not None:
                success[job] = float(info["is_success"])
            elif success_above is not None:
                success[job] = float(returns[job] > success_above)
            finished += 1
            if progress is not None:
                progress(finished, m)
        if len(ended):
            running[ended] = handed_out + np.arange(len(ended))
            handed_out += len(ended)
            first = _guarded(venv.begin, ended, tasks[order[np.minimum(running[ended], m - 1)]])
            put(observations, ended, first)  # type: ignore[arg-type]
        check("an observation", observations)
        seen = observations if stack is None else stack.update(observations, dones, infos)[0]
        starts = np.asarray(dones, dtype=bool)
    return returns, lengths, success


def stacked_observations(venv: Any, frame_stack: int) -> Any:
    """Return Stable-Baselines3's stack of observations for a vector environment.

    Raises:
        ValueError: Observations that cannot be stacked, or less than one of them.
    """
    from stable_baselines3.common.vec_env.stacked_observations import StackedObservations

    if frame_stack < 1:
        raise ValueError(f"Expected at least 1 observation in a stack, got {frame_stack}.")
    try:
        return StackedObservations(venv.num_envs, frame_stack, venv.observation_space)
    except TypeError as error:
        raise ValueError(
            f"Observations of {venv.observation_space} cannot be stacked, only those that are boxes throughout."
        ) from error


def _guarded(call: Callable[..., Any], *args: Any) -> Any:
    try:
        return call(*args)
    except RunError:
        raise
    except Exception as error:
        raise RunError(
            f"The batch of environments failed on the test tasks: {type(error).__name__}: {error}"
        ) from error
