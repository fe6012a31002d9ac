"""The student of a toy space: one number for each cell, which grows where it is practised and where it is open.

The n-dimensional toy space of Portelas et al. (2019, appendix) and its forms, see `ToyConfig`. What an episode does:

1. Coordinates beyond the first D, the relevant ones, are ignored.
2. The cell of a task is found by binning each coordinate; the right edge 1 belongs to the last bin.
3. The cell is open if it is the start cell, or if one of its neighbours has a competence of at least 75.
4. In an open cell the competence grows by 1, up to 100; elsewhere it stays as it is.
5. The return is the competence of the cell after that, divided by 100.
6. The score is the percentage of cells with a competence above 75.

What differs from the authors' code: cells are found without the rounding errors that give some grids one bin too many
there; a noisy return is a form of its own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .toy_config import MAX_COMPETENCE, N_INTERVALS, UNLOCKS, ToyConfig
from .toy_forms import toy_form
from .toy_kernel import IMPOSSIBLE, LEARNS, NOISY, find_cells, play, spread

FloatArray = NDArray[np.float64]


class ToyStudent:
    """Plays batches of tasks of a toy space, millions a second.

    A batch is played in order: the result is the same as that of its tasks one by one.

    Args:
        config: What the space is like, or the name of one (`toy_form`).
        seed: Of what the form leaves to chance; 0 is a seed.

    Attributes:
        config: What the space is like.
        task_space: The unit cube.
        competence: Of each cell, integers of shape ``(n,) * D`` in the student's own grid; may be written to.
        kinds: 0 for a cell that can learn, 1 for an impossible or unlearnable one, 2 for a noisy one, same shape.
        masterable: Which cells count for the score: those that can learn and are not cut off by others, same shape.
        start: Indices of the start cell.
        rotation: Quarter turns of a task before its cell is looked up.
        shuffle: Where each interval of each dimension of a rugged space lies, shape ``(D, 4)``, else ``(0, 4)``.
        n_episodes: Episodes played since the last `reset`.

    Raises:
        RequestError: An unknown name.
        ValueError: No cell can learn.

    Example:
        >>> student = ToyStudent("2d-10")
        >>> student.play([[0.05, 0.05], [0.05, 0.05], [0.15, 0.05]]).tolist()
        [0.01, 0.02, 0.0]
        >>> student.competence[0, 0] = 75
        >>> student.play([[0.15, 0.15]]).tolist(), student.score()
        ([0.01], 0.0)
    """

    def __init__(self, config: ToyConfig | str = "2d-10", seed: int = 0) -> None:
        self.config = toy_form(config).config if isinstance(config, str) else config
        self.task_space = self.config.task_space
        self._tasks_width = self.task_space.n_dims
        self.reset(seed)

    def reset(self, seed: int | None = None) -> None:
        """Begin anew: a student that knows nothing.

        Args:
            seed: Draws what the form leaves to chance; None keeps what was drawn last.

        Raises:
            ValueError: A negative seed, or a draw in which no cell can learn.
        """
        if seed is not None:
            if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)) or seed < 0:
                raise ValueError(f"seed must be a whole number of at least 0, got {seed!r}.")
            self._draw(int(seed))
        self.competence: NDArray[np.int64] = np.zeros(self.config.shape, dtype=np.int64)
        self.n_episodes = 0

    def play(self, tasks: ArrayLike) -> FloatArray:
        """Play one episode of each task, in order.

        Args:
            tasks: Shape ``(n, d)``.

        Returns:
            Returns in [0, 1], shape ``(n,)``.

        Raises:
            ValueError: Tasks of another shape, outside the unit cube or with a NaN; nothing has been played then.
        """
        config, indices = self.config, self._cells(tasks)
        returns = np.empty(len(indices))
        play(
            indices,
            self.competence.reshape(-1),
            self._kinds,
            config.n_cells,
            self._start,
            config.unlock == "adjacent",
            config.forget_every or 0,
            self.n_episodes,
            self._noise_seed,
            returns,
        )
        self.n_episodes += len(returns)
        return returns

    def score(self) -> float:
        """Return how many percent of the cells that can be mastered have a competence above 75."""
        mastered = int(np.count_nonzero((self.competence > UNLOCKS) & self.masterable))
        return 100.0 * mastered / self._n_masterable

    def competence_at(self, tasks: ArrayLike) -> FloatArray:
        """Return the competence of the cell of each task, in [0, 1], without playing; 0 where nothing can be learned.

        Args:
            tasks: Shape ``(n, d)``.
        """
        return self.competence[tuple(self._cells(tasks).T)] / MAX_COMPETENCE

    def kind_at(self, tasks: ArrayLike) -> NDArray[np.int8]:
        """Return the kind of the cell of each task, see `kinds`, shape ``(n,)``."""
        return self.kinds[tuple(self._cells(tasks).T)]

    def start_task(self) -> FloatArray:
        """Return the middle of the start cell as a task, shape ``(d,)``; irrelevant coordinates are ½."""
        n, task = self.config.n_cells, np.full(self._tasks_width, 0.5)
        index = list(self.start)
        for _ in range(-self.rotation % 4):
            index[0], index[1] = n - 1 - index[1], index[0]
        cell = np.array(index)
        place = (cell + 0.5) / n
        if len(self.shuffle):
            part = np.minimum((place * N_INTERVALS).astype(int), N_INTERVALS - 1)
            where = np.argsort(self.shuffle, axis=1)[np.arange(len(place)), part]
            place = (where + place * N_INTERVALS - part) / N_INTERVALS
        if trivial := self.config.trivial:
            low, high = (trivial + (1.0 - trivial) * (place[0] + half / n) for half in (-0.5, 0.5))
            place[0] = 0.5 * ((0.0 if low <= trivial else low) + high)  # the first column has what is trivial, too
        task[: len(place)] = place
        if len(self.shuffle) and tuple(self._cells(task[None])[0].tolist()) != self.start:
            # The middle is where an interval begins: take that of what the interval has of the cell.
            low, high = np.maximum(cell / n, part / N_INTERVALS), np.minimum((cell + 1) / n, (part + 1) / N_INTERVALS)
            place = (where + 0.5 * (low + high) * N_INTERVALS - part) / N_INTERVALS
            place[0] = trivial + (1.0 - trivial) * place[0]
            task[: len(place)] = place
        return task

    def _cells(self, tasks: ArrayLike) -> NDArray[np.int64]:
        rows = np.ascontiguousarray(tasks, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != self._tasks_width:
            raise ValueError(
                f"Expected tasks of shape (n, {self._tasks_width}), got {rows.shape}. One task is a matrix of one row."
            )
        indices = np.empty((len(rows), self.config.n_dims), dtype=np.int64)
        config = self.config
        bad = find_cells(rows, float(config.trivial), self.shuffle, self.rotation, config.n_cells, indices)
        if bad >= 0:
            self.task_space.validate(rows[bad])  # raises, naming the dimension
        return indices

    # --- What is drawn ---------------------------------------------------------------------------------------------

    def _draw(self, seed: int) -> None:
        config, rng = self.config, np.random.default_rng([seed, 0x70E])
        n, shape = config.n_cells, config.shape
        self.rotation = int(rng.integers(4)) if config.rotation == "random" else int(config.rotation)
        number = int(rng.integers(config.n_total)) if config.start == "random" else int(config.start)
        self.start = tuple(number // n**i % n for i in range(config.n_dims))
        self._start = int(np.ravel_multi_index(self.start, shape))
        order = [rng.permutation(N_INTERVALS) for _ in range(config.n_dims)] if config.rugged else []
        self.shuffle: NDArray[np.int64] = np.array(order, dtype=np.int64).reshape(-1, N_INTERVALS)
        self.kinds: NDArray[np.int8] = np.full(shape, LEARNS, dtype=np.int8)
        middles = (np.arange(n) + 0.5) / n
        for low, high in config.unlearnable:
            inside = [(middles >= a) & (middles <= b) for a, b in zip(low, high, strict=True)]
            self.kinds[np.ix_(*inside)] = IMPOSSIBLE
        self._kinds = self.kinds.reshape(-1)
        free = np.flatnonzero(self._kinds == LEARNS)
        free = rng.permutation(free[free != self._start]) if config.impossible or config.noisy else free
        n_impossible, n_noisy = (round(share * config.n_total) for share in (config.impossible, config.noisy))
        self._kinds[free[:n_impossible]] = IMPOSSIBLE
        self._kinds[free[n_impossible : n_impossible + n_noisy]] = NOISY
        self._noise_seed = np.uint64(rng.integers(2**64, dtype=np.uint64))
        self.masterable = self._reachable()
        self._n_masterable = int(np.count_nonzero(self.masterable))
        if not self._n_masterable:
            raise ValueError(
                f"The start cell {self.start} lies in an unlearnable region, so that no cell can be learned."
            )

    def _reachable(self) -> NDArray[np.bool_]:
        """The cells to which learning can spread from the start cell."""
        reached = np.zeros(self.config.n_total, dtype=np.bool_)
        adjacent = self.config.unlock == "adjacent"
        spread(self._kinds, self.config.n_dims, self.config.n_cells, self._start, adjacent, reached)
        return reached.reshape(self.config.shape)
