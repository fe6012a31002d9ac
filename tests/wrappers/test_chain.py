"""Chain: links in a row, and a reward at the end only."""

import gymnasium as gym
import numpy as np
import pytest
from controlled_environments import LENGTHS, Corridor, Plain
from stable_baselines3.common.monitor import Monitor
from tutelage import TaskSpace
from tutelage.schedules import Stage
from tutelage.wrappers import Chain, Clock, TaskAttributes


def play(env, actions, **arguments):
    """The steps of one episode; each list of actions is one link."""
    env.reset(**arguments)
    steps = []
    for action in [action for link in actions for action in link]:
        steps.append(env.step(action))
        if steps[-1][2] or steps[-1][3]:
            break
    return steps


SUCCEED, FAIL = [1] * 3, [0] * 12


def outcome(*links, **arguments):
    steps = play(Chain(Plain(), 3, **arguments), links)
    return sum(step[1] for step in steps), steps[-1]


def test_a_chain_of_three_with_three_successes_returns_1():
    total, last = outcome(SUCCEED, SUCCEED, SUCCEED)
    assert (total, last[1]) == (1.0, 1.0)


def test_a_chain_of_three_with_two_successes_returns_0():
    total, last = outcome(SUCCEED, SUCCEED, FAIL)
    assert (total, last[2], last[4]["links_solved"], last[4]["is_success"]) == (0.0, True, 2, False)


@pytest.mark.parametrize("failures", [0, 1])
def test_a_chain_ends_with_its_first_failure(failures):
    total, last = outcome(*[SUCCEED] * failures, FAIL, SUCCEED)
    assert (total, last[2], last[4]["links_solved"]) == (0.0, True, failures)


def test_the_only_reward_is_at_the_end():
    steps = play(Chain(Plain(), 3), [SUCCEED] * 3)
    assert [step[1] for step in steps] == [0.0] * 8 + [1.0]


def test_only_the_last_step_ends_the_episode_and_tells_of_success():
    steps = play(Chain(Plain(), 3), [SUCCEED] * 3)
    assert [step[2:4] for step in steps] == [(False, False)] * 8 + [(True, False)]
    assert [("is_success" in step[4], "episode" in step[4]) for step in steps[:-1]] == [(False, False)] * 8
    assert steps[-1][4]["is_success"] is True


def test_the_step_that_ends_a_link_shows_the_beginning_of_the_next():
    steps = play(Chain(Plain(), 3), [SUCCEED] * 3)
    assert [step[0].tolist() for step in steps[1:4]] == [[2, 3, 2], [0, 3, 0], [1, 3, 1]]
    assert [step[4].get("link") for step in steps] == [None, None, 1, None, None, 2, None, None, None]


def test_a_link_that_is_truncated_has_failed_and_the_chain_is_terminated():
    *_, terminated, truncated, _ = outcome(FAIL)[1]
    assert (terminated, truncated) == (True, False)


def test_a_threshold_decides_about_success_where_the_environment_does_not():
    env = Chain(gym.make("CartPole-v1", max_episode_steps=3), 2, success_threshold=3)
    steps = play(env, [[0, 1, 0]] * 2, seed=0)
    assert (len(steps), steps[-1][1]) == (6, 1.0)


def test_without_success_or_threshold_the_chain_cannot_go_on():
    with pytest.raises(ValueError, match=r"link 0 ended without info\['is_success'\]; success_threshold"):
        play(Chain(Plain(success=False), 3), [SUCCEED])


def test_the_number_of_links_grows_in_stages():
    env = Chain(Plain(), Stage([1, 2, 3], at=[0, 200, 400]))
    links = []
    for steps in (0, 199, 200, 400, 900):
        env.set_clock(steps=steps)
        links.append(env.reset()[1]["links"])
    assert links == [1, 1, 2, 3, 3]


def test_the_number_of_links_can_be_the_task():
    env = Chain(Plain(), range(1, 6))
    assert env.task_space == TaskSpace(links=range(1, 6))
    steps = play(env, [SUCCEED] * 5, options={"task": [4]})
    assert (len(steps), steps[-1][1]) == (12, 1.0)


def test_a_new_episode_begins_with_the_first_link():
    env = Chain([Plain(), Plain()], 2)
    play(env, [SUCCEED])
    env.reset()
    assert len(play(env, [SUCCEED] * 2)) == 6


# --- Tasks -------------------------------------------------------------------------------------------------------


def test_each_link_has_a_task():
    env = Chain(Corridor(), 3)
    assert env.task_space == TaskSpace(length_1=range(2, 7), length_2=range(2, 7), length_3=range(2, 7))
    steps = play(env, [[1] * 2, [1] * 5, [1] * 4], options={"task": [2, 5, 4]})
    assert (len(steps), steps[-1][1]) == (11, 1.0)
    assert [step[4]["link_task"].tolist() for step in steps if "link_task" in step[4]] == [[5], [4]]


def test_the_task_of_the_chain_is_told_at_its_beginning():
    env = Chain(Corridor(), range(1, 4))
    _, info = env.reset(options={"task": [2, 5, 4, 2]})
    assert (info["task"].tolist(), info["link_task"].tolist(), info["links"]) == ([2, 5, 4, 2], [2], 2)


def test_tasks_of_links_that_are_not_played_are_ignored():
    env = Chain(Corridor(), range(1, 4))
    steps = play(env, [[1] * 2, [1] * 5], options={"task": [2, 5, 4, 2]})
    assert (len(steps), steps[-1][1]) == (7, 1.0)


def test_all_links_can_have_the_same_task():
    env = Chain(Corridor(), 2, tasks="same")
    assert env.task_space == LENGTHS
    steps = play(env, [[1] * 4] * 2, options={"task": [4]})
    assert (len(steps), steps[-1][1]) == (8, 1.0)


def test_a_task_that_is_drawn_is_the_same_in_all_links():
    env = Chain(Corridor(), 3, tasks="same")
    _, info = env.reset(seed=0)
    task = info["task"]
    for _ in range(2):
        while "link_task" not in (info := env.step(1)[4]):
            pass
        assert info["link_task"] == task


def test_links_can_draw_their_tasks():
    env = Chain(Corridor(), range(1, 6), tasks="drawn")
    assert env.task_space == TaskSpace(links=range(1, 6))
    env.reset(seed=0, options={"task": [5]})
    tasks = []
    for _ in range(40):
        _, _, terminated, _, info = env.step(1)
        tasks += [float(info["link_task"][0])] if "link_task" in info else []
        if terminated:
            break
    assert len(set(tasks)) > 1


def test_a_link_can_follow_from_the_end_of_the_last():
    def longer(link, info):
        return [info["cell"] + link]

    env = Chain(Corridor(), 3, tasks=longer)
    assert env.task_space == LENGTHS
    steps = play(env, [[1] * 2, [1] * 3, [1] * 5], options={"task": [2]})
    assert [step[4]["link_task"].tolist() for step in steps if "link_task" in step[4]] == [[3], [5]]
    assert (len(steps), steps[-1][1]) == (10, 1.0)


def test_tasks_that_are_drawn_are_no_tasks_of_the_chain():
    env = Chain(Corridor(), 3, tasks="drawn")
    assert not env.has_wrapper_attr("task_space")
    assert "task" not in env.reset()[1]
    with pytest.raises(ValueError, match="the environments choose the tasks of the links themselves"):
        env.reset(options={"task": [4]})


def test_other_options_hold_for_all_links():
    env = Chain(Plain(), 2)
    steps = play(env, [[1] * 2, [1] * 2], options={"start": 1})
    assert (len(steps), steps[-1][1]) == (4, 1.0)


def test_a_maze_keeps_its_rules_in_each_link():
    from tutelage.envs import MazeEnv

    env = Chain(MazeEnv(3, 3), range(1, 4))
    rows = env.task_space.sample(20, np.random.default_rng(0))
    assert rows.shape == (20, 3 * 12 + 1)
    assert env.task_space.contains_all(rows)
    for row in rows[:3]:
        np.testing.assert_array_equal(env.reset(options={"task": row})[1]["task"], row)
    assert not env.has_wrapper_attr("mutate")


def test_mutation_stays_where_the_tasks_are_the_environments_own():
    rng = np.random.default_rng(0)
    assert Chain(Corridor(), 2, tasks="same").get_wrapper_attr("mutate")([[3]], rng).tolist() == [[4]]
    assert Chain(Corridor(), range(1, 4), tasks="same").get_wrapper_attr("mutate")([[3, 2]], rng).tolist() == [[4, 2]]


# --- Several environments ----------------------------------------------------------------------------------------


def test_links_play_the_environments_in_turn():
    envs = [Corridor(), Corridor()]
    play(Chain(envs, 3), [[1] * 2, [1] * 5, [1] * 4], options={"task": [2, 5, 4]})
    assert [len(env.actions) for env in envs] == [6, 5]


def test_their_tasks_lie_side_by_side():
    cart = TaskAttributes(gym.make("CartPole-v1"), TaskSpace(length=(0.2, 2.0)))
    other = TaskAttributes(gym.make("CartPole-v1"), TaskSpace(gravity=(5.0, 15.0)))
    env = Chain([cart, other], 3, success_threshold=1)
    assert env.task_space == TaskSpace(length_1=(0.2, 2.0), gravity_2=(5.0, 15.0), length_3=(0.2, 2.0))


def test_a_seed_reaches_every_environment_once_and_differs():
    envs = [Plain(), Plain()]
    env = Chain(envs, 3)
    play(env, [SUCCEED] * 3, seed=5)
    play(env, [SUCCEED] * 3)
    assert envs[0].resets == [5, None, None, None]
    assert envs[1].resets[0] not in (None, 5)
    assert envs[1].resets[1:] == [None]


def test_all_environments_are_closed():
    envs = [Plain(), Plain()]
    Chain(envs, 3).close()
    assert all(env.closed for env in envs)


def test_a_chain_of_several_has_no_spec():
    assert Chain([gym.make("CartPole-v1"), gym.make("CartPole-v1")], 2, success_threshold=9).spec is None


# --- Monitors ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("inside", [True, False])
def test_a_monitor_tells_the_return_of_the_chain_once(inside):
    env = Chain(Monitor(Plain()), 3) if inside else Monitor(Chain(Plain(), 3))
    steps = play(env, [SUCCEED] * 3)
    told = [step[4]["episode"] for step in steps if "episode" in step[4]]
    assert [(episode["r"], episode["l"]) for episode in told] == [(1.0, 9)]


# --- Bad input ---------------------------------------------------------------------------------------------------


class Wide(Plain):
    def __init__(self):
        super().__init__()
        self.observation_space = gym.spaces.Box(-1.0, 1.0, (4,), np.float32)


class Stubborn(Corridor):
    def reset(self, *, seed=None, options=None):
        return super().reset(seed=seed, options={"task": [2]})


class Short(Corridor):
    task_space = TaskSpace(length=range(2, 4))


@pytest.mark.parametrize(
    ("envs", "arguments", "error", "sentence"),
    [
        ([], {}, ValueError, "at least one environment"),
        ([Plain(), "CartPole-v1"], {}, TypeError, "environment 1 is no gymnasium.Env"),
        ([Plain(), Wide()], {}, ValueError, "the observation_space of environment 1 is .* all links must share one"),
        ([Corridor(), Plain()], {}, ValueError, "environment 1 has no task_space, others have one"),
        ([Corridor(), Short()], {"tasks": "same"}, ValueError, "needs environments of one task space"),
        (Plain(), {"tasks": "all"}, ValueError, "Unknown choice of tasks for a Chain 'all'"),
        (Plain(), {"links": 0}, ValueError, "links must be at least 1, got 0"),
        (Plain(), {"links": 4, "most_links": 3}, ValueError, "links must be between 1 and 3, got 4"),
        (Plain(), {"most_links": 0}, ValueError, "most_links must be at least 1"),
        (Plain(), {"most_links": 2.5}, TypeError, "most_links must be a whole number"),
        (Plain(), {"success_threshold": float("nan")}, ValueError, "success_threshold must be finite"),
        (Corridor(), {"links": Stage([1, 2])}, ValueError, "tasks='each' needs most_links"),
    ],
)
def test_what_does_not_fit_is_refused(envs, arguments, error, sentence):
    with pytest.raises(error, match=sentence):
        Chain(envs, **{"links": 2, **arguments})


def test_a_schedule_with_the_most_links_has_a_task_for_each():
    assert Chain(Corridor(), Stage([1, 2]), most_links=2, clock=Clock(per=9)).task_space.n_dims == 2


def test_a_link_that_plays_another_task_is_an_error():
    with pytest.raises(ValueError, match=r"link 0 was given task \{length: 5\} but plays \{length: 2\}"):
        Chain(Stubborn(), 2).reset(options={"task": [5, 2]})
