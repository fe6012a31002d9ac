"""A small task VAE, trained for a second on mazes of 4 × 4 cells."""

import pytest
from tutelage.envs import MazeSpace
from tutelage.envs.maze_codec import MazeCodec
from tutelage.envs.task_corpus import TaskCorpus
from tutelage.teachers.latent.latent_decoder import LatentDecoder
from tutelage.teachers.latent.vae_config import VAEConfig
from tutelage.teachers.latent.vae_training import train_vae

CONFIG = VAEConfig.of("small", iterations=150, batch_size=32, corpus_size=4000)


@pytest.fixture(scope="session")
def codec():
    return MazeCodec(MazeSpace(4, 4))


@pytest.fixture(scope="session")
def small_vae(codec):
    return train_vae(CONFIG, codec, TaskCorpus(codec, CONFIG.corpus_size, seed=0).batches, seed=0)


@pytest.fixture
def decoder(small_vae, codec):
    return LatentDecoder(small_vae, codec)
