"""Students, normalisation and replay buffers on disk."""

from __future__ import annotations

import numpy as np
import pytest
from stable_baselines3 import DQN, PPO, SAC
from tutelage.errors import RunError
from tutelage.students import make_student
from tutelage.students.building import prepare
from tutelage.students.checkpointing import begin_episodes, load_student, save_student
from tutelage.wrappers import make_curriculum_vec_env

from .test_students import SMALL, Heard, Walk, parameters, walks


def trained(name, **arguments):
    small = {**SMALL[name], **arguments}
    return make_student(name, walks(actions="discrete" if name == "dqn" else "continuous"), seed=0, **small).learn(200)


def fresh(normalize=False, **kwargs):
    return prepare(make_curriculum_vec_env(lambda: Walk(**kwargs), Heard(Walk.task_space), n_envs=2), normalize)


def test_a_student_is_loaded_as_it_was_saved(tmp_path):
    student = trained("ppo")
    save_student(student, tmp_path)
    loaded = load_student(PPO, tmp_path, fresh())
    assert (parameters(loaded) == parameters(student)).all()
    assert loaded.num_timesteps == student.num_timesteps


def test_statistics_of_normalisation_are_loaded_as_they_were_saved(tmp_path):
    student = trained("ppo", normalize_observations=True)
    save_student(student, tmp_path)
    loaded = load_student(PPO, tmp_path, fresh(normalize=True))
    one, two = student.get_vec_normalize_env().obs_rms, loaded.get_vec_normalize_env().obs_rms
    assert (one.mean == two.mean).all()
    assert (one.var == two.var).all()
    assert one.count == two.count


@pytest.mark.parametrize("options", [{}, {"optimize_memory_usage": True}, {"buffer_size": 60}])
def test_a_replay_buffer_is_loaded_as_it_was_saved(tmp_path, options):
    extra = (
        {"replay_buffer_kwargs": {"handle_timeout_termination": False}} if "optimize_memory_usage" in options else {}
    )
    student = trained("dqn", **options, **extra)
    save_student(student, tmp_path)
    one, two = student.replay_buffer, load_student(DQN, tmp_path, fresh(actions="discrete")).replay_buffer
    assert (one.pos, one.full) == (two.pos, two.full)
    for buffer in (one, two):
        np.random.seed(0)  # noqa: NPY002 - the buffer's generator
        buffer.drawn = buffer.sample(50)
    for a, b in zip(one.drawn, two.drawn, strict=True):
        if a is not None:
            np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_a_replay_buffer_of_dict_observations_is_loaded_as_it_was_saved(tmp_path):
    student = make_student("sac", walks(observations="dict"), seed=0, **SMALL["sac"]).learn(100)
    save_student(student, tmp_path)
    loaded = load_student(SAC, tmp_path, fresh(observations="dict"))
    for key, array in student.replay_buffer.observations.items():
        np.testing.assert_array_equal(array[:50], loaded.replay_buffer.observations[key][:50])


def test_only_the_filled_part_of_a_replay_buffer_is_saved(tmp_path):
    save_student(trained("sac", buffer_size=1_000_000), tmp_path)
    assert (tmp_path / "replay_buffer.npz").stat().st_size < 100_000


@pytest.mark.parametrize("file", ["student.zip", "normalization.npz", "replay_buffer.npz"])
@pytest.mark.parametrize("damage", ["missing", "cut off", "nonsense"])
def test_a_damaged_file_is_named(tmp_path, file, damage):
    save_student(trained("sac", normalize_observations=True), tmp_path)
    path = tmp_path / file
    content = path.read_bytes()
    path.unlink()
    if damage != "missing":
        path.write_bytes(content[: len(content) // 2] if damage == "cut off" else b"nonsense")
    with pytest.raises(RunError, match=file.replace(".", r"\.")):
        load_student(SAC, tmp_path, fresh(normalize=True))


def test_a_student_of_another_environment_is_refused(tmp_path):
    save_student(trained("ppo"), tmp_path)
    with pytest.raises(RunError, match=r"student\.zip cannot be read by PPO: .*spaces do not match"):
        load_student(PPO, tmp_path, fresh(observations="dict"))


def test_a_full_disk_is_an_error_that_names_the_file(tmp_path, monkeypatch):
    student = trained("ppo")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tutelage.state.os.fsync", full)
    with pytest.raises(RunError, match=r"student\.zip: No space left on device"):
        save_student(student, tmp_path)


def test_beginning_episodes_depends_on_seed_and_step_alone():
    drawn = []
    for _ in range(2):
        student = make_student("sac", walks(), seed=0, **SMALL["sac"])
        np.random.random(len(drawn) + 3)  # noqa: NPY002
        begin_episodes(student, seed=7)
        drawn.append((student._last_obs.copy(), np.random.random(), student.action_space.sample()))  # noqa: NPY002
    for one, two in zip(*drawn, strict=True):
        np.testing.assert_array_equal(one, two)


def test_beginning_episodes_at_another_step_draws_other_numbers():
    student = make_student("ppo", walks(), seed=0, **SMALL["ppo"])
    begin_episodes(student, seed=7)
    first = student._last_obs.copy()
    student.num_timesteps = 64
    begin_episodes(student, seed=7)
    assert (student._last_obs != first).any()
