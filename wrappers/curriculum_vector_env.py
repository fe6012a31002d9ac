"""A teacher for Gymnasium's vector environments.

The wrapped environment does not reset by itself (``AutoresetMode.DISABLED``); the wrapper resets the environments whose
episode ended, each to its own task, and presents ``AutoresetMode.SAME_STEP`` or ``NEXT_STEP`` to the user.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import gymnasium as gym
import numpy as np
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv, VectorEnv, VectorWrapper
from numpy.typing import NDArray

from ..errors import RunError, unknown_name
from ..teachers.teacher import Teacher
from .building import env_function, env_seeds
from .checks import (
    all_finite,
    check_task_spaces,
    check_teacher,
    describe_task,
    no_task_space,
    take,
)
from .curriculum import Curriculum
from .episode_counter import EpisodeCounter
from .episode_gate import IDLE_STEP, TASK_TABLE, EpisodeGate
from .failure import DEAD_WORKER, FAILURE, check_first_observations, dead_worker_error, not_finite_error


class CurriculumVectorEnv(Curriculum, VectorWrapper):
    """Lets a teacher choose the task of every episode of a Gymnasium vector environment.

    To its user the environment resets in the same step: where an episode ended, the observation is the first
    of the next one, ``infos["final_obs"]`` holds the last one, and ``infos["final_info"]`` the info of the
    last step, with ``"task"`` (shape ``(n_envs, d)``) and ``"task_id"`` of the episode just played and
    ``"episode"`` with its return ``"r"`` and length ``"l"``. With ``autoreset_mode="NextStep"``, as Gymnasium's
    wrappers for observations want it, the observation is the last one, all these are among ``infos`` itself, and
    the next episode begins with the next step: there this environment's action has no effect, its reward is 0 and its
    observation the first one. A learner leaves these steps out of its loss. ``reset()`` abandons the episodes under
    way: the teacher never hears of them.

    Args:
        env: A `SyncVectorEnv` or `AsyncVectorEnv` built with ``autoreset_mode=AutoresetMode.DISABLED`` of
            task environments, each in an `EpisodeGate` (`make_curriculum_vector_env` does both).
        teacher: Who chooses; its task space is the environments'.
        seed: Seed of the first environment at the first ``reset()`` that is given none; the i-th gets i more.
        autoreset_mode: What the user sees: `AutoresetMode.SAME_STEP` or `AutoresetMode.NEXT_STEP`.

    Raises:
        TypeError: ``env`` is no `SyncVectorEnv` or `AsyncVectorEnv`, or ``teacher`` no `Teacher`.
        ValueError: Another autoreset mode, a gate missing or not outermost, no task space or another one than
            the teacher's.

    Example:
        >>> import gymnasium as gym, tutelage
        >>> from tutelage.wrappers import CurriculumVectorEnv, EpisodeGate, TaskAttributes
        >>> space = tutelage.TaskSpace(length=(0.2, 2.0))
        >>> def make():
        ...     return EpisodeGate(TaskAttributes(gym.make("CartPole-v1"), space))
        >>> teacher = tutelage.make_teacher("random", space, seed=0)
        >>> workers = gym.vector.SyncVectorEnv([make] * 2, autoreset_mode="Disabled")
        >>> envs = CurriculumVectorEnv(workers, teacher)
        >>> observations, infos = envs.reset(seed=0)
        >>> bool((infos["task"] == envs.current_tasks).all())
        True
        >>> while "final_info" not in infos:
        ...     infos = envs.step(np.zeros(2, dtype=int))[-1]
        >>> infos["final_info"]["task_id"].tolist(), envs.metadata["autoreset_mode"].value
        ([0, 1], 'SameStep')
    """

    def __init__(
        self,
        env: VectorEnv,
        teacher: Teacher,
        *,
        seed: int | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.SAME_STEP,
    ) -> None:
        check_teacher(teacher)
        _check_vector_env(env)
        mode = _autoreset_mode(autoreset_mode)
        VectorWrapper.__init__(self, env)
        self._open(teacher, env.num_envs)
        self._first_seed = seed
        self._broken = False
        self._same_step = mode is AutoresetMode.SAME_STEP
        self._over = np.zeros(env.num_envs, dtype=np.bool_)
        check_task_spaces(env.get_attr("task_space"), teacher)  # type: ignore[attr-defined]
        self.metadata = {**env.metadata, "autoreset_mode": mode}
        env.set_attr("index", list(range(env.num_envs)))  # type: ignore[attr-defined]
        env.call("attach", None, not isinstance(env, SyncVectorEnv))  # type: ignore[attr-defined]

    def reset(
        self, *, seed: int | list[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Begin a new episode in every environment; those under way are abandoned.

        Args:
            seed: As for Gymnasium's vector environments.
            options: Further options for the environments. With a boolean ``"reset_mask"`` of shape
                ``(n_envs,)``, only the environments where it is True begin anew.

        Returns:
            The first observations and the infos.

        Raises:
            ValueError: Options with a ``"task"``: these are the teacher's choice.
            RunError: An environment failed, or its first observation is NaN or infinite.
        """
        options = dict(options or {})
        if "task" in options:
            raise ValueError("The teacher chooses the task; to play tasks of your own use an environment without it.")
        if seed is None:
            seed, self._first_seed = self._first_seed, None
        mask = options.get("reset_mask")
        indices = np.arange(self.num_envs) if mask is None else np.flatnonzero(mask)
        self._new_tasks(indices)
        self._over[indices] = False
        return self._reset_workers(seed, options)

    def step(self, actions: Any) -> tuple[Any, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """Step the environments; where episodes ended, tell the teacher and begin the next ones.

        Raises:
            RunError: An environment failed, a worker died, or a reward or an observation is NaN or infinite.
        """
        began = self._over
        first_infos: dict[str, Any] = {}
        if np.count_nonzero(began):
            _, first_infos = self._begin_next(began, idle=True)
            self._over = np.zeros(self.num_envs, dtype=np.bool_)
        try:
            observations, rewards, terminations, truncations, infos = self.env.step(actions)
        except DEAD_WORKER as error:
            raise self._worker_died(error) from error
        if not (all_finite(rewards) and all_finite(observations)):
            self._refuse(observations, rewards, infos)
        if self.warmup:
            self._warm[~began] = True
        if first_infos:
            _merge(infos, first_infos)
        done = terminations | truncations
        if np.count_nonzero(done):
            indices = np.flatnonzero(done)
            truncated, played = (truncations & ~terminations)[indices], self._played(done)
            if not self._same_step:
                self._end(indices, infos, truncated)
                _merge(infos, played)
                self._over = done
                return observations, rewards, terminations, truncations, infos
            infos, final_info = _split(infos, done)
            last = np.full(self.num_envs, None, dtype=object)
            for i in indices.tolist():
                last[i] = take(observations, i)
            self._end(indices, final_info, truncated)
            final_info.update(played)
            observations, first_infos = self._begin_next(done)
            _merge(infos, first_infos)
            infos["final_obs"], infos["_final_obs"] = last, done.copy()
            infos["final_info"], infos["_final_info"] = final_info, done.copy()
        return observations, rewards, terminations, truncations, infos

    def close(self, **kwargs: Any) -> None:
        """Close the environments; after a worker has died, end the others too."""
        if self._broken and isinstance(self.env, AsyncVectorEnv):
            from gymnasium.vector.async_vector_env import AsyncState

            self.env._state = AsyncState.DEFAULT
            kwargs["terminate"] = True
        self.env.close(**kwargs)

    def call(self, name: str, *args: Any, **kwargs: Any) -> tuple[Any, ...]:
        """Call a method, or read an attribute, of each environment, as Gymnasium's vector environments do."""
        found: tuple[Any, ...] = self.env.call(name, *args, **kwargs)  # type: ignore[attr-defined]
        return found

    def get_attr(self, name: str) -> tuple[Any, ...]:
        """Return an attribute of each environment."""
        return self.call(name)

    def set_attr(self, name: str, values: Any) -> None:
        """Set an attribute of each environment: one value for all, or a list or tuple with one for each."""
        self.env.set_attr(name, values)  # type: ignore[attr-defined]

    # --- Episodes -------------------------------------------------------------------------------------------

    def _begin_next(self, done: NDArray[np.bool_], *, idle: bool = False) -> tuple[Any, dict[str, Any]]:
        """Begin the next episodes where others are done; with ``idle`` their next step is none."""
        self._next_tasks(np.flatnonzero(done))
        return self._reset_workers(None, {"reset_mask": done.copy(), **({IDLE_STEP: True} if idle else {})})

    def _reset_workers(self, seed: Any, options: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        try:
            observations, infos = self.env.reset(seed=seed, options={**options, TASK_TABLE: self.current_tasks.copy()})
        except DEAD_WORKER as error:
            raise self._worker_died(error) from error
        self._raise_failure(infos)
        check_first_observations(observations, np.arange(self.num_envs), self._describe)
        return observations, infos

    def _played(self, done: NDArray[np.bool_]) -> dict[str, Any]:
        """Return the tasks of the episodes that are done, and their ids, as batched infos."""
        return {
            "task": np.where(done[:, None], self.current_tasks, 0.0),
            "_task": done.copy(),
            "task_id": np.where(done, self.current_ids, 0),
            "_task_id": done.copy(),
        }

    def _end(self, indices: NDArray[np.int64], final: dict[str, Any], truncated: NDArray[np.bool_]) -> None:
        """Report finished episodes, of which `final` has the infos of the last step."""
        episode = final["episode"]
        success = np.full(self.num_envs, np.nan)
        if "is_success" in final:
            known = final["_is_success"]
            success[known] = final["is_success"][known].astype(np.float64)
        self._finish(
            indices,
            [round(float(episode["r"][i]), 6) for i in indices.tolist()],  # as Monitor does
            [int(episode["l"][i]) for i in indices.tolist()],
            success[indices],
            truncated,
        )

    # --- Errors ---------------------------------------------------------------------------------------------

    def _describe(self, index: int) -> str:
        return describe_task(self.current_tasks[index], self.task_space)

    def _raise_failure(self, infos: dict[str, Any]) -> None:
        if FAILURE in infos:
            raise infos[FAILURE][int(np.argmax(infos[f"_{FAILURE}"]))].error()

    def _refuse(self, observations: Any, rewards: NDArray[Any], infos: dict[str, Any]) -> NoReturn:
        self._raise_failure(infos)
        raise not_finite_error(observations, rewards, self._describe)

    def _worker_died(self, error: BaseException) -> RunError:
        self._broken = True
        return dead_worker_error(getattr(self.env, "processes", []), error, self._describe)


def _autoreset_mode(mode: AutoresetMode | str) -> AutoresetMode:
    """Return what the user is to see, or raise."""
    modes = {each.value: each for each in (AutoresetMode.SAME_STEP, AutoresetMode.NEXT_STEP)}
    name = mode.value if isinstance(mode, AutoresetMode) else str(mode)
    if name not in modes:
        raise ValueError(unknown_name("autoreset_mode", name, modes))
    return modes[name]


def _check_vector_env(env: Any) -> None:
    if not isinstance(env, (SyncVectorEnv, AsyncVectorEnv)):
        if isinstance(env, VectorWrapper):
            name = type(env).__name__
            raise ValueError(
                f"CurriculumVectorEnv must wrap the raw vector environment, but there is a {name} inside, which would "
                f"miss the first observations of the episodes. Put it outside: {name}(CurriculumVectorEnv(envs, "
                "teacher))."
            )
        hint = " Use CurriculumEnv for a single environment." if isinstance(env, gym.Env) else ""
        raise TypeError(f"Expected a gymnasium SyncVectorEnv or AsyncVectorEnv, got {type(env).__name__}.{hint}")
    mode = env.metadata.get("autoreset_mode")
    if mode is not AutoresetMode.DISABLED:
        raise ValueError(
            f"The vector environment was built with autoreset_mode={mode}, so it would begin episodes before the "
            f"teacher has chosen. Build it with autoreset_mode=AutoresetMode.DISABLED: {type(env).__name__}(env_fns, "
            "autoreset_mode=gymnasium.vector.AutoresetMode.DISABLED), or use make_curriculum_vector_env."
        )
    for i, gated in enumerate(env.call("has_wrapper_attr", "gate_name")):
        if not gated:
            raise ValueError(
                f"Environment {i} carries no EpisodeGate, through which the teacher gives each environment its own "
                f"task. Build the workers as {type(env).__name__}([lambda: EpisodeGate(make_env())] * n, …), or use "
                "make_curriculum_vector_env(env, teacher, num_envs)."
            )
    for i, (outer, gate) in enumerate(zip(env.call("class_name"), env.get_attr("gate_name"), strict=True)):
        if outer != gate:
            raise ValueError(
                f"The outermost wrapper of environment {i} is {outer}; it must be the {EpisodeGate.__name__}, or "
                f"{outer} would miss the errors it reports: EpisodeGate({outer}(env))."
            )
    if not all(env.call("has_wrapper_attr", "task_space")):
        raise ValueError(no_task_space("An environment of the vector environment"))


# --- Gymnasium's batched infos ------------------------------------------------------------------------------


def _entries(infos: dict[str, Any]) -> list[str]:
    """Return the keys of batched infos that are not masks of others."""
    return [key for key in infos if not (key.startswith("_") and key[1:] in infos)]


def _split(infos: dict[str, Any], done: NDArray[np.bool_]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Split batched infos into those of the running and those of the finished episodes."""
    running: dict[str, Any] = {}
    final: dict[str, Any] = {}
    for key in _entries(infos):
        value, mask = infos[key], infos[f"_{key}"]
        parts = _split(value, done) if isinstance(value, dict) else (value, value)
        for target, part, rows in ((running, parts[0], mask & ~done), (final, parts[1], mask & done)):
            if rows.any():
                if isinstance(part, np.ndarray):
                    kept = np.full(part.shape, None, dtype=object) if part.dtype == object else np.zeros_like(part)
                    kept[rows] = part[rows]
                    part = kept
                target[key], target[f"_{key}"] = part, rows
    return running, final


def _merge(infos: dict[str, Any], new: dict[str, Any]) -> None:
    """Add batched infos of other environments in place."""
    for key in _entries(new):
        value, mask = new[key], new[f"_{key}"]
        if key not in infos:
            infos[key], infos[f"_{key}"] = value, mask
            continue
        if isinstance(value, dict) and isinstance(infos[key], dict):
            _merge(infos[key], value)
        else:
            old = infos[key]
            if getattr(old, "dtype", None) != getattr(value, "dtype", None) or np.shape(old) != np.shape(value):
                mixed = np.full(len(mask), None, dtype=object)
                for i in np.flatnonzero(infos[f"_{key}"]).tolist():
                    mixed[i] = old[i]
                infos[key] = old = mixed
            for i in np.flatnonzero(mask).tolist():
                old[i] = value[i]
        infos[f"_{key}"] = infos[f"_{key}"] | mask


# --- From an id or a function -------------------------------------------------------------------------------


def make_curriculum_vector_env(
    env: str | Callable[..., gym.Env],
    teacher: Teacher,
    num_envs: int = 1,
    vectorization_mode: str = "sync",
    *,
    seed: int | None = None,
    autoreset_mode: AutoresetMode | str = AutoresetMode.SAME_STEP,
    env_kwargs: dict[str, Any] | None = None,
    wrapper_class: Callable[[gym.Env], gym.Env] | None = None,
    vector_kwargs: dict[str, Any] | None = None,
) -> CurriculumVectorEnv:
    """Build a Gymnasium vector environment whose tasks a teacher chooses, like ``gymnasium.make_vec``.

    Args:
        env: The id of a task environment, or a function or class that makes one.
        teacher: Who chooses the tasks. It stays in this process.
        num_envs: How many environments, at least 1.
        vectorization_mode: ``"sync"`` or ``"async"``.
        seed: Determines the seeds of the environments at the first reset without one, and of the action
            spaces.
        autoreset_mode: What the user sees, `AutoresetMode.SAME_STEP` or `AutoresetMode.NEXT_STEP`; see
            `CurriculumVectorEnv`.
        env_kwargs: Passed to ``gymnasium.make`` or to the function.
        wrapper_class: Wraps each environment; an adapter such as `TaskAttributes` belongs here.
        vector_kwargs: Passed to `SyncVectorEnv` or `AsyncVectorEnv`.

    Returns:
        The wrapped vector environment.

    Raises:
        ValueError: An unknown mode, less than one environment, or an autoreset mode among ``vector_kwargs``.

    Example:
        >>> import gymnasium as gym, tutelage
        >>> from tutelage.wrappers import TaskAttributes
        >>> space = tutelage.TaskSpace(length=(0.2, 2.0))
        >>> teacher = tutelage.make_teacher("random", space, seed=0)
        >>> envs = make_curriculum_vector_env(
        ...     "CartPole-v1", teacher, 2, seed=0, wrapper_class=lambda env: TaskAttributes(env, space)
        ... )
        >>> envs.reset()[0].shape
        (2, 4)
    """
    if num_envs < 1:
        raise ValueError(f"Expected at least 1 environment, got num_envs={num_envs}.")
    kinds: dict[str, Any] = {"sync": SyncVectorEnv, "async": AsyncVectorEnv}
    if vectorization_mode not in kinds:
        raise ValueError(unknown_name("vectorization_mode", vectorization_mode, kinds))
    extra = dict(vector_kwargs or {})
    if "autoreset_mode" in extra:
        raise ValueError(
            "Give autoreset_mode beside vector_kwargs: it is how you see the environments; inside it is DISABLED."
        )
    check_teacher(teacher)
    make = env_function(env, env_kwargs, EpisodeCounter, wrapper_class)
    envs = kinds[vectorization_mode]([make] * num_envs, autoreset_mode=AutoresetMode.DISABLED, **extra)
    first, actions = env_seeds(seed)
    try:
        result = CurriculumVectorEnv(envs, teacher, seed=first, autoreset_mode=autoreset_mode)
    except BaseException:
        envs.close()
        raise
    if actions is not None:
        result.action_space.seed(actions)
    return result
