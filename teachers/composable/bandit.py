"""Bandit: parts of the task space as arms, of which the most promising are played most.

One teacher for a family of papers that differ in what they observe (signal), how they average it (estimator), what
they make of the average (score), how much they explore (bonus) and how they choose (policy): SEC, DUMP, CurES, online
difficulty filtering, SkillMimic-V2's adaptive sampling, TAPIR. Each is a preset (see `papers`), e.g. ``bandit:sec``.

What differs from the papers:

- What they do once for each update of the student, this teacher does after every ``update_every_episodes`` episodes: a
  round. Within a round the order of the episodes does not matter.
- The defaults are none of theirs. Scores of intermediate difficulty are captured by arms whose outcome is a coin toss
  that nobody can learn; no arm gets more than three times its even share, therefore.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import unknown_name
from ...outcomes import Outcomes
from ...spaces import TaskSpace
from ...tasks import Tasks
from ..expert_knowledge import ExpertKnowledge
from ..hyperparameters import real, whole
from ..state_checks import counter, finite_array
from ..success import success_threshold
from ..teacher import Teacher
from .estimators import Estimator, estimator_of
from .feedback import LARGEST, Feedback
from .members import Members
from .policies import Policy, cap_shares, largest_remainder, policy_of
from .regions import Regions, regions_of
from .scores import Score, score_of

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

SCALES = ("none", "range", "std")


class Bandit(Teacher):
    """Plays parts of the task space in proportion to what there is to learn in each.

    Args:
        task_space: The tasks.
        seed: Seed of the teacher's own generator.
        arms: The parts: None for bins of all dimensions, at most 25; a number of bins of each dimension; a mapping from
            dimensions to numbers of bins or lists of values; a list of tasks or of mappings from dimensions to values
            or pairs of bounds (see `regions.regions_of`); or teachers, as a mapping from names to names of teachers,
            ``{"teacher": name, …}`` or `Teacher` objects.
        signal: What is observed, see `feedback.Feedback`.
        estimator: ``"ema(lr, initial)"``, ``"window(size)"`` or ``"beta(a, b, discount)"``.
        score: What an estimate is worth, a name of `scores.SCORES` with its arguments, or a function of the estimates.
        ucb: c of the bonus c √(2 ln(N + 1) / (n + 1)) for an arm with n of the N episodes; 0 for none.
        policy: ``"boltzmann(tau)"``, ``"proportional(floor)"`` or ``"epsilon_greedy(epsilon)"``.
        mix_uniform: Share of tasks from any arm.
        max_share: The highest probability of one arm, at least 1/K; ``"3/K"`` for three times its even share; None for
            no cap.
        unsampled: What becomes of the average of an arm that was not played in a round: ``"keep"``, or ``"decay"``
            towards 0 (``ema`` only).
        scale: By what estimates are divided before they are scored: ``"none"``; ``"range"``, so that all signals so far
            lie between 0 and 1; ``"std"``, their standard deviation. It is one number for all arms.
        group_by: Choose a group first, then an arm of it, by the same rules: the name of a dimension, or a label for
            each arm.
        update_every_episodes: Episodes of a round.
        success_above: A return above which an episode is a success, where the environment does not tell;
            ``expert.success_above`` by default.
        expert: Expert knowledge; only its ``success_above`` is used.
        ignore_warmup: See `Teacher`.

    Raises:
        TypeError: A hyperparameter of another type.
        ValueError: A hyperparameter out of range, no arm, or an unknown name.

    Example:
        >>> from tutelage import Outcomes, TaskSpace
        >>> teacher = Bandit(TaskSpace(x=(0.0, 1.0)), seed=0, arms=4, max_share=None, update_every_episodes=10)
        >>> chance = np.random.default_rng(0)
        >>> for _ in range(40):
        ...     tasks = teacher.sample(10)
        ...     solved = chance.random(10) < np.where(tasks.values[:, 0] < 0.25, 0.5, 0.0)
        ...     teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=solved, lengths=[9] * 10,
        ...                             success=solved))
        >>> int(teacher.probabilities.argmax()), bool(teacher.probabilities.max() > 0.6)
        (0, True)
    """

    def __init__(
        self,
        task_space: TaskSpace,
        *,
        seed: int | None = None,
        arms: Any = None,
        signal: str | Callable[[Outcomes], Any] = "success",
        estimator: str | Mapping[str, Any] | Estimator = "beta(discount=0.95)",
        score: str | Mapping[str, Any] | Score = "bernoulli_std",
        ucb: float = 0.0,
        policy: str | Mapping[str, Any] | Policy = "boltzmann(0.1)",
        mix_uniform: float = 0.1,
        max_share: float | str | None = "3/K",
        unsampled: Literal["keep", "decay"] = "keep",
        scale: Literal["none", "range", "std"] = "none",
        group_by: str | Sequence[Any] | None = None,
        update_every_episodes: int = 16,
        success_above: float | None = None,
        expert: ExpertKnowledge | Mapping[str, Any] | None = None,
        ignore_warmup: bool = True,
    ) -> None:
        super().__init__(task_space, seed=seed, ignore_warmup=ignore_warmup)
        expert = ExpertKnowledge.of(expert, task_space)
        self._members, self._regions = self._arms(arms)
        k = self.n_arms
        self._feedback = Feedback(signal, success_threshold(success_above, expert))
        self.needs = self._feedback.needs  # type: ignore[misc]  # this teacher's, not the class's
        if self._members is not None:
            self.needs = self.needs | self._members.needs  # type: ignore[misc]
            self.hold, self.withholds = self._members.hold, self._members.withholds
        self._estimator, self._score, self._policy = estimator_of(estimator), score_of(score), policy_of(policy)
        self.ucb, self.mix_uniform = real("ucb", ucb), real("mix_uniform", mix_uniform)
        self.max_share = _share("max_share", max_share, k)
        self.unsampled, self.scale = unsampled, scale
        self.update_every_episodes = whole("update_every_episodes", update_every_episodes, 1)
        self._groups = self._grouped(group_by)
        self._check_hyperparameters()

        self._estimator.start(k)
        self._counts = np.zeros(k, dtype=np.int64)  # n, episodes of each arm in finished rounds
        self._means, self._seen = np.zeros(k), np.zeros(k, dtype=np.bool_)  # of an arm's latest round, for progress
        self._moments = np.zeros(3)  # number, mean and sum of squared deviations of all signals
        self._bounds = np.zeros(2)  # the least and the greatest
        self._round: list[tuple[IntArray, FloatArray]] = []  # the arms and signals of the unfinished round
        self._n_round = self._n_rounds = 0
        self._p: tuple[FloatArray, FloatArray] | None = None

    def _arms(self, arms: Any) -> tuple[Members | None, Regions | None]:
        if isinstance(arms, Mapping) and arms and all(_is_teacher(value) for value in arms.values()):
            return Members(self.task_space, arms, self.rng, "arms"), None
        return None, regions_of(self.task_space, arms, "arms")

    def _grouped(self, group_by: str | Sequence[Any] | None) -> IntArray | None:
        if group_by is None:
            return None
        if isinstance(group_by, str):
            if self._regions is None:
                raise ValueError(
                    f"group_by={group_by!r}: arms that are teachers have no dimensions; give a label each."
                )
            if group_by not in self.task_space.names:
                raise ValueError(unknown_name("dimension to group by", group_by, self.task_space.names))
            i = self.task_space.names.index(group_by)
            labels: list[Any] = list(zip(self._regions.low[:, i], self._regions.high[:, i], strict=True))
        else:
            labels = list(group_by)
        if len(labels) != self.n_arms:
            raise ValueError(f"group_by must have a label for each of {self.n_arms} arms, got {len(labels)}.")
        numbers: dict[Any, int] = {}
        return np.array([numbers.setdefault(label, len(numbers)) for label in labels], dtype=np.int64)

    def _check_hyperparameters(self) -> None:
        if not (np.isfinite(self.ucb) and self.ucb >= 0.0):
            raise ValueError(f"ucb must be finite and at least 0, got {self.ucb}.")
        if not 0.0 <= self.mix_uniform <= 1.0:
            raise ValueError(f"mix_uniform must lie between 0 and 1, got {self.mix_uniform}.")
        if self.unsampled not in ("keep", "decay"):
            raise ValueError(unknown_name("unsampled", self.unsampled, ("keep", "decay")))
        if self.unsampled == "decay" and not self._estimator.can_decay:
            raise ValueError(f"unsampled='decay' needs the estimator 'ema', not {type(self._estimator).__name__}.")
        if self.scale not in SCALES:
            raise ValueError(unknown_name("scale", self.scale, SCALES))
        if self._estimator.rates_only and (self.scale != "none" or self._feedback.signal != "success"):
            raise ValueError("The estimator 'beta' counts successes: it needs signal='success' and scale='none'.")

    # --- Probabilities ---------------------------------------------------------------------------------------------

    @property
    def arms(self) -> list[str]:
        """The names of the arms."""
        return list(self._members.names if self._members is not None else self._regions.names)  # type: ignore[union-attr]

    @property
    def n_arms(self) -> int:
        """K, the number of arms."""
        return len(self._members) if self._members is not None else len(self._regions)  # type: ignore[arg-type]

    @property
    def estimates(self) -> FloatArray:
        """The estimate of each arm, on its scale, shape ``(K,)``."""
        return np.array(self._scaled())

    @property
    def probabilities(self) -> FloatArray:
        """The probability of each arm, shape ``(K,)``."""
        return np.array(self._chances()[0])

    def allocate(self, budget: int, minimum: int = 0) -> IntArray:
        """Divide a number of episodes among the arms in proportion to their scores (CurES).

        Args:
            budget: How many.
            minimum: How many each gets at least.

        Returns:
            Whole numbers of shape ``(K,)`` that sum to the budget, with the largest remainders rounded up.

        Raises:
            ValueError: A budget too small for the minimum.
        """
        scores = self._scores(self._scaled(), self._counts, bonus=False)
        return largest_remainder(scores, whole("budget", budget, 0), whole("minimum", minimum, 0))

    def _scaled(self) -> FloatArray:
        """The estimates on the scale that the scores expect."""
        estimates = self._estimator.estimates
        if self.scale == "range":
            low, high = self._bounds
            known = self._counts > 0  # of the others nothing has been seen: as low as the lowest
            scaled = (estimates - low) / (high - low) if high > low else np.zeros(len(estimates))
            return np.where(known, np.clip(scaled, 0.0, 1.0), 0.0)
        if self.scale == "std":
            n, _, squares = self._moments
            std = float(np.sqrt(squares / n)) if n else 0.0
            return estimates / std if std > 0.0 else np.zeros(len(estimates))
        return estimates

    def _scores(self, estimates: FloatArray, counts: IntArray, *, bonus: bool = True) -> FloatArray:
        with np.errstate(under="ignore"):
            scores = np.asarray(self._score(estimates), dtype=np.float64)
        if scores.shape != estimates.shape or not np.isfinite(scores).all():
            raise ValueError(f"score must return a finite number for each of {len(estimates)} arms, got {scores!r}.")
        if bonus and self.ucb:
            # DUMP: √(2 ln(N + 1) / (n + 1)), N being at least 1.
            scores = scores + self.ucb * np.sqrt(2.0 * np.log(max(1, int(counts.sum())) + 1.0) / (counts + 1.0))
        return scores

    def _chances(self) -> tuple[FloatArray, FloatArray]:
        """The probabilities with and without the share for all."""
        if self._p is None:
            k, estimates = self.n_arms, self._scaled()
            if self._groups is None:
                aimed = self._aimed(self._scores(estimates, self._counts))
            else:
                aimed = self._nested(estimates, self._groups)
            mixed = (1.0 - self.mix_uniform) * aimed + self.mix_uniform / k
            if self.max_share is not None:
                aimed, mixed = cap_shares(aimed, self.max_share), cap_shares(mixed, self.max_share)
            self._p = mixed / mixed.sum(), aimed / aimed.sum()
        return self._p

    def _aimed(self, scores: FloatArray) -> FloatArray:
        p = np.asarray(self._policy(scores), dtype=np.float64)
        if p.shape != scores.shape or not np.isfinite(p).all() or (p < 0.0).any() or not p.sum() > 0.0:
            raise ValueError(
                f"policy must return a probability for each of {len(scores)} arms, finite, at least 0 and not all 0; "
                f"got {p!r}."
            )
        shares: FloatArray = p / p.sum()
        return shares

    def _nested(self, estimates: FloatArray, groups: IntArray) -> FloatArray:
        """A group first, by the mean of its arms' estimates, then an arm of it (SkillMimic-V2: class, then clip)."""
        sizes = np.bincount(groups)
        means: FloatArray = np.bincount(groups, estimates / sizes[groups]).astype(np.float64)
        of_group = self._aimed(self._scores(means, np.bincount(groups, self._counts).astype(np.int64)))
        p = np.empty(len(estimates))
        for group in range(len(sizes)):
            inside = groups == group
            p[inside] = of_group[group] * self._aimed(self._scores(estimates[inside], self._counts[inside]))
        return p

    # --- Tasks ----------------------------------------------------------------------------------------------------

    def _sample(self, n: int) -> FloatArray | tuple[FloatArray, NDArray[np.bool_]]:
        cumulative = np.cumsum(self._chances()[0])
        which = np.minimum(np.searchsorted(cumulative, self.rng.random(n), side="right"), self.n_arms - 1)
        if self._members is not None:
            return self._members.sample(which, self._next_id)
        return self._regions.sample(which, self.rng)  # type: ignore[union-attr]

    def _repeat(self, tasks: Tasks) -> None:
        if self._members is not None:
            self._members.repeat(tasks)

    # --- Outcomes -------------------------------------------------------------------------------------------------

    def _validate(self, outcomes: Outcomes) -> None:
        super()._validate(outcomes)
        if len(outcomes):
            self._feedback.check(outcomes, owner=self, ignore_warmup=self.ignore_warmup)
            if self._members is not None:
                self._members.check(outcomes)

    def _update(self, outcomes: Outcomes) -> None:
        values = self._feedback.values(outcomes)
        if self._members is not None:
            owners = self._members.update(outcomes)
            episodes = np.flatnonzero(owners >= 0)
            arms = owners[episodes]
        else:
            episodes, arms = np.nonzero(self._regions.contains(outcomes.tasks))  # type: ignore[union-attr]
        done = 0
        while done < len(outcomes):
            room = min(self.update_every_episodes - self._n_round, len(outcomes) - done)
            first, last = np.searchsorted(episodes, [done, done + room])
            self._round.append((arms[first:last], values[episodes[first:last]]))
            self._n_round += room
            done += room
            if self._n_round == self.update_every_episodes:
                self._finish_round()

    def _finish_round(self) -> None:
        arms = np.concatenate([part for part, _ in self._round]).astype(np.int64)
        values = np.concatenate([part for _, part in self._round])
        self._round, self._n_round = [], 0
        self._n_rounds += 1
        self._counts += np.bincount(arms, minlength=self.n_arms)
        if self._feedback.is_progress:
            arms, values = self._progress(arms, values)
        if len(values):
            self._observe(values)
        self._estimator.update(arms, values, decay=self.unsampled == "decay")
        self._p = None

    def _progress(self, arms: IntArray, returns: FloatArray) -> tuple[IntArray, FloatArray]:
        """How much the mean return of each arm has changed since it was last played."""
        played = np.unique(arms)
        means = np.array([returns[arms == arm].mean() for arm in played])
        change, known = means - self._means[played], self._seen[played]
        self._means[played], self._seen[played] = means, True
        change = np.abs(change) if self._feedback.signal == "absolute_progress" else change
        return played[known], change[known]

    def _observe(self, values: FloatArray) -> None:
        n, mean, squares = self._moments.tolist()
        low, high = float(values.min()), float(values.max())
        self._bounds = np.array([min(self._bounds[0], low), max(self._bounds[1], high)] if n else [low, high])
        m, new = float(len(values)), float((values / len(values)).sum())
        shift = new - mean
        spread = float(((values - new) ** 2).sum()) + shift * shift * (n * m / (n + m))
        self._moments = np.array([n + m, mean + shift * m / (n + m), min(squares + spread, 1e308)])

    # --- What it shows --------------------------------------------------------------------------------------------

    def density(self, tasks: ArrayLike) -> FloatArray | None:
        """Return the density of the arms' tasks without the share for all; None where arms are single tasks."""
        rows = np.atleast_2d(self.task_space.validate(tasks))
        aimed = self._chances()[1]
        if self._members is not None:
            return self._members.density(rows, aimed)
        return self._regions.density(rows, aimed)  # type: ignore[union-attr]

    def metrics(self) -> dict[str, float]:
        """Return how far the arms differ."""
        p, estimates = self._chances()[0], self._scaled()
        entropy = float(-(p[p > 0.0] * np.log(p[p > 0.0])).sum())
        return {
            **super().metrics(),
            "rounds": float(self._n_rounds),
            "arms_played": float(np.count_nonzero(self._counts)),
            "top_share": float(p.max()),
            "effective_arms": float(np.exp(entropy)),
            "mean_estimate": float((estimates / len(estimates)).sum()),
            "top_estimate": float(estimates.max()),
        }

    # --- State ----------------------------------------------------------------------------------------------------

    def _get_state(self) -> dict[str, Any]:
        arms = [part for part, _ in self._round]
        values = [part for _, part in self._round]
        return {
            "arms": self.arms,
            "estimator": self._estimator.get_state(),
            "counts": self._counts.copy(),
            "means": self._means.copy(),
            "seen": self._seen.copy(),
            "moments": self._moments.copy(),
            "bounds": self._bounds.copy(),
            "round_arms": np.concatenate([np.empty(0, dtype=np.int64), *arms]),
            "round_values": np.concatenate([np.empty(0), *values]),
            "n_round": self._n_round,
            "n_rounds": self._n_rounds,
            "members": {} if self._members is None else self._members.get_state(),
        }

    def _set_state(self, state: Mapping[str, Any]) -> None:
        if list(state["arms"]) != self.arms:
            raise ValueError(f"It was saved with the arms {list(state['arms'])}, this teacher has {self.arms}.")
        k = self.n_arms
        counts = finite_array(state, "counts", (k,), np.int64, low=0)
        means = finite_array(state, "means", (k,), low=-LARGEST, high=LARGEST)
        moments = finite_array(state, "moments", (3,))
        seen, bounds = finite_array(state, "seen", (k,), np.bool_), finite_array(state, "bounds", (2,))
        if moments[0] < 0.0 or moments[2] < 0.0 or bounds[0] > bounds[1]:
            raise ValueError("Its moments or bounds of the signals are none.")
        values = finite_array(state, "round_values", (None,), low=-LARGEST, high=LARGEST)
        arms = finite_array(state, "round_arms", (len(values),), np.int64, low=0, high=k - 1)
        n_round = counter(state, "n_round", most=self.update_every_episodes - 1)
        n_rounds = counter(state, "n_rounds")
        if self._members is not None:
            self._members.set_state(state["members"])
        elif state["members"]:
            raise ValueError("Its arms are teachers, this teacher's are none.")
        self._estimator.set_state(state["estimator"], k)
        self._counts, self._means, self._seen, self._moments, self._bounds = counts, means, seen, moments, bounds
        self._round, self._n_round, self._n_rounds = [(arms, values)], n_round, n_rounds
        self._p = None


def _is_teacher(value: Any) -> bool:
    return isinstance(value, (str, Teacher)) or (isinstance(value, Mapping) and "teacher" in value)


def _share(name: str, value: float | str | None, k: int) -> float | None:
    """A share of one of K arms, from a number or from text such as ``3/K``."""
    if value is None:
        return None
    if isinstance(value, str):
        found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*/\s*[kK]\s*", value)
        if not found:
            raise ValueError(f"{name} must be a number, 'N/K' or None, got {value!r}.")
        share = min(1.0, float(found[1]) / k)
    else:
        share = real(name, value)
    if not share <= 1.0 or share * k < 1.0 - 1e-12:
        raise ValueError(f"{name} must lie between 1/K = {1.0 / k:.4g} (for {k} arms) and 1, got {value}.")
    return share
