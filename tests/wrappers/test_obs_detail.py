"""ObsDetail: coarser observations of the same shape."""

import gymnasium as gym
import numpy as np
import pytest
from controlled_environments import Corridor
from stable_baselines3.common.env_checker import check_env as sb3_check_env
from tutelage.schedules import schedule_of
from tutelage.wrappers import Clock, ObsDetail


class Shown(gym.Env):
    """Always shows the same."""

    action_space = gym.spaces.Discrete(2)

    def __init__(self, value, space=None):
        self.value = value
        self.observation_space = space or box(value)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        return self.copy(), {}

    def step(self, action):
        return self.copy(), 0.0, False, False, {}

    def copy(self):
        value = self.value
        return {key: part.copy() for key, part in value.items()} if isinstance(value, dict) else value.copy()


def box(value, low=0, high=255):
    return gym.spaces.Box(low, high, value.shape, value.dtype)


def shown(value, detail, space=None, **arguments):
    env = ObsDetail(Shown(value, space), detail, **arguments)
    first, _ = env.reset()
    second = env.step(0)[0]
    for part in (first, second):
        assert env.observation_space.contains(part)
    return first


IMAGE = np.random.default_rng(0).integers(0, 256, (12, 10, 3), dtype=np.uint8)
VECTOR = np.linspace(-1, 1, 9, dtype=np.float32)
UNIT = gym.spaces.Box(-1.0, 1.0, (9,), np.float32)


@pytest.mark.parametrize(("value", "space"), [(IMAGE, None), (VECTOR, UNIT)])
@pytest.mark.parametrize("method", ["auto", "pool", "round"])
def test_full_detail_shows_everything(value, space, method):
    np.testing.assert_array_equal(shown(value, 1.0, space, method=method), value)


@pytest.mark.parametrize("detail", [0.0, 0.2, 0.5, 0.99])
@pytest.mark.parametrize(("value", "space"), [(IMAGE, None), (VECTOR, UNIT)])
@pytest.mark.parametrize("method", ["pool", "round"])
def test_shape_and_type_stay_the_same(value, space, detail, method):
    coarse = shown(value, detail, space, method=method)
    assert (coarse.shape, coarse.dtype) == (value.shape, value.dtype)


def test_cells_of_an_image_show_their_mean():
    coarse = shown(IMAGE, 0.5)
    np.testing.assert_array_equal(coarse[2:4, 4:6, 1], np.rint(IMAGE[2:4, 4:6, 1].mean()))


def test_the_channels_stay_apart_wherever_they_are():
    last = shown(IMAGE, 0.25)
    first = shown(np.moveaxis(IMAGE, -1, 0).copy(), 0.25)
    np.testing.assert_array_equal(np.moveaxis(first, 0, -1), last)


def test_no_detail_shows_one_colour():
    assert np.unique(shown(IMAGE, 0.0)[:, :, 0]).tolist() == [round(IMAGE[:, :, 0].mean())]


def test_a_grey_image_is_pooled_along_both_axes():
    assert shown(np.arange(16, dtype=np.uint8).reshape(4, 4), 0.5).tolist()[0] == [2, 2, 4, 4]


@pytest.mark.parametrize(("detail", "cells"), [(0.1, 1), (0.25, 3), (0.5, 6), (1.0, 12)])
def test_the_detail_is_the_share_of_cells(detail, cells):
    rays = np.random.default_rng(0).random(12).astype(np.float32)
    assert len(np.unique(shown(rays, detail, box(rays, 0, 1), method="pool"))) == cells


def test_uneven_cells_differ_by_one():
    rays = np.arange(7, dtype=np.float32)
    assert shown(rays, 3 / 7, box(rays), method="pool").tolist() == [0.5, 0.5, 2.5, 2.5, 5, 5, 5]


def test_pooling_needs_no_bounds():
    rays = np.arange(4, dtype=np.float32)
    assert shown(rays, 0.5, box(rays, -np.inf, np.inf), method="pool").tolist() == [0.5, 0.5, 2.5, 2.5]


def test_numbers_are_rounded_to_the_middle_of_their_cell():
    assert shown(VECTOR, 0.5, UNIT, levels=8).tolist() == [-0.75, -0.75, -0.25, -0.25, 0.25, 0.25, 0.75, 0.75, 0.75]


def test_no_detail_shows_the_middle_of_the_range():
    assert shown(VECTOR, 0.0, UNIT).tolist() == [0.0] * 9


def test_whole_numbers_stay_whole():
    value = np.array([0, 3, 9], np.int64)
    assert shown(value, 0.5, box(value, 0, 9), levels=4).tolist() == [2, 2, 7]


def test_bounds_can_be_given_where_the_space_has_none():
    free = gym.spaces.Box(-np.inf, np.inf, (9,), np.float32)
    np.testing.assert_array_equal(shown(VECTOR, 0.5, free, bounds=(-1, 1)), shown(VECTOR, 0.5, UNIT))


def test_a_fixed_number_stays():
    value = np.array([2.0, 0.3], np.float32)
    space = gym.spaces.Box(np.array([2.0, 0.0], np.float32), np.array([2.0, 1.0], np.float32))
    assert shown(value, 0.0, space).tolist() == [2.0, 0.5]


BOTH = {"image": IMAGE, "state": VECTOR, "direction": np.array(3)}
BOTH_SPACE = gym.spaces.Dict(image=box(IMAGE), state=UNIT, direction=gym.spaces.Discrete(4))


def test_all_boxes_of_a_dict_are_coarser_and_the_rest_is_as_it_was():
    coarse = shown(BOTH, 0.5, BOTH_SPACE)
    np.testing.assert_array_equal(coarse["image"], shown(IMAGE, 0.5))
    np.testing.assert_array_equal(coarse["state"], shown(VECTOR, 0.5, UNIT))
    assert coarse["direction"] == 3


def test_the_keys_of_a_dict_can_be_chosen():
    coarse = shown(BOTH, 0.5, BOTH_SPACE, keys=["image"])
    np.testing.assert_array_equal(coarse["state"], VECTOR)
    assert (coarse["image"] != IMAGE).any()


def test_resolutions_grow_as_in_efficienttrain():
    env = ObsDetail(Shown(np.zeros((224, 224), np.uint8)), schedule_of("efficienttrain"), clock=Clock(per=300))
    details = []
    for epoch in (1, 180, 240, 300):
        env.set_clock(steps=epoch)
        details.append(env.reset()[1]["detail"] * 224)
    assert details == pytest.approx([160, 192, 224, 224])


def test_the_environments_own_observation_is_left_alone():
    inner = Shown(VECTOR.copy(), UNIT)
    ObsDetail(inner, 0.0).reset()
    np.testing.assert_array_equal(inner.value, VECTOR)


def test_images_pass_check_env():
    sb3_check_env(ObsDetail(Shown(np.zeros((40, 40, 3), np.uint8)), 0.3), warn=False)


# --- Bad input ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "space",
    [
        gym.spaces.Discrete(3),
        gym.spaces.MultiBinary(3),
        gym.spaces.Box(0, 1, ()),
        gym.spaces.Box(0, 1, (2, 2, 2, 2)),
        gym.spaces.Tuple([gym.spaces.Box(0, 1, (2,))]),
        gym.spaces.Dict(direction=gym.spaces.Discrete(4)),
    ],
    ids=str,
)
def test_observations_without_detail_are_refused(space):
    with pytest.raises(TypeError, match=r"ObsDetail: (expected|there is no Box)"):
        ObsDetail(Shown(None, space), 0.5)


def test_rounding_without_bounds_is_refused_with_the_cure():
    with pytest.raises(ValueError, match=r"rounding needs finite bounds.*Give bounds=.* or method='pool'"):
        ObsDetail(gym.make("CartPole-v1"), 0.5)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"method": "pools"}, "Did you mean 'pool'"),
        ({"levels": 0}, "levels must be a whole number of at least 1"),
        ({"levels": 2.5}, "levels must be a whole number of at least 1"),
        ({"keys": ["state"]}, "are for a Dict of observations"),
        ({"bounds": (1, -1)}, "rounding needs finite bounds with low ≤ high"),
        ({"bounds": (0, np.nan)}, "rounding needs finite bounds"),
        ({"detail": 1.5}, r"detail must be between 0 and 1, got 1\.5"),
    ],
)
def test_an_argument_out_of_range_is_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        ObsDetail(Corridor(), **{"detail": 0.5, **arguments})


def test_a_misspelt_key_gets_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'image'"):
        ObsDetail(Shown(BOTH, BOTH_SPACE), 0.5, keys=["imge"])
