"""What README.md and the documentation show works: the code runs, the commands exist, the links lead somewhere."""

from __future__ import annotations

import dataclasses
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import tyro
from tutelage import cli_classroom, cli_flags

ROOT = Path(__file__).resolve().parents[1]
WITH_CODE = [
    "README.md",
    "docs/getting_started.md",
    "docs/concepts.md",
    "docs/environments/index.md",
    "docs/wrappers/controlled.md",
    "docs/benchmark.md",
]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    if "_build" not in path.parts
)
COMMANDS = {
    "benchmark": cli_flags.Benchmark,
    "train": cli_flags.Train,
    "resume": cli_flags.Resume,
    "evaluate": cli_flags.Evaluate,
    "report": cli_flags.Report,
    "lab": cli_flags.Lab,
    "vae": cli_flags.TrainVAE,
    "list": cli_flags.List,
}


POSITIONAL = {
    *(("train", "env"), ("resume", "run"), ("evaluate", "run"), ("report", "run"), ("list", "kind")),
    ("benchmark", "experiment"),
}


def text_of(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def blocks(page: str, language: str) -> list[str]:
    """The code blocks of a page in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", text_of(page), flags=re.MULTILINE | re.DOTALL)


def commands(page: str) -> list[str]:
    """The ``tutelage`` commands in the shell blocks of a page, without comments and shell variables."""
    lines = [line.strip() for block in blocks(page, "sh") for line in block.splitlines()]
    return [line for line in lines if line.startswith("tutelage ") and "$" not in line]


@pytest.mark.parametrize("page", WITH_CODE)
def test_python_blocks_of_a_page_run_one_after_the_other(page, tmp_path):
    script = tmp_path / "page.py"
    script.write_text("\n".join(blocks(page, "python")), encoding="utf-8")
    result = subprocess.run(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("command", sorted({command for page in PAGES for command in commands(page)}))
def test_command_in_the_documentation_is_one(command, tmp_path):
    name, *words = shlex.split(command, comments=True)[1:]
    if name == "vae":
        assert words.pop(0) == "train"
    if "--config" in words:
        at = words.index("--config")
        del words[at : at + 2]
    flags = cli_classroom.COMMANDS[words.pop(0)] if name == "classroom" else COMMANDS[name]
    assert isinstance(tyro.cli(flags, args=words), flags)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_command_line_page_names_every_flag(name):
    section = re.split(rf"^## {name}$", text_of("docs/command_line.md"), flags=re.MULTILINE)[1].split("\n## ")[0]
    for field in dataclasses.fields(COMMANDS[name]):
        if (name, field.name) not in POSITIONAL:
            assert f"`--{field.name.replace('_', '-')}" in section


@pytest.mark.parametrize("page", PAGES)
def test_links_and_pictures_of_a_page_exist(page):
    for target in re.findall(r"\]\(([^)\s]+)\)", text_of(page)):
        if not re.match(r"[a-z]+:|#", target):
            assert (ROOT / page).parent.joinpath(target.partition("#")[0]).exists(), f"{page} links to {target}"


def test_every_teacher_has_a_page_and_a_row_in_both_tables():
    families = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "teachers").rglob("__init__.py"))
    names = re.findall(r'register_teacher\(\s*"([\w-]+)"', families)
    assert names
    for name in names:
        assert (ROOT / "docs/teachers" / f"{name.replace('-', '_')}.md").exists()
        for page in ("README.md", "docs/teachers/index.md"):
            assert f"| [`{name}`]" in text_of(page)


def test_every_environment_has_a_row_in_both_tables():
    from tutelage.benchmarks.environments import our_environments

    for env_id in our_environments():
        for page in ("README.md", "docs/environments/index.md"):
            assert f"| [`{env_id}`]" in text_of(page)


def test_every_make_target_in_the_documentation_exists():
    targets = set(re.findall(r"^([a-z-]+):.*## ", text_of("Makefile"), flags=re.MULTILINE))
    for page in PAGES:
        for target in re.findall(r"`make ([a-z -]+)`", text_of(page)):
            assert set(target.split()) <= targets, f"{page} names make {target}"
