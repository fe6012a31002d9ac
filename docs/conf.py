"""Configuration of the documentation: ``python -m sphinx -W --keep-going -b html docs docs/_build/html``."""

import tutelage

project = "Tutelage"
author = "The Tutelage developers"
project_copyright = "The Tutelage developers"
version = release = tutelage.__version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown"}
default_role = "py:obj"

myst_enable_extensions = ["colon_fence", "dollarmath", "deflist"]
myst_heading_anchors = 3

# The signatures and docstrings need none of these, and the site builds without them.
autodoc_mock_imports = ["Box2D", "matplotlib", "numba", "pygame", "sb3_contrib", "sklearn", "stable_baselines3", "torch"]
autodoc_default_options = {"members": True, "member-order": "bysource"}
autodoc_typehints = "signature"
autodoc_preserve_defaults = True

napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
napoleon_use_rtype = False
napoleon_custom_sections = [("Version history", "notes_style")]

html_theme = "furo"
html_title = f"Tutelage {release}"
html_theme_options = {"navigation_with_keys": True}
