"""A chain of locks that pays at its end only: the laboratory for curricula over the length of a chain (h1).

See docs/environments/chain.md. `tutelage.wrappers.Chain` makes chains of any environments.
"""

from __future__ import annotations

from typing import Any

from gymnasium.utils import EzPickle

from .chain_game import ChainConfig, ChainGame
from .game_env import GameEnv


class ChainEnv(EzPickle, GameEnv):
    """Locks in a row: each shows a sign and opens to one key; only the last one pays.

    A step is a link. The right key leads to the next lock, a wrong one ends the episode with nothing; the reward is 1
    for the last lock. Whoever knows nothing opens a chain of h locks with probability
    (1 / ``n_keys``)ʰ.

    Args:
        most_links: The most links of a chain.
        n_signs: Signs that a lock can show.
        n_keys: Keys there are.
        distinct: Whether each link has a table of its own of which key opens which sign. Else all have the same table,
            the student does not see at which link it is, and what is learned on short chains is all there is to learn.
        tables: Seed of the tables, which are the same for all episodes.
        render_mode: ``None`` or ``"rgb_array"``.

    Attributes:
        task_space: ``links``.

    Raises:
        TypeError: An argument of another type.
        ValueError: An argument out of range.

    Example:
        >>> env = ChainEnv(most_links=3, n_signs=1)
        >>> _ = env.reset(seed=0, options={"task": [2]})
        >>> first, second = (env.step(int(key)) for key in env.game.keys[:2, 0])
        >>> first[1:3], second[1:3], second[4]
        ((0.0, False), (1.0, True), {'is_success': True, 'links_solved': 2})

    Version history:
        v0: Initial version.
    """

    metadata: dict[str, Any] = {**GameEnv.metadata, "fails_at_once": True}  # noqa: RUF012

    def __init__(
        self,
        most_links: int = 8,
        n_signs: int = 4,
        n_keys: int = 8,
        *,
        distinct: bool = True,
        tables: int = 0,
        render_mode: str | None = None,
    ) -> None:
        arguments: dict[str, Any] = {
            "most_links": most_links,
            "n_signs": n_signs,
            "n_keys": n_keys,
            "distinct": distinct,
            "tables": tables,
        }
        EzPickle.__init__(self, **arguments, render_mode=render_mode)
        GameEnv.__init__(self, self.make_game(1, **arguments), render_mode)

    @classmethod
    def make_game(cls, n: int, **arguments: Any) -> ChainGame:
        """Return the game for n copies, see `GameEnv.make_game`."""
        return ChainGame(n, ChainConfig(**arguments))
