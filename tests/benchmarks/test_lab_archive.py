"""Archives of a lab's scores."""

from __future__ import annotations

import numpy as np
import pytest
from tutelage.benchmarks import LabConfig, run_lab
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
    monkeypatch.setattr("tutelage.benchmarks.lab_folder.play_run", None)  # playing would fail
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


@pytest.mark.parametrize("damage", ["cut", "missing", "scores"])
def test_a_damaged_archive_is_named(archive, tmp_path, damage):
    if damage == "cut":
        archive.write_bytes(archive.read_bytes()[:-200])
    else:
        state = load_state(archive)
        state = {**state, "curves": state["curves"] * 1e6} if damage == "scores" else {"runs": state["runs"]}
        save_state(archive, state)
    with pytest.raises(RunError, match=r"scores\.npz|damaged"):
        run_lab(config(), tmp_path / "again", quiet=True, take=archive)
