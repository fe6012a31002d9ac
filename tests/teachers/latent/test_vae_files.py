"""A task VAE on disk."""

import json

import numpy as np
import pytest
from tutelage.envs import MazeSpace
from tutelage.envs.maze_codec import MazeCodec
from tutelage.errors import RequestError, RunError
from tutelage.teachers.latent.latent_decoder import LatentDecoder
from tutelage.teachers.latent.vae_files import DESCRIPTION, load_vae, read_description, save_vae


@pytest.fixture
def folder(small_vae, codec, tmp_path):
    save_vae(tmp_path / "vae", small_vae, codec, {"finished": True})
    return tmp_path / "vae"


def weights_of(folder):
    (file,) = folder.glob("*.safetensors")
    return file


def test_a_vae_comes_back_from_its_folder(folder, decoder, codec):
    loaded = LatentDecoder.load(folder, codec)
    assert loaded.fingerprint == decoder.fingerprint
    latents = np.random.default_rng(0).standard_normal((20, decoder.n_dims))
    np.testing.assert_array_equal(loaded.tokens(latents), decoder.tokens(latents))


def test_the_description_is_json(folder, codec):
    description = json.loads((folder / DESCRIPTION).read_text())
    assert description["codec"]["name"] == codec.name
    assert description["config"]["latent"] == codec.vocabulary_size + 24


def test_saving_again_leaves_one_file_of_weights(folder, small_vae, codec):
    save_vae(folder, small_vae, codec, {"finished": False})
    assert len(list(folder.glob("*.safetensors"))) == 1
    assert read_description(folder)["training"] == {"finished": False}


def test_a_folder_without_a_vae_is_one_sentence(codec, tmp_path):
    with pytest.raises(RequestError, match=r"no task VAE in .*tutelage vae train"):
        load_vae(tmp_path, codec)


def test_a_vae_for_another_maze_is_refused(folder):
    with pytest.raises(RequestError, match=r"trained for maze-4x4-14 \(16 tokens\), these tasks are maze-5x5-23"):
        load_vae(folder, MazeCodec(MazeSpace(5, 5)))


@pytest.mark.parametrize("size", [0, 5, 8, 100, -1, -1000])
def test_weights_that_are_cut_off_are_named(folder, codec, size):
    file = weights_of(folder)
    file.write_bytes(file.read_bytes()[:size])
    with pytest.raises(RunError, match=r"vae-.*safetensors is damaged"):
        load_vae(folder, codec)


@pytest.mark.parametrize("place", [3, 20, 300, -1])
def test_weights_with_a_flipped_byte_are_named(folder, codec, place):
    file = weights_of(folder)
    content = bytearray(file.read_bytes())
    content[place] ^= 0xFF
    file.write_bytes(bytes(content))
    with pytest.raises(RunError, match=r"vae-.*safetensors is damaged"):
        load_vae(folder, codec)


def test_missing_weights_are_named(folder, codec):
    weights_of(folder).unlink()
    with pytest.raises(RunError, match=r"Cannot read .*vae-.*safetensors"):
        load_vae(folder, codec)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', '{"format": 7}', "\x00"])
def test_a_damaged_description_is_named(folder, codec, text):
    (folder / DESCRIPTION).write_text(text)
    with pytest.raises(RunError, match=r"vae\.json is damaged"):
        load_vae(folder, codec)


def test_settings_that_do_not_fit_the_weights_are_named(folder, codec):
    description = read_description(folder)
    description["config"]["decoder"] += 1
    (folder / DESCRIPTION).write_text(json.dumps(description))
    with pytest.raises(RunError, match="does not fit the settings"):
        load_vae(folder, codec)


def test_a_description_cannot_name_a_file_elsewhere(folder, codec, tmp_path):
    weights_of(folder).rename(tmp_path / "stolen.safetensors")
    description = read_description(folder)
    (folder / DESCRIPTION).write_text(json.dumps({**description, "weights": "../stolen.safetensors"}))
    with pytest.raises(RunError, match="Cannot read"):
        load_vae(folder, codec)
