"""N-parity: is the sum of the last N bits odd?

Khajehabdollahi et al. (2024); see docs/environments/n_parity.md for what differs.
"""

from __future__ import annotations

from typing import Any, Literal

from gymnasium.utils import EzPickle

from .bit_games import BitConfig, ParityGame
from .game_env import GameEnv


class NParity(EzPickle, GameEnv):
    """Shows a row of bits, one a step, and asks for the parity of the last N.

    The last step's action is the answer, those before change nothing. A student needs a memory; a curriculum over N is
    all but necessary.

    Args:
        n_min: The least N.
        n_max: The greatest N.
        heads: ``"single"``: one answer, about the task's N, and a reward of 1 if it is right. ``"multi"``: one answer
            for each N; the reward is the share of right ones among the heads that count, the task's N and those below.
        counted: With several heads: how many count; None for all up to the task's N.
        lengths: Least and greatest number of bits of an episode; None draws from N + 2 to 4 N + 1.
        u: The chance of a 1. With ½, nothing but the parity itself is better than guessing. ``"uniform"`` draws it for
            each episode, as in the paper, and leaves a shortcut (`tutelage.envs.shortcut_accuracy`).
        show_n: Whether the student sees which N is asked for.
        render_mode: ``None`` or ``"rgb_array"``.

    Attributes:
        task_space: ``n``.

    Raises:
        TypeError: An argument of another type.
        ValueError: An argument out of range.

    Example:
        >>> env = NParity(n_max=3, lengths=(3, 3))
        >>> observation, info = env.reset(seed=0, options={"task": [2]})
        >>> bits = [observation[0]]
        >>> for _ in range(2):
        ...     observation, *_ = env.step(0)
        ...     bits.append(observation[0])
        >>> answer = int(sum(bit > 0 for bit in bits[-2:]) % 2)
        >>> env.step(answer)[1:4]
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
        u: float | Literal["uniform"] = 0.5,
        show_n: bool = True,
        render_mode: str | None = None,
    ) -> None:
        arguments: dict[str, Any] = {
            "n_min": n_min,
            "n_max": n_max,
            "heads": heads,
            "counted": counted,
            "lengths": lengths,
            "u": u,
            "show_n": show_n,
        }
        EzPickle.__init__(self, **arguments, render_mode=render_mode)
        GameEnv.__init__(self, self.make_game(1, **arguments), render_mode)

    @classmethod
    def make_game(cls, n: int, **arguments: Any) -> ParityGame:
        """Return the game for n copies, see `GameEnv.make_game`."""
        return ParityGame(n, BitConfig(**arguments))
