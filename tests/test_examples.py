"""The examples run as a user would run them, with small budgets."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"

RUNS = {
    "wrap_your_env.py": [
        (["--steps", "2048"], "of the 25 test tasks"),
        (["--steps", "2048", "--variant", "native", "--teacher", "random"], "of the 25 test tasks"),
    ],
    "train_sb3.py": [(["--steps", "1024"], "the loaded teacher goes on with the same tasks: True")],
    "cleanrl_loop.py": [(["--steps", "2048"], "after:  length 0.20:")],
    "maze_memory.py": [(["--steps", "16384", "--suite", "fixed-8", "--memory", "frames"], "interquartile mean")],
    "words_as_beacons.py": [(["--steps", "2048", "--episodes", "5"], "without subgoals:")],
    "write_a_teacher.py": [(["--episodes", "500", "--seeds", "2"], "grid-progress  mean")],
}
"""The arguments of each run, and what its output must contain."""


def run(script: str, arguments: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run an example in an empty folder."""
    return subprocess.run(
        [sys.executable, str(EXAMPLES / script), *arguments],
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize(
    ("script", "arguments", "expected"), [(script, *each) for script, runs in RUNS.items() for each in runs]
)
def test_example_runs_and_says_what_came_out(script, arguments, expected, tmp_path):
    result = run(script, arguments, tmp_path)
    assert result.returncode == 0, result.stderr
    assert expected in result.stdout
    assert not list(tmp_path.iterdir()), "an example leaves nothing where it is run"


def test_every_example_is_run():
    assert set(RUNS) == {path.name for path in EXAMPLES.glob("*.py")}


@pytest.mark.parametrize("script", sorted(RUNS))
def test_example_opens_with_its_command(script):
    docstring = ast.get_docstring(ast.parse((EXAMPLES / script).read_text(encoding="utf-8")))
    assert f"python examples/{script}" in (docstring or "")
