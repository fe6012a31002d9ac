"""The command line: what it says, where, and its exit status."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import yaml
from tutelage import Teacher, registry
from tutelage.benchmarks import TrainConfig
from tutelage.cli import main
from tutelage.run_directory import RunDirectory
from tutelage.state import load_state

WALK = "small_environments:Walk-v0"
CARTPOLE = ["CartPole-v1", "--task", "length=0.2:2"]
TINY = [
    *("--steps", "256", "--n-envs", "2", "--student-arg", "n_steps=64", "--student-arg", "batch_size=32"),
    *("--student-arg", "n_epochs=1", "--test-set", "uniform-50", "--teacher-arg", "fit_rate=10"),
]


class Needy(Teacher):
    """Needs a score from the student."""

    needs = frozenset({"positive_value_loss"})

    def _sample(self, n):
        return self.task_space.sample(n, self.rng)

    def _update(self, outcomes):
        pass


@pytest.fixture
def fails(capsys, tmp_path, monkeypatch):
    """Run a command that must fail: returns its one line on standard error."""
    monkeypatch.chdir(tmp_path)

    def run(*words, status=2):
        assert main([str(word) for word in words]) == status
        out, err = capsys.readouterr()
        err = "".join(line for line in err.splitlines(keepends=True) if not line.startswith("Compiling"))
        assert out == ""
        assert err.count("\n") == 1, err
        assert err.startswith("tutelage: ")
        assert "Traceback" not in err
        return err

    return run


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli") / "run"
    assert main(["train", WALK, *TINY, "--out", str(folder), "--quiet"]) == 0
    return folder


# --- Wrong requests --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tran"], "Unknown command 'tran'. Did you mean 'train'?"),
        (["train"], "Name an environment"),
        (["train", "CartPole-v1", "--stepz", "5"], "Unrecognized options: --stepz, 5. Did you mean --steps?"),
        (["train", "CartPole-v1", "more"], "Unrecognized options: more"),
        (["train", "CartPole-v1", "--n-envs"], "--n-envs"),
        (["train", "CartPole-v1", "--n-envs", "2.5"], "--n-envs"),
        (["train", "CartPole-v1", "--steps", "abc"], "--steps: could not convert string to float: 'abc'"),
        (["train", "CartPole-v1", "--success-above", "x"], "--success-above"),
        (["train", "CartPole-v1", "--config"], "--config expects one YAML file"),
        (["evaluate"], "Missing from tutelage evaluate: the run directory"),
        (["resume"], "Missing from tutelage resume: the run directory"),
        (["list", "teacher"], "Did you mean 'teachers'?"),
        (["list", "teachers", "--verbos"], "Did you mean --verbose?"),
        (["resume", "nowhere"], "There is no run in nowhere: the folder does not exist"),
        (["evaluate", "nowhere"], "There is no run in nowhere"),
        (["train", "CartPole-v1"], "CartPole-v1 has no task space: name attributes to vary"),
        (["train", "small_environments:Untold-v0"], "small_environments:Untold-v0 has no task space"),
        (["train", "StumpTrack"], "Unknown environment 'StumpTrack'. Did you mean 'StumpTracks'"),
        (["train", "zzz"], "Unknown environment 'zzz'. Ours are "),
        (["train", "nothing_here:Env-v0"], "'nothing_here:Env-v0' needs a package that is not installed"),
        (["train", "CartPole-v1", "--task", "length=2:0.2"], "low must not exceed high, got (2, 0.2)"),
        (["train", "CartPole-v1", "--task", "lenght=1:2"], "'lenght'. Did you mean 'length'?"),
        (["train", "CartPole-v1", "--task", "reset=1:2"], "reset is a method"),
        (["train", "CartPole-v1", "--task", "length"], "--task 'length': expected NAME=LOW:HIGH"),
        (["train", *CARTPOLE, "--teacher", "alp-gm"], "Unknown teacher 'alp-gm'. Did you mean 'alp-gmm'?"),
        (["train", *CARTPOLE, "--teacher-arg", "fit_rat=1"], "Did you mean 'fit_rate'?"),
        (["train", *CARTPOLE, "--teacher-arg", "fit_rate=-1"], "fit_rate"),
        (["train", *CARTPOLE, "--teacher-arg", "seed=1"], "seed"),
        (["train", *CARTPOLE, "--student", "pop"], "Unknown student 'pop'. Did you mean 'ppo'?"),
        (["train", *CARTPOLE, "--student", "sac"], "The student sac cannot be built for this environment"),
        (["train", *CARTPOLE, "--student-arg", "seed=1"], "Unknown argument of ppo 'seed'"),
        (["train", *CARTPOLE, "--student-arg", "n_step=1"], "Did you mean 'n_steps'"),
        (["train", *CARTPOLE, "--preset", "trax"], "Unknown preset of ppo 'trax'"),
        (["train", *CARTPOLE, "--env-arg", "wind=1"], "'CartPole-v1' cannot be made with the arguments {'wind': 1}"),
        (["train", *CARTPOLE, "--vec-env", "sub"], "Unknown vec_env 'sub'"),
        (["train", *CARTPOLE, "--device", "gpu"], "Unknown device 'gpu'"),
        (["train", *CARTPOLE, "--test-set", "stump-tracks/grid-100"], "has the dimensions"),
        (["train", *CARTPOLE, "--test-set", "grid"], "Unknown test set 'grid'"),
        (["train", *CARTPOLE, "--steps", "nan"], "steps must be a whole number of at least 1, got nan"),
        (["train", *CARTPOLE, "--steps", "1.5"], "steps must be a whole number of at least 1, got 1.5"),
        (["train", *CARTPOLE, "--steps", "-5"], "steps must be a whole number of at least 1, got -5"),
        (["train", *CARTPOLE, "--n-envs", "0"], "n_envs must be a whole number of at least 1, got 0"),
        (["train", *CARTPOLE, "--seed", "-1"], "seed must be a whole number between 0 and 2147483647, got -1"),
        (["train", *CARTPOLE, "--out", "/dev/null/run"], "Cannot make /dev/null/run: Not a directory"),
        (["train", *CARTPOLE, "--out", "/proc/run"], "Cannot make /proc/run"),
        (["train", *CARTPOLE, "--out", "/dev/null"], "/dev/null is a file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_wrong_request_is_one_sentence_that_names_the_thing(words, said, fails, tmp_path):
    assert said in fails(*words)
    assert list(tmp_path.iterdir()) == []


def test_a_teacher_that_needs_what_the_student_cannot_give_is_refused_by_both_names(fails, tmp_path, monkeypatch):
    monkeypatch.setitem(registry._TEACHERS, "needy", Needy)
    words = ["train", WALK, "--teacher", "needy", "--student", "sac", "--out", tmp_path / "run"]
    assert "Needy needs 'positive_value_loss', which SAC cannot give; choose an on-policy student" in fails(*words)
    assert not (tmp_path / "run").exists()


def test_a_test_task_outside_the_space_is_refused(fails):
    words = ["train", "StumpTracks", "--env-arg", "max_stump_height=1", "--test-set", "stump-tracks/uniform-50"]
    assert "of the 50 tasks of stump-tracks/uniform-50 lie outside" in fails(*words)


def test_an_existing_run_is_left_alone_and_resuming_is_proposed(fails, trained):
    before = {file: file.stat().st_mtime_ns for file in trained.rglob("*")}
    said = fails("train", WALK, "--out", trained)
    assert f"{trained} exists and is not empty: choose another folder; `tutelage resume {trained}` goes on" in said
    assert {file: file.stat().st_mtime_ns for file in trained.rglob("*")} == before


# --- YAML ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("step: 5", "Unknown setting 'step'. Did you mean 'steps'?"),
        ("steps: abc", "steps must be a whole number of at least 1, got 'abc'"),
        ("steps: [1]", "steps must be a whole number"),
        ("n_envs: 0", "n_envs must be a whole number of at least 1, got 0"),
        ("n_envs: true", "n_envs must be a whole number"),
        ("seed: -1", "seed must be a whole number"),
        ("seed: null", "seed must be a whole number"),
        ("eval-every: -3", "eval_every must be a whole number"),
        ("teacher: 3", "teacher must be a name, got 3"),
        ("env: [a]", "env must be a name"),
        ("task: {length: 3}", "task must be a list of texts"),
        ("success_above: high", "success_above must be a finite number, got 'high'"),
        ("teacher_args: 3", "teacher_args: expected NAME=VALUE"),
        ("teacher_args: [fit]", "teacher_args 'fit': expected NAME=VALUE"),
        ("out: 3", "expected out as a folder"),
        ("quiet: maybe", "quiet as true or false"),
        ("- 1", "expected names and values"),
        ("a: [1", "is not YAML"),
        ("day: 2020-13-40", "is not YAML"),
        ("eval-every: 3\neval_every: 4", "a setting is given twice"),
    ],
)
def test_a_wrong_setting_in_yaml_is_named_with_its_file(content, said, fails, tmp_path):
    file = tmp_path / "run.yaml"
    file.write_text(content)
    text = fails("train", *CARTPOLE, "--config", file)
    assert said in text
    assert str(file) in text


def test_a_yaml_file_that_does_not_exist_is_named(fails):
    assert "Cannot read nothing.yaml: No such file or directory" in fails("train", "--config", "nothing.yaml")


def test_a_folder_is_no_yaml_file(fails, tmp_path):
    assert f"Cannot read {tmp_path}: Is a directory" in fails("train", "--config", tmp_path)


def test_settings_come_from_yaml_and_flags_win(tmp_path, capsys):
    file = tmp_path / "run.yaml"
    settings = {
        "env": WALK, "steps": "2.56e2", "n-envs": 2, "test_set": "uniform-50", "seed": 5,
        "student_args": {"n_steps": 64, "batch_size": 32, "learning_rate": "1e-3"}, "teacher-arg": ["fit_rate=12"],
    }  # fmt: skip
    file.write_text(yaml.safe_dump(settings))
    words = ["train", f"--config={file}", "--out", str(tmp_path / "run"), "--seed", "6", "--student-arg", "n_epochs=1"]
    assert main(words) == 0
    config = TrainConfig.from_mapping(RunDirectory.open(tmp_path / "run").config)
    assert (config.env, config.steps, config.n_envs, config.seed) == (WALK, 256, 2, 6)
    assert config.student_args == {"n_steps": 64, "batch_size": 32, "learning_rate": 0.001, "n_epochs": 1}
    assert config.teacher_args == {"fit_rate": 12}


def test_the_configuration_of_a_run_repeats_it(trained, tmp_path):
    assert main(["train", "--config", str(trained / "config.yaml"), "--out", str(tmp_path / "run"), "--quiet"]) == 0
    configs = [RunDirectory.open(run).config for run in (trained, tmp_path / "run")]
    assert [{**config, "versions": None} for config in configs] == [{**configs[0], "versions": None}] * 2
    one, two = (load_state(run / "tasks.npz") for run in (trained, tmp_path / "run"))
    for name in one:
        np.testing.assert_array_equal(one[name], two[name])


def test_the_configuration_names_what_was_left_to_the_defaults(trained):
    config = RunDirectory.open(trained).config
    assert (config["preset"], config["test_set"]) == ("sb3", "uniform-50")


# --- What is shown ---------------------------------------------------------------------------------------------------


def test_results_go_to_standard_output_and_messages_to_standard_error(tmp_path, capsys):
    assert main(["train", WALK, *TINY, "--out", str(tmp_path / "run")]) == 0
    out, err = capsys.readouterr()
    assert [line.split()[0] for line in out.splitlines()] == ["steps", "tasks", "test", "mean", "mastered", "run"]
    assert f"Training ppo on {WALK} under alp-gmm; run directory: {tmp_path / 'run'}" in err
    assert "256 steps: mean return" in err
    assert "step/s" not in err  # no progress bar without a terminal


def test_a_quiet_run_shows_nothing(tmp_path, capfd):
    assert main(["train", WALK, *TINY, "--out", str(tmp_path / "run"), "--quiet"]) == 0
    assert capfd.readouterr() == ("", "")


def test_a_run_that_has_ended_is_summed_up_again(trained, capsys):
    assert main(["resume", str(trained)]) == 0
    out, err = capsys.readouterr()
    assert err == f"{trained} has ended after 256 steps; there is nothing to resume.\n"
    assert "mean return" in out


def test_warnings_are_one_line_without_their_place_in_the_source(tmp_path, capfd):
    words = [word.replace("batch_size=32", "batch_size=50") for word in TINY]
    assert main(["train", WALK, *words, "--out", str(tmp_path / "run")]) == 0
    warned = [line for line in capfd.readouterr().err.splitlines() if "mini-batch" in line]
    assert len(warned) == 1
    assert warned[0].startswith("tutelage: warning: You have specified a mini-batch size of 50")


@pytest.mark.parametrize("command", ["train", "evaluate", "resume", "report", "list"])
def test_every_command_explains_itself(command, capsys):
    assert main([command, "--help"]) == 0
    assert f"usage: tutelage {command}" in capsys.readouterr().out


def test_without_a_command_the_commands_are_listed(capsys):
    assert main([]) == 0
    assert "train a student under a teacher" in capsys.readouterr().out


@pytest.mark.parametrize("kind", ["all", "teachers", "envs", "students", "test-sets", "benchmarks"])
@pytest.mark.parametrize("more", [[], ["--verbose"]])
def test_everything_can_be_listed(kind, more, capsys):
    assert main(["list", kind, *more]) == 0
    out, err = capsys.readouterr()
    assert out
    assert err == ""


def test_the_version_is_printed(capsys):
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.count(".") == 2


def test_an_unexpected_error_is_one_line_that_says_how_to_see_more(fails, monkeypatch):
    monkeypatch.setattr("tutelage.cli._list", lambda words: 1 / 0)
    said = fails("list", status=1)
    assert said == "tutelage: ZeroDivisionError: division by zero (--debug shows the traceback.)\n"


def test_debug_shows_the_traceback(monkeypatch):
    monkeypatch.setattr("tutelage.cli._list", lambda words: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        main(["list", "--debug"])


def test_a_reader_that_has_enough_is_no_error():
    command = f"{sys.executable} -m tutelage list --verbose | true"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_no_handler_or_filter_is_left_behind(trained):
    import signal
    import warnings

    before = [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)], warnings.showwarning
    main(["resume", str(trained)])
    assert ([signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)], warnings.showwarning) == before
