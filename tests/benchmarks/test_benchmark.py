"""Playing an experiment: what is skipped, what goes on, what is refused."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from played_experiments import POLE, TOY, experiment, play
from tutelage.benchmarks.benchmark import play_experiment
from tutelage.benchmarks.benchmark_command import run_benchmark
from tutelage.benchmarks.benchmark_plan import commands_of
from tutelage.benchmarks.benchmark_results import collect
from tutelage.benchmarks.benchmark_tables import overview_table
from tutelage.benchmarks.experiments import player as run_player
from tutelage.benchmarks.experiments.folder import ExperimentFolder
from tutelage.benchmarks.experiments.player import Job, play_and_record
from tutelage.benchmarks.experiments.training_runs import TrainingRuns
from tutelage.cli import main
from tutelage.errors import BusyError, RequestError, RunError
from tutelage.run_directory import RunDirectory

ONE = {**TOY, "environments": ["2d-10"], "seeds": 2}


def written(tmp_path: Path, plain: dict, name: str = "small") -> str:
    file = tmp_path / f"{name}.yaml"
    file.write_text(yaml.safe_dump(plain, sort_keys=False))
    return str(file)


def scores(folder: ExperimentFolder) -> dict[str, list[float]]:
    return {run.key: folder.load(run).test.curve.tolist() for run in folder.read().distinct}


# --- Playing ---------------------------------------------------------------------------------------------------------


def test_workers_play_what_this_process_would_have_played(tmp_path):
    played = play_experiment(experiment(), tmp_path / "a", jobs=2, quiet=True)
    assert played.ended == 12
    assert scores(played.folder) == scores(play(experiment(), tmp_path / "b"))


def test_what_has_ended_is_not_played_again(tmp_path):
    folder = play(experiment(ONE), tmp_path / "a")
    before = {file: file.stat().st_mtime_ns for file in folder.path.rglob("scores.npz")}
    assert play_experiment(experiment(ONE), folder.path, quiet=True).ended == 4
    assert {file: file.stat().st_mtime_ns for file in folder.path.rglob("scores.npz")} == before


def test_an_experiment_can_grow_and_keeps_its_runs(tmp_path, capsys):
    folder = play(experiment(ONE), tmp_path / "a")
    file = written(tmp_path, {**ONE, "seeds": 3, "teachers": ["random", "riac"]})
    assert run_benchmark(file, folder.path, jobs=1) == 0
    said = capsys.readouterr()
    assert "4 of 6 runs to play, 2 have ended before" in said.err
    assert "2 runs of other settings, which are left out" in (folder.report_folder / "report.md").read_text()


def test_relabelled_runs_are_recognised(tmp_path):
    folder = play(experiment(ONE), tmp_path / "a")
    renamed = experiment(ONE, teachers={"uniform": {"teacher": "random"}, "alp-gmm": {}})
    assert all(folder.has_ended(run) for run in renamed.runs)


def test_the_command_prints_the_answer_the_table_and_the_page(tmp_path, capsys):
    file = written(tmp_path, ONE)
    folder = play(experiment(ONE), tmp_path / "out")
    assert run_benchmark(file, folder.path) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f"report  {folder.report_folder / 'report.html'}"
    assert any(line.startswith("| `alp-gmm` |") for line in lines)
    assert (folder.report_folder / "report.html").is_file()


def test_an_experiment_goes_on_from_its_folder(tmp_path, capsys):
    folder = play(experiment(ONE), tmp_path / "out", only=lambda run: run.seed == 0)
    run_benchmark(str(folder.path), jobs=1, quiet=True)
    assert len(list(folder.path.rglob("scores.npz"))) == 4


def test_a_single_run_can_be_played_by_its_name_or_its_key(tmp_path, capsys):
    run = experiment(ONE).runs[1]
    for name in (run.name, run.key):
        run_benchmark(written(tmp_path, ONE), tmp_path / name, only=name, quiet=True)
        assert Path(capsys.readouterr().out.strip()).name == run.name
        assert len(list((tmp_path / name).rglob("scores.npz"))) == 1
    with pytest.raises(RequestError, match="Unknown run 'plr'"):
        run_benchmark(written(tmp_path, ONE), tmp_path / "c", only="plr")


def test_a_dry_run_prints_a_shell_script_and_writes_nothing(tmp_path, capsys):
    both = {
        **POLE,
        "common": {**POLE["common"], "episodes": 100},
        "environments": {**POLE["environments"], "toy": {"space": "2d-10"}},
        "teachers": ["random"],
        "seeds": 1,
    }
    run_benchmark(written(tmp_path, both), tmp_path / "out", dry_run=True)
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("tutelage train CartPole-v1")]
    assert [line for line in lines if line.startswith(f"tutelage benchmark {tmp_path / 'small.yaml'} --out")]
    assert re.search(r"# 2 runs to play, 0 of 2 are not played again: about .* at a time", lines[-1])
    assert not (tmp_path / "out").exists()


def test_a_dry_run_of_one_run_is_of_that_one(tmp_path, capsys):
    run = experiment(ONE).runs[1]
    run_benchmark(written(tmp_path, ONE), tmp_path / "out", dry_run=True, only=run.name)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in lines if line.startswith("tutelage")] == [run.name]
    with pytest.raises(RequestError, match="Unknown run 'nonsense'"):
        run_benchmark(written(tmp_path, ONE), tmp_path / "out", dry_run=True, only="nonsense")


def test_the_command_of_a_run_has_all_its_pretests():
    kind = TrainingRuns()
    content = kind.content({"env": "StumpTracks", "teacher": "random", "classroom": "room", "pretests": [100, 200]}, 0)
    assert "--pretests 100,200" in kind.commands(content, "out")[0]


def test_a_single_run_of_a_grown_experiment_is_in_its_report(tmp_path):
    folder = play(experiment(ONE), tmp_path / "a")
    grown = experiment(ONE, teachers=["random", "riac"])
    run = next(run for run in grown.runs if run.teacher == "riac")
    play_experiment(grown, folder.path, only=run.name, quiet=True)
    assert run.key in {each.run.key for each in collect([folder]).ended}


def test_two_labels_of_one_run_are_both_in_the_printed_table(tmp_path, capsys):
    same = {**ONE, "teachers": {"one": {"teacher": "random"}, "two": {"teacher": "random"}}}
    run_benchmark(written(tmp_path, same), tmp_path / "a", jobs=1)
    out = capsys.readouterr().out
    assert "`one`" in out
    assert "`two`" in out
    assert (
        "one and two on 2d-10 are the same run under two labels." in collect([ExperimentFolder(tmp_path / "a")]).notes
    )


def test_print_writes_one_line_a_run_for_an_array_of_jobs(tmp_path, capsys):
    folder = play(experiment(ONE), tmp_path / "out", only=lambda run: run.seed == 0)
    run_benchmark(written(tmp_path, ONE), folder.path, engine="print")
    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"tutelage benchmark {folder.path} --run {run.name}" for run in experiment(ONE).runs[2:]]


def test_the_commands_of_a_training_run_make_the_same_run(tmp_path):
    """`tutelage train` into the run's folder, then the benchmark only reads it."""
    played = experiment(POLE, seeds=1, teachers=["random"])
    folder = ExperimentFolder(tmp_path / "a")
    folder.begin(played)
    (command,) = commands_of(played.runs[0], folder, "small.yaml")
    code = "import sys; from tutelage.cli import main; sys.exit(main(sys.argv[1:]))"
    import shlex

    subprocess.run([sys.executable, "-c", code, *shlex.split(command)[1:], "--quiet"], check=True, capture_output=True)
    summary = folder.folder_of(played.runs[0]) / "summary.json"
    before = summary.stat().st_mtime_ns
    play(played, folder.path)
    assert summary.stat().st_mtime_ns == before
    assert scores(folder) == scores(play(played, tmp_path / "b"))


# --- Failures --------------------------------------------------------------------------------------------------------

BROKEN = {
    **POLE,
    "seeds": 1,
    "common": {**POLE["common"], "teacher": "random"},
    "teachers": {"good": {}, "bad": {"env_args": {"fail": "raise"}}},
    "environments": {"walk": {"env": "small_environments:Walk-v0"}},
    "baseline": "good",
}
del BROKEN["common"]["success_above"]


def test_a_run_that_fails_is_listed_and_the_others_are_played(tmp_path, capsys):
    with pytest.raises(
        RunError, match=r"1 of 2 runs failed, the first being bad__walk__0.*the ground is gone.*--retry"
    ):
        run_benchmark(written(tmp_path, BROKEN), tmp_path / "out", jobs=1)
    assert "bad on walk, seed 0 failed: " in capsys.readouterr().err
    folder = ExperimentFolder(tmp_path / "out")
    good, bad = folder.read().runs
    assert folder.has_ended(good)
    assert "ZeroDivisionError" in folder.failure(bad)
    assert "Traceback" in json.loads((folder.failures_folder / f"{bad.key}.json").read_text())["traceback"]


def test_a_failed_run_is_played_again_on_request_only(tmp_path):
    folder = play(experiment(ONE), tmp_path / "a", only=lambda run: run.seed == 0)
    lost = experiment(ONE).runs[-1]
    folder.write_failure(lost, "the ground is gone")
    played = play_experiment(experiment(ONE), folder.path, jobs=1, quiet=True)
    assert (played.ended, played.failed) == (3, {lost.name: "the ground is gone"})
    played = play_experiment(experiment(ONE), folder.path, jobs=1, quiet=True, retry_failed=True)
    assert (played.ended, played.failed) == (4, {})
    assert folder.failure(lost) is None


def test_a_failure_whose_file_is_damaged_is_still_a_failure(tmp_path):
    folder = play(experiment(ONE), tmp_path / "a", only=lambda run: False)
    run = experiment(ONE).runs[0]
    folder.write_failure(run, "gone")
    (folder.failures_folder / f"{run.key}.json").write_text("{")
    assert "is damaged" in folder.failure(run)


# --- What is refused before anything is played ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"teachers": ["random", "plr"]}, r"plr on 2d-10: plr needs 'positive_value_loss'"),
        ({"teachers": ["random", "accel"]}, r"accel on 2d-10: accel .*"),
        ({"teachers": {"alp-gmm": {"teacher_args": {"fit_rat": 3}}}}, r"alp-gmm on 2d-10: .*fit_rate"),
    ],
)
def test_a_teacher_that_does_not_suit_an_environment_is_refused_at_once(tmp_path, changes, said):
    with pytest.raises(RequestError, match=said):
        play_experiment(experiment(ONE, **changes), tmp_path / "a", quiet=True)
    assert not (tmp_path / "a").exists()


def test_a_teacher_that_needs_what_the_student_cannot_give_is_refused(tmp_path):
    common = {name: value for name, value in POLE["common"].items() if name != "student_args"}
    plain = experiment(POLE, teachers=["random", "plr"], common={**common, "student": "dqn"})
    with pytest.raises(RequestError, match=r"plr on pole: .*value"):
        play_experiment(plain, tmp_path / "a", quiet=True)


def test_a_suite_of_mazes_is_refused_for_what_is_no_maze(tmp_path):
    suited = {"pole": {**POLE["environments"]["pole"], "suite": "fixed-8"}}
    with pytest.raises(RequestError, match="random on pole: suite: fixed-8 is one of mazes, and CartPole-v1 is none"):
        play_experiment(experiment(POLE, environments=suited), tmp_path / "a", quiet=True)


@pytest.mark.parametrize("content", [{"notes.txt": "mine"}, None])
def test_a_folder_of_something_else_is_left_alone(tmp_path, content):
    place = tmp_path / "mine"
    if content is None:
        place.write_text("a file")
    else:
        place.mkdir()
        (place / "notes.txt").write_text("mine")
    with pytest.raises(RequestError, match="choose "):
        play_experiment(experiment(ONE), place, quiet=True)


def test_the_folder_of_another_experiment_is_left_alone(tmp_path):
    folder = play(experiment(ONE), tmp_path / "a")
    before = folder.file.read_text()
    with pytest.raises(RequestError, match="holds the runs of another experiment, small, none of which other has"):
        play_experiment(experiment(ONE, "other", teachers=["riac"]), folder.path, quiet=True)
    assert folder.file.read_text() == before
    play_experiment(experiment(ONE, "renamed"), folder.path, quiet=True)
    assert folder.read().name == "renamed"


def test_a_folder_that_cannot_be_locked_is_said_to_be_so(tmp_path):
    folder = play(experiment(ONE), tmp_path / "a", only=lambda run: False)
    (folder.path / ".locks").write_text("no folder")
    with pytest.raises(RequestError, match=r"Cannot write to .*\.locks: .*choose another folder"):
        play_experiment(experiment(ONE), folder.path, quiet=True)


def test_jobs_and_engines_are_checked(tmp_path):
    with pytest.raises(RequestError, match="at least 1, got 0"):
        play_experiment(experiment(ONE), tmp_path / "a", jobs=0)
    with pytest.raises(RequestError, match="Unknown engine 'slurm'"):
        run_benchmark(written(tmp_path, ONE), tmp_path / "a", engine="slurm")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "Name an experiment"),
        (["quickstrat"], "quickstart"),
        (["nowhere/small.yaml"], "There is no file"),
        (["toy", "--engine", "slurm"], "Unknown engine 'slurm'"),
        (["toy", "--jobs", "0"], "at least 1"),
        (["toy", "--job", "1"], "--jobs"),
    ],
)
def test_a_wrong_request_ends_with_status_2_and_one_line(words, said, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["benchmark", *words]) == 2
    err = capsys.readouterr().err.strip()
    assert said in err
    assert "\n" not in err
    assert not list(tmp_path.iterdir())


# --- Two at once -----------------------------------------------------------------------------------------------------


def test_two_commands_in_one_folder_are_refused(tmp_path):
    folder = play(experiment(ONE), tmp_path / "a", only=lambda run: False)
    with (
        folder.locked(),
        pytest.raises(RequestError, match=r"Another process is at work in .*: wait for it"),
    ):
        play_experiment(experiment({**ONE, "about": "Another."}), folder.path, quiet=True)
    assert folder.read().about != "Another."


def test_two_processes_at_one_run_are_refused(tmp_path):
    folder = play(experiment(ONE), tmp_path / "a", only=lambda run: False)
    run = folder.read().runs[0]
    with (
        folder.run_locked(run),
        pytest.raises(RequestError, match=re.escape(f"Another process is playing {run} in {folder.path}")),
    ):
        play_and_record(Job(str(folder.path), run, log=False), lambda amount: None)


def test_a_run_that_another_process_is_at_has_not_failed(tmp_path, capsys):
    file, folder = written(tmp_path, ONE), ExperimentFolder(tmp_path / "a")
    folder.begin(experiment(ONE))
    run = folder.read().runs[0]
    words = [str(file), "--out", str(folder.path)]
    with folder.run_locked(run):
        assert main(["benchmark", *words, "--run", run.name]) == 2
        assert main(["benchmark", *words]) == 2
    assert capsys.readouterr().err.count("Another process is playing") >= 2
    assert folder.failure(run) is None
    assert main(["benchmark", *words]) == 0


def test_a_training_run_that_another_process_is_at_has_not_failed(tmp_path):
    played = experiment(POLE, seeds=1, teachers=["random"])
    folder = play(played, tmp_path / "a")
    run = played.runs[0]
    (folder.folder_of(run) / "scores.npz").unlink()
    (folder.folder_of(run) / "summary.json").unlink()
    with (
        RunDirectory.open(folder.folder_of(run)).locked(),
        pytest.raises(BusyError, match="Another process is training in"),
    ):
        play(played, tmp_path / "a")
    assert folder.failure(run) is None


def test_a_run_that_another_process_has_ended_meanwhile_is_not_played_again(tmp_path, monkeypatch):
    folder = play(experiment(ONE), tmp_path / "a")
    monkeypatch.setattr(run_player, "KINDS", {})  # playing would fail
    play_and_record(Job(str(folder.path), folder.read().runs[0], log=False), lambda amount: None)


# --- Cut short -------------------------------------------------------------------------------------------------------


def test_a_training_run_cut_short_goes_on_to_the_same_scores(tmp_path, monkeypatch):
    from tutelage.students import TeacherCallback

    played = experiment(POLE, seeds=1)
    whole = play(played, tmp_path / "whole")
    calls, step = [], TeacherCallback._on_step

    def cut(self):
        calls.append(1)
        if len(calls) == 150:
            raise KeyboardInterrupt
        return step(self)

    monkeypatch.setattr(TeacherCallback, "_on_step", cut)
    with pytest.raises(KeyboardInterrupt):
        play(played, tmp_path / "cut", only=lambda run: run.teacher == "alp-gmm")
    monkeypatch.setattr(TeacherCallback, "_on_step", step)
    run = played.runs[1]
    folder = ExperimentFolder(tmp_path / "cut")
    assert not folder.has_ended(run)
    assert list((folder.folder_of(run) / "checkpoints").iterdir())
    folder = play(played, tmp_path / "cut")
    assert scores(folder) == scores(whole)


def test_a_run_directory_that_is_damaged_fails_by_name_and_is_not_skipped(tmp_path):
    played = experiment(POLE, seeds=1, teachers=["random"])
    folder = play(played, tmp_path / "a")
    run = folder.folder_of(played.runs[0])
    (run / "scores.npz").unlink()
    (run / "evaluations.npz").write_bytes(b"cut short")
    with pytest.raises(RunError, match=re.escape(str(run / "evaluations.npz"))):
        play(played, tmp_path / "a")
    assert "evaluations.npz" in folder.failure(played.runs[0])


def test_a_folder_with_somebody_elses_run_is_not_overwritten(tmp_path):
    played = experiment(POLE, seeds=1, teachers=["random", "riac"])
    folder = play(played, tmp_path / "a", only=lambda run: run.teacher == "random")
    one, other = (folder.folder_of(run) for run in played.runs)
    one.rename(other)
    (other / "scores.npz").unlink()
    with pytest.raises(RequestError, match="holds a run with another teacher"):
        play(played, tmp_path / "a", only=lambda run: run.teacher == "riac")


# --- Killed ----------------------------------------------------------------------------------------------------------

DRIVER = """
import sys
from tutelage.benchmarks.benchmark import play_experiment
from tutelage.benchmarks.experiments.files import read_experiment
if __name__ == "__main__":
    play_experiment(read_experiment(sys.argv[1])[0], sys.argv[2], jobs=int(sys.argv[3]), quiet=True)
"""


def begin(tmp_path: Path, file: str, out: Path, jobs: int = 2) -> subprocess.Popen:
    driver = tmp_path / "driver.py"
    driver.write_text(DRIVER)
    # Paths of this process, so that the environments of the tests are found.
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, str(driver), file, str(out), str(jobs)],
        env=env,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # ignored where tests run in the background
    )


def ended(out: Path) -> dict[Path, int]:
    return {file: file.stat().st_mtime_ns for file in out.rglob("scores.npz")}


def wait_for(condition, process: subprocess.Popen, seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and process.poll() is None:
        assert time.monotonic() < deadline, "nothing happened"
        time.sleep(0.02)


def workers_of(process: subprocess.Popen) -> list[int]:
    """Process ids of the workers: children that are no helpers of multiprocessing."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    commands = {
        int(pid): Path(f"/proc/{pid}/cmdline").read_bytes() for pid in children if Path(f"/proc/{pid}").exists()
    }
    return [pid for pid, command in commands.items() if b"spawn_main" in command]


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="finds workers by /proc")
def test_a_worker_that_is_killed_costs_nothing(tmp_path):
    plain = {**ONE, "seeds": 6, "common": {"episodes": 1_500, "evaluations": 4}}
    whole = scores(play(experiment(plain), tmp_path / "whole"))
    process = begin(tmp_path, written(tmp_path, plain), tmp_path / "out", jobs=1)
    wait_for(lambda: ended(tmp_path / "out"), process)
    os.kill(workers_of(process)[0], signal.SIGKILL)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said.decode()
    assert scores(ExperimentFolder(tmp_path / "out")) == whole


def test_a_parent_that_is_killed_leaves_no_worker_and_loses_no_ended_run(tmp_path):
    plain = {**ONE, "seeds": 6, "common": {"episodes": 1_500, "evaluations": 4}}
    file, out = written(tmp_path, plain), tmp_path / "out"
    process = begin(tmp_path, file, out)
    wait_for(lambda: len(ended(out)) >= 3, process)
    workers = workers_of(process) if Path("/proc/self/task").is_dir() else []
    process.kill()
    process.wait()
    deadline = time.monotonic() + 30.0
    while any(Path(f"/proc/{pid}").exists() for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not [pid for pid in workers if Path(f"/proc/{pid}").exists()]
    before = ended(out)
    assert 3 <= len(before) < 12
    play_experiment(experiment(plain), out, jobs=2, quiet=True)
    assert before.items() <= ended(out).items()
    assert scores(ExperimentFolder(out)) == scores(play(experiment(plain), tmp_path / "whole"))


def test_ctrl_c_says_how_to_go_on_and_leaves_what_has_ended(tmp_path):
    plain = {**ONE, "seeds": 6, "common": {"episodes": 1_500, "evaluations": 4}}
    out = tmp_path / "out"
    process = begin(tmp_path, written(tmp_path, plain), out, jobs=1)
    wait_for(lambda: ended(out), process)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=120)
    assert "of 12 runs have ended and are kept" in said.decode()
    assert "the same command goes on" in said.decode()
    assert 1 <= len(ended(out)) < 12


def test_a_run_that_kills_its_workers_three_times_has_failed(tmp_path):
    plain = {**BROKEN, "teachers": {"good": {}, "bad": {"env_args": {"fail": "exit"}}}}
    played = play_experiment(experiment(plain), tmp_path / "out", jobs=1, quiet=True)
    assert played.ended == 1
    assert list(played.failed.values()) == ["its worker process died with exit status 3, as 2 others did before"]


@pytest.mark.slow
def test_two_hundred_runs_survive_kills_at_random_moments(tmp_path):
    import random

    plain = {
        "seeds": 50,
        "common": {"episodes": 1_000, "evaluations": 5},
        "teachers": ["random", "alp-gmm"],
        "environments": ["2d-10", "arms-noisy"],
    }
    file, out, chance = written(tmp_path, plain), tmp_path / "out", random.Random(0)
    seen: dict[Path, int] = {}
    for _ in range(8):
        process = begin(tmp_path, file, out)
        before = len(ended(out))
        wait_for(lambda before=before: len(ended(out)) > before, process)
        for _ in range(3):
            time.sleep(chance.uniform(0.0, 1.5))
            if workers := workers_of(process):
                os.kill(chance.choice(workers), signal.SIGKILL)
        time.sleep(chance.uniform(0.0, 1.0))
        process.kill()
        process.wait()
        time.sleep(2.0)  # until the workers have noticed
        now = ended(out)
        assert seen.items() <= now.items()
        seen = now
    play_experiment(experiment(plain), out, quiet=True)
    assert seen.items() <= ended(out).items()
    disturbed, undisturbed = ExperimentFolder(out), play(experiment(plain), tmp_path / "whole")
    assert len(ended(out)) == 200
    assert scores(disturbed) == scores(undisturbed)
    assert overview_table(collect([disturbed])).markdown == overview_table(collect([undisturbed])).markdown
