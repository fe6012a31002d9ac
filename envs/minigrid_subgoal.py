"""A subgoal in a MiniGrid environment."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MiniGridSubgoal:
    """A cell of the grid, and what is to be done there.

    Args:
        cell: Column and row, from (0, 0) at the top left.
        text: An instruction, e.g. ``"open the locked red door"``.

    Example:
        >>> str(MiniGridSubgoal((3, 4), "pick up the red key"))
        'pick up the red key at (3, 4)'
    """

    cell: tuple[int, int]
    text: str

    def __str__(self) -> str:
        return f"{self.text} at {self.cell}"
