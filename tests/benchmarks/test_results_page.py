"""Pages of results that one command makes: the experiments of docs/results/composable.md, and the page's parts."""

from __future__ import annotations

from pathlib import Path

import pytest
from played_experiments import TOY, experiment, play
from tutelage.benchmarks.benchmark_results import collect
from tutelage.benchmarks.experiments.files import read_experiment
from tutelage.benchmarks.experiments.folder import ExperimentFolder
from tutelage.benchmarks.results_page import main, welch_table, write_results_page
from tutelage.benchmarks.score_table import ScoreTable
from tutelage.errors import RequestError

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "results" / "composable"
NAMES = ["arms", "chain", "parity", "mazes", "subgoals"]
BASELINES = {"uniform", "random-order", "anti-curriculum", "hardest-only"}

SMALL = "about: Two on one space.\nseeds: 2\ncommon: {episodes: 300, evaluations: 3}\nteachers: [random, alp-gmm]\n"
SMALL += "environments: [2d-10]\n"


@pytest.fixture
def written(tmp_path):
    """A file of an experiment of seconds, and what the command makes of it."""
    (tmp_path / "small.yaml").write_text(SMALL)
    (tmp_path / "page.md.in").write_text("# A page\n\nBy hand.\n")
    return tmp_path


def command(folder: Path, *more: str) -> list[str]:
    page, preface, runs = (str(folder / name) for name in ("page.md", "page.md.in", "runs"))
    return [str(folder / "small.yaml"), "--page", page, "--preface", preface, "--runs", runs, "--jobs", "1", *more]


@pytest.mark.parametrize("name", NAMES)
def test_experiment_of_the_page_names_teachers_that_there_are(name):
    found, _ = read_experiment(str(FOLDER / f"{name}.yaml"))
    assert found.about
    assert found.baseline == "uniform"


@pytest.mark.parametrize("name", NAMES)
def test_experiment_of_the_page_has_every_baseline_in_every_environment(name):
    runs = read_experiment(str(FOLDER / f"{name}.yaml"))[0].distinct
    for column in {run.column for run in runs}:
        assert {run.label for run in runs if run.column == column} >= BASELINES


@pytest.mark.parametrize(("name", "least"), [("arms", 20), ("chain", 5), ("parity", 5), ("mazes", 5), ("subgoals", 5)])
def test_experiment_of_the_page_has_enough_seeds(name, least):
    assert len({run.seed for run in read_experiment(str(FOLDER / f"{name}.yaml"))[0].runs}) >= least


@pytest.mark.parametrize("name", NAMES)
def test_no_two_labels_of_an_experiment_are_the_same_runs(name):
    found, _ = read_experiment(str(FOLDER / f"{name}.yaml"))
    assert len(found.distinct) == len(found.runs)


def test_command_plays_the_experiments_and_writes_the_page(written, capsys):
    assert main(command(written)) == 0
    text = (written / "page.md").read_text()
    assert text.startswith("# A page\n\nBy hand.\n\n## Small\n\nTwo on one space.\n")
    for part in (
        "| `alp-gmm` |",
        "2 seeds, 4 runs of 300 episodes each",
        "(page/small.png)",
        "(page/small_area.png)",
        "tutelage benchmark",
    ):
        assert part in text
    assert {path.name for path in (written / "page").iterdir()} == {"small.png", "small_area.png", "small.csv"}
    assert str(written / "page.md") in capsys.readouterr().out


def test_page_has_a_radar_of_three_environments_for_each_level_of_knowledge(tmp_path):
    given = (
        SMALL.replace("[2d-10]", "[1d-4, 3d-2, 2d-4]")
        .replace("300", "2000")
        .replace("[random, alp-gmm]", "[random, adr]")
    )
    (tmp_path / "three.yaml").write_text(given + "experts: [low, high]\n")
    (tmp_path / "page.md.in").write_text("# A page\n")
    words = [str(tmp_path / "three.yaml"), *command(tmp_path)[1:]]
    assert main(words) == 0
    text = (tmp_path / "page.md").read_text()
    for level in ("low", "high"):
        assert f"(page/three_radar_{level}.png)" in text
        assert (tmp_path / "page" / f"three_radar_{level}.png").stat().st_size > 10_000


def test_page_says_what_has_not_been_played(written):
    assert main(command(written, "--play")) == 0
    assert "Nothing has been played yet" in (written / "page.md").read_text()
    assert not ExperimentFolder(written / "runs" / "small").exists


def test_unknown_experiment_to_play_is_refused(written, capsys):
    assert main(command(written, "--play", "large")) == 2
    assert "'large'" in capsys.readouterr().err


def test_two_experiments_of_one_name_are_refused(written):
    file = written / "small.yaml"
    with pytest.raises(RequestError, match="different names"):
        write_results_page([file, file], written / "page.md", preface="# A page", runs=written)


def test_tests_against_the_baseline_have_a_row_a_teacher_and_a_column_an_environment(tmp_path):
    played = play(experiment({**TOY, "common": {"episodes": 100, "evaluations": 2}}), tmp_path)
    table = welch_table(collect([played]).table(), "random")
    assert table.heads == ["Teacher", "2d-10", "arms-noisy"]
    assert [row[0] for row in table.rows] == ["`alp-gmm`"]


def test_nothing_is_tested_without_a_baseline():
    assert welch_table(ScoreTable.from_arrays({"a": [1.0, 2.0], "b": [1.0, 3.0]}, ["maze"]), None) is None
