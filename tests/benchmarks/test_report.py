"""``tutelage report``: its pictures, its page, and what it says where something is missing or damaged."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import yaml
from PIL import Image
from tutelage import TaskSpace
from tutelage.benchmarks import TrainConfig, train
from tutelage.benchmarks.figures.style import TaskAxis
from tutelage.benchmarks.report import write_report
from tutelage.benchmarks.report_data import ReportData, learning_progress
from tutelage.benchmarks.student_clips import chosen_tasks
from tutelage.cli import main
from tutelage.errors import RequestError, RunError
from tutelage.run_directory import RunDirectory

Copy = Callable[[Path], Path]

PICTURES = ["learning_curve", "tasks_by_learning_progress", "tasks_by_return", "teacher_density", "test_map"]


@pytest.fixture(scope="module")
def report(cartpole_run: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of the CartPole run, without a film."""
    import shutil

    run = Path(shutil.copytree(cartpole_run, tmp_path_factory.mktemp("report") / "run"))
    return write_report(run, gif=False)


@pytest.mark.parametrize("name", PICTURES)
def test_each_picture_is_there_and_shows_something(report: Path, name: str) -> None:
    picture = Image.open(report.parent / f"{name}.png").convert("RGB")
    assert 1300 <= picture.width <= 1600
    assert 400 <= picture.height <= 2000
    assert len(np.unique(np.asarray(picture).reshape(-1, 3), axis=0)) > 20


def test_the_page_holds_its_pictures_and_needs_nothing_else(report: Path) -> None:
    text = report.read_text(encoding="utf-8")
    assert text.count('src="data:image/png;base64,') == len(PICTURES)
    assert not re.search(r'(src|href)="(?!data:)', text)
    assert not re.search(r"https?://|<script|@import|url\(", text)


def test_the_page_tells_how_to_repeat_the_run(report: Path) -> None:
    text = report.read_text(encoding="utf-8")
    assert f"tutelage train --config {report.parents[1] / 'config.yaml'}" in text
    assert "mean_alp" in text
    assert "stable-baselines3" in text


def test_the_film_shows_the_student_on_three_tracks(stump_run: Path, copy_of: Copy) -> None:
    page = write_report(copy_of(stump_run))
    film = Image.open(page.parent / "student.gif")
    assert film.width in (320, 360)
    assert film.n_frames > 10  # type: ignore[attr-defined]
    assert film.info["duration"] >= 20
    assert (page.parent / "student.gif").stat().st_size <= 3_000_000
    assert 'src="data:image/gif;base64,' in page.read_text(encoding="utf-8")


def test_an_environment_that_cannot_be_drawn_is_skipped_with_a_sentence(
    cartpole_run: Path, copy_of: Copy, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gymnasium.envs.classic_control import CartPoleEnv

    monkeypatch.setattr(CartPoleEnv, "metadata", {"render_modes": []})
    page = write_report(copy_of(cartpole_run))
    assert "CartPole-v1 has no rgb_array rendering" in page.read_text(encoding="utf-8")
    assert not (page.parent / "student.gif").exists()


def test_pyplot_and_the_settings_of_matplotlib_are_left_alone(cartpole_run: Path, copy_of: Copy) -> None:
    code = (
        "import sys, matplotlib as m; m.rcParams['font.size'] = 33.0\n"
        "settings = lambda: {k: m.rcParams[k] for k in m.rcParams if k != 'backend'}  # asking for it loads pyplot\n"
        "before = settings()\n"
        "from tutelage.benchmarks.report import write_report\n"
        "write_report(sys.argv[1], gif=False)\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
        "assert settings() == before"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", code, str(copy_of(cartpole_run))], check=True, timeout=60)


def test_a_run_that_has_only_begun_gives_a_report_that_says_so(tmp_path: Path) -> None:
    run = RunDirectory.create(tmp_path / "run", {"env": "StumpTracks", "steps": 1000})
    text = write_report(run.path).read_text(encoding="utf-8")
    assert "no task log yet, no evaluation yet, no checkpoint yet" in text
    assert "There is no checkpoint yet" in text
    assert "<img" not in text


def test_a_run_without_evaluations_is_drawn_without_them(cartpole_run: Path, copy_of: Copy) -> None:
    run = copy_of(cartpole_run)
    (run / "evaluations.npz").unlink()
    page = write_report(run)
    assert "There was no evaluation yet" in page.read_text(encoding="utf-8")
    assert (page.parent / "learning_curve.png").exists()
    assert not (page.parent / "test_map.png").exists()


def test_pictures_of_an_earlier_report_do_not_stay(cartpole_run: Path, copy_of: Copy) -> None:
    run = copy_of(cartpole_run)
    write_report(run, gif=False)
    (run / "evaluations.npz").unlink()
    write_report(run, gif=False)
    assert not (run / "plots" / "test_map.png").exists()


@pytest.mark.parametrize("name", ["tasks.npz", "evaluations.npz", "summary.json", "config.yaml", "progress.csv"])
def test_a_damaged_file_is_named(cartpole_run: Path, copy_of: Copy, name: str) -> None:
    file = copy_of(cartpole_run) / name
    file.write_bytes(b"\xff" + file.read_bytes()[: file.stat().st_size // 2])
    with pytest.raises(RunError, match=re.escape(name)):
        write_report(file.parent, gif=False)


def test_a_damaged_teacher_is_named(cartpole_run: Path, copy_of: Copy) -> None:
    file = max((copy_of(cartpole_run) / "checkpoints").iterdir()) / "teacher.npz"
    file.write_bytes(file.read_bytes()[:-9])
    with pytest.raises(RunError, match=r"teacher\.npz"):
        write_report(file.parents[2], gif=False)


def test_progress_that_is_being_written_is_read_without_its_last_line(cartpole_run: Path, copy_of: Copy) -> None:
    run = copy_of(cartpole_run)
    with open(run / "progress.csv", "a", encoding="utf-8") as file:
        file.write("5,3")
    assert ReportData(run).teacher_metrics["handed_out"] > 0


def test_names_with_html_and_mathematics_are_shown_as_they_are(cartpole_run: Path, copy_of: Copy) -> None:
    run = copy_of(cartpole_run)
    config = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
    config["versions"]["<b>$x"] = "1 < 2"
    (run / "config.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
    page = write_report(run, gif=False).read_text(encoding="utf-8")
    assert "&lt;b&gt;$x" in page
    assert "<b>$x" not in page


@pytest.mark.parametrize(
    "task",
    [
        ["length=0.2:2.0"],
        ["force_mag=4..12"],
        ["force_mag=4..12", "kinematics_integrator=euler,semi-implicit"],
        ["force_mag=4..12", "kinematics_integrator=euler,semi-implicit", "length=0.2:2.0", "gravity=9.8:9.8"],
    ],
    ids=["one", "one-integer", "two-discrete", "mixed"],
)
@pytest.mark.parametrize("teacher", ["alp-gmm", "random"])
def test_every_kind_of_task_space_can_be_drawn(task: list[str], teacher: str, tmp_path: Path) -> None:
    config = TrainConfig(
        "CartPole-v1",
        teacher=teacher,
        task=task,
        steps=256,
        n_envs=2,
        student_args={"n_steps": 128, "batch_size": 128, "n_epochs": 1},
        teacher_args={"fit_rate": 10, "ks": [1, 2]} if teacher == "alp-gmm" else {},
        test_set="uniform-50",
    )
    train(config, tmp_path / "run", quiet=True)
    page = write_report(tmp_path / "run", gif=False)
    assert page.read_text(encoding="utf-8").count("<img") == len(PICTURES)


def test_a_teacher_without_a_density_is_drawn_with_the_reason(cartpole_run: Path, copy_of: Copy) -> None:
    run = copy_of(cartpole_run)
    data = ReportData(run)
    assert data.teacher is not None
    data.teacher.density = lambda tasks: None  # type: ignore[method-assign]
    from tutelage.benchmarks.figures.teacher_density import teacher_density

    drawn = teacher_density(data)
    assert drawn is not None
    assert "alp-gmm has no density at this point" in drawn[1]


def test_learning_progress_leaves_out_fixed_dimensions() -> None:
    space = TaskSpace(x=(0.0, 1.0), fixed=(2.0, 2.0))
    tasks = np.column_stack([np.linspace(0, 1, 9), np.full(9, 2.0)])
    assert learning_progress(space, tasks, np.arange(9.0)).tolist() == [0, 0, 0, 0, 0, 0, 1, 1, 1]


def test_equal_integer_tasks_do_not_hide_one_another() -> None:
    axis = TaskAxis(TaskSpace(k=range(3)).dimensions[0])
    places = axis.places(np.full(50, 1.0))
    assert len(np.unique(places)) == 50
    assert np.abs(places - 1.0).max() < 0.5


def test_a_single_test_task_is_filmed_once(cartpole_run: Path) -> None:
    result = ReportData(cartpole_run).last_evaluation
    assert result is not None
    one = type(result)(result.task_space, result.tasks[:1], result.returns[:1], result.lengths[:1], result.success[:1])
    assert chosen_tasks(one) == [("easy", 0)]


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="no run"):
        write_report(tmp_path / "nowhere")


def test_the_exit_status_tells_a_wrong_request_from_a_failed_run(
    cartpole_run: Path, copy_of: Copy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = copy_of(cartpole_run)
    assert main(["report", str(run), "--no-gif"]) == 0
    assert capsys.readouterr().out.strip() == str(run / "plots" / "report.html")
    assert main(["report", str(tmp_path / "nowhere"), "--no-gif"]) == 2
    (run / "tasks.npz").write_bytes(b"")
    assert main(["report", str(run), "--no-gif"]) == 1
    assert "tasks.npz" in capsys.readouterr().err
