"""Subgoals: an ordered list of what to do on the way, shown to the student, paid for, or both.

Words as Beacons (Ruiz-Gonzalez et al. 2024, arXiv:2410.08632): a language model splits the task of an episode into
subgoals. The current one is part of the observation, and its completion pays a bonus that shrinks with the steps it
took. What is particular to an environment is handed in (`tutelage.wrappers.subgoal_parts`); for MiniGrid it is in
`tutelage.envs`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium.utils import RecordConstructorArgs
from numpy.typing import NDArray

from .clock import Clock
from .controlled import Control, Controlled
from .subgoal_parts import SubgoalEncoding, SubgoalProgress, SubgoalProvider


class Subgoals(Controlled):
    """Gives each episode an ordered list of subgoals.

    At each reset the provider makes the list. Its first entry is the *current* one. When it is completed, the step is
    paid ``alpha · (1 − t / max_steps)`` on top of the environment's reward, t being the steps since the last
    subgoal, and the next entry becomes current. The **last entry is never shown nor paid**: it is the task's own
    goal, which the environment rewards. All entries are watched all the time, but only the current one pays and
    moves on. One that is completed too early has to be completed again when its turn comes; a list in a wrong order
    can get stuck. One step pays at most once, even where it completes several entries in a row.

    Observation and bonus are switched separately. With ``observe_subgoal`` the observation is a Dict with the
    additional key ``"subgoal"`` (an observation that is no Dict becomes its ``"observation"``).

    The info of a reset has ``"subgoals"``, the list as a tuple of texts. That of a step has ``"subgoal_index"``, the
    place of the current entry, and ``"subgoal_bonus"``, what the step is worth. On the last step there are
    ``"subgoals_any_order"`` and ``"subgoals_in_order"``, tuples that tell of each entry whether it was ever
    completed, and whether it was completed as the current one; ``"return_without_bonus"`` and
    ``"return_with_bonus"``.

    Args:
        env: The environment.
        provider: Who makes the lists; None for no subgoals at all, a student at work without its teacher.
        encoding: How a subgoal is shown; may be None with ``observe_subgoal=False``.
        progress: When a subgoal is done; may be None without a provider.
        observe_subgoal: Whether the observation has a part for the subgoal.
        alpha: The largest bonus, at least 0; 0.2 in the paper's runs. A number, a schedule, or a dimension of the task.
        evaluation: Whether the bonus is only counted (in the info), not paid.
        hide: Whether the observation's part shows no subgoal, whatever the list says.
        max_steps: The longest an episode can be. By default the environment's attribute ``max_steps``, or the time
            limit of its spec. A bonus is never negative, should an episode be longer.
        clock: What the moment of a schedule is, see `Clock`.

    Attributes:
        evaluation: As given; `switch` changes it.
        hide: As given; `switch` changes it.

    Raises:
        TypeError: A part that lacks a method, or an ``alpha`` that is no number, schedule or dimension.
        ValueError: A negative ``alpha``, an observation that has a part ``"subgoal"`` already, or ``max_steps`` that is
            no positive whole number or not to be found.

    Example:
        >>> import gymnasium as gym
        >>> from tutelage.envs import CellProgress, MiniGridView, PlannerOracle, RelativeEncoding
        >>> from tutelage.wrappers import Subgoals
        >>> rooms = MiniGridView(gym.make("MiniGrid-MultiRoom-N2-S4-v0"))
        >>> env = Subgoals(rooms, PlannerOracle(), RelativeEncoding(), CellProgress())
        >>> observation, info = env.reset(seed=1)
        >>> info["subgoals"]  # doctest: +ELLIPSIS
        ('open the ... door at (..., ...)', 'go to the green goal at (..., ...)')
        >>> observation["subgoal"].shape, env.step(0)[4]["subgoal_bonus"]
        ((2,), 0.0)
    """

    def __init__(
        self,
        env: gym.Env,
        provider: SubgoalProvider | None,
        encoding: SubgoalEncoding | None = None,
        progress: SubgoalProgress | None = None,
        *,
        observe_subgoal: bool = True,
        alpha: Control = 0.2,
        evaluation: bool = False,
        hide: bool = False,
        max_steps: int | None = None,
        clock: Clock | None = None,
    ) -> None:
        RecordConstructorArgs.__init__(
            self,
            _disable_deepcopy=True,
            provider=provider,
            encoding=encoding,
            progress=progress,
            observe_subgoal=observe_subgoal,
            alpha=alpha,
            evaluation=evaluation,
            hide=hide,
            max_steps=max_steps,
            clock=clock,
        )
        _check_part("provider", provider, SubgoalProvider, "subgoals(env, rng)", optional=True)
        _check_part("encoding", encoding, SubgoalEncoding, "space(env) and encode(env, subgoal)", not observe_subgoal)
        _check_part("progress", progress, SubgoalProgress, "look(…) and completed(…)", optional=provider is None)
        super().__init__(env, {"alpha": alpha}, clock=clock, low=0.0)
        self.provider, self.encoding, self.progress = provider, encoding, progress
        self.observe_subgoal = bool(observe_subgoal)
        self.evaluation = bool(evaluation)
        self.hide = bool(hide)
        self._given_max_steps = max_steps
        self._max_steps = self._longest_episode()
        self._take_up([])
        if observe_subgoal and encoding is not None:
            self._box = encoding.space(env)
            self._is_dict = isinstance(env.observation_space, gym.spaces.Dict)
            self.observation_space = _with_subgoal(env.observation_space, self._box)

    def switch(self, *, evaluation: bool | None = None, hide: bool | None = None) -> None:
        """Change what is paid and shown from now on; None leaves a setting as it is.

        A vector environment passes it on: ``venv.env_method("switch", evaluation=True)`` in Stable-Baselines3,
        ``envs.call("switch", evaluation=True)`` in Gymnasium.
        """
        if evaluation is not None:
            self.evaluation = bool(evaluation)
        if hide is not None:
            self.hide = bool(hide)

    def _begin(self, seed: int | None, options: dict[str, Any] | None) -> tuple[Any, dict[str, Any]]:
        observation, info = self.env.reset(seed=seed, options=options)
        self._max_steps = self._longest_episode()
        subgoals = [] if self.provider is None else list(self.provider.subgoals(self.env, self.rng))
        self._take_up(subgoals)
        return self._observe(observation), {**info, "subgoals": tuple(str(subgoal) for subgoal in subgoals)}

    def _act(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        observation, given, terminated, truncated, info = self.env.step(action)
        reward = float(given)
        self._since_last += 1
        bonus = self._advance()
        self._return += reward
        self._bonuses += bonus
        info = {**info, "subgoal_index": self._index, "subgoal_bonus": bonus}
        if terminated or truncated:
            info["subgoals_any_order"], info["subgoals_in_order"] = tuple(self._ever), tuple(self._in_order)
            info["return_without_bonus"] = self._return
            info["return_with_bonus"] = self._return + self._bonuses
        paid = reward if self.evaluation else reward + bonus
        return self._observe(observation), paid, terminated, truncated, info

    def _take_up(self, subgoals: list[Any]) -> None:
        self._list = subgoals
        self._index = 0
        self._since_last = 0  # steps since the last subgoal
        self._ever = [False] * len(subgoals)
        self._in_order = [False] * len(subgoals)
        self._return = self._bonuses = 0.0
        self._before = self.progress.look(self.env, subgoals) if self.progress is not None and subgoals else None

    def _advance(self) -> float:
        """Note what the step completed, move on to the next entry, and return the bonus."""
        if not self._list or self.progress is None:
            return 0.0
        completed = self.progress.completed(self.env, self._list, self._before)
        if len(completed) != len(self._list):
            raise ValueError(f"progress.completed told of {len(completed)} subgoals, expected {len(self._list)}.")
        self._before = self.progress.look(self.env, self._list)
        first = self._index
        steps = self._since_last
        for entry, done in enumerate(completed):
            if not done:
                continue
            self._ever[entry] = True
            if entry == self._index:
                self._in_order[entry] = True
                if entry + 1 < len(self._list):
                    self._index, self._since_last = entry + 1, 0
        return self._bonus(steps) if self._index > first else 0.0

    def _bonus(self, steps: int) -> float:
        """Return what a subgoal is worth after so many steps (torch_ac/algos/base.py of the authors' code)."""
        return self.values["alpha"] * max(0.0, 1.0 - steps / self._max_steps)

    def _observe(self, observation: Any) -> Any:
        if not self.observe_subgoal or self.encoding is None:
            return observation
        shown = None if self.hide or self._index + 1 >= len(self._list) else self._list[self._index]
        vector: NDArray[Any] = np.asarray(self.encoding.encode(self.env, shown), dtype=self._box.dtype)
        if vector.shape != self._box.shape:
            raise ValueError(f"encoding.encode gave a vector of shape {vector.shape}, its space has {self._box.shape}.")
        parts = observation if self._is_dict else {"observation": observation}
        return {**parts, "subgoal": vector}

    def _longest_episode(self) -> int:
        steps = self._given_max_steps
        if steps is None and self.env.has_wrapper_attr("max_steps"):
            steps = self.env.get_wrapper_attr("max_steps")
        if steps is None and self.env.spec is not None:
            steps = self.env.spec.max_episode_steps
        if steps is None:
            raise ValueError(f"{self.env} does not tell how long an episode can be; pass max_steps.")
        if isinstance(steps, bool) or not isinstance(steps, (int, np.integer)) or steps <= 0:
            raise ValueError(f"Expected max_steps as a positive whole number, got {steps!r}.")
        return int(steps)


def _with_subgoal(space: gym.Space, box: gym.spaces.Box) -> gym.spaces.Dict:
    parts = dict(space.spaces) if isinstance(space, gym.spaces.Dict) else {"observation": space}
    if "subgoal" in parts:
        raise ValueError(
            "The observations have a part 'subgoal' already; wrap an environment once, or set observe_subgoal=False."
        )
    return gym.spaces.Dict({**parts, "subgoal": box})


def _check_part(name: str, part: Any, protocol: Any, methods: str, optional: bool) -> None:
    if part is None and optional:
        return
    if isinstance(part, type) or not isinstance(part, protocol):
        given = f"the class {part.__name__}; make an object of it" if isinstance(part, type) else repr(part)
        raise TypeError(f"Expected a {name} with {methods}, got {given}.")


def subgoal_success_rates(outcomes: Sequence[Sequence[bool]]) -> list[float]:
    """Return how often each entry of the list was completed, over episodes.

    Args:
        outcomes: ``info["subgoals_any_order"]`` or ``info["subgoals_in_order"]`` of each episode. Where lists differ in
            length, an entry's rate is taken over the episodes whose list has it.

    Example:
        >>> subgoal_success_rates([(True, False), (True, True), (False,)])
        [0.6666666666666666, 0.5]
    """
    longest = max((len(outcome) for outcome in outcomes), default=0)
    columns = [[outcome[entry] for outcome in outcomes if len(outcome) > entry] for entry in range(longest)]
    return [sum(column) / len(column) for column in columns]
