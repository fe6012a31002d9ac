"""ACCEL: robust PLR that also makes new levels by small changes of those it replays.

Parker-Holder, Jiang, Dennis, Samvelyan, Foerster, Grefenstette, Rocktäschel (2022), "Evolving curricula with
regret-based environment design", ICML. Replayed levels, once scored, are edited; the children are played
to be scored, without the student learning from them, and offered to the buffer. Started from the simplest levels, the
curriculum grows more complex by selection of what is hard for the student.

What differs from the authors' code (facebookresearch/dcd):

- "Easy" parents are those with the largest return minus score, as in the paper. Theirs takes the smallest, and until
  September 2023 took one level for all.
- Where students play for an episode, replays are gathered until there are ``edit_batch`` of them, and their children
  are handed out next, one by one.
- The parents are the distinct levels among the replays that came back; one that has left the buffer is none.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import unknown_name
from ...outcomes import Outcomes
from ...spaces import TaskSpace
from ..hyperparameters import whole
from ..presets import fill_from_preset
from ..state_checks import LARGEST_COUNT, finite_array
from .checks import checked_levels
from .mutation import mutate_tasks
from .plr import Generator
from .presets import ACCEL_PRESETS
from .robust_plr import RobustPLR

_MOST_SCORED = 1_000_000
"""Replays that wait for their children; there are never so many."""

FloatArray = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Mutate = Callable[..., ArrayLike]
"""Changes levels of shape ``(n, d)`` a little: ``mutate(tasks, rng)``, possibly with ``n_edits=``."""

PARENTS = ("easy", "batch")


class ACCEL(RobustPLR):
    """Replays the levels from which there is most to learn, and edits them.

    The arguments that are not explained here are those of `PLR`.

    Args:
        task_space: The levels.
        seed: Seed of the teacher's own generator.
        preset: Whose hyperparameters stand where none is given, see `ACCEL_PRESETS`: ``"default"``, ``"dcd-60"``,
            ``"minimax"``, ``"jaxued"``, ``"sfl"``, ``"walker"``, ``"degen"``, ``"traced-maze"`` or
            ``"traced-walker"``.
        mutate: Edits levels: called with levels of shape ``(n, d)`` and a random generator, returns as many, and as
            valid, ones. Environments with levels offer it (``env.mutate``); by default `mutate_tasks`.
        n_edits: Edits of a child: passed on to ``mutate`` if it takes an argument of this name, else ``mutate`` is
            called so many times.
        parents: Which of the replayed levels are edited: the ``n_parents`` with the largest mean return minus score
            (``"easy"``), or all (``"batch"``).
        n_parents: How many are edited, of ``edit_batch`` replays or of a batch.
        edit_batch: How many replays are gathered before they are edited, and how many children they get; only where
            ``hold`` is the episode and parents are easy. Else every replay gets a child, or a batch of replays as many
            children as the next call of `sample` asks for.
        train_on_new: Whether students learn from new levels and children, too; the authors' do not.
        generator: Makes new levels, the start of the curriculum; ``task_space.sample`` by default.

    Raises:
        ValueError: A hyperparameter out of range, or an unknown name. Later, in `sample`: levels made by ``mutate`` or
            ``generator`` that are none.

    Example:
        >>> from tutelage import Outcomes, TaskSpace
        >>> space = TaskSpace(x=(0.0, 1.0))
        >>> easy = lambda n, rng: 0.1 * space.sample(n, rng)
        >>> teacher = ACCEL(space, seed=0, score="positive_value_loss", generator=easy, buffer_size=40)
        >>> for _ in range(300):
        ...     tasks = teacher.sample(5)
        ...     loss = 1.0 - abs(tasks.values[:, 0] - 0.7)  # there is most to learn at 0.7
        ...     teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=[0.0] * 5, lengths=[9] * 5,
        ...                             signals={"positive_value_loss": loss}))
        >>> bool(teacher.buffer.tasks.max() > 0.6)  # no generated level is above 0.1
        True
    """

    _presets: ClassVar[Mapping[str, Mapping[str, Any]]] = ACCEL_PRESETS

    def __init__(
        self,
        task_space: TaskSpace,
        *,
        seed: int | None = None,
        preset: str = "default",
        mutate: Mutate | None = None,
        n_edits: int | None = None,
        parents: Literal["easy", "batch"] | None = None,
        n_parents: int | None = None,
        edit_batch: int | None = None,
        train_on_new: bool = False,
        score: str | None = None,
        buffer_size: int | None = None,
        replay_prob: float | None = None,
        min_fill: float | None = None,
        schedule: Literal["proportionate", "fixed"] | None = None,
        prioritization: Literal["rank", "proportional", "top-k", "softmax"] | None = None,
        temperature: float | None = None,
        top_k: int | None = None,
        staleness: float | None = None,
        replace: Literal["support", "score"] | None = None,
        strict: bool | None = None,
        transition_weight: float | None = None,
        co_learnability_weight: float | None = None,
        success_above: float | None = 0.0,
        generator: Generator | None = None,
        hold: Literal["episode", "rollout"] = "episode",
        decision: Literal["task", "batch"] | None = None,
        ignore_warmup: bool = True,
    ) -> None:
        chosen = fill_from_preset(
            self._presets, preset, n_edits=n_edits, parents=parents, n_parents=n_parents, edit_batch=edit_batch
        )
        self.mutate = mutate
        self.parents = str(chosen["parents"])
        self.n_edits, self.n_parents, self.edit_batch = (
            whole(name, chosen[name]) for name in ("n_edits", "n_parents", "edit_batch")
        )
        self.train_on_new = self._trains_on_new = bool(train_on_new)
        super().__init__(
            task_space,
            seed=seed,
            preset=preset,
            score=score,
            buffer_size=buffer_size,
            replay_prob=replay_prob,
            min_fill=min_fill,
            schedule=schedule,
            prioritization=prioritization,
            temperature=temperature,
            top_k=top_k,
            staleness=staleness,
            replace=replace,
            strict=strict,
            transition_weight=transition_weight,
            co_learnability_weight=co_learnability_weight,
            success_above=success_above,
            generator=generator,
            hold=hold,
            decision=decision,
            ignore_warmup=ignore_warmup,
        )
        self._takes_n_edits = mutate is not None and _takes(mutate, "n_edits")
        # Replays that came back: slot and birth of the level to how often, in the order of the first.
        self._scored: dict[tuple[int, int], int] = {}
        self._queue = np.empty((0, task_space.n_dims))  # children to be handed out
        self._n_children = 0

    def _check_hyperparameters(self) -> None:
        super()._check_hyperparameters()
        for name, least in (("n_edits", 0), ("n_parents", 1), ("edit_batch", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} must be at least {least}, got {getattr(self, name)}.")
        if self.parents not in PARENTS:
            raise ValueError(unknown_name("parents", self.parents, PARENTS))
        if self.mutate is not None and not callable(self.mutate):
            raise TypeError(f"mutate must be callable with (tasks, rng), got {self.mutate!r}.")

    # --- Tasks (Parker-Holder et al. 2022: replay, edit, evaluate) -----------------------------------------------

    def _sample(self, n: int) -> tuple[FloatArray, BoolArray]:
        if self.hold == "rollout":  # it has been: what has not come back by now never will
            self.buffer.forget_awaited()
        self._breed(n)
        children, self._queue = self._queue[:n], self._queue[n:]
        count = len(children)
        train = np.full(count, self.train_on_new)
        if count:
            self.buffer.mark(children)
            self._n_children += count
            self._note_untrained(self._next_id + np.flatnonzero(~train))
        if count == n:
            return children, train
        others, flags = self._draw(n - count, self._next_id + count)
        return np.concatenate([children, others]), np.concatenate([train, flags])

    def _breed(self, n: int) -> None:
        """Edit the replays that came back, if it is time to: fill the queue of children."""
        gathered = sum(self._scored.values())
        if self.hold == "rollout":
            wanted = n if gathered else 0
        elif self.parents == "easy":
            wanted = gathered - gathered % self.edit_batch
        else:
            wanted = gathered
        if not wanted:
            return
        births = self.buffer.births
        kept = {slot: count for (slot, birth), count in self._scored.items() if births[slot] == birth}
        self._scored = {}
        if not kept:
            return
        slots = np.array(list(kept), dtype=np.int64)
        if self.parents == "easy":
            groups = 1 if self.hold == "rollout" else wanted // self.edit_batch
            ease = self.buffer.mean_returns[slots] - self.buffer.scores[slots]
            slots = slots[np.argsort(-ease, kind="stable")[: groups * self.n_parents]]
        else:
            slots = np.repeat(slots, list(kept.values()))
        self._queue = np.concatenate([self._queue, self._edit(self.buffer.tasks[np.resize(slots, wanted)])])

    def _edit(self, levels: FloatArray) -> FloatArray:
        if self.mutate is None:
            return mutate_tasks(levels, self.rng, self.task_space, n_edits=self.n_edits)
        if self._takes_n_edits:
            return self._made(self.mutate(levels, self.rng, n_edits=self.n_edits), len(levels))
        for _ in range(self.n_edits):
            levels = self._made(self.mutate(levels, self.rng), len(levels))
        return levels

    def _made(self, levels: ArrayLike, n: int) -> FloatArray:
        return checked_levels(levels, n, self.task_space, "mutate")

    # --- Outcomes ------------------------------------------------------------------------------------------------

    def _update(self, outcomes: Outcomes) -> None:
        slots, replayed = self._learn(outcomes)
        births = self.buffer.births
        for slot in slots[replayed & (slots >= 0)].tolist():
            key = (slot, int(births[slot]))
            self._scored[key] = self._scored.get(key, 0) + 1

    # --- What it shows, and state --------------------------------------------------------------------------------

    def metrics(self) -> dict[str, float]:
        """Return what `PLR` does, and how many children were handed out and are waiting."""
        return {**super().metrics(), "children": float(self._n_children), "queued": float(len(self._queue))}

    def _identity(self) -> dict[str, Any]:
        names = ("n_edits", "parents", "n_parents", "edit_batch", "train_on_new")
        return {**super()._identity(), **{name: getattr(self, name) for name in names}}

    def _get_state(self) -> dict[str, Any]:
        scored = [[slot, birth, count] for (slot, birth), count in self._scored.items()]
        return {
            **super()._get_state(),
            "scored": np.array(scored, dtype=np.int64).reshape(-1, 3),
            "queue": self._queue.copy(),
            "n_children": self._n_children,
        }

    def _set_state(self, state: Mapping[str, Any]) -> None:
        scored = finite_array(state, "scored", (None, 3), np.int64, low=0, high=LARGEST_COUNT)
        if len(scored) and not (scored[:, 0].max() < self.buffer.capacity and scored[:, 2].min() >= 1):
            raise ValueError("Its entry 'scored' has slots that this buffer has not, or replays that never came back.")
        if float(scored[:, 2].sum(dtype=np.float64)) > _MOST_SCORED:
            raise ValueError(f"Its entry 'scored' has more than {_MOST_SCORED:,} replays.")
        queue = np.array(state["queue"], dtype=np.float64).reshape(-1, self.task_space.n_dims)
        if len(queue):
            self.task_space.validate(queue)
        n_children = int(state["n_children"])
        super()._set_state(state)
        self._scored = {(slot, birth): count for slot, birth, count in scored.tolist()}
        self._queue, self._n_children = queue, n_children


def _takes(function: Callable[..., Any], name: str) -> bool:
    """Whether a function has an argument of a name."""
    try:
        return name in inspect.signature(function).parameters
    except (TypeError, ValueError):  # some functions written in C do not tell
        return False
