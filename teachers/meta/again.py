"""AGAIN: ALP-GMM that begins where a similar student of the past made progress.

Portelas, Romac, Hofmann, Oudeyer (2020), "Meta automatic curriculum learning" (*Alp-Gmm And Inferred progress Niches*).
A new student is taught by ALP-GMM until its pre-test. Its results are compared with those that the students of a
classroom had at the same pre-test; the best of the most similar ones becomes its expert. From the Gaussians of this
expert's run those with a high absolute learning progress (ALP) are kept, the *inferred progress niches* (IN), and
tasks are drawn from them, step by step, and from the Gaussians of a live ALP-GMM, in proportion to their ALP.

What differs from the authors' code:

- The curriculum by time (AGAIN-T) follows the episodes at which the expert was refitted, where the authors' counts
  steps of 250 episodes whatever the refits were, and however many of them were dropped.
- A step without returns of its own takes the threshold of a neighbour; the authors' is NaN and never passed.
- The expert's Gaussians are copied: those that are estimated anew at the end do not overwrite what was stored.
- The share of random tasks at the end of the curriculum takes effect.
- Knowledge components are summed as floating-point numbers; small integers overflow.
- A classroom that is empty or of no use leaves ALP-GMM and a warning, not an exception.
- The ALP threshold is a share of the range of the returns, so that it does not depend on their unit.
"""

from __future__ import annotations

import os
import warnings
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import RequestError, unknown_name
from ...outcomes import Outcomes
from ...spaces import TaskSpace
from ..hyperparameters import real, switch, whole
from ..learning_progress.alp_gmm import ALPGMM
from ..learning_progress.gaussians import to_unit_cube
from ..presets import fill_from_preset
from ..state_checks import counter, finite_array
from .classroom import Classroom, checked_vector
from .expert_curriculum import ExpertCurriculum, Pace, Pool, Reward, Time
from .expert_guide import ExpertGuide
from .matching import MATCHES, find_expert, useful
from .pretested import Pretested, PretestPlan

FloatArray = NDArray[np.float64]
Components = tuple[FloatArray, FloatArray, FloatArray]

PRESETS: dict[str, dict[str, Any]] = {
    "toy": {"pretest": 2, "k": 5, "stop": False, "return_bounds": None},
    "parkour": {"pretest": 1, "k": 3, "stop": True, "return_bounds": (-150.0, 350.0)},
}
"""What Portelas et al. (2020) used on their toy spaces and on their walker–climber Parkour."""

_WITHOUT_CLASSROOM: dict[str, tuple[int, str]] = {"toy": (20_000, "episodes"), "parkour": (500_000, "steps")}
"""When the paper's pre-test would have been."""

CURRICULA = ("reward", "time", "pool")

_MOST_PENDING = 100_000
"""Tasks of the expert whose outcomes are awaited, at most; the oldest is forgotten first."""

_PHASES = ("pretest", "alone", "expert")
"""Before the pre-test; without an expert for good; with one."""


class AGAIN(ALPGMM, Pretested):
    """Draws tasks from Gaussians in which a similar student progressed, mixed with those of ALP-GMM.

    Args:
        task_space: The tasks.
        seed: Seed of the teacher's own generator.
        classroom: The students of the past: a `Classroom` or its folder, which is opened at the first use. Without one,
            or with one that has no useful student, this is ALP-GMM, and a warning says so.
        preset: Whose hyperparameters stand where none is given: ``"toy"`` or ``"parkour"``.
        curriculum: How the expert's curriculum is followed: its next step when returns are as high as the expert's
            were, ``"reward"``; at the same episodes, ``"time"``; or all steps at once, ``"pool"``.
        mix: Mix it with a live ALP-GMM (AGAIN); else it stands alone (IN).
        pretest: At which of the classroom's pre-tests the new student is compared, from 1; by default that of the
            preset, or the last one where there are fewer.
        k: Of how many of the most similar students the best is chosen.
        match: Students are similar by their ``"knowledge"`` at the pre-test or by their true ``"kind"``, or one is
            drawn at ``"random"``: the latter two are ablations.
        classroom_share: The share of the classroom, drawn at random, that comes into question; above 0.
        alp_threshold: Gaussians of the expert are kept whose ALP is above this share of the range of returns.
        n_returns: Over how many returns ``"reward"`` takes the mean.
        tolerance: What share of the expert's returns, measured from the lowest, is enough for its next step.
        stop: At the last step of ``"reward"``, let go of the expert: its ALPs are estimated anew every 100 episodes,
            or, with ``mix=False``, ALP-GMM takes over after ``fit_rate`` episodes.
        random_task_ratio: Share of random tasks with an expert.
        pretest_random_ratio: Share of random tasks before the pre-test, and without an expert.
        end_random_ratio: Share of random tasks once the expert was let go of; ``random_task_ratio`` by default.
        return_bounds: ``(low, high)``: returns are clipped to this interval and mapped to [0, 1] first, the expert's as
            well; without it, their range is that of the expert's returns.
        fit_rate: See `ALPGMM`, as all that follow.
        ks: Numbers of components to try.
        criterion: How the number of components is chosen.
        n_bootstrap: Episodes before the first fit.
        max_history: How many of the latest episodes ALP is computed against.
        n_em_init: Restarts of each fit.
        warm_start: Start each fit from the previous mixture with as many components.
        reg_covar: Added to the variances of a fit.
        backend: ``"numba"``, ``"torch"`` or ``"sklearn"``.
        device: Where torch computes.
        ignore_warmup: See `Teacher`.

    Raises:
        TypeError: A hyperparameter of another type.
        ValueError: A hyperparameter out of range, or ``stop`` with another curriculum than ``"reward"``.
        RequestError: At the first use: there is no such classroom, or it is for other tasks.
        RunError: At the first use: the classroom is damaged.

    Example:
        >>> import tempfile
        >>> from tutelage.teachers.meta import Classroom, GaussianHistory, StudentRecord
        >>> space = TaskSpace(x=(0.0, 1.0))
        >>> room = Classroom.create(tempfile.mkdtemp(), space, "two tasks", pretests=[50], n_components=2)
        >>> niches = GaussianHistory([0], [50], [[0.8]], [[[1e-4]]], [0.5], [0.0, 1.0], [-1, 0])
        >>> number = room.append(StudentRecord("right", {}, [50], [[0.0, 0.3]], [0.0, 1.0], 50.0, niches))
        >>> teacher = AGAIN(space, seed=0, classroom=room, fit_rate=50)
        >>> teacher.pretest_plan.at
        50
        >>> teacher.pretest([0.0, 0.2])  # the results of a new student
        >>> teacher.expert, bool((abs(teacher.sample(50).values - 0.8) < 0.1).mean() > 0.9)
        ('right', True)
    """

    def __init__(
        self,
        task_space: TaskSpace,
        *,
        seed: int | None = None,
        classroom: Classroom | str | os.PathLike[str] | None = None,
        preset: Literal["toy", "parkour"] = "toy",
        curriculum: Literal["reward", "time", "pool"] = "reward",
        mix: bool = True,
        pretest: int | None = None,
        k: int | None = None,
        match: Literal["knowledge", "kind", "random"] = "knowledge",
        classroom_share: float = 1.0,
        alp_threshold: float = 0.2,
        n_returns: int = 10,
        tolerance: float = 1.0,
        stop: bool | None = None,
        random_task_ratio: float = 0.02,
        pretest_random_ratio: float = 0.1,
        end_random_ratio: float | None = None,
        return_bounds: tuple[float, float] | None = None,
        fit_rate: int = 250,
        ks: Sequence[int] = range(2, 11),
        criterion: str = "aic",
        n_bootstrap: int | None = None,
        max_history: int | None = None,
        n_em_init: int = 1,
        warm_start: bool = False,
        reg_covar: float = 1e-6,
        backend: str = "numba",
        device: str = "cpu",
        ignore_warmup: bool = True,
    ) -> None:
        filled = fill_from_preset(PRESETS, preset, pretest=pretest, k=k, stop=stop, return_bounds=return_bounds)
        self.curriculum, self.match, self.mix = curriculum, match, switch("mix", mix)
        self.pretest_number = whole("pretest", filled["pretest"], 1)
        self._pretest_was_given = pretest is not None
        self.k = whole("k", filled["k"], 1)
        self.classroom_share = real("classroom_share", classroom_share)
        self.alp_threshold = real("alp_threshold", alp_threshold)
        self.n_returns = whole("n_returns", n_returns, 1)
        self.tolerance = real("tolerance", tolerance)
        self.stop = switch("stop", filled["stop"]) and curriculum == "reward"
        self.random_task_ratio = real("random_task_ratio", random_task_ratio)
        self.pretest_random_ratio = real("pretest_random_ratio", pretest_random_ratio)
        end = self.random_task_ratio if end_random_ratio is None else end_random_ratio
        self.end_random_ratio = real("end_random_ratio", end)
        self._check_own_hyperparameters(stop)
        self._room = _classroom_or_folder(classroom)
        self._opened = self._room is None
        self._without = _WITHOUT_CLASSROOM[preset]
        self._warned = False

        self._phase = "pretest"
        self._n_steps = 0
        self._guide: ExpertGuide | None = None
        self._pending: OrderedDict[int, int] = OrderedDict()  # id of a task: the expert's Gaussian it was drawn from
        self._live: Components | None = None
        self._first_row, self._n_expert = 0, 0  # which of the expert's Gaussians are in use
        self._batch_alps = np.empty(0)
        super().__init__(
            task_space,
            seed=seed,
            fit_rate=fit_rate,
            random_task_ratio=random_task_ratio,
            ks=ks,
            criterion=criterion,
            n_bootstrap=n_bootstrap,
            max_history=max_history,
            return_bounds=filled["return_bounds"],
            n_em_init=n_em_init,
            warm_start=warm_start,
            reg_covar=reg_covar,
            backend=backend,
            device=device,
            ignore_warmup=ignore_warmup,
        )
        if isinstance(self._room, Classroom):
            self._check_space(self._room)

    def _check_own_hyperparameters(self, stop: bool | None) -> None:
        if self.curriculum not in CURRICULA:
            raise ValueError(unknown_name("curriculum", self.curriculum, CURRICULA))
        if self.match not in MATCHES:
            raise ValueError(unknown_name("match", self.match, MATCHES))
        if stop and self.curriculum != "reward":
            raise ValueError(f"stop=True is for curriculum='reward' only, got curriculum={self.curriculum!r}.")
        if not 0.0 < self.classroom_share <= 1.0:
            raise ValueError(f"classroom_share must be above 0 and at most 1, got {self.classroom_share}.")
        if not 0.0 <= self.alp_threshold < 1.0:
            raise ValueError(f"alp_threshold must be at least 0 and below 1, got {self.alp_threshold}.")
        if not (np.isfinite(self.tolerance) and self.tolerance > 0.0):
            raise ValueError(f"tolerance must be finite and above 0, got {self.tolerance}.")
        for name in ("random_task_ratio", "pretest_random_ratio", "end_random_ratio"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} must lie between 0 and 1, got {getattr(self, name)}.")

    # --- The classroom -----------------------------------------------------------------------------------------------

    def _open(self) -> Classroom | None:
        """Return the classroom while it is needed, None where it is not (any more)."""
        if self._phase != "pretest" or self._room is None:
            return None
        room = self._room if isinstance(self._room, Classroom) else Classroom(self._room)
        if not self._opened:
            self._check_space(room)
            n_pretests = len(room.description.pretests)
            if self.pretest_number > n_pretests and self._pretest_was_given:
                raise RequestError(
                    f"pretest must be at most {n_pretests}, as {room.folder} has it, got {self.pretest_number}."
                )
            room.check_sizes()
            self._room, self._opened = room, True
            self._warn_if_of_no_use(room)
        return room if self._phase == "pretest" else None

    def _check_space(self, room: Classroom) -> None:
        if room.task_space != self.task_space:
            raise RequestError(
                f"The classroom in {room.folder} is of {room.task_space}, the tasks are {self.task_space}."
            )

    def _warn_if_of_no_use(self, room: Classroom) -> None:
        found = useful(room.summaries(), alp_threshold=self.alp_threshold, return_bounds=self.return_bounds)
        if not found.any():
            what = "has no students" if len(found) == 0 else f"has no student of use among {len(found)}"
            self._stay_alone(f"The classroom in {room.folder} {what}")

    def _stay_alone(self, why: str) -> None:
        self._phase = "alone"
        warnings.warn(f"{why}: AGAIN goes on as ALP-GMM.", stacklevel=4)

    # --- The pre-test --------------------------------------------------------------------------------------------

    @property
    def pretest_plan(self) -> PretestPlan | None:
        """The test that is waited for; None without a classroom, and after it.

        Raises:
            RequestError: There is no such classroom, or it is for other tasks.
            RunError: The classroom is damaged.
        """
        room = self._open()
        if room is None:
            return None
        what = room.description
        at = what.pretests[self._pretest_index(room)]
        return PretestPlan(at, what.unit, what.test_set, what.test_set_sha256, what.n_components)

    @property
    def pretest_due(self) -> bool:
        """Whether it is time for the test, by the outcomes that this teacher has learned from."""
        plan = self.pretest_plan
        return plan is not None and self._trained(plan.unit) >= plan.at

    def pretest(self, components: ArrayLike, *, kind: Mapping[str, Any] | None = None) -> None:
        """Choose the expert for a student that was tested, and follow its curriculum from now on.

        Args:
            components: How well the student did each task of the classroom's test set, shape ``(m,)``.
            kind: What kind of student it is, for ``match="kind"``.

        Raises:
            ValueError: No test is waited for, or numbers that do not fit it; nothing has changed.
            RunError: The classroom is damaged.
        """
        room = self._open()
        if room is None:
            raise ValueError(
                "AGAIN has had its pre-test."
                if self._guide is not None
                else "AGAIN waits for no pre-test: it has no classroom, or one without a student of use."
            )
        found = find_expert(
            room,
            checked_vector(components, room.description),
            pretest=self._pretest_index(room),
            k=self.k,
            alp_threshold=self.alp_threshold,
            return_bounds=self.return_bounds,
            rng=self.rng,
            match=self.match,
            kind=kind,
            share=self.classroom_share,
        )
        if found is None:
            self._stay_alone(f"No student of the classroom in {room.folder} can be an expert")
            return
        self._phase, self._guide = "expert", self._guide_of(found.name, found.curriculum)
        self._guide.begin(self._count)
        self._prepare_pool()

    def _pretest_index(self, room: Classroom) -> int:
        return min(self.pretest_number, len(room.description.pretests)) - 1

    def _trained(self, unit: str) -> int:
        return self._count if unit == "episodes" else self._n_steps

    def _warn_if_overdue(self) -> None:
        plan = self.pretest_plan
        at, unit = self._without if plan is None else (plan.at, plan.unit)
        patience = 0 if plan is None else max(at // 10, self.fit_rate)
        if self._phase != "pretest" or self._trained(unit) < at + patience:
            return
        self._warned = True
        why = "AGAIN has no classroom" if plan is None else f"The pre-test was due after {at:,} {unit} and did not come"
        hint = "" if plan is None else " until pretest(…) is called"
        warnings.warn(f"{why}: it goes on as ALP-GMM{hint}.", stacklevel=4)

    # --- The expert --------------------------------------------------------------------------------------------------

    @property
    def expert(self) -> str | None:
        """The name of the student whose curriculum is followed, None without."""
        return None if self._guide is None else self._guide.name

    @property
    def expert_curriculum(self) -> ExpertCurriculum | None:
        """The curriculum that is followed, None without."""
        return None if self._guide is None else self._guide.pace.curriculum

    def _guide_of(self, name: str, steps: ExpertCurriculum) -> ExpertGuide:
        pace: Pace
        if self.curriculum == "reward":
            pace = Reward(steps, self.n_returns, self.tolerance)
        else:
            pace = Time(steps) if self.curriculum == "time" else Pool(steps)
        gaussians = to_unit_cube(self.task_space, self._free, steps.means, steps.covariances)
        return ExpertGuide(name, pace, *gaussians, stop=self.stop, mix=self.mix, patience=self.fit_rate)

    # --- Sampling ----------------------------------------------------------------------------------------------------

    def _sample(self, n: int) -> FloatArray:
        self._open()
        return super()._sample(n)

    def _aims(self) -> bool:
        return self._n_expert > 0 or super()._aims()

    def _random_ratio(self) -> float:
        if self._guide is None:
            return self.pretest_random_ratio
        return self.random_task_ratio if self._guide.ended_at < 0 else self.end_random_ratio

    def _prepare_sampling(self) -> None:
        self._live = None if self._mixture is None else self._components(self._mixture)
        self._prepare_pool()

    def _prepare_pool(self) -> None:
        """Draw from the expert's present Gaussians and from those of ALP-GMM, all in proportion to their ALP."""
        parts: list[Components] = []
        self._n_expert = 0
        if self._guide is not None and not self._guide.dropped:
            rows = self._guide.rows
            self._first_row, self._n_expert = rows.start, rows.stop - rows.start
            parts.append(self._guide.components())
        if self._live is not None and (self.mix or not parts):
            parts.append(self._live)
        if len(parts) == 1:
            self._draw_from(*parts[0])
        elif parts:
            means, factors, alps = (np.concatenate(columns) for columns in zip(*parts, strict=True))
            self._draw_from(means, factors, alps)

    def _notes_origins(self) -> bool:
        return self._n_expert > 0 or super()._notes_origins()

    def _note_origins(self, first_id: int, components: NDArray[np.int64]) -> None:
        for task_id, component in enumerate(components.tolist(), first_id):
            if 0 <= component < self._n_expert:
                self._pending[task_id] = self._first_row + component
        while len(self._pending) > _MOST_PENDING:
            self._pending.popitem(last=False)
        if self._record is not None:
            self._record.add_tasks(first_id, np.maximum(components - self._n_expert, -1))

    # --- Learning ----------------------------------------------------------------------------------------------------

    def _validate(self, outcomes: Outcomes) -> None:
        super()._validate(outcomes)
        self._open()

    def _describe(self, points: FloatArray, returns: FloatArray) -> FloatArray:
        columns = super()._describe(points, returns)
        self._batch_alps = columns[:, 0]
        return columns

    def _update(self, outcomes: Outcomes) -> None:
        """Let ALP-GMM learn from all episodes, and the pace from those of the expert's tasks."""
        before = self._count
        super()._update(outcomes)
        self._n_steps += int(outcomes.lengths.sum())
        if self._guide is not None:
            rows = [self._pending.pop(task_id, -1) for task_id in outcomes.ids.tolist()]
            if self._guide.follow(rows, self._scaled(outcomes.returns), self._batch_alps, before):
                self._prepare_pool()
        elif self._phase == "pretest" and not self._warned:
            self._warn_if_overdue()

    # --- What it shows -----------------------------------------------------------------------------------------------

    def metrics(self) -> dict[str, float]:
        """Return ALP-GMM's metrics, the phase, the step of the expert's curriculum, and the expert's share of tasks."""
        guide, phase = self._guide, 0.0
        if guide is not None:
            phase = 3.0 if guide.dropped else 1.0 if guide.ended_at < 0 else 2.0
        share = float(self._probabilities[: self._n_expert].sum()) if self._n_expert else 0.0
        return {
            **super().metrics(),
            "phase": phase,
            "expert_step": float(guide.pace.index + 1) if guide else 0.0,
            "expert_steps": float(guide.pace.curriculum.n_steps) if guide else 0.0,
            "expert_share": (1.0 - self._random_ratio()) * share,
        }

    # --- State -------------------------------------------------------------------------------------------------------

    def _identity(self) -> dict[str, Any]:
        names = [
            *("curriculum", "mix", "pretest_number", "k", "match", "classroom_share", "alp_threshold", "n_returns"),
            *("tolerance", "stop", "pretest_random_ratio", "end_random_ratio"),
        ]
        return {**super()._identity(), **{name: getattr(self, name) for name in names}}

    def _get_state(self) -> dict[str, Any]:
        return {
            **super()._get_state(),
            "phase": self._phase,
            "n_steps": self._n_steps,
            "pending": np.array(list(self._pending.items()), dtype=np.int64).reshape(-1, 2),
            "expert": None if self._guide is None else self._guide.get_state(),
        }

    def _set_state(self, state: Mapping[str, Any]) -> None:
        self._check_identity(state)
        phase, n_steps, expert = state["phase"], counter(state, "n_steps"), state["expert"]
        pending = finite_array(state, "pending", (None, 2), np.int64, low=0)
        if phase not in _PHASES or (expert is None) == (phase == "expert"):
            raise ValueError(f"Its entry 'phase' is {phase!r}, which does not fit.")
        guide, n_gaussians = None, 0
        if expert is not None:
            curriculum = ExpertCurriculum.from_plain(expert["curriculum"], self.task_space.n_dims)
            guide, n_gaussians = self._guide_of(str(expert["name"]), curriculum), len(curriculum.alps)
            guide.set_state(expert)
        if len(pending) and pending[:, 1].max() >= n_gaussians:
            raise ValueError("Its entry 'pending' names a Gaussian that there is not.")
        super()._set_state(state)
        self._phase, self._n_steps, self._guide = phase, n_steps, guide
        self._pending = OrderedDict((int(task_id), int(row)) for task_id, row in pending)
        self._prepare_pool()


def _classroom_or_folder(classroom: Any) -> Classroom | Path | None:
    if classroom is None or isinstance(classroom, Classroom):
        return classroom
    if isinstance(classroom, (str, os.PathLike)):
        return Path(classroom)
    raise TypeError(f"classroom must be a Classroom, a folder or None, got {type(classroom).__name__}.")
