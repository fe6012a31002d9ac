"""Training a task VAE."""

import numpy as np
import pytest
import torch
from tutelage.envs import MazeSpace
from tutelage.envs.maze_codec import MazeCodec
from tutelage.envs.task_codec import BinCodec
from tutelage.envs.task_corpus import TaskCorpus
from tutelage.errors import RunError
from tutelage.spaces import TaskSpace
from tutelage.teachers.latent.latent_decoder import LatentDecoder
from tutelage.teachers.latent.vae_config import VAEConfig
from tutelage.teachers.latent.vae_training import _batches, measure_vae, train_vae

from .conftest import CONFIG


def held_out(codec, n=300):
    return codec.sample_sequences(n, np.random.default_rng(99))


def train(codec, config, seed=0, **calls):
    corpus = TaskCorpus(codec, config.corpus_size, seed, sort=config.sort)
    return train_vae(config, codec, corpus.batches, seed, **calls)


@pytest.mark.slow
def test_the_small_preset_gives_back_95_percent_of_the_tokens_of_mazes():
    codec = MazeCodec(MazeSpace())
    vae = train(codec, VAEConfig.of("small"))
    measures = measure_vae(LatentDecoder(vae, codec), held_out(codec, 1000))
    assert measures["accuracy"] >= 0.95
    assert measures["exact"] >= 0.95


def test_small_mazes_come_back_after_a_second(decoder, codec):
    measures = measure_vae(decoder, held_out(codec))
    assert measures["accuracy"] > 0.9
    assert measures["active_units"] > codec.vocabulary_size


def test_tasks_of_another_space_come_back():
    space = TaskSpace(height=(0.0, 3.0), rooms=range(2, 7))
    codec = BinCodec(space)
    decoder = LatentDecoder(train(codec, CONFIG), codec)
    tasks = space.sample(200, np.random.default_rng(1))
    back = decoder.decode(decoder.encode(tasks), np.random.default_rng(2))
    assert np.abs(space.to_unit(back) - space.to_unit(tasks)).mean() < 0.05


def test_the_same_seed_gives_the_same_weights(codec):
    config = VAEConfig.of("small", iterations=5, batch_size=8, corpus_size=200)
    first, second = (train(codec, config).state_dict() for _ in range(2))
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_another_seed_gives_other_weights(codec):
    config = VAEConfig.of("small", iterations=5, batch_size=8, corpus_size=200)
    first, second = (train(codec, config, seed).to_mean.weight for seed in (0, 1))
    assert not torch.equal(first, second)


def test_the_generator_of_torch_is_left_alone(codec):
    before = torch.random.get_rng_state().clone()
    train(codec, VAEConfig.of("small", iterations=3, batch_size=8, corpus_size=200, dropout=0.3))
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_loss_that_is_no_number_is_one_sentence(codec):
    config = VAEConfig.of("small", iterations=50, learning_rate=1e30, batch_size=8, corpus_size=200)
    with pytest.raises(RunError, match=r"loss of the task VAE became .* iteration \d+.*learning rate below 1e\+30"):
        train(codec, config)


def test_the_batches_hold_the_whole_corpus(codec):
    corpus = TaskCorpus(codec, 1000, seed=0)
    batches, got = _batches(corpus.batches, 32, np.random.default_rng(0)), []
    while len(got) < 1000:
        got += next(batches).tolist()
    assert sorted(got) == sorted(np.concatenate(list(corpus.batches(1000))).tolist())


def test_a_tenth_of_the_training_is_saved_each_time(codec):
    done = []
    config = VAEConfig.of("small", iterations=20, batch_size=8, corpus_size=200)
    train(codec, config, checkpoint=lambda iteration, vae: done.append(iteration))
    assert done == list(range(2, 20, 2))


def test_progress_is_told(codec):
    told = []
    config = VAEConfig.of("small", iterations=3, batch_size=8, corpus_size=200)
    train(codec, config, progress=lambda iteration, losses: told.append((iteration, sorted(losses))))
    assert told == [(i, ["cross_entropy", "kl", "kl_weight"]) for i in (1, 2, 3)]


def test_unsorted_sequences_can_be_learned_from(codec):
    config = VAEConfig.of("small", iterations=5, batch_size=8, corpus_size=200, sort=False)
    assert (train(codec, config).after.weight.abs().mean() < 1.0).item()
