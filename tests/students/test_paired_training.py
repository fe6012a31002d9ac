"""Two students in one loop: what they play, what their teacher is told, and what is refused."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest
import torch
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.vec_env import VecNormalize
from tutelage import TaskSpace, make_teacher
from tutelage.checkpoints import CheckpointStore
from tutelage.envs import MazeVecEnv
from tutelage.errors import RequestError, RunError
from tutelage.students import Follower, PairedTraining, TeacherCallback, make_student
from tutelage.students.checkpointing import load_student
from tutelage.students.paired_training import ANTAGONIST_PREFIX, check_algorithm, check_weights
from tutelage.teachers.teacher import Teacher
from tutelage.wrappers import CurriculumVecEnv, make_curriculum_vec_env

SPACE = TaskSpace(length=range(2, 8), gain=(0.0, 1.0))
EVERYTHING = frozenset(f"{who}_{what}" for who in ("protagonist", "antagonist") for what in (
    "mean_return", "max_return", "episodes"))  # fmt: skip


class Corridor(gym.Env):
    """An episode lasts as many steps as its task says; each step gives the task's gain times the action."""

    task_space = SPACE
    observation_space = gym.spaces.Box(-1.0, 1.0, (2,), np.float32)
    action_space = gym.spaces.Discrete(2)

    def __init__(self, width=2, n_actions=2):
        self.observation_space = gym.spaces.Box(-1.0, 1.0, (width,), np.float32)
        self.action_space = gym.spaces.Discrete(n_actions)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        given = (options or {}).get("task")
        self.row = SPACE.sample(1, self.np_random)[0] if given is None else SPACE.validate(given)
        self.t = 0
        return self.observation_space.low * 0.5, {"task": self.row.copy()}

    def step(self, action):
        self.t += 1
        over = bool(self.t >= self.row[0])
        return (
            self.observation_space.low,
            self.row[1] * float(action),
            over,
            False,
            {"is_success": True} if over else {},
        )


class Listening(Teacher):
    """Random tasks; keeps what it is told."""

    needs = EVERYTHING
    hold = "rollout"

    def __init__(self, space=SPACE, *, seed=0):
        super().__init__(space, seed=seed)
        self.heard = []
        self.given = []

    def _sample(self, n):
        self.given.append(self.task_space.sample(n, self.rng))
        return self.given[-1]

    def _update(self, outcomes):
        self.heard.append(outcomes)

    def _get_state(self):
        return {"n_heard": len(self.heard)}


class Alone(Listening):
    needs = frozenset({"protagonist_max_return"})


class Recorder:
    """What an environment was asked to play."""

    def __init__(self):
        self.tasks, self.outcomes = [], []

    def on_tasks(self, tasks, env_indices):
        self.tasks.append((tasks.values.copy(), env_indices.copy(), tasks.train.copy()))

    def on_outcomes(self, outcomes):
        self.outcomes.append(outcomes)


def student(teacher, name="ppo", n_envs=3, seed=0, vec_env_cls="dummy", env=None, normalize=False, **arguments):
    start = {"start_method": "fork"} if vec_env_cls == "subproc" else {}
    venv = make_curriculum_vec_env(
        Corridor, teacher, n_envs=n_envs, seed=seed, vec_env_cls=vec_env_cls, env_kwargs=env, **start
    )
    small = {"n_steps": 16, **({} if name == "a2c" else {"batch_size": 16, "n_epochs": 1}), **arguments}
    return make_student(name, venv, seed=seed, normalize_observations=normalize, **small)


def pair(teacher=None, **arguments):
    teacher = Listening() if teacher is None else teacher
    return teacher, student(teacher, **arguments), student(Follower(SPACE), **{**arguments, "seed": 1})


def learn(protagonist, antagonist=None, rollouts=2, **arguments):
    protagonist.learn(rollouts * 16 * protagonist.n_envs, callback=PairedTraining(antagonist, **arguments))


# --- Tasks and outcomes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("vec_env_cls", ["dummy", "subproc"])
def test_both_students_play_the_same_tasks(vec_env_cls):
    teacher, protagonist, antagonist = pair(vec_env_cls=vec_env_cls)
    recorders = [Recorder(), Recorder()]
    for each, recorder in zip((protagonist, antagonist), recorders, strict=True):
        each.env.add_listener(recorder)
    learn(protagonist, antagonist)
    ours, theirs = ({tuple(row) for tasks, _, _ in recorder.tasks for row in tasks.tolist()} for recorder in recorders)
    told = np.concatenate([outcomes.tasks for outcomes in teacher.heard])
    assert {tuple(row) for row in told.tolist()} <= ours & theirs
    assert len(teacher.heard) == 2
    for each in (protagonist, antagonist):
        each.env.close()


def test_each_environment_keeps_its_task_for_the_rollout():
    teacher, protagonist, antagonist = pair()
    recorder = Recorder()
    antagonist.env.add_listener(recorder)
    learn(protagonist, antagonist, rollouts=1)
    told = teacher.heard[0].tasks
    begun = [i for i, (tasks, _, _) in enumerate(recorder.tasks) if np.array_equal(tasks, told)]
    assert len(recorder.tasks) > begun[0] + 3, "episodes ended, and the same tasks went on"
    for tasks, slots, _ in recorder.tasks[begun[0] :]:
        np.testing.assert_array_equal(tasks, told[slots])


def test_there_is_one_outcome_for_each_task_and_rollout():
    teacher, protagonist, antagonist = pair()
    learn(protagonist, antagonist, rollouts=3)
    assert [len(outcomes) for outcomes in teacher.heard] == [3, 3, 3]
    ids = np.concatenate([outcomes.ids for outcomes in teacher.heard])
    assert len(set(ids.tolist())) == 9
    for outcomes in teacher.heard:
        assert any(np.array_equal(outcomes.tasks, given) for given in teacher.given)


def test_the_columns_are_those_of_the_episodes_that_each_finished():
    teacher, protagonist, antagonist = pair()
    recorder = Recorder()
    protagonist.env.add_listener(recorder)
    learn(protagonist, antagonist, rollouts=1)
    (outcomes,), (episodes,) = teacher.heard, recorder.outcomes
    for i, task in enumerate(outcomes.tasks):
        returns = episodes.returns[(episodes.tasks == task).all(axis=1)]
        assert outcomes.signals["protagonist_episodes"][i] == len(returns) == 16 // task[0]
        assert outcomes.signals["protagonist_mean_return"][i] == pytest.approx(returns.mean())
        assert outcomes.signals["protagonist_max_return"][i] == pytest.approx(returns.max())
        assert outcomes.signals["antagonist_episodes"][i] == 16 // task[0]
        assert outcomes.lengths[i] == task[0]
        assert outcomes.success[i] == 1.0
    np.testing.assert_array_equal(outcomes.returns, outcomes.signals["protagonist_mean_return"])


def test_a_student_without_a_finished_episode_has_returns_of_0_and_says_so():
    teacher = Listening()
    protagonist = student(teacher, n_steps=4, batch_size=12)
    antagonist = student(Follower(SPACE), seed=1, n_steps=16)
    learn(protagonist, antagonist, rollouts=8)
    outcomes = teacher.heard[0]
    unfinished = outcomes.tasks[:, 0] > 4
    assert unfinished.any()
    for name in ("mean_return", "max_return", "episodes"):
        assert not outcomes.signals[f"protagonist_{name}"][unfinished].any()
    assert (outcomes.signals["antagonist_episodes"] > 0).all()
    assert np.isnan(outcomes.success[unfinished]).all()
    assert not outcomes.lengths[unfinished].any()


def test_negative_returns_are_not_taken_for_0():
    teacher, protagonist, antagonist = pair(env={"n_actions": 2})
    for each in (protagonist, antagonist):
        for env in each.env.venv.envs:
            inner = env.unwrapped
            step = inner.step
            inner.step = lambda action, step=step: (lambda o, r, *rest: (o, -1.0, *rest))(*step(action))
    learn(protagonist, antagonist, rollouts=1)
    outcomes = teacher.heard[0]
    np.testing.assert_allclose(outcomes.signals["protagonist_max_return"], -outcomes.tasks[:, 0])
    np.testing.assert_allclose(outcomes.signals["antagonist_max_return"], -outcomes.tasks[:, 0])


def certain(one):
    """Make a student always take the same action, whatever it draws."""
    with torch.no_grad():
        one.policy.action_net.weight.zero_()
        one.policy.action_net.bias[:] = torch.tensor([0.0, 1e4])
    one.lr_schedule = lambda _: 0.0


def test_identical_students_have_no_regret_on_deterministic_levels():
    teacher = make_teacher("paired", SPACE, seed=0, regret="flexible", clip=False)
    teacher, protagonist, antagonist = pair(teacher)
    heard, update = [], teacher.update
    teacher.update = lambda outcomes: (heard.append(outcomes), update(outcomes))
    for each in (protagonist, antagonist):
        certain(each)
    learn(protagonist, antagonist, rollouts=3)
    assert len(heard) == 3
    assert (heard[0].returns > 0).any()
    assert set(teacher.generator._rewards.values()) == {0.0}


def test_students_that_differ_have_regret():
    teacher, protagonist, antagonist = pair(make_teacher("paired", SPACE, seed=0))
    for each in (protagonist, antagonist):
        certain(each)
    with torch.no_grad():
        protagonist.policy.action_net.bias[:] = torch.tensor([1e4, 0.0])  # it never gains anything
    learn(protagonist, antagonist, rollouts=1)
    assert min(teacher.generator._rewards.values()) > 0.0


def test_only_the_levels_it_proposed_reward_the_teacher():
    teacher, protagonist, antagonist = pair(make_teacher("paired", SPACE, seed=0))
    learn(protagonist, antagonist, rollouts=3)
    assert teacher.generator.n_waiting == 9
    assert set(teacher.generator._rewards) <= set(teacher.generator._open)


# --- Steps, logs, kinds of students ----------------------------------------------------------------------------------


def test_the_steps_of_both_students_are_counted_apart():
    teacher = Listening()
    protagonist, antagonist = student(teacher), student(Follower(SPACE), n_steps=32, seed=1)
    learn(protagonist, antagonist, rollouts=2)
    assert (protagonist.num_timesteps, antagonist.num_timesteps) == (96, 192)
    learn(protagonist, antagonist, rollouts=1)
    assert (protagonist.num_timesteps, antagonist.num_timesteps) == (48, 96), "as learn() of Stable-Baselines3 does"


def test_the_antagonist_is_logged_apart():
    _, protagonist, antagonist = pair()
    log = Logger(None, [])
    protagonist.set_logger(log)
    protagonist.learn(96, callback=PairedTraining(antagonist), log_interval=None)
    names = set(log.name_to_value)
    assert {"train/loss", "antagonist/train/loss", "antagonist/rollout/ep_rew_mean"} <= names
    assert log.name_to_value["antagonist/time/total_timesteps"] == 96


def test_both_students_learn():
    _, protagonist, antagonist = pair()
    before = [
        torch.nn.utils.parameters_to_vector(each.policy.parameters()).clone() for each in (protagonist, antagonist)
    ]
    learn(protagonist, antagonist)
    for each, old in zip((protagonist, antagonist), before, strict=True):
        assert (torch.nn.utils.parameters_to_vector(each.policy.parameters()) != old).any()


@pytest.mark.parametrize(("one", "other"), [("ppo", "a2c"), ("a2c", "ppo"), ("recurrent-ppo", "recurrent-ppo")])
def test_any_on_policy_students_make_a_pair(one, other):
    teacher = make_teacher("paired", SPACE, seed=0, update_levels=3)
    learn(student(teacher, one), student(Follower(SPACE), other, seed=1))
    assert teacher.metrics()["outcomes"] == 6


def test_observations_of_each_student_may_be_normalised():
    teacher, protagonist, antagonist = pair(normalize=True)
    learn(protagonist, antagonist)
    assert isinstance(antagonist.env, VecNormalize)
    assert len(teacher.heard) == 2


def test_a_native_batch_of_mazes_makes_a_pair():
    venvs = [MazeVecEnv(8, 5, 5, observation="flat", n_actions=3, max_steps=20, seed=i) for i in range(2)]
    space = venvs[0].task_space
    teacher = make_teacher("paired", space, seed=0, builder=venvs[0].level_builder, update_levels=8)
    protagonist, antagonist = (
        make_student("ppo", CurriculumVecEnv(venv, who), seed=i, n_steps=32, batch_size=64, n_epochs=1)
        for i, (venv, who) in enumerate(zip(venvs, (teacher, Follower(space)), strict=True))
    )
    protagonist.learn(8 * 32 * 3, callback=PairedTraining(antagonist))
    assert teacher.generator.n_updates == 2
    np.testing.assert_array_equal(venvs[0].current_tasks, venvs[1].current_tasks)


def test_the_same_seeds_give_the_same_training():
    results = []
    for _ in range(2):
        teacher, protagonist, antagonist = pair(make_teacher("paired", SPACE, seed=0, update_levels=3))
        learn(protagonist, antagonist, rollouts=4)
        results.append((teacher.sample(3).values, torch.nn.utils.parameters_to_vector(antagonist.policy.parameters())))
    np.testing.assert_array_equal(results[0][0], results[1][0])
    assert torch.equal(results[0][1], results[1][1])


def test_a_teacher_that_needs_the_protagonist_alone_has_no_antagonist():
    teacher = Alone()
    learn(student(teacher))
    assert [sorted(outcomes.signals) for outcomes in teacher.heard] == [
        ["protagonist_episodes", "protagonist_max_return", "protagonist_mean_return"]
    ] * 2


# --- REPAIRED: tasks not to be learned from, and tasks of one's own --------------------------------------------------


def test_students_learn_nothing_from_new_levels_of_repaired_and_each_replays_its_own():
    teacher = make_teacher("repaired", SPACE, seed=0, buffer_size=9, min_fill=1.0, replay_prob=1.0, update_levels=3)
    teacher, protagonist, antagonist = pair(teacher)
    recorders = [Recorder(), Recorder()]
    before = [
        torch.nn.utils.parameters_to_vector(each.policy.parameters()).clone() for each in (protagonist, antagonist)
    ]
    learn(protagonist, antagonist, rollouts=2)
    for each, old in zip((protagonist, antagonist), before, strict=True):
        assert torch.equal(torch.nn.utils.parameters_to_vector(each.policy.parameters()), old)
    for each, recorder in zip((protagonist, antagonist), recorders, strict=True):
        each.env.add_listener(recorder)
    protagonist.learn(48 * 3, callback=PairedTraining(antagonist), reset_num_timesteps=False)
    for each, recorder, who, old in zip(
        (protagonist, antagonist), recorders, ("protagonist", "antagonist"), before, strict=True
    ):
        replays = np.concatenate([tasks[train] for tasks, _, train in recorder.tasks])
        assert len(replays)
        assert (teacher.buffers[who].find(replays) >= 0).all()
        assert (torch.nn.utils.parameters_to_vector(each.policy.parameters()) != old).any()


# --- Checkpoints -----------------------------------------------------------------------------------------------------


def test_a_checkpoint_holds_both_students(tmp_path):
    _, protagonist, antagonist = pair(normalize=True)
    learn(protagonist, antagonist, checkpoints=CheckpointStore(tmp_path), checkpoint_every=40)
    folder = CheckpointStore(tmp_path).latest().path
    names = {file.name for file in folder.iterdir()}
    assert {"student.zip", "antagonist_student.zip", "normalization.npz", "antagonist_normalization.npz"} <= names
    fresh = student(Follower(SPACE), normalize=True, seed=9)
    again = load_student(type(antagonist), folder, fresh.env, prefix=ANTAGONIST_PREFIX)
    assert torch.equal(
        torch.nn.utils.parameters_to_vector(again.policy.parameters()),
        torch.nn.utils.parameters_to_vector(antagonist.policy.parameters()),
    )
    assert again.num_timesteps == 96


# --- What is refused -------------------------------------------------------------------------------------------------


def test_a_teacher_that_compares_students_is_refused_by_the_plain_callback():
    teacher = Listening()
    with pytest.raises(RequestError, match=r"Listening compares .*train it with tutelage\.students\.PairedTraining"):
        student(teacher).learn(48, callback=TeacherCallback())


def test_a_teacher_of_single_episodes_is_refused():
    with pytest.raises(RequestError, match="RandomTeacher learns from single episodes"):
        learn(student(make_teacher("random", SPACE)))
    with pytest.raises(RequestError, match="needs 'positive_value_loss', which is told of single episodes"):
        learn(student(make_teacher("plr", SPACE, score="positive_value_loss")))


def test_a_missing_antagonist_is_refused():
    with pytest.raises(RequestError, match="Listening compares two students: give it a second one"):
        learn(student(Listening()))


def test_an_antagonist_that_nobody_needs_is_refused():
    with pytest.raises(RequestError, match="Alone needs no antagonist"):
        learn(student(Alone()), student(Follower(SPACE)))


@pytest.mark.parametrize(
    ("env", "what"), [({"width": 3}, "observation space"), ({"n_actions": 3}, "action space")], ids=["width", "actions"]
)
def test_an_antagonist_of_another_environment_is_refused(env, what):
    with pytest.raises(RequestError, match=f"The antagonist's {what} is .* the protagonist's"):
        learn(student(Listening()), student(Follower(SPACE), env=env))


def test_an_antagonist_of_another_number_of_environments_is_refused():
    with pytest.raises(RequestError, match="The antagonist has 2 environments and the protagonist 3"):
        learn(student(Listening()), student(Follower(SPACE), n_envs=2))


def test_an_antagonist_with_a_teacher_of_its_own_is_refused():
    with pytest.raises(RequestError, match=r"chosen by RandomTeacher.*tutelage\.students\.Follower"):
        learn(student(Listening()), student(make_teacher("random", SPACE)))


def test_the_protagonist_is_no_antagonist_of_itself():
    protagonist = student(Listening())
    with pytest.raises(RequestError, match="not the protagonist itself"):
        learn(protagonist, protagonist)


def test_an_off_policy_student_is_refused():
    from stable_baselines3 import DQN

    with pytest.raises(RequestError, match="DQN has no rollouts, in which Listening compares"):
        check_algorithm(Listening(), DQN)
    venv = make_curriculum_vec_env(Corridor, Follower(SPACE), n_envs=3)
    with pytest.raises(RequestError, match="The antagonist, DQN, has no rollouts"):
        learn(student(Listening()), make_student("dqn", venv, buffer_size=100))


def test_a_signal_that_students_cannot_give_is_refused_by_name():
    class Curious(Listening):
        needs = frozenset({"antagonist_transition_error"})

    with pytest.raises(RequestError, match="Curious needs 'transition_error' of two students, which they cannot give"):
        learn(student(Curious()), student(Follower(SPACE)))


@pytest.mark.parametrize("who", ["protagonist", "antagonist"])
def test_weights_that_become_nan_end_the_training_in_one_sentence(who, tmp_path):
    teacher, protagonist, antagonist = pair()
    store = CheckpointStore(tmp_path)
    learn(protagonist, antagonist, rollouts=1, checkpoints=store)
    spoilt = protagonist if who == "protagonist" else antagonist

    train = spoilt.train

    def spoil():
        train()
        with torch.no_grad():
            next(spoilt.policy.parameters()).fill_(torch.nan)

    spoilt.train = spoil
    heard = len(teacher.heard)
    with pytest.raises(RunError, match=rf"weights of the {who} \(PPO\) have become NaN .* by step"):
        protagonist.learn(96, callback=PairedTraining(antagonist, checkpoints=store), reset_num_timesteps=False)
    assert store.latest().step == 48, "what was saved is intact"
    assert len(teacher.heard) <= heard + 1


def test_sound_weights_pass():
    check_weights(student(Listening()), "protagonist")


# --- The follower ----------------------------------------------------------------------------------------------------


def test_a_follower_draws_tasks_before_it_is_told_any():
    assert SPACE.contains(Follower(SPACE, seed=0).sample(4).values).all()


def test_a_follower_refuses_what_is_no_task_and_another_number_of_tasks():
    follower = Follower(SPACE)
    with pytest.raises(ValueError, match="length"):
        follower.follow([[99.0, 0.5]], [True])
    with pytest.raises(ValueError, match="flag"):
        follower.follow([[3.0, 0.5]], [True, False])
    follower.follow([[3.0, 0.5]], [True])
    with pytest.raises(ValueError, match="told 1 tasks and is asked for 2"):
        follower.sample(2)
