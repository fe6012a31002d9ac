"""CLUTR: what is particular to it. What all teachers must do is in test_conformance."""

import copy
import pickle

import numpy as np
import pytest
import torch
from tutelage import Outcomes, TaskSpace, make_teacher
from tutelage.envs import MazeSpace
from tutelage.envs.maze_codec import MazeCodec
from tutelage.errors import RequestError, RunError
from tutelage.teachers.latent.clutr import CLUTR
from tutelage.teachers.latent.latent_decoder import LatentDecoder
from tutelage.teachers.latent.vae_config import VAEConfig
from tutelage.teachers.latent.vae_files import save_vae
from tutelage.teachers.latent.vae_training import new_vae
from tutelage.teachers.teacher import needs_antagonist

SPACE = MazeSpace(4, 4)


def outcomes_of(tasks, regret, rows=slice(None)):
    regret = np.asarray(regret, dtype=float)
    n = len(tasks.ids[rows])
    signals = {"protagonist_mean_return": np.zeros(n), "protagonist_max_return": np.zeros(n)}
    signals |= {"antagonist_mean_return": regret[rows], "antagonist_max_return": regret[rows]}
    return Outcomes(
        tasks=tasks.values[rows], ids=tasks.ids[rows], returns=np.zeros(n), lengths=np.ones(n), signals=signals
    )


def few_walls(tasks):
    return 1.0 - tasks.values[:, :16].sum(axis=1) / 16.0


def teach(teacher, rounds=10, n=16, reward=few_walls):
    for _ in range(rounds):
        tasks = teacher.sample(n)
        teacher.update(outcomes_of(tasks, reward(tasks)))
    return teacher


def weights(vae):
    return {name: tensor.clone() for name, tensor in vae.state_dict().items()}


def teacher_of(decoder, **arguments):
    return make_teacher("clutr", SPACE, **{"seed": 0, "vae": decoder, **arguments})


# --- Levels ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sampler", ["learned", "uniform"])
@pytest.mark.parametrize("latent_range", ["prior", "unit", (-10.0, 10.0)], ids=str)
def test_every_task_is_a_level_with_one_goal_and_one_start(decoder, sampler, latent_range):
    teacher = teach(teacher_of(decoder, sampler=sampler, latent_range=latent_range), 4)
    assert SPACE.contains_all(teacher.sample(300).values)


def test_the_weights_of_the_vae_never_change(decoder):
    before = weights(decoder.vae)
    teacher = teach(teacher_of(decoder), 20)
    teacher.load_state_dict(teacher.state_dict())
    teach(copy.deepcopy(teacher), 3)
    assert all(torch.equal(tensor, before[name]) for name, tensor in decoder.vae.state_dict().items())
    assert not any(p.requires_grad for p in decoder.vae.parameters())


def test_greedy_decoding_is_deterministic(decoder):
    latents = np.random.default_rng(0).standard_normal((300, decoder.n_dims))
    np.testing.assert_array_equal(decoder.tokens(latents), decoder.tokens(latents))


def test_a_latent_is_decoded_the_same_whatever_comes_with_it(decoder):
    latents = np.random.default_rng(0).standard_normal((300, decoder.n_dims))
    np.testing.assert_array_equal(decoder.tokens(latents)[[5, 290]], decoder.tokens(latents[[5, 290]]))


def test_the_draws_are_mapped_onto_the_range_of_the_latents(decoder, monkeypatch):
    seen = []
    teacher, literal = teacher_of(decoder), teacher_of(decoder, latent_range="unit")
    decode = decoder.vae.decode
    monkeypatch.setattr(decoder.vae, "decode", lambda z, *rest: (seen.append(z), decode(z, *rest))[1])
    teacher.sample(200)
    literal.sample(200)
    wide, unit = seen
    assert -2.0 <= wide.min() < -1.5 < 1.5 < wide.max() <= 2.0
    assert 0.0 <= unit.min() < unit.max() <= 1.0


def test_it_begins_with_the_standard_deviation_of_the_prior(decoder, monkeypatch):
    seen = []
    teacher = teacher_of(decoder)
    decode = decoder.vae.decode
    monkeypatch.setattr(decoder.vae, "decode", lambda z, *rest: (seen.append(z), decode(z, *rest))[1])
    teacher.sample(250)
    assert seen[0].std().item() == pytest.approx(1.0, abs=0.1)


def test_a_vae_that_writes_nothing_is_a_random_room(decoder, monkeypatch):
    monkeypatch.setattr(decoder.vae, "decode", lambda z, length, _: torch.zeros(len(z), length, dtype=torch.long))
    teacher = teacher_of(decoder)
    tasks = teacher.sample(50)
    assert SPACE.contains_all(tasks.values)
    assert (tasks.values[:, :16] == 0.0).all()
    assert len(np.unique(tasks.values[:, 16])) > 5
    assert teacher.metrics()["empty_share"] == 1.0


# --- Learning --------------------------------------------------------------------------------------------------------


def test_it_learns_where_the_regret_is(decoder):
    teacher = teach(teacher_of(decoder, learning_rate=0.03), 60, 32)
    random = teacher_of(decoder).sample(300)
    assert few_walls(teacher.sample(300)).mean() > few_walls(random).mean() + 0.1


def test_the_random_teacher_stays_where_it_is_and_needs_no_antagonist(decoder):
    teacher = teacher_of(decoder, sampler="uniform")
    assert not needs_antagonist(teacher)
    other = teacher_of(decoder, sampler="uniform")
    teach(teacher, 5)
    for _ in range(5):
        other.sample(16)
    np.testing.assert_array_equal(teacher.sample(50).values, other.sample(50).values)


@pytest.mark.parametrize(
    ("regret", "expected"), [("flexible", [0.75, 0.6, 0.0, 0.6]), ("paired", [0.75, 0.0, 0.0, 0.6])]
)
def test_the_reward_is_the_published_regret(regret, expected):
    teacher = CLUTR(TaskSpace(x=(0.0, 1.0)), seed=0, regret=regret)
    tasks = teacher.sample(4)
    signals = {
        "protagonist_mean_return": [0.15, 0.9, 0.0, 0.0],
        "protagonist_max_return": [0.3, 0.9, 0.0, 0.0],
        "antagonist_mean_return": [0.8, 0.3, 0.0, 0.6],
        "antagonist_max_return": [0.9, 0.5, 0.0, 0.6],
    }
    teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=[0] * 4, lengths=[1] * 4, signals=signals))
    np.testing.assert_allclose([teacher._rewards[i] for i in range(4)], expected)


def test_it_is_rewarded_only_for_what_it_proposed(decoder):
    teacher, other = teacher_of(decoder), teacher_of(decoder)
    stranger = SPACE.sample(64, np.random.default_rng(0))
    for _ in range(5):
        outcomes = outcomes_of(teacher.sample(16), np.arange(16.0))
        other.sample(16)
        teacher.update(outcomes)
        other.update(outcomes)
        foreign = Outcomes(
            tasks=stranger,
            ids=[-1] * 64,
            returns=[0] * 64,
            lengths=[1] * 64,
            signals=dict.fromkeys(teacher.needs, [9.0] * 64),
        )
        other.update(foreign)
    np.testing.assert_array_equal(teacher.sample(20).values, other.sample(20).values)


def test_it_learns_once_enough_has_come_back(decoder):
    teacher = teacher_of(decoder, batch_size=20)
    for expected in (0.0, 0.0, 1.0, 1.0, 2.0):
        tasks = teacher.sample(10)
        assert teacher.metrics()["updates"] == expected
        teacher.update(outcomes_of(tasks, np.arange(10.0)))


def test_tasks_that_never_come_back_are_forgotten_at_last(decoder):
    teacher = CLUTR(TaskSpace(x=(0.0, 1.0)), seed=0)
    teacher.sample(6000)
    teacher.sample(6000)
    assert teacher.metrics()["dropped"] == 2000.0


def test_no_regret_at_all_is_survived(decoder):
    teacher = teach(teacher_of(decoder), 10, reward=lambda tasks: np.zeros(len(tasks.values)))
    assert all(np.isfinite(value) for value in teacher.metrics().values())


# --- Ablations -------------------------------------------------------------------------------------------------------


def test_a_vae_that_is_fine_tuned_changes_and_the_given_one_does_not(decoder):
    before = weights(decoder.vae)
    teacher = teach(teacher_of(decoder, fine_tune=1e-3), 5)
    tuned = teacher._tuning.decoder.vae.state_dict()
    assert all(torch.equal(tensor, before[name]) for name, tensor in decoder.vae.state_dict().items())
    assert not torch.equal(tuned["latent_to_set.weight"], before["latent_to_set.weight"])
    assert torch.equal(tuned["to_mean.weight"], before["to_mean.weight"])


def test_fine_tuning_makes_what_was_rewarded_more_likely(decoder):
    teacher = teacher_of(decoder, fine_tune=0.003, learning_rate=1e-6)
    first = few_walls(teacher.sample(200)).mean()
    teach(teacher, 40, 32)
    assert few_walls(teacher.sample(200)).mean() > first + 0.05


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))], ids=["copy", "pickle"])
@pytest.mark.parametrize("fine_tune", [None, 1e-3])
def test_a_copy_continues_identically_and_by_itself(decoder, duplicate, fine_tune):
    teacher = teach(teacher_of(decoder, fine_tune=fine_tune), 5)
    other = duplicate(teacher)
    teach(other, 3)
    np.testing.assert_array_equal(teach(teacher, 3).sample(20).values, other.sample(20).values)


@pytest.mark.parametrize("fine_tune", [None, 1e-3])
def test_a_state_restored_continues_identically(decoder, fine_tune):
    teacher = teach(teacher_of(decoder, fine_tune=fine_tune), 5)
    other = teacher_of(decoder, seed=9, fine_tune=fine_tune)
    other.load_state_dict(teacher.state_dict())
    np.testing.assert_array_equal(teach(teacher, 3).sample(20).values, teach(other, 3).sample(20).values)


def test_an_untrained_vae_still_makes_levels(codec):
    decoder = LatentDecoder(new_vae(VAEConfig.of("small", iterations=0), codec, 0), codec)
    assert SPACE.contains_all(teach(teacher_of(decoder), 3).sample(100).values)


def test_without_a_vae_the_latent_space_is_that_of_the_tasks():
    space = TaskSpace(x=(0.0, 2.0), fixed=(1.0, 1.0), n=range(5))
    teacher = CLUTR(space, seed=0)
    assert teacher.decoder is None
    assert teacher._policy.n_dims == 2
    assert teacher.density(space.sample(5, np.random.default_rng(0))).shape == (5,)


# --- What is refused -------------------------------------------------------------------------------------------------


def test_a_folder_is_loaded_with_the_codec_of_the_environment(small_vae, codec, decoder, tmp_path):
    save_vae(tmp_path, small_vae, codec, {})
    teacher = teacher_of(str(tmp_path), codec=codec)
    np.testing.assert_array_equal(teacher.sample(20).values, teacher_of(decoder).sample(20).values)


def test_a_folder_without_a_codec_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"needs the codec.*env\.task_codec"):
        teacher_of(str(tmp_path))


def test_a_folder_without_a_vae_is_refused(codec, tmp_path):
    with pytest.raises(RequestError, match="no task VAE"):
        teacher_of(str(tmp_path), codec=codec)


def test_a_vae_for_other_tasks_is_refused(small_vae, codec, tmp_path):
    save_vae(tmp_path, small_vae, codec, {})
    with pytest.raises(RequestError, match="trained for maze-4x4-14"):
        make_teacher("clutr", MazeSpace(5, 5), vae=str(tmp_path), codec=MazeCodec(MazeSpace(5, 5)))


def test_a_decoder_of_other_tasks_is_refused(decoder):
    with pytest.raises(ValueError, match=r"decodes maze-4x4-14.*not in MazeSpace\(5, 5"):
        make_teacher("clutr", MazeSpace(5, 5), vae=decoder)


def test_damaged_weights_are_named(small_vae, codec, tmp_path):
    save_vae(tmp_path, small_vae, codec, {})
    (file,) = tmp_path.glob("*.safetensors")
    file.write_bytes(file.read_bytes()[:-10])
    with pytest.raises(RunError, match="damaged"):
        teacher_of(tmp_path, codec=codec)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"preset": "papre"}, "Did you mean 'paper'"),
        ({"sampler": "unifrm"}, "Did you mean 'uniform'"),
        ({"regret": "flexibel"}, "Did you mean 'flexible'"),
        ({"latent_range": "priro"}, "Did you mean 'prior'"),
        ({"latent_range": (1.0, -1.0)}, "low < high"),
        ({"latent_range": (0.0, float("inf"))}, "latent_range"),
        ({"batch_size": 0}, "batch_size"),
        ({"learning_rate": 0.0}, "learning_rate"),
        ({"learning_rate": float("nan")}, "learning_rate"),
        ({"fine_tune": -1.0}, "fine_tune"),
        ({"ent_coef": -0.1}, "ent_coef"),
        ({"vae": None, "fine_tune": 1e-3}, "there is no vae"),
    ],
    ids=str,
)
def test_a_hyperparameter_out_of_range_is_refused_by_name(decoder, arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        teacher_of(decoder, **arguments)


@pytest.mark.parametrize("vae", [3, np.zeros(3), object()], ids=["number", "array", "object"])
def test_what_is_no_vae_is_refused(vae):
    with pytest.raises(TypeError, match="vae must be a folder"):
        teacher_of(vae)


def test_the_state_of_another_vae_is_refused(decoder, codec):
    other = LatentDecoder(new_vae(decoder.vae.config, codec, 7), codec)
    state = teach(teacher_of(other), 2).state_dict()
    with pytest.raises(ValueError, match="vae"):
        teacher_of(decoder).load_state_dict(state)


DAMAGES = {
    "noise": np.nan,
    "points": 2.0,
    "log_probs": np.inf,
    "values": np.nan,
    "rewards": np.nan,
    "rewarded": 10**9,
    "ids": -5,
    "sequences": 99,
    "density_noise": -1.0,
    "policy/weights": np.nan,
    "policy/square": -1.0,
    "tuning/weights": np.nan,
    "tuning/mean": np.inf,
    "latest/regret": np.nan,
    "n_updates": -1,
    "n_dropped": 0.5,
}


@pytest.mark.parametrize("path", DAMAGES)
def test_a_damaged_state_is_refused_and_changes_nothing(decoder, path):
    source = teach(teacher_of(decoder, fine_tune=1e-3), 4)
    tasks = source.sample(8)
    source.update(outcomes_of(tasks, np.arange(8.0), slice(0, 4)))
    state = source.state_dict()
    *parents, key = path.split("/")
    entry = state["algorithm"]
    for parent in parents:
        entry = entry[parent]
    if isinstance(entry[key], np.ndarray):
        entry[key].flat[0] = DAMAGES[path]
    else:
        entry[key] = DAMAGES[path]
    teacher, twin = (teach(teacher_of(decoder, fine_tune=1e-3, seed=3), 3) for _ in range(2))
    with pytest.raises(ValueError, match="cannot take over this state"):
        teacher.load_state_dict(state)
    np.testing.assert_array_equal(teach(teacher, 2).sample(10).values, teach(twin, 2).sample(10).values)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [({"batch_size": 10_001}, "batch_size must be at most 10000"), ({"latent_range": "piror"}, "latent_range 'piror'")],
)
def test_what_would_do_nothing_without_a_vae_is_refused_too(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        make_teacher("clutr", TaskSpace(x=(0.0, 1.0)), **arguments)
