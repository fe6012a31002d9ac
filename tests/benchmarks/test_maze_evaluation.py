"""Evaluation on mazes: the suites, the hardest levels, and ``tutelage evaluate --suite``."""

from __future__ import annotations

import csv
import json
import random
from dataclasses import replace
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest
import torch
from stable_baselines3.common.vec_env import VecFrameStack, VecNormalize
from tutelage import TaskSpace
from tutelage.benchmarks import TrainConfig, train
from tutelage.benchmarks.evaluate_run import table_lines
from tutelage.benchmarks.evaluation import Evaluation
from tutelage.benchmarks.maze_cvar import CvarEvaluation, conditional_value_at_risk, evaluate_cvar
from tutelage.benchmarks.maze_evaluation import MazeEvaluation, evaluate_levels
from tutelage.benchmarks.maze_run import evaluate_run_on_mazes
from tutelage.benchmarks.test_sets import choose_test_tasks
from tutelage.cli import main
from tutelage.envs import MazeEnv, MazeSpace, MazeVecEnv, level_from_text, load_test_set, optimal_returns
from tutelage.envs.maze_suites import MazeTest, maze_suite, maze_test
from tutelage.errors import RequestError
from tutelage.students import make_student

FLAT = {"observation": "flat"}
LEFT, RIGHT, FORWARD = 0, 1, 2
WALL = 2


class WallFollower:
    """Keeps a hand on the wall to its left; it must remember whether it has just turned."""

    def predict(self, observation, state=None, episode_start=None, deterministic=True):
        image = observation["image"]
        turned = np.zeros(len(image), dtype=bool) if state is None else state
        turned = turned & ~episode_start
        ahead, left = image[:, 2, 3, 0] != WALL, image[:, 1, 4, 0] != WALL
        turn = left & ~turned
        actions = np.where(turn, LEFT, np.where(ahead, FORWARD, RIGHT))
        return actions, turn


class Chance:
    """Acts at random, by torch's global generator."""

    def predict(self, observation, state=None, episode_start=None, deterministic=True):
        return torch.randint(3, (len(episode_start),)).numpy(), None


def flat_student(seed=0):
    return make_student("ppo", MazeVecEnv(4, observation="flat", seed=0), seed=seed, n_steps=32, batch_size=64)


def short(name, max_steps):
    return replace(maze_test(name), max_steps=max_steps)


def played_alone(student, level, height, width, max_steps):
    """Play a level in a single environment, without any of the code that is tested."""
    env = MazeEnv(height=height, width=width, max_steps=max_steps)
    observation, _ = env.reset(options={"task": level})
    total, length, state, start, over = 0.0, 0, None, np.ones(1, dtype=bool), False
    while not over:
        batch = {key: np.asarray(value)[None] for key, value in observation.items()}
        action, state = student.predict(batch, state, start)
        observation, reward, terminated, truncated, _ = env.step(action[0])
        total, length, start, over = total + reward, length + 1, np.zeros(1, dtype=bool), terminated or truncated
    return total, length


# --- Suites ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def followed():
    return evaluate_levels(WallFollower(), "zero-shot-12", episodes=3)


def test_the_scores_are_those_of_single_environments(followed):
    for test, returns, lengths in zip(followed.tests, followed.returns, followed.lengths, strict=True):
        for episode in range(2):
            level = test.levels[episode % len(test.levels)]
            alone = played_alone(WallFollower(), level, test.space.height, test.space.width, test.max_steps)
            assert (returns[episode], lengths[episode]) == alone, test.name


def test_who_follows_the_wall_solves_every_perfect_maze():
    result = evaluate_levels(WallFollower(), [maze_test("maze/perfect-small")])
    assert result.mean_solved_rate == 1.0
    assert (result.returns[0] <= optimal_returns(result.tests[0].levels, result.tests[0].space, 242)).all()


def test_solved_is_a_return_above_zero(followed):
    np.testing.assert_array_equal(followed.solved_rates, (followed.returns > 0).mean(axis=1))
    assert 0.0 < followed.mean_solved_rate < 1.0
    assert (followed.lengths[~followed.solved] == 250).any()


def test_the_interquartile_mean_leaves_out_the_best_and_the_worst_quarter():
    returns = np.zeros((12, 10))
    for i in range(12):
        returns[i, : min(i, 10)] = 0.5
    result = MazeEvaluation(maze_suite("zero-shot-12"), returns, np.ones((12, 10), int), False, 0)
    assert result.iqm_solved_rate == pytest.approx(np.mean([0.3, 0.4, 0.5, 0.6, 0.7, 0.8]))
    assert result.mean_solved_rate == pytest.approx(np.mean([*np.arange(11) / 10, 1.0]))


def test_the_names_of_all_metrics_carry_the_time_limit(followed):
    names = list(followed.metrics())
    assert len(names) == 12 * 3 + 2
    assert names[:3] == [
        "sixteen-rooms/solved_rate_T250",
        "sixteen-rooms/mean_return_T250",
        "sixteen-rooms/mean_length_T250",
    ]
    assert names[-2:] == ["mean/solved_rate_T250-882", "iqm/solved_rate_T250-882"]


def test_more_time_solves_more():
    short, long = (evaluate_levels(WallFollower(), maze_suite("fixed-8", time_limit=t), episodes=1) for t in (250, 450))
    assert (long.lengths >= short.lengths).all()
    assert (long.solved_rates >= short.solved_rates).all()
    assert long.lengths.max() == 450


def test_a_maze_scores_the_same_alone_and_among_others(followed):
    for i in (0, 7, 10):
        alone = evaluate_levels(WallFollower(), [followed.tests[i]], episodes=3)
        np.testing.assert_array_equal(alone.returns[0], followed.returns[i])


@pytest.mark.parametrize("n_envs", [1, 5, 64])
def test_the_size_of_the_batch_does_not_matter_to_a_deterministic_student(n_envs, followed):
    tests = [followed.tests[i] for i in (2, 7)]
    result = evaluate_levels(WallFollower(), tests, episodes=3, n_envs=n_envs)
    np.testing.assert_array_equal(result.returns, followed.returns[[2, 7]])


def test_after_the_last_level_comes_the_first_again():
    result = evaluate_levels(WallFollower(), [maze_test("maze/simple-crossing")], episodes=130)
    np.testing.assert_array_equal(result.returns[0, 100:], result.returns[0, :30])


@pytest.mark.parametrize("deterministic", [False, True])
def test_the_result_is_the_same_for_a_seed(deterministic):
    level = level_from_text("v...\n....\n...G")
    tests = [MazeTest("open", MazeSpace(3, 4), level[None], 60, "")]
    one, same, other = (
        evaluate_levels(flat_student(), tests, episodes=20, deterministic=deterministic, seed=seed, env_args=FLAT)
        for seed in (5, 5, 6)
    )
    np.testing.assert_array_equal(one.lengths, same.lengths)
    assert (one.lengths == other.lengths).all() == deterministic
    assert deterministic or one.solved.any()


def test_a_recurrent_student_begins_each_episode_anew():
    venv = MazeVecEnv(4, seed=0)
    student = make_student("recurrent-ppo", venv, seed=0, n_steps=32, policy_kwargs={"lstm_hidden_size": 8})
    test = short("maze/simple-crossing", 30)
    batched = evaluate_levels(student, [test], episodes=4, deterministic=True, n_envs=2)
    for episode in range(4):

        class Seen:
            def predict(self, batch, state, start):
                return student.predict(batch, state=state, episode_start=start, deterministic=True)

        assert played_alone(Seen(), test.levels[episode], 9, 9, 30) == (
            batched.returns[0, episode],
            batched.lengths[0, episode],
        )


def test_the_global_random_generators_are_left_as_they_were():
    def draw():
        return random.random(), np.random.random(), float(torch.rand(1))  # noqa: NPY002

    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(3)
    expected = draw()
    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(3)
    evaluate_levels(Chance(), [maze_test("maze/perfect-small")], episodes=5)
    assert draw() == expected


def test_progress_is_told_up_to_the_last_episode():
    told = []
    evaluate_levels(Chance(), maze_suite("zero-shot-12")[7:9], episodes=5, progress=lambda *n: told.append(n))
    assert told == [(i, 10) for i in range(1, 11)]


def test_stacked_observations_are_those_of_a_frame_stack():
    class Recorder:
        def __init__(self):
            self.seen = []

        def predict(self, observation, state=None, episode_start=None, deterministic=True):
            self.seen.append(observation.copy())
            return np.full(len(observation), FORWARD if len(self.seen) % 3 else LEFT), None

    test, recorder = maze_test("maze/labyrinth"), Recorder()
    evaluate_levels(recorder, [test], episodes=2, n_envs=1, frame_stack=3, env_args=FLAT)
    venv = VecFrameStack(MazeVecEnv(1, observation="flat", seed=0), 3)
    venv.set_options({"task": test.levels[0]})
    expected = [venv.reset().copy()]
    while len(expected) < 250:
        action = FORWARD if len(expected) % 3 else LEFT
        expected.append(venv.step(np.array([action]))[0].copy())
    np.testing.assert_array_equal(recorder.seen[:250], expected)
    np.testing.assert_array_equal(recorder.seen[250], expected[0])


def test_observations_are_normalised_by_the_statistics_of_the_student():
    class Recorder:
        def predict(self, observation, state=None, episode_start=None, deterministic=True):
            self.seen = observation
            return np.full(len(observation), FORWARD), None

    normalization = VecNormalize(MazeVecEnv(2, observation="flat", seed=0), norm_reward=False)
    normalization.reset()
    for _ in range(50):
        normalization.step(np.random.default_rng(0).integers(0, 3, 2))
    before = normalization.obs_rms.count
    tests = [maze_test("maze/labyrinth")]
    plain, normalised = Recorder(), Recorder()
    evaluate_levels(plain, tests, episodes=1, env_args=FLAT)
    evaluate_levels(normalised, tests, episodes=1, env_args=FLAT, normalize=normalization)
    np.testing.assert_allclose(normalised.seen, normalization.normalize_obs(plain.seen))
    assert normalization.obs_rms.count == before


# --- What is refused -------------------------------------------------------------------------------------------------


def test_an_unknown_suite_is_refused():
    with pytest.raises(ValueError, match="Did you mean 'zero-shot-12'"):
        evaluate_levels(Chance(), "zero-shot-11")


@pytest.mark.parametrize("arguments", [{"episodes": 0}, {"n_envs": 0}])
def test_less_than_one_episode_or_environment_is_refused(arguments):
    with pytest.raises(ValueError, match="at least 1 episode and 1 environment"):
        evaluate_levels(Chance(), "fixed-8", **arguments)


def test_no_maze_is_refused():
    with pytest.raises(ValueError, match="at least one maze"):
        evaluate_levels(Chance(), [])


def test_a_student_for_other_observations_is_refused_before_it_plays():
    with pytest.raises(ValueError, match=r"sees observations of Box\(79,\), .*direction: .*image: Box\(5, 5, 3\)"):
        evaluate_levels(flat_student(), "fixed-8")


def test_a_student_for_other_actions_is_refused():
    with pytest.raises(ValueError, match=r"actions are Discrete\(7\), .*Discrete\(3\)"):
        evaluate_levels(flat_student(), "fixed-8", env_args={**FLAT, "n_actions": 3})


def test_a_student_that_sees_the_whole_maze_is_tested_on_its_size_only():
    args, tests = {"observation": "flat", "view": "full"}, [short("maze/labyrinth", 5)]
    student = make_student("ppo", MazeVecEnv(1, seed=0, **args), seed=0, n_steps=32, batch_size=32)
    assert evaluate_levels(student, tests, episodes=1, env_args=args).returns.shape == (1, 1)
    with pytest.raises(ValueError, match="mazes of that size only"):
        evaluate_levels(student, "perfect", episodes=1, env_args=args)


def test_the_size_is_left_to_the_maze():
    with pytest.raises(ValueError, match="max_steps of a test comes from the maze"):
        evaluate_levels(Chance(), "fixed-8", env_args={"max_steps": 100})


def test_observations_that_cannot_be_stacked_are_refused():
    with pytest.raises(ValueError, match="cannot be stacked"):
        evaluate_levels(Chance(), "fixed-8", frame_stack=2)


# --- The hardest levels ----------------------------------------------------------------------------------------------


def test_the_levels_are_chosen_by_the_first_run_and_scored_by_the_second():
    first, second = np.linspace(0.0, 1.0, 1_000), np.linspace(1.0, 0.0, 1_000)
    found = conditional_value_at_risk(first, second)
    assert list(found) == [0.01, 0.1, 1, 2, 5, 10, 20, 50, 100]
    for alpha, rate in found.items():
        n = max(1, round(10 * alpha))
        assert rate == pytest.approx(second[:n].mean())
    assert found[100] == pytest.approx(0.5)


def test_levels_that_failed_by_chance_do_not_count_as_hard():
    rng = np.random.default_rng(0)
    first, second = rng.binomial(10, 0.9, (2, 10_000)) / 10  # no level is harder than another
    found = conditional_value_at_risk(first, second)
    assert found[1] == pytest.approx(0.9, abs=0.03)
    assert conditional_value_at_risk(first, first)[1] < 0.6


def test_levels_of_the_same_rate_are_taken_in_their_order():
    assert conditional_value_at_risk([0.5, 0.5, 0.5, 0.5], [0.1, 0.3, 1.0, 1.0], [50]) == {50: 0.2}


@pytest.mark.parametrize(
    ("first", "second", "alphas", "message"),
    [
        ([0.1, 0.2], [0.1], [1], r"\(2,\) and \(1,\)"),
        ([], [], [1], "same levels"),
        ([0.1, 1.2], [0.1, 0.2], [1], "win rates in"),
        ([0.1, np.nan], [0.1, 0.2], [1], "win rates in"),
        ([0.1], [0.1], [0.0], "percentages"),
        ([0.1], [0.1], [101], "percentages"),
    ],
)
def test_wrong_win_rates_and_percentages_are_refused(first, second, alphas, message):
    with pytest.raises(ValueError, match=message):
        conditional_value_at_risk(first, second, alphas)


def test_both_runs_play_every_level_with_seeds_of_their_own():
    test = short("maze/simple-crossing", 100)
    result = evaluate_cvar(Chance(), test, episodes=3)
    assert result.win_rates.shape == (2, 100)
    assert set(np.round(3 * result.win_rates).ravel()) <= {0, 1, 2, 3}
    assert (result.win_rates[0] != result.win_rates[1]).any()
    again = evaluate_levels(Chance(), [test], episodes=300, seed=1, n_envs=512)
    np.testing.assert_array_equal(result.win_rates[1], again.solved.reshape(3, 100).mean(axis=0))


def test_the_metrics_of_the_hardest_levels_carry_the_time_limit():
    result = CvarEvaluation(maze_test("maze/labyrinth", time_limit=450), np.ones((2, 10)), 1, False, (0, 1))
    assert result.metrics()["cvar_0.1%_T450"] == 1.0


def test_two_runs_with_one_seed_are_refused():
    with pytest.raises(ValueError, match="two different seeds"):
        evaluate_cvar(Chance(), maze_test("maze/labyrinth"), seeds=(3, 3))


# --- The command line ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def maze_run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs") / "maze"
    config = TrainConfig(
        "Maze",
        teacher="random",
        steps=512,
        n_envs=8,
        env_args={"observation": "flat", "max_steps": 60},
        student_args={"n_steps": 64, "batch_size": 64, "n_epochs": 1},
    )
    train(config, folder, quiet=True)
    return folder


def test_a_run_on_mazes_is_evaluated_on_the_fixed_ones_by_default(maze_run):
    summary = json.loads((maze_run / "summary.json").read_text())
    assert summary["test_set"] == "maze/fixed-8-13x13"


def test_a_suite_is_written_as_a_table_and_as_numbers(maze_run, tmp_path):
    text = evaluate_run_on_mazes(maze_run, "fixed-8", episodes=2, out=tmp_path)
    with open(tmp_path / "fixed-8-T250.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    totals = json.loads((tmp_path / "fixed-8-T250.json").read_text())
    assert [row["maze"] for row in rows] == [row["maze"] for row in totals["rows"]]
    assert totals["metrics"]["labyrinth/solved_rate_T250"] == float(rows[2]["solved_rate"])
    assert rows[2]["sha256"] == load_test_set("maze/labyrinth").sha256
    assert (totals["episodes"], totals["deterministic"], totals["checkpoint_step"]) == (2, False, 512)
    assert all(row["maze"].removeprefix("maze/") in text for row in rows)
    assert "IQM solved" in text


def test_the_same_command_writes_the_same_files_again(maze_run, tmp_path):
    for name in ("first", "second"):
        evaluate_run_on_mazes(maze_run, "fixed-8", episodes=3, time_limit=450, seed=2, out=tmp_path / name)
    for suffix in ("csv", "json"):
        first, second = ((tmp_path / name / f"fixed-8-T450.{suffix}").read_bytes() for name in ("first", "second"))
        assert first == second


def test_the_hardest_levels_are_written_as_a_table(maze_run, tmp_path, monkeypatch):
    monkeypatch.setattr("tutelage.benchmarks.maze_run.LEVELS", "maze/small-corridor")
    text = evaluate_run_on_mazes(maze_run, "cvar", episodes=1, deterministic=True, out=tmp_path)
    with open(tmp_path / "cvar-T250-deterministic.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["alpha"]) for row in rows] == [0.01, 0.1, 1, 2, 5, 10, 20, 50, 100]
    assert rows[-1]["levels"] == "100"
    assert "in two runs" in text


def test_the_command_prints_the_table(maze_run, tmp_path, capsys):
    words = ["--suite", "fixed-8", "--episodes", "1", "--deterministic", "--out", str(tmp_path)]
    assert main(["evaluate", str(maze_run), *words]) == 0
    assert "labyrinth-flipped" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "fixed-8-T250-deterministic.csv",
        "fixed-8-T250-deterministic.json",
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--suite", "zeroshot-12"], "Did you mean 'zero-shot-12'"),
        (["--suite", "fixed-8", "--test-set", "maze/labyrinth"], "either --suite or --test-set"),
        (["--suite", "fixed-8", "--stochastic", "--deterministic"], "either --stochastic or --deterministic"),
        (["--time-limit", "250"], "--time-limit is for the mazes of a --suite"),
        (["--suite", "fixed-8", "--time-limit", "300"], "time limit of 250 or 450 steps, got 300"),
        (["--suite", "perfect", "--time-limit", "450"], "other sizes and time limits of their own"),
        (["--suite", "fixed-8", "--episodes", "0"], "Expected 1 to 100,000 episodes"),
        (["--suite", "fixed-8", "--seed", "-1"], "a seed between 0 and 2147483647"),
        (["--test-set", "maze/four-rooms"], "17 x 17 cells"),
    ],
)
def test_wrong_requests_are_refused_in_one_line(maze_run, words, message, capsys):
    assert main(["evaluate", str(maze_run), *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_a_run_on_something_else_is_refused(cartpole_run: Path):
    with pytest.raises(RequestError, match=r"--suite is for runs on mazes, but .* is on CartPole-v1"):
        evaluate_run_on_mazes(cartpole_run, "fixed-8")


def test_a_test_set_can_be_played_by_the_policy_itself(maze_run, tmp_path):
    assert main(["evaluate", str(maze_run), "--stochastic", "--out", str(tmp_path)]) == 0
    assert json.loads((tmp_path / "maze-fixed-8-13x13.json").read_text())["deterministic"] is False


# --- Test sets of mazes ----------------------------------------------------------------------------------------------


def test_the_table_names_the_mazes_and_leaves_their_cells_out():
    test_set = load_test_set("maze/fixed-8-13x13")
    scores = np.ones((8, 1))
    lines = table_lines(Evaluation(test_set.space, test_set.tasks, scores, scores, scores), test_set.labels)
    assert [line.split()[0] for line in lines[1:9]] == list(test_set.labels)
    assert "wall_0" not in lines[0]
    assert max(map(len, lines)) <= 100


def test_mazes_of_another_size_are_tested_on_levels_of_their_own_space():
    name, tasks = choose_test_tasks("tutelage/Maze-v0", MazeSpace(9, 9), None)
    assert (name, tasks.shape) == ("uniform-50", (50, 84))


def test_a_test_set_of_another_size_is_refused():
    with pytest.raises(RequestError, match="19 x 19 cells, those of this environment 13 x 13"):
        choose_test_tasks("tutelage/Maze-v0", MazeSpace(13, 13), "maze/large-corridor")


def test_a_test_set_of_mazes_is_refused_elsewhere_without_naming_every_cell():
    with pytest.raises(RequestError) as caught:
        choose_test_tasks("CartPole-v1", TaskSpace(length=(0.0, 1.0)), "maze/labyrinth")
    assert len(str(caught.value)) < 400


def test_gymnasium_makes_the_environment_of_a_test_set():
    test_set = load_test_set("maze/large-corridor")
    env = gym.make(test_set.env_id, **test_set.env_args)
    _, info = env.reset(options={"task": test_set.tasks[3]})
    np.testing.assert_array_equal(info["task"], test_set.tasks[3])
