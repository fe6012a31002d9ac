"""MiniGrid with subgoals as an environment that ``tutelage train`` and experiments name by its place."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Any

import gymnasium as gym
import minigrid  # noqa: F401 - registers its environments
import numpy as np

from ..envs import CellProgress, MiniGridView, NoisyOracle, PlannerOracle, minigrid_encoding
from ..spaces import TaskSpace
from ..wrappers import Subgoals
from .test_sets import choose_test_tasks


class GuidedMiniGrid(gym.Wrapper):
    """Layouts of a MiniGrid task from the shortest to the longest way, with a planner's subgoals in all but the tests.

    Task 0 is the layout with the shortest way from the agent past its subgoals to the goal (moves without walls in
    between), so that teachers that go by a dimension have an order to go by. In the layouts of the test set
    ``uniform-50`` there are neither subgoals nor bonuses, in training as in tests: what is tested is the student alone.

    The name is ``tutelage.benchmarks.guided_minigrid:GuidedMiniGrid``.

    Args:
        level: One of the environments of `PlannerOracle`.
        accuracy: The chance that a subgoal is right, see `NoisyOracle`; 1 for the planner itself.
        observe: Whether the student sees the current subgoal. Its observation has the same shape if not.
        alpha: The largest bonus; 0 pays none.
        encoding: See `minigrid_encoding`.
        n_layouts: How many layouts there are.

    Attributes:
        task_space: ``layout``.

    Raises:
        ValueError: An accuracy out of range, an unknown level or encoding.

    Example:
        >>> env = GuidedMiniGrid(n_layouts=100)
        >>> guided = [k for k in range(100) if k not in env.tests]
        >>> _, first = env.reset(seed=0, options={"task": {"layout": guided[0]}})
        >>> _, last = env.reset(options={"task": {"layout": guided[-1]}})
        >>> env.ways[guided[0]] < env.ways[guided[-1]], first["task"].tolist() == [guided[0]]
        (True, True)
    """

    def __init__(
        self,
        level: str = "MiniGrid-MultiRoom-N2-S4-v0",
        *,
        accuracy: float = 1.0,
        observe: bool = True,
        alpha: float = 0.2,
        encoding: str = "relative",
        n_layouts: int = 500,
        render_mode: str | None = None,
    ) -> None:
        view = MiniGridView(gym.make(level, render_mode=render_mode), layouts=range(n_layouts))
        error = "cell" if encoding == "relative" else "object"
        provider = PlannerOracle() if accuracy == 1.0 else NoisyOracle(accuracy, error=error)
        super().__init__(Subgoals(view, provider, minigrid_encoding(encoding), CellProgress(), alpha=alpha))
        self.task_space = TaskSpace(layout=range(n_layouts))
        self.tests = frozenset(choose_test_tasks(level, self.task_space, "uniform-50")[1][:, 0].astype(int).tolist())
        self._layouts, self.ways = _by_way(level, n_layouts)
        self._observe = observe
        self._rng = np.random.default_rng()

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """Begin an episode in the layout of a rank, or in any."""
        if seed is not None:
            self._rng = np.random.default_rng(seed)
        given = (options or {}).get("task")
        if given is None:
            row = self.task_space.sample(1, self._rng)[0]
        else:
            row = self.task_space.from_dict(given) if isinstance(given, dict) else self.task_space.validate(given)
        rank = int(row[0])
        tested = rank in self.tests
        self.env.switch(evaluation=tested, hide=tested or not self._observe)  # type: ignore[attr-defined]
        observation, info = self.env.reset(seed=seed, options={**(options or {}), "task": [self._layouts[rank]]})
        return observation, {**info, "task": row}


@lru_cache
def _by_way(level: str, n_layouts: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the layouts from the shortest to the longest way, and these ways in moves."""
    env, oracle = gym.make(level), PlannerOracle()
    ways = []
    for layout in range(n_layouts):
        env.reset(seed=layout)
        world: Any = env.unwrapped
        cells = [tuple(world.agent_pos), *(subgoal.cell for subgoal in oracle.subgoals(env))]
        moves = [abs(x - u) + abs(y - v) for (x, y), (u, v) in pairwise(cells)]
        ways.append(int(sum(moves)))
    env.close()
    order = np.argsort(ways, kind="stable")
    return tuple(order.tolist()), tuple(np.asarray(ways)[order].tolist())
