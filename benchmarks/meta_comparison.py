"""Meta-ACL: a classroom of former students, and new ones that are taught with it and without.

``python -m tutelage.benchmarks.meta_comparison FILE.yaml --out FOLDER`` teaches the students of a classroom, then new
ones under each condition, and writes ``meta.md``, numbers (CSV) and pictures. It may be stopped at any time: the same
command goes on where it was. Several files are sections of one page.

A file names the students and the conditions, each with the hyperparameters of its teacher::

    title: Four kinds of students
    space: classroom-v1
    common: {batch: 10, evaluations: 20}
    classroom: {teacher: alp-gmm, students: 128, first_seed: 1000, pretests: [10000, 20000], random_task_ratio: 0.1}
    students: 64
    conditions:
      AGAIN-R: {teacher: again}
      ALP-GMM: {teacher: alp-gmm, random_task_ratio: 0.1}

Teachers that wait for a pre-test are given the classroom; the others are tested against the first condition. With a
``space``, students are simulated (`MetaToy`; ``restart: true`` lets one begin anew after its pre-test), with an ``env``
they are trained (`MetaTraining`).
"""

from __future__ import annotations

import argparse
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from ..errors import RequestError, RunError
from ..state import write_text
from .figures.curves import curves_figure
from .figures.expert_share import expert_share_figure
from .figures.style import save_figure, style
from .lab.page import read_preface
from .meta_acl.page import meta_page, meta_section
from .meta_acl.results import MetaResults, meta_csv
from .meta_acl.toy import MetaToy
from .meta_acl.training import MetaTraining


def read_comparison(plain: Any) -> MetaToy | MetaTraining:
    """Read the contents of a file.

    Raises:
        RequestError: An unknown or missing name, or a wrong value.

    Example:
        >>> read_comparison({"title": "Nothing"})
        Traceback (most recent call last):
        ...
        tutelage.errors.RequestError: A comparison has either a toy space (space) or an environment (env).
    """
    names = plain if isinstance(plain, Mapping) else {}
    if ("space" in names) == ("env" in names):
        raise RequestError("A comparison has either a toy space (space) or an environment (env).")
    return MetaToy.from_mapping(plain) if "space" in names else MetaTraining.from_mapping(plain)


def compare_meta(
    comparisons: Sequence[MetaToy | MetaTraining],
    out: str | Path,
    *,
    jobs: int = 1,
    quiet: bool = False,
    page: str | Path | None = None,
    preface: str | Path | None = None,
    command: str = "",
) -> str:
    """Play what has not been played, and write tables and pictures.

    Args:
        comparisons: What to compare, one after the other.
        out: The folder; each comparison has one of its own in it.
        jobs: Runs at a time, one core each.
        quiet: Show nothing.
        page: Where to write ``meta.md`` a second time, with the pictures and numbers in a folder of its name.
        preface: A Markdown file that the page begins with; needed for one.
        command: What the page says it was made by.

    Returns:
        The page.

    Raises:
        RequestError: Runs of other settings, or a preface that is none.
        RunError: Runs failed; the others have been played.
        KeyboardInterrupt: Ctrl-C; what has ended is kept.
    """
    slugs = [each.settings.slug for each in comparisons]
    if not slugs or len(set(slugs)) < len(slugs):
        raise RequestError("Expected at least one comparison, each with a title of its own.")
    if page is not None and preface is None:
        raise RequestError("A page needs a preface, a Markdown file that it begins with.")
    opening = "# Meta-ACL" if preface is None else read_preface(preface)
    folder, copies = Path(out), None if page is None else Path(page).with_suffix("")
    sections: list[tuple[Any, ...]] = []
    beside: list[Path] = []
    for each, slug in zip(comparisons, slugs, strict=True):
        results = each.play(folder / slug, jobs, quiet)
        pictures = _draw(results, folder, slug)
        write_text(folder / f"{slug}.csv", meta_csv(results))
        beside += [*pictures.values(), folder / f"{slug}.csv"]
        sections.append((each.settings.title, results, pictures, folder / f"{slug}.csv"))
    write_text(folder / "meta.md", _page(opening, command, sections, "."))
    if page is None or copies is None:
        return _page(opening, command, sections, ".")
    copies.mkdir(parents=True, exist_ok=True)
    for file in beside:
        shutil.copyfile(file, copies / file.name)
    text = _page(opening, command, sections, copies.name)
    write_text(Path(page), text)
    return text


def _page(opening: str, command: str, sections: Sequence[tuple[Any, ...]], where: str) -> str:
    return meta_page(
        opening,
        command,
        [
            meta_section(
                title,
                results,
                {kind: f"{where}/{file.name}" for kind, file in pictures.items()},
                f"{where}/{numbers.name}",
            )
            for title, results, pictures, numbers in sections
        ],
    )


def _draw(results: MetaResults, folder: Path, slug: str) -> dict[str, Path]:
    pictures: dict[str, Path] = {}
    with style():
        curves = curves_figure(
            results.points,
            {label: cell.scores for label, cell in results.cells.items()},
            score=f"{results.units} mastered (%)",
            steps=results.steps,
            baseline=results.baseline,
            order=list(results.cells),
        )
        for kind, figure in (("curves", curves), ("expert_share", expert_share_figure(results))):
            if figure is not None:
                pictures[kind] = folder / f"{slug}_{kind}.png"
                save_figure(figure, pictures[kind])
    return pictures


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tutelage.benchmarks.meta_comparison", description=__doc__)
    parser.add_argument("files", nargs="+", help="what to compare, YAML; several are sections of one page")
    parser.add_argument("--out", required=True, help="folder for the runs and the tables")
    parser.add_argument("--jobs", type=int, default=2, help="runs at a time, one core each")
    parser.add_argument("--page", help="where to write a page with tables and pictures, Markdown")
    parser.add_argument("--preface", help="a Markdown file that the page begins with")
    parser.add_argument("--quiet", action="store_true", help="show nothing but errors")
    given = parser.parse_args(arguments)
    words = sys.argv[1:] if arguments is None else arguments
    command = " ".join(["python -m tutelage.benchmarks.meta_comparison", *map(shlex.quote, words)])
    try:
        comparisons = [read_comparison(yaml.safe_load(Path(file).read_text(encoding="utf-8"))) for file in given.files]
        pages = {"page": given.page, "preface": given.preface, "command": command}
        text = compare_meta(comparisons, given.out, jobs=given.jobs, quiet=given.quiet, **pages)
        if not given.quiet:
            print(text)
    except (RequestError, OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except RunError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt as stop:
        print(stop, file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
