"""Subgoals from a language model: the grid as a text goes there, a list of cells comes back."""

from __future__ import annotations

import json
import warnings
from typing import Any

import gymnasium as gym
import numpy as np

from ..errors import RequestError, unknown_name
from .chat_endpoint import ChatEndpoint, MalformedAnswerError, NoAnswerError
from .minigrid_subgoal import MiniGridSubgoal
from .minigrid_words import describe_grid
from .planner_oracle import PlannerOracle

_INSTEAD = ("oracle", "nothing", "raise")
_MOST_SUBGOALS = 20
_LONGEST_TEXT = 200

_QUESTION = """An agent in a grid world has to be guided to its goal by subgoals.

{grid}

Rules: a closed door opens when the agent toggles it; a locked door needs the key of its colour in the agent's hands. \
A key may be hidden in a box, which opens when the agent toggles it. A ball in front of a door has to be picked up \
first. The agent carries one object at a time.

Which cells does the agent have to act on, in which order? Take as few subgoals as possible; each is the cell of an \
object, and the last one is the goal of the mission. Answer with JSON only, in this form:
{{"subgoals": [{{"x": 3, "y": 4, "instruction": "pick up the red key"}}]}}
"""


class ChatSubgoals:
    """Asks a language model for the subgoals of an episode.

    The whole grid is described (`tutelage.envs.describe_grid`), and a list of at most 20 cells with instructions is
    asked for, as JSON. An answer in another form, or with a cell outside the grid, is malformed as a whole. A cell
    inside the grid is taken as it is, right or wrong: that is the language model's accuracy.

    What happens without a usable answer is up to ``instead``. An endpoint that failed to answer ``patience`` questions
    in a row, each with all its retries, is not asked any more (with a warning); what it would have been asked counts as
    unanswered.

    Args:
        endpoint: Whom to ask.
        instead: ``"oracle"``: the list of `PlannerOracle`; ``"nothing"``: an episode without subgoals; ``"raise"``: the
            exception.
        patience: Questions without an answer until the endpoint is given up.

    Attributes:
        counts: How many questions were ``answered`` well, ``malformed`` and ``unanswered``. Of the copies of an
            environment in one process that share the object, all together.

    Raises:
        RequestError: An unknown ``instead``, or a ``patience`` below 1.

    Example:
        >>> ChatSubgoals(ChatEndpoint("http://localhost:8000/v1", "llama-3"), instead="nothing").counts
        {'answered': 0, 'malformed': 0, 'unanswered': 0}
    """

    def __init__(self, endpoint: ChatEndpoint, *, instead: str = "oracle", patience: int = 3) -> None:
        if instead not in _INSTEAD:
            raise RequestError(unknown_name("instead", instead, _INSTEAD))
        if isinstance(patience, bool) or not isinstance(patience, int) or patience < 1:
            raise RequestError(f"Expected patience as a whole number of at least 1, got {patience!r}.")
        self.endpoint, self.instead, self.patience = endpoint, instead, patience
        self.counts = {"answered": 0, "malformed": 0, "unanswered": 0}
        self._failures = 0  # in a row
        self._oracle = PlannerOracle()

    def subgoals(self, env: gym.Env, rng: np.random.Generator | None = None) -> list[MiniGridSubgoal]:
        """Return the subgoals of the episode that has just begun.

        Args:
            env: A MiniGrid environment after its reset; one that `PlannerOracle` knows where it has to step in.
            rng: Not needed.

        Raises:
            NoAnswerError: With ``instead="raise"``.
            MalformedAnswerError: With ``instead="raise"``.
            ImportError: httpx is not installed.
        """
        try:
            found = self._asked(env)
        except MalformedAnswerError:
            self.counts["malformed"] += 1
            if self.instead == "raise":
                raise
        except NoAnswerError:
            self.counts["unanswered"] += 1
            if self.instead == "raise":
                raise
        else:
            self.counts["answered"] += 1
            return found
        return self._oracle.subgoals(env) if self.instead == "oracle" else []

    def _asked(self, env: gym.Env) -> list[MiniGridSubgoal]:
        if self._failures >= self.patience:
            raise NoAnswerError(f"{self.endpoint} failed {self._failures} times in a row and is not asked any more.")
        try:
            answer = self.endpoint.ask(question_for(env))
        except MalformedAnswerError:
            self._failures = 0
            raise
        except NoAnswerError as error:
            self._failures += 1
            if self._failures == self.patience and self.instead != "raise":
                instead = "the oracle steps in" if self.instead == "oracle" else "there are no subgoals"
                warnings.warn(f"{error} It is not asked any more; {instead}.", stacklevel=4)
            raise
        self._failures = 0
        world: Any = env.unwrapped
        return read_subgoals(answer, world.grid.width, world.grid.height)


def question_for(env: gym.Env) -> str:
    """Return what a language model is asked.

    Args:
        env: A MiniGrid environment after its reset.
    """
    return _QUESTION.format(grid=describe_grid(env))


def read_subgoals(answer: str, width: int, height: int) -> list[MiniGridSubgoal]:
    """Read the subgoals in a language model's answer.

    Args:
        answer: JSON of the form ``{"subgoals": [{"x": 3, "y": 4, "instruction": "…"}]}``; there may be other words
            before and after it.
        width: Columns of the grid.
        height: Rows of the grid.

    Raises:
        MalformedAnswerError: No such JSON, no or too many subgoals, or a cell outside the grid.

    Example:
        >>> read_subgoals('Sure! {"subgoals": [{"x": 1, "y": 2, "instruction": "take the key"}]}', 7, 7)
        [MiniGridSubgoal(cell=(1, 2), text='take the key')]
    """
    entries = _entries(answer)
    if not isinstance(entries, list) or not 1 <= len(entries) <= _MOST_SUBGOALS:
        raise MalformedAnswerError(
            f"Expected a language model's answer with JSON {{'subgoals': [...]}} of 1 to {_MOST_SUBGOALS} entries."
        )
    return [_subgoal(entry, width, height) for entry in entries]


def _entries(answer: str) -> Any:
    """Return the value of "subgoals" in the first JSON object that has it."""
    decoder = json.JSONDecoder()
    start = answer.find("{")
    tries = 0
    while start >= 0 and tries < 100:
        try:
            value, _ = decoder.raw_decode(answer, start)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict) and "subgoals" in value:
            return value["subgoals"]
        start = answer.find("{", start + 1)
        tries += 1
    return None


def _subgoal(entry: Any, width: int, height: int) -> MiniGridSubgoal:
    x, y = (entry.get("x"), entry.get("y")) if isinstance(entry, dict) else (None, None)
    text = entry.get("instruction", "go there") if isinstance(entry, dict) else None
    if type(x) is not int or type(y) is not int or not isinstance(text, str):
        raise MalformedAnswerError("Expected each subgoal of a language model's answer with whole x and y and a text.")
    if not (0 <= x < width and 0 <= y < height):
        raise MalformedAnswerError(
            f"A subgoal of a language model's answer is outside the grid of {width} x {height} cells."
        )
    printable = "".join(character if character.isprintable() else " " for character in text)
    return MiniGridSubgoal((x, y), " ".join(printable.split())[:_LONGEST_TEXT])
