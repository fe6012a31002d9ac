"""The page of a benchmark, as HTML that needs nothing else and as Markdown."""

from __future__ import annotations

import base64
import html
import shlex
from collections.abc import Sequence

import yaml

from .benchmark_figures import Shown
from .benchmark_results import BenchmarkResults
from .benchmark_tables import (
    Table,
    answer,
    costs_table,
    environment_table,
    overview_table,
    significance_table,
    summaries_table,
    task_table,
    to_html,
)
from .experiments.files import default_folder, is_ready_made
from .experiments.kinds import KINDS

_MOST_TASKS, _MOST_MISSING = 60, 20

_STYLE = """
body { font: 16px/1.5 system-ui, -apple-system, "Segoe UI", "DejaVu Sans", sans-serif; color: #1a1d21;
  background: #fff; max-width: 940px; margin: 0 auto; padding: 24px 16px 64px; }
h1 { font-size: 1.6rem; margin: 0 0 4px; } h2 { font-size: 1.25rem; margin: 44px 0 8px; }
h3 { font-size: 1.05rem; margin: 28px 0 6px; } p { margin: 6px 0; } .quiet, figcaption { color: #4a5159; }
figure { margin: 12px 0 0; } figcaption { font-size: 0.94rem; margin-top: 4px; }
img { max-width: 100%; height: auto; display: block; }
.answer { border-left: 4px solid #0072b2; background: #eef5fa; padding: 10px 14px; margin: 14px 0; font-size: 1.06rem; }
.note { border-left: 4px solid #d55e00; background: #fdf3ec; padding: 8px 12px; margin: 10px 0; }
table { border-collapse: collapse; font-size: 0.9rem; margin: 8px 0; }
th, td { text-align: left; padding: 3px 16px 3px 0; border-bottom: 1px solid #e3e6ea; vertical-align: top; }
th { color: #4a5159; font-weight: 600; } td.number, th.number { text-align: right;
  font-variant-numeric: tabular-nums; } .wide { overflow-x: auto; } .wide td { white-space: nowrap; }
pre { background: #f3f5f7; padding: 10px 12px; overflow-x: auto; font-size: 0.86rem; }
code { font-size: 0.92em; } summary { cursor: pointer; }
@media print { figure { break-inside: avoid; } }
"""

INTERVALS = (
    "Scores are interquartile means (IQM) over runs with 95 % bootstrap intervals; a run's score is the mean over the "
    "test tasks. Bold is a teacher whose interval lies above those of all others, and nothing else. P(better than …) "
    "is the probability that a run ends above one of the baseline, ties counting half. Steps to a score are the median "
    "over runs, – where half of them or more never had it."
)
"""What the tables are."""


def html_page(results: BenchmarkResults, pictures: Sequence[Shown], command: str, commands: Sequence[str]) -> str:
    """Return the page as HTML.

    Args:
        results: What has ended.
        pictures: What `write_pictures` returned.
        command: What makes the page.
        commands: What makes the first run of each cell.
    """
    several = len(results.columns) > 1
    parts = [f"<h1>{_text(results.name)}</h1>", f'<p class="quiet">{_text(_subtitle(results))}</p>']
    parts += [f"<p>{to_html(each.about)}</p>" for each in results.experiments if each.about]
    parts.append(f'<div class="answer">{"<br>".join(to_html(sentence) for sentence in answers(results))}</div>')
    parts += [f'<p class="note">{to_html(note)}</p>' for note in notes(results)]
    parts.append((overview_table(results) if several else environment_table(results, results.columns[0])).html)
    parts.append(f'<p class="quiet">{_text(INTERVALS)}</p>')
    parts += [_figure(each, 2) for each in pictures if not each.column]
    for column in results.columns:
        if several:
            parts.append(f"<h2>{_text(column)}</h2>")
        parts.append(f'<p class="quiet">{_text(_tested(results, column))}</p>')
        parts += [environment_table(results, column).html] if several else []
        parts += [_figure(each, 3 if several else 2) for each in pictures if each.column == column]
        tasks = task_table(results, column)
        if 1 < len(tasks.rows) <= _MOST_TASKS:
            parts.append(f"<details><summary>Task by task ({len(tasks.rows)})</summary>{tasks.html}</details>")
    parts += _summaries(results)
    parts += _significance(results)
    parts += ["<h2>Costs</h2>", costs_table(results).html, f'<p class="quiet">{_text(_COSTS)}</p>']
    parts += _missing(results)
    listed = "\n".join(commands)
    repeated = "\n".join([*_benchmarks(results), command])
    parts += ["<h2>To repeat it</h2>", f"<pre>{_text(repeated)}</pre>"]
    parts += [f"<p><code>{_text(name)}</code>:</p><pre>{_text(text)}</pre>" for name, text in _files(results)]
    parts += [f"<p>{_text(_EACH)}</p>", f"<pre>{_text(listed)}</pre>"]
    parts += ["<h2>Made with</h2>", *(f"<p>{_text(line)}</p>" for line in made_with(results))]
    head = (
        f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{_text(results.name)}</title>'
    )
    body = "\n".join(part for part in parts if part)
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head>{head}<style>{_STYLE}</style></head>\n<body>\n{body}\n</body></html>\n'
    )


def markdown_page(results: BenchmarkResults, pictures: Sequence[Shown], command: str, commands: Sequence[str]) -> str:
    """Return the page as Markdown, which names its pictures relative to itself; the arguments are `html_page`'s."""
    several = len(results.columns) > 1
    parts = [f"# {results.name}", *(each.about for each in results.experiments if each.about)]
    parts += [_subtitle(results), "\n".join(answers(results)), *(f"> {note}" for note in notes(results))]
    parts.append((overview_table(results) if several else environment_table(results, results.columns[0])).markdown)
    parts.append(INTERVALS)
    parts += [_markdown_figure(each) for each in pictures if each.path is not None and not each.column]
    for column in results.columns:
        parts += [f"## {column}"] if several else []
        parts += [_tested(results, column)]
        parts += [environment_table(results, column).markdown] if several else []
        parts += [_markdown_figure(each) for each in pictures if each.path is not None and each.column == column]
        tasks = task_table(results, column)
        if 1 < len(tasks.rows) <= _MOST_TASKS:
            parts.append(tasks.markdown)
    summaries = summaries_table(results)
    if summaries is not None:
        parts += ["## Other summaries", summaries.markdown, _SUMMARIES]
    tests = significance_table(results)
    if tests is not None:
        parts += ["## Welch's test", tests[0].markdown, _WELCH] if tests[0].rows else []
        left_out = [*tests[1][:_MOST_MISSING], *_and_more(tests[1])]
        parts += ["Not tested:", "\n".join(f"- {text}" for text in left_out)] if left_out else []
    parts += ["## Costs", costs_table(results).markdown, _COSTS]
    if results.missing:
        lines = [f"{run}: {why}" for run, why in results.missing[:_MOST_MISSING]]
        parts += ["## Missing", "\n".join(f"- {line}" for line in [*lines, *_and_more(results.missing)])]
    fence = "```{}\n{}\n```"
    parts += ["## To repeat it", fence.format("sh", "\n".join([*_benchmarks(results), command]))]
    parts += [f"`{name}`:\n\n" + fence.format("yaml", text) for name, text in _files(results)]
    parts += [_EACH, fence.format("sh", "\n".join(commands))]
    parts += ["## Made with", "\n".join(f"- {line}" for line in made_with(results))]
    return "\n\n".join(part for part in parts if part) + "\n"


_COSTS = (
    "Medians over runs. Time is that of the training on one core, with the tests on the way but not the one at the "
    "end on a suite; the teacher's share is that of its sample and update in the processor time of the run."
)
_SUMMARIES = (
    "Of the same scores: the median is that over environments of the means over runs, the optimality gap is what is "
    "missing to 100 on average, less being better."
)
_WELCH = (
    "Two-sided, of the means over runs; bold below 0.05. The papers around ALP-GMM report p, conclusions need the one "
    "after Holm's correction for all tests here."
)
_EACH = "The first run of each teacher and environment alone, without the experiment:"


def answers(results: BenchmarkResults) -> list[str]:
    """Return the answer, and how far it can be trusted."""
    fewest = min(len(results.cell(label, c)) for c in results.columns for label in results.labels_on(c))
    careful = []
    if 1 < fewest < 5:
        misses = {2: "every other one", 3: "one in four", 4: "one in five"}[fewest]
        careful = [f"Intervals of {fewest} seeds are too narrow: about {misses} misses the true value."]
    return [*answer(results), *careful]


def notes(results: BenchmarkResults) -> list[str]:
    """Return what a reader should know before the numbers."""
    found = list(results.notes)
    if results.missing:
        failed = [why for _, why in results.missing if why != "it has not ended yet"]
        how = f", {len(failed)} of them because they failed" if failed else ""
        found.append(f"{len(results.missing)} of {len(results.missing) + len(results.ended)} runs are missing{how}.")
    if len(results.columns) > 1:
        found += results.table().missing
    for column in results.columns:
        scores = results.first(column).scores
        if scores.on_the_way.test_set != scores.test.test_set:
            where = f"On {column}, s" if len(results.columns) > 1 else "S"
            found.append(
                f"{where}cores at the end are of {scores.test.test_set}. Learning curves, areas under them and steps "
                f"to a score are of {scores.on_the_way.test_set}, on which students were tested during training."
            )
    return found


def made_with(results: BenchmarkResults) -> list[str]:
    """Return versions and machines, a line each."""
    lines: dict[str, int] = {}
    for each in results.ended:
        found = {**each.scores.made_with}
        git = found.pop("git", None)
        text = ", ".join(f"{name} {value}" for name, value in found.items() if name != "platform")
        text += f"; commit {git}" if git else ""
        machine = each.scores.machine
        text += (
            f"; {machine.get('processor', 'unknown')}, {machine.get('cores', '?')} cores, {machine.get('system', '')}"
        )
        lines[text] = lines.get(text, 0) + 1
    return [f"{n:,} run{'s' * (n > 1)}: {text}" for text, n in lines.items()]


def _subtitle(results: BenchmarkResults) -> str:
    seeds = sorted({each.run.seed for each in results.ended})
    parts = [
        f"{len(results.labels)} teachers", f"{len(results.columns)} environment{'s' * (len(results.columns) > 1)}",
        f"{len(seeds)} seed{'s' * (len(seeds) > 1)}", f"{len(results.ended):,} runs",
    ]  # fmt: skip
    budgets = {f"{results.first(c).scores.budget:,} {results.first(c).scores.unit}" for c in results.columns}
    return ", ".join(parts) + (f"; {budgets.pop()} each" if len(budgets) == 1 else "")


def _tested(results: BenchmarkResults, column: str) -> str:
    scores = results.first(column).scores
    kind = KINDS[results.first(column).run.kind]
    return f"{scores.budget:,} {kind.unit}; tested on {scores.test.test_set}: {scores.test.how}."


def _benchmarks(results: BenchmarkResults) -> list[str]:
    """The commands that play the experiments, where they are."""
    commands = []
    for each, folder in zip(results.experiments, results.folders, strict=True):
        words = ["tutelage", "benchmark", each.name if is_ready_made(each) else f"{each.name}.yaml"]
        words += [] if folder == default_folder(each) else ["--out", str(folder)]
        commands.append(shlex.join(words))
    return commands


def _and_more(items: Sequence[object]) -> list[str]:
    """What to say of those that are not listed."""
    more = len(items) - _MOST_MISSING
    return [f"and {more:,} more"] if more > 0 else []


def _files(results: BenchmarkResults) -> list[tuple[str, str]]:
    """The experiments, as files."""
    texts = [
        yaml.safe_dump(dict(each.plain), sort_keys=False, allow_unicode=True, width=100) for each in results.experiments
    ]
    return [(f"{each.name}.yaml", text.rstrip()) for each, text in zip(results.experiments, texts, strict=True)]


def _summaries(results: BenchmarkResults) -> list[str]:
    found = summaries_table(results)
    return (
        [] if found is None else ["<h2>Other summaries</h2>", found.html, f'<p class="quiet">{_text(_SUMMARIES)}</p>']
    )


def _significance(results: BenchmarkResults) -> list[str]:
    found = significance_table(results)
    if found is None:
        return []
    table, left_out = found
    parts = ["<h2>Welch's test</h2>"]
    if table.rows:
        parts += [table.html, f'<p class="quiet">{_text(_WELCH)}</p>']
    if left_out:
        shown = [*left_out[:_MOST_MISSING], *_and_more(left_out)]
        items = "".join(f"<li>{_text(text)}</li>" for text in shown)
        parts.append(f"<details><summary>Not tested ({len(left_out)})</summary><ul>{items}</ul></details>")
    return parts


def _missing(results: BenchmarkResults) -> list[str]:
    if not results.missing:
        return []
    table = Table(["Run", "Why"], [[str(run), why] for run, why in results.missing[:_MOST_MISSING]])
    return ["<h2>Missing</h2>", table.html, *(f'<p class="quiet">{more}</p>' for more in _and_more(results.missing))]


def _figure(each: Shown, level: int) -> str:
    heading = f"<h{level}>{_text(each.title)}</h{level}>"
    if each.path is None:
        return f'{heading}\n<p class="quiet">{_text(each.caption)}</p>'
    content = base64.b64encode(each.path.read_bytes()).decode("ascii")
    image = f'<img alt="{_text(each.title)}" src="data:image/png;base64,{content}">'
    return f"{heading}\n<figure>{image}<figcaption>{_text(each.caption)}</figcaption></figure>"


def _markdown_figure(each: Shown) -> str:
    assert each.path is not None
    inside = each.path.parent.name
    file = f"{inside}/{each.path.name}" if inside.startswith("handed_out_") else each.path.name
    return f"![{each.title}]({file})\n\n*{each.title}.* {each.caption}"


def _text(value: object) -> str:
    return html.escape(str(value))
