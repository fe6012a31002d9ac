"""Frozen test sets."""

import dataclasses
import re

import gymnasium as gym
import numpy as np
import pytest
import tutelage.envs
from tutelage.envs import default_test_set, frozen, list_test_sets, load_test_set
from tutelage.errors import RunError


@pytest.fixture(params=list_test_sets())
def name(request):
    return request.param


def test_every_task_lies_in_the_space(name):
    test_set = load_test_set(name)
    assert test_set.space.contains(test_set.tasks).all()


def test_the_space_is_the_one_of_the_environment_with_the_arguments_of_the_test_set(name):
    test_set = load_test_set(name)
    assert gym.make(test_set.env_id, **test_set.env_args).unwrapped.task_space == test_set.space


def test_tracks_need_no_arguments_and_mazes_their_size_and_time_limit(name):
    test_set = load_test_set(name)
    maze = test_set.env_id == "tutelage/Maze-v0"
    assert list(test_set.env_args) == (["height", "width", "max_steps"] if maze else [])


@pytest.mark.parametrize("table", [n for n in list_test_sets() if not n.startswith("maze/")])
def test_the_columns_of_the_file_are_the_dimensions(table):
    test_set = load_test_set(table)
    header = (frozen._FOLDER / f"{table.replace('/', '_')}.csv").read_text().splitlines()[0]
    assert tuple(header.split(",")) == test_set.space.names


def test_a_number_at_the_end_of_a_name_is_that_of_its_tasks():
    numbers = {n: int(n.rsplit("-", 1)[1]) for n in list_test_sets() if re.search(r"-\d\d+$", n)}
    assert len(numbers) == 6
    assert {n: len(load_test_set(n)) for n in numbers} == numbers


def test_every_file_belongs_to_a_test_set():
    files = {path.name for path in frozen._FOLDER.iterdir()}
    assert files == {f"{name.replace('/', '_')}{entry.suffix}" for name, entry in frozen._SETS.items()}


def test_the_environment_plays_the_tasks(name):
    test_set = load_test_set(name)
    env = gym.make(test_set.env_id, **test_set.env_args)
    np.testing.assert_array_equal(env.reset(options={"task": test_set.tasks[-1]})[1]["task"], test_set.tasks[-1])


def test_tasks_cannot_be_changed_by_accident(name):
    with pytest.raises(ValueError, match="read-only"):
        load_test_set(name).tasks[0] = 0.0


def test_the_grid_is_ten_by_ten_with_both_bounds():
    tasks = load_test_set("stump-tracks/grid-100").tasks
    np.testing.assert_array_equal(np.unique(tasks[:, 0]), np.linspace(0.0, 3.0, 10))
    np.testing.assert_array_equal(np.unique(tasks[:, 1]), np.linspace(0.0, 6.0, 10))


@pytest.mark.parametrize("uniform", [n for n in list_test_sets() if "uniform" in n])
def test_uniform_sets_can_be_drawn_again_from_the_documented_seed(uniform):
    test_set = load_test_set(uniform)
    drawn = test_set.space.sample(len(test_set), np.random.default_rng(4222))
    np.testing.assert_array_equal(test_set.tasks, drawn)


def test_an_unknown_name_is_refused_with_a_suggestion():
    with pytest.raises(ValueError, match="Did you mean 'stump-tracks/grid-100'"):
        load_test_set("stump-tracks/grid-10")


@pytest.mark.parametrize("file", ["stump-tracks_grid-100.csv", "maze_labyrinth.txt", "maze_four-rooms.npz"])
def test_a_damaged_file_is_refused_with_both_hashes(file, tmp_path, monkeypatch):
    name = file.rpartition(".")[0].replace("_", "/")
    expected = load_test_set(name).sha256
    content = bytearray((frozen._FOLDER / file).read_bytes())
    content[100] ^= 1
    (tmp_path / file).write_bytes(content)
    monkeypatch.setattr(frozen, "_FOLDER", tmp_path)
    with pytest.raises(RunError, match=rf"{re.escape(file)}.*{expected}.*found [0-9a-f]{{64}}"):
        load_test_set(name)


def test_a_damaged_part_of_a_test_set_is_named(tmp_path, monkeypatch):
    for path in frozen._FOLDER.glob("maze_*.txt"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "maze_maze-3.txt").write_text("")
    monkeypatch.setattr(frozen, "_FOLDER", tmp_path)
    with pytest.raises(RunError, match=r"maze_maze-3\.txt is damaged"):
        load_test_set("maze/fixed-8-13x13")


def test_the_default_of_mazes_is_the_fixed_ones_one_after_the_other():
    found = default_test_set("tutelage/Maze-v0")
    parts = [load_test_set(name) for name in frozen._UNIONS[found.name]]
    np.testing.assert_array_equal(found.tasks, np.concatenate([part.tasks for part in parts]))
    assert (len(found), found.env_args) == (8, {"height": 13, "width": 13, "max_steps": 250})


def test_a_missing_file_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr(frozen, "_FOLDER", tmp_path)
    with pytest.raises(RunError, match=r"stump-tracks_grid-100\.csv"):
        load_test_set("stump-tracks/grid-100")


def test_every_environment_with_test_sets_has_a_default_one():
    for env_id in {load_test_set(name).env_id for name in list_test_sets()}:
        assert default_test_set(env_id).name in list_test_sets(env_id)


def test_the_default_is_found_with_the_module_in_front():
    assert default_test_set("tutelage.envs:tutelage/StumpTracks-v0").name == "stump-tracks/grid-100"


def test_an_environment_without_test_sets_is_refused():
    with pytest.raises(ValueError, match="CartPole"):
        default_test_set("CartPole-v1")


def test_the_public_names_are_there():
    assert all(hasattr(tutelage.envs, name) for name in tutelage.envs.__all__)


def test_sets_are_equal_where_their_tasks_are():
    one, same, other = (load_test_set(f"maze/{name}") for name in ("maze", "maze", "maze-2"))
    assert one == same
    assert one != other
    assert one != dataclasses.replace(one, tasks=one.tasks + 1)
    assert len({one, same, other}) == 2
