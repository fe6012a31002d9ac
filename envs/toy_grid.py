"""The toy space as a Gymnasium environment, whose episodes last one step and whose student is the environment itself.

Portelas et al. (2019), appendix; see `ToyStudent` for the definition and docs/environments/toy_grid.md for the forms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.error import ResetNeeded
from gymnasium.utils import EzPickle
from numpy.typing import NDArray

from ..errors import unknown_name
from .toy_config import UNLOCKS, ToyConfig
from .toy_forms import toy_form

if TYPE_CHECKING:
    from .toy_student import ToyStudent

_PIXELS = 300
_COLOURS = np.array([(68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37)], dtype=np.float64)
_DEAD, _NOISY, _EDGE, _MARK = (120, 120, 120), (196, 150, 170), (255, 255, 255), (220, 30, 30)


class ToyGrid(EzPickle, gym.Env[NDArray[np.float32], NDArray[np.float32]]):
    """A grid of cells whose competences grow where they are practised: curricula without waiting.

    The environment is the student: an episode is one step, its reward is the competence of the task's cell after the
    visit, in [0, 1], and the action changes nothing. Competences last over episodes. A ``reset`` with a seed begins
    a new student; one without goes on with the old one.

    Args:
        form: The name of a toy space, e.g. ``"2d-10"``, ``"rugged"``, ``"3d-7+2"``; see `tutelage.envs.toy_form`.
        render_mode: ``None`` or ``"rgb_array"``: a map of the competences over the first two dimensions.
        **arguments: Fields of `tutelage.envs.ToyConfig`, which take precedence over those of the form.

    Attributes:
        task_space: The unit cube.
        student: The competences, a `tutelage.envs.ToyStudent`.

    Raises:
        RequestError: An unknown form (a ``ValueError``).
        TypeError: An unknown argument.
        ValueError: An argument out of range, or an unknown render mode.

    Example:
        >>> env = ToyGrid(n_cells=20)
        >>> env.task_space
        TaskSpace(x0=(0.0, 1.0), x1=(0.0, 1.0))
        >>> observation, info = env.reset(seed=0, options={"task": [0.01, 0.02]})
        >>> observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
        >>> reward, terminated, info["is_success"], env.student.score()
        (0.01, True, False, 0.0)

    Version history:
        v0: Initial version.
    """

    metadata: dict[str, Any] = {  # noqa: RUF012
        "render_modes": ["rgb_array"],
        "render_fps": 10,
        "deterministic": True,
        "one_step": True,
    }

    def __init__(self, form: str = "2d-10", render_mode: str | None = None, **arguments: Any) -> None:
        EzPickle.__init__(self, form, render_mode, **arguments)
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f"Expected render_mode None or 'rgb_array', got {render_mode!r}.")
        known = [field.name for field in fields(ToyConfig)]
        for name in arguments:
            if name not in known:
                raise TypeError(unknown_name("argument of ToyGrid", name, ["form", *known]))
        self.config = replace(toy_form(form).config, **arguments)
        self.task_space = self.config.task_space
        self.render_mode = render_mode
        self.action_space = spaces.Box(-1.0, 1.0, (1,), np.float32)
        self.observation_space = spaces.Box(0.0, 1.0, (1,), np.float32)
        self._student: ToyStudent | None = None
        self._task: NDArray[np.float64] | None = None
        self._ended = True

    @property
    def student(self) -> ToyStudent:
        """The student of this environment."""
        if self._student is None:
            raise ResetNeeded("There is no student before reset().")
        return self._student

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Start an episode.

        Args:
            seed: Begins a new student, with all that its form leaves to chance drawn anew; None goes on.
            options: ``{"task": …}`` with a row of shape ``(d,)`` or a dict from names to values; without it
                the task is drawn uniformly. Other keys are ignored.

        Returns:
            The observation, always 0, and an info with the float64 row ``"task"``.

        Raises:
            ValueError: A task outside the task space, with a NaN or of a wrong shape.
        """
        super().reset(seed=seed)
        task = self._chosen_task(options)
        if seed is not None or self._student is None:
            from .toy_student import ToyStudent

            self._student = ToyStudent(self.config, int(self.np_random.integers(2**31)) if seed is None else seed)
        self._task, self._ended = task, False
        return np.zeros(1, dtype=np.float32), {"task": task.copy()}

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Practise the task once.

        Args:
            action: Anything; it changes nothing.

        Returns:
            The observation, the reward, True, False, and an info with ``"is_success"``: a reward above 0.75.

        Raises:
            ResetNeeded: Before `reset`, or after the end of the episode.
        """
        if self._ended or self._task is None:
            raise ResetNeeded("Call reset() before step(): an episode is one step.")
        self._ended = True
        reward = float(self.student.play(self._task[None])[0])
        return np.zeros(1, dtype=np.float32), reward, True, False, {"is_success": reward > UNLOCKS / 100.0}

    def render(self) -> NDArray[np.uint8] | None:  # type: ignore[override]
        """Return a picture of shape ``(300, 300, 3)``.

        Dark to bright is competence 0 to 1, grey an unlearnable cell, pink a noisy one, the red dot the task. x0 runs
        to the right, x1 upwards; further dimensions are those of the task.
        """
        if self.render_mode is None:
            gym.logger.warn('render() does nothing without render_mode="rgb_array".')
            return None
        if self._task is None:
            raise ResetNeeded("Call reset() before render().")
        middle = (np.arange(_PIXELS) + 0.5) / _PIXELS
        flat = self.config.n_dims == 1
        tasks = np.repeat(self._task[None], _PIXELS**2, axis=0)
        tasks[:, 0] = np.tile(middle, _PIXELS)
        if not flat:
            tasks[:, 1] = np.repeat(middle[::-1], _PIXELS)
        level, kind = self.student.competence_at(tasks), self.student.kind_at(tasks)
        place = np.linspace(0.0, 1.0, len(_COLOURS))
        picture = np.stack([np.interp(level, place, _COLOURS[:, c]) for c in range(3)], axis=1)
        picture[kind == 1], picture[kind == 2] = _DEAD, _NOISY
        picture = picture.reshape(_PIXELS, _PIXELS, 3)
        if self.config.n_cells <= 30:
            edges = np.round(np.arange(1, self.config.n_cells) * _PIXELS / self.config.n_cells).astype(int)
            picture[:, edges] = _EDGE
            if not flat:
                picture[_PIXELS - 1 - edges] = _EDGE
        x, y = self._task[0], 0.5 if flat else self._task[1]
        away = np.hypot(middle[None, :] - x, middle[::-1][:, None] - y)
        picture[away < 0.018], picture[away < 0.012] = _EDGE, _MARK
        return picture.astype(np.uint8)

    def _chosen_task(self, options: Mapping[str, Any] | None) -> NDArray[np.float64]:
        task = (options or {}).get("task")
        if task is None:
            return self.task_space.sample(1, self.np_random)[0]
        if isinstance(task, Mapping):
            return self.task_space.from_dict(task)
        row = self.task_space.validate(task)
        if row.ndim != 1:
            raise ValueError(f"Expected one task of shape ({self.task_space.n_dims},), got shape {row.shape}.")
        return row
