"""Every student learns; presets, warm-up and refusals."""

from __future__ import annotations

from functools import partial

import gymnasium as gym
import numpy as np
import pytest
import torch
from small_environments import Walk
from tutelage import Outcomes, Teacher, make_teacher
from tutelage.errors import RequestError
from tutelage.students import TeacherCallback, list_presets, list_students, make_student
from tutelage.wrappers import make_curriculum_vec_env

from .viewed_walk import ViewedWalk

SMALL = {
    "ppo": {"n_steps": 32, "batch_size": 32, "n_epochs": 1},
    "a2c": {},
    "recurrent-ppo": {"n_steps": 32, "batch_size": 32, "n_epochs": 1, "policy_kwargs": {"lstm_hidden_size": 8}},
    "sac": {"learning_starts": 50, "batch_size": 16, "buffer_size": 500},
    "td3": {"learning_starts": 50, "batch_size": 16, "buffer_size": 500},
    "dqn": {"learning_starts": 50, "batch_size": 16, "buffer_size": 500},
}


class Heard(Teacher):
    """Remembers the outcomes it hears of."""

    def __init__(self, task_space, *, seed=None):
        super().__init__(task_space, seed=seed, ignore_warmup=False)
        self.heard = []

    def _sample(self, n):
        return self.task_space.sample(n, self.rng)

    def _update(self, outcomes):
        self.heard.append(outcomes)

    def _get_state(self):
        return {}


def walks(teacher=None, n_envs=2, observations="box", **kwargs):
    teacher = teacher or Heard(Walk.task_space, seed=0)
    kind = ViewedWalk if observations == "view" else partial(Walk, observations=observations)
    return make_curriculum_vec_env(partial(kind, **kwargs), teacher, n_envs=n_envs, seed=0)


def actions_of(name):
    return "discrete" if name == "dqn" else "continuous"


def parameters(student):
    return torch.cat([p.detach().flatten() for p in student.policy.parameters()]).numpy().copy()


@pytest.mark.parametrize("name", list_students())
def test_every_student_learns_a_few_hundred_steps(name):
    env = walks(make_teacher("alp-gmm", Walk.task_space, seed=0), actions=actions_of(name))
    student = make_student(name, env, seed=0, **SMALL[name])
    before = parameters(student)
    student.learn(300, callback=TeacherCallback())
    assert student.num_timesteps >= 300
    assert np.isfinite(parameters(student)).all()
    assert (parameters(student) != before).any()


@pytest.mark.parametrize("observations", ["dict", "discrete"])
@pytest.mark.parametrize("name", ["ppo", "sac"])
def test_students_learn_from_dict_and_discrete_observations(name, observations):
    student = make_student(name, walks(observations=observations), seed=0, **SMALL[name])
    student.learn(128, callback=TeacherCallback())
    assert student.num_timesteps >= 128


def test_a_student_learns_in_a_single_gymnasium_environment():
    student = make_student("ppo", gym.make("CartPole-v1"), seed=0, **SMALL["ppo"])
    assert student.learn(64).num_timesteps == 64


@pytest.mark.parametrize("name", list_students())
def test_a_student_is_the_same_for_a_seed(name):
    one, two = (make_student(name, walks(actions=actions_of(name)), seed=0, **SMALL[name]) for _ in range(2))
    assert (parameters(one) == parameters(two)).all()


def test_a_student_computes_on_one_thread_by_default():
    torch.set_num_threads(2)
    make_student("ppo", walks(), **SMALL["ppo"])
    assert torch.get_num_threads() == 1


def test_the_number_of_threads_can_be_left_alone():
    torch.set_num_threads(2)
    make_student("ppo", walks(), torch_threads=None, **SMALL["ppo"])
    assert torch.get_num_threads() == 2
    torch.set_num_threads(1)


# --- Warm-up ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sac", "td3", "dqn"])
def test_episodes_with_random_steps_are_flagged_as_warm_up(name):
    teacher = Heard(Walk.task_space, seed=0)
    env = walks(teacher, n_envs=1, actions=actions_of(name))
    student = make_student(name, env, seed=0, **SMALL[name])
    student.learn(200, callback=TeacherCallback())
    ends = np.cumsum([outcomes.lengths[0] for outcomes in teacher.heard])
    starts = np.concatenate([[0], ends[:-1]])
    assert [bool(outcomes.warmup[0]) for outcomes in teacher.heard] == (starts < 50).tolist()


@pytest.mark.parametrize("name", ["ppo", "a2c", "recurrent-ppo"])
def test_on_policy_students_have_no_warm_up(name):
    teacher = Heard(Walk.task_space, seed=0)
    make_student(name, walks(teacher), seed=0, **SMALL[name]).learn(128, callback=TeacherCallback())
    assert not Outcomes.concatenate(teacher.heard).warmup.any()


# --- Presets ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "preset"), [(s, p) for s in list_students() for p in list_presets(s)])
def test_every_preset_builds_its_student(name, preset):
    small = {"buffer_size": 100} if "buffer_size" in SMALL[name] else {}
    of_views = preset in ("maze-conv", "maze-lstm", "words-as-beacons")
    env = walks(observations="view", actions="discrete") if of_views else walks(actions=actions_of(name))
    make_student(name, env, preset_name=preset, seed=0, **small)


def test_the_sac_of_portelas_2019_has_its_numbers():
    student = make_student("sac", walks(n_envs=1), preset_name="portelas2019", buffer_size=100)
    assert (student.learning_rate, student.gamma, student.tau, student.batch_size) == (1e-3, 0.99, 0.005, 1_000)
    assert (student.ent_coef, student.learning_starts) == (0.005, 10_000)
    assert (student.train_freq.frequency, student.gradient_steps) == (10, 1)
    assert [layer.out_features for layer in student.actor.latent_pi if hasattr(layer, "out_features")] == [400, 300]


@pytest.mark.parametrize("n_envs", [1, 4])
def test_the_sac_of_portelas_2019_takes_a_gradient_step_every_ten_environment_steps(n_envs):
    env = walks(n_envs=n_envs)
    student = make_student("sac", env, preset_name="portelas2019", buffer_size=500, learning_starts=0, batch_size=4)
    student.learn(400)
    assert student._n_updates == 40


def test_the_ppo_of_teachmyagent_has_its_numbers():
    student = make_student("ppo", walks(n_envs=1), preset_name="teachmyagent")
    assert (student.n_steps, student.batch_size, student.n_epochs, student.learning_rate) == (20_000, 1_000, 5, 3e-4)
    assert (student.gae_lambda, student.gamma, student.vf_coef, student.ent_coef) == (0.95, 0.99, 0.5, 0.0)
    assert student.get_vec_normalize_env() is not None


def test_a_preset_is_not_changed_by_building_a_student():
    for _ in range(2):
        student = make_student("ppo", walks(), preset_name="tracks", policy_kwargs={"net_arch": [8]}, n_steps=64)
    assert student.policy.net_arch == [8]
    assert make_student("ppo", walks(), preset_name="tracks", n_steps=64).policy.net_arch == [64, 64]


def test_normalised_observations_leave_the_rewards_alone():
    normalization = make_student("ppo", walks(), normalize_observations=True, **SMALL["ppo"]).get_vec_normalize_env()
    assert (normalization.norm_obs, normalization.norm_reward) == (True, False)


def test_only_the_boxes_of_a_dict_are_normalised():
    env = walks(observations="dict")
    normalization = make_student("ppo", env, normalize_observations=True, **SMALL["ppo"]).get_vec_normalize_env()
    assert set(normalization.obs_rms) == {"state"}


# --- Refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("pop", {}, "Unknown student 'pop'. Did you mean 'ppo'?"),
        ("ppo", {"preset_name": "track"}, "Did you mean 'tracks'?"),
        ("ppo", {"n_step": 5}, "Unknown argument of ppo 'n_step'. Did you mean 'n_steps'"),
        ("ppo", {"action_noise_std": 0.1}, "Unknown argument of ppo"),
        ("ppo", {"_init_setup_model": False}, "Unknown argument of ppo"),
        ("ppo", {"batch_size": 1}, "batch_size"),
        ("ppo", {"policy_kwargs": 3}, "policy_kwargs as a mapping"),
        ("ppo", {"policy_kwargs": {"activation_fn": "rellu"}}, "Did you mean"),
        ("ppo", {"policy_kwargs": {"net_archh": [8]}}, "net_archh"),
        ("ppo", {"device": "gpu"}, "Unknown device 'gpu'"),
        ("dqn", {}, "The student dqn cannot be built for this environment"),
    ],
)
def test_what_does_not_exist_or_fit_is_refused_by_name(name, arguments, said):
    with pytest.raises(RequestError) as refused:
        make_student(name, walks(), **arguments)
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_missing_gpu_is_refused_instead_of_replaced_in_silence(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(RequestError, match="'cuda' is not available"):
        make_student("ppo", walks(), device="cuda")


def test_discrete_observations_cannot_be_normalised():
    with pytest.raises(RequestError, match="cannot be normalised"):
        make_student("ppo", walks(observations="discrete"), normalize_observations=True)


def test_a_linear_schedule_is_written_as_in_the_zoo():
    student = make_student("ppo", gym.make("CartPole-v1"), n_steps=64, batch_size=32, learning_rate="lin_1e-3")
    assert [student.lr_schedule(p) for p in (1.0, 0.5, 0.0, -0.1)] == [1e-3, 5e-4, 0.0, 0.0]


@pytest.mark.parametrize("text", ["1e-3x", "lin_", "lin_-1", "cos_1e-3"])
def test_another_schedule_is_refused(text):
    with pytest.raises(RequestError, match="lin_1e-3"):
        make_student("ppo", gym.make("CartPole-v1"), learning_rate=text)
