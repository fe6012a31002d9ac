"""Gymnasium's vector environments that begin an episode with a step of its own, as its wrappers want them."""

from __future__ import annotations

import numpy as np
import pytest
from environments import SPACE, Adaptive, Counting, Replay
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from gymnasium.wrappers import RecordEpisodeStatistics
from gymnasium.wrappers.vector import NormalizeObservation
from tutelage.errors import RunError
from tutelage.wrappers import make_curriculum_vector_env

NEXT_STEP = AutoresetMode.NEXT_STEP


def vector(teacher=None, num_envs=3, mode="NextStep", kind="sync", env=Counting, **arguments):
    return make_curriculum_vector_env(
        env, teacher or Adaptive(), num_envs, kind, seed=7, autoreset_mode=mode, env_kwargs=arguments
    )


class Listener:
    """Writes down what the teacher hands out and hears."""

    def __init__(self):
        self.tasks, self.outcomes = [], []

    def on_tasks(self, tasks, indices):
        self.tasks += list(zip(tasks.ids.tolist(), indices.tolist(), map(tuple, tasks.values.tolist()), strict=True))

    def on_outcomes(self, outcomes):
        columns = (outcomes.ids, outcomes.returns, outcomes.lengths, outcomes.success, outcomes.truncated)
        self.outcomes += list(zip(*(column.tolist() for column in columns), strict=True))


def played(envs, episodes):
    """Play, and return what a listener wrote down until a number of episodes has ended."""
    listener = Listener()
    envs.add_listener(listener)
    envs.reset()
    while len(listener.outcomes) < episodes:
        envs.step(np.zeros(envs.num_envs, int))
    envs.close()
    return listener


def test_rewards_ends_and_observations_are_those_of_gymnasiums_own_next_step_mode():
    plain = SyncVectorEnv([lambda: RecordEpisodeStatistics(Counting())] * 3, autoreset_mode=NEXT_STEP)
    theirs, info = plain.reset(seed=3)
    teacher = Replay([*info["task"]])
    envs = vector(teacher)
    ours, _ = envs.reset(seed=3)
    np.testing.assert_array_equal(ours[:, :2], theirs[:, :2])
    over = np.zeros(3, bool)
    for _ in range(40):
        theirs = plain.step(np.zeros(3, int))
        if over.any():
            teacher.rows += [*theirs[4]["task"][over]]
        ours = envs.step(np.zeros(3, int))
        np.testing.assert_array_equal(ours[0][:, :3], theirs[0][:, :3])  # the last column is noise
        for our, their in zip(ours[1:4], theirs[1:4], strict=True):
            np.testing.assert_array_equal(our, their)
        over = theirs[2] | theirs[3]
        for key in ("r", "l") if over.any() else ():
            np.testing.assert_allclose(ours[4]["episode"][key], theirs[4]["episode"][key], atol=1e-6)


def test_an_episode_that_ends_has_its_last_observation_and_its_task_and_the_next_begins_a_step_later():
    envs = vector(num_envs=4)
    _, infos = envs.reset()
    before, began = np.zeros(4, bool), envs.current_tasks.copy()
    for _ in range(40):
        observations, rewards, terminations, truncations, infos = envs.step(np.zeros(4, int))
        over = terminations | truncations
        assert not (over & before).any()
        for i in np.flatnonzero(over):
            np.testing.assert_array_equal(infos["task"][i], began[i])
            assert infos["_task_id"][i]
            assert infos["episode"]["l"][i] == observations[i, 2] == began[i, 0]
        for i in np.flatnonzero(before):
            began[i] = envs.current_tasks[i]
            np.testing.assert_array_equal(infos["task"][i], began[i])
            assert rewards[i] == observations[i, 2] == 0
        assert (observations[~over & ~before, 2] > 0).all()
        assert "final_obs" not in infos
        before = over


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("obs", ["box", "dict"])
def test_the_teacher_hands_out_and_hears_the_same_whatever_runs_the_environments(kind, obs):
    found = played(vector(kind=kind, obs=obs), 12)
    expected = played(vector(obs=obs), 12)
    assert (found.tasks, found.outcomes) == (expected.tasks, expected.outcomes)


def test_one_environment_plays_the_same_episodes_in_both_modes():
    same, other = (played(vector(num_envs=1, mode=mode, truncate_below=0.5), 9) for mode in ("SameStep", "NextStep"))
    assert same.outcomes == other.outcomes
    assert same.tasks[:9] == other.tasks[:9]


def test_gymnasiums_wrappers_for_observations_go_around_it():
    envs = NormalizeObservation(vector())
    envs.reset(seed=0)
    for _ in range(20):
        observations = envs.step(np.zeros(3, int))[0]
    assert np.isfinite(observations).all()
    with pytest.raises(ValueError, match="NEXT_STEP"):
        NormalizeObservation(vector(mode="SameStep"))


def test_after_a_reset_no_episode_waits_for_its_step():
    envs = vector(Replay([SPACE.low] * 40), num_envs=2)
    envs.reset()
    while not envs.step(np.zeros(2, int))[2].any():
        pass
    envs.reset(options={"reset_mask": np.array([True, False])})
    observations = envs.step(np.zeros(2, int))[0]
    assert observations[:, 2].tolist() == [1, 0]
    envs.reset()
    assert (envs.step(np.zeros(2, int))[0][:, 2] == 1).all()


def test_the_step_before_an_episode_is_no_warmup_of_it():
    heard = []
    envs = vector(Replay([SPACE.low] * 9), num_envs=1)
    envs.add_listener(type("Warm", (), {"on_tasks": lambda *_: None, "on_outcomes": lambda _, o: heard.append(o)})())
    envs.reset()
    while not heard:
        envs.step([0])
    envs.warmup = True
    envs.step([0])
    envs.warmup = False
    while len(heard) < 2:
        envs.step([0])
    assert not heard[1].warmup.any()


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("Disabled", "Unknown autoreset_mode 'Disabled'"),
        (AutoresetMode.DISABLED, "Disabled"),
        (1, "'NextStep', 'SameStep'"),
    ],
)
def test_no_other_mode_is_to_be_had(mode, said):
    with pytest.raises(ValueError, match=said):
        vector(mode=mode)


def test_the_mode_is_no_argument_of_gymnasiums():
    with pytest.raises(ValueError, match="beside vector_kwargs"):
        make_curriculum_vector_env(Counting, Adaptive(), 2, vector_kwargs={"autoreset_mode": NEXT_STEP})


def test_a_crash_in_the_reset_of_a_worker_is_one_sentence():
    envs = vector(kind="async", crash="reset")
    envs.reset()
    while not envs.step(np.zeros(3, int))[2].any():
        pass
    with pytest.raises(RunError, match=r"failed in reset\(\) on task .*reset went wrong"):
        envs.step(np.zeros(3, int))
    envs.close()
