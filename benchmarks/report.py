"""``tutelage report``: the pictures of a run, and one HTML page that holds them all.

Drawn from what the run has written so far: a run that goes on, or was stopped early, gives a report that says what is
missing. docs/report.md explains how to read each picture.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tqdm import tqdm

from ..envs import MazeSpace
from ..errors import RequestError
from ..state import write_text
from .figures.learning_curve import learning_curve
from .figures.level_gallery import level_gallery
from .figures.level_history import level_history
from .figures.maze_curves import maze_curves
from .figures.style import save_figure, style
from .figures.task_history import task_history
from .figures.teacher_density import teacher_density
from .figures.test_map import test_map
from .report_data import HISTORY, ReportData
from .report_page import Picture, page
from .student_clips import NoFilm, record_clips

_Drawing = tuple[Any, str] | None


def write_report(run: str | Path, *, gif: bool = True) -> Path:
    """Draw the pictures of a run into its folder ``plots``.

    Args:
        run: The run directory.
        gif: Record the student on an easy, a middle and a hard test task. This loads the student, a file with pickled
            Python objects; without it the report reads data only.

    Returns:
        The page, ``plots/report.html``; the pictures lie next to it.

    Raises:
        RequestError: There is no run, or its folder cannot be written to.
        RunError: A file of the run is damaged; the message names it.

    Example:
        >>> import tempfile
        >>> from tutelage.benchmarks import TrainConfig, train
        >>> config = TrainConfig("CartPole-v1", task=["length=0.2:2.0"], steps=256, n_envs=2,
        ...                      student_args={"n_steps": 128, "batch_size": 64})
        >>> folder = tempfile.mkdtemp()
        >>> _ = train(config, folder, quiet=True)
        >>> write_report(folder, gif=False).name
        'report.html'
    """
    data = ReportData(run)
    folder = data.saved.run.plots_folder
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise RequestError(f"Cannot write to {folder}: {error.strerror or error}.") from error
    pictures: list[Picture] = []
    figures = _figures(data)
    n = len(figures) + 1
    with tqdm(total=n, unit="picture", disable=not sys.stderr.isatty(), dynamic_ncols=True, leave=False) as bar:
        for title, name, draw, caption, reason in figures:
            path = folder / f"{name}.png"
            with style():
                drawn = draw()
                if drawn is not None:
                    save_figure(drawn[0], path)
            if drawn is None:
                path.unlink(missing_ok=True)  # of an earlier report
                pictures.append(Picture(title, None, reason))
            else:
                pictures.append(Picture(title, path, " ".join(filter(None, [caption, drawn[1]]))))
            bar.update()
        pictures.append(_film(data, folder / "student.gif", gif))
        bar.update()
    target = folder / "report.html"
    write_text(target, page(data, pictures))
    return target


def _figures(data: ReportData) -> list[tuple[str, str, Callable[[], _Drawing], str, str]]:
    """Title, file name, drawing function, caption, and what to say where there is nothing to draw."""
    no_episodes = "No episode has ended yet, or none was written down."

    def curve() -> _Drawing:
        figure = learning_curve(data)
        return None if figure is None else (figure, "")

    first = [
        (
            "Learning curve",
            "learning_curve",
            curve,
            "Training returns are those of the tasks the teacher chose, which change: a falling median can mean harder "
            "tasks. The test set stays the same. Episodes count at the step at which their task was handed out.",
            f"{no_episodes} There was no evaluation either.",
        ),
    ]
    if isinstance(data.space, MazeSpace):
        return [*first, *_maze_figures(data)]
    return [
        *first,
        (
            "Tasks by learning progress",
            "tasks_by_learning_progress",
            lambda: task_history(data, "alp"),
            "Each point is a finished episode. Its absolute learning progress is the difference between its return and "
            f"that of the nearest earlier task (among {HISTORY:,}, in the unit cube, in the order in which they were "
            "handed out), recomputed in the same way for every teacher. The scale ends at the 95th percentile.",
            no_episodes,
        ),
        (
            "Tasks by return",
            "tasks_by_return",
            lambda: task_history(data, "return"),
            "The same episodes; the scale spans the 2nd to the 98th percentile of their returns.",
            no_episodes,
        ),
        (
            "Where the teacher aims",
            "teacher_density",
            lambda: teacher_density(data),
            "",
            "There is no checkpoint yet, so the state of the teacher is unknown.",
        ),
        (
            "What the student masters",
            "test_map",
            lambda: test_map(data),
            "",
            "There was no evaluation yet.",
        ),
    ]


def _maze_figures(data: ReportData) -> list[tuple[str, str, Callable[[], _Drawing], str, str]]:
    """Those of levels, which are pictures rather than points."""
    none_yet = "No level was handed out yet, or none was written down."
    return [
        ("Levels the teacher handed out", "level_gallery", lambda: level_gallery(data), "", none_yet),
        ("How the levels change", "level_history", lambda: level_history(data), "", none_yet),
        (
            "Which mazes the student solves",
            "maze_curves",
            lambda: maze_curves(data),
            "",
            "There was no evaluation yet.",
        ),
    ]


def _film(data: ReportData, path: Path, wanted: bool) -> Picture:
    title, result = "The student at work", data.last_evaluation
    reason = ""
    if not wanted:
        reason = "No film was asked for (--no-gif)."
    elif data.checkpoint is None:
        reason = "There is no checkpoint yet, so there is no student to film."
    elif result is None:
        reason = "There was no evaluation yet that tells which tasks are easy and which are hard."
    else:
        try:
            return Picture(title, path, record_clips(data.saved, data.checkpoint, result, path))
        except NoFilm as error:
            reason = str(error)
    path.unlink(missing_ok=True)
    return Picture(title, None, reason)
