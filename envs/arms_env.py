"""The student with arms as a Gymnasium environment, whose episodes last one step and whose student is the environment.

See `ArmStudent` for the definition and docs/environments/arms.md for the forms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.error import ResetNeeded
from gymnasium.utils import EzPickle
from numpy.typing import NDArray

from ..errors import unknown_name
from .arm_config import IMPOSSIBLE, NOISY, ArmConfig
from .arm_forms import arm_form
from .arm_student import ArmStudent

_HEIGHT, _WIDTH, _GAP = 160, 24, 8
_COLOURS = {NOISY: (196, 150, 170), IMPOSSIBLE: (120, 120, 120)}
_LEARNABLE, _GROUND, _MARK = (94, 201, 98), (30, 30, 34), (220, 30, 30)


class ArmsEnv(EzPickle, gym.Env[NDArray[np.float32], NDArray[np.float32]]):
    """Arms that a student with one skill learns, of which some may be noise or impossible.

    The environment is the student: an episode is one step, its reward is 1 or 0, and the action changes nothing. The
    skill lasts over episodes. A ``reset`` with a seed begins a new student; one without goes on with the old one.

    Args:
        form: The name of a student with arms: ``"arms-clean"``, ``"arms-noisy"`` or ``"arms-impossible"``.
        render_mode: ``None`` or ``"rgb_array"``: a bar for each arm, as high as its chance of success.
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
        EzPickle.__init__(self, form, render_mode, **arguments)
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f"Expected render_mode None or 'rgb_array', got {render_mode!r}.")
        known = [field.name for field in fields(ArmConfig)]
        for name in arguments:
            if name not in known:
                raise TypeError(unknown_name("argument of ArmsEnv", name, ["form", *known]))
        self.config = replace(arm_form(form).config, **arguments)
        self.task_space = self.config.task_space
        self.render_mode = render_mode
        self.action_space = spaces.Box(-1.0, 1.0, (1,), np.float32)
        self.observation_space = spaces.Box(0.0, 1.0, (1,), np.float32)
        self._student: ArmStudent | None = None
        self._task: NDArray[np.float64] | None = None
        self._ended = True

    @property
    def student(self) -> ArmStudent:
        """The student of this environment."""
        if self._student is None:
            raise ResetNeeded("There is no student before reset().")
        return self._student

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Start an episode.

        Args:
            seed: Begins a new student; None goes on.
            options: ``{"task": …}`` with a row of shape ``(1,)`` or a dict from names to values; without it the task
                is drawn uniformly. Other keys are ignored.

        Returns:
            The observation, always 0, and an info with the float64 row ``"task"``.

        Raises:
            ValueError: A task outside the task space, with a NaN or of a wrong shape.
        """
        super().reset(seed=seed)
        task = self._chosen_task(options)
        if seed is not None or self._student is None:
            self._student = ArmStudent(self.config, int(self.np_random.integers(2**31)) if seed is None else seed)
        self._task, self._ended = task, False
        return np.zeros(1, dtype=np.float32), {"task": task.copy()}

    def step(self, action: NDArray[np.float32]) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Try the arm once.

        Args:
            action: Anything; it changes nothing.

        Returns:
            The observation, the reward, True, False, and an info with ``"is_success"``: a reward of 1.

        Raises:
            ResetNeeded: Before `reset`, or after the end of the episode.
        """
        if self._ended or self._task is None:
            raise ResetNeeded("Call reset() before step(): an episode is one step.")
        self._ended = True
        reward = float(self.student.play(self._task[None])[0])
        return np.zeros(1, dtype=np.float32), reward, True, False, {"is_success": reward > 0.0}

    def render(self) -> NDArray[np.uint8] | None:  # type: ignore[override]
        """Return a picture of the chances of success: green learnable, pink noisy, grey impossible, red the task."""
        if self.render_mode is None:
            gym.logger.warn('render() does nothing without render_mode="rgb_array".')
            return None
        if self._task is None:
            raise ResetNeeded("Call reset() before render().")
        picture = np.full((_HEIGHT + _GAP, len(self.config.kinds) * (_WIDTH + _GAP), 3), _GROUND, dtype=np.uint8)
        for arm, (kind, chance) in enumerate(zip(self.config.kinds, self.student.chances().tolist(), strict=True)):
            columns = slice(arm * (_WIDTH + _GAP), arm * (_WIDTH + _GAP) + _WIDTH)
            picture[_HEIGHT - 2 - round(chance * (_HEIGHT - 2)) : _HEIGHT, columns] = _COLOURS.get(kind, _LEARNABLE)
            if arm == int(self._task[0]):
                picture[_HEIGHT + 2 :, columns] = _MARK
        return picture

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
