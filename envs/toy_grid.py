"""The toy space as a Gymnasium environment, whose episodes last one step and whose student is the environment itself.

Portelas et al. (2019), appendix; see `ToyStudent` for the definition and docs/environments/toy_grid.md for the forms.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .simulated_student_env import SimulatedStudentEnv
from .toy_config import UNLOCKS
from .toy_forms import toy_form

if TYPE_CHECKING:
    from .toy_student import ToyStudent

_PIXELS = 300
_COLOURS = np.array([(68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37)], dtype=np.float64)
_DEAD, _NOISY, _EDGE, _MARK = (120, 120, 120), (196, 150, 170), (255, 255, 255), (220, 30, 30)


class ToyGrid(SimulatedStudentEnv):
    """A grid of cells whose competences grow where they are practised: curricula without waiting.

    The environment is the student: an episode is one step, its reward is the competence of the task's cell after the
    visit, in [0, 1], and the action changes nothing; a reward above 0.75 is a success. Competences last over episodes.
    A ``reset`` with a seed begins a new student; one without goes on with the old one.

    Args:
        form: The name of a toy space, e.g. ``"2d-10"``, ``"rugged"``, ``"3d-7+2"``; see `tutelage.envs.toy_form`.
        render_mode: ``None`` or ``"rgb_array"``: a map of the competences over the first two dimensions, 300 × 300
            pixels. Dark to bright is competence 0 to 1, grey an unlearnable cell, pink a noisy one, the red dot the
            task.
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
        super().__init__(form, toy_form(form).config, render_mode, **arguments)

    def _make_student(self, seed: int) -> ToyStudent:
        from .toy_student import ToyStudent

        return ToyStudent(self.config, seed)

    def _is_success(self, reward: float) -> bool:
        return reward > UNLOCKS / 100.0

    def _picture(self, task: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Draw a map, x0 to the right, x1 upwards; further dimensions are those of the task."""
        middle = (np.arange(_PIXELS) + 0.5) / _PIXELS
        flat = self.config.n_dims == 1
        tasks = np.repeat(task[None], _PIXELS**2, axis=0)
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
        x, y = task[0], 0.5 if flat else task[1]
        away = np.hypot(middle[None, :] - x, middle[::-1][:, None] - y)
        picture[away < 0.018], picture[away < 0.012] = _EDGE, _MARK
        return picture.astype(np.uint8)
