"""The lab: what it plays, what it keeps, what it refuses."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image
from tutelage import __version__
from tutelage.benchmarks.lab.config import parse_teacher_args
from tutelage.benchmarks.lab.folder import LabFolder
from tutelage.benchmarks.lab.lab import LabConfig, run_lab
from tutelage.benchmarks.lab.page import read_preface, space_table
from tutelage.benchmarks.lab.presets import LAB_PRESETS, lab_preset
from tutelage.benchmarks.lab.results import CellResults, LabResults
from tutelage.benchmarks.lab.run import LabRun, build_teacher, evaluation_points, play_run, refusals, runs_of
from tutelage.cli import main
from tutelage.envs import ARM_FORMS, TOY_FORMS, ToyStudent
from tutelage.errors import RequestError, RunError
from tutelage.state import load_state, save_state

HERE = Path(__file__).parents[1]
FILM = ("kinds", "episode", "score", "competence", "tasks", "n_tasks", "density", "shapes")


def small(**changes):
    settings = {"seeds": 2, "episodes": 600, "evaluations": 6, "animate": []}
    return LabConfig(**{"teachers": ["alp-gmm", "random"], "spaces": ["2d-10", "3d-3"], **settings, **changes})


def scores_of(results):
    return {key: cell.scores.tolist() for key, cell in results.cells.items()}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A small lab that has ended; treat it as read-only."""
    folder = tmp_path_factory.mktemp("labs") / "done"
    return folder, run_lab(small(animate=["2d-10"]), folder, quiet=True, command="tutelage lab …")


# --- One run ---------------------------------------------------------------------------------------------------------


def test_a_run_is_a_teacher_and_a_student_one_outcome_at_a_time():
    from tutelage import Outcomes, make_teacher

    result = play_run(LabRun("alp-gmm", "2d-10", 3, 700, evaluations=7, args={"fit_rate": 50}))
    student = ToyStudent("2d-10", 3)
    teacher = make_teacher("alp-gmm", student.task_space, seed=3, fit_rate=50)
    scores = [0.0]
    for i in range(700):
        tasks = teacher.sample()
        returns = student.play(tasks.values)
        teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=returns, lengths=[1]))
        if (i + 1) % 100 == 0:
            scores.append(student.score())
    assert result["scores"].tolist() == scores
    assert result["points"].tolist() == [0, 100, 200, 300, 400, 500, 600, 700]


def test_a_teacher_that_follows_progress_masters_more_than_chance():
    finals = {
        teacher: [play_run(LabRun(teacher, "2d-10", seed, 6_000, evaluations=1))["scores"][-1] for seed in range(3)]
        for teacher in ("alp-gmm", "random")
    }
    assert min(finals["alp-gmm"]) > max(finals["random"])


def test_the_cost_is_that_of_the_teacher_alone():
    result = play_run(LabRun("lab_teachers:Costly", "2d-10", 0, 50))
    assert 0.1 <= result["sample_seconds"] < 0.15
    assert 0.1 <= result["update_seconds"] < 0.15
    cheap = play_run(LabRun("random", "2d-100", 0, 200, batch=200))  # a student ten times as large
    assert cheap["sample_seconds"] + cheap["update_seconds"] < 0.02


@pytest.mark.parametrize(
    ("episodes", "batch", "evaluations", "points"),
    [
        (100, 1, 4, [0, 25, 50, 75, 100]),
        (100, 30, 4, [0, 30, 60, 90, 100]),
        (3, 1, 100, [0, 1, 2, 3]),
        (5, 9, 2, [0, 5]),
    ],
)
def test_scores_are_taken_at_the_end_of_batches(episodes, batch, evaluations, points):
    run = LabRun("random", "2d-10", 0, episodes, batch, evaluations)
    assert evaluation_points(run).tolist() == points
    assert len(play_run(run)["scores"]) == len(points)


def test_an_expert_tells_where_to_begin():
    for form in ("rugged", "classroom-v1", "classroom-v2"):
        result = play_run(LabRun("lab_teachers:Knowing", form, 1, 80, evaluations=1, expert="high"))
        assert result["scores"][-1] == 0.25


def test_a_level_of_knowledge_can_be_given_to_one_teacher():
    config = small(teachers=["alp-gmm", "alp-gmm@high"], teacher_args={"alp-gmm@high": {"expert": "high"}})
    runs = [run for run in runs_of(config) if run.seed == 0 and run.space == "2d-10"]
    assert [(run.expert, run.args) for run in runs] == [("low", {}), ("high", {})]


def test_a_bare_no_of_a_yaml_file_is_a_level_of_knowledge():
    config = small(expert=False, teacher_args={"alp-gmm": {"expert": False}})
    assert (config.expert, config.expert_of("alp-gmm"), config.args_of("alp-gmm")) == ("no", "no", {})


# --- A lab -----------------------------------------------------------------------------------------------------------


def test_it_writes_tables_numbers_and_pictures(done):
    folder, results = done
    page = (folder / "results.md").read_text(encoding="utf-8")
    for text in ("tutelage lab …", "### 2d-10", "### 3d-3", "| `alp-gmm` |", "µs per episode", "P(better than random)"):
        assert text in page
    for target in re.findall(r"\]\(([^)]+\.(?:png|gif))\)", page):
        assert (folder / target).exists()
    lines = (folder / "results.csv").read_text().splitlines()
    assert len(lines) == 1 + 2 * 2 * 2 * 7
    assert results.cells["random", "3d-3"].scores.shape == (2, 7)


def test_an_animation_shows_the_first_seed_of_each_two_dimensional_run(done):
    folder, _ = done
    assert sorted(f.name for f in (folder / "animations").iterdir()) == ["alp-gmm__2d-10.gif", "random__2d-10.gif"]
    film = Image.open(folder / "animations" / "alp-gmm__2d-10.gif")
    assert film.n_frames == 60
    pictures = []
    for i in (0, 59):
        film.seek(i)
        pictures.append(np.asarray(film.convert("RGB")))
    assert (pictures[0] != pictures[1]).any()


def test_films_of_boxes_and_of_noise_are_drawn(tmp_path):
    teachers = [name for name in ("riac", "adr") if name in lab_preset("quick")["teachers"]]
    if not teachers:
        pytest.skip("no teacher with boxes yet")
    config = small(teachers=teachers, spaces=["noisy"], seeds=1, episodes=500, animate=["all"])
    run_lab(config, tmp_path / "lab", quiet=True)
    assert len(list((tmp_path / "lab" / "animations").iterdir())) == len(teachers)


def test_the_numbers_do_not_depend_on_the_number_of_processes(done, tmp_path):
    results = run_lab(small(), tmp_path / "lab", quiet=True, jobs=2)
    assert scores_of(results) == scores_of(done[1])


def test_all_teachers_meet_the_same_student_of_a_seed():
    layouts = [ToyStudent("impossible", run.seed).kinds for run in runs_of(small(spaces=["impossible"], seeds=1))]
    assert all((layout == layouts[0]).all() for layout in layouts)


def test_what_has_ended_is_not_played_again_and_what_is_missing_is(tmp_path):
    folder = tmp_path / "lab"
    before = run_lab(small(), folder, quiet=True)
    files = sorted((folder / "runs").iterdir())
    assert len(files) == 8
    times = {file: file.stat().st_mtime_ns for file in files}
    files[3].unlink()
    after = run_lab(small(), folder, quiet=True)
    assert scores_of(after) == scores_of(before)
    assert [file for file in files if file.stat().st_mtime_ns != times[file]] == [files[3]]


def test_another_configuration_is_refused_and_an_extension_allowed(tmp_path):
    folder = tmp_path / "lab"
    run_lab(small(spaces=["2d-10"], seeds=1), folder, quiet=True)
    for changes in ({"episodes": 700}, {"batch": 2}, {"seeds": 2}, {"teacher_args": {"alp-gmm": {"fit_rate": 50}}}):
        (name,) = changes
        with pytest.raises(RequestError, match=f"is a lab with another {name}.*choose another folder"):
            run_lab(small(**{"spaces": ["2d-10"], "seeds": 1, **changes}), folder, quiet=True)
    more = small(spaces=["2d-10", "3d-3"], teachers=["alp-gmm", "random", "random@again"])
    results = run_lab(more, folder, quiet=True, extend=True)
    assert len(results.cells) == 6
    assert LabFolder(folder).read_config() == more
    with pytest.raises(RequestError, match="another teachers, episodes"):
        run_lab(small(episodes=700), folder, quiet=True, extend=True)
    with pytest.raises(RequestError, match="another teachers, seeds"):
        run_lab(small(teachers=["random"], seeds=1), folder, quiet=True, extend=True)


@pytest.mark.parametrize("damage", ["truncate", "empty", "flip", "other", "stranger"])
def test_a_damaged_file_is_named_with_what_to_do(damage, done, tmp_path):
    folder = tmp_path / "lab"
    shutil.copytree(done[0], folder)
    file = folder / "runs" / "alp-gmm__2d-10__1.npz"
    content = file.read_bytes()
    if damage == "other":
        shutil.copyfile(folder / "runs" / "random__2d-10__1.npz", file)
    elif damage == "stranger":
        np.savez(file, a=np.arange(3))
    else:
        half = len(content) // 2
        changed = {"truncate": content[:half], "empty": b"", "flip": content[:half] + b"\xff" * 9 + content[half + 9 :]}
        file.write_bytes(changed[damage])
    with pytest.raises(RunError, match=r"alp-gmm__2d-10__1\.npz.*Delete it, and the same command plays that run anew"):
        run_lab(small(animate=["2d-10"]), folder, quiet=True)
    file.unlink()
    assert LabFolder(folder).load(LabRun("alp-gmm", "2d-10", 1, 600, evaluations=6, expert="low")) is None


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sample_seconds": float("nan")}, "its sample_seconds are nan"),
        ({"update_seconds": -5.0}, "its update_seconds are -5.0"),
        ({"sample_seconds": "abc"}, "its sample_seconds are 'abc'"),
        ({"update_seconds": True}, "its update_seconds are True"),
        ({"scores": np.array(["a"] * 7)}, "its scores do not fit"),
        ({"scores": np.full(7, np.nan)}, "its scores are no percentages"),
        ({"points": None}, "its evaluations do not fit"),
        ({"points": [[0], [1, 2]]}, "damaged or of another lab: ValueError"),
        ({"run": None}, "is another"),
        ({"made_with": 3}, "its version is 3"),
        ({"film": None}, "it has no film"),
        ({"film": "x"}, "its film is a str"),
        ({"film": {}}, "its film has no 'kinds'"),
        ({"film": dict.fromkeys(FILM, np.zeros(0))}, "its film is empty"),
    ],
)
def test_results_that_no_run_has_are_refused_and_the_file_named(change, said, done, tmp_path):
    result = load_state(done[0] / "runs" / "alp-gmm__2d-10__0.npz")
    with pytest.raises(RunError, match=rf"alp-gmm__2d-10__0\.npz.*{re.escape(said)}.*Delete it, and the same command"):
        reloaded({**result, **change}, tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("competence", np.zeros((3, 3))),
        ("kinds", np.zeros((10, 9), dtype=int)),
        ("score", np.array(["x"] * 60)),
        ("n_tasks", np.zeros(2, dtype=int)),
        ("n_tasks", np.full(60, -1)),
        ("tasks", np.zeros((5, 2), dtype=np.float32)),
        ("density", [None]),
        ("density", ["x"] * 60),
        ("shapes", None),
        ("shapes", [{"values": np.ones(2), "centres": np.zeros((3, 2)), "covariances": np.zeros((2, 2, 2))}] * 60),
        ("shapes", [{"values": np.ones(2), "low": np.zeros((2, 2))}] * 60),
        ("shapes", [3] * 60),
    ],
)
def test_a_film_of_another_structure_is_refused(name, value, done, tmp_path):
    result = load_state(done[0] / "runs" / "alp-gmm__2d-10__0.npz")
    with pytest.raises(RunError, match=rf"alp-gmm__2d-10__0\.npz.*'{name}' of its film do not fit"):
        reloaded({**result, "film": {**result["film"], name: value}}, tmp_path)


def test_a_film_that_cannot_be_drawn_is_named(done, tmp_path, monkeypatch):
    shutil.copytree(done[0], tmp_path / "lab")
    file = tmp_path / "lab" / "runs" / "alp-gmm__2d-10__0.npz"
    result = load_state(file)
    save_state(file, result)  # newer than its animation

    def write_animation(film, title, path):
        raise ValueError("no such thing")

    monkeypatch.setattr("tutelage.benchmarks.lab.lab.write_animation", write_animation)
    with pytest.raises(RunError, match=r"film in .*alp-gmm__2d-10__0\.npz cannot be drawn: ValueError.*Delete it"):
        run_lab(small(animate=["2d-10"]), tmp_path / "lab", quiet=True)


def reloaded(result, folder):
    """Results of the filmed run of `done`, written to a file and read again."""
    run = LabRun("alp-gmm", "2d-10", 0, 600, evaluations=6, expert="low", filmed=True)
    lab = LabFolder(folder)
    lab.runs_folder.mkdir()
    save_state(lab.file_of(run), result)
    return lab.load(run)


def test_a_run_says_which_version_played_it(done):
    assert load_state(done[0] / "runs" / "random__3d-3__1.npz")["made_with"].startswith(f"tutelage {__version__}")


@pytest.mark.parametrize("content", ["teachers: [", "- 3", "{teachers: [random], spaces: [2d-10], versions: x}"])
def test_a_damaged_configuration_is_named(content, tmp_path):
    (tmp_path / "lab.yaml").write_text(content)
    with pytest.raises(RunError, match=r"lab\.yaml is damaged"):
        run_lab(small(), tmp_path, quiet=True)


def test_a_folder_with_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("x")
    with pytest.raises(RequestError, match="is not empty and is no lab"):
        run_lab(small(), tmp_path, quiet=True)
    assert [f.name for f in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_run_that_fails_does_not_stop_the_others(jobs, tmp_path):
    config = small(teachers=["lab_teachers:Failing", "random"], spaces=["2d-10"])
    said = r"2 of 4 runs failed.*Failing on 2d-10, seed 0: ZeroDivisionError: nothing to divide by.*kept in"
    with pytest.raises(RunError, match=said):
        run_lab(config, tmp_path / "lab", quiet=True, jobs=jobs)
    assert len(list((tmp_path / "lab" / "runs").iterdir())) == 2
    assert (
        "Not all seeds have ended: `lab_teachers:Failing` on 2d-10 (0 of 2)"
        in (tmp_path / "lab/results.md").read_text()
    )


def test_a_worker_that_is_killed_is_named_and_its_run_is_played_the_next_time(tmp_path):
    args = {"lab_teachers:Dying": {"flag": str(tmp_path / "flag")}}
    config = small(teachers=["lab_teachers:Dying", "random"], spaces=["2d-10"], teacher_args=args)
    with pytest.raises(RunError, match=r"1 of 4 runs failed.*Dying.*its worker process died with exit status -9"):
        run_lab(config, tmp_path / "lab", quiet=True, jobs=2)
    assert len(run_lab(config, tmp_path / "lab", quiet=True).cells["lab_teachers:Dying", "2d-10"].seeds) == 2


def test_an_interrupted_lab_keeps_what_has_ended(tmp_path):
    config = small(teachers=["random", "lab_teachers:Interrupting"], spaces=["2d-10"], seeds=1)
    config.teacher_args = {"lab_teachers:Interrupting": {"at": 300}}
    with pytest.raises(KeyboardInterrupt, match=r"Stopped; 1 of 2 runs have ended .* the same command goes on\."):
        run_lab(config, tmp_path / "lab", quiet=True)
    assert [f.name for f in (tmp_path / "lab" / "runs").iterdir()] == ["random__2d-10__0.npz"]


def test_ctrl_c_ends_the_workers_and_keeps_what_has_ended(tmp_path):
    words = ["lab", "--teachers", "random", "lab_teachers:Slow", "--spaces", "2d-10", "--seeds", "30", "--jobs", "2"]
    words += ["--episodes", "100", "--animate", "--out", "lab"]
    command = [sys.executable, "-m", "tutelage", *words]
    environment = {**os.environ, "PYTHONPATH": f"{HERE}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        # A suite that runs in the background of a shell ignores Ctrl-C, and so would its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.time() + 240  # a busy machine
    while time.time() < deadline and len(list((tmp_path / "lab/runs").glob("*.npz"))) < 3:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 1
    assert re.search(r"tutelage: Stopped; \d+ of 60 runs have ended", said)
    assert "Traceback" not in said
    ended = len(list((tmp_path / "lab/runs").glob("*.npz")))
    assert 3 <= ended < 60
    assert not list((tmp_path / "lab/runs").glob(".*.tmp"))


# --- What is refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"teachers": ["alp-gm"]}, "Unknown teacher 'alp-gm'. Did you mean 'alp-gmm'"),
        ({"teachers": []}, "teachers must be a list of names"),
        ({"teachers": ["random", "random"]}, "'random' is given twice"),
        ({"spaces": ["rugedd"]}, "Unknown toy space 'rugedd'. Did you mean 'rugged'"),
        ({"seeds": 0}, "seeds must be a whole number of at least 1, got 0"),
        ({"episodes": 1.5}, "episodes must be a whole number"),
        ({"batch": True}, "batch must be a whole number"),
        ({"evaluations": "many"}, "evaluations must be a whole number"),
        ({"expert": "hihg"}, "Unknown expert 'hihg'. Did you mean 'high'"),
        ({"animate": ["4d-4"]}, "Unknown space to animate '4d-4'"),
        ({"teacher_args": {"riac2": {"a": 1}}}, "Unknown teacher in teacher_args 'riac2'"),
        ({"teacher_args": ["a=1"]}, "teacher_args: expected hyperparameters by teacher"),
        ({"teachers": ["alp-gmm@"]}, "'alp-gmm@' has no label after the @; expected e.g. 'alp-gmm@often'"),
        ({"teacher_args": {"random": {"expert": "high"}}}, "leave 'expert' out for random: no expert knowledge"),
        ({"teacher_args": {"alp-gmm": {"expert": "hihg"}}}, "Unknown expert 'hihg'. Did you mean 'high'"),
        ({"teacher_args": {"alp-gmm": {"seed": 3}}}, "leave 'seed' out, for the lab sets the seeds"),
        ({"teacher_args": {"alp-gmm": {"task_space": 3}}}, "leave 'task_space' out, for the lab sets the task space"),
    ],
)
def test_a_bad_configuration_is_refused(changes, said):
    with pytest.raises(RequestError, match=re.escape(said)):
        small(**changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"teachers": ["lab_teachers:Needy"]}, "lab_teachers:Needy needs 'regret', which a toy student cannot give"),
        ({"teacher_args": {"alp-gmm": {"fit_rat": 1}}}, "Did you mean 'fit_rate'"),
        ({"teacher_args": {"alp-gmm": {"fit_rate": -1}}}, "alp-gmm cannot teach 2d-10: fit_rate"),
    ],
)
def test_a_teacher_that_cannot_teach_is_refused_before_anything_is_written(changes, said, tmp_path):
    with pytest.raises(RequestError, match=re.escape(said)):
        run_lab(small(**changes), tmp_path / "lab", quiet=True)
    assert not (tmp_path / "lab").exists()


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TypeError("not that"), "random cannot teach 2d-10: not that"),
        (OverflowError("too large"), "random cannot teach 2d-10: OverflowError: too large"),
        (IndexError("out of bounds"), "random cannot teach 2d-10: IndexError: out of bounds"),
    ],
)
def test_what_a_constructor_raises_is_a_refusal(error, said, monkeypatch):
    def make_teacher(*args, **kwargs):
        raise error

    monkeypatch.setattr("tutelage.benchmarks.lab.run.make_teacher", make_teacher)
    with pytest.raises(RequestError, match=re.escape(said)):
        build_teacher(LabRun("random", "2d-10", 0, 10), ToyStudent("2d-10", 0))


def test_or_it_is_left_out_and_the_page_says_why(tmp_path):
    config = small(teachers=["lab_teachers:Needy", "random"], spaces=["2d-10"], seeds=1)
    for _ in range(2):
        results = run_lab(config, tmp_path / "lab", quiet=True, skip_refused=True)
        assert list(results.cells) == [("random", "2d-10")]
        assert "- `lab_teachers:Needy`: lab_teachers:Needy needs 'regret'" in (tmp_path / "lab/results.md").read_text()


@pytest.mark.parametrize("flag", ["fit_rate=1", "alp-gmm.fit_rate", "alp-gmm.=1", ".fit_rate=1"])
def test_a_bad_teacher_argument_is_refused(flag):
    with pytest.raises(RequestError, match="expected"):
        parse_teacher_args([flag])


def test_a_teacher_given_by_its_place_has_hyperparameters_too():
    assert parse_teacher_args(["my.module:Mine.rate=0.5"]) == {"my.module:Mine": {"rate": 0.5}}


# --- Presets and the command -----------------------------------------------------------------------------------------


def test_the_preset_of_the_results_page_has_the_spaces_it_promises():
    assert lab_preset("toy-spaces")["seeds"] >= 20
    spaces = set(lab_preset("toy-spaces")["spaces"])
    assert spaces == {name for name in TOY_FORMS if not name.startswith("classroom")}


@pytest.mark.parametrize("name", LAB_PRESETS)
def test_every_teacher_of_a_preset_can_be_built(name):
    refused = refusals(LabConfig(**lab_preset(name)))
    assert all("needs" in why for why in refused.values()), refused


def test_the_gaussian_oracle_of_a_preset_walks_from_corner_to_corner():
    config = LabConfig(**lab_preset("toy-spaces"))
    for space in ("2d-10", "4d-4"):
        run = next(run for run in runs_of(config) if (run.teacher, run.space) == ("gaussian-oracle", space))
        teacher = build_teacher(run, ToyStudent(space, 0))
        teacher.stage = teacher.n_stages - 1
        assert teacher.mean.tolist() == [1.0] * len(teacher.mean)


def test_the_command_prints_a_table_and_goes_on_without_flags(tmp_path, capsys):
    out = str(tmp_path / "lab")
    words = ["--teachers", "alp-gmm", "random", "--spaces", "2d-10", "--seeds", "1", "--episodes", "3e2", "--animate"]
    words += ["--teacher-arg", "alp-gmm.fit_rate=50", "--jobs", "1"]
    assert main(["lab", *words, "--out", out, "--page", str(tmp_path / "docs" / "toy.md")]) == 0
    first, err = capsys.readouterr()
    assert "| `alp-gmm` |" in first
    assert "2 of 2 runs to play" in err
    page = (tmp_path / "docs" / "toy.md").read_text()
    assert "(toy/curves_more_cells.png)" in page
    assert (tmp_path / "docs" / "toy" / "curves_more_cells.png").exists()
    assert "- `alp-gmm`: `fit_rate=50`" in page
    assert main(["lab", "--out", out]) == 0
    again, err = capsys.readouterr()
    assert again == first
    assert "have ended" in err


def test_flags_win_over_the_file_and_the_file_over_the_preset(tmp_path, capsys):
    file = tmp_path / "lab.yaml"
    settings = {"spaces": ["2d-5"], "episodes": 200, "seeds": 1, "animate": [], "teachers": ["random", "alp-gmm"]}
    settings["teacher_args"] = {"alp-gmm": {"fit_rate": 60, "random_task_ratio": 0.5}}
    file.write_text(yaml.safe_dump(settings))
    words = ["--preset", "quick", "--config", str(file), "--episodes", "100", "--teacher-arg", "alp-gmm.fit_rate=50"]
    assert main(["lab", *words, "--out", str(tmp_path / "lab"), "--jobs", "1", "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")
    config = LabFolder(tmp_path / "lab").read_config()
    assert (config.episodes, config.seeds, config.spaces) == (100, 1, ["2d-5"])
    assert config.teacher_args["alp-gmm"] == {"fit_rate": 50, "random_task_ratio": 0.5}


PREFACE = """# Mine

Written by hand, see [the toy grid](../environments/toy_grid.md).

| a | b |
| --- | --- |
| 1 | 2 |
"""


@pytest.fixture
def preface(tmp_path):
    file = tmp_path / "preface.txt"
    file.write_text(PREFACE)
    return file


def test_a_page_begins_with_its_preface_however_often_it_is_made(done, tmp_path, preface):
    shutil.copytree(done[0], tmp_path / "lab")
    page = tmp_path / "docs" / "toy.md"
    for _ in range(2):
        run_lab(
            small(animate=["2d-10"]), tmp_path / "lab", quiet=True, page=page, preface=preface, command="tutelage …"
        )
        text = page.read_text()
        assert text.startswith(PREFACE + "\n2 seeds, one outcome at a time. Made by\n\n```sh\ntutelage …\n```\n")
        assert "# Toy spaces" not in text
        for part in ("Scores are interquartile means", "### 2d-10", "## Settings"):
            assert part in text
    assert (tmp_path / "lab" / "results.md").read_text().startswith(PREFACE)


@pytest.mark.parametrize("content", [None, "", "Mine\n", b"\xff\xfe"])
def test_a_preface_that_is_none_is_refused_before_anything_is_written(content, tmp_path):
    file = tmp_path / "preface.txt"
    if content is not None:
        file.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(RequestError, match=r"preface\.txt"):
        run_lab(small(), tmp_path / "lab", quiet=True, preface=file)
    assert not (tmp_path / "lab").exists()


def test_a_file_of_settings_also_says_how_and_whereto(tmp_path, preface, capsys):
    file, page = tmp_path / "lab.yaml", tmp_path / "docs" / "toy.md"
    settings = {"teachers": ["random"], "spaces": ["2d-5"], "episodes": 100, "seeds": 1, "animate": []}
    settings |= {"quiet": True, "jobs": 1, "page": str(page), "preface": str(preface)}
    file.write_text(yaml.safe_dump(settings))
    assert main(["lab", "--config", str(file), "--out", str(tmp_path / "lab")]) == 0
    assert capsys.readouterr() == ("", "")
    assert page.read_text().startswith(PREFACE)
    file.write_text(yaml.safe_dump({**settings, "preface": 3}))
    assert main(["lab", "--config", str(file), "--out", str(tmp_path / "lab")]) == 2
    assert "expected preface as a file, got 3" in capsys.readouterr().err


def test_the_flag_wins_over_the_preface_of_a_file(tmp_path, preface):
    file, page = tmp_path / "lab.yaml", tmp_path / "docs" / "toy.md"
    file.write_text(yaml.safe_dump({"teachers": ["random"], "spaces": ["2d-5"], "preface": "nothing.txt"}))
    words = ["--config", str(file), "--episodes", "100", "--seeds", "1", "--animate", "--jobs", "1", "--quiet"]
    words += ["--page", str(page), "--preface", str(preface), "--out", str(tmp_path / "lab")]
    assert main(["lab", *words]) == 0
    assert page.read_text().startswith(PREFACE)


@pytest.mark.parametrize("name", ["toy_grid_reference", "toy_spaces"])
def test_a_preface_of_the_documentation_has_a_title_and_links_that_lead_somewhere(name):
    folder = HERE.parents[1] / "docs" / "results"
    for target in re.findall(r"\]\(([^)\s]+)\)", read_preface(folder / f"{name}.md.in")):
        assert (folder / target).exists()


def test_the_page_of_the_reference_begins_with_its_preface():
    folder = HERE.parents[1] / "docs" / "results"
    page = (folder / "toy_grid_reference.md").read_text(encoding="utf-8")
    assert page.startswith(read_preface(folder / "toy_grid_reference.md.in"))


@pytest.mark.parametrize(
    ("reached", "shown"),
    [
        ([10, 20, 30, 40], "25 (4/4)"),
        ([10, 20, 30, None], "25 (3/4)"),
        ([10, 20, None, None], "– (2/4)"),
        ([10, 20, None], "20 (2/3)"),
        ([None, None], "– (0/2)"),
    ],
)
def test_episodes_to_half_is_the_median_over_all_seeds(reached, shown):
    points = np.arange(0, 50, 10)
    scores = np.array([[60.0 if first is not None and n >= first else 0.0 for n in points] for first in reached])
    table = space_table(LabResults(small(), {("random", "2d-10"): cell_of(points, scores)}), "2d-10")
    assert f"| {shown} |" in table.splitlines()[2]


def test_a_table_has_the_arithmetic_mean_of_the_final_scores():
    scores = np.array([[0.0, 10.0], [0.0, 20.0], [0.0, 90.0]])
    table = space_table(LabResults(small(), {("random", "2d-10"): cell_of(np.array([0, 10]), scores)}), "2d-10")
    assert "| Mean ± SD |" in table
    assert "| 40.0 ± 43.6 |" in table


def cell_of(points, scores):
    return CellResults(points, np.arange(len(scores)), scores, np.ones(len(scores)))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--teachers", "random", "--spaces", "2d-10"], "Name the lab's folder"),
        (["--out", "lab"], "The lab has no teachers"),
        (["--out", "lab", "--teachers", "random"], "The lab has no spaces"),
        (["--out", "lab", "--preset", "toy-space"], "Did you mean 'toy-spaces'"),
        (["--out", "lab", "--teachers", "random", "--spaces", "2d-10", "--jobs", "0"], "jobs must be a whole number"),
        (["--out", "lab", "--config", "nothing.yaml"], "Cannot read nothing.yaml"),
        (["--out", "lab", "--seds", "3"], "Did you mean --seeds"),
    ],
)
def test_a_wrong_request_is_one_sentence(words, said, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["lab", *words]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err
    assert list(tmp_path.iterdir()) == []


def test_the_toy_spaces_are_listed(capsys):
    assert main(["list", "toy-spaces"]) == 0
    assert capsys.readouterr().out.count("\n") == len(TOY_FORMS) + len(ARM_FORMS)
