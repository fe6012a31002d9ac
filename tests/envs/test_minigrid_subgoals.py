"""Words as Beacons on MiniGrid: the planner's lists, the encodings, what counts as done, and simulated mistakes."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import gymnasium as gym
import minigrid  # noqa: F401 - registers its environments
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env as gymnasium_check_env
from gymnasium.vector import AsyncVectorEnv
from minigrid.core.world_object import Ball, Box, Door, Goal, Key
from minigrid.envs import MultiRoomEnv
from stable_baselines3.common.env_checker import check_env as sb3_check_env
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import DummyVecEnv, SubprocVecEnv
from tutelage import TaskSpace, make_teacher
from tutelage.envs import (
    SIMULATED_LLMS,
    CellProgress,
    LanguageEncoding,
    MiniGridSubgoal,
    MiniGridView,
    NoisyOracle,
    PlannerOracle,
    RelativeEncoding,
    RepresentationEncoding,
    describe_grid,
    hashed_words,
    minigrid_encoding,
    simulated_llm,
)
from tutelage.envs.minigrid_words import instruction_for
from tutelage.errors import RequestError
from tutelage.wrappers import CurriculumVecEnv, EpisodeGate, Subgoals

sys.path.insert(0, str(Path(__file__).parent))

from minigrid_walker import DROP, FORWARD, LEFT, PICK_UP, TOGGLE, WAIT, Walker, neighbours


def four_rooms():
    """MultiRoom-N4-S5 as it is meant: four rooms (in MiniGrid, -v0 has six)."""
    return MultiRoomEnv(minNumRooms=4, maxNumRooms=4, maxRoomSize=5)


def made(name):
    return four_rooms() if name == "MultiRoom-N4-S5" else gym.make(f"MiniGrid-{name}-v0")


TASKS = {
    "KeyCorridorS3R3": (270, ["key", "door", "ball"]),
    "KeyCorridorS6R3": (1080, ["key", "door", "ball"]),
    "ObstructedMaze-1Dl": (288, ["key", "door", "ball"]),
    "ObstructedMaze-1Dlh": (288, ["box", "door", "ball"]),
    "ObstructedMaze-1Dlhb": (288, ["box", "ball", "door", "ball"]),
    "MultiRoom-N2-S4": (40, ["door", "goal"]),
    "MultiRoom-N4-S5": (80, ["door", "door", "door", "goal"]),
}
"""Horizon of each task, and what its subgoals are."""


class Given:
    """A provider of a list made by hand."""

    def __init__(self, *subgoals):
        self.list = subgoals

    def subgoals(self, env, rng):
        return list(self.list)


def beacons(env, provider=None, encoding=None, **kwargs):
    return Subgoals(env, provider or PlannerOracle(), encoding or RelativeEncoding(), CellProgress(), **kwargs)


def content(env, subgoal):
    return env.unwrapped.grid.get(*subgoal.cell)


# --- The planner -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TASKS)
def test_doing_the_planners_subgoals_in_order_solves_the_task_on_50_seeds(name):
    env = beacons(made(name))
    for seed in range(50):
        _, info = env.reset(seed=seed)
        cells = [subgoal.cell for subgoal in env._list]
        walker = Walker(env)
        for index, cell in enumerate(cells):
            walker.do(cell)
            assert walker.last[4]["subgoal_index"] == min(index + 1, len(cells) - 1)
        _, reward, terminated, truncated, info = walker.last
        assert terminated, f"seed {seed}"
        assert not truncated
        assert info["return_without_bonus"] > 0.0
        assert info["subgoals_in_order"] == (True,) * len(cells)
        assert reward == info["return_without_bonus"], "the last subgoal pays nothing"


@pytest.mark.parametrize("name", TASKS)
def test_the_lists_and_horizons_are_those_of_the_paper(name):
    horizon, kinds = TASKS[name]
    env = made(name)
    for seed in range(10):
        env.reset(seed=seed)
        assert [content(env, subgoal).type for subgoal in PlannerOracle().subgoals(env)] == kinds
    assert env.unwrapped.max_steps == horizon


@pytest.mark.parametrize("name", ["KeyCorridorS3R3", "ObstructedMaze-1Dlhb"])
def test_the_planner_finds_the_locked_door_and_the_object_of_the_mission(name):
    env = made(name)
    for seed in range(10):
        env.reset(seed=seed)
        *_, door, last = [content(env, subgoal) for subgoal in PlannerOracle().subgoals(env)]
        assert door.is_locked
        assert last is env.unwrapped.obj


def test_the_planner_finds_the_key_of_the_locked_door():
    env = made("KeyCorridorS6R3")
    for seed in range(10):
        env.reset(seed=seed)
        key, door, _ = [content(env, subgoal) for subgoal in PlannerOracle().subgoals(env)]
        assert (key.type, key.color) == ("key", door.color)


def test_the_ball_that_blocks_the_door_stands_beside_it():
    env = made("ObstructedMaze-1Dlhb")
    for seed in range(10):
        env.reset(seed=seed)
        _, ball, door, _ = PlannerOracle().subgoals(env)
        assert ball.cell in neighbours(door.cell)


def test_another_environment_is_refused_with_a_hint():
    env = gym.make("MiniGrid-Empty-5x5-v0")
    env.reset(seed=0)
    with pytest.raises(ValueError, match="not EmptyEnv; write a provider"):
        PlannerOracle().subgoals(env)


def test_planning_leaves_the_environment_alone():
    env, untouched = made("KeyCorridorS3R3"), made("KeyCorridorS3R3")
    for each in (env, untouched):
        each.reset(seed=3)
    PlannerOracle().subgoals(env)
    np.testing.assert_array_equal(env.unwrapped.grid.encode(), untouched.unwrapped.grid.encode())
    assert env.unwrapped.np_random.random() == untouched.unwrapped.np_random.random()


# --- The encodings ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "none"), [("relative", [0, 0]), ("representation", [-1, -1, -1]), ("language", [0] * 384)]
)
def test_the_vector_of_no_subgoal_is_that_of_the_paper(name, none):
    env = made("KeyCorridorS3R3")
    env.reset(seed=0)
    encoding = minigrid_encoding(name)
    assert encoding.encode(env, None).tolist() == none
    assert encoding.space(env).shape == (len(none),)


@pytest.mark.parametrize("name", ["relative", "representation", "language"])
@pytest.mark.parametrize("task", ["KeyCorridorS3R3", "MultiRoom-N4-S5"])
def test_every_vector_lies_in_its_space(name, task):
    env = made(task)
    encoding = minigrid_encoding(name)
    for seed in range(20):
        env.reset(seed=seed)
        vectors = [encoding.encode(env, subgoal) for subgoal in [*PlannerOracle().subgoals(env), None]]
        assert all(encoding.space(env).contains(vector) for vector in vectors)


def test_relative_subgoals_change_as_the_agent_moves():
    env = beacons(made("MultiRoom-N2-S4"))
    observation, _ = env.reset(seed=0)
    walker = Walker(env)
    (x, y), door = walker.here, env._list[0].cell
    assert observation["subgoal"].tolist() == [door[0] - x, door[1] - y]
    walker.go_beside(door)
    assert np.abs(walker.last[0]["subgoal"]).sum() == 1.0


def test_the_representation_is_the_code_of_what_is_in_the_cell_now():
    env = made("MultiRoom-N2-S4")
    env.reset(seed=0)
    door = PlannerOracle().subgoals(env)[0]
    assert RepresentationEncoding().encode(env, door).tolist() == [*content(env, door).encode()]
    assert RepresentationEncoding().encode(env, door)[2] == 1  # closed
    content(env, door).is_open = True
    assert RepresentationEncoding().encode(env, door)[2] == 0  # open


@pytest.mark.parametrize("encoding", [RepresentationEncoding(), LanguageEncoding()])
def test_a_cell_that_has_been_emptied_shows_no_subgoal(encoding):
    env = made("ObstructedMaze-1Dl")
    env.reset(seed=0)
    key = PlannerOracle().subgoals(env)[0]
    assert (encoding.encode(env, key) != encoding.encode(env, None)).any()
    env.unwrapped.grid.set(*key.cell, None)
    np.testing.assert_array_equal(encoding.encode(env, key), encoding.encode(env, None))


def test_the_last_subgoal_is_never_shown():
    env = beacons(made("MultiRoom-N2-S4"), encoding=RepresentationEncoding())
    env.reset(seed=0)
    walker = Walker(env)
    walker.do(env._list[0].cell)
    assert walker.last[0]["subgoal"].tolist() == [-1, -1, -1]


def test_an_instruction_says_what_to_do():
    locked, closed, opened = (Door("red", is_locked=True), Door("red"), Door("red", is_open=True))
    assert [instruction_for(each) for each in (locked, closed, opened, Key("grey"), Box("blue"), Ball(), Goal())] == [
        "open the locked red door",
        "open the red door",
        "go through the open red door",
        "pick up the grey key",
        "open the blue box",
        "pick up the blue ball",
        "go to the green goal",
    ]


def test_every_instruction_of_minigrid_has_a_vector_of_its_own():
    colors = ("red", "green", "blue", "purple", "yellow", "grey")
    things = [make(color) for color in colors for make in (Key, Ball, Box, Door, lambda c: Door(c, is_locked=True))]
    vectors = np.array([hashed_words(instruction_for(thing)) for thing in [*things, Goal()]])
    assert vectors.shape == (31, 384)
    similarity = vectors @ vectors.T
    assert (similarity[~np.eye(31, dtype=bool)] < 0.99).all()
    np.testing.assert_allclose(np.diag(similarity), 1.0, rtol=1e-6)


def test_hashed_words_are_the_same_on_every_machine():
    places = np.flatnonzero(hashed_words("open door", 384)).tolist()
    assert places == sorted([np.flatnonzero(hashed_words(word, 384))[0] for word in ("open", "door")])
    assert np.flatnonzero(hashed_words("door", 384)).tolist() == [134]


def test_a_sentence_embedding_of_ones_own_can_be_used():
    env = made("MultiRoom-N2-S4")
    env.reset(seed=0)
    asked = []

    def embed(text):
        asked.append(text)
        return np.full(8, 0.5)

    encoding = LanguageEncoding(embed, dim=8)
    door = PlannerOracle().subgoals(env)[0]
    for _ in range(3):
        assert encoding.encode(env, door).tolist() == [0.5] * 8
    assert asked == [door.text], "a sentence is embedded once"


@pytest.mark.parametrize("vector", [np.zeros(7), np.full(8, 2.0), np.full(8, np.nan)])
def test_an_embedding_out_of_bounds_is_refused(vector):
    env = made("MultiRoom-N2-S4")
    env.reset(seed=0)
    with pytest.raises(ValueError, match="embed must return 8 numbers between -1 and 1"):
        LanguageEncoding(lambda text: vector, dim=8).encode(env, PlannerOracle().subgoals(env)[0])


def test_an_unknown_encoding_is_refused_with_the_nearest():
    with pytest.raises(RequestError, match="Did you mean 'relative'"):
        minigrid_encoding("relativ")


def test_a_dimension_that_is_none_is_refused():
    with pytest.raises(ValueError, match="dim as a whole number"):
        LanguageEncoding(dim=0)


# --- What counts as done ---------------------------------------------------------------------------------------------


def test_standing_on_the_cell_is_enough_even_without_moving():
    env = made("KeyCorridorS3R3")
    env.reset(seed=0)
    here = MiniGridSubgoal(Walker(env).here, "stay")
    goal = PlannerOracle().subgoals(env)[-1]
    env = beacons(env, Given(here, goal))
    env.reset(seed=0)
    _, reward, _, _, info = env.step(LEFT)
    assert info["subgoal_index"] == 1
    assert reward == pytest.approx(0.2 * (1 - 1 / 270))


def changes(env, cell, actions):
    """Whether each of some actions completes the subgoal of a cell."""
    progress, subgoals = CellProgress(), [MiniGridSubgoal(cell, "")]
    done = []
    for action in actions:
        before = progress.look(env, subgoals)
        env.step(action)
        done += progress.completed(env, subgoals, before)
    return done


def test_a_box_that_opens_is_a_change_and_taking_the_key_another():
    env = made("ObstructedMaze-1Dlh")
    env.reset(seed=0)
    box = PlannerOracle().subgoals(env)[0].cell
    Walker(env).go_beside(box)
    assert changes(env, box, [WAIT, TOGGLE, WAIT, PICK_UP, WAIT]) == [False, True, False, True, False]


def test_a_door_that_opens_is_a_change_and_closing_it_another():
    env = made("MultiRoom-N4-S5")
    env.reset(seed=0)
    door = PlannerOracle().subgoals(env)[0].cell
    Walker(env).go_beside(door)
    assert changes(env, door, [WAIT, TOGGLE, WAIT, TOGGLE, WAIT]) == [False, True, False, True, False]


def test_an_object_that_is_put_down_is_a_change():
    env = made("ObstructedMaze-1Dl")
    env.reset(seed=0)
    key = PlannerOracle().subgoals(env)[0].cell
    Walker(env).go_beside(key)
    assert changes(env, key, [PICK_UP, WAIT, DROP]) == [True, False, True]


def test_an_entry_done_too_early_is_not_skipped_and_a_visit_completes_it():
    env = made("ObstructedMaze-1Dl")
    env.reset(seed=0)
    key, door, ball = PlannerOracle().subgoals(env)
    env = beacons(env, Given(door, key, ball))
    env.reset(seed=0)
    walker = Walker(env)
    walker.do(key.cell)
    assert walker.last[4]["subgoal_index"] == 0
    walker.do(door.cell)
    assert walker.last[4]["subgoal_index"] == 1
    walker.act(WAIT, LEFT, LEFT)
    assert walker.last[4]["subgoal_index"] == 1, "the key's cell has long been empty: stuck"
    assert walker.last[0]["subgoal"].any(), "its place is shown all the same"
    walker.do(key.cell)  # walks onto the empty cell
    assert walker.last[4]["subgoal_index"] == 2


def test_bumping_into_something_changes_nothing():
    env = beacons(made("ObstructedMaze-1Dl"))
    env.reset(seed=0)
    walker = Walker(env)
    walker.go_beside(env._list[0].cell)
    walker.act(FORWARD, TOGGLE)
    assert walker.last[4]["subgoal_index"] == 0


# --- Simulated language models ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("error", ["cell", "object"])
@pytest.mark.parametrize("compat", [None, "ruizgonzalez2024"])
def test_with_accuracy_1_the_list_is_the_oracles(name, error, compat):
    env = made(name)
    env.reset(seed=0)
    found = NoisyOracle(1.0, error, mean=3.0, std=2.0, compat=compat).subgoals(env, np.random.default_rng(0))
    assert found == PlannerOracle().subgoals(env)


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize(("mean", "std"), [(0.0, 0.0), (3.69, 4.65), (50.0, 0.0)])
def test_with_accuracy_0_no_cell_is_one_of_the_oracles(name, mean, std):
    env = made(name)
    for seed in range(5):
        env.reset(seed=seed)
        right = {subgoal.cell for subgoal in PlannerOracle().subgoals(env)}
        wrong = NoisyOracle(0.0, mean=mean, std=std).subgoals(env, np.random.default_rng(seed))
        assert right.isdisjoint(subgoal.cell for subgoal in wrong)


@pytest.mark.parametrize("name", TASKS)
def test_with_accuracy_0_no_object_is_the_right_one(name):
    env = made(name)
    for seed in range(5):
        env.reset(seed=seed)
        wrong = NoisyOracle(0.0, "object").subgoals(env, np.random.default_rng(seed))
        assert all(content(env, subgoal) is not None for subgoal in wrong)
        assert all(one.cell != other.cell for one, other in zip(wrong, PlannerOracle().subgoals(env), strict=True))


def test_wrong_objects_are_not_on_the_list_where_there_are_others():
    env = made("KeyCorridorS3R3")
    for seed in range(5):
        env.reset(seed=seed)
        wrong = NoisyOracle(0.0, "object").subgoals(env, np.random.default_rng(seed))
        assert {subgoal.cell for subgoal in wrong}.isdisjoint(each.cell for each in PlannerOracle().subgoals(env))
        assert {content(env, subgoal).type for subgoal in wrong} == {"door"}


def drawn(oracle, name="KeyCorridorS6R3", n=300):
    """How far, and in which direction, the first subgoal is off."""
    env = made(name)
    env.reset(seed=1)
    right = PlannerOracle().subgoals(env)[0].cell
    rng = np.random.default_rng(0)
    found = [oracle.subgoals(env, rng)[0].cell for _ in range(n)]
    return np.array(found) - right


def test_each_subgoal_is_right_with_the_given_probability():
    wrong = drawn(NoisyOracle(0.7, mean=2.0), n=2_000).any(axis=1).mean()
    assert wrong == pytest.approx(0.3, abs=0.04)


def test_wrong_cells_lie_in_every_direction_at_the_given_distance():
    off = drawn(NoisyOracle(0.0, mean=3.0))
    assert set(np.abs(off).sum(axis=1).tolist()) == {3}
    assert len({tuple(each) for each in off.tolist()}) > 3
    assert {int(sign) for sign in np.sign(off[:, 1])} == {-1, 0, 1}


def test_a_wrong_cell_is_at_least_one_cell_off():
    assert set(np.abs(drawn(NoisyOracle(0.0, mean=-5.0, std=0.1))).sum(axis=1).tolist()) == {1}


def test_in_the_authors_code_wrong_cells_lie_to_the_right():
    off = drawn(NoisyOracle(0.0, mean=3.0, compat="ruizgonzalez2024"))
    assert {tuple(each) for each in off.tolist()} == {(3, 0)}


def test_in_the_authors_code_a_cell_that_has_no_room_to_the_right_goes_anywhere():
    off = drawn(NoisyOracle(0.0, mean=60.0, compat="ruizgonzalez2024"))
    assert len({tuple(each) for each in off.tolist()}) > 50


def test_in_the_authors_code_a_wrong_object_can_be_the_right_one():
    env = made("MultiRoom-N2-S4")
    env.reset(seed=0)
    wrong = NoisyOracle(0.0, "object", compat="ruizgonzalez2024").subgoals(env, np.random.default_rng(0))
    assert wrong[0] == PlannerOracle().subgoals(env)[0], "there is one door"


def test_in_the_authors_code_wrong_objects_of_the_corridor_are_doors_outside_the_goals_room():
    env = made("KeyCorridorS3R3")
    oracle = NoisyOracle(0.0, "object", compat="ruizgonzalez2024")
    for seed in range(10):
        env.reset(seed=seed)
        locked = PlannerOracle().subgoals(env)[1]
        found = oracle.subgoals(env, np.random.default_rng(seed))
        assert {content(env, each).type for each in found} == {"door"}
        assert locked.cell not in {each.cell for each in found}


@pytest.mark.parametrize(
    ("task", "accuracies", "errors"),
    [
        ("KeyCorridorS3R3", (0.974, 0.985, 0.334, 0.906, 0.981, 0.996), (0.18, 1.20, 2.57, 2.54, 0.07, 0.63)),
        ("KeyCorridorS6R3", (0.914, 0.932, 0.365, 0.762, 0.881, 0.959), (1.47, 5.02, 7.24, 7.47, 1.34, 4.25)),
        ("ObstructedMaze-1Dlh", (0.988, 0.989, 0.430, 0.739, 0.669, 0.742), (0.08, 0.82, 2.98, 3.41, 2.18, 3.53)),
        ("ObstructedMaze-1Dlhb", (0.449, 0.486, 0.229, 0.518, 0.405, 0.482), (4.33, 4.21, 4.49, 3.39, 3.85, 3.71)),
        ("MultiRoom-N2-S4", (0.921, 0.930, 0.352, 0.273, 0.714, 0.559), (0.26, 1.01, 2.91, 2.54, 1.12, 2.05)),
        ("MultiRoom-N4-S5", (0.540, 0.548, 0.129, 0.175, 0.360, 0.352), (3.69, 4.65, 7.92, 4.64, 5.23, 4.94)),
    ],
)
def test_the_simulated_models_are_those_of_the_paper(task, accuracies, errors):
    for index, model in enumerate(("llama", "deepseek", "qwen")):
        relative = simulated_llm(model, task, "relative")
        representation = simulated_llm(model, f"MiniGrid-{task}-v0", "representation")
        assert relative.accuracy == pytest.approx(accuracies[2 * index], abs=6e-4)
        assert representation.accuracy == pytest.approx(accuracies[2 * index + 1], abs=6e-4)
        assert simulated_llm(model, task, "language").accuracy == representation.accuracy
        assert (relative.mean, relative.std) == errors[2 * index : 2 * index + 2]
        assert (relative.error, representation.error) == ("cell", "object")


def test_all_simulated_models_have_all_tasks():
    assert len(SIMULATED_LLMS) == 6
    assert all(set(models) == {"llama", "deepseek", "qwen"} for models in SIMULATED_LLMS.values())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("lama", "MultiRoom-N2-S4", "relative"), "Did you mean 'llama'"),
        (("llama", "KeyCorridorS3R2", "relative"), "Did you mean 'KeyCorridorS3R3'"),
        (("llama", "MultiRoom-N2-S4", "absolute"), "Unknown encoding"),
    ],
)
def test_a_misspelt_simulated_model_is_refused(arguments, message):
    with pytest.raises(RequestError, match=message):
        simulated_llm(*arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {"accuracy": 1.1},
        {"accuracy": -0.1},
        {"accuracy": float("nan")},
        {"error": "cel"},
        {"mean": float("inf")},
        {"std": -1.0},
        {"std": float("nan")},
        {"compat": "2024"},
    ],
)
def test_a_value_out_of_range_is_refused(arguments):
    with pytest.raises(ValueError, match=r"Expected|Unknown"):
        NoisyOracle(**arguments)


# --- In MiniGrid as students play it ---------------------------------------------------------------------------------


def playable(name="MultiRoom-N2-S4", provider=None, encoding="relative"):
    return beacons(MiniGridView(made(name)), provider, minigrid_encoding(encoding))


@pytest.mark.parametrize("encoding", ["relative", "representation", "language"])
def test_the_checkers_accept_it(encoding):
    gymnasium_check_env(playable(provider=NoisyOracle(0.5, mean=2.0), encoding=encoding), skip_render_check=True)
    sb3_check_env(playable("KeyCorridorS3R3", encoding=encoding))


def test_the_checkers_accept_a_view_with_layouts():
    gymnasium_check_env(MiniGridView(made("MultiRoom-N2-S4"), layouts=range(9)), skip_render_check=True)
    sb3_check_env(MiniGridView(made("MultiRoom-N2-S4"), layouts=range(9)))


def test_the_view_has_the_parts_of_the_librarys_mazes():
    env = MiniGridView(made("MultiRoom-N2-S4"))
    observation, _ = env.reset(seed=0)
    assert set(observation) == {"image", "direction"}
    assert env.observation_space.contains(observation)
    assert env.observation_space["image"].high.max() == 10


def test_the_view_tells_success():
    env = playable()
    env.reset(seed=0)
    walker = Walker(env)
    walker.do(env._list[0].cell)
    assert walker.last[4]["is_success"] is False
    walker.do(env._list[1].cell)
    assert walker.last[4]["is_success"] is True


def test_the_view_is_not_truncated_where_it_is_solved_in_the_last_moment():
    env = playable()
    env.reset(seed=0)
    walker = Walker(env)
    walker.do(env._list[0].cell)
    walker.go_beside(env._list[1].cell)
    env.unwrapped.step_count = 39
    walker.act(FORWARD)
    assert walker.last[2:4] == (True, False)


def test_the_view_refuses_other_environments():
    with pytest.raises(TypeError, match="expects a MiniGrid environment"):
        MiniGridView(gym.make("CartPole-v1"))


def played(venv, steps=60):
    venv.seed(2)
    rng = np.random.default_rng(0)
    seen = [venv.reset()["subgoal"]]
    for _ in range(steps):
        observations, _, _, _ = venv.step(rng.integers(0, 3, 2))
        seen.append(observations["subgoal"])
    venv.close()
    return np.array(seen)


def test_worker_processes_see_the_same_subgoals():
    makers = [lambda: playable(provider=NoisyOracle(0.5, mean=2.0))] * 2
    here, there = played(DummyVecEnv(makers)), played(SubprocVecEnv(makers, start_method="fork"))
    np.testing.assert_array_equal(here, there)
    assert np.unique(here).size > 2


def test_it_works_in_gymnasiums_worker_processes():
    envs = AsyncVectorEnv([playable, lambda: playable(encoding="relative")])
    observations, infos = envs.reset(seed=0)
    assert observations["subgoal"].shape == (2, 2)
    assert all(len(subgoals) == 2 for subgoals in infos["subgoals"])
    envs.close()


def test_the_parts_go_through_a_pipe():
    env = pickle.loads(pickle.dumps(playable(provider=simulated_llm("qwen", "MultiRoom-N2-S4", "relative"))))
    assert len(env.reset(seed=0)[1]["subgoals"]) == 2


def test_layouts_are_tasks_named_by_minigrids_seeds():
    env = beacons(MiniGridView(made("KeyCorridorS3R3"), layouts=range(100)))
    _, info = env.reset(seed=3, options={"task": [7]})
    assert info["task"].tolist() == [7.0]
    assert info["subgoals"] == playable("KeyCorridorS3R3").reset(seed=7)[1]["subgoals"]
    assert env.reset(options={"task": {"layout": 8}})[1]["subgoals"] != info["subgoals"]
    assert env.reset(options={"task": [7]})[1]["subgoals"] == info["subgoals"]


def test_layouts_are_drawn_by_the_seed_and_not_beyond_their_range():
    env = MiniGridView(made("MultiRoom-N2-S4"), layouts=range(5, 8))
    first = [env.reset(seed=1)[1]["task"][0], *[env.reset()[1]["task"][0] for _ in range(20)]]
    second = [env.reset(seed=1)[1]["task"][0], *[env.reset()[1]["task"][0] for _ in range(20)]]
    assert first == second
    assert set(first) == {5.0, 6.0, 7.0}


def test_a_teacher_can_choose_the_layouts():
    def make():
        return EpisodeGate(Monitor(beacons(MiniGridView(made("MultiRoom-N2-S4"), layouts=range(10)))))

    teacher = make_teacher("random", TaskSpace(layout=range(10)), seed=0)
    venv = CurriculumVecEnv(DummyVecEnv([make] * 2), teacher)
    assert venv.reset()["subgoal"].any(axis=1).all()
    for _ in range(100):
        venv.step(np.array([LEFT, LEFT]))
    assert teacher.metrics()["outcomes"] == 4


@pytest.mark.parametrize("task", [[10], [-1], [2.5], [1, 2], {"lay": 1}])
def test_a_layout_outside_the_range_is_refused(task):
    env = MiniGridView(made("MultiRoom-N2-S4"), layouts=range(10))
    with pytest.raises(ValueError, match=r"layout|shape|lay|dimension"):
        env.reset(options={"task": task})


@pytest.mark.parametrize("layouts", [range(0), range(-2, 5), range(0, 10, 2)])
def test_layouts_that_are_no_seeds_are_refused(layouts):
    with pytest.raises(ValueError, match="layouts as seeds from 0 on"):
        MiniGridView(made("MultiRoom-N2-S4"), layouts=layouts)


def test_the_grid_is_told_in_words_without_what_is_in_the_box():
    env = made("ObstructedMaze-1Dlh")
    env.reset(seed=0)
    text = describe_grid(env)
    box, door, ball = PlannerOracle().subgoals(env)
    assert f"grey box at x = {box.cell[0]}, y = {box.cell[1]}" in text
    assert f"locked {content(env, door).color} door at x = {door.cell[0]}" in text
    assert f"blue ball at x = {ball.cell[0]}" in text
    assert "key" not in text.split("The objects:")[1]
    rows = [line for line in text.splitlines() if set(line) <= set("#.AXDBK") and line]
    assert (len(rows), {len(row) for row in rows}) == (6, {11})
    assert sum(row.count("A") for row in rows) == 1


def test_a_dimension_can_be_a_number_of_numpy_and_is_at_least_one():
    assert LanguageEncoding(dim=np.int64(5)).dim == 5
    with pytest.raises(ValueError, match="dim as a whole number"):
        hashed_words("a", 0)
