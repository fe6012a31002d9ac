"""``tutelage evaluate``: the files it writes, the table it prints, and what it refuses."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tutelage import TaskSpace
from tutelage.benchmarks.evaluate_run import evaluate_run, grid_axes, table_lines
from tutelage.benchmarks.evaluation import Evaluation
from tutelage.benchmarks.training.saved_run import SavedRun
from tutelage.cli import main
from tutelage.envs import load_test_set
from tutelage.errors import RequestError, RunError

Copy = Callable[[Path], Path]


def result_on(space: TaskSpace, tasks: np.ndarray, success: float = 1.0) -> Evaluation:
    n = len(tasks)
    return Evaluation(space, tasks, np.arange(n, dtype=float)[:, None], np.full((n, 1), 7), np.full((n, 1), success))


def test_the_same_command_writes_the_same_files_again(cartpole_run: Path, tmp_path: Path) -> None:
    for name in ("first", "second"):
        evaluate_run(cartpole_run, seed=3, out=tmp_path / name)
    for suffix in ("csv", "json"):
        first, second = ((tmp_path / name / f"uniform-50.{suffix}").read_bytes() for name in ("first", "second"))
        assert first == second


def test_it_agrees_with_the_evaluation_at_the_end_of_the_run(cartpole_run: Path, tmp_path: Path) -> None:
    evaluate_run(cartpole_run, out=tmp_path)
    totals = json.loads((tmp_path / "uniform-50.json").read_text())
    summary = json.loads((cartpole_run / "summary.json").read_text())
    assert totals["mean_return"] == summary["mean_return"]
    assert totals["mastered"] == summary["mastered"]
    assert totals["checkpoint_step"] == summary["steps"]


def test_every_task_is_in_the_csv_with_all_its_parameters(cartpole_run: Path, tmp_path: Path) -> None:
    evaluate_run(cartpole_run, out=tmp_path, summary_only=True)
    with open(tmp_path / "uniform-50.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["task_length", "force_mag", "return", "length", "success", "mastered"]
    assert len(rows) == 50
    assert all(0.2 <= float(row["task_length"]) <= 2.0 for row in rows)


def test_the_results_lie_in_the_run_directory_by_default(cartpole_run: Path, copy_of: Copy) -> None:
    run = copy_of(cartpole_run)
    evaluate_run(run, summary_only=True)
    assert sorted(p.name for p in (run / "evaluation").iterdir()) == ["uniform-50.csv", "uniform-50.json"]


def test_a_frozen_test_set_is_named_with_its_hash(stump_run: Path, tmp_path: Path) -> None:
    evaluate_run(stump_run, out=tmp_path, summary_only=True)
    totals = json.loads((tmp_path / "stump-tracks-uniform-50.json").read_text())
    assert totals["test_set_sha256"] == load_test_set("stump-tracks/uniform-50").sha256


def test_it_needs_no_teacher(cartpole_run: Path, copy_of: Copy, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a teacher was made")

    monkeypatch.setattr("tutelage.benchmarks.training.saved_run.teacher_of", refuse)
    assert "mean return" in evaluate_run(copy_of(cartpole_run), summary_only=True)


def test_a_large_grid_is_printed_as_a_grid() -> None:
    space = TaskSpace(x=(0.0, 1.0), y=(0.0, 1.0))
    lines = table_lines(result_on(space, space.grid(6)))
    assert len(lines) == 8
    assert lines[-1].split() == ["0.00", "0.0*", "1.0*", "2.0*", "3.0*", "4.0*", "5.0*"]


def test_a_table_of_many_dimensions_fits_on_the_screen() -> None:
    space = TaskSpace({f"a_long_name_{i}": (0.0, 1.0) for i in range(12)})
    lines = table_lines(result_on(space, space.sample(40, np.random.default_rng(0)), success=np.nan))
    assert max(map(len, lines)) <= 110
    assert "more of the 12 dimensions are in the CSV" in lines[-1]


def test_points_are_no_grid() -> None:
    assert grid_axes(TaskSpace(x=(0.0, 1.0), y=(0.0, 1.0)).sample(9, np.random.default_rng(0))) is None


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"no run in .*no config\.yaml"):
        evaluate_run(tmp_path)


def test_a_run_without_a_checkpoint_is_refused(cartpole_run: Path, copy_of: Copy) -> None:
    run = copy_of(cartpole_run)
    for checkpoint in (run / "checkpoints").iterdir():
        checkpoint.rename(run / checkpoint.name)
    with pytest.raises(RequestError, match="has no checkpoint yet"):
        evaluate_run(run)


@pytest.mark.parametrize("name", ["student.zip", "manifest.json"])
def test_a_damaged_checkpoint_is_named(cartpole_run: Path, copy_of: Copy, name: str) -> None:
    file = max((copy_of(cartpole_run) / "checkpoints").iterdir()) / name
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(RunError, match=name):
        evaluate_run(file.parents[2])


def test_a_checkpoint_that_is_removed_meanwhile_is_replaced_by_the_next(
    cartpole_run: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    load, asked = SavedRun.load_student, []

    def busy(self: SavedRun, checkpoint: object, **arguments: bool) -> object:
        asked.append(checkpoint)
        if len(asked) == 1:
            monkeypatch.setattr(SavedRun, "latest_step", lambda self: -1)  # another one than before
            raise RunError("it is gone")
        return load(self, checkpoint, **arguments)

    monkeypatch.setattr(SavedRun, "load_student", busy)
    assert "mean return" in evaluate_run(cartpole_run, summary_only=True)
    assert len(asked) == 2


def test_numbers_of_episodes_and_seeds_have_limits(cartpole_run: Path) -> None:
    with pytest.raises(RequestError, match="1 to 100,000 episodes"):
        evaluate_run(cartpole_run, episodes=10**14)
    with pytest.raises(RequestError, match="a seed between 0 and"):
        evaluate_run(cartpole_run, seed=2**64)


def test_an_unknown_test_set_is_refused(cartpole_run: Path) -> None:
    with pytest.raises(RequestError, match="Did you mean 'stump-tracks/grid-100'"):
        evaluate_run(cartpole_run, test_set="stump-tracks/grid100")


def test_a_test_set_of_another_space_is_refused(cartpole_run: Path) -> None:
    with pytest.raises(RequestError, match=r"stump_height.*length"):
        evaluate_run(cartpole_run, test_set="stump-tracks/grid-100")


def test_the_exit_status_tells_a_wrong_request_from_a_failed_run(
    cartpole_run: Path, copy_of: Copy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = copy_of(cartpole_run)
    assert main(["evaluate", str(run), "--summary-only"]) == 0
    assert "mastered" in capsys.readouterr().out
    assert main(["evaluate", str(tmp_path / "nowhere")]) == 2
    assert main(["evaluate", str(run), "--episodes", "0"]) == 2
    (max((run / "checkpoints").iterdir()) / "student.zip").write_bytes(b"")
    assert main(["evaluate", str(run)]) == 1
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 3
    assert "student.zip" in errors[-1]
