"""Teachers and environments that installed packages offer by name, through entry points.

A package offers a class in its ``pyproject.toml``, and imports nothing for that::

    [project.entry-points."tutelage.teachers"]
    grid-progress = "my_package.teachers:GridProgress"

    [project.entry-points."tutelage.environments"]
    trolley = "my_package.trolley:Trolley"
"""

from __future__ import annotations

import re
import sys
import warnings
from functools import cache
from importlib.metadata import entry_points

TEACHERS, ENVIRONMENTS = "tutelage.teachers", "tutelage.environments"
"""The groups of entry points."""


def plugins(group: str) -> dict[str, str]:
    """Return what installed packages offer: names, and where the classes are, ``"package.module:ClassName"``.

    Args:
        group: `TEACHERS` or `ENVIRONMENTS`.

    Warns:
        UserWarning: A name that is not kebab-case, a place that is none, or a name that two packages offer; it is left
            out.

    Example:
        >>> "alp-gmm" in plugins(TEACHERS)  # ours are no plugins
        False
    """
    return dict(_plugins(group, tuple(sys.path)))


@cache
def _plugins(group: str, path: tuple[str, ...]) -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in entry_points(group=group):
        name, place = entry.name, entry.value.replace(" ", "")
        owner = f"{entry.dist.name} " if entry.dist is not None else ""
        if found.get(name) == place:
            continue
        if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
            problem = f"offers {name!r}; a name is kebab-case, e.g. 'alp-gmm'"
        elif not re.fullmatch(r"[\w.]+:\w+", place):
            problem = f"offers {name!r} at {place!r}; expected 'package.module:ClassName'"
        elif name in found:
            problem = f"offers {name!r}, as another package does; name it by its place, {place!r}"
        else:
            found[name] = place
            continue
        warnings.warn(f"The package {owner}{problem}. It is left out of {group}.", stacklevel=4)
    return found
