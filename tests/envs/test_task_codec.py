"""Tasks as sequences of tokens and back, and corpora of random ones."""

import gymnasium as gym
import numpy as np
import pytest
from tutelage import TaskSpace
from tutelage.envs import MazeSpace, MazeVecEnv, is_solvable, shortest_path_lengths
from tutelage.envs.maze_codec import MazeCodec, _draw_sequences
from tutelage.envs.task_codec import BinCodec, TaskCodec
from tutelage.envs.task_corpus import TaskCorpus

SPACE = MazeSpace()
MIXED = TaskSpace(height=(0.0, 3.0), rooms=range(2, 7), terrain=["grass", "ice", "mud"], width=(1, 1))


def rng(seed=0):
    return np.random.default_rng(seed)


def decoded(*tokens):
    return MazeCodec(SPACE).decode([tokens], rng())[0]


# --- Mazes -----------------------------------------------------------------------------------------------------------


def test_a_sequence_becomes_walls_a_goal_and_a_start():
    level = decoded(3, 5, 7, 28, 28, 90, 131, 169, 1)
    assert np.flatnonzero(level[:-3]).tolist() == [2, 4, 6, 27, 89, 130]
    assert divmod(int(level[-3]), 13) == (12, 12)
    assert level[-2] == 0
    assert shortest_path_lengths(level, SPACE).tolist() == [24]


def test_a_start_on_the_goal_moves_elsewhere():
    level = decoded(3, 5, 28, 28)
    assert level[-3] == 27
    assert level[-2] != 27


def test_goal_and_start_remove_the_walls_they_are_on():
    level = decoded(3, 5, 7, 28, 28, 90, 131, 28, 7)
    assert np.flatnonzero(level[:-3]).tolist() == [2, 4, 89, 130]
    assert (int(level[-3]) % 13, int(level[-3]) // 13) == (1, 2)
    assert (int(level[-2]) % 13, int(level[-2]) // 13) == (6, 0)


def test_two_tokens_are_an_empty_room():
    level = decoded(12, 40)
    assert level[:-3].sum() == 0
    assert (int(level[-3]), int(level[-2])) == (11, 39)


def test_all_random_sequences_are_levels_with_one_goal_and_one_start():
    tokens = rng().integers(0, 170, (200, 52))
    levels = MazeCodec(SPACE).decode(tokens, rng())
    assert SPACE.contains_all(levels)


@pytest.mark.parametrize("tokens", [[0] * 52, [5] + [0] * 51, [5] * 52])
def test_a_sequence_without_two_cells_is_a_level_all_the_same(tokens):
    assert SPACE.contains_all(MazeCodec(SPACE).decode([tokens] * 20, rng()))


def test_levels_come_back_from_their_sequences():
    codec = MazeCodec(SPACE)
    levels = MazeSpace(walls=(0, 50)).sample(50, rng())
    back = codec.decode(codec.encode(levels), rng())
    np.testing.assert_array_equal(back[:, :-1], levels[:, :-1])  # all but the direction


def test_a_level_with_too_many_walls_is_refused():
    level = np.zeros(172)
    level[:60], level[-3:] = 1.0, (100, 101, 0)
    with pytest.raises(ValueError, match=r"60 walls.*hold 50.*max_walls=60"):
        MazeCodec(SPACE).encode(level)


@pytest.mark.parametrize("token", [-1, 170])
def test_a_token_that_does_not_exist_is_refused(token):
    with pytest.raises(ValueError, match="vocabulary"):
        MazeCodec(SPACE).decode([[token, 3]], rng())


def test_random_sequences_have_uniform_lengths_and_different_cells():
    sequences = MazeCodec(SPACE).sample_sequences(20_000, rng())
    lengths = (sequences > 0).sum(axis=1)
    counts = np.bincount(lengths, minlength=53)
    assert set(np.flatnonzero(counts)) == set(range(2, 53))
    assert counts[2:].std() < 3.0 * np.sqrt(20_000 / 51)
    for row, length in zip(sequences[:500], lengths, strict=False):
        assert len(set(row[:length].tolist())) == length
        assert (np.diff(row[: length - 2]) > 0).all()


def test_cells_of_random_sequences_are_uniform():
    sequences = MazeCodec(SPACE).sample_sequences(20_000, rng())
    counts = np.bincount(sequences[sequences > 0], minlength=170)[1:]
    assert np.abs(counts / counts.mean() - 1.0).max() < 0.1


def test_unsorted_sequences_are_the_same_sets_in_another_order():
    codec = MazeCodec(SPACE)
    ordered, unordered = (codec.sample_sequences(100, rng(), sort=sort) for sort in (True, False))
    np.testing.assert_array_equal(np.sort(ordered, axis=1), np.sort(unordered, axis=1))
    assert (ordered != unordered).any(axis=1).mean() > 0.8


def test_sequences_equal_a_plain_twin():
    ours = np.zeros((50, 8), dtype=np.int64)
    _draw_sequences(np.uint64(7), 12, True, ours)
    np.testing.assert_array_equal(ours, plain_sequences(7, 12, 8, 50))


def plain_sequences(seed, n_cells, longest, n):
    mask, cells, rows = 2**64 - 1, list(range(n_cells)), []

    def draw(bound):
        nonlocal seed
        seed = (seed + 0x9E3779B97F4A7C15) & mask
        z = ((seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9) & mask
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & mask
        return (((z ^ (z >> 31)) >> 32) * bound) >> 32

    for _ in range(n):
        length = 2 + draw(longest - 1)
        for k in range(length):
            j = k + draw(n_cells - k)
            cells[k], cells[j] = cells[j], cells[k]
        row = [*sorted(cells[: length - 2]), *cells[length - 2 : length]]
        rows.append([cell + 1 for cell in row] + [0] * (longest - length))
    return rows


def test_small_mazes_have_short_sequences():
    codec = MazeCodec(MazeSpace(1, 3))
    assert (codec.sequence_length, codec.vocabulary_size) == (3, 3)
    assert codec.space.contains_all(codec.decode(codec.sample_sequences(50, rng()), rng()))


def test_mazes_of_other_sizes_have_other_fingerprints():
    codecs = [MazeCodec(SPACE), MazeCodec(MazeSpace(13, 12)), MazeCodec(SPACE, max_walls=25)]
    assert len({codec.fingerprint for codec in codecs}) == 3
    assert MazeCodec(SPACE).fingerprint == MazeCodec(MazeSpace()).fingerprint


def test_the_maze_environments_offer_their_codec():
    env = gym.make("tutelage/Maze-v0", height=5, width=6)
    assert isinstance(env.get_wrapper_attr("task_codec"), TaskCodec)
    assert env.get_wrapper_attr("task_codec").name == MazeVecEnv(2, 5, 6).task_codec.name == "maze-5x6-28"
    env.close()


def test_most_random_levels_can_be_solved():
    levels = MazeCodec(SPACE).decode(MazeCodec(SPACE).sample_sequences(300, rng()), rng())
    assert is_solvable(levels, SPACE).mean() > 0.9


# --- Any task space --------------------------------------------------------------------------------------------------


def test_values_come_back_in_their_bins():
    codec = BinCodec(MIXED, bins=16)
    tasks = MIXED.sample(200, rng())
    back = codec.decode(codec.encode(tasks), rng(1))
    assert MIXED.contains_all(back)
    np.testing.assert_array_equal(back[:, 1:], tasks[:, 1:])
    assert np.abs(back[:, 0] - tasks[:, 0]).max() <= 3.0 / 16


def test_integers_with_more_values_than_bins_share_them():
    space = TaskSpace(n=range(1000))
    codec = BinCodec(space, bins=10)
    assert codec.vocabulary_size == 10
    assert space.contains_all(codec.decode(np.arange(1, 11)[:, None], rng()))


def test_any_tokens_are_tasks():
    codec = BinCodec(MIXED)
    tokens = rng().integers(0, codec.vocabulary_size + 1, (500, codec.sequence_length))
    assert MIXED.contains_all(codec.decode(tokens, rng()))


def test_a_token_beyond_the_bins_is_refused():
    codec = BinCodec(MIXED)
    with pytest.raises(ValueError, match="Expected tokens"):
        codec.decode([[codec.vocabulary_size + 1]], rng())


def test_sorted_sequences_ascend_and_unsorted_ones_are_shuffled():
    codec = BinCodec(MIXED)
    assert (np.diff(codec.sample_sequences(50, rng()), axis=1) > 0).all()
    assert (np.diff(codec.sample_sequences(50, rng(), sort=False), axis=1) < 0).any()


# --- Corpora ---------------------------------------------------------------------------------------------------------


def test_a_corpus_has_as_many_different_sequences_as_asked_for():
    corpus = TaskCorpus(MazeCodec(SPACE), 50_000, seed=3)
    rows = np.concatenate(list(corpus.batches(777)))
    assert len(rows) == len(set(map(bytes, rows))) == 50_000


def test_a_corpus_is_the_same_for_a_seed_whatever_the_batch():
    codec = MazeCodec(SPACE)
    first = np.concatenate(list(TaskCorpus(codec, 40_000, seed=1).batches(100)))
    second = np.concatenate(list(TaskCorpus(codec, 40_000, seed=1).batches(12_345)))
    np.testing.assert_array_equal(first, second)


def test_another_seed_gives_another_corpus():
    codec = MazeCodec(SPACE)
    first, second = (next(iter(TaskCorpus(codec, 10, seed=seed).batches(10))) for seed in (0, 1))
    assert (first != second).any()


def test_a_corpus_repeats_from_its_beginning():
    corpus = TaskCorpus(MazeCodec(SPACE), 100, seed=1)
    first, second = (np.concatenate(list(corpus.batches(30))) for _ in range(2))
    np.testing.assert_array_equal(first, second)


def test_a_corpus_equals_plain_deduplication():
    codec = MazeCodec(MazeSpace(2, 2))
    drawn = codec.sample_sequences(32_768, rng(5))
    expected = list(dict.fromkeys(map(tuple, drawn.tolist())))
    rows = np.concatenate(list(TaskCorpus(codec, len(expected), seed=5).batches(7)))
    assert list(map(tuple, rows.tolist())) == expected


def test_a_corpus_that_the_codec_cannot_fill_ends_early():
    rows = np.concatenate(list(TaskCorpus(MazeCodec(MazeSpace(1, 2)), 1000, seed=0).batches(10)))
    assert sorted(rows.tolist()) == [[1, 2], [2, 1]]


@pytest.mark.parametrize("size", [0, -1])
def test_a_corpus_of_nothing_is_refused(size):
    with pytest.raises(ValueError, match="at least 1"):
        TaskCorpus(MazeCodec(SPACE), size, seed=0)


@pytest.mark.parametrize("values", [range(40), range(-50, -10), range(1000), range(33), range(7, 10**6)], ids=str)
@pytest.mark.parametrize("bins", [1, 7, 32])
def test_a_token_of_many_values_is_read_as_one_that_is_written_so(values, bins):
    codec = BinCodec(TaskSpace(x=(0.0, 1.0), k=values, m=range(3)), bins)
    tokens = np.repeat(np.arange(bins) + bins + 1, 100)[:, None]
    rows = codec.decode(tokens, rng())
    assert codec.space.contains(rows).all()
    np.testing.assert_array_equal(codec.encode(rows)[:, 1:2], tokens)


def test_all_values_in_a_bin_are_drawn():
    codec = BinCodec(TaskSpace(k=range(40)), 8)
    rows = codec.decode(np.repeat([[3]], 200, axis=0), rng())
    assert sorted(set(rows[:, 0].tolist())) == [10, 11, 12, 13, 14]


def test_no_sequences_are_no_tasks():
    for codec in (MazeCodec(SPACE), BinCodec(MIXED)):
        assert codec.decode(np.empty((0, 5), dtype=np.int64), rng()).shape == (0, codec.space.n_dims)


@pytest.mark.parametrize("max_walls", [3.7, True, "3"])
def test_a_number_of_walls_of_a_sequence_is_whole(max_walls):
    with pytest.raises(TypeError, match="max_walls must be a whole number"):
        MazeCodec(SPACE, max_walls=max_walls)
