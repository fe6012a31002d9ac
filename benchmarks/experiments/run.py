"""One run of an experiment, and what a kind of run must be able to do."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from ...errors import RequestError
from .scores import RunScores

KEY_DIGITS = 12
_LONGEST_WORD = 70


@dataclass(frozen=True)
class ExperimentRun:
    """What one run is: plain data that another process, or another machine, can be sent.

    Attributes:
        environment: Its label in the tables; likewise ``teacher``, ``student`` and ``expert`` (the level of expert
            knowledge), which are empty where the experiment has only one or the teacher takes none.
        seed: Of everything.
        kind: One of `kinds.KINDS`.
        content: Everything that decides its numbers, the seed included, as plain data.

    Example:
        >>> run = ExperimentRun("small", "random", "", "", 3, "toy", {"space": "2d-10", "seed": 3})
        >>> run.name
        'random__small__3-0e052427c7f9'
        >>> str(run)
        'random on small, seed 3'
    """

    environment: str
    teacher: str
    student: str
    expert: str
    seed: int
    kind: str
    content: Mapping[str, Any]

    @property
    def label(self) -> str:
        """The teacher, with its level of expert knowledge where there are several: a row of the tables."""
        return f"{self.teacher} ({self.expert})" if self.expert else self.teacher

    @property
    def column(self) -> str:
        """The environment, with the student where there are several: a column of the tables."""
        return f"{self.environment} ({self.student})" if self.student else self.environment

    @cached_property
    def identity(self) -> str:
        """The kind and the content as one line of text: runs with the same are the same run."""
        return json.dumps({"kind": self.kind, **self.content}, sort_keys=True)

    @cached_property
    def key(self) -> str:
        """The first digits of the content's SHA-256."""
        return hashlib.sha256(self.identity.encode("utf-8")).hexdigest()[:KEY_DIGITS]

    @property
    def name(self) -> str:
        """The name of its folder: what a person reads, and the key by which it is found again."""
        words = [self.label, self.column, str(self.seed)]
        return "__".join(re.sub(r"[^\w.@+]+", "-", word)[:_LONGEST_WORD].strip("-") for word in words) + f"-{self.key}"

    def __str__(self) -> str:
        return f"{self.label} on {self.column}, seed {self.seed}"


class RunKind(Protocol):
    """A kind of run: what configures it, how it is played, and how it is scored.

    Adding one means adding a class with these methods to `kinds.KINDS`; nothing else knows the kinds apart.
    """

    unit: str
    """What its budget counts."""
    settings: frozenset[str]
    """The names of its settings."""

    def takes_expert(self, settings: Mapping[str, Any]) -> bool:
        """Tell whether the level of expert knowledge (the setting ``expert``) makes a difference."""

    def could_take_expert(self, settings: Mapping[str, Any]) -> bool:
        """Tell whether it would, if the environment said what an expert knows."""

    def content(self, settings: Mapping[str, Any], seed: int) -> dict[str, Any]:
        """Return everything that decides a run's numbers, as plain data.

        Raises:
            RequestError: A setting is missing, unknown or of the wrong kind.
        """

    def budget(self, content: Mapping[str, Any]) -> int:
        """Return how many steps or episodes the run has."""

    def check(self, content: Mapping[str, Any]) -> None:
        """Build what the run is made of, without playing.

        Raises:
            RequestError: Something does not exist or does not fit.
        """

    def play(self, content: Mapping[str, Any], folder: Path, tell: Callable[[int], None]) -> RunScores:
        """Begin the run in a folder, or go on with it, and score it; ``tell`` is called with how far it is."""

    def reached(self, folder: Path) -> int:
        """Return how far a run is, as its files tell; 0 where they do not."""

    def commands(self, content: Mapping[str, Any], folder: str) -> list[str]:
        """Return commands that make the run without the experiment; none where there is no such thing."""

    def probe(self, content: Mapping[str, Any]) -> float:
        """Return how many seconds the run takes, extrapolated from a few seconds of it, tests not included."""


def plain(content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a content as JSON has it: tuples as lists; refuse what is no plain data.

    Raises:
        RequestError: It holds anything but numbers, texts, lists and mappings.

    Example:
        >>> plain({"sizes": (1, 2)})
        {'sizes': [1, 2]}
    """
    try:
        copy: dict[str, Any] = json.loads(json.dumps(dict(content), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise RequestError(
            f"Settings must be plain data (numbers, texts, lists and mappings), so that the run can be repeated: "
            f"{error}."
        ) from error
    return copy


def given(value: Any) -> bool:
    """Tell whether a setting says anything: not None, and no empty list or mapping.

    Example:
        >>> given(0), given(False), given(None), given(())
        (True, True, False, False)
    """
    return value is not None and not (isinstance(value, (list, tuple, Mapping)) and not value)
