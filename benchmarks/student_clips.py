"""A short film of the student on an easy, a middle and a hard task of the test set."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..checkpoints import Checkpoint
from ..errors import RequestError
from .environments import EnvironmentMaker
from .evaluate_run import value_text
from .evaluation import Evaluation
from .figures.style import write_bytes
from .training.saved_run import SavedRun

_SECONDS = 8.0
_FPS = 20
_MOST_BYTES = 3_000_000
_WIDTH = 360
_MOST_SPEED = 4
_TRIES = ((360, 64, 1), (360, 32, 2), (320, 24, 2), (320, 16, 3), (320, 16, 4))
"""Width, colours and every how many frames to keep, until the film is small enough."""


class NoFilm(Exception):  # noqa: N818 - it reports why there is nothing to show
    """There is no film; the message says why."""


def record_clips(saved: SavedRun, checkpoint: Checkpoint, result: Evaluation, path: Path) -> str:
    """Write a GIF of the student on the test tasks with the highest, the median and the lowest return.

    Each clip shows at most 8 seconds; an episode that lasts longer is shown up to four times as fast, which its label
    says. The tasks are chosen by the evaluation, the episodes are played anew by the checkpoint's student.

    Args:
        saved: The run.
        checkpoint: Whose student plays.
        result: The evaluation that chooses the tasks.
        path: The GIF, at most about 3 MB.

    Returns:
        A sentence that explains the film.

    Raises:
        NoFilm: The environment cannot be drawn without a display; the message says why.
        RunError: The student cannot be loaded or the file not be written.
    """
    make_env = _drawing(saved.make_env)
    student, normalize = saved.load_student(checkpoint)
    lengths = result.lengths.mean(axis=1)
    frames: list[Any] = []
    for title, index in chosen_tasks(result):
        frames += _clip(saved, student, normalize, make_env, title, index, result.tasks[index], lengths[index])
    content, shown = _encode(frames)
    write_bytes(path, content)
    text = (
        f"The student after {checkpoint.step:,} steps on the test tasks with the highest, the median and the lowest "
        "return of the last evaluation."
    )
    return text if shown else f"{text} Frames were left out to keep the file small."


def chosen_tasks(result: Evaluation) -> list[tuple[str, int]]:
    """Return the tasks with the highest, median and lowest return, without repetition.

    Example:
        >>> from tutelage import TaskSpace
        >>> scores = np.array([[5.0], [9.0], [1.0]])
        >>> chosen_tasks(Evaluation(TaskSpace(x=(0.0, 1.0)), np.zeros((3, 1)), scores, scores, scores))
        [('easy', 1), ('middle', 0), ('hard', 2)]
    """
    order = np.argsort(-result.returns.mean(axis=1), kind="stable")
    places = {"easy": 0, "middle": len(order) // 2, "hard": len(order) - 1}
    chosen: dict[int, str] = {}
    for title, place in places.items():
        chosen.setdefault(int(order[place]), title)
    return [(title, index) for index, title in chosen.items()]


def _drawing(make_env: EnvironmentMaker) -> EnvironmentMaker:
    """The same environment with ``rgb_array`` rendering."""
    probe = make_env()
    modes = list((getattr(probe, "metadata", None) or {}).get("render_modes") or [])
    probe.close()
    if "rgb_array" not in modes:
        raise NoFilm(f"{make_env.env_id} has no rgb_array rendering, so there is no film of it.")
    drawing = replace(make_env, kwargs={**make_env.kwargs, "render_mode": "rgb_array"})
    try:
        env = drawing()
    except RequestError as error:
        raise NoFilm(f"There is no film: {error}") from error
    env.close()
    return drawing


def _clip(
    saved: SavedRun,
    student: Any,
    normalize: Any,
    make_env: EnvironmentMaker,
    title: str,
    index: int,
    task: NDArray[np.float64],
    expected_length: float,
) -> list[Any]:
    """Play one episode; return its labelled pictures, ``_FPS`` for each second shown."""
    env = make_env()
    try:
        rate = float((env.metadata or {}).get("render_fps") or 30)
        stride = max(1, round(rate / _FPS))
        most = max(1, int(_SECONDS * rate / stride))
        speed = int(np.clip(round(expected_length / (stride * most)), 1, _MOST_SPEED))
        pictures: list[NDArray[np.uint8]] = []
        seed = int(np.random.SeedSequence([saved.config.seed, index, 0]).generate_state(1)[0] % 2**31)
        total, length = 0.0, -1
        for reward, picture in _episode(env, student, normalize, task, seed, stride * speed, most):
            total, length = total + reward, length + 1
            if picture is not None:
                pictures.append(picture)
    finally:
        env.close()
    values = [f"{dim.name.replace('_', ' ')} {value_text(dim, v)}" for dim, v in zip(saved.space, task, strict=True)]
    faster = f", {speed}× speed" if speed > 1 else ""
    head = f"{title}: return {total:.0f} in {length:,} steps{faster}".replace("-", "−")
    lines = [head, *_wrapped(values)]
    return [(picture, lines, stride / rate) for picture in pictures]


def _episode(
    env: Any, student: Any, normalize: Any, task: NDArray[np.float64], seed: int, stride: int, most: int
) -> Iterator[tuple[float, NDArray[np.uint8] | None]]:
    """Play to the end; yields rewards, and every ``stride`` steps a picture, at most so many."""
    observation, _ = env.reset(seed=seed, options={"task": task})
    yield 0.0, _picture(env)
    state, start, length, done = None, np.ones(1, dtype=bool), 0, False
    while not done:
        if isinstance(observation, dict):
            batch: Any = {key: np.asarray(value)[None] for key, value in observation.items()}
        else:
            batch = np.asarray(observation)[None]
        batch = batch if normalize is None else normalize.normalize_obs(batch)
        action, state = student.predict(batch, state=state, episode_start=start, deterministic=True)
        observation, reward, terminated, truncated, _ = env.step(action[0])
        start, length, done = np.zeros(1, dtype=bool), length + 1, bool(terminated or truncated)
        wanted = (done or length % stride == 0) and length < stride * most
        yield float(reward), _picture(env) if wanted else None


def _picture(env: Any) -> NDArray[np.uint8]:
    try:
        picture = np.asarray(env.render())
    except Exception as error:  # whatever the environment's renderer lacks here: a package, a display, a driver
        raise NoFilm(f"There is no film: rendering failed with {type(error).__name__}: {error}.") from error
    if picture.ndim != 3 or picture.shape[2] != 3:
        raise NoFilm(f"There is no film: render() returned an array of shape {picture.shape}, no picture.")
    from PIL import Image

    height = round(picture.shape[0] * _WIDTH / picture.shape[1])
    return np.asarray(Image.fromarray(picture.astype(np.uint8)).resize((_WIDTH, height), Image.Resampling.BOX))


# --- Drawing and writing ---------------------------------------------------------------------------------------------


def _wrapped(values: list[str]) -> list[str]:
    """Two lines with as many of a task's values as fit on the frame."""
    lines, left = [""], list(values)
    while left:
        longer = f"{lines[-1]}, {left[0]}" if lines[-1] else left[0]
        if len(longer) <= 44 or not lines[-1]:
            lines[-1] = longer
            left.pop(0)
        elif len(lines) == 1:
            lines.append("")
        else:
            lines[-1] += f" (+{len(left)} more)"
            break
    return [*lines, ""][:2]


def _labelled(picture: NDArray[np.uint8], lines: list[str], width: int, band: int) -> Any:
    """A picture of a certain width below a band with text."""
    from matplotlib import get_data_path
    from PIL import Image, ImageDraw, ImageFont

    fonts = Path(get_data_path()) / "fonts" / "ttf"
    image = Image.fromarray(picture)
    if width != image.width:
        image = image.resize((width, round(image.height * width / image.width)), Image.Resampling.BOX)
    frame = Image.new("RGB", (width, image.height + band), "white")
    frame.paste(image, (0, band))
    draw = ImageDraw.Draw(frame)
    for text, name, top in zip(
        lines, ("DejaVuSans-Bold.ttf", "DejaVuSans.ttf", "DejaVuSans.ttf"), (4, 21, 37), strict=True
    ):
        size = 13
        font = ImageFont.truetype(str(fonts / name), size)
        while draw.textlength(text, font=font) > width - 10 and size > 9:
            size -= 1
            font = ImageFont.truetype(str(fonts / name), size)
        draw.text((6, top), text, fill=(26, 29, 33), font=font)
    return frame


def _encode(frames: list[Any]) -> tuple[bytes, bool]:
    """The frames as a GIF of one palette, without dithering (noise does not compress), and whether all are in it."""
    content, keep = b"", 1
    band = 57 if any(lines[2] for _, lines, _ in frames) else 41
    for width, colours, keep in _TRIES:
        chosen = frames[::keep]
        images = [_labelled(picture, lines, width, band) for picture, lines, _ in chosen]
        palette = _palette(images[:: max(1, len(images) // 12)], colours)
        indexed = [image.quantize(palette=palette, dither=0) for image in images]
        durations = [max(20, 10 * round(100 * keep * seconds)) for _, _, seconds in chosen]
        for i in range(len(chosen)):  # hold the last picture of each clip
            if i + 1 == len(chosen) or chosen[i][1] != chosen[i + 1][1]:
                durations[i] += 900
        buffer = io.BytesIO()
        indexed[0].save(
            buffer, "GIF", save_all=True, append_images=indexed[1:], duration=durations, loop=0, optimize=False
        )
        content = buffer.getvalue()
        if len(content) <= _MOST_BYTES:
            break
    return content, keep == 1


def _palette(images: list[Any], colours: int) -> Any:
    """A palette for all frames, in which small things such as a walker count as well as the sky does."""
    from PIL import Image

    pixels = np.concatenate([np.asarray(image).reshape(-1, 3) for image in images])
    coarse, counts = np.unique(pixels >> 2, axis=0, return_counts=True)
    weights = np.ceil(counts**0.4).astype(np.int64)
    row = np.repeat(((coarse << 2) + 2 * (coarse < 63) + 3 * (coarse == 63)).astype(np.uint8), weights, axis=0)
    return Image.fromarray(row[None]).quantize(colours, dither=Image.Dither.NONE)
