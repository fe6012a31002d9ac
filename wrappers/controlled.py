"""The base of the wrappers that hold a quantity which changes during training: a budget, a share of hints, a weight."""

from __future__ import annotations

import math
import time
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, SupportsFloat

import gymnasium as gym
import numpy as np
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import ArrayLike, NDArray

from ..schedule import Schedule
from ..schedules import Constant, schedule_of
from ..spaces import Dimension, TaskSpace
from ..task_options import chosen_task
from .clock import Clock
from .episode_gate import is_monitored
from .joined_space import join_spaces

Control = int | float | Schedule | str | Mapping[str, Any] | tuple[float, float] | range | list[Any] | Dimension
"""A quantity: a number; a schedule, or plain data that `schedule_of` reads; or a dimension of the task, written as in
a `TaskSpace`: ``(low, high)``, a ``range`` or a list of numbers."""

_ROUNDING = 1e-9
"""Before it is rounded down, a whole number is spared what arithmetic with fractions takes off it."""


class Controlled(gym.Wrapper, RecordConstructorArgs):
    """A wrapper with quantities that are constants, follow a schedule, or are dimensions of the task.

    A quantity has one value for each episode, decided when it begins:

    * a constant is always the same;
    * a schedule is asked at the moment that the ``clock`` shows: the environment counts its own steps or episodes, and
      `set_clock` sets the count, e.g. when a training is resumed;
    * a dimension is added to the environment's task space, behind its own (an environment without a task space gets
      one). ``reset(options={"task": row})`` takes the whole row, the environment inside gets its part. Without a
      task, a whole row is drawn.

    The values are in the info dict of the reset and of the last step of an episode under their names. A subclass
    overrides ``_begin(seed, options)`` and ``_act(action)``, which by default reset and step the environment.

    Args:
        env: The environment.
        controls: The quantities by name.
        clock: What the moment of their schedules is; by default the steps of this one environment.
        low: The least value allowed.
        high: The greatest.
        whole: Whether values are rounded down to whole numbers.

    Attributes:
        values: The values of this episode by name.
        task: The task being played, shape ``(d,)``, if a quantity is a dimension of it; else None.
        task_space: The tasks, if a quantity is a dimension of them (else ``get_wrapper_attr`` finds that of the
            environment inside).

    Raises:
        TypeError: A quantity that is none of these.
        ValueError: A value out of range, or a name that the task space has already.

    Example:
        >>> import gymnasium as gym
        >>> from tutelage.schedules import Linear
        >>> from tutelage.wrappers import Controlled
        >>> class Slippery(Controlled):
        ...     '''Repeats the last action with some probability.'''
        ...
        ...     def __init__(self, env, slip, clock=None):
        ...         super().__init__(env, {"slip": slip}, clock=clock, low=0.0, high=1.0)
        ...         self.last = 0
        ...
        ...     def _act(self, action):
        ...         if self.rng.random() >= self.values["slip"]:
        ...             self.last = action
        ...         return self.env.step(self.last)
        >>> env = Slippery(gym.make("CartPole-v1"), Linear(0.0, 0.5, duration=1000))
        >>> env.set_clock(steps=500)
        >>> env.reset(seed=0)[1]
        {'slip': 0.25}
        >>> env = Slippery(gym.make("CartPole-v1"), (0.0, 0.5))
        >>> env.task_space, env.reset(options={"task": [0.125]})[1]
        (TaskSpace(slip=(0.0, 0.5)), {'slip': 0.125, 'task': array([0.125])})
    """

    _of_tasks: ClassVar[tuple[str, ...]] = ("task_space", "mutate", "level_builder", "task_codec")
    """What an environment offers for its own tasks, and what does not fit other ones."""

    _defines_tasks = False
    """Whether the tasks are decided here even if no quantity is a dimension of them."""

    _same_tasks = True
    """Whether the tasks are, but for the quantities, those of the environment inside."""

    def __init__(
        self,
        env: gym.Env,
        controls: Mapping[str, Control],
        *,
        clock: Clock | None = None,
        low: float = -math.inf,
        high: float = math.inf,
        whole: bool = False,
    ) -> None:
        RecordConstructorArgs.__init__(self, controls=controls, clock=clock, low=low, high=high, whole=whole)
        gym.Wrapper.__init__(self, env)
        if clock is not None and not isinstance(clock, Clock):
            raise TypeError(f"{self.class_name()}: clock must be a tutelage.wrappers.Clock, got {clock!r}.")
        self.clock = clock or Clock()
        self.values: dict[str, float] = {}
        self.task: NDArray[np.float64] | None = None
        self._bounds, self._whole = (low, high), whole
        self._steps, self._episodes = 0.0, 0.0
        self._since = time.time()
        self._rng: np.random.Generator | None = None
        self._refuse_names_of_inner(controls)
        self._stream = zlib.crc32(f"{type(self).__qualname__} {' '.join(controls)}".encode())
        self._monitored = is_monitored(env)
        self._schedules: dict[str, Schedule] = {}
        own: dict[str, Dimension] = {}
        for name, control in controls.items():
            if isinstance(control, (tuple, range, list, Dimension)):
                own[name] = self._dimension(name, control)
            else:
                self._schedules[name] = self._schedule(name, control)
        self._names = tuple(controls)
        self._own = tuple(own.values())
        self._inside = self._space_inside()
        self._extend()

    def _refuse_names_of_inner(self, names: Iterable[str]) -> None:
        """Two quantities of one name would share their luck and their place in the info dict."""
        layer: Any = self.env
        while isinstance(layer, gym.Wrapper):
            for name in names:
                if isinstance(layer, Controlled) and name in layer._names:
                    raise ValueError(
                        f"{self.class_name()}: {layer.class_name()} inside has a quantity {name!r} already; they must "
                        "have different names."
                    )
            layer = layer.env

    # --- Tasks ---------------------------------------------------------------------------------------------------

    def _space_inside(self) -> TaskSpace | None:
        """Return the tasks of what is inside, None if it has none."""
        return task_space_inside(self.env)

    def _extend(self) -> None:
        """Add the quantities that are dimensions to the task space."""
        self._hidden: tuple[str, ...] = self._of_tasks if self._own or not self._same_tasks else ()
        self._n_inside = 0 if self._inside is None else self._inside.n_dims
        self._space = self._inside if self._defines_tasks else None
        taken = () if self._inside is None else self._inside.names
        for dim in self._own:
            if dim.name in taken:
                raise ValueError(
                    f"{self.class_name()}: the task space of {self.env} has a dimension {dim.name!r} already "
                    f"({', '.join(taken)}); choose another name, e.g. name='{dim.name}_2'."
                )
        if self._own:
            added = TaskSpace({dim.name: dim for dim in self._own})
            self._space = added if self._inside is None else join_spaces([self._inside, added])
            if self._same_tasks and self.env.has_wrapper_attr("mutate"):
                self.mutate = self._mutate
        if self._space is not None:
            self.task_space = self._space

    def _mutate(self, tasks: ArrayLike, rng: np.random.Generator, **arguments: Any) -> NDArray[np.float64]:
        """Mutate the part of each task that belongs to the environment inside, and leave the quantities."""
        rows = np.array(tasks, dtype=np.float64)
        rows[..., : self._n_inside] = self.env.get_wrapper_attr("mutate")(rows[..., : self._n_inside], rng, **arguments)
        return rows

    def has_wrapper_attr(self, name: str) -> bool:
        """Tell whether this wrapper or the environment inside has an attribute that fits the tasks played here."""
        return hasattr(self, name) if name in self._hidden else super().has_wrapper_attr(name)

    def get_wrapper_attr(self, name: str) -> Any:
        """Return an attribute of this wrapper or the environment inside.

        Raises:
            AttributeError: There is none, or it is for the tasks of the environment inside, which are others.
        """
        if name in self._hidden and not hasattr(self, name):
            raise AttributeError(f"{self.class_name()} changes the tasks; {name} of {self.env} does not fit them.")
        return super().get_wrapper_attr(name)

    # --- Schedules -----------------------------------------------------------------------------------------------

    @property
    def moment(self) -> float:
        """What the clock shows."""
        return self.clock.moment(self._steps if self.clock.unit == "steps" else self._episodes)

    def set_clock(self, *, steps: float | None = None, episodes: float | None = None) -> None:
        """Set how far the training is, here and in the wrappers inside.

        In a vector environment: ``venv.env_method("set_clock", steps=model.num_timesteps)``.

        Args:
            steps: The steps of all environments together.
            episodes: Their episodes.

        Raises:
            ValueError: A negative number, or one that is not finite.
        """
        for name, total in (("steps", steps), ("episodes", episodes)):
            if total is None:
                continue
            if not (math.isfinite(total) and total >= 0):
                raise ValueError(f"set_clock: {name} must be at least 0, got {total}.")
            setattr(self, f"_{name}", total / self.clock.n_envs)
        for layer in self._inner_environments():
            if layer.has_wrapper_attr("set_clock"):
                layer.get_wrapper_attr("set_clock")(steps=steps, episodes=episodes)

    def clock_state(self) -> list[list[float]]:
        """Return the steps and episodes that this wrapper and those inside have counted, from the outside inwards."""
        states = [[float(self._steps), float(self._episodes)]]
        for layer in self._inner_environments():
            if layer.has_wrapper_attr("clock_state"):
                states += layer.get_wrapper_attr("clock_state")()
        return states

    def set_clock_state(self, states: Sequence[Sequence[float]]) -> None:
        """Take over what `clock_state` returned.

        Args:
            states: Of as many wrappers.

        Raises:
            ValueError: Of another number of wrappers, or no numbers.
        """
        if len(states) != len(self.clock_state()):
            raise ValueError(f"expected the clocks of {len(self.clock_state())} wrappers, got {len(states)}")
        self._steps, self._episodes = (float(count) for count in states[0])
        rest = list(states[1:])
        for layer in self._inner_environments():
            if layer.has_wrapper_attr("clock_state"):
                own = len(layer.get_wrapper_attr("clock_state")())
                layer.get_wrapper_attr("set_clock_state")(rest[:own])
                rest = rest[own:]

    def _inner_environments(self) -> list[gym.Env]:
        return [self.env]

    # --- Episodes ------------------------------------------------------------------------------------------------

    @property
    def rng(self) -> np.random.Generator:
        """The wrapper's own random numbers, which follow from the seed of ``reset``."""
        if self._rng is None:
            self._rng = np.random.default_rng([int(self.env.np_random.integers(2**63)), self._stream])
        return self._rng

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode, with the values that hold for it.

        Args:
            seed: Passed on; the wrapper's own random numbers follow from it, too.
            options: Passed on, with the part of the task that belongs to the environment inside.

        Returns:
            The first observation and the info dict.

        Raises:
            ValueError: A task outside the space, or a schedule whose value is out of range.
        """
        if seed is not None:
            self._rng = np.random.default_rng([seed, self._stream])
        chosen: dict[str, Any] = {}
        row = None
        if self._space is not None:
            row = chosen_task((options or {}).get("task"), self.task_space, self.rng)
            options = {name: value for name, value in (options or {}).items() if name != "task"}
            if self._n_inside:
                options["task"] = row[: self._n_inside].copy()
            pairs = zip(self._own, row[self._n_inside :].tolist(), strict=True)
            chosen = {dim.name: dim.categories[int(value)] if dim.categories else value for dim, value in pairs}
        self.values = {name: self._value(name, chosen) for name in self._names}
        self._since = time.time()
        observation, info = self._begin(seed, options or None)
        self._episodes += 1
        info = {**info, **self.values}
        if row is not None:
            played = info.get("task")  # the environment's own word; who gave the task compares
            if self._n_inside and isinstance(played, np.ndarray) and played.shape == (self._n_inside,):
                row[: self._n_inside] = played
            self.task = row
            info["task"] = row.copy()
        return observation, info

    def step(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Step the environment; at the end of an episode, add the values that held for it to the info dict."""
        observation, reward, terminated, truncated, info = self._act(action)
        self._steps += 1
        if terminated or truncated:
            info = {**info, **self.values}
        return observation, reward, terminated, truncated, info

    def _begin(self, seed: int | None, options: dict[str, Any] | None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode whose values have been decided.

        Args:
            seed: That of ``reset``.
            options: Those for the environment inside.
        """
        return self.env.reset(seed=seed, options=options)

    def _act(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        """Take one step of the student."""
        return self.env.step(action)

    def _report(self, info: dict[str, Any], total: float, length: int) -> None:
        """Fill ``info["episode"]`` where a Monitor inside did not see that the episode has ended.

        Args:
            info: The info dict of the last step.
            total: The return.
            length: Steps of the episode.
        """
        if self._monitored:
            info["episode"] = {"r": round(total, 6), "l": length, "t": round(time.time() - self._since, 6)}

    # --- Values --------------------------------------------------------------------------------------------------

    def _value(self, name: str, chosen: Mapping[str, Any]) -> float:
        if name in chosen:
            return self._checked(name, chosen[name], "")
        moment = self.moment
        value = self._schedules[name](moment)
        if isinstance(value, np.ndarray):
            raise ValueError(f"{self.class_name()}: {name} must be one number, its schedule gives {len(value)}.")
        return self._checked(name, value, f" at moment {moment:g} of its schedule")

    def _checked(self, name: str, value: Any, where: str) -> float:
        low, high = self._bounds
        if self._whole:
            value = math.floor(value + _ROUNDING)
        if low <= value <= high:
            return int(value) if self._whole else float(value)
        expected = f"at least {low:g}" if math.isinf(high) else f"between {low:g} and {high:g}"
        if where and isinstance(self._schedules.get(name), Constant):
            where = ""
        hint = f"; bound it: schedule.clip({low:g}, {'None' if math.isinf(high) else f'{high:g}'})" if where else ""
        raise ValueError(f"{self.class_name()}: {name} must be {expected}, got {value:g}{where}{hint}.")

    def _dimension(self, name: str, control: Any) -> Dimension:
        dim = Dimension.parse(name, control)
        for value in dim.categories or (dim.low, dim.high):
            if isinstance(value, bool) or not isinstance(value, (int, float)):
                raise TypeError(f"{self.class_name()}: {name} must be a number, got the category {value!r}.")
            self._checked(name, value, "")
        return dim

    def _schedule(self, name: str, control: Any) -> Schedule:
        try:
            schedule = schedule_of(control)
        except TypeError as error:
            raise TypeError(
                f"{self.class_name()}: {name} must be a number, a schedule, or a dimension of the task such as "
                f"(low, high) or a range, got {control!r}."
            ) from error
        except ValueError as error:
            raise ValueError(f"{self.class_name()}: {name}: {error}") from error
        self._schedules[name] = schedule
        self._value(name, {})
        return schedule


def task_space_inside(env: gym.Env) -> TaskSpace | None:
    """Return the task space of an environment, None if it has none.

    Raises:
        TypeError: It has something else under this name.
    """
    if not env.has_wrapper_attr("task_space"):
        return None
    space = env.get_wrapper_attr("task_space")
    if not isinstance(space, TaskSpace):
        raise TypeError(
            f"The task_space of {env} is a {type(space).__name__}, expected a tutelage.TaskSpace; "
            "TaskSpace.from_gym() converts a Gymnasium space."
        )
    return space
