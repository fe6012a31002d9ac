"""A planner that errs as a language model does, by the error rates that Words as Beacons measured.

Each subgoal of the oracle is right with a given probability. A wrong one is a displaced cell, or another object.
Source: gym_minigrid/envs/subgoal_generator.py and simulation_scripts/rq3_config of the authors' code
(aklein1995/Words-as-Beacons). What differs is said in `NoisyOracle`.
"""

from __future__ import annotations

import math
import re
from typing import Any

import gymnasium as gym
import numpy as np

from ..errors import RequestError, unknown_name
from .minigrid_subgoal import MiniGridSubgoal
from .minigrid_words import subgoal_at
from .planner_oracle import PlannerOracle, contents, goal_cell

Cell = tuple[int, int]

SIMULATED_LLMS: dict[str, dict[str, tuple[float, float, float, float]]] = {
    "KeyCorridorS3R3": {
        "llama": (0.9743, 0.18, 1.20, 0.9847),
        "deepseek": (0.3337, 2.57, 2.54, 0.9063),
        "qwen": (0.9810, 0.07, 0.63, 0.9957),
    },
    "KeyCorridorS6R3": {
        "llama": (0.9137, 1.47, 5.02, 0.9323),
        "deepseek": (0.3650, 7.24, 7.47, 0.7617),
        "qwen": (0.8810, 1.34, 4.25, 0.9587),
    },
    "ObstructedMaze-1Dlh": {
        "llama": (0.9880, 0.08, 0.82, 0.9887),
        "deepseek": (0.4300, 2.98, 3.41, 0.7390),
        "qwen": (0.6687, 2.18, 3.53, 0.7417),
    },
    "ObstructedMaze-1Dlhb": {
        "llama": (0.4485, 4.33, 4.21, 0.4858),
        "deepseek": (0.2288, 4.49, 3.39, 0.5182),
        "qwen": (0.4050, 3.85, 3.71, 0.4820),
    },
    "MultiRoom-N2-S4": {
        "llama": (0.9210, 0.26, 1.01, 0.9295),
        "deepseek": (0.3518, 2.91, 2.54, 0.2731),
        "qwen": (0.7135, 1.12, 2.05, 0.5585),
    },
    "MultiRoom-N4-S5": {
        "llama": (0.5397, 3.69, 4.65, 0.5480),
        "deepseek": (0.1294, 7.92, 4.64, 0.1753),
        "qwen": (0.3604, 5.23, 4.94, 0.3521),
    },
}
"""For each task and language model: accuracy of relative subgoals, mean and standard deviation of their error in cells,
accuracy of representation subgoals. Language subgoals have the accuracy of representation subgoals."""

_ERRORS = ("cell", "object")
_COMPAT = "ruizgonzalez2024"


class NoisyOracle:
    """The oracle's subgoals, each replaced by a wrong one with probability ``1 − accuracy``.

    ``error="cell"`` (for `RelativeEncoding`): a cell at the Manhattan distance max(1, ⌊N(mean, std)⌋) from the right
    one, in any direction, inside the grid and none of the oracle's; where there is none, any other cell.
    ``error="object"`` (for the other encodings): an object of the grid that is not on the oracle's list; where there is
    none, another one of the list; where there is none, a wall.

    ``compat="ruizgonzalez2024"`` errs as the authors' code does. Displaced cells always lie to the right of the right
    one, never in the last column, and are any cell of the grid where there is no room for that. Objects are doors in
    KeyCorridor and MultiRoom and anything in ObstructedMaze, but for the room of the goal (except in MultiRoom); the
    right object may be among them, so that a "wrong" subgoal can be right.

    Args:
        accuracy: Probability that a subgoal is right, from 0 to 1.
        error: ``"cell"`` or ``"object"``.
        mean: Mean of the distance of a wrong cell.
        std: Its standard deviation.
        compat: None or ``"ruizgonzalez2024"``.

    Raises:
        ValueError: A value out of range.

    Example:
        >>> import gymnasium as gym
        >>> import minigrid
        >>> env = gym.make("MiniGrid-KeyCorridorS3R3-v0")
        >>> _ = env.reset(seed=0)
        >>> right = PlannerOracle().subgoals(env)
        >>> NoisyOracle(1.0).subgoals(env, np.random.default_rng(0)) == right
        True
        >>> wrong = NoisyOracle(0.0, mean=2.0).subgoals(env, np.random.default_rng(0))
        >>> {subgoal.cell for subgoal in wrong} & {subgoal.cell for subgoal in right}
        set()
    """

    def __init__(
        self,
        accuracy: float = 1.0,
        error: str = "cell",
        *,
        mean: float = 0.0,
        std: float = 0.0,
        compat: str | None = None,
    ) -> None:
        if not 0.0 <= accuracy <= 1.0:
            raise ValueError(f"Expected an accuracy from 0 to 1, got {accuracy!r}.")
        if error not in _ERRORS:
            raise ValueError(unknown_name("error", error, _ERRORS))
        if not math.isfinite(mean) or not (math.isfinite(std) and std >= 0.0):
            raise ValueError(f"Expected a finite mean and a finite std of at least 0, got {mean!r} and {std!r}.")
        if compat not in (None, _COMPAT):
            raise ValueError(f"Expected compat None or {_COMPAT!r}, got {compat!r}.")
        self.accuracy, self.error, self.mean, self.std, self.compat = accuracy, error, mean, std, compat
        self._oracle = PlannerOracle()

    def __repr__(self) -> str:
        return f"NoisyOracle({self.accuracy}, {self.error!r}, mean={self.mean}, std={self.std}, compat={self.compat!r})"

    def subgoals(self, env: gym.Env, rng: np.random.Generator) -> list[MiniGridSubgoal]:
        """Return the subgoals of the episode that has just begun, right and wrong ones.

        Raises:
            ValueError: An environment that `PlannerOracle` does not know.
        """
        world: Any = env.unwrapped
        right = self._oracle.subgoals(env)
        cells = [subgoal.cell for subgoal in right]
        return [
            subgoal if rng.random() < self.accuracy else subgoal_at(world, self._wrong(world, subgoal.cell, cells, rng))
            for subgoal in right
        ]

    def _wrong(self, world: Any, right: Cell, oracle: list[Cell], rng: np.random.Generator) -> Cell:
        if self.error == "object":
            choices = _doors_or_objects(world) if self.compat else _other_objects(world, right, oracle)
            return _any_of(choices, rng)
        distance = int(max(1.0, rng.normal(self.mean, self.std)))
        width, height = world.grid.width, world.grid.height
        if self.compat:
            x, y = right[0] + distance, right[1]
            if x < width - 1 and y < height - 1:
                return x, y
            return int(rng.integers(width)), int(rng.integers(1, height))
        others = [(x, y) for x in range(width) for y in range(height) if (x, y) not in oracle]
        away = [cell for cell in others if abs(cell[0] - right[0]) + abs(cell[1] - right[1]) == distance]
        return _any_of(away or others, rng)


def simulated_llm(model: str, task: str, encoding: str, *, compat: str | None = None) -> NoisyOracle:
    """Return a provider that errs as often, and as far, as a language model did in the paper.

    Args:
        model: ``"llama"``, ``"deepseek"`` or ``"qwen"``.
        task: One of `SIMULATED_LLMS`, or its id in MiniGrid, e.g. ``"MiniGrid-KeyCorridorS3R3-v0"``.
        encoding: ``"relative"``, ``"representation"`` or ``"language"``.
        compat: See `NoisyOracle`.

    Raises:
        RequestError: An unknown name.

    Example:
        >>> simulated_llm("llama", "MiniGrid-KeyCorridorS3R3-v0", "relative")
        NoisyOracle(0.9743, 'cell', mean=0.18, std=1.2, compat=None)
        >>> simulated_llm("qwen", "MultiRoom-N2-S4", "language").accuracy
        0.5585
    """
    name = re.sub(r"^MiniGrid-|-v\d+$", "", task)
    if name not in SIMULATED_LLMS:
        raise RequestError(unknown_name("task of a simulated language model", task, SIMULATED_LLMS))
    models = SIMULATED_LLMS[name]
    if model not in models:
        raise RequestError(unknown_name("simulated language model", model, models))
    encodings = ("relative", "representation", "language")
    if encoding not in encodings:
        raise RequestError(unknown_name("encoding", encoding, encodings))
    relative, mean, std, representation = models[model]
    if encoding == "relative":
        return NoisyOracle(relative, "cell", mean=mean, std=std, compat=compat)
    return NoisyOracle(representation, "object", compat=compat)


def _other_objects(world: Any, right: Cell, oracle: list[Cell]) -> list[Cell]:
    things = [cell for cell, content in contents(world) if content.type != "wall" and cell != right]
    walls = [cell for cell, content in contents(world) if content.type == "wall"]
    return [cell for cell in things if cell not in oracle] or things or walls


def _doors_or_objects(world: Any) -> list[Cell]:
    """Return what the authors' code chooses a random object from."""
    width, height = world.grid.width, world.grid.height
    has_rooms = hasattr(world, "room_from_pos")  # all but MultiRoom
    room = world.room_from_pos(*goal_cell(world)) if has_rooms else None
    choices = []
    for (x, y), content in contents(world):
        inner = 1 <= x <= width - 2 and 1 <= y <= height - 2
        wanted = content.type == "door" or (content.type != "wall" and "Obstructed" in type(world).__name__)
        if inner and wanted and (room is None or not room.pos_inside(x, y)):
            choices.append((x, y))
    return choices


def _any_of(cells: list[Cell], rng: np.random.Generator) -> Cell:
    return cells[int(rng.integers(len(cells)))]
