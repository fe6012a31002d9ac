"""What a teacher did on a two-dimensional toy space, as a GIF: the competences, the tasks, and where it aimed."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..figures.style import FAILED, INK, MASTERED, TEST, TRAINING, colour_map, new_figure, step_unit, style, write_bytes

_DPI = 80
_HEIGHT = 5.3
_COLOURS = 128
_FRAME_MS, _LAST_MS = 120, 2_500
_FLOOR, _CEILING = 0.1, 100.0
_PLACE: dict[str, Any] = {"extent": (0.0, 1.0, 0.0, 1.0), "origin": "lower"}


def write_animation(film: Mapping[str, Any], title: str, path: Path) -> None:
    """Write the GIF of a recorded run.

    Above on the left: the competence of each cell (white is 0, dark green 100), and in red the latest tasks. On the
    right: the teacher's density, with its Gaussians (ellipses of two standard deviations) or boxes, the wider the
    line the more often they are chosen. Below: % mastered.

    Args:
        film: What `Film.to_plain` returned.
        title: Its heading.
        path: The file.

    Raises:
        RunError: The file cannot be written.
    """
    from PIL import Image

    with style():
        pictures = _pictures(film, title)
    sample = np.concatenate(pictures[:: max(1, len(pictures) // 8)])
    palette = Image.fromarray(sample).quantize(_COLOURS, dither=Image.Dither.NONE)
    frames = [Image.fromarray(picture).quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    buffer = io.BytesIO()
    durations = [_FRAME_MS] * (len(frames) - 1) + [_LAST_MS]
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=durations, loop=0, optimize=False)
    write_bytes(path, buffer.getvalue())


def _pictures(film: Mapping[str, Any], title: str) -> list[NDArray[np.uint8]]:
    """Draw what stays once, and over it, frame by frame, what changes."""
    figure = new_figure(_HEIGHT)
    figure.set_dpi(_DPI)
    upper, lower = figure.subfigures(2, 1, height_ratios=[3.6, 1.3])
    left, right = upper.subplots(1, 2)
    student, teacher = _StudentPanel(left, film), _TeacherPanel(right, film)
    dot, heading = _score_panel(lower.subplots(), film), figure.suptitle(" ")
    moving = [heading, *student.artists, *teacher.artists, dot]
    figure.canvas.draw()  # places everything
    figure.set_layout_engine("none")
    for artist in moving:
        artist.set_visible(False)
    figure.canvas.draw()
    renderer, still = figure.canvas.get_renderer(), figure.canvas.copy_from_bbox(figure.bbox)
    for artist in moving:
        artist.set_visible(True)
    pictures = []
    starts = np.concatenate([[0], np.cumsum(film["n_tasks"])]).astype(int)
    for i, episode in enumerate(film["episode"]):
        student.show(film["competence"][i], film["tasks"][starts[i] : starts[i + 1]])
        teacher.show(film["density"][i], film["shapes"][i])
        dot.set_data([episode], [film["score"][i]])
        heading.set_text(f"{title}: {film['score'][i]:.0f} % mastered after {episode:,} episodes")
        figure.canvas.restore_region(still)
        for artist in [heading, *student.artists, *teacher.artists, *teacher.shapes, dot]:
            artist.draw(renderer)
        pictures.append(np.asarray(figure.canvas.buffer_rgba())[:, :, :3].copy())
    return pictures


class _StudentPanel:
    """The map of competences with the latest tasks."""

    def __init__(self, axes: Any, film: Mapping[str, Any]) -> None:
        from matplotlib.colors import ListedColormap
        from matplotlib.patches import Patch

        n = film["competence"].shape[1]
        self._map = axes.imshow(np.zeros((n, n)), cmap=colour_map("Greens", 0.0, 0.9), vmin=0, vmax=100, **_PLACE)
        self.artists = [self._map]
        handles = []
        for kind, colour, label in ((1, FAILED, "cannot be learned"), (2, "#C9B3D9", "pure chance")):
            if (film["kinds"] == kind).any():
                cover = np.ma.masked_where(film["kinds"] != kind, np.ones((n, n)))
                self.artists.append(axes.imshow(cover, cmap=ListedColormap([colour]), **_PLACE))
                handles.append(Patch(color=colour, label=label))
        if n <= 30:
            edges = np.arange(1, n) / n
            self.artists += [axes.vlines(edges, 0, 1, color="white", linewidth=0.4)] if n > 1 else []
            self.artists += [axes.hlines(edges, 0, 1, color="white", linewidth=0.4)] if n > 1 else []
        marker = {"markersize": 3.2, "markeredgecolor": "white", "markeredgewidth": 0.3}
        self._tasks = axes.plot([], [], "o", color=TEST, label="latest tasks", **marker)[0]
        self.artists.append(self._tasks)
        key = axes.plot([], [], "o", color=TEST, label="latest tasks", **marker)[0]
        axes.legend(handles=[key, *handles], loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3)
        axes.figure.colorbar(self._map, ax=axes, pad=0.02, ticks=[0, 25, 50, 75, 100], label="competence")
        _dress(axes)

    def show(self, competence: NDArray[np.uint8], tasks: NDArray[np.float32]) -> None:
        """Take over one frame."""
        self._map.set_data(competence.astype(np.float64))
        self._tasks.set_data(tasks[:, 0], tasks[:, 1])


class _TeacherPanel:
    """The density with Gaussians or boxes."""

    def __init__(self, axes: Any, film: Mapping[str, Any]) -> None:
        from matplotlib.colors import LogNorm

        self._axes = axes
        self.shapes: list[Any] = []
        known = [d for d in film["density"] if d is not None]
        shapes = [s for s in film["shapes"] if s is not None]
        n = len(known[0]) if known else 2
        self._empty = np.full((n, n), _FLOOR)
        self._map = axes.imshow(
            self._empty, cmap=colour_map("Blues", 0.0, 0.85), norm=LogNorm(_FLOOR, _CEILING), **_PLACE
        )
        if known:
            axes.figure.colorbar(
                self._map, ax=axes, pad=0.02, format="{x:g}", extend="both", label="density (1 = uniform)"
            )
        what = "Gaussians" if shapes and "centres" in shapes[0] else "boxes" if shapes else "density"
        axes.set_title(f"the teacher's {what}")
        self._text = axes.text(0.5, 0.5, "", ha="center", va="center", fontsize=9.5, color=INK)
        self._nothing = "nothing learned yet:\nfirst tasks" if known or shapes else "this teacher keeps no density"
        self.artists = [self._map, self._text]
        _dress(axes)

    def show(self, density: NDArray[np.float32] | None, shapes: Mapping[str, Any] | None) -> None:
        """Take over one frame."""
        self._map.set_data(self._empty if density is None else np.clip(density, _FLOOR, _CEILING))
        self._text.set_text(self._nothing if density is None and shapes is None else "")
        for old in self.shapes:
            old.remove()
        self.shapes = [] if shapes is None else [self._axes.add_patch(patch) for patch in _patches(shapes)]


def _patches(shapes: Mapping[str, Any]) -> Iterator[Any]:
    """Ellipses of two standard deviations, or boxes; wide lines for high values."""
    from matplotlib.patches import Ellipse, Rectangle

    values = np.asarray(shapes["values"])
    weights = values / values.max() if values.max() > 0 else np.ones_like(values)
    for i, weight in enumerate(weights):
        look = {"fill": False, "edgecolor": TEST, "linewidth": 0.5 + 2.2 * weight, "alpha": 0.35 + 0.65 * weight}
        if "centres" in shapes:
            spread, directions = np.linalg.eigh(np.asarray(shapes["covariances"][i]))
            angle = np.degrees(np.arctan2(directions[1, 1], directions[0, 1]))
            width, height = 4.0 * np.sqrt(np.maximum(spread[::-1], 0.0))
            yield Ellipse(shapes["centres"][i], width, height, angle=angle, **look)
        else:
            low, high = shapes["low"][i], shapes["high"][i]
            yield Rectangle(low, *(high - low), **look)


def _score_panel(axes: Any, film: Mapping[str, Any]) -> Any:
    axes.grid(True)
    axes.plot(np.concatenate([[0], film["episode"]]), np.concatenate([[0.0], film["score"]]), color=MASTERED)
    axes.set_xlim(0, film["episode"][-1] * 1.01)
    axes.set_ylim(-3, 103)
    axes.set_yticks([0, 50, 100])
    axes.set_ylabel("mastered (%)")
    scale, unit = step_unit(float(film["episode"][-1]))
    axes.xaxis.set_major_formatter(lambda value, _: f"{value / scale:g}")
    axes.set_xlabel(f"episodes ({unit})" if unit else "episodes")
    return axes.plot([], [], "o", color=TRAINING, markersize=7, clip_on=False)[0]


def _dress(axes: Any) -> None:
    axes.set_xlim(0.0, 1.0)
    axes.set_ylim(0.0, 1.0)
    axes.set_aspect("equal")
    axes.set_xticks([0.0, 0.5, 1.0])
    axes.set_yticks([0.0, 0.5, 1.0])
    axes.set_xlabel("x0")
    axes.set_ylabel("x1")
