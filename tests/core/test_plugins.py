"""Teachers and environments that an installed package offers by name."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import tutelage
import yaml
from tutelage.plugins import ENVIRONMENTS, TEACHERS, plugins
from tutelage.registry import teacher_class

try:
    import tomllib
except ImportError:  # Python 3.10
    tomllib = None

PLUGIN = Path(__file__).resolve().parents[2] / "examples" / "plugin"
needs_example = pytest.mark.skipif(tomllib is None or not PLUGIN.is_dir(), reason="needs the example, and tomllib")


def install(folder: Path, groups: dict[str, dict[str, str]], name: str = "a_package") -> None:
    """Write what pip would: metadata in a folder of the path."""
    info = folder / f"{name}-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name.replace('_', '-')}\nVersion: 0.1.0\n")
    lines = [
        line
        for group, entries in groups.items()
        for line in (f"[{group}]", *(f"{name} = {place}" for name, place in entries.items()))
    ]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n")


@pytest.fixture
def example(tmp_path, monkeypatch) -> Path:
    """The example package, as if installed."""
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    install(tmp_path, project["entry-points"], "tutelage_trolley")
    (tmp_path / "tutelage_trolley").symlink_to(PLUGIN / "tutelage_trolley")
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


@needs_example
def test_an_installed_teacher_is_listed_and_made_by_name(example):
    assert "near-success" in tutelage.list_teachers()
    teacher = tutelage.make_teacher("near-success", tutelage.TaskSpace(x=(0.0, 1.0)), seed=0, spread=0.01)
    tasks = teacher.sample(50)
    success = (tasks.values[:, 0] > 0.9).astype(float)
    teacher.update(
        tutelage.Outcomes(tasks=tasks.values, ids=tasks.ids, returns=success, lengths=[1] * 50, success=success)
    )
    assert (teacher.sample(100).values > 0.85).mean() > 0.6
    twin = tutelage.make_teacher("near-success", tutelage.TaskSpace(x=(0.0, 1.0)), seed=1)
    twin.load_state_dict(teacher.state_dict())
    assert (twin.sample(5).values == teacher.sample(5).values).sum() >= 1


@needs_example
def test_an_installed_teacher_and_environment_are_played_by_their_names(example):
    """In another process, as a user would: the experiment of the example, with a small budget."""
    plain = yaml.safe_load((PLUGIN / "trolley.yaml").read_text(encoding="utf-8"))
    plain.update(seeds=1, teachers=["near-success"])
    plain["common"] = {"steps": 256, "n_envs": 2, "eval_every": 256, "student_args": {"n_steps": 128, "batch_size": 64}}
    (example / "small.yaml").write_text(yaml.safe_dump(plain))
    code = "import sys; from tutelage.cli import main; sys.exit(main(sys.argv[1:]))"
    words = [sys.executable, "-c", code, "benchmark", "small.yaml", "--jobs", "1"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(words, cwd=example, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    assert "near-success alone has results" in done.stdout


@needs_example
def test_an_environment_goes_by_the_place_of_its_class_too(example):
    from tutelage.benchmarks.environments import EnvironmentMaker, resolve_environment

    for name in ("trolley", "tutelage_trolley.trolley:Trolley"):
        env = EnvironmentMaker(resolve_environment(name))()
        assert env.reset(options={"task": [2.0, 0.5]})[1]["task"].tolist() == [2.0, 0.5]


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"Near_Success": "a:B"}, r"The package a-package offers 'Near_Success'; a name is kebab-case"),
        ({"near": "a.b"}, r"offers 'near' at 'a.b'; expected 'package.module:ClassName'"),
    ],
)
def test_an_entry_point_that_is_wrong_is_left_out_with_a_warning(tmp_path, monkeypatch, entries, said):
    install(tmp_path, {TEACHERS: entries})
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.warns(UserWarning, match=said):
        assert not set(entries) & set(plugins(TEACHERS))


def test_the_second_of_two_packages_with_one_name_is_left_out_with_a_warning(tmp_path, monkeypatch):
    for package in ("one", "two"):
        install(tmp_path, {ENVIRONMENTS: {"trolley": f"{package}:Trolley"}}, package)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.warns(UserWarning, match="as another package does; name it by its place"):
        assert plugins(ENVIRONMENTS)["trolley"] in ("one:Trolley", "two:Trolley")


def test_ours_stay_ours(tmp_path, monkeypatch):
    install(tmp_path, {TEACHERS: {"alp-gmm": "elsewhere:AlpGmm"}})
    monkeypatch.syspath_prepend(str(tmp_path))
    assert teacher_class("alp-gmm").__module__.startswith("tutelage.")


def test_a_package_that_is_gone_is_named(tmp_path, monkeypatch):
    install(tmp_path, {TEACHERS: {"gone": "no_such_package:Teacher"}})
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ValueError, match="There is no teacher at 'no_such_package:Teacher'"):
        tutelage.make_teacher("gone", tutelage.TaskSpace(x=(0.0, 1.0)))
