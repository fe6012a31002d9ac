"""Archives of a lab's scores."""

from __future__ import annotations

import re

import numpy as np
import pytest
from tutelage.benchmarks import LabConfig, run_lab
from tutelage.benchmarks.lab.folder import this_version
from tutelage.errors import RunError
from tutelage.state import load_state, save_state


def config(**settings):
    return LabConfig(
        **{"teachers": ["random"], "spaces": ["2d-10"], "seeds": 2, "episodes": 300, "animate": [], **settings}
    )


@pytest.fixture
def archive(tmp_path):
    run_lab(config(), tmp_path / "lab", quiet=True, page=tmp_path / "page.md")
    return tmp_path / "page" / "scores.npz"


def test_runs_of_an_archive_need_not_be_played_again(archive, tmp_path, monkeypatch):
    expected = run_lab(config(), tmp_path / "lab", quiet=True).cells["random", "2d-10"]
    monkeypatch.setattr("tutelage.benchmarks.lab.folder.play_run", None)  # playing would fail
    taken = run_lab(config(), tmp_path / "again", quiet=True, take=archive).cells["random", "2d-10"]
    assert np.array_equal(taken.scores, expected.scores)
    assert np.array_equal(taken.costs, expected.costs)


def test_what_an_archive_lacks_is_played(archive, tmp_path):
    more = run_lab(config(seeds=3, teachers=["random", "riac"]), tmp_path / "more", quiet=True, take=archive)
    assert {key: len(cell.seeds) for key, cell in more.cells.items()} == {
        ("random", "2d-10"): 3,
        ("riac", "2d-10"): 3,
    }


def test_runs_with_other_settings_are_not_taken_over(archive, tmp_path):
    other = run_lab(config(episodes=200), tmp_path / "other", quiet=True, take=archive)
    assert other.cells["random", "2d-10"].points[-1] == 200


def test_runs_to_make_animations_of_are_played(archive, tmp_path):
    run_lab(config(animate=["2d-10"], seeds=1), tmp_path / "film", quiet=True, take=archive)
    assert (tmp_path / "film" / "animations" / "random__2d-10.gif").exists()


DAMAGES = {
    "missing": lambda state: {"runs": state["runs"]},
    "scores": lambda state: {**state, "curves": state["curves"] * [[1.0], [1e6]] + [[0.0], [101.0]]},
    "points": lambda state: {**state, "curves": state["curves"] * np.nan},
    "texts": lambda state: {**state, "curves": state["curves"].astype(str) + np.array("x")},
    "lengths": lambda state: {**state, "lengths": state["lengths"] - 1},
    "negative cost": lambda state: {**state, "seconds": -1.0 - state["seconds"]},
    "infinite cost": lambda state: {**state, "seconds": state["seconds"] + np.inf},
    "cost of the last run": lambda state: {**state, "seconds": np.array([[1.0, 1.0], [1.0, np.nan]])},
    "versions": lambda state: {**state, "made_with": [state["made_with"][0]]},
    "runs": lambda state: {**state, "runs": [[3], [4]]},
}


@pytest.mark.parametrize("damage", ["cut", *DAMAGES])
def test_a_damaged_archive_is_named_and_nothing_is_taken_over(archive, tmp_path, damage):
    if damage == "cut":
        archive.write_bytes(archive.read_bytes()[:-200])
    else:
        save_state(archive, DAMAGES[damage](load_state(archive)))
    with pytest.raises(RunError, match=r"scores\.npz"):
        run_lab(config(), tmp_path / "again", quiet=True, take=archive)
    assert list((tmp_path / "again" / "runs").iterdir()) == []


def test_runs_of_another_version_are_told_of_and_stay_its_own(archive, tmp_path, capsys):
    state = load_state(archive)
    save_state(archive, {**state, "made_with": ["tutelage 0.0.1, commit 1a2b", state["made_with"][1]]})
    run_lab(config(), tmp_path / "again", take=archive, page=tmp_path / "copy.md")
    said = capsys.readouterr().err
    assert "Another version, tutelage 0.0.1, commit 1a2b, played 1 of the runs taken over; this is" in said
    assert load_state(tmp_path / "copy" / "scores.npz")["made_with"][0] == "tutelage 0.0.1, commit 1a2b"


def test_runs_of_the_same_version_are_taken_over_without_a_word_about_it(archive, tmp_path, capsys):
    run_lab(config(), tmp_path / "again", take=archive)
    said = capsys.readouterr().err
    assert "2 runs are taken over" in said
    assert "Another version" not in said


def test_runs_that_do_not_say_their_version_have_that_of_the_lab(tmp_path):
    run_lab(config(), tmp_path / "lab", quiet=True)
    for file in (tmp_path / "lab" / "runs").iterdir():
        result = load_state(file)
        del result["made_with"]
        save_state(file, result)
    settings = tmp_path / "lab" / "lab.yaml"
    settings.write_text(re.sub(r"tutelage: .*", "tutelage: 0.0.1", re.sub(r"  git: .*\n", "", settings.read_text())))
    more = config(seeds=3)
    run_lab(more, tmp_path / "lab", quiet=True, extend=True, page=tmp_path / "page.md")
    made_with = load_state(tmp_path / "page" / "scores.npz")["made_with"]
    assert made_with == ["tutelage 0.0.1", "tutelage 0.0.1", this_version()]
