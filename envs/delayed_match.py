"""Delayed match-to-sample: does the N-th bit from the end equal the last one?

Khajehabdollahi et al. (2024); see docs/environments/delayed_match.md for what differs.
"""

from __future__ import annotations

from typing import Any, Literal

from gymnasium.utils import EzPickle

from .bit_games import BitConfig, MatchGame
from .game_env import GameEnv


class DelayedMatch(EzPickle, GameEnv):
    """Shows a row of bits, one a step, and asks whether the N-th from the end equals the last.

    The last step's action is the answer (1 is yes), those before change nothing. Bits are 1 with probability ½, so that
    nothing but a memory of N bits is better than guessing.

    Args:
        n_min: The least N, at least 2.
        n_max: The greatest N.
        heads: ``"single"``: one answer, about the task's N, and a reward of 1 if it is right. ``"multi"``: one answer
            for each N; the reward is the share of right ones among the heads that count, the task's N and those below.
        counted: With several heads: how many count; None for all up to the task's N.
        lengths: Least and greatest number of bits of an episode; None draws from N + 2 to 4 N + 1.
        show_n: Whether the student sees which N is asked for.
        render_mode: ``None`` or ``"rgb_array"``.

    Attributes:
        task_space: ``n``.

    Raises:
        TypeError: An argument of another type.
        ValueError: An argument out of range.

    Example:
        >>> env = DelayedMatch(n_max=3, lengths=(3, 3))
        >>> observation, info = env.reset(seed=0, options={"task": [3]})
        >>> first = observation[0]
        >>> for _ in range(2):
        ...     observation, *_ = env.step(0)
        >>> env.step(int(first == observation[0]))[1:4]
        (1.0, True, False)

    Version history:
        v0: Initial version.
    """

    def __init__(
        self,
        n_min: int = 2,
        n_max: int = 8,
        *,
        heads: Literal["single", "multi"] = "single",
        counted: int | None = None,
        lengths: tuple[int, int] | None = None,
        show_n: bool = True,
        render_mode: str | None = None,
    ) -> None:
        arguments: dict[str, Any] = {
            "n_min": n_min,
            "n_max": n_max,
            "heads": heads,
            "counted": counted,
            "lengths": lengths,
            "show_n": show_n,
        }
        EzPickle.__init__(self, **arguments, render_mode=render_mode)
        GameEnv.__init__(self, self.make_game(1, **arguments), render_mode)

    @classmethod
    def make_game(cls, n: int, **arguments: Any) -> MatchGame:
        """Return the game for n copies, see `GameEnv.make_game`."""
        if "u" in arguments:
            raise TypeError("DelayedMatch takes no argument 'u': its bits are 1 with probability ½.")
        config = BitConfig(**arguments)
        if config.n_min < 2:
            raise ValueError(f"n_min must be at least 2, for the last bit always equals itself; got {config.n_min}.")
        return MatchGame(n, config)
