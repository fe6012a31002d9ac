"""What the single and the batched mazes have in common: sizes, what the agent sees, what it can do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from ..errors import unknown_name

CLASSES = (1, 2, 8, 10)
"""MiniGrid's object numbers in the order of the one-hot vectors: empty, wall, goal, and in full views the agent."""

MOST_VISITS = 255
"""More visits of a cell than these are not counted."""

View = int | Literal["full"]
Observation = Literal["dict", "flat"]


def visits_as_numbers() -> NDArray[np.float32]:
    """Return what flat observations show for 0 to `MOST_VISITS` visits n of a cell: 1 − 2⁻ⁿ, shape ``(256,)``.

    Example:
        >>> visits_as_numbers()[:4].tolist()
        [0.0, 0.5, 0.75, 0.875]
    """
    return (1.0 - 0.5 ** np.arange(MOST_VISITS + 1)).astype(np.float32)


@dataclass(frozen=True)
class MazeConfig:
    """The arguments of a maze environment but for its tasks, checked.

    Attributes:
        height: Rows of cells, without the border.
        width: Columns of cells, without the border.
        view: Side of the square the agent sees, an odd number of at least 3; or ``"full"``.
        observation: ``"dict"`` or ``"flat"``.
        max_steps: After so many steps an episode is truncated.
        n_actions: 7 as in MiniGrid, or 3 without those that do nothing.
        visits: Whether the agent also sees how often it has been in each cell of its view.

    Raises:
        ValueError: An argument out of range.
        TypeError: A number that is no whole number.

    Example:
        >>> MazeConfig(view=5, observation="flat").observation_space.shape
        (79,)
        >>> MazeConfig(height=4, width=6, view="full").observation_space["image"].shape
        (8, 6, 3)
    """

    height: int = 13
    width: int = 13
    view: View = 5
    observation: Observation = "dict"
    max_steps: int = 250
    n_actions: int = 7
    visits: bool = False

    def __post_init__(self) -> None:
        for name in ("height", "width", "max_steps", "n_actions"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
                raise TypeError(f"Expected {name} as a whole number, got {value!r}.")
            if value < 1:
                raise ValueError(f"Expected {name} of at least 1, got {value}.")
        whole = isinstance(self.view, (int, np.integer)) and not isinstance(self.view, bool)
        if self.view != "full" and not (whole and self.view >= 3 and self.view % 2 == 1):
            raise ValueError(f"Expected view as an odd number of at least 3, or 'full'; got {self.view!r}.")
        if not isinstance(self.visits, (bool, np.bool_)):
            raise TypeError(f"Expected visits as True or False, got {self.visits!r}.")
        if self.observation not in ("dict", "flat"):
            raise ValueError(unknown_name("observation", self.observation, ["dict", "flat"]))
        if self.n_actions not in (3, 7):
            raise ValueError(
                f"Expected n_actions 7 (as in MiniGrid) or 3 (left, right, forward), got {self.n_actions}."
            )

    @property
    def is_full(self) -> bool:
        """Whether the agent sees the whole maze from above."""
        return self.view == "full"

    @property
    def image_shape(self) -> tuple[int, int]:
        """Columns and rows that the agent sees, the border included."""
        if self.view == "full":
            return int(self.width) + 2, int(self.height) + 2
        return int(self.view), int(self.view)

    @property
    def n_classes(self) -> int:
        """Kinds of cells that the one-hot vectors tell apart."""
        return 4 if self.is_full else 3

    @property
    def observation_space(self) -> spaces.Space[Any]:
        """What the agent sees, as a Gymnasium space."""
        columns, rows = self.image_shape
        if self.observation == "flat":
            return spaces.Box(0.0, 1.0, (columns * rows * (self.n_classes + self.visits) + 4,), np.float32)
        parts: dict[str, spaces.Space[Any]] = {
            "image": spaces.Box(0, 10, (columns, rows, 3), np.uint8),
            "direction": spaces.Discrete(4),
        }
        if self.visits:
            parts["visits"] = spaces.Box(0, MOST_VISITS, (columns, rows), np.uint8)
        return spaces.Dict(parts)

    @property
    def action_space(self) -> spaces.Discrete:
        """What the agent can do: left, right, forward, and with 7 actions four more that do nothing here."""
        return spaces.Discrete(int(self.n_actions))
