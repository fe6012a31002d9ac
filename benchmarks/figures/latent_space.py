"""Figures of a task VAE: its losses, what comes back, what its prior holds, and what lies between two tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...envs import MazeSpace
from ...spaces import TaskSpace
from ...teachers.latent.latent_decoder import LatentDecoder
from .level_gallery import COLUMNS, draw_level
from .style import INK, TEST, TRAINING, TaskAxis, new_figure

FloatArray = NDArray[np.float64]

_MOST_DIMS = 6
_POINTS = 300


def loss_curves(history: Sequence[Mapping[str, float]]) -> Any:
    """Draw cross-entropy and KL divergence over the training; None where there is nothing to draw."""
    from matplotlib.ticker import FuncFormatter

    if len(history) < 2:
        return None
    figure = new_figure(2.9)
    left, right = figure.subplots(1, 2)
    iterations = [point["iteration"] for point in history]
    for axes, name, label in ((left, "cross_entropy", "cross-entropy of a token (nats)"), (right, "kl", "KL (nats)")):
        axes.plot(iterations, [point[name] for point in history], color=TRAINING)
        axes.set_xlabel("iteration")
        axes.set_ylabel(label)
        axes.grid(True)
    left.set_yscale("log")
    left.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    beta = right.twinx()
    beta.plot(iterations, [point["kl_weight"] for point in history], color=TEST, linestyle="--", linewidth=1.2)
    beta.set_ylabel("its weight (dashed)", color=INK)
    beta.set_ylim(bottom=0.0)
    return figure


def reconstructions(decoder: LatentDecoder, space: TaskSpace, sequences: NDArray[np.int64]) -> Any:
    """Draw tasks that the VAE has not seen, and what comes back of them."""
    rng = np.random.default_rng(0)
    if isinstance(space, MazeSpace):
        lengths = (sequences > 0).sum(axis=1)
        chosen = np.argsort(lengths, kind="stable")[np.linspace(0, len(lengths) - 1, COLUMNS).astype(int)]
        given = decoder.codec.decode(sequences[chosen], np.random.default_rng(0))
        back = decoder.codec.decode(decoder.tokens(decoder.encode_sequences(sequences[chosen])), rng)
        return _levels([("given", given), ("back", back)], space)
    given = decoder.codec.decode(sequences[:_POINTS], np.random.default_rng(0))
    back = decoder.codec.decode(decoder.tokens(decoder.encode_sequences(sequences[:_POINTS])), rng)
    figure, panels, axes_of = _panels(space)
    for k, (axes, axis) in enumerate(zip(panels, axes_of, strict=True)):
        axes.scatter(axis.places(given[:, k], 1), axis.places(back[:, k], 2), s=6, color=TRAINING, linewidths=0)
        axis.dress(axes, "x")
        axis.dress(axes, "y", label=False)
    panels[0].set_ylabel("what comes back")
    return figure


def prior_samples(decoder: LatentDecoder, space: TaskSpace, sequences: NDArray[np.int64]) -> Any:
    """Draw tasks decoded from the prior, beside random ones."""
    rng = np.random.default_rng(1)
    if isinstance(space, MazeSpace):
        drawn = decoder.decode(decoder.sample(2 * COLUMNS, rng), rng)
        return _levels([("prior", drawn[:COLUMNS]), ("prior", drawn[COLUMNS:])], space)
    drawn = decoder.decode(decoder.sample(1000, rng), rng)
    random = decoder.codec.decode(sequences, rng)
    figure, panels, axes_of = _panels(space)
    for k, (axes, axis) in enumerate(zip(panels, axes_of, strict=True)):
        edges = np.linspace(*axis.limits, 21)
        for values, colour, label in ((random, INK, "random tasks"), (drawn, TRAINING, "prior")):
            axes.hist(values[:, k], edges, density=True, histtype="step", color=colour, label=label)
        axis.dress(axes, "x")
    panels[0].legend()
    return figure


def interpolations(decoder: LatentDecoder, space: TaskSpace, sequences: NDArray[np.int64]) -> Any:
    """Draw the tasks on straight lines between the latents of two tasks."""
    rng = np.random.default_rng(2)
    ends = decoder.encode_sequences(sequences[:6])
    shares = np.linspace(0.0, 1.0, COLUMNS)
    lines = [
        decoder.decode((1.0 - shares)[:, None] * ends[2 * k] + shares[:, None] * ends[2 * k + 1], rng)
        for k in range(len(ends) // 2)
    ]
    if isinstance(space, MazeSpace):
        return _levels([(f"line {k + 1}", line) for k, line in enumerate(lines)], space)
    figure, panels, axes_of = _panels(space)
    for k, (axes, axis) in enumerate(zip(panels, axes_of, strict=True)):
        for line in lines:
            axes.plot(shares, line[:, k], marker="o", markersize=3)
        axis.dress(axes, "y")
        axes.set_xlabel("share of the second task")
    return figure


def wall_counts(decoder: LatentDecoder, space: TaskSpace, sequences: NDArray[np.int64]) -> Any:
    """Draw how many walls levels from the prior, and random ones, have; None where there are no walls."""
    if not isinstance(space, MazeSpace):
        return None
    rng = np.random.default_rng(3)
    drawn = decoder.tokens(decoder.sample(1000, rng))
    figure = new_figure(2.6)
    axes = figure.subplots()
    edges = np.arange(0, decoder.codec.sequence_length, 3)
    for tokens, colour, label in ((sequences, INK, "random levels"), (drawn, TRAINING, "levels of the prior")):
        axes.hist(
            np.maximum((tokens > 0).sum(axis=1) - 2, 0), edges, density=True, histtype="step", color=colour, label=label
        )
    axes.set_xlabel("walls")
    axes.set_ylabel("share")
    axes.legend()
    return figure


def _levels(rows: Sequence[tuple[str, FloatArray]], space: MazeSpace) -> Any:
    figure = new_figure(1.2 * len(rows) + 0.2)
    panels = figure.subplots(len(rows), COLUMNS, squeeze=False)
    for line, (name, levels) in zip(panels, rows, strict=True):
        for axes, level in zip(line, levels, strict=True):
            draw_level(axes, level, space)
        line[0].set_ylabel(name, fontsize=9)
    return figure


def _panels(space: TaskSpace) -> tuple[Any, list[Any], list[TaskAxis]]:
    dims = list(space)[:_MOST_DIMS]
    columns = min(len(dims), 3)
    rows = -(-len(dims) // columns)
    figure = new_figure(2.8 * rows)
    panels = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes in panels[len(dims) :]:
        axes.set_visible(False)
    return figure, panels[: len(dims)], [TaskAxis(dim) for dim in dims]
