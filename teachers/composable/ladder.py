"""Ladder: stages that open one after the other, when those before them are mastered.

One teacher for curricula by stages: h1 (chains of growing length), N-parity (single-head, multi-head, sliding), Time-R1
and Curr-ReFT (phases), CaCL (a growing union), the sycophancy ladder (a stage that is held out), GraphMASAL (a graph of
prerequisites and plans over it).

What differs from the papers:

- Whether a stage is mastered is judged by the student's own episodes of that stage, `Mastery.min_episodes` of them a
  probe, and not by a test set: the teacher touches no environment.
- Steps are counted in episodes, where the papers count updates of the student.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import unknown_name
from ...outcomes import Outcomes
from ...registry import make_teacher
from ...spaces import TaskSpace
from ..expert_knowledge import ExpertKnowledge
from ..hyperparameters import real, whole
from ..state_checks import counter, finite_array
from ..success import demand_success, success_of, success_threshold
from ..teacher import Teacher
from .difficulty import Bands, difficulty_of, stages_by_difficulty
from .gates import Gate, Mastery, Steps, gate_of
from .prerequisites import Prerequisites
from .regions import Regions, regions_of

FloatArray = NDArray[np.float64]

MODES = ("single", "cumulative", "sliding")


class Ladder(Teacher):
    """Plays the stage that the student is at, and opens the next when it is mastered.

    Args:
        task_space: The tasks.
        seed: Seed of the teacher's own generator.
        stages: Regions of the space from easy to hard (see `regions.regions_of`), by number or by name; None divides
            the space by ``difficulty``.
        n_stages: How many, where ``stages`` is None; fewer where there are not as many different difficulties.
        difficulty: A function of tasks, or a mapping from dimensions to ``"up"`` or ``"down"``; by default from the
            expert's initial to its target tasks, and without an expert upwards along the first dimension that varies.
        requires: A mapping from stages to the stages that must be mastered before they open; None for a chain.
        gate: ``"mastery(threshold, window, rule, min_episodes)"``, ``"steps(episodes)"`` or ``"never"``.
        mode: Which of the open stages are played: ``"single"``, those not mastered yet (the last one when all are);
            ``"cumulative"``, all; ``"sliding"``, the latest ``keep`` and those not mastered yet.
        keep: See ``mode``.
        within: How a stage is chosen among those: ``"uniform"``, or a teacher of a space with the one dimension
            ``stage``, by name or as ``{"teacher": name, …}``; it begins anew whenever the stages in play change.
        held_out: Stages that are never played.
        patience: Probes in a row without a single success after which a stage is passed over, so that an impossible one
            does not end the curriculum; None for never. Needs the gate ``"mastery"``.
        demote_below: A rate of success below which a stage closes again, and those it requires must be mastered anew.
        success_above: A return above which an episode is a success, where the environment does not tell;
            ``expert.success_above`` by default.
        expert: Expert knowledge, see ``difficulty`` and ``success_above``.
        ignore_warmup: See `Teacher`.

    Raises:
        TypeError: A hyperparameter of another type.
        ValueError: A hyperparameter out of range, an unknown stage, or prerequisites with a cycle.

    Example:
        >>> from tutelage import Outcomes, TaskSpace
        >>> teacher = Ladder(TaskSpace(n=range(2, 7)), seed=0, stages={"n": 5}, gate="mastery(0.9, min_episodes=10)")
        >>> tasks = teacher.sample(10)
        >>> teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=[1.0] * 10, lengths=[5] * 10,
        ...                         success=[1.0] * 10))
        >>> tasks.values[:, 0].max(), teacher.active, teacher.sample().values.tolist()
        (np.float64(2.0), ['n=3'], [[3.0]])
    """

    def __init__(
        self,
        task_space: TaskSpace,
        *,
        seed: int | None = None,
        stages: Any = None,
        n_stages: int = 7,
        difficulty: Any = None,
        requires: Mapping[Any, Iterable[Any]] | None = None,
        gate: str | Mapping[str, Any] | Gate = "mastery(0.7, min_episodes=20)",
        mode: Literal["single", "cumulative", "sliding"] = "single",
        keep: int = 3,
        within: str | Mapping[str, Any] = "uniform",
        held_out: Iterable[Any] = (),
        patience: int | None = 5,
        demote_below: float | None = None,
        success_above: float | None = None,
        expert: ExpertKnowledge | Mapping[str, Any] | None = None,
        ignore_warmup: bool = True,
    ) -> None:
        super().__init__(task_space, seed=seed, ignore_warmup=ignore_warmup)
        expert = ExpertKnowledge.of(expert, task_space)
        n_stages = whole("n_stages", n_stages, 1)
        self._regions: Regions | Bands = (
            stages_by_difficulty(task_space, difficulty_of(task_space, difficulty, expert), n_stages)
            if stages is None
            else regions_of(task_space, stages, "stages")
        )
        names = self._regions.names
        numbers = Prerequisites(names, {})
        one = isinstance(held_out, (str, int, np.integer))
        self.held_out = {numbers.number(stage) for stage in ([held_out] if one else held_out)}
        self.prerequisites = Prerequisites(names, requires, self.held_out)
        self.gate = gate_of(gate)
        self.mode, self.keep = mode, whole("keep", keep, 1)
        self.within = within
        self.patience = None if patience is None else whole("patience", patience, 1)
        self.demote_below = None if demote_below is None else real("demote_below", demote_below)
        self.success_above = success_threshold(success_above, expert)
        self._check_hyperparameters()

        k = len(names)
        self._window = self.gate.window if isinstance(self.gate, Mastery) else 1
        self._mastered = np.zeros(k, dtype=np.bool_)
        self._passed_over = np.zeros(k, dtype=np.bool_)
        self._hopeless = np.zeros(k, dtype=np.int64)  # probes in a row without a success
        self._opened: list[int] = []  # in the order in which they opened
        self._successes, self._episodes = np.zeros(k), np.zeros(k, dtype=np.int64)  # since the stage's latest probe
        self._rates, self._n_probes = np.zeros((k, self._window)), np.zeros(k, dtype=np.int64)
        self._steps = np.zeros(k, dtype=np.int64)  # episodes handed out and reported since the stage opened
        self._first_ids = np.zeros(k, dtype=np.int64)  # of the episodes handed out since the stage opened
        self._n_demoted = 0
        self._inner: Teacher | None = None
        self._active: list[int] = []
        self._advance()

    def _check_hyperparameters(self) -> None:
        if self.mode not in MODES:
            raise ValueError(unknown_name("mode", self.mode, MODES))
        if self.demote_below is not None and not 0.0 <= self.demote_below <= 1.0:
            raise ValueError(f"demote_below must lie between 0 and 1, got {self.demote_below}.")
        for stage, needed in enumerate(self.prerequisites.required):
            if stage not in self.held_out and needed & self.held_out:
                (first, *_) = sorted(needed & self.held_out)
                names = self.stages
                raise ValueError(
                    f"Stage {names[stage]!r} requires {names[first]!r}, which is held out: never mastered."
                )
        if len(self.held_out) == len(self.stages):
            raise ValueError("All stages are held out; expected at least one to play.")
        if self.within != "uniform":
            # A teacher that cannot be built is refused now and not later.
            self.withholds = self._within(1, 0).withholds

    # --- Stages ----------------------------------------------------------------------------------------------------

    @property
    def stages(self) -> list[str]:
        """The names of all stages."""
        return list(self._regions.names)

    @property
    def active(self) -> list[str]:
        """The names of the stages in play."""
        return [self.stages[i] for i in self._active]

    @property
    def mastered(self) -> list[str]:
        """The names of the stages that are mastered."""
        return [self.stages[i] for i in np.flatnonzero(self._mastered)]

    def plan(self, weak: Iterable[Any], goals: Iterable[Any]) -> list[str]:
        """Return what to learn for some goals: the weak ones among them and what they require, prerequisites first.

        Args:
            weak: Stages that are not mastered.
            goals: Stages to be mastered.
        """
        return self.prerequisites.plan(weak, goals)

    def _advance(self) -> None:
        """Open what can be opened, and choose the stages in play."""
        done = self._mastered | self._passed_over
        for stage in self.prerequisites.order:
            ready = all(done[i] for i in self.prerequisites.required[stage])
            if stage not in self._opened and stage not in self.held_out and ready:
                self._opened.append(stage)
                self._steps[stage], self._first_ids[stage] = 0, self._next_id
        new = [stage for stage in self._opened if not done[stage]]
        if self.mode == "cumulative":
            active = list(self._opened)
        elif self.mode == "sliding":
            active = [
                stage for i, stage in enumerate(self._opened) if i >= len(self._opened) - self.keep or stage in new
            ]
        else:
            active = new or self._opened[-1:]
        if active != self._active:
            self._active = active
            if self.within != "uniform":
                self._inner = self._within(len(active), int(self.rng.integers(2**63)))

    def _within(self, n: int, seed: int) -> Teacher:
        space = TaskSpace(stage=range(n))
        spec = {"teacher": self.within} if isinstance(self.within, str) else dict(self.within)
        if not isinstance(spec.get("teacher"), str):
            raise TypeError(
                f"within must be 'uniform', a teacher's name or {{'teacher': name, …}}, got {self.within!r}."
            )
        teacher = make_teacher(spec.pop("teacher"), space, **{"seed": seed, **spec})
        if teacher.needs:
            self.needs = teacher.needs  # type: ignore[misc]  # this teacher's, not the class's
        return teacher

    # --- Tasks -----------------------------------------------------------------------------------------------------

    def _sample(self, n: int) -> FloatArray | tuple[FloatArray, NDArray[np.bool_]]:
        active = np.array(self._active)
        if self._inner is None:
            return self._regions.sample(active[self.rng.integers(len(active), size=n)], self.rng)
        chosen = self._inner.sample(n)
        return self._regions.sample(active[chosen.values[:, 0].astype(np.int64)], self.rng), chosen.train

    # --- Outcomes --------------------------------------------------------------------------------------------------

    def _validate(self, outcomes: Outcomes) -> None:
        super()._validate(outcomes)
        if len(outcomes):
            demand_success(outcomes, self.success_above, owner=self, ignore_warmup=self.ignore_warmup)

    def _update(self, outcomes: Outcomes) -> None:
        inside = self._regions.contains(outcomes.tasks)
        stages = np.where(inside.any(axis=1), inside.argmax(axis=1), -1).tolist()
        several = (np.count_nonzero(inside, axis=1) > 1).tolist()
        success = success_of(outcomes, self.success_above)
        told = 0  # the inner teacher has learned from the episodes before this one
        for i, first in enumerate(stages):
            before = self._active
            counted = [first] if first >= 0 else []
            if several[i]:  # where stages overlap, it is an episode of all that are in play
                counted = [stage for stage in before if inside[i, stage]] or counted
                stages[i] = counted[0]
            for stage in counted:
                self._count(stage, float(success[i]))
            if isinstance(self.gate, Steps):
                number = int(outcomes.ids[i])  # below 0: not handed out by this teacher
                self._steps[[s for s in self._opened if number < 0 or number >= self._first_ids[s]]] += 1
                left = [s for s in self._opened if not self._mastered[s] and self._steps[s] >= self.gate.episodes]
                if left:
                    self._mastered[left] = True
                    self._tell(outcomes[told : i + 1], stages[told : i + 1], before)
                    told = i + 1
                    self._advance()
            elif isinstance(self.gate, Mastery) and self._judge(counted, self.gate):
                self._tell(outcomes[told : i + 1], stages[told : i + 1], before)
                told = i + 1
                self._advance()
        self._tell(outcomes[told:], stages[told:], self._active)

    def _tell(self, outcomes: Outcomes, stages: list[int], active: list[int]) -> None:
        """Let the teacher of the stages learn."""
        if self._inner is None or not len(outcomes):
            return
        places = np.array([active.index(stage) if stage in active else -1 for stage in stages])
        part = outcomes[places >= 0]
        if len(part):
            part.tasks, part.ids = places[places >= 0, None].astype(np.float64), np.full(len(part), -1)
            part.success = success_of(part, self.success_above)
            part.warmup = np.zeros(len(part), dtype=np.bool_)
            self._inner.update(part)

    def _count(self, stage: int, success: float) -> None:
        self._successes[stage] += success
        self._episodes[stage] += 1

    def _judge(self, stages: list[int], gate: Mastery) -> bool:
        """Probe some stages, all of them; returns whether stages have opened or closed."""
        changed = [self._probe(stage, gate) for stage in stages]
        return any(changed)

    def _probe(self, stage: int, gate: Mastery) -> bool:
        """Judge a stage when it has been played often enough; returns whether stages have opened or closed."""
        if self._episodes[stage] < gate.min_episodes:
            return False
        self._rates[stage, self._n_probes[stage] % self._window] = self._successes[stage] / self._episodes[stage]
        self._n_probes[stage] += 1
        self._hopeless[stage] = self._hopeless[stage] + 1 if self._successes[stage] == 0.0 else 0
        self._successes[stage], self._episodes[stage] = 0.0, 0
        if stage not in self._opened or self._mastered[stage]:
            return False
        if self.patience is not None and self._hopeless[stage] >= self.patience and not self._passed_over[stage]:
            self._passed_over[stage] = True
            return True
        if self._n_probes[stage] < self._window:
            return False
        if gate.passes(self._rate(stage), [self._rate(s) for s in self._active if self._n_probes[s]]):
            self._mastered[stage], self._passed_over[stage] = True, False
            return True
        required = self.prerequisites.required[stage]
        if self.demote_below is not None and required and self._rate(stage) < self.demote_below:
            closing = [stage, *required]
            self._opened.remove(stage)
            self._mastered[closing] = False
            self._passed_over[closing] = False
            self._n_probes[closing] = self._hopeless[closing] = 0
            self._n_demoted += 1
            return True
        return False

    def _rate(self, stage: int) -> float:
        known = min(int(self._n_probes[stage]), self._window)
        return float(self._rates[stage, :known].mean()) if known else 0.0

    # --- What it shows ---------------------------------------------------------------------------------------------

    def density(self, tasks: ArrayLike) -> FloatArray | None:
        """Return the density of the stages in play, all equally likely; None where they are single tasks."""
        p = np.zeros(len(self._regions))
        p[self._active] = 1.0 / len(self._active)
        return self._regions.density(np.atleast_2d(self.task_space.validate(tasks)), p)

    def metrics(self) -> dict[str, float]:
        """Return how far up the student is."""
        newest = self._opened[-1]
        return {
            **super().metrics(),
            "stages": float(len(self._regions)),
            "opened": float(len(self._opened)),
            "mastered": float(np.count_nonzero(self._mastered)),
            "passed_over": float(np.count_nonzero(self._passed_over)),
            "active": float(len(self._active)),
            "newest_stage": float(newest),
            "newest_success": self._rate(newest),
            "probes": float(self._n_probes.sum()),
            "demotions": float(self._n_demoted),
        }

    # --- State -----------------------------------------------------------------------------------------------------

    def _get_state(self) -> dict[str, Any]:
        return {
            "stages": self.stages,
            "mastered": self._mastered.copy(),
            "passed_over": self._passed_over.copy(),
            "hopeless": self._hopeless.copy(),
            "opened": list(self._opened),
            "active": list(self._active),
            "successes": self._successes.copy(),
            "episodes": self._episodes.copy(),
            "rates": self._rates.copy(),
            "n_probes": self._n_probes.copy(),
            "steps": self._steps.copy(),
            "first_ids": self._first_ids.copy(),
            "n_demoted": self._n_demoted,
            "within": {} if self._inner is None else self._inner.state_dict(),
        }

    def _set_state(self, state: Mapping[str, Any]) -> None:
        if list(state["stages"]) != self.stages:
            raise ValueError(f"It was saved with the stages {list(state['stages'])}, this teacher has {self.stages}.")
        k = len(self.stages)
        mastered, passed_over = (finite_array(state, name, (k,), np.bool_) for name in ("mastered", "passed_over"))
        opened, active = (
            finite_array(state, name, (None,), np.int64, low=0, high=k - 1) for name in ("opened", "active")
        )
        if (
            not len(active)
            or not set(active.tolist()) <= set(opened.tolist())
            or len(set(opened.tolist())) < len(opened)
        ):
            raise ValueError("Its stages in play are none of those that are open.")
        if set(opened.tolist()) & self.held_out:
            raise ValueError("A stage is open that this teacher holds out.")
        successes = finite_array(state, "successes", (k,), low=0.0)
        episodes, n_probes, steps, first_ids, hopeless = (
            finite_array(state, name, (k,), np.int64, low=0)
            for name in ("episodes", "n_probes", "steps", "first_ids", "hopeless")
        )
        rates = finite_array(state, "rates", (k, self._window), low=0.0, high=1.0)
        n_demoted = counter(state, "n_demoted")
        inner = None
        if self.within != "uniform":
            inner = self._within(len(active), 0)
            inner.load_state_dict(state["within"])
        elif state["within"]:
            raise ValueError("It has a teacher within the stages, this teacher has none.")
        self._mastered, self._passed_over, self._hopeless = mastered, passed_over, hopeless
        self._opened, self._active = opened.tolist(), active.tolist()
        self._successes, self._episodes, self._rates, self._n_probes = successes, episodes, rates, n_probes
        self._steps, self._first_ids = steps, first_ids
        self._n_demoted, self._inner = n_demoted, inner
