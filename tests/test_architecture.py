"""The architecture: who may import whom, how light the package is, and that everything has its place."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from tutelage import list_teachers

ROOT = Path(__file__).resolve().parents[1]

if not (ROOT / "pyproject.toml").exists():
    pytest.skip("needs the source tree", allow_module_level=True)

MAY_IMPORT = {
    "core": set(),
    "teachers": {"core"},
    "envs": {"core"},
    "wrappers": {"core", "teachers"},
    "students": {"core", "wrappers", "teachers"},
    "benchmarks": {"core", "teachers", "envs", "wrappers", "students"},
}
"""The folders of the library, and which others each may import. Imports run downwards only."""

BASE_CLASS_ONLY = {"wrappers", "students"}
"""These know the teachers by their base class only, not by their algorithms."""

BASE_CLASS = re.compile(r"tutelage\.teachers(\.Teacher|\.teacher(\.\w+)?)")

LAZY = re.compile(r"core/(cli\w*|registry|__init__)\.py")
"""These may import any folder, inside functions or for type checkers only."""

GENERATOR = "teachers/regret/builder_policy.py"
"""A generator of levels is itself an algorithm of Stable-Baselines3; this is the one file that knows it."""

HEAVY = ["torch", "stable_baselines3", "sb3_contrib", "sklearn", "Box2D", "numba", "matplotlib", "pygame", "scipy"]
"""What `import tutelage` does not load."""


def package_of(folder: str) -> str:
    """The import name of a top folder: `core` is the package itself, every other folder is a part of it."""
    return "tutelage" if folder == "core" else f"tutelage.{folder}"


def folder_of(module: str) -> str:
    """The top folder that a module of the package lives in."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in MAY_IMPORT else "core"


def python_files(*folders: str) -> list[str]:
    """The Python files below some folders, as paths relative to the root."""
    paths = (path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return sorted(path.relative_to(ROOT).as_posix() for path in paths if "__pycache__" not in path.parts)


LIBRARY = python_files(*MAY_IMPORT)
AROUND = python_files("examples", "tests")


@dataclass(frozen=True)
class Import:
    """One imported module or name: written as, absolute, how many dots, and whether only when needed."""

    line: int
    target: str
    level: int
    lazy: bool


def module_name(path: str) -> str:
    """The import name of a file of the library, ``….__init__`` for a package."""
    folder, *rest = path.removesuffix(".py").split("/")
    return ".".join([package_of(folder), *rest])


def imports(path: str, module: str) -> Iterator[Import]:
    """All imports of a file, absolute: statements, and calls of ``import_module`` with a constant name."""

    def resolve(level: int, name: str) -> str:
        if level == 0:
            return name
        base = module.split(".")[:-level]
        return ".".join([*base, name] if name else base) if base else f"<{'.' * level}{name} leaves the package>"

    def visit(node: ast.AST, lazy: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(node.lineno, alias.name, 0, lazy)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield Import(node.lineno, f"{resolve(node.level, node.module or '')}.{alias.name}", node.level, lazy)
        elif isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            first = node.args[0] if node.args else None
            if called in ("import_module", "__import__") and isinstance(first, ast.Constant):
                name = str(first.value)
                level = len(name) - len(name.lstrip("."))
                yield Import(node.lineno, resolve(level, name[level:]), level, lazy)
        guarded = isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")
        function = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for child in ast.iter_child_nodes(node):
            yield from visit(child, lazy or guarded or function)

    yield from visit(ast.parse((ROOT / path).read_text(encoding="utf-8"), path), False)


@cache
def library_imports(path: str) -> tuple[Import, ...]:
    return tuple(imports(path, module_name(path)))


def inside(path: str) -> list[Import]:
    """The imports of a file that stay inside the package."""
    return [each for each in library_imports(path) if f"{each.target}.".startswith("tutelage.")]


def shown(path: str, found: list[Import]) -> list[str]:
    return [f"{path}:{each.line} imports {each.target}" for each in found]


# --- Inside the library ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", LIBRARY)
def test_imports_run_downwards_only(path):
    folder = path.split("/")[0]
    upwards = [
        each
        for each in inside(path)
        if folder_of(each.target) not in MAY_IMPORT[folder] | {folder} and not (LAZY.fullmatch(path) and each.lazy)
    ]
    assert shown(path, upwards) == []


@pytest.mark.parametrize("path", [path for path in LIBRARY if path.split("/")[0] in BASE_CLASS_ONLY])
def test_teachers_are_known_by_their_base_class_only(path):
    algorithms = [
        each for each in inside(path) if folder_of(each.target) == "teachers" and not BASE_CLASS.fullmatch(each.target)
    ]
    assert shown(path, algorithms) == []


@pytest.mark.parametrize("path", LIBRARY)
def test_imports_inside_the_library_are_relative(path):
    assert shown(path, [each for each in inside(path) if each.level == 0]) == []


@pytest.mark.parametrize("path", LIBRARY)
def test_no_import_leaves_the_package_by_its_dots_or_by_the_folders_names(path):
    outside = [
        each
        for each in library_imports(path)
        if each.target.startswith("<") or each.target.split(".")[0] in {*MAY_IMPORT, "tests", "examples"}
    ]
    assert shown(path, outside) == []


@pytest.mark.parametrize("path", [path for path in LIBRARY if path.startswith("teachers/")])
def test_teachers_do_not_know_gymnasium_or_students(path):
    strangers = {"Box2D", "minigrid"}
    if path != GENERATOR:
        strangers |= {"gymnasium", "stable_baselines3", "sb3_contrib"}
    assert shown(path, [each for each in library_imports(path) if each.target.split(".")[0] in strangers]) == []


def test_the_packages_of_pyproject_are_the_folders_with_an_init_file():
    listed = project()["tool"]["setuptools"]["packages"]
    folders = {module_name(path).removesuffix(".__init__") for path in LIBRARY if path.endswith("/__init__.py")}
    assert sorted(listed) == sorted(folders)


def test_every_folder_with_python_files_is_a_package():
    folders = {(ROOT / path).parent for path in LIBRARY}
    assert [str(folder) for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


def test_the_package_directories_of_pyproject_are_the_top_folders():
    directories = project()["tool"]["setuptools"]["package-dir"]
    assert directories == {package_of(folder): folder for folder in MAY_IMPORT}


def project() -> dict:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        tomllib = pytest.importorskip("tomli")
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


# --- Around the library ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", AROUND)
def test_examples_and_tests_import_the_installed_package(path):
    top, *rest = path.removesuffix(".py").split("/")
    found = [
        each
        for each in imports(path, ".".join([top, *rest]))
        if each.target.startswith("<")
        or each.target.split(".")[0] in MAY_IMPORT
        or (each.level and each.target.split(".")[0] != top)
        or (each.level and top == "examples")
    ]
    assert shown(path, found) == []


@pytest.mark.parametrize("name", list_teachers())
def test_every_teacher_has_a_page(name):
    page = ROOT / "docs" / "teachers" / f"{name.replace('-', '_')}.md"
    assert page.exists(), f"docs/teachers/{page.name} is missing"
    assert f"`{name}`" in page.read_text(encoding="utf-8")


# --- Importing the package -------------------------------------------------------------------------------------------


def fresh_python(code: str, folder: Path) -> object:
    """Run code in a new interpreter away from the source tree; returns what it prints, read as JSON."""
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_importing_the_package_takes_less_than_half_a_second(tmp_path):
    code = "import time; t = time.process_time(); import tutelage; print(time.process_time() - t)"
    assert min(fresh_python(code, tmp_path) for _ in range(3)) < 0.5


def loaded_after(code: str, folder: Path) -> set[str]:
    modules = fresh_python(f"import sys, json, tutelage\n{code}\nprint(json.dumps(sorted(sys.modules)))", folder)
    return set(modules)


def test_importing_the_package_loads_nothing_heavy(tmp_path):
    assert loaded_after("", tmp_path).isdisjoint([*HEAVY, "gymnasium"])


def test_the_public_names_load_nothing_heavy(tmp_path):
    code = "[getattr(tutelage, name) for name in tutelage.__all__]"
    assert loaded_after(code, tmp_path).isdisjoint([*HEAVY, "gymnasium"])


def test_listing_the_teachers_loads_no_algorithm(tmp_path):
    loaded = {
        name for name in loaded_after("tutelage.list_teachers()", tmp_path) if name.startswith("tutelage.teachers.")
    }
    families = {
        module_name(path).removesuffix(".__init__")
        for path in LIBRARY
        if path.startswith("teachers/") and path.endswith("/__init__.py")
    }
    assert loaded <= families


@pytest.mark.parametrize(
    "step", ["pass", "[getattr(tutelage, name) for name in tutelage.__all__]; tutelage.list_teachers()"]
)
def test_importing_the_package_changes_no_global_state(step, tmp_path):
    code = f"""
import json, random, signal, warnings, os, threading
import numpy as np

def state():
    return [
        repr(random.getstate()),
        repr(np.random.get_state()),
        repr(np.geterr()),
        repr(np.get_printoptions()),
        repr(warnings.filters),
        repr([signal.getsignal(s) for s in signal.valid_signals()]),
        repr(sorted(os.environ.items())),
        os.getcwd(),
        threading.active_count(),
    ]

before = state()
import tutelage
{step}
print(json.dumps([before, state()]))
"""
    before, after = fresh_python(code, tmp_path)
    assert after == before
