"""A teacher for Stable-Baselines3's vector environments.

The wrapper decides about the task of the next episode inside ``step``, at the moment the last one ends and in
the order of the environments, so that the teacher always knows every outcome so far and the sequence of tasks
is the same on a `DummyVecEnv` and a `SubprocVecEnv`.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any, NoReturn

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv, VecEnv, VecEnvWrapper
from stable_baselines3.common.vec_env.base_vec_env import VecEnvObs, VecEnvStepReturn
from stable_baselines3.common.vec_env.util import dict_to_obs

from ..errors import RunError, unknown_name
from ..tasks import Tasks
from ..teachers.teacher import Teacher
from .building import env_function, env_seeds
from .checks import (
    all_finite,
    check_task_spaces,
    check_teacher,
    describe_task,
    no_task_space,
    put,
    take,
)
from .curriculum import Curriculum, success_of
from .episode_gate import EpisodeGate
from .failure import (
    DEAD_WORKER,
    FAILURE,
    check_first_observations,
    dead_worker_error,
    failure_message,
    not_finite_error,
)


class CurriculumVecEnv(Curriculum, VecEnvWrapper):
    """Lets a teacher choose the task of every episode of a Stable-Baselines3 vector environment.

    It wraps the raw vector environment; `VecNormalize`, `VecFrameStack` and the like go outside. Each worker
    carries an `EpisodeGate`, outside its Monitor (`make_curriculum_vec_env` does both). On the last step of
    an episode ``infos[i]["task"]`` is the task just played, of shape ``(d,)``, and ``infos[i]["task_id"]``
    its id; ``terminal_observation`` and ``TimeLimit.truncated`` are as ever. ``reset()`` abandons the
    episodes under way: the teacher never hears of them.

    An environment that is batched natively takes part without gates: it subclasses `VecEnv`, has a
    ``task_space``, accepts ``{"task": row}`` through ``set_options`` and ``reset()``, leaves
    ``info["episode"]`` with ``"r"`` and ``"l"`` on the last step of an episode, does not reset by itself
    then (if it has an attribute ``autoreset``, that is set to False), and has a method
    ``begin(indices, tasks)`` that takes positions of shape ``(k,)`` and tasks of shape ``(k, d)`` and returns
    the first observations of these environments, stacked along the first axis (per key for a Dict space).

    Args:
        venv: A `DummyVecEnv` or `SubprocVecEnv` of gated task environments, or one with a native ``begin``.
        teacher: Who chooses; its task space is the environments'.

    Attributes:
        stepped: Whether a step was taken since the last ``reset()``.

    Raises:
        TypeError: ``venv`` is no `VecEnv`, or ``teacher`` no `Teacher`.
        ValueError: There is a wrapper inside, a gate is missing or not the outermost wrapper of its worker,
            an environment has no task space or another one than the teacher.

    Example:
        >>> import gymnasium as gym, tutelage
        >>> from stable_baselines3.common.monitor import Monitor
        >>> from stable_baselines3.common.vec_env import DummyVecEnv
        >>> from tutelage.wrappers import CurriculumVecEnv, EpisodeGate, TaskAttributes
        >>> space = tutelage.TaskSpace(length=(0.2, 2.0))
        >>> def make():
        ...     return EpisodeGate(Monitor(TaskAttributes(gym.make("CartPole-v1"), space)))
        >>> teacher = tutelage.make_teacher("random", space, seed=0)
        >>> venv = CurriculumVecEnv(DummyVecEnv([make] * 2), teacher)
        >>> venv.reset().shape, venv.current_tasks.shape, venv.current_ids.tolist()
        ((2, 4), (2, 1), [0, 1])
        >>> done = False
        >>> while not done:
        ...     _, _, dones, infos = venv.step(np.zeros(2, dtype=int))
        ...     done = dones[0]
        >>> infos[0]["task_id"], int(venv.current_ids[0]) > 1
        (0, True)
    """

    def __init__(self, venv: VecEnv, teacher: Teacher) -> None:
        check_teacher(teacher)
        self._begin_all = _how_to_begin(venv)
        VecEnvWrapper.__init__(self, venv)
        self._open(teacher, venv.num_envs)
        self.stepped = False
        self._user_options: list[dict[str, Any]] = [{} for _ in range(venv.num_envs)]
        self._broken = False
        native = self._begin_all is _begin_native
        if not native:
            _check_gates(venv)
        if native and hasattr(venv, "task_space"):
            check_task_spaces([venv.task_space], teacher)
        else:
            if not venv.has_attr("task_space"):
                raise ValueError(no_task_space("An environment of the vector environment"))
            check_task_spaces(venv.get_attr("task_space"), teacher)
        if native and hasattr(venv, "autoreset"):
            venv.autoreset = False
        if not native:
            remote = not isinstance(venv, DummyVecEnv)
            for index in range(venv.num_envs):
                venv.env_method("attach", index, remote, indices=[index])
        if type(venv) is DummyVecEnv:
            # A gate has nothing to do during an episode, unless it must count the return.
            gates: list[Any] = venv.envs
            self._steps = [gate.step if gate.counts else gate.env.step for gate in gates]
            self._collect = self._step_here  # type: ignore[method-assign]

    # --- VecEnv ---------------------------------------------------------------------------------------------

    def set_options(self, options: list[dict[str, Any]] | dict[str, Any] | None = None) -> None:
        """Set further options for the next ``reset()``, beside the task.

        Raises:
            ValueError: Options with a ``"task"``: these are the teacher's choice.
        """
        each = options if isinstance(options, list) else [options or {}] * self.num_envs
        if len(each) != self.num_envs:
            raise ValueError(f"Expected options for {self.num_envs} environments, got {len(each)}.")
        if any("task" in one for one in each):
            raise ValueError("The teacher chooses the task; to play tasks of your own use an environment without it.")
        self._user_options = [dict(one) for one in each]

    def reset(self) -> VecEnvObs:
        """Begin a new episode in every environment; those under way are abandoned.

        Returns:
            The first observations, of shape ``(n_envs, …)``.

        Raises:
            RunError: An environment failed, or its first observation is NaN or infinite.
        """
        tasks = self._new_tasks(np.arange(self.num_envs))
        self.stepped = False
        pairs = zip(self._user_options, tasks.values, strict=True)
        self.venv.set_options([{**options, "task": row.copy()} for options, row in pairs])
        self._user_options = [{} for _ in range(self.num_envs)]
        try:
            observations = self.venv.reset()
        except DEAD_WORKER as error:
            raise self._worker_died(error) from error
        for info in self.venv.reset_infos:
            if FAILURE in info:
                raise info[FAILURE].error()
        self.reset_infos = [dict(info) for info in self.venv.reset_infos]
        check_first_observations(observations, np.arange(self.num_envs), self._describe)
        return observations

    def step_async(self, actions: np.ndarray) -> None:
        """Send the actions to the environments.

        Raises:
            RunError: A worker process is gone, or an action is NaN or infinite.
        """
        if not all_finite(actions):
            raise RunError(
                "The student chose an action that is NaN or infinite: its weights may have become so; a lower learning "
                "rate or smaller rewards may help."
            )
        try:
            self.venv.step_async(actions)
        except DEAD_WORKER as error:
            raise self._worker_died(error) from error

    def step_wait(self) -> VecEnvStepReturn:
        """Collect the step; where episodes ended, tell the teacher and begin the next ones.

        Raises:
            RunError: An environment failed, a worker died, or a reward or an observation is NaN or infinite.
        """
        observations, rewards, dones, infos = self._collect()
        if not (all_finite(rewards) and all_finite(observations)):
            self._refuse(observations, rewards, infos)
        self.stepped = True
        if self.warmup:
            self._warm[:] = True
        if np.count_nonzero(dones):
            indices = np.flatnonzero(dones)
            self._end(indices, infos)
            tasks = self._next_tasks(indices)
            try:
                self._begin_all(self, indices, tasks, observations)
            except DEAD_WORKER as error:
                raise self._worker_died(error) from error
            check_first_observations(take(observations, indices), indices, self._describe)
        return observations, rewards, dones, infos

    def abort(self) -> None:
        """Close the environments when a step may be half done: end worker processes instead of waiting for them."""
        self._broken = True
        self.close()

    def close(self) -> None:
        """Close the environments; after a worker has died, end the others too."""
        if self._broken and isinstance(self.venv, SubprocVecEnv):
            if not self.venv.closed:
                for process in self.venv.processes:
                    process.terminate()
                for process in self.venv.processes:
                    process.join()
                for remote in self.venv.remotes:
                    remote.close()
                self.venv.closed = True
            return
        self.venv.close()

    def getattr_depth_check(self, name: str, already_found: bool) -> str | None:
        """Let ``task_space`` be asked for from outside although a native environment has one, too."""
        if name == "task_space" and not already_found:
            return None
        return super().getattr_depth_check(name, already_found)

    # --- Steps ---------------------------------------------------------------------------------------------------

    def _collect(self) -> Any:
        """Collect the step; the environments whose episode ended wait for `begin`."""
        try:
            return self.venv.step_wait()
        except DEAD_WORKER as error:
            raise self._worker_died(error) from error

    def _step_here(self) -> Any:
        """Do what ``DummyVecEnv.step_wait`` does, without its automatic reset and its deep copies of every step.

        This pays for the teacher: gates and episodes would cost 40 % of CartPole's speed, and cost 15 %.
        """
        venv: Any = self.venv
        rewards = np.zeros(self.num_envs, dtype=np.float32)
        dones = np.zeros(self.num_envs, dtype=np.bool_)
        infos = []
        for i, step in enumerate(self._steps):
            action = venv.actions[i]
            try:
                observation, reward, terminated, truncated, info = step(action)
            except RunError:
                raise
            except Exception as error:
                raise RunError(failure_message(i, "step()", self._describe(i), error)) from error
            rewards[i] = reward
            info = {**info, "TimeLimit.truncated": truncated and not terminated}
            if terminated or truncated:
                dones[i] = True
                # The reset may reuse arrays and dicts of the environment.
                info = {key: _copied(value) for key, value in info.items()}
                info["terminal_observation"] = _copied(observation)
            venv._save_obs(i, observation)
            infos.append(info)
        observations = {key: part.copy() for key, part in venv.buf_obs.items()}
        return dict_to_obs(venv.observation_space, observations), rewards, dones, infos

    # --- Episodes -------------------------------------------------------------------------------------------

    def _end(self, indices: NDArray[np.int64], infos: Any) -> None:
        """Stamp the infos of finished episodes and report them."""
        returns, lengths, success, truncated = [], [], [], []
        for i in indices.tolist():
            info = infos[i]
            episode = info.get("episode")
            if episode is None:
                raise ValueError(
                    f"Environment {i} ended an episode without info['episode'] = "
                    f"{{'r': return, 'l': length}}, which "
                    "a natively batched environment must provide."
                )
            returns.append(float(episode["r"]))
            lengths.append(int(episode["l"]))
            success.append(success_of(info))
            truncated.append(bool(info.get("TimeLimit.truncated", False)))
            info["task"] = self.current_tasks[i].copy()
            info["task_id"] = int(self.current_ids[i])
        self._finish(indices, returns, lengths, success, truncated)

    def _begun(self, index: int, observation: Any, info: dict[str, Any], observations: Any) -> None:
        """Take over the first observation and the reset info of one environment."""
        self.reset_infos[index] = info
        put(observations, index, observation)

    # --- Errors ---------------------------------------------------------------------------------------------

    def _describe(self, index: int) -> str:
        return describe_task(self.current_tasks[index], self.task_space)

    def _refuse(self, observations: Any, rewards: NDArray[Any], infos: Any) -> NoReturn:
        for info in infos:
            if FAILURE in info:
                raise info[FAILURE].error()
        raise not_finite_error(observations, rewards, self._describe)

    def _worker_died(self, error: BaseException) -> RunError:
        self._broken = True
        return dead_worker_error(getattr(self.venv, "processes", []), error, self._describe)


# --- How the episodes of each kind of vector environment begin ----------------------------------------------


def _copied(value: Any) -> Any:
    """Copy a value of an info dict; `deepcopy` does so, too, but takes ten times as long for the usual kinds."""
    if value is None or isinstance(value, (bool, int, float, str, np.generic)):
        return value
    if type(value) is np.ndarray and not value.dtype.hasobject:
        return value.copy()
    if type(value) is dict:
        return {key: _copied(item) for key, item in value.items()}
    return deepcopy(value)


def _how_to_begin(venv: Any) -> Callable[[CurriculumVecEnv, NDArray[np.int64], Tasks, Any], None]:
    if not isinstance(venv, VecEnv):
        hint = ""
        if isinstance(venv, gym.Env):
            hint = " Use CurriculumEnv for a single environment, or make_curriculum_vec_env."
        elif isinstance(venv, gym.vector.VectorEnv):
            hint = " Use CurriculumVectorEnv for Gymnasium's vector environments."
        raise TypeError(f"Expected a stable_baselines3 VecEnv, got {type(venv).__name__}.{hint}")
    if callable(getattr(type(venv), "begin", None)):
        return _begin_native
    if isinstance(venv, VecEnvWrapper):
        name = type(venv).__name__
        raise ValueError(
            f"CurriculumVecEnv must wrap the raw vector environment, but there is a {name} inside, which would miss "
            f"the first observations of the episodes. Put it outside: {name}(CurriculumVecEnv(venv, teacher))."
        )
    if isinstance(venv, SubprocVecEnv):
        return _begin_remotely
    return _begin_here if isinstance(venv, DummyVecEnv) else _begin_by_method


def _begin_here(self: CurriculumVecEnv, indices: NDArray[np.int64], tasks: Tasks, observations: Any) -> None:
    envs: list[Any] = self.venv.envs  # type: ignore[attr-defined]
    for i, row in zip(indices.tolist(), tasks.values, strict=True):
        observation, info = envs[i].begin(row)
        self._begun(i, observation, info, observations)


def _begin_remotely(self: CurriculumVecEnv, indices: NDArray[np.int64], tasks: Tasks, observations: Any) -> None:
    remotes: Any = self.venv.remotes  # type: ignore[attr-defined]
    for i, row in zip(indices.tolist(), tasks.values, strict=True):
        remotes[i].send(("env_method", ("begin", (row,), {})))
    results = [remotes[i].recv() for i in indices.tolist()]  # all of them, before any error is raised
    for i, (observation, info) in zip(indices.tolist(), results, strict=True):
        if FAILURE in info:
            raise info[FAILURE].error()
        self._begun(i, observation, info, observations)


def _begin_by_method(self: CurriculumVecEnv, indices: NDArray[np.int64], tasks: Tasks, observations: Any) -> None:
    for i, row in zip(indices.tolist(), tasks.values, strict=True):
        ((observation, info),) = self.venv.env_method("begin", row, indices=[i])
        if FAILURE in info:
            raise info[FAILURE].error()
        self._begun(i, observation, info, observations)


def _begin_native(self: CurriculumVecEnv, indices: NDArray[np.int64], tasks: Tasks, observations: Any) -> None:
    first = self.venv.begin(indices, tasks.values)  # type: ignore[attr-defined]
    put(observations, indices, first)
    for i in indices.tolist():
        self.reset_infos[i] = dict(self.venv.reset_infos[i])


def _check_gates(venv: VecEnv) -> None:
    for i, gated in enumerate(venv.env_is_wrapped(EpisodeGate)):
        if not gated:
            raise ValueError(
                f"Environment {i} carries no EpisodeGate, so its episodes could not be held until the teacher has "
                "chosen. Build the workers as DummyVecEnv([lambda: EpisodeGate(Monitor(make_env()))] * n), or use "
                "make_curriculum_vec_env(env, teacher, n_envs)."
            )
    names = zip(venv.env_method("class_name"), venv.get_attr("gate_name"), strict=True)
    for i, (outermost, gate) in enumerate(names):
        if outermost != gate:
            raise ValueError(
                f"The outermost wrapper of environment {i} is {outermost}; it must be the EpisodeGate, or {outermost} "
                f"would miss the reset of the episodes: EpisodeGate({outermost}(env))."
            )


# --- From an id or a function -------------------------------------------------------------------------------


def make_curriculum_vec_env(
    env: str | Callable[..., gym.Env],
    teacher: Teacher,
    n_envs: int = 1,
    *,
    seed: int | None = None,
    vec_env_cls: str | type[VecEnv] | None = None,
    env_kwargs: dict[str, Any] | None = None,
    wrapper_class: Callable[[gym.Env], gym.Env] | None = None,
    monitor: bool = True,
    start_method: str | None = None,
) -> CurriculumVecEnv:
    """Build a vector environment whose tasks a teacher chooses, like Stable-Baselines3's ``make_vec_env``.

    Args:
        env: The id of a task environment, or a function or class that makes one.
        teacher: Who chooses the tasks. It stays in this process.
        n_envs: How many environments, at least 1.
        seed: Determines the seeds of the environments and of the action space (the teacher has its own).
        vec_env_cls: ``"dummy"`` (default), ``"subproc"``, or a class.
        env_kwargs: Passed to ``gymnasium.make`` or to the function.
        wrapper_class: Wraps each environment, outside the Monitor as in Stable-Baselines3; an adapter such as
            `TaskAttributes` belongs here.
        monitor: Whether to add Stable-Baselines3's Monitor.
        start_method: How `SubprocVecEnv` starts its processes.

    Returns:
        The wrapped vector environment, seeded for its first reset.

    Raises:
        ValueError: An unknown ``vec_env_cls``, less than one environment, a start method without processes.

    Example:
        >>> import gymnasium as gym, tutelage
        >>> from tutelage.wrappers import TaskAttributes
        >>> space = tutelage.TaskSpace(length=(0.2, 2.0))
        >>> teacher = tutelage.make_teacher("random", space, seed=0)
        >>> venv = make_curriculum_vec_env(
        ...     "CartPole-v1", teacher, n_envs=2, seed=0, wrapper_class=lambda env: TaskAttributes(env, space)
        ... )
        >>> venv.reset().shape
        (2, 4)
    """
    if n_envs < 1:
        raise ValueError(f"Expected at least 1 environment, got n_envs={n_envs}.")
    kinds: dict[str, type[VecEnv]] = {"dummy": DummyVecEnv, "subproc": SubprocVecEnv}
    if isinstance(vec_env_cls, str):
        if vec_env_cls not in kinds:
            raise ValueError(unknown_name("vec_env_cls", vec_env_cls, kinds))
        vec_env_cls = kinds[vec_env_cls]
    cls: Any = vec_env_cls or DummyVecEnv
    if start_method is not None and not issubclass(cls, SubprocVecEnv):
        raise ValueError(f"start_method={start_method!r} is for 'subproc' only, not for {cls.__name__}.")
    extra = {"start_method": start_method} if start_method is not None else {}
    check_teacher(teacher)
    make = env_function(env, env_kwargs, Monitor if monitor else None, wrapper_class)
    venv = cls([make] * n_envs, **extra)
    try:
        result = CurriculumVecEnv(venv, teacher)
    except BaseException:
        venv.close()
        raise
    first, actions = env_seeds(seed)
    if first is not None:
        venv.seed(first)
        venv.action_space.seed(actions)
    return result
