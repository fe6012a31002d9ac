"""Compiled loops of `LevelBuffer`: keeping levels sorted by score, replacing one, drawing some.

A buffer is a tuple of arrays with one row per slot (`Levels`). Slots 0 … size − 1 are in use. ``order`` lists them from
the best rank to the worst: by sampling score, and of equal scores the one that was scored longest ago comes first, so
that levels that cannot be told apart take turns. Levels are found by the bits of their rows, see `rows_numba`.

Importing this module imports numba; the loops are compiled at their first call and kept in numba's cache on disk.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .rows_numba import Bits, Ints, find, hash_row, link, njit, table_size, unlink

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

VALUE, WEIGHT, RETURN, BEST, SOLVED, RESTART, AWAITED = range(7)
"""Columns of the evidence: sums of the values, of the weights and of the returns of the episodes that count; the
highest return ever; whether it was ever solved; whether the next episode begins new sums; replays not yet back."""
N_EVIDENCE = 7

SIZE, CLOCK, TICK, STAMPS = range(4)
"""Numbers: slots in use, replays drawn, episodes seen, sum of the stamps of the slots in use."""
N_NUMBERS = 4

MEAN, MAX_MC, SOLVED_MEAN, LEARNABILITY = range(4)
"""Rules: how the evidence on a level becomes its score."""

RANK, PROPORTIONAL, SOFTMAX = range(3)
"""Prioritisations; top-k is a rank prioritisation with another table."""

_LARGEST_EXPONENT = 600.0
_BLOCK = 256
_LARGEST = 1.7e308


class Levels(NamedTuple):
    """The arrays of a buffer of ``capacity`` levels of ``d`` dimensions."""

    tasks: Bits
    """The bits of the rows, (capacity, d)."""
    hashes: Bits
    """(capacity,)."""
    heads: Ints
    """First slot of each list or −1; their number is a power of two."""
    links: Ints
    """The next slot of the list or −1, (capacity,)."""
    scores: Floats
    """What the levels are ranked by, (capacity,)."""
    raw: Floats
    """Their scores without a bonus, (capacity,)."""
    evidence: Floats
    """(capacity, `N_EVIDENCE`)."""
    order: Ints
    """Slots from the best rank to the worst, (capacity,)."""
    ticks: Ints
    """Number of the episode that last changed the score, (capacity,)."""
    born: Ints
    """Number of the episode that brought the level into the buffer, (capacity,)."""
    stamps: Floats
    """In the order of the ranks: the clock when the level was last drawn; its staleness is the clock now minus this."""
    numbers: Ints
    """(`N_NUMBERS`,)."""


class Priorities(NamedTuple):
    """How scores become probabilities."""

    kind: int
    """`RANK`, `PROPORTIONAL` or `SOFTMAX`."""
    table: Floats
    """Weight of each rank, beginning with the best, (capacity,)."""
    sums: Floats
    """Sum of the weights of the first 0, 1, … ranks, (capacity + 1,)."""
    weights: Floats
    """Scratch: weight of each slot where it depends on the score itself, (capacity,)."""
    scale: Floats
    """Scratch: the reference, a score (or its positive part) whose weight is 1, and the sum of the weights, (2,)."""
    temperature: float
    shift: float
    """Added to each positive part of a score, where weights are proportional."""
    staleness: float
    """Share of the staleness distribution."""


# --- Keeping the levels sorted -----------------------------------------------------------------------------------


@njit
def _rank(levels: Levels, score: float, tick: int) -> int:
    """How many levels come before a score and a tick."""
    low, high = 0, levels.numbers[SIZE]
    while low < high:
        middle = (low + high) // 2
        slot = levels.order[middle]
        other = levels.scores[slot]
        if other > score or (other == score and levels.ticks[slot] < tick):
            low = middle + 1
        else:
            high = middle
    return low


@njit
def _shift(array: NDArray[Any], old: int, new: int) -> None:
    """Close the gap at ``old`` and open one at ``new``, by moving what lies in between."""
    if old < new:
        part = array[old : new + 1]  # indices from 0 on make SIMD code
        for i in range(len(part) - 1):
            part[i] = part[i + 1]
    else:
        part = array[new : old + 1]
        for i in range(len(part) - 1, 0, -1):
            part[i] = part[i - 1]


@njit
def _move(levels: Levels, old: int, slot: int) -> None:
    """Carry a slot from the rank it has (or is to be appended at) to the one that its score and tick deserve."""
    order, stamps, scores, ticks = levels.order, levels.stamps, levels.scores, levels.ticks
    score, tick, stamp = scores[slot], ticks[slot], stamps[old]
    new, high = 0, levels.numbers[SIZE] - 1
    while new < high:  # among the others, which are in order
        middle = (new + high) // 2
        other = order[middle] if middle < old else order[middle + 1]
        if scores[other] > score or (scores[other] == score and ticks[other] < tick):
            new = middle + 1
        else:
            high = middle
    _shift(order, old, new)
    _shift(stamps, old, new)
    order[new], stamps[new] = slot, stamp


@njit
def place(levels: Levels, slot: int, score: float, tick: int) -> None:
    """Give a level in the buffer another score and tick, and the rank that these deserve."""
    old = _rank(levels, levels.scores[slot], levels.ticks[slot])
    levels.scores[slot], levels.ticks[slot] = score, tick
    _move(levels, old, slot)


@njit
def place_all(levels: Levels, slots: Ints, scores: Floats) -> None:
    """Give levels other sampling scores; their raw scores stay."""
    for i in range(len(slots)):
        place(levels, slots[i], scores[i], levels.ticks[slots[i]])


# --- Probabilities -----------------------------------------------------------------------------------------------


@njit
def _exponent(priorities: Priorities, score: float, reference: float) -> float:
    """Logarithm of a level's weight by its score, relative to that of a reference."""
    if priorities.kind == SOFTMAX:
        return (score - reference) / priorities.temperature
    if score <= 0.0 and priorities.shift == 0.0:
        return -np.inf
    return (math.log(max(score, 0.0) + priorities.shift) - math.log(reference)) / priorities.temperature


@njit
def weigh(levels: Levels, priorities: Priorities) -> float:
    """Compute the weights that depend on the score itself; returns their sum, which may be 0."""
    size, best = levels.numbers[SIZE], levels.scores[levels.order[0]]
    reference = best if priorities.kind == SOFTMAX else max(best, 0.0) + priorities.shift
    total = 0.0
    for slot in range(size):
        weight = math.exp(_exponent(priorities, levels.scores[slot], reference))
        priorities.weights[slot] = weight
        total += weight
    priorities.scale[0], priorities.scale[1] = reference, total
    return total


@njit
def _reweigh(levels: Levels, priorities: Priorities, slot: int, best_left: bool) -> None:
    """Compute the weight of a slot anew; all of them where the reference would not do any more."""
    exponent = _exponent(priorities, levels.scores[slot], priorities.scale[0])
    if best_left or exponent > _LARGEST_EXPONENT:
        weigh(levels, priorities)
        return
    weight = math.exp(exponent)
    priorities.scale[1] += weight - priorities.weights[slot]
    priorities.weights[slot] = weight


@njit
def probabilities(levels: Levels, priorities: Priorities, out: Floats) -> None:
    """P = (1 − ρ) P_S + ρ P_C for each slot in use."""
    size, numbers = levels.numbers[SIZE], levels.numbers
    ages = size * numbers[CLOCK] - numbers[STAMPS]
    total = priorities.sums[size] if priorities.kind == RANK else weigh(levels, priorities)
    for rank in range(size):
        slot = levels.order[rank]
        weight = priorities.table[rank] if priorities.kind == RANK else priorities.weights[slot]
        by_score = weight / total if total > 0.0 else 1.0 / size
        by_age = (numbers[CLOCK] - levels.stamps[rank]) / ages if ages > 0 else 1.0 / size
        out[slot] = (1.0 - priorities.staleness) * by_score + priorities.staleness * by_age


@njit
def _least_likely(levels: Levels, priorities: Priorities) -> int:
    """The rank of the level with the smallest probability; of equal ones the worst rank."""
    size, numbers = levels.numbers[SIZE], levels.numbers
    total = priorities.sums[size] if priorities.kind == RANK else priorities.scale[1]
    ages = size * numbers[CLOCK] - numbers[STAMPS]
    # Constant factors and addends do not matter: what counts is a · weight − b · stamp.
    a = (1.0 - priorities.staleness) / total if total > 0.0 else 0.0
    b = priorities.staleness / ages if ages > 0 else 0.0
    youngest = -b * numbers[CLOCK]
    least = np.inf
    at: int = size - 1
    values, least_of = np.empty(_BLOCK), np.empty(_BLOCK // 2)
    end = size
    while end > 0:
        worst = priorities.table[end - 1] if priorities.kind == RANK else priorities.weights[levels.order[end - 1]]
        if a * worst + youngest >= least:
            break  # weights only grow from here on
        begin = max(0, end - _BLOCK)
        stamps, count = levels.stamps[begin:end], end - begin
        if priorities.kind == RANK:
            table = priorities.table[begin:end]
            for i in range(count):
                values[i] = a * table[i] - b * stamps[i]
        else:
            for i in range(count):
                values[i] = a * priorities.weights[levels.order[begin + i]] - b * stamps[i]
        values[count:] = np.inf
        # A minimum in one variable would not be SIMD code; halving is.
        half = _BLOCK // 2
        for i in range(half):
            least_of[i] = min(values[i], values[i + half])
        while half > 1:
            half //= 2
            for i in range(half):
                least_of[i] = min(least_of[i], least_of[i + half])
        if least_of[0] < least:
            least = least_of[0]
            i = count - 1
            while values[i] != least:
                i -= 1
            at = begin + i
        end = begin
    return at


# --- Episodes ----------------------------------------------------------------------------------------------------


@njit
def _add(
    evidence: Floats, value: float, episode_return: float, solved: bool, restart: bool, memory: float, fresh: bool
) -> None:
    """Add an episode to what is known of a level, one row of the evidence."""
    if fresh:
        evidence[:] = 0.0
        evidence[BEST] = -np.inf
    elif memory == 1.0 and (restart or evidence[RESTART] != 0.0):
        evidence[VALUE] = evidence[WEIGHT] = evidence[RETURN] = 0.0
    evidence[RESTART] = 0.0
    evidence[VALUE] = memory * evidence[VALUE] + value
    evidence[WEIGHT] = memory * evidence[WEIGHT] + 1.0
    evidence[RETURN] = memory * evidence[RETURN] + episode_return
    evidence[BEST] = max(evidence[BEST], episode_return)
    if solved:
        evidence[SOLVED] = 1.0


@njit
def _score(evidence: Floats, rule: int) -> float:
    """The score of a level by what is known of it, one row of the evidence."""
    if rule == LEARNABILITY:
        p: float = (evidence[VALUE] + 1.0) / (evidence[WEIGHT] + 2.0)
        return p * (1.0 - p)
    mean: float = evidence[VALUE] / evidence[WEIGHT]
    if rule == MAX_MC:
        mean = evidence[BEST] - mean
    elif rule == SOLVED_MEAN and evidence[SOLVED] == 0.0:
        mean = 0.0
    if mean != mean:  # infinite sums of both signs
        mean = 0.0
    return max(-_LARGEST, min(_LARGEST, mean))


@njit
def _learn_known(
    levels: Levels,
    rows: Bits,
    keys: Bits,
    values: Floats,
    returns: Floats,
    solved: Flags,
    restart: Flags,
    rule: int,
    memory: float,
    slots: Ints,
    replayed: Flags,
) -> int:
    """Rescore the levels that are in the buffer; returns the number of episodes of others."""
    first_tick, n_others = levels.numbers[TICK], 0
    for i in range(len(rows)):
        slot = find(rows[i], keys[i], levels.tasks, levels.hashes, levels.heads, levels.links)
        slots[i], replayed[i] = slot, False
        if slot < 0:
            n_others += 1
            continue
        evidence = levels.evidence[slot]
        _add(evidence, values[i], returns[i], solved[i], restart[i], memory, False)
        if evidence[AWAITED] > 0.0:
            evidence[AWAITED] -= 1.0
            replayed[i] = True
    for i in range(len(rows) - 1, -1, -1):  # a level that was played several times is rescored once, at the last
        slot = slots[i]
        if slot >= 0 and levels.ticks[slot] < first_tick:
            levels.raw[slot] = _score(levels.evidence[slot], rule)
            place(levels, slot, levels.raw[slot], first_tick + i)
    return n_others


@njit
def _offer(
    levels: Levels,
    priorities: Priorities,
    row: Bits,
    key: Any,
    evidence: Floats,
    rule: int,
    birth: int,
    tick: int,
    by_score: bool,
    strict: bool,
) -> int:
    """Take a new level into the buffer, or not; returns its slot or −1."""
    size: int = levels.numbers[SIZE]
    score = _score(evidence, rule)
    if size < len(levels.scores):
        rank = slot = size
        levels.numbers[SIZE] += 1
    else:
        rank = size - 1 if by_score else _least_likely(levels, priorities)
        slot = levels.order[rank]
        if score < levels.raw[slot] or (strict and score == levels.raw[slot]):
            return -1
        unlink(slot, levels.hashes, levels.heads, levels.links)
        levels.numbers[STAMPS] -= int(levels.stamps[rank])
    levels.tasks[slot] = row
    link(slot, key, levels.hashes, levels.heads, levels.links)
    levels.evidence[slot] = evidence
    levels.raw[slot] = levels.scores[slot] = score
    levels.born[slot], levels.ticks[slot] = birth, tick
    levels.stamps[rank] = levels.numbers[CLOCK]
    levels.numbers[STAMPS] += levels.numbers[CLOCK]
    _move(levels, rank, slot)
    if priorities.kind != RANK and not by_score:
        _reweigh(levels, priorities, slot, rank == 0)
    return slot


@njit
def observe(
    levels: Levels,
    priorities: Priorities,
    rows: Bits,
    values: Floats,
    returns: Floats,
    solved: Flags,
    restart: Flags,
    rule: int,
    memory: float,
    by_score: bool,
    strict: bool,
    slots: Ints,
    replayed: Flags,
) -> None:
    """Learn from episodes: rescore the levels known first, then offer the new ones, each in order.

    Args:
        levels: The buffer.
        priorities: How scores become probabilities, which decide what level is replaced.
        rows: Bits of the levels played, (m, d).
        values: What is averaged, (m,).
        returns: (m,).
        solved: (m,).
        restart: Whether earlier episodes of the level no longer count, (m,).
        rule: `MEAN`, `MAX_MC`, `SOLVED_MEAN` or `LEARNABILITY`.
        memory: What an episode still counts after another one of its level; at 1, ``restart`` ends the sums.
        by_score: Replace the level of the lowest score, else the least likely one.
        strict: A new level must score higher than the one it replaces, else at least as high.
        slots: Out, where the level of each episode is afterwards, −1 if it is not in the buffer, (m,).
        replayed: Out, whether a replay of the level was awaited, (m,).
    """
    m, first_tick = len(rows), levels.numbers[TICK]
    keys = np.empty(m, np.uint64)
    for i in range(m):
        keys[i] = hash_row(rows[i])
    n_new = _learn_known(levels, rows, keys, values, returns, solved, restart, rule, memory, slots, replayed)
    levels.numbers[TICK] += m
    if n_new == 0:
        return

    # The episodes of the same new level belong together.
    heads = np.full(table_size(n_new), -1, np.int64)
    links, hashes = np.empty(m, np.int64), np.empty(m, np.uint64)
    group, last = np.empty(m, np.int64), np.empty(m, np.int64)
    gathered, row_of = np.empty((n_new, N_EVIDENCE)), np.empty(m, np.int64)
    count = 0
    for i in range(m):
        if slots[i] >= 0:
            continue
        first = find(rows[i], keys[i], rows, hashes, heads, links)
        fresh = first < 0
        if fresh:
            first = i
            link(i, keys[i], hashes, heads, links)
            row_of[i] = count
            count += 1
        group[i], last[first] = first, i
        _add(gathered[row_of[first]], values[i], returns[i], solved[i], restart[i], memory, fresh)

    if priorities.kind != RANK and not by_score:
        priorities.weights[levels.numbers[SIZE] :] = 0.0
        if levels.numbers[SIZE] > 0:
            weigh(levels, priorities)
        else:
            priorities.scale[0], priorities.scale[1] = 0.0, 0.0
    slot_of = np.full(m, -1, np.int64)
    for i in range(m):
        if slots[i] < 0 and group[i] == i:
            known, birth, tick = gathered[row_of[i]], first_tick + i, first_tick + last[i]
            slot_of[i] = _offer(levels, priorities, rows[i], keys[i], known, rule, birth, tick, by_score, strict)

    for i in range(m):  # what was replaced by a later one is not in the buffer
        if slots[i] >= 0:
            if levels.born[slots[i]] >= first_tick:
                slots[i] = -1
        else:
            slot = slot_of[group[i]]
            if slot >= 0 and levels.born[slot] == first_tick + group[i]:
                slots[i] = slot


@njit
def mark(levels: Levels, rows: Bits) -> None:
    """Note that levels are handed out as new ones: those that are in the buffer begin new sums and are not stale."""
    for i in range(len(rows)):
        slot = find(rows[i], hash_row(rows[i]), levels.tasks, levels.hashes, levels.heads, levels.links)
        if slot >= 0:
            levels.evidence[slot, RESTART] = 1.0
            rank = _rank(levels, levels.scores[slot], levels.ticks[slot])
            levels.numbers[STAMPS] += levels.numbers[CLOCK] - int(levels.stamps[rank])
            levels.stamps[rank] = levels.numbers[CLOCK]


@njit
def draw(levels: Levels, priorities: Priorities, uniforms: Floats, slots: Ints) -> None:
    """Draw levels to replay, one after the other: each ages the others by 1 and resets its own staleness.

    Args:
        levels: The buffer, not empty.
        priorities: How scores become probabilities.
        uniforms: Numbers of [0, 1), (n, 2).
        slots: Out, (n,).
    """
    numbers, size = levels.numbers, levels.numbers[SIZE]
    cumulative = priorities.sums
    if priorities.kind != RANK:
        weigh(levels, priorities)
        cumulative = np.empty(size + 1)
        cumulative[0] = 0.0
        for rank in range(size):
            cumulative[rank + 1] = cumulative[rank] + priorities.weights[levels.order[rank]]
    total = cumulative[size]
    for i in range(len(slots)):
        u = uniforms[i, 1]
        ages = size * numbers[CLOCK] - numbers[STAMPS]
        if uniforms[i, 0] < priorities.staleness and ages > 0:
            wanted, rank = u * ages, 0
            passed = numbers[CLOCK] - levels.stamps[0]
            while passed <= wanted and rank < size - 1:
                rank += 1
                passed += numbers[CLOCK] - levels.stamps[rank]
        elif uniforms[i, 0] >= priorities.staleness and total > 0.0:
            # The last rank whose cumulative weight is at most u · total, but none of weight 0.
            wanted, rank, high = u * total, 0, size - 1
            while rank < high:
                middle = (rank + high + 1) // 2
                if cumulative[middle] <= wanted and cumulative[middle] < total:
                    rank = middle
                else:
                    high = middle - 1
        else:
            rank = min(int(u * size), size - 1)
        numbers[CLOCK] += 1
        numbers[STAMPS] += numbers[CLOCK] - int(levels.stamps[rank])
        levels.stamps[rank] = numbers[CLOCK]
        slot = levels.order[rank]
        levels.evidence[slot, RESTART] = 1.0
        levels.evidence[slot, AWAITED] += 1.0
        slots[i] = slot
