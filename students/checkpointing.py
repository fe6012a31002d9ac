"""Saving and restoring a student, its normalisation and its replay buffer; and the points where episodes begin anew.

A run that was killed must go on as if it had not been. A checkpoint is therefore a point at which everything begins
anew in the interrupted run and in the uninterrupted one alike: all random generators are seeded from the run's seed
and the step, and all environments are reset (`begin_episodes`). What is in flight at that point is abandoned.

The student is saved by Stable-Baselines3 (``student.zip``, which contains pickled Python objects: load checkpoints of
people you trust only); all else is npz.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import RunError
from ..state import load_state, save_state, write_atomic

STUDENT_FILE = "student.zip"
NORMALIZATION_FILE = "normalization.npz"
REPLAY_FILE = "replay_buffer.npz"


def save_student(student: Any, folder: Path, prefix: str = "") -> None:
    """Save a student, its ``VecNormalize`` statistics and its replay buffer into a folder.

    Args:
        student: A Stable-Baselines3 algorithm.
        folder: An existing folder.
        prefix: Comes before the names of the files.

    Raises:
        RunError: A file cannot be written.
    """
    archive = io.BytesIO()  # first into memory, for torch reports a full disk in many ways
    student.save(archive)
    write_atomic(folder / f"{prefix}{STUDENT_FILE}", lambda file: file.write(archive.getbuffer()))
    normalization = student.get_vec_normalize_env()
    if normalization is not None:
        save_state(folder / f"{prefix}{NORMALIZATION_FILE}", _normalization_state(normalization))
    if getattr(student, "replay_buffer", None) is not None:
        save_state(folder / f"{prefix}{REPLAY_FILE}", _buffer_state(student.replay_buffer))


def load_student(cls: Any, folder: Path, env: Any, device: str = "cpu", prefix: str = "") -> Any:
    """Load what `save_student` saved.

    Args:
        cls: The algorithm's class.
        folder: The checkpoint's folder.
        env: A new environment of the same kind, wrapped in ``VecNormalize`` if the old one was.
        device: Where torch computes.
        prefix: Comes before the names of the files.

    Raises:
        RunError: A file is missing or damaged.
    """
    file = folder / f"{prefix}{STUDENT_FILE}"
    if not file.is_file():
        raise RunError(f"{file} is missing.")
    try:
        student = cls.load(file, env=env, device=device)
    except Exception as error:  # zip, pickle and torch errors of damaged files have no common base
        reason = " ".join(str(error).split()).rstrip(".")
        raise RunError(f"{file} cannot be read by {cls.__name__}: {reason}.") from error
    normalization = student.get_vec_normalize_env()
    if normalization is not None:
        load_normalization(normalization, folder, prefix)
    if getattr(student, "replay_buffer", None) is not None:
        file = folder / f"{prefix}{REPLAY_FILE}"
        state = load_state(file)
        try:
            _set_buffer_state(student.replay_buffer, state)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            raise RunError(f"{file} does not fit the student's replay buffer: {error}.") from error
    return student


def load_normalization(normalization: Any, folder: Path, prefix: str = "") -> None:
    """Load the statistics of a ``VecNormalize`` from a checkpoint's folder; the prefix is that of its file.

    Raises:
        RunError: The file is missing or does not fit.
    """
    file = folder / f"{prefix}{NORMALIZATION_FILE}"
    state = load_state(file)
    try:
        _set_normalization_state(normalization, state)
    except (KeyError, ValueError, TypeError, AttributeError) as error:
        raise RunError(f"{file} does not fit the environment: {error!r}.") from error


def begin_episodes(student: Any, seed: int) -> None:
    """Seed everything from a run's seed and the student's step, and begin a new episode in every environment.

    Args:
        student: A Stable-Baselines3 algorithm; ``learn`` must be called with ``reset_num_timesteps=False``.
        seed: The run's seed.
    """
    seed_randomness(student, seed)
    student.env.seed(_child_seeds(student, seed)[2])
    reset_environments(student)
    seed_randomness(student, seed)


def seed_environments(student: Any, seed: int, steps: int) -> None:
    """Seed the environments of a student from a seed and a number of steps; it has an effect from their next reset."""
    student.env.seed(int(np.random.SeedSequence([seed, steps]).generate_state(3)[2] % 2**31))


def reset_environments(student: Any) -> None:
    """Begin a new episode in every environment of a student between two rollouts; those under way are abandoned."""
    student._last_obs = student.env.reset()
    student._last_episode_starts = np.ones(student.env.num_envs, dtype=bool)
    normalization = student.get_vec_normalize_env()
    if normalization is not None:
        student._last_original_obs = normalization.get_original_obs()
    for group in getattr(student, "_last_lstm_states", None) or ():
        for tensor in group:
            tensor.zero_()


def seed_randomness(student: Any, seed: int) -> None:
    """Seed all random numbers of a student from a run's seed and the student's step.

    These are Python's, NumPy's and torch's global generators (Stable-Baselines3 uses them), the action space and the
    noise of the actions.
    """
    from stable_baselines3.common.utils import set_random_seed

    everything, action_space, _ = _child_seeds(student, seed)
    set_random_seed(everything)
    student.action_space.seed(action_space)
    if getattr(student, "action_noise", None) is not None:
        student.action_noise.reset()
    if getattr(student, "use_sde", False):
        (student.actor if hasattr(student, "actor") else student.policy).reset_noise(student.env.num_envs)


def _child_seeds(student: Any, seed: int) -> list[int]:
    children = np.random.SeedSequence([seed, student.num_timesteps]).generate_state(3) % 2**31
    return [int(child) for child in children]


def check_weights(student: Any, who: str) -> None:
    """Raise if a student's weights are no longer numbers.

    Args:
        student: A Stable-Baselines3 algorithm.
        who: What to call it.

    Raises:
        RunError: A weight is NaN or infinite.
    """
    import torch

    if not all(bool(torch.isfinite(p).all()) for p in student.policy.parameters()):
        raise RunError(
            f"The weights of the {who} ({type(student).__name__}) have become NaN or infinite by step "
            f"{student.num_timesteps:,}; a lower learning rate or smaller rewards may help. "
            "The checkpoints written before are intact."
        )


# --- The clocks of environments --------------------------------------------------------------------------------------


def clocks_of(student: Any) -> list[Any]:
    """Return what the environments of a student have counted, see `Controlled.clock_state`; empty without clocks."""
    try:
        if not student.env.has_attr("clock_state"):  # asked first, for a missing method would end a worker process
            return []
    except (AttributeError, NotImplementedError):  # batched natively
        return []
    states: list[Any] = student.env.env_method("clock_state")
    return states


def set_clocks(student: Any, states: Any) -> None:
    """Set what the environments of a student have counted.

    Args:
        student: A Stable-Baselines3 algorithm.
        states: What `clocks_of` returned, of as many environments.

    Raises:
        RunError: It is something else.
    """
    if not states:
        return
    try:
        if len(states) != student.env.num_envs:
            raise ValueError(f"there are {student.env.num_envs} environments, and clocks of {len(states)}")
        for i, state in enumerate(states):
            student.env.env_method("set_clock_state", state, indices=[i])
    except (AttributeError, TypeError, ValueError) as error:
        raise RunError(f"The checkpoint's clocks do not fit the environments: {error}.") from error


# --- What is logged with the next row --------------------------------------------------------------------------------


def pending_log(student: Any) -> dict[str, list[Any]]:
    """Return the numbers that were recorded since the log's last row: name to value, count and where not to write."""
    logger = student.logger
    return {
        name: [value if isinstance(value, str) else float(value), logger.name_to_count.get(name, 0), list(excluded)]
        for name, excluded in logger.name_to_excluded.items()
        if isinstance(value := logger.name_to_value[name], (str, int, float, np.number))
    }


def set_pending_log(student: Any, pending: Mapping[str, Any]) -> None:
    """Take over what `pending_log` returned.

    Raises:
        RunError: It is something else.
    """
    logger = student.logger
    try:
        for name, (value, count, excluded) in pending.items():
            logger.name_to_value[name] = value
            logger.name_to_excluded[name] = tuple(excluded)
            if count:
                logger.name_to_count[name] = int(count)
    except (AttributeError, TypeError, ValueError) as error:
        raise RunError(f"The checkpoint's log is damaged: {error}.") from error


# --- VecNormalize ----------------------------------------------------------------------------------------------------


def _normalization_state(normalization: Any) -> dict[str, Any]:
    def statistics(rms: Any) -> Any:
        if isinstance(rms, dict):
            return {"keys": {key: statistics(value) for key, value in rms.items()}}
        return {"mean": np.asarray(rms.mean), "var": np.asarray(rms.var), "count": float(rms.count)}

    return {
        "obs": statistics(normalization.obs_rms) if normalization.norm_obs else None,
        "returns": statistics(normalization.ret_rms),
    }


def _set_normalization_state(normalization: Any, state: dict[str, Any]) -> None:
    def restore(rms: Any, saved: Any) -> None:
        if isinstance(rms, dict):
            for key, value in rms.items():
                restore(value, saved["keys"][key])
            return
        if np.shape(saved["mean"]) != np.shape(rms.mean):
            raise ValueError(f"statistics of shape {np.shape(saved['mean'])}, expected {np.shape(rms.mean)}")
        rms.mean, rms.var = np.array(saved["mean"], np.float64), np.array(saved["var"], np.float64)
        rms.count = float(saved["count"])

    if normalization.norm_obs:
        restore(normalization.obs_rms, state["obs"])
    restore(normalization.ret_rms, state["returns"])


# --- Replay buffer ---------------------------------------------------------------------------------------------------

_ARRAYS = ("observations", "next_observations", "actions", "rewards", "dones", "timeouts")


def _buffer_state(buffer: Any) -> dict[str, Any]:
    """The filled part of a replay buffer."""
    size = buffer.buffer_size if buffer.full else buffer.pos
    if getattr(buffer, "optimize_memory_usage", False):
        size = min(size + 1, buffer.buffer_size)  # the next observation of the last step lies one further
    state: dict[str, Any] = {"pos": int(buffer.pos), "full": bool(buffer.full)}
    for name in _ARRAYS:
        value = getattr(buffer, name, None)
        if isinstance(value, dict):
            state[name] = {key: array[:size] for key, array in value.items()}
        elif value is not None:
            state[name] = value[:size]
    return state


def _set_buffer_state(buffer: Any, state: dict[str, Any]) -> None:
    def fill(target: NDArray[Any], saved: NDArray[Any]) -> None:
        if saved.shape[1:] != target.shape[1:] or len(saved) > len(target):
            raise ValueError(f"{saved.shape} entries were saved, the buffer has {target.shape}")
        target[: len(saved)] = saved

    for name in _ARRAYS:
        value = getattr(buffer, name, None)
        if isinstance(value, dict):
            for key, array in value.items():
                fill(array, state[name][key])
        elif value is not None:
            fill(value, state[name])
    buffer.pos, buffer.full = int(state["pos"]), bool(state["full"])
