"""The students with arms that have a name."""

from __future__ import annotations

from ..errors import RequestError, unknown_name
from .arm_config import ArmConfig
from .named_form import NamedForm

_EPISODES = 400 * 16
"""400 updates of 16 episodes."""

_GROUP = "Arms"


ArmForm = NamedForm[ArmConfig]


ARM_FORMS: dict[str, ArmForm] = {
    form.name: form
    for form in (
        ArmForm("arms-clean", ArmConfig(), _EPISODES, _GROUP, "five arms of rising difficulty, one skill"),
        ArmForm(
            "arms-noisy", ArmConfig(noisy=1), _EPISODES, _GROUP, "arms-clean and a coin toss, which teaches nothing"
        ),
        ArmForm(
            "arms-impossible",
            ArmConfig(impossible=3),
            _EPISODES,
            _GROUP,
            "arms-clean and three arms that are never solved and teach nothing",
        ),
    )
}
"""Name to form."""


def arm_form(name: str) -> ArmForm:
    """Return a named student with arms.

    Raises:
        RequestError: An unknown name (a ``ValueError``).

    Example:
        >>> arm_form("arms-noisy").config.noisy
        1
    """
    if name not in ARM_FORMS:
        raise RequestError(unknown_name("student with arms", name, ARM_FORMS))
    return ARM_FORMS[name]
