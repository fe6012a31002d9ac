"""The page of a report: one HTML file that holds its pictures and needs nothing else."""

from __future__ import annotations

import base64
import html
import math
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from .evaluate_run import column_names, value_text
from .report_data import ReportData

_STYLE = """
body { font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; color: #1a1d21;
  background: #fff; max-width: 900px; margin: 0 auto; padding: 24px 16px 64px; }
h1 { font-size: 1.6rem; margin: 0 0 4px; } h2 { font-size: 1.2rem; margin: 40px 0 8px; }
p { margin: 6px 0; } .quiet, figcaption { color: #4a5159; }
figure { margin: 12px 0 0; } figcaption { font-size: 0.94rem; margin-top: 4px; }
img { max-width: 100%; height: auto; display: block; } img.film { width: 400px; border: 1px solid #c9cdd3; }
.numbers { display: flex; flex-wrap: wrap; gap: 8px 36px; margin: 18px 0; }
.numbers b { display: block; font-size: 1.5rem; line-height: 1.2; }
.note { border-left: 4px solid #d55e00; background: #fdf3ec; padding: 8px 12px; margin: 10px 0; }
table { border-collapse: collapse; font-size: 0.9rem; margin: 8px 0; }
th, td { text-align: left; padding: 3px 16px 3px 0; border-bottom: 1px solid #e3e6ea; vertical-align: top; }
th { color: #4a5159; font-weight: 600; } td.number, th.number { text-align: right;
  font-variant-numeric: tabular-nums; } td { overflow-wrap: anywhere; }
.wide { overflow-x: auto; } .wide td { white-space: nowrap; }
pre { background: #f3f5f7; padding: 10px 12px; overflow-x: auto; font-size: 0.9rem; }
summary { cursor: pointer; }
@media print { figure { break-inside: avoid; } }
"""


@dataclass(frozen=True)
class Picture:
    """A picture of the report, or why there is none.

    Attributes:
        title: Its heading.
        path: The PNG or GIF; None where there is none.
        caption: What it shows; the reason where there is none.
    """

    title: str
    path: Path | None
    caption: str


def page(data: ReportData, pictures: Sequence[Picture]) -> str:
    """Return the page of a report.

    Args:
        data: The run.
        pictures: In the order in which they are shown; those with a path are embedded.
    """
    config = data.saved.config
    title = f"{config.student} under {config.teacher} on {data.saved.make_env.env_id}"
    parts = [
        f"<h1>{_text(title)}</h1>",
        f'<p class="quiet">Run {_text(data.saved.run.path)}, seed {config.seed}</p>',
        _numbers(data),
        *(f'<p class="note">{_text(note)}</p>' for note in notes(data)),
        *(_picture(picture) for picture in pictures),
        _evaluations(data),
        _pairs("The teacher at the end", sorted(data.teacher_metrics.items()), "The run has logged no metrics yet."),
        _repeat(data),
        _pairs("Configuration", [(k, v) for k, v in data.saved.run.config.items() if k != "versions"]),
        _pairs("Versions", list(_mapping(data.saved.run.config.get("versions")).items()), "None were recorded."),
    ]
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{_text(title)}</title>'
    body = "\n".join(parts)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head>{head}<style>{_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n'
    )


def notes(data: ReportData) -> list[str]:
    """Return sentences about what the run lacks so far."""
    found = []
    if not data.summary:
        done = f"{data.steps:,} of {data.saved.config.steps:,} steps taken"
        found.append(f"The run has not ended ({done}); `tutelage resume` goes on with one that was stopped.")
    if data.missing:
        found.append(f"It has {', '.join(data.missing)}; the pictures that need them are left out.")
    if data.log is not None and 0 < len(data.episodes) < 30:
        found.append(f"Only {len(data.episodes)} episodes have ended: the pictures say little yet.")
    return found


def _text(value: Any) -> str:
    return html.escape(str(value))


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _number(value: float) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return "unknown"
    if float(value).is_integer() and abs(value) < 1e15:
        return f"{int(value):,}".replace("-", "−")
    return f"{value:.4g}".replace("-", "−")


def _numbers(data: ReportData) -> str:
    result, steps = data.last_evaluation, data.steps
    shown = [(f"{steps:,}", "environment steps")]
    if data.log is not None:
        shown.append((f"{len(data.log):,}", "tasks handed out"))
    if result is not None:
        shown.append((_number(round(result.mean_return, 1)), "mean return on the test set"))
        if not math.isnan(result.mastered):
            shown.append((f"{result.mastered:.0f} %", "of the test tasks mastered"))
    return '<div class="numbers">' + "".join(f"<div><b>{n}</b>{_text(what)}</div>" for n, what in shown) + "</div>"


def _picture(picture: Picture) -> str:
    heading = f"<h2>{_text(picture.title)}</h2>"
    if picture.path is None:
        return f'{heading}\n<p class="quiet">{_text(picture.caption)}</p>'
    film = picture.path.suffix == ".gif"
    content = base64.b64encode(picture.path.read_bytes()).decode("ascii")
    image = (
        f'<img {"class=film " if film else ""}alt="{_text(picture.title)}" '
        f'src="data:image/{"gif" if film else "png"};base64,{content}">'
    )
    return f"{heading}\n<figure>{image}<figcaption>{_text(picture.caption)}</figcaption></figure>"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], numeric: Sequence[bool]) -> str:
    mark = [' class="number"' if right else "" for right in numeric]
    header = "".join(f"<th{m}>{_text(name)}</th>" for m, name in zip(mark, head, strict=True))
    lines = ["".join(f"<td{m}>{_text(cell)}</td>" for m, cell in zip(mark, row, strict=True)) for row in rows]
    body = "".join(f"<tr>{line}</tr>\n" for line in lines)
    return f'<div class="wide"><table><tr>{header}</tr>\n{body}</table></div>'


def _pairs(title: str, pairs: Sequence[tuple[str, Any]], otherwise: str = "") -> str:
    if not pairs:
        return f'<h2>{_text(title)}</h2>\n<p class="quiet">{_text(otherwise)}</p>'
    rows = "".join(f"<tr><th>{_text(name)}</th><td>{_text(_plain(value))}</td></tr>\n" for name, value in pairs)
    return f"<h2>{_text(title)}</h2>\n<table>{rows}</table>"


def _plain(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, (int, float)):
        return _number(value)
    if isinstance(value, dict):
        return ", ".join(f"{name} = {item}" for name, item in value.items()) or "none"
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value)


def _repeat(data: ReportData) -> str:
    command = f"tutelage train --config {shlex.quote(str(data.saved.run.config_file))}"
    return (
        "<h2>To repeat this run</h2>\n"
        f"<pre>{_text(command)}</pre>\n"
        '<p class="quiet">With the versions below, on the same kind of machine, it hands out the same tasks. '
        "Add --out to choose the new run directory.</p>"
    )


def _evaluations(data: ReportData) -> str:
    log, result = data.evaluations, data.last_evaluation
    if log is None or result is None:
        return '<h2>Evaluations</h2>\n<p class="quiet">There was no evaluation yet.</p>'
    rows = [
        [f"{step:,}", _number(round(float(returns.mean()), 2)), "?" if np.isnan(share) else f"{share:.0f} %"]
        for step, returns, share in zip(log.steps, log.returns, log.mastered, strict=True)
    ]
    over_time = _table(["steps", "mean return", "mastered"], rows, [True] * 3)
    head = [*column_names(data.space), "return", "length", "success"]
    scores = zip(result.returns.mean(axis=1), result.lengths.mean(axis=1), result.success.mean(axis=1), strict=True)
    tasks = []
    for task, (value, length, rate) in zip(result.tasks, scores, strict=True):
        cells = [value_text(dim, v) for dim, v in zip(data.space, task, strict=True)]
        tasks.append([*cells, f"{value:.2f}", f"{length:.0f}", "?" if np.isnan(rate) else f"{100 * rate:.0f} %"])
    return (
        f"<h2>Evaluations on {_text(log.test_set)}</h2>\n{over_time}\n"
        f"<details><summary>The last one, task by task ({len(tasks)} tasks)</summary>\n"
        f"{_table(head, tasks, [True] * len(head))}</details>"
    )
