"""A simulated student that has a name: what the forms of the toy space and those of the arms have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

Config = TypeVar("Config")


@dataclass(frozen=True)
class NamedForm(Generic[Config]):
    """A named simulated student.

    Attributes:
        name: Its name.
        config: What it is like.
        episodes: How many episodes a study of it takes.
        group: The heading it is listed under.
        text: What it is, in a few words.

    Example:
        >>> from tutelage.envs import arm_form, toy_form
        >>> toy_form("2d-10").episodes, arm_form("arms-noisy").group
        (20000, 'Arms')
    """

    name: str
    config: Config
    episodes: int
    group: str
    text: str
