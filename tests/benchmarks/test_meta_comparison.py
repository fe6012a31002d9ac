"""Comparisons of Meta-ACL: what is played, what the page says, and what is refused."""

from __future__ import annotations

import csv
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import yaml
from tutelage.benchmarks.meta_acl import training as meta_training
from tutelage.benchmarks.meta_acl.cell import MetaCell
from tutelage.benchmarks.meta_acl.page import experts_table, scores_table, welch_table
from tutelage.benchmarks.meta_acl.results import MetaResults, meta_csv
from tutelage.benchmarks.meta_acl.training import MetaTraining
from tutelage.benchmarks.meta_comparison import compare_meta, main, read_comparison
from tutelage.errors import RequestError, RunError
from tutelage.teachers.meta import Classroom

TOY = {
    "title": "A small space",
    "space": "classroom-v1",
    "common": {"episodes": 1_200, "batch": 10, "evaluations": 4},
    "classroom": {"students": 4, "first_seed": 1_000, "pretests": [300, 600], "random_task_ratio": 0.1},
    "students": 2,
    "conditions": {
        "AGAIN-R": {"teacher": "again", "alp_threshold": 0.0},
        "Restart": {"teacher": "again", "alp_threshold": 0.0, "restart": True},
        "Random": {"teacher": "random"},
    },
}
TRAINED = {
    "title": "Trained",
    "env": "small_environments:Walk-v0",
    "common": {
        "env_args": {"actions": "continuous"},
        "n_envs": 2,
        "test_set": "uniform-50",
        "steps": 384,
        "eval_every": 128,
        "checkpoint_every": 128,
        "student_args": {"n_steps": 32, "batch_size": 32, "n_epochs": 1},
    },
    "classroom": {"students": 2, "first_seed": 1_000, "pretests": [128], "fit_rate": 10, "n_bootstrap": 10},
    "students": 1,
    "conditions": {
        "AGAIN-R": {"teacher": "again", "fit_rate": 10, "n_bootstrap": 10, "alp_threshold": 0.01},
        "ALP-GMM 10 %": {"teacher": "alp-gmm", "fit_rate": 10, "n_bootstrap": 10},
    },
}


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """A comparison that has been played, and its page; treat it as read-only."""
    folder = tmp_path_factory.mktemp("meta")
    here = Path.cwd()
    os.chdir(folder)  # labs remember where their classroom is
    (folder / "page.md.in").write_text("# Meta-ACL\n\nWhat came out.\n")
    pages = {"page": folder / "docs" / "page.md", "preface": folder / "page.md.in", "command": "python again"}
    text = compare_meta([read_comparison(TOY)], "out", quiet=True, **pages)
    os.chdir(here)
    return folder, text


# --- Simulated students ----------------------------------------------------------------------------------------------


def test_the_classroom_has_its_students_and_none_of_the_new_ones(played):
    room = Classroom(played[0] / "out" / "a_small_space" / "classroom")
    assert room.names == [f"alp-gmm on classroom-v1, seed {seed}" for seed in range(1_000, 1_004)]
    assert room.description.pretests == (300, 600)


def test_the_page_has_the_preface_the_command_the_tables_and_pictures_that_exist(played):
    folder, text = played
    assert text == (folder / "docs" / "page.md").read_text()
    assert text.startswith("# Meta-ACL\n\nWhat came out.")
    assert "```sh\npython again\n```" in text
    assert "4 of them" in text
    assert "| AGAIN-R |" in text
    assert "- Restart: `again`, `alp_threshold=0.0`, `restart=True`" in text
    for name in ("a_small_space_curves.png", "a_small_space_expert_share.png", "a_small_space.csv"):
        assert f"(page/{name})" in text
        assert (folder / "docs" / "page" / name).stat().st_size > 0


def test_the_numbers_have_a_line_for_each_new_student(played):
    with open(played[0] / "out" / "a_small_space.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["condition"], row["seed"]) for row in rows] == [
        (label, seed) for label in ("AGAIN-R", "Restart", "Random") for seed in "01"
    ]
    assert all(row["expert"].startswith("alp-gmm on classroom-v1, seed 100") for row in rows[:4])
    assert all(row["expert"] == "" for row in rows[4:])
    assert rows[0]["kind"].startswith("rotation=")
    assert list(rows[0])[-5:] == [f"mastered_{at}" for at in (0, 300, 600, 900, 1_200)]


def test_nothing_is_played_twice(played, monkeypatch):
    monkeypatch.setattr("tutelage.benchmarks.lab.folder.play_run", None)
    monkeypatch.chdir(played[0])
    text = compare_meta([read_comparison(TOY)], "out", quiet=True)
    assert "| Random |" in text


def test_new_students_and_conditions_can_be_added_but_no_former_students(played, tmp_path, monkeypatch):
    monkeypatch.chdir(shutil.copytree(played[0], tmp_path / "copy"))
    more = {**TOY["conditions"], "Oracle": {"teacher": "oracle", "expert": "high"}}
    text = compare_meta([read_comparison({**TOY, "students": 3, "conditions": more})], "out", quiet=True)
    assert "3 new students" in text
    assert "| Oracle |" in text
    with pytest.raises(RequestError, match="is a lab with another seeds"):
        compare_meta([read_comparison({**TOY, "classroom": {**TOY["classroom"], "students": 5}})], "out", quiet=True)


def test_two_comparisons_need_titles_of_their_own(tmp_path):
    with pytest.raises(RequestError, match="a title of its own"):
        compare_meta([read_comparison(TOY), read_comparison(TOY)], tmp_path, quiet=True)


# --- Trained students ------------------------------------------------------------------------------------------------


def test_students_that_are_trained_are_compared_in_the_same_way(tmp_path, monkeypatch):
    comparison = read_comparison(TRAINED)
    text = compare_meta([comparison], tmp_path, quiet=True)
    assert Classroom(tmp_path / "trained" / "classroom").names == ["former-1000", "former-1001"]
    assert {path.name for path in (tmp_path / "trained").glob("*-0")} == {"AGAIN-R-0", "ALP-GMM_10_%-0"}
    with open(tmp_path / "trained.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[0]["expert"] in ("former-1000", "former-1001")
    assert [name for name in rows[0] if name.startswith("mastered")] == [f"mastered_{n}" for n in (128, 256, 384)]
    monkeypatch.setattr(meta_training, "train", None)  # nothing is trained again
    assert compare_meta([comparison], tmp_path, quiet=True) == text
    other = {**TRAINED, "conditions": {**TRAINED["conditions"], "AGAIN-R": {"teacher": "again", "k": 2}}}
    with pytest.raises(RequestError, match="has runs of AGAIN-R with other settings"):
        compare_meta([read_comparison(other)], tmp_path, quiet=True)
    other = {**TRAINED, "classroom": {**TRAINED["classroom"], "students": 3}}
    with pytest.raises(RequestError, match="has runs of the classroom with other settings"):
        compare_meta([read_comparison(other)], tmp_path, quiet=True)


def test_a_run_that_was_interrupted_goes_on(tmp_path, monkeypatch):
    begun = []
    folder = tmp_path / "run"
    config = MetaTraining.from_mapping(TRAINED).config("ALP-GMM 10 %", 0, tmp_path)
    folder.mkdir()
    (folder / "config.yaml").write_text("")
    monkeypatch.setattr(meta_training, "resume", lambda path, quiet: begun.append(path))
    monkeypatch.setattr(meta_training, "train", None)
    meta_training.play_run((str(folder), vars(config)), lambda steps: None)
    assert begun == [str(folder)]


def test_a_run_that_fails_is_named_and_the_others_go_on(tmp_path, monkeypatch):
    def play(job, tell):
        if "1001" in job[0]:
            raise RunError("It fell over.")

    monkeypatch.setattr(meta_training, "play_run", play)
    with pytest.raises(RunError, match=r"1 of 2 runs failed, the first being .*former-1001: It fell over\."):
        compare_meta([read_comparison(TRAINED)], tmp_path, quiet=True)


def test_each_seed_is_another_student():
    plain = {**TRAINED, "env": "StumpTracks", "common": {"env_args": {"body": "random({seed})"}}}
    comparison = MetaTraining.from_mapping(plain)
    assert comparison.config(None, 1_001, Path()).env_args == {"body": "random(1001)"}


# --- Tables ----------------------------------------------------------------------------------------------------------


def results(**changes):
    kinds = {0: {"start_0": 0, "start_1": 0}, 1: {"start_0": 3, "start_1": 4}}
    cells = {
        "AGAIN-R": MetaCell(
            np.arange(2),
            np.array([[0.0, 60.0, 100.0], [0.0, 50.0, 90.0]]),
            ["a", "b"],
            [{"start_0": 0, "start_1": 0}, {"start_0": 0, "start_1": 0}],
            np.array([[0.0, 0.4, 0.6], [0.0, 0.2, 0.4]]),
            np.array([1.0, 0.5]),
            np.array([50.0, 60.0]),
        ),
        "Random": MetaCell(np.arange(2), np.array([[0.0, 5.0, 10.0], [0.0, 0.0, 20.0]]), [None, None], [None, None]),
    }
    former = [{"start_0": 0, "start_1": 0}] * 2
    settings = {"near": ("start_0", "start_1"), **changes}
    return MetaResults(np.array([0, 50, 100]), cells, kinds, 50, np.array([70.0, 80.0]), former, **settings)


def test_scores_are_interquartile_means_means_and_spreads():
    first, second = scores_table(results()).splitlines()[2:]
    assert first.startswith("| AGAIN-R | ")
    assert "| 95.0 ± 7.1 | 1/2 | 50 | 55 |" in first
    assert second.endswith("| 15.0 ± 7.1 | 0/2 | – | – |")


def test_no_evaluation_is_in_the_table_twice():
    assert scores_table(results()).splitlines()[0].startswith("| Condition | 0 | 50 | 100 | Mean ± SD |")
    few = results()
    few.points = np.array([50, 75, 100])
    assert scores_table(few).splitlines()[0].startswith("| Condition | 50 | 100 | Mean ± SD |")


def test_differences_are_to_the_first_condition():
    row = welch_table(results()).splitlines()[2]
    assert row.startswith("| Random | −80.0 | −11.31 | 2 | 0.0077 | 0.0077 |")


def test_experts_are_of_the_same_kind_or_some_distance_away():
    row = experts_table(results()).splitlines()[2]
    assert row == "| AGAIN-R | 1/2 (50.0 %) | 2.50 | 40.0 % | 75 % |"
    assert len(experts_table(results()).splitlines()) == 3


def test_what_makes_a_kind_can_be_named():
    found = results(same=("start_1",))
    assert found.kind({"start_0": 1, "start_1": 2}) == (2,)
    assert results().kind({"start_0": 1, "start_1": 2}) == (1, 2)


def test_a_student_without_an_expert_has_none_in_the_numbers():
    lines = meta_csv(results()).splitlines()
    assert lines[1] == "AGAIN-R,0,start_0=0 start_1=0,a,start_0=0 start_1=0,0.5,0,60,100"
    assert lines[3] == "Random,0,start_0=0 start_1=0,,,,0,5,10"


# --- What is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"space": None}, "has no 'space'"),
        ({"students": None}, "has no 'students'"),
        ({"students": 2.5}, "students must be a whole number of at least 1, got 2.5"),
        ({"conditions": {"A": {"teacher": "random"}}}, "expected at least two"),
        ({"conditions": {"A": {"teacher": "random"}, "B": {}}}, "The condition B has no 'teacher'"),
        *(
            (
                {"conditions": {"A": {"teacher": "random"}, "B": {"teacher": "again", **wrong}}},
                "The condition B: .*" + said,
            )
            for wrong, said in [({"match": "kinds"}, "match"), ({"mach": "kind"}, "mach"), ({"k": 0}, "k must")]
        ),
        ({"conditions": {"A": {"teacher": "random"}, "B": 3}}, "The condition B: expected names and values, got 3"),
        ({"conditions": {"A": {"teacher": "random"}, "B": {"teacher": "agian"}}}, "Did you mean 'again'"),
        (
            {"conditions": {"A": {"teacher": "random"}, "B": {"teacher": "again", "classroom": "x"}}},
            "B is given the classroom of the comparison",
        ),
        ({"conditions": {"A B": {"teacher": "random"}, "A_B": {"teacher": "again"}}}, "would have the same folders"),
        ({"classroom": {"students": 0}}, "classroom: students must be a whole number of at least 1"),
        ({"classroom": {"students": 4, "first_seed": 1}}, "share the seed 1"),
        ({"common": {"batches": 3}}, "Did you mean 'batch'"),
        ({"env": "StumpTracks"}, "either a toy space"),
        ({"titel": "x"}, "Did you mean 'title'"),
        ({"space": "2d"}, "2d"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(value)[:40],
)
def test_a_file_that_makes_no_sense_is_refused(change, said):
    with pytest.raises(RequestError, match="(?s)" + said):
        read_comparison({**TOY, **change})


def test_a_page_needs_a_preface(tmp_path):
    with pytest.raises(RequestError, match="needs a preface"):
        compare_meta([read_comparison(TOY)], tmp_path, page=tmp_path / "page.md")


def test_the_command_says_in_one_line_what_is_wrong(tmp_path, capsys):
    (tmp_path / "a.yaml").write_text(yaml.safe_dump({**TOY, "students": 0}))
    assert main([str(tmp_path / "a.yaml"), "--out", str(tmp_path / "out")]) == 2
    assert main([str(tmp_path / "b.yaml"), "--out", str(tmp_path / "out")]) == 2
    (tmp_path / "c.yaml").write_bytes("title: é".encode("latin-1"))
    assert main([str(tmp_path / "c.yaml"), "--out", str(tmp_path / "out")]) == 2
    assert capsys.readouterr().err.count("\n") == 3
    assert not (tmp_path / "out").exists()
