"""The toy spaces that have a name.

The spaces of the appendix of Portelas et al. (2019) with their budgets, the classrooms of Portelas et al. (2020,
"Meta automatic curriculum learning"), and six forms of what goes wrong in practice, after the challenges of
TeachMyAgent (Romac et al. 2021): mostly unlearnable, mostly trivial, rugged, forgetting, noisy, impossible.
"""

from __future__ import annotations

import re

from ..errors import RequestError, unknown_name
from .named_form import NamedForm
from .toy_config import ToyConfig

BASE_EPISODES = 20_000
"""The budgets of the paper's spaces are multiples of this."""


ToyForm = NamedForm[ToyConfig]


_CELLS, _DIMS, _IRRELEVANT = "More cells", "More dimensions", "Irrelevant dimensions"
_TROUBLE, _CLASSROOMS = "Troubled spaces", "Classrooms"


def _table() -> dict[str, ToyForm]:
    base = BASE_EPISODES
    corner = (((0.5, 0.0), (1.0, 1.0)), ((0.0, 0.5), (1.0, 1.0)))
    forms = [
        ToyForm("2d-10", ToyConfig(2, 10), base, _CELLS, "2-D, 10 cells per dimension"),
        ToyForm("2d-20", ToyConfig(2, 20), 2 * base, _CELLS, "2-D, 20 cells per dimension"),
        ToyForm("2d-50", ToyConfig(2, 50), 5 * base, _CELLS, "2-D, 50 cells per dimension"),
        ToyForm("2d-100", ToyConfig(2, 100), 10 * base, _CELLS, "2-D, 100 cells per dimension"),
        ToyForm("4d-4", ToyConfig(4, 4), 2 * base, _DIMS, "4-D, 4 cells per dimension"),
        ToyForm("5d-4", ToyConfig(5, 4), 5 * base, _DIMS, "5-D, 4 cells per dimension"),
        ToyForm("6d-4", ToyConfig(6, 4), 10 * base, _DIMS, "6-D, 4 cells per dimension"),
        *(
            ToyForm(f"2d-10+{k}", ToyConfig(2, 10, k), base, _IRRELEVANT, f"2d-10 and {k} irrelevant dimensions")
            for k in (10, 20, 50)
        ),
        ToyForm(
            "unlearnable",
            ToyConfig(2, 20, unlearnable=corner),
            2 * base,
            _TROUBLE,
            "20 × 20 cells of which only the 10 × 10 next to the origin can be learned",
        ),
        ToyForm(
            "trivial",
            ToyConfig(2, 10, trivial=0.5),
            2 * base,
            _TROUBLE,
            "2d-10, half of the task space is like its first column of cells",
        ),
        ToyForm(
            "rugged",
            ToyConfig(2, 20, rugged=True),
            2 * base,
            _TROUBLE,
            "2d-20, each dimension cut into four intervals that are shuffled",
        ),
        ToyForm(
            "forgetting",
            ToyConfig(2, 10, forget_every=14_000),
            2 * base,
            _TROUBLE,
            "2d-10, all is forgotten after 14,000 and after 28,000 episodes",
        ),
        ToyForm(
            "noisy", ToyConfig(2, 10, noisy=0.2), 2 * base, _TROUBLE, "2d-10, a fifth of the cells returns pure chance"
        ),
        ToyForm(
            "impossible",
            ToyConfig(2, 10, impossible=0.2),
            2 * base,
            _TROUBLE,
            "2d-10, a fifth of the cells cannot be learned",
        ),
        ToyForm(
            "classroom-v1",
            ToyConfig(2, 20, rotation="random"),
            10 * base,
            _CLASSROOMS,
            "2d-20, begins in a corner drawn at random",
        ),
        ToyForm(
            "classroom-v2",
            ToyConfig(2, 20, unlock="adjacent", start="random"),
            10 * base,
            _CLASSROOMS,
            "20 × 20 cells, begins in a cell drawn at random, spreads to all four sides",
        ),
    ]
    return {form.name: form for form in forms}


TOY_FORMS: dict[str, ToyForm] = _table()
"""Name to form."""


def toy_form(name: str) -> ToyForm:
    """Return a named toy space; ``"3d-7+2"`` is 3-D with 7 cells and 2 irrelevant dimensions, for any numbers.

    Raises:
        RequestError: An unknown name (a ``ValueError``), or one that stands for too large a space.

    Example:
        >>> toy_form("2d-100").episodes
        200000
        >>> toy_form("3d-7+2").config.task_space.n_dims
        5
    """
    if name in TOY_FORMS:
        return TOY_FORMS[name]
    if match := re.fullmatch(r"(\d{1,9})d-(\d{1,9})(?:\+(\d{1,9}))?", str(name)):
        n_dims, n_cells, n_irrelevant = (int(number or 0) for number in match.groups())
        try:
            config = ToyConfig(n_dims, n_cells, n_irrelevant)
        except ValueError as error:
            raise RequestError(f"Toy space {name!r}: {error}") from error
        text = f"{n_dims}-D, {n_cells} cells per dimension"
        text += f", {n_irrelevant} irrelevant dimensions" if n_irrelevant else ""
        return ToyForm(str(name), config, BASE_EPISODES, "Others", text)
    hint = "Any grid has a name, too: 3d-7+2 is 3-D with 7 cells per dimension and 2 irrelevant dimensions."
    raise RequestError(unknown_name("toy space", name, TOY_FORMS, hint))
