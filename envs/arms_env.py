"""The student with arms as a Gymnasium environment, whose episodes last one step and whose student is the environment.

See `ArmStudent` for the definition and docs/environments/arms.md for the forms.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from .arm_config import IMPOSSIBLE, NOISY
from .arm_forms import arm_form
from .arm_student import ArmStudent
from .simulated_student_env import SimulatedStudentEnv

_HEIGHT, _WIDTH, _GAP = 160, 24, 8
_COLOURS = {NOISY: (196, 150, 170), IMPOSSIBLE: (120, 120, 120)}
_LEARNABLE, _GROUND, _MARK = (94, 201, 98), (30, 30, 34), (220, 30, 30)


class ArmsEnv(SimulatedStudentEnv):
    """Arms that a student with one skill learns, of which some may be noise or impossible.

    The environment is the student: an episode is one step, its reward is 1 or 0, and the action changes nothing. The
    skill lasts over episodes. A ``reset`` with a seed begins a new student; one without goes on with the old one.

    Args:
        form: The name of a student with arms: ``"arms-clean"``, ``"arms-noisy"`` or ``"arms-impossible"``.
        render_mode: ``None`` or ``"rgb_array"``: a bar for each arm, as high as its chance of success; green is
            learnable, pink noisy, grey impossible, and red the task.
        **arguments: Fields of `tutelage.envs.ArmConfig`, which take precedence over those of the form.

    Attributes:
        task_space: The number of the arm.
        student: The skill, a `tutelage.envs.ArmStudent`.

    Raises:
        RequestError: An unknown form (a ``ValueError``).
        TypeError: An unknown argument, or one of another type.
        ValueError: An argument out of range, or an unknown render mode.

    Example:
        >>> env = ArmsEnv("arms-noisy")
        >>> env.task_space
        TaskSpace(arm=range(0, 6))
        >>> observation, info = env.reset(seed=0, options={"task": [0]})
        >>> observation, reward, terminated, truncated, info = env.step(env.action_space.sample())
        >>> reward in (0.0, 1.0), terminated, round(env.student.skill, 3)
        (True, True, 0.015)

    Version history:
        v0: Initial version.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 10, "one_step": True}  # noqa: RUF012

    def __init__(self, form: str = "arms-clean", render_mode: str | None = None, **arguments: Any) -> None:
        super().__init__(form, arm_form(form).config, render_mode, **arguments)

    def _make_student(self, seed: int) -> ArmStudent:
        return ArmStudent(self.config, seed)

    def _is_success(self, reward: float) -> bool:
        return reward > 0.0

    def _picture(self, task: NDArray[np.float64]) -> NDArray[np.uint8]:
        picture = np.full((_HEIGHT + _GAP, len(self.config.kinds) * (_WIDTH + _GAP), 3), _GROUND, dtype=np.uint8)
        for arm, (kind, chance) in enumerate(zip(self.config.kinds, self.student.chances().tolist(), strict=True)):
            columns = slice(arm * (_WIDTH + _GAP), arm * (_WIDTH + _GAP) + _WIDTH)
            picture[_HEIGHT - 2 - round(chance * (_HEIGHT - 2)) : _HEIGHT, columns] = _COLOURS.get(kind, _LEARNABLE)
            if arm == int(task[0]):
                picture[_HEIGHT + 2 :, columns] = _MARK
        return picture
