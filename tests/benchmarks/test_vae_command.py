"""`tutelage vae train`, and how a run comes to its VAE."""

import json

import gymnasium as gym
import numpy as np
import pytest
from tutelage.benchmarks import vae_command
from tutelage.benchmarks.training.config import TrainConfig
from tutelage.benchmarks.vae_command import codec_of, ensure_vae, train_task_vae
from tutelage.cli import main
from tutelage.envs.maze_codec import MazeCodec
from tutelage.envs.task_codec import BinCodec
from tutelage.errors import RequestError, RunError
from tutelage.registry import make_teacher
from tutelage.teachers.latent.vae_config import PRESETS, VAEConfig
from tutelage.teachers.latent.vae_files import DESCRIPTION, read_description

SMALL = ["--env-arg", "height=3", "--env-arg", "width=3", "--iterations", "30"]


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(PRESETS, "small", VAEConfig.of("small", iterations=30, corpus_size=2000))


@pytest.fixture
def env():
    made = gym.make("tutelage/Maze-v0", height=3, width=3)
    yield made
    made.close()


def test_the_command_writes_weights_description_and_report(tmp_path, capsys):
    assert main(["vae", "train", "Maze", *SMALL, "--out", "vae"]) == 0
    out = capsys.readouterr()
    assert out.out.strip() == "vae"
    assert "held-out tasks come back" in out.err
    training = json.loads((tmp_path / "vae" / DESCRIPTION).read_text())["training"]
    assert training["finished"] is True
    assert set(training["measures"]) >= {"accuracy", "exact", "kl", "active_units"}
    pictures = {path.stem for path in (tmp_path / "vae" / "report").glob("*.png")}
    assert pictures == {"losses", "reconstructions", "prior", "walls", "interpolations"}
    page = (tmp_path / "vae" / "report" / "report.html").read_text()
    assert page.count("data:image/png") == 5


def test_the_report_is_drawn_for_other_tasks_too(tmp_path):
    train_task_vae("StumpTracks", "vae", quiet=True)
    assert {path.stem for path in (tmp_path / "vae" / "report").glob("*.png")} >= {"reconstructions", "prior"}


def test_the_settings_are_those_of_the_flags():
    assert main(["vae", "train", "Maze", *SMALL, "--latent", "7", "--unsorted", "--out", "vae", "--quiet"]) == 0
    config = read_description("vae")["config"]
    assert (config["latent"], config["sort"], config["iterations"]) == (7, False, 30)


def test_an_untrained_vae_is_saved_without_training():
    assert main(["vae", "train", "Maze", *SMALL, "--untrained", "--out", "vae", "--quiet", "--no-report"]) == 0
    assert read_description("vae")["training"]["iterations"] == 0


def test_a_finished_vae_is_not_overwritten(capsys):
    assert main(["vae", "train", "Maze", *SMALL, "--out", "vae", "--quiet", "--no-report"]) == 0
    before = read_description("vae")
    assert main(["vae", "train", "Maze", *SMALL, "--out", "vae", "--quiet", "--seed", "1"]) == 2
    assert "There is a task VAE in vae" in capsys.readouterr().err
    assert read_description("vae") == before


def test_losses_that_are_no_numbers_end_the_command_and_leave_what_was_saved(capsys):
    words = ["vae", "train", "Maze", *SMALL, "--learning-rate", "1e30", "--out", "vae", "--quiet"]
    assert main(words) == 1
    assert "loss of the task VAE became" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["tran"], "Did you mean 'train'"),
        (["train"], "Name an environment"),
        (["train", "Mase"], "Did you mean 'Maze'"),
        (["train", "CartPole-v1"], "has no task space"),
        (["train", "Maze", "--preset", "smal"], "Did you mean 'small'"),
        (["train", "Maze", "--latent", "-3"], "latent"),
        (["train", "Maze", "--env-arg", "heigth=3"], "cannot be made"),
    ],
    ids=str,
)
def test_a_wrong_request_is_one_sentence(words, sentence, capsys):
    assert main(["vae", *words]) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert len(error.strip().splitlines()) == 1


def test_an_environment_without_a_codec_gets_one_of_bins():
    env = gym.make("tutelage/StumpTracks-v0")
    assert isinstance(codec_of(env, env.get_wrapper_attr("task_space")), BinCodec)
    env.close()


# --- Runs ------------------------------------------------------------------------------------------------------------


def ensured(env, teacher="clutr", **config):
    settings = TrainConfig("Maze", teacher, **config)
    return ensure_vae(settings, "tutelage/Maze-v0", env.get_wrapper_attr("task_space"), env)


def test_a_run_trains_its_vae_once_and_says_which(env, capsys):
    first = ensured(env)
    assert "Training a task VAE for clutr" in capsys.readouterr().err
    second = ensured(env)
    told = capsys.readouterr().err
    assert "Training" not in told
    assert f"is the task VAE in {first.teacher_args['vae']}" in told
    assert first == second
    assert (vae_command.VAES.resolve() / "x").parent == vae_command.Path(first.teacher_args["vae"]).parent


def test_the_teacher_of_the_run_loads_it(env):
    config = ensured(env)
    space = env.get_wrapper_attr("task_space")
    teacher = make_teacher("clutr", space, seed=0, codec=MazeCodec(space), **config.teacher_args)
    assert space.contains_all(teacher.sample(20).values)


def test_a_vae_that_was_given_stays(env):
    config = ensured(env, teacher_args={"vae": "mine"})
    assert config.teacher_args == {"vae": "mine"}
    assert not vae_command.VAES.exists()


def test_a_wrong_hyperparameter_is_refused_before_anything_is_trained(env):
    with pytest.raises(RequestError, match="Did you mean 'flexible'"):
        ensured(env, teacher_args={"regret": "flexibel"})
    assert not vae_command.VAES.exists()


def test_other_teachers_need_none(env):
    assert ensured(env, "random").teacher_args == {}


def test_an_unfinished_vae_is_trained_anew(env):
    folder = vae_command.Path(ensured(env).teacher_args["vae"])
    description = read_description(folder)
    (folder / DESCRIPTION).write_text(json.dumps({**description, "training": {"finished": False}}))
    ensured(env)
    assert read_description(folder)["training"]["finished"] is True


def test_a_damaged_vae_is_named_and_kept(env):
    folder = vae_command.Path(ensured(env).teacher_args["vae"])
    (file,) = folder.glob("*.safetensors")
    file.write_bytes(file.read_bytes()[:1000])
    with pytest.raises(RunError, match=r"vae-.*is damaged"):
        ensured(env)
    assert file.stat().st_size == 1000


def test_mazes_of_another_size_have_another_vae(env):
    other = gym.make("tutelage/Maze-v0", height=4, width=3)
    assert ensured(env).teacher_args != ensured(other).teacher_args
    other.close()


def test_a_codec_that_is_none_is_refused():
    class Env:
        def has_wrapper_attr(self, name):
            return True

        def get_wrapper_attr(self, name):
            return 3

    with pytest.raises(RequestError, match="expected a TaskCodec"):
        codec_of(Env(), None)


def test_training_by_function_returns_the_folder(tmp_path):
    folder = train_task_vae("Maze", env_args={"height": 3, "width": 3}, quiet=True, report=False)
    assert folder.parent == vae_command.VAES
    assert np.isclose(read_description(folder)["training"]["iterations"], 30)
