"""Comparing teachers on mazes: which runs are played, what is refused, and what the tables say."""

from __future__ import annotations

import pytest
import yaml
from tutelage.benchmarks import maze_comparison
from tutelage.benchmarks.comparison_page import table_of, training_minutes
from tutelage.benchmarks.experiments.training_runs import train_command
from tutelage.benchmarks.maze_comparison import Comparison, compare, main
from tutelage.errors import RequestError, RunError

SMALL = {
    "suite": "fixed-8",
    "seeds": 1,
    "common": {
        "steps": 256,
        "n_envs": 4,
        "test_set": "uniform-50",
        "eval_episodes": 1,
        "student_args": {"rollout_steps": 128, "batch_size": 64},
    },
    "runs": {"uniform": {"teacher": "random"}, "plr": {"teacher": "plr"}},
}


def small(**changes):
    return Comparison.from_mapping({**SMALL, **changes})


def evaluation(*rates):
    rows = [{"maze": f"maze/m{i}", "solved_rate": rate} for i, rate in enumerate(rates)]
    return {"rows": rows, "checkpoint_step": 10}


def test_a_comparison_plays_and_evaluates_every_run_once(tmp_path, monkeypatch):
    preface, page = tmp_path / "page.md.in", tmp_path / "docs" / "page.md"
    preface.write_text("# Mazes\n\nWhat came out.\n")
    again = {"page": page, "preface": preface, "command": "python again"}
    text = compare(small(), tmp_path, jobs=1, quiet=True, **again)
    assert page.read_text().startswith("# Mazes\n\nWhat came out.")
    assert all(part in page.read_text() for part in (text, "python again", "--seed 0", "(page/levels.png)"))
    assert {file.name for file in page.with_suffix("").iterdir()} == {"comparison.csv", "gallery.png", "levels.png"}
    assert text.startswith("| Solved (%) | uniform (1) | plr (1) |")
    assert (tmp_path / "comparison.csv").read_text().count("\n") == 1 + 2 * 8
    assert {file.name for file in tmp_path.glob("*.png")} == {"levels.png", "gallery.png"}
    monkeypatch.setattr(maze_comparison, "train", None)  # nothing is trained again
    monkeypatch.setattr(maze_comparison, "evaluate_run_on_mazes", None)
    assert compare(small(), tmp_path, jobs=1, quiet=True) == text
    with pytest.raises(RequestError, match="runs of plr with other settings"):
        compare(small(runs={"plr": {"teacher": "plr", "teacher_args": {"buffer_size": 8}}}), tmp_path, quiet=True)


def test_a_run_that_fails_leaves_the_others_in_the_table(tmp_path, monkeypatch):
    def play(job, tell):
        if "plr" in job[0]:
            raise RunError("it fell over")
        return evaluation(0.5)

    monkeypatch.setattr(maze_comparison, "play", play)
    monkeypatch.setattr(maze_comparison, "_csv", lambda results: "")
    monkeypatch.setattr(maze_comparison, "write_figures", lambda folder, runs, steps: [])
    monkeypatch.setattr(maze_comparison, "training_minutes", lambda run: 1.5)
    with pytest.raises(RunError, match=r"1 of 2 runs failed, the first being .*plr-0: .*it fell over"):
        compare(small(), tmp_path, jobs=1, quiet=True)
    assert "uniform (1)" in (tmp_path / "comparison.md").read_text()
    assert "plr (" not in (tmp_path / "comparison.md").read_text()


def test_the_table_gives_each_seed_and_the_means_over_mazes():
    text = table_of({"a": [evaluation(1.0, 0.0), evaluation(0.5, 0.0)]})
    assert "| m0 | 75 (100, 50) |" in text
    assert "| mean | **37.5** [25.0, 50.0] |" in text


def test_the_command_of_a_run_makes_that_run():
    config = small().config("plr", 3)
    words = train_command(config, "out/plr-3").split()
    assert words[:4] == ["tutelage", "train", "Maze", "--teacher"]
    assert words[-4:] == ["--seed", "3", "--out", "out/plr-3"]
    assert words[words.index("--student-arg") :][:2] == ["--student-arg", "rollout_steps=128"]


@pytest.mark.parametrize(
    ("plain", "said"),
    [
        ([], "at least one label under 'runs'"),
        ({"runs": {}}, "at least one label under 'runs'"),
        ({"runs": {"a": {}}, "sweet": "fixed-8"}, "unknown setting 'sweet'"),
        ({"runs": {"a": {}}, "seeds": 0}, "seeds as a whole number of at least 1"),
        ({"runs": {"a": {"seed": 1}}}, "a names a seed"),
        ({"runs": {"a": {"step": 1}}}, "unknown setting 'step'"),
    ],
)
def test_a_wrong_file_is_refused(plain, said, tmp_path, capsys):
    (tmp_path / "file.yaml").write_text(yaml.safe_dump(plain))
    assert main([str(tmp_path / "file.yaml"), "--out", str(tmp_path / "out")]) == 2
    assert said.lower() in capsys.readouterr().err.lower()
    assert not (tmp_path / "out").exists()


def test_a_damaged_record_of_what_is_compared_is_named(tmp_path):
    (tmp_path / "comparison.yaml").write_text("suite: [")
    with pytest.raises(RunError, match=r"comparison\.yaml is damaged"):
        compare(small(), tmp_path, quiet=True)


def test_one_seed_has_no_interval():
    text = table_of({"a": [evaluation(0.25, 0.5)]})
    assert "| mean | **37.5** (1 seed: no interval) |" in text
    assert "| interquartile mean | **37.5** (1 seed: no interval) |" in text


def test_the_minutes_of_a_run_are_those_of_all_its_sessions(tmp_path):
    elapsed = ["60", "120", "", "30", "90"]
    rows = "\n".join(f"{value},{i}" for i, value in enumerate(elapsed))
    (tmp_path / "progress.csv").write_text(f"time/time_elapsed,time/total_timesteps\n{rows}\n")
    assert training_minutes(tmp_path) == 3.5


def test_a_page_needs_a_preface(tmp_path):
    with pytest.raises(RequestError, match="needs a preface"):
        compare(small(), tmp_path / "out", page=tmp_path / "page.md", quiet=True)
    assert not (tmp_path / "out").exists()
