"""Episodes in a row, of which only the end is rewarded (h1).

A chain of h tasks is solved if each of them is. With a reward at the end only, long chains are hopeless to begin with;
h1 trains on longer and longer ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, SupportsFloat

import gymnasium as gym
import numpy as np
from gymnasium.utils import RecordConstructorArgs

from ..errors import unknown_name
from ..schedule import Constant
from ..spaces import TaskSpace
from .checks import describe_task, same_task
from .clock import Clock
from .controlled import Control, Controlled, task_space_inside
from .episode_gate import is_monitored
from .joined_space import join_spaces

TASKS = ("each", "same", "drawn")
"""Who chooses the tasks of the links."""

_STREAM = 0xC4A1
"""Sets the seeds of further environments apart from that of the first."""

_OF_LINKS = ("episode", "is_success", "task", "TimeLimit.truncated")
"""What an info dict says about the episode of a link, and not about that of the chain."""


class Chain(Controlled):
    """Plays episodes of environments in a row: the reward is 1 at the end if all of them succeeded, else 0.

    An episode of the chain ends with the first link that fails, or with the last one. It is terminated then, even if
    the link was truncated: there is nothing more to be had. In between, the step that ends a link returns the first
    observation of the next. A link succeeds if ``info["is_success"]`` of its last step is true, or if its return
    reaches ``success_threshold``.

    ``info["link"]`` is the link that is being played, from 0 on, and ``info["link_task"]`` its task, at the reset and
    at each step that begins a link. ``info["is_success"]`` and ``info["links_solved"]`` are there on the last step.

    Args:
        env: An environment, or several of the same spaces: link k plays number k modulo their number.
        links: How many links: a number, a schedule, or a dimension of the task, e.g. ``range(1, 6)``; at least 1.
        tasks: Whence the tasks of the links come, if the environments have task spaces. ``"each"``: the chain's task
            has one for every link, with the dimensions ``x_1``, ``x_2``, …; those of links that are not played are
            ignored. ``"same"``: all links play the chain's task. ``"drawn"``: the environments draw them, and the
            chain's task is the number of links, or none. A function ``tasks(link, info)``: the chain's task is that of
            the first link; the function is given the number of the next and the info dict of the last step, and
            returns the next task.
        most_links: The most links there can be; needed for ``"each"`` where their number follows a schedule.
        success_threshold: The return at which a link has succeeded, instead of ``info["is_success"]``.
        name: What the number of links is called in info dicts and in the task space.
        clock: What the moment of a schedule is, see `Clock`.

    Raises:
        TypeError: A number of links that is no number, schedule or dimension.
        ValueError: Less than one link or more than ``most_links``, no environment, environments whose spaces differ or
            of which only some have tasks, or a name that is a dimension already.

    Example:
        >>> import gymnasium as gym
        >>> from tutelage.wrappers import Chain
        >>> short = gym.make("CartPole-v1", max_episode_steps=5)
        >>> env = Chain(short, range(1, 4), success_threshold=5)
        >>> env.task_space
        TaskSpace(links=range(1, 4))
        >>> _ = env.reset(seed=0, options={"task": [3]})
        >>> steps = [env.step(i % 2) for i in range(15)]
        >>> sum(step[1] for step in steps), steps[-1][2], steps[-1][4]["links_solved"]
        (1.0, True, 3)
    """

    def __init__(
        self,
        env: gym.Env | Sequence[gym.Env],
        links: Control,
        *,
        tasks: str | Callable[[int, dict[str, Any]], Any] = "each",
        most_links: int | None = None,
        success_threshold: float | None = None,
        name: str = "links",
        clock: Clock | None = None,
    ) -> None:
        RecordConstructorArgs.__init__(
            self,
            _disable_deepcopy=True,
            links=links,
            tasks=tasks,
            most_links=most_links,
            success_threshold=success_threshold,
            name=name,
            clock=clock,
        )
        self._envs = [env] if isinstance(env, gym.Env) else list(env)
        _check_environments(self._envs)
        if not callable(tasks) and tasks not in TASKS:
            raise ValueError(unknown_name("choice of tasks for a Chain", tasks, TASKS))
        if most_links is not None and (isinstance(most_links, bool) or not isinstance(most_links, int)):
            raise TypeError(f"Chain: most_links must be a whole number, got {most_links!r}.")
        if most_links is not None and most_links < 1:
            raise ValueError(f"Chain: most_links must be at least 1, got {most_links}.")
        if success_threshold is not None and not math.isfinite(success_threshold):
            raise ValueError(f"Chain: success_threshold must be finite, got {success_threshold}.")
        self._tasks, self._most, self._threshold, self._name = tasks, most_links, success_threshold, name
        self._defines_tasks, self._same_tasks = True, tasks not in ("each", "drawn")
        most = math.inf if most_links is None else most_links
        super().__init__(self._envs[0], {name: links}, clock=clock, low=1, high=most, whole=True)
        self._monitored = any(map(is_monitored, self._envs))
        self._seeds: dict[int, int] = {}
        self._options: dict[str, Any] = {}
        self._given: Any = None
        self._link = self._length = 0
        self._return = 0.0

    @property
    def spec(self) -> Any:  # type: ignore[override]
        """How to make the chain; None for one of several environments."""
        return super().spec if len(self._envs) == 1 else None

    # --- Tasks ---------------------------------------------------------------------------------------------------

    def _space_inside(self) -> TaskSpace | None:
        spaces = [task_space_inside(env) for env in self._envs]
        self._spaces = [space for space in spaces if space is not None]
        if not self._spaces or self._tasks == "drawn":
            return None
        if len(self._spaces) < len(spaces):
            raise ValueError(
                f"Chain: environment {spaces.index(None)} has no task_space, others have one; wrap it in "
                "TaskAttributes, TaskFunction or TaskRebuild, or let them draw their tasks: tasks='drawn'."
            )
        if self._tasks == "each":
            most = range(self._most_possible())
            parts = [self._spaces[link % len(spaces)] for link in most]
            ends = np.cumsum([part.n_dims for part in parts]).tolist()
            self._places = [slice(end - part.n_dims, end) for part, end in zip(parts, ends, strict=True)]
            return join_spaces(parts, [f"{dim.name}_{link + 1}" for link in most for dim in parts[link]])
        if self._tasks == "same" and any(space != self._spaces[0] for space in self._spaces):
            raise ValueError("Chain: tasks='same' needs environments of one task space; see tasks='each'.")
        return self._spaces[0]

    def _most_possible(self) -> int:
        if self._most is not None:
            return self._most
        if self._own:
            return int(max(self._own[0].categories or (self._own[0].high,)))
        schedule = self._schedules[self._name]
        if not isinstance(schedule, Constant):
            raise ValueError(
                f"Chain: with a schedule of {self._name}, tasks='each' needs most_links, for the task space has one "
                "task for each possible link; see also tasks='same' and tasks='drawn'."
            )
        return int(schedule.value)

    def _task_of(self, link: int, info: dict[str, Any]) -> Any:
        """Return the task of a link, None where its environment draws one."""
        if self._given is None:
            return None
        if self._tasks == "each":
            return self._given[self._places[link]].copy()
        if callable(self._tasks) and link:
            return self._tasks(link, info)
        return self._given.copy()

    # --- Episodes ------------------------------------------------------------------------------------------------

    def _begin(self, seed: int | None, options: dict[str, Any] | None) -> tuple[Any, dict[str, Any]]:
        self._options = dict(options or {})
        self._given = self._options.pop("task", None)
        if self._given is not None and self._inside is None:
            raise ValueError("Chain: the environments choose the tasks of the links themselves, so none can be given.")
        if seed is not None:
            others = range(1, len(self._envs))
            self._seeds = {i: int(np.random.default_rng([seed, _STREAM, i]).integers(2**31)) for i in others}
        self._length = 0
        observation, info = self._enter(0, seed, {})
        if self._given is not None:
            info["task"] = self._given.copy()
        return observation, info

    def _act(self, action: Any) -> tuple[Any, SupportsFloat, bool, bool, dict[str, Any]]:
        observation, reward, terminated, truncated, info = self.env.step(action)
        self._length += 1
        self._return += float(reward)
        if not (terminated or truncated):
            return observation, 0.0, False, False, info
        success = self._succeeded(info)
        info = {key: value for key, value in info.items() if key not in _OF_LINKS}
        if success and self._link + 1 < self.values[self._name]:
            observation, begun = self._enter(self._link + 1, None, info)
            return observation, 0.0, False, False, {**info, **begun}
        info |= {"is_success": success, "links_solved": self._link + success}
        self._report(info, float(success), self._length)
        return observation, float(success), True, False, info

    def _enter(self, link: int, seed: int | None, info: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        """Begin a link."""
        task = self._task_of(link, info)
        place = link % len(self._envs)
        self.env = self._envs[place]
        self._link, self._return = link, 0.0
        options = self._options if task is None else {**self._options, "task": task}
        if link:
            seed = self._seeds.pop(place, None)
        observation, begun = self.env.reset(seed=seed, options=options or None)
        played = begun.get("task", task)
        if task is not None and not same_task(task, played, self._spaces[place]):
            raise ValueError(
                f"Chain: link {link} was given task {describe_task(task, self._spaces[place])} but plays "
                f"{describe_task(played, self._spaces[place])} (info['task'] of its reset)."
            )
        begun = {key: value for key, value in begun.items() if key != "task"}
        begun["link"] = link
        if played is not None:
            begun["link_task"] = played
        return observation, begun

    def _succeeded(self, info: dict[str, Any]) -> bool:
        if self._threshold is not None:
            return self._return >= self._threshold
        if "is_success" not in info:
            raise ValueError(
                f"Chain: link {self._link} ended without info['is_success']; success_threshold defines it as a return "
                "that is reached."
            )
        return bool(info["is_success"])

    def _inner_environments(self) -> list[gym.Env]:
        return self._envs

    def close(self) -> None:
        """Close all environments."""
        for env in self._envs:
            env.close()


def _check_environments(envs: Sequence[gym.Env]) -> None:
    if not envs:
        raise ValueError("Chain: expected at least one environment.")
    for index, env in enumerate(envs):
        if not isinstance(env, gym.Env):
            raise TypeError(f"Chain: environment {index} is no gymnasium.Env, got {env!r}.")
        for name in ("observation_space", "action_space"):
            first, other = getattr(envs[0], name), getattr(env, name)
            if first != other:
                raise ValueError(
                    f"Chain: the {name} of environment {index} is {other}, that of the first {first}; all links must "
                    "share one."
                )
