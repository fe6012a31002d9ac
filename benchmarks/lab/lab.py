"""The lab: teachers × toy spaces × seeds, in parallel processes, with statistics and pictures.

A run that has ended is a file in the lab's folder; what is interrupted goes on with the same command. The numbers do
not depend on how many processes there were, or on how often it was interrupted.
"""

from __future__ import annotations

import shlex
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tqdm import tqdm

from ...errors import RequestError, RunError
from ...file_lock import lock_file
from ...state import write_text
from ...teachers.meta.classroom import Classroom
from ...teachers.meta.classroom_description import ClassroomDescription
from ..compilation import announced_compilation
from ..enrolment import open_again
from ..figures.style import save_figure, style
from ..workers import work
from .animation import write_animation
from .archive import take_archive, write_archive
from .config import LabConfig as LabConfig
from .figures import curves_figure
from .folder import MEND, LabFolder, play_and_save
from .page import groups_of, lab_page, read_preface, slug_of
from .pretests import classroom_of
from .results import LabResults, collect, results_csv
from .run import LabRun, refusals, runs_of


def run_lab(
    config: LabConfig,
    folder: str | Path,
    *,
    jobs: int = 1,
    quiet: bool = False,
    extend: bool = False,
    skip_refused: bool = False,
    take: str | Path | None = None,
    page: str | Path | None = None,
    preface: str | Path | None = None,
    command: str | None = None,
) -> LabResults:
    """Play what has not been played yet, and write tables and pictures.

    With more than one job the calling script must be importable without running (``if __name__ == "__main__":``), for
    worker processes import it.

    Args:
        config: What to do.
        folder: The lab's folder; new, empty, or that of the same lab, which goes on.
        jobs: Parallel processes.
        quiet: Show nothing.
        extend: Let teachers, spaces and seeds be added to a lab that exists.
        skip_refused: Leave out teachers that cannot teach one of the spaces, instead of refusing the lab.
        take: An archive of scores (``scores.npz`` beside a page) whose runs need not be played again.
        page: Where to write ``results.md`` a second time, with copies of the curves and ``scores.npz`` in a folder of
            its name.
        preface: A Markdown file that the page begins with, instead of a title and a sentence on what it is about; the
            first line is the title (``# …``), and links are relative to the page.
        command: What the page says it was made by.

    Returns:
        The results; `lab_page` and the files in the folder show them.

    Raises:
        RequestError: A teacher that cannot teach, a folder that holds something else or another lab, or a preface that
            is none.
        RunError: A damaged file, which the message names, or runs that failed; what has ended is kept.
        KeyboardInterrupt: Ctrl-C; what has ended is kept.

    Example:
        >>> import tempfile
        >>> config = LabConfig(["random"], ["2d-10"], seeds=2, episodes=500, animate=[])
        >>> results = run_lab(config, tempfile.mkdtemp(), quiet=True)
        >>> results.cells["random", "2d-10"].scores.shape
        (2, 101)
    """
    if isinstance(jobs, bool) or not isinstance(jobs, int) or jobs < 1:
        raise RequestError(f"jobs must be a whole number of at least 1, got {jobs!r}.")

    def say(text: str) -> None:
        if not quiet:
            tqdm.write(text, file=sys.stderr)

    opening = None if preface is None else read_preface(preface)
    with announced_compilation(say):
        if take is not None and config.classroom is not None:
            raise RequestError("Runs of an archive have no history for a classroom: give either take or classroom.")
        config, left_out = _able(config, skip_refused, say)
        classroom = classroom_of(config)
        if classroom is not None:
            config = replace(config, pretests=list(classroom.pretests))
        lab = LabFolder(folder)
        lab.begin(config, left_out, extend=extend)
        left_out = lab.left_out()
        with _locked(lab):
            if classroom is not None:
                _prepare_classroom(lab, config, classroom)
            if take is not None:
                say(f"{take_archive(lab, config, take, say):,} runs are taken over from {take}.")
            todo = [run for run in runs_of(config) if lab.load(run) is None]
            failed = _play(lab, todo, jobs, len(runs_of(config)), say, quiet)
            results = collect(lab, config, left_out)
            if results.cells:
                write_report(lab, results, say, page=page, preface=opening, command=command)
    if failed:
        first = next(iter(failed))
        raise RunError(
            f"{len(failed)} of {len(todo)} runs failed, the first being {first}: {failed[first].rstrip('.')}. "
            f"What has ended is kept in {lab.path}; the same command plays the rest."
        )
    return results


def _able(config: LabConfig, skip_refused: bool, say: Callable[[str], None]) -> tuple[LabConfig, dict[str, str]]:
    refused = refusals(config)
    if not refused:
        return config, {}
    able = [teacher for teacher in config.teachers if teacher not in refused]
    if not skip_refused or not able:
        raise RequestError(next(iter(refused.values())))
    for why in refused.values():
        say(f"Left out: {why}")
    plain = config.to_plain()
    plain["teachers"] = able
    plain["teacher_args"] = {t: args for t, args in config.teacher_args.items() if t in able}
    return LabConfig.from_mapping(plain), refused


def _prepare_classroom(lab: LabFolder, config: LabConfig, classroom: ClassroomDescription) -> None:
    """Make the classroom of a lab that begins, or check that it has the students of one that goes on."""
    assert config.classroom is not None
    ended = [(run, result) for run in runs_of(config) if (result := lab.load(run)) is not None]
    if not ended:
        Classroom.open_or_create(config.classroom, classroom)
        return
    room = open_again(config.classroom, classroom)
    names = set(room.names)
    missing = [run for run, result in ended if result.get("student") not in names]
    if missing:
        raise RunError(
            f"{len(missing)} of the {len(ended)} runs that have ended in {lab.path} are not in {room.folder}, first "
            f"{missing[0]}: restore the classroom from a copy, or delete {lab.file_of(missing[0])} and its like, and "
            "the same command plays these runs anew."
        )


@contextmanager
def _locked(lab: LabFolder) -> Iterator[None]:
    """Keep other processes from playing the same runs."""
    with open(lab.config_file, "r+b") as file:
        try:
            lock_file(file)
        except BlockingIOError as error:
            raise RequestError(f"Another process is at work in {lab.path}: wait for it, or end it.") from error
        yield


# --- Playing ---------------------------------------------------------------------------------------------------------


def _play(
    lab: LabFolder, todo: list[LabRun], jobs: int, total: int, say: Callable[[str], None], quiet: bool
) -> dict[str, str]:
    """Play runs; returns those that failed, in the order of ``todo``, and why."""
    if not todo:
        say(f"All {total:,} runs of {lab.path} have ended.")
        return {}
    begun = total - len(todo)
    say(
        f"{len(todo):,} of {total:,} runs to play"
        + (f", {begun:,} have ended before" if begun else "")
        + f": {lab.path}"
    )
    failed: dict[int, str] = {}
    ended, played = 0, [0] * len(todo)
    hide = quiet or not sys.stderr.isatty()
    episodes = sum(run.episodes for run in todo)
    bar = tqdm(total=episodes, unit="episode", unit_scale=True, disable=hide, dynamic_ncols=True)

    def tell(number: int, now: int) -> None:
        bar.update(now - played[number])
        played[number] = now

    try:
        tasks = [(str(lab.path), run) for run in todo]
        for number, kind, content in work(tasks, play_and_save, min(jobs, len(todo)), tell):
            run = todo[number]
            tell(number, run.episodes)
            if kind == "failed":
                failed[number] = content
                say(f"{run} failed: {content}")
            else:
                ended += 1
                bar.set_postfix_str(f"{begun + ended}/{total} runs, last {run}", refresh=False)
    except KeyboardInterrupt as error:
        bar.close()
        for unfinished in lab.runs_folder.glob(".*.tmp"):  # of a worker that was ended while it wrote
            unfinished.unlink(missing_ok=True)
        raise KeyboardInterrupt(
            f"Stopped; {begun + ended:,} of {total:,} runs have ended and are kept in {lab.path}; "
            "the same command goes on."
        ) from error
    finally:
        bar.close()
    return {str(todo[number]): failed[number] for number in sorted(failed)}


# --- The report ------------------------------------------------------------------------------------------------------


def write_report(
    lab: LabFolder,
    results: LabResults,
    say: Callable[[str], None],
    *,
    page: str | Path | None = None,
    preface: str | None = None,
    command: str | None = None,
) -> None:
    """Write ``results.md``, ``results.csv``, the curves and the animations of what has ended.

    Args:
        lab: The folder.
        results: What has ended.
        say: Shows a line to the user.
        page: Where to write the page a second time.
        preface: What it begins with, instead of a title and a sentence on what it is about.
        command: What it says it was made by.
    """
    command = command or f"tutelage lab --config {shlex.quote(str(lab.config_file))} --out labs/again"
    pictures = {}
    with style():
        for heading, spaces in groups_of(results.config.spaces).items():
            figure = curves_figure(results, spaces)
            if figure is not None:
                file = lab.path / f"curves_{slug_of(heading)}.png"
                save_figure(figure, file)
                pictures[heading] = file
    animations = _animate(lab, results, say)
    relative = {heading: file.name for heading, file in pictures.items()}
    names = [f"{lab.animations_folder.name}/{file.name}" for file in animations]
    write_text(lab.path / "results.md", lab_page(results, relative, names, command, preface))
    write_text(lab.path / "results.csv", results_csv(results))
    if page is not None:
        _copy_page(Path(page), results, pictures, command, preface)
        write_archive(lab, results.config, Path(page).with_suffix("") / "scores.npz")


def _animate(lab: LabFolder, results: LabResults, say: Callable[[str], None]) -> list[Path]:
    files, drawn = list[Path](), False
    runs = [run for run in runs_of(results.config) if run.filmed and lab.file_of(run).exists()]
    for i, run in enumerate(runs):
        file = lab.animations_folder / f"{lab.file_of(run).name.rpartition('__')[0]}.gif"
        files.append(file)
        if file.exists() and file.stat().st_mtime >= lab.file_of(run).stat().st_mtime:
            continue
        if not drawn:
            say(f"Drawing {len(runs) - i} animations, some seconds each …")
        drawn = True
        result = lab.load(run)
        if result is not None:
            lab.animations_folder.mkdir(exist_ok=True)
            try:
                write_animation(result["film"], f"{run.teacher} on {run.space}", file)
            except RunError:
                raise
            except Exception as error:  # whatever a damaged film may hold
                why = f"{type(error).__name__}: {error}".rstrip(".")
                raise RunError(f"The film in {lab.file_of(run)} cannot be drawn: {why}. {MEND}") from error
    return files


def _copy_page(page: Path, results: LabResults, pictures: dict[str, Path], command: str, preface: str | None) -> None:
    """Write the page with its curves; the animations, about a megabyte each, stay in the lab."""
    folder = page.with_suffix("")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for file in pictures.values():
            shutil.copyfile(file, folder / file.name)
    except OSError as error:
        raise RunError(f"Cannot write {folder}: {error.strerror or error}.") from error
    relative = {heading: f"{folder.name}/{file.name}" for heading, file in pictures.items()}
    write_text(page, lab_page(results, relative, [], command, preface))
