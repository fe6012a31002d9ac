"""Configuration of the documentation: ``python -m sphinx -W --keep-going -b html docs docs/_build/html``."""

from __future__ import annotations

import logging
import re
from typing import Any

import tutelage

project = "Tutelage"
author = "The Tutelage developers"
project_copyright = "The Tutelage developers"
version = release = tutelage.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown"}
default_role = "py:obj"

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_heading_anchors = 3

autodoc_mock_imports = ["Box2D", "numba", "pygame", "sb3_contrib", "sklearn"]  # no signature needs these
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_type_aliases = {"ArrayLike": "ArrayLike"}
autodoc_preserve_defaults = True

napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_attr_annotations = False
napoleon_use_rtype = False
napoleon_custom_sections = [("Version history", "notes_style")]

html_theme = "furo"
html_title = f"Tutelage {release}"

# A toctree may list pages by a pattern before there is one; Sphinx gives that warning no type to suppress it by.
logging.getLogger("sphinx.sphinx.directives.other").addFilter(
    lambda record: getattr(record, "subtype", None) != "empty_glob"
)


_ARRAY = re.compile(r"~?(?:numpy\.)?ndarray\[tuple\[~?(?:typing\.)?Any, \.\.\.\], ~?(?:numpy\.)?dtype\[([^\[\]]*)\]\]")


def shorten_arrays(
    app: Any, what: str, name: str, obj: Any, options: Any, signature: str | None, returns: str | None
) -> tuple[str | None, str | None]:
    """Write ``NDArray[float64]`` instead of what the alias stands for."""
    return signature and _ARRAY.sub(r"NDArray[\1]", signature), returns and _ARRAY.sub(r"NDArray[\1]", returns)


def setup(app: Any) -> None:
    """Register the hook with Sphinx."""
    app.connect("autodoc-process-signature", shorten_arrays)
