"""The report of a benchmark: what it says, and what it refuses to put into one table."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from dataclasses import replace

import numpy as np
import pytest
from played_experiments import POLE, experiment, play
from tutelage.benchmarks.benchmark_figures import write_pictures
from tutelage.benchmarks.benchmark_report import write_benchmark_report
from tutelage.benchmarks.benchmark_results import collect
from tutelage.benchmarks.benchmark_tables import answer, costs_table, environment_table, overview_table
from tutelage.benchmarks.experiments.costs import RunCosts
from tutelage.benchmarks.experiments.handed_out import HandedOut
from tutelage.benchmarks.experiments.scores import RunScores
from tutelage.benchmarks.experiments.task_scores import TaskScores
from tutelage.errors import RequestError, RunError


def pretended(results: dict[str, list[float]], path, column="2d-10", **changes):
    """A folder with such results, which nobody has played."""
    seeds = max(map(len, results.values()))
    played = experiment(teachers={label: {"teacher": "random", "batch": i + 1} for i, label in enumerate(results)},
                        seeds=seeds, environments={column: {"space": "2d-10"}},
                        baseline="random" if "random" in results else None)  # fmt: skip
    folder = play(played, path, only=lambda run: False)
    for run in played.runs:
        if run.seed < len(results[run.teacher]):
            folder.save(run, scores_of(results[run.teacher][run.seed], **changes))
    return folder


def scores_of(value: float, *, test_set="2d-10", sha256="5e1f", budget=300, measure="cells mastered (%)"):
    points, scores = np.array([0, budget]), np.array([[0.0], [value]])
    test = TaskScores(test_set, sha256, "by hand", measure, ["2d-10"], points, scores)
    return RunScores(test, test, "episodes", budget, RunCosts(1.0), {}, {})


def table_of(folder) -> str:
    results = collect([folder])
    return environment_table(results, results.columns[0]).markdown


# --- The answer ------------------------------------------------------------------------------------------------------


def test_the_best_is_bold_where_its_interval_lies_above_those_of_all_others(tmp_path):
    folder = pretended({"random": [1, 2, 3, 2, 1], "plr": [80, 82, 81, 83, 80]}, tmp_path / "a")
    assert "**81" in table_of(folder)
    assert answer(collect([folder]))[0].startswith("**plr** is ahead with 81")
    assert "Better than random: plr." in answer(collect([folder]))


def test_nothing_is_bold_where_intervals_overlap(tmp_path):
    folder = pretended({"random": [10, 90, 40, 60, 20], "plr": [30, 70, 80, 20, 65]}, tmp_path / "a")
    assert "**" not in table_of(folder)
    assert "No teacher is clearly ahead" in answer(collect([folder]))[0]
    assert "No difference shown from random: plr." in answer(collect([folder]))


def test_one_seed_has_no_interval_and_no_winner(tmp_path):
    folder = pretended({"random": [1.0], "plr": [99.0]}, tmp_path / "a")
    assert "**" not in table_of(folder)
    assert answer(collect([folder])) == [
        "One seed of every teacher is no basis for a comparison: how much runs differ is unknown, so nothing is bold. "
        "More seeds would tell."
    ]


def test_scores_of_zero_say_nothing(tmp_path):
    folder = pretended({"random": [0.0] * 3, "plr": [0.0] * 3}, tmp_path / "a")
    assert answer(collect([folder]))[0].startswith("All scores are 0")


def test_a_score_that_is_not_zero_says_something(tmp_path):
    folder = pretended({"random": [0.0] * 5, "plr": [0.0, 0.0, 0.0, 0.0, 80.0]}, tmp_path / "a")
    assert not answer(collect([folder]))[0].startswith("All scores are 0")


def test_few_seeds_are_said_to_be_few(tmp_path):
    folder = pretended({"random": [1.0, 2.0], "plr": [50.0, 51.0]}, tmp_path / "a")
    page = write_benchmark_report([folder.path], quiet=True).read_text(encoding="utf-8")
    assert "Intervals of 2 seeds are too narrow" in page


# --- The files -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    """A toy experiment that has been played, and its page."""
    folder = play(experiment(), tmp_path_factory.mktemp("toy") / "small")
    return folder, write_benchmark_report([folder.path], quiet=True)


def test_the_page_needs_no_network_and_no_other_file(toy):
    _, page = toy
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"https?://|<script|<link|src=\"(?!data:)", text)
    assert text.count("data:image/png;base64,") == len(list(page.parent.glob("*.png")))


def test_the_answer_comes_before_the_table_and_the_table_before_the_pictures(toy):
    text = toy[1].read_text(encoding="utf-8")
    assert text.index('class="answer"') < text.index("<table>") < text.index("<img")


def test_the_page_says_what_it_was_made_with_and_how_to_repeat_it(toy):
    folder, page = toy
    text = page.read_text(encoding="utf-8")
    for said in ("tutelage benchmark small.yaml", f"tutelage report {folder.path}", "numpy ", "cores", "environments:"):
        assert said in text
    assert f"--run {folder.read().runs[0].name}" in text


def test_there_are_curves_histories_profiles_and_intervals(toy):
    names = {file.stem for file in toy[1].parent.glob("*.png")}
    assert names == {
        *("intervals", "environments", "profiles"),
        *(f"{kind}_{space}" for kind in ("curves", "history") for space in ("2d-10", "arms-noisy")),
    }


def test_the_csv_has_every_score_of_every_run(toy):
    folder, page = toy
    rows = list(csv.DictReader(io.StringIO((page.parent / "scores.csv").read_text(encoding="utf-8"))))
    assert len(rows) == 12
    curves = list(csv.DictReader(io.StringIO((page.parent / "curves.csv").read_text(encoding="utf-8"))))
    assert len(curves) == 12 * 4
    for row in rows:
        run = next(run for run in folder.read().runs if run.key == row["run"])
        assert (row["teacher"], row["environment"], row["seed"]) == (run.teacher, run.environment, str(run.seed))
        assert float(row["score"]) == pytest.approx(folder.load(run).result, rel=1e-5)


def test_the_numbers_are_parquet_on_request(tmp_path):
    from pyarrow import parquet

    folder = play(experiment(teachers={"a, |\n": {"teacher": "random"}}, seeds=2), tmp_path / "a")
    page = write_benchmark_report([folder.path], quiet=True, parquet=True)
    for name in ("scores", "curves"):
        with open(page.parent / f"{name}.csv", newline="") as file:
            rows = list(csv.DictReader(file))
        table = parquet.read_table(page.parent / f"{name}.parquet")
        assert [{key: str(value) for key, value in row.items()} for row in table.to_pylist()] == [
            {**row, "score": str(float(row["score"]))} for row in rows
        ]
        assert [str(table.schema.field(key).type) for key in ("teacher", "seed", "score")] == [
            "string", "int64", "double"
        ]  # fmt: skip


def test_parquet_without_pyarrow_is_refused_before_anything_is_written(toy, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(RequestError, match=r"Parquet needs pyarrow: pip install 'tutelage\[parquet\]'"):
        write_benchmark_report([toy[0].path], out=tmp_path / "out", quiet=True, parquet=True)
    assert not (tmp_path / "out").exists()


def test_the_markdown_page_has_the_table_and_names_its_pictures(toy):
    folder, page = toy
    text = (page.parent / "report.md").read_text(encoding="utf-8")
    assert overview_table(collect([folder])).markdown in text
    for name in re.findall(r"!\[[^]]*]\(([^)]+)\)", text):
        assert (page.parent / name).is_file()


def test_what_was_handed_out_is_counted_by_time_and_value(toy):
    folder, _ = toy
    history = folder.load(folder.read().runs[0]).handed_out
    assert [dim.name for dim in history.dimensions] == ["x0", "x1"]
    assert [int(counts.sum()) for counts in history.counts] == [300, 300]
    again = HandedOut.from_plain(history.to_plain())
    assert (again.counts[1] == history.counts[1]).all()


def test_a_radar_is_drawn_from_three_environments_on(tmp_path):
    played = experiment(environments=["2d-10", "arms-noisy", "arms-clean"], seeds=2)
    page = write_benchmark_report([play(played, tmp_path / "a").path], quiet=True)
    assert (page.parent / "radar.png").is_file()


def test_there_is_no_radar_relative_to_nothing(tmp_path):
    played = experiment(environments=["2d-10", "4d-4", "rugged"], seeds=1, common={"episodes": 20, "evaluations": 1})
    page = write_benchmark_report([play(played, tmp_path / "a").path], quiet=True)
    assert not (page.parent / "radar.png").exists()
    assert "random has 0 in every environment" in page.read_text(encoding="utf-8")


def test_each_level_of_expert_knowledge_has_a_radar(tmp_path):
    played = experiment(teachers=["random", "alp-gmm"], environments=["arms-noisy", "arms-clean", "arms-impossible"],
                        seeds=1, experts=["no", "high"])  # fmt: skip
    page = write_benchmark_report([play(played, tmp_path / "a").path], quiet=True)
    assert {file.stem for file in page.parent.glob("radar*.png")} == {"radar_no", "radar_high"}


def test_steps_of_every_agent_are_in_the_costs(tmp_path):
    folder = pretended({"paired": [1.0, 2.0]}, tmp_path / "a")
    for run in folder.read().runs:
        costs = RunCosts(60.0, 0.1, {"protagonist": 1_000, "antagonist": 900, "teacher": 50}, 7)
        folder.save(run, replace(folder.load(run), costs=costs))
    table = costs_table(collect([folder])).markdown
    assert "protagonist 1,000, antagonist 900, teacher 50; 1,950 in all" in table


# --- What is missing -------------------------------------------------------------------------------------------------


def test_missing_and_failed_runs_are_said_at_the_top_and_listed(tmp_path):
    played = experiment(environments=["2d-10"])
    folder = play(played, tmp_path / "a", only=lambda run: run.seed < 2)
    lost = next(run for run in played.runs if run.seed == 2)
    folder.write_failure(lost, "the ground is gone")
    text = write_benchmark_report([folder.path], quiet=True).read_text(encoding="utf-8")
    assert "2 of 6 runs are missing, 1 of them because they failed." in text
    assert "the ground is gone" in text
    assert text.index("2 of 6 runs are missing") < text.index("<table>")


def test_if_all_failed_there_is_no_report_but_a_reason(tmp_path):
    played = experiment(environments=["2d-10"], teachers=["random"])
    folder = play(played, tmp_path / "a", only=lambda run: False)
    for run in played.runs:
        folder.write_failure(run, "the ground is gone")
    with pytest.raises(
        RunError,
        match=r"No run has ended.*3 of 3 failed, the first being random on 2d-10, seed 0: .* --retry-failed",
    ):
        write_benchmark_report([folder.path], quiet=True)


def test_if_nothing_has_been_played_the_command_is_named(tmp_path):
    folder = play(experiment(), tmp_path / "a", only=lambda run: False)
    with pytest.raises(RequestError, match=r"No run has ended yet.*tutelage benchmark"):
        write_benchmark_report([folder.path], quiet=True)


def test_a_damaged_result_is_named_and_never_left_out(tmp_path):
    folder = play(experiment(environments=["2d-10"], seeds=1), tmp_path / "a")
    file = folder.folder_of(folder.read().runs[0]) / "scores.npz"
    file.write_bytes(file.read_bytes()[:200])
    with pytest.raises(RunError, match=re.escape(str(file))):
        write_benchmark_report([folder.path], quiet=True)


def test_the_results_of_another_run_are_not_taken_for_this_ones(tmp_path):
    folder = play(experiment(environments=["2d-10"], seeds=2), tmp_path / "a")
    one, _, other, *_ = folder.read().runs
    file = folder.folder_of(one) / "scores.npz"
    file.write_bytes((folder.folder_of(other) / "scores.npz").read_bytes())
    with pytest.raises(RunError, match="it is that of another run"):
        collect([folder])


@pytest.mark.parametrize("content", ["name: 3\nseeds: [", "nothing", "seeds: 3\n", "", "name: 3\nseeds: 3\n"])
def test_a_damaged_experiment_is_named(tmp_path, content):
    folder = play(experiment(environments=["2d-10"], seeds=1), tmp_path / "a", only=lambda run: False)
    folder.file.write_text(content)
    with pytest.raises((RequestError, RunError), match=re.escape(str(folder.file))):
        collect([folder])


# --- Several together ------------------------------------------------------------------------------------------------


def test_teachers_of_two_folders_are_put_into_one_table(tmp_path):
    one = pretended({"random": [1, 2, 3], "plr": [4, 5, 6]}, tmp_path / "one")
    two = pretended({"accel": [7, 8, 9]}, tmp_path / "two")
    page = write_benchmark_report([one.path, two.path], quiet=True)
    assert page.parent == tmp_path / "one" / "report-with-two"
    results = collect([one, two])
    assert results.labels == ["random", "plr", "accel"]
    assert len(results.ended) == 9


def test_seeds_of_two_folders_add_up(tmp_path):
    folders = [
        play(experiment(environments=["2d-10"], teachers=["random"], seeds=seeds), tmp_path / str(i))
        for i, seeds in enumerate(([0, 1], [1, 2]))
    ]
    results = collect(folders)
    assert len(results.cell("random", "2d-10")) == 3
    assert results.notes == ["1 run is in several folders, and counted once."]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"test_set": "other"}, r"another test set \(2d-10 and other\)"),
        ({"sha256": "77"}, r"another tasks in the test set"),
        ({"budget": 600}, r"another budget \(300 episodes and 600 episodes\)"),
        ({"measure": "return"}, r"another score \(cells mastered \(%\) and return\)"),
    ],
)
def test_what_was_tested_otherwise_is_not_put_into_one_table(tmp_path, changes, said):
    one = pretended({"random": [1, 2]}, tmp_path / "one")
    two = pretended({"plr": [3, 4]}, tmp_path / "two", **changes)
    with pytest.raises(RequestError, match=said) as caught:
        write_benchmark_report([one.path, two.path], quiet=True)
    assert "name their environments differently" in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {"success_above": 100},
        {"student": "a2c", "student_args": {"n_steps": 64}},
        {"forget_every": 300},
        {"env_args": {"sutton_barto_reward": True}},
        {"n_envs": 4},
    ],
    ids=str,
)
def test_students_that_were_trained_otherwise_are_not_put_into_one_table(tmp_path, change):
    a = experiment(POLE, "a", seeds=1, teachers=["random"])
    b = experiment(POLE, "b", seeds=1, teachers=["alp-gmm"], common={**POLE["common"], **change})
    folders = [play(each, tmp_path / each.name, only=lambda run: False) for each in (a, b)]
    for folder, each in zip(folders, (a, b), strict=True):
        folder.save(each.runs[0], scores_of(50.0))
    with pytest.raises(RequestError, match=f"random on pole, seed 0 and alp-gmm on pole.*another {next(iter(change))}"):
        collect(folders)


def test_what_a_file_gives_to_one_teacher_may_differ(tmp_path):
    played = experiment(POLE, seeds=1, teachers={"random": {}, "alp-gmm": {"n_envs": 4}})
    folder = play(played, tmp_path / "a", only=lambda run: False)
    for run in played.runs:
        folder.save(run, scores_of(50.0))
    assert len(collect([folder]).ended) == 2


def test_what_is_a_success_may_not_differ_whoever_has_it(tmp_path):
    played = experiment(POLE, seeds=1, teachers={"random": {}, "alp-gmm": {"success_above": 30}})
    folder = play(played, tmp_path / "a", only=lambda run: False)
    for run in played.runs:
        folder.save(run, scores_of(50.0))
    with pytest.raises(RequestError, match=r"another success_above \(20.0 and 30.0\)"):
        collect([folder])


def test_a_run_that_has_ended_with_other_settings_elsewhere_is_missing(tmp_path):
    a = play(experiment(seeds=1), tmp_path / "a")
    other = experiment(seeds=1, teachers={"alp-gmm": {"teacher_args": {"fit_rate": 50}}}, environments=["2d-10"])
    b = play(other, tmp_path / "b", only=lambda run: False)
    assert [str(run) for run, _ in collect([a, b]).missing] == ["alp-gmm on 2d-10, seed 0"]


def test_evaluations_at_other_steps_are_read_off_between_them(tmp_path):
    played = experiment(seeds=1, environments=["2d-10"])
    folder = play(played, tmp_path / "a", only=lambda run: False)
    for run, points in zip(played.runs, ([0, 100, 300], [0, 200, 400]), strict=True):
        test = TaskScores("", "", "", "cells mastered (%)", ["a"], np.array(points), np.array(points)[:, None] / 4.0)
        folder.save(run, RunScores(test, test, "episodes", 300, RunCosts(1.0), {}, {}))
    points, curves = collect([folder]).curves_on("2d-10")
    assert points.tolist() == [0, 100, 300]
    assert curves["random"].tolist() == curves["alp-gmm"].tolist() == [[0.0, 25.0, 75.0]]


def test_evaluations_at_no_common_time_are_said_to_be_so(tmp_path):
    played = experiment(seeds=1, environments=["2d-10"])
    folder = play(played, tmp_path / "a", only=lambda run: False)
    for run, points in zip(played.runs, ([0, 100], [200, 300]), strict=True):
        test = TaskScores("", "", "", "cells mastered (%)", ["a"], np.array(points), np.zeros((2, 1)))
        folder.save(run, RunScores(test, test, "episodes", 300, RunCosts(1.0), {}, {}))
    assert collect([folder]).curves_on("2d-10") == "The runs were never tested at one time."


def test_the_commands_that_repeat_it_lead_to_the_same_folders(tmp_path):
    a = play(experiment(seeds=1), tmp_path / "a")
    b = play(experiment(seeds=[1]), tmp_path / "b")
    page = write_benchmark_report([a.path, b.path], out=tmp_path / "both", quiet=True).with_name("report.md")
    text = page.read_text(encoding="utf-8")
    for command in (
        f"tutelage benchmark small.yaml --out {a.path}",
        f"tutelage benchmark small.yaml --out {b.path}",
        f"tutelage report {a.path} {b.path} --out {tmp_path / 'both'}",
    ):
        assert f"\n{command}\n" in text
    assert "tested on 2d-10: competence of the simulated student." in text


def test_a_run_of_two_folders_with_different_scores_is_said(tmp_path):
    folders = [pretended({"random": [1, value]}, tmp_path / str(value)) for value in (2, 3)]
    results = collect(folders)
    assert results.results_on("random", "2d-10").tolist() == [1, 2]
    assert results.notes == [
        "2 runs are in several folders, and counted once.",
        "1 of them has other scores there; those of the folder that was named first count.",
    ]


def test_other_thresholds_and_baselines_of_another_folder_are_said(tmp_path):
    folders = [
        play(experiment(teachers=[name], environments=["2d-10"], threshold=threshold, baseline=name), tmp_path / name)
        for name, threshold in (("random", 50), ("alp-gmm", 80))
    ]
    assert collect(folders).notes == [
        "The experiments have different thresholds (50 and 80): steps are counted to 50.",
        "The experiments have different baselines (random and alp-gmm): the others are compared with random.",
    ]


def test_a_label_of_any_letters_and_length_is_one_cell_and_one_folder(tmp_path):
    label = "a|b\n" + "long " * 100
    folder = play(experiment(teachers={label: {"teacher": "random"}}, environments=["2d-10"], seeds=2), tmp_path / "a")
    head, _, row = table_of(folder).splitlines()
    assert row.startswith(r"| `a\|b long long ")
    assert row.replace(r"\|", "").count("|") == head.count("|")
    write_benchmark_report([folder.path], quiet=True)


def test_a_file_called_like_a_ready_made_experiment_is_not_taken_for_it(tmp_path):
    own = play(experiment(name="toy", seeds=2), tmp_path / "own")
    assert "tutelage benchmark toy.yaml" in write_benchmark_report([own.path], quiet=True).read_text()


def test_two_teachers_under_one_label_are_refused(tmp_path):
    folders = [
        play(experiment(environments=["2d-10"], seeds=[i], teachers={"mine": {"teacher": "alp-gmm", "teacher_args": {
            "fit_rate": 20 + 10 * i}}}), tmp_path / str(i))
        for i in range(2)
    ]  # fmt: skip
    with pytest.raises(RequestError, match=r"mine on 2d-10 has another args .*give one of them another label"):
        collect(folders)


def test_two_teachers_under_one_label_are_refused_in_different_environments_too(tmp_path):
    cells = {"2d-10": {"teacher": "alp-gmm"}, "2d-20": {"teacher": "covar-gmm"}}
    folders = [
        play(experiment(environments=[space], seeds=1, teachers={"mine": teacher}), tmp_path / space)
        for space, teacher in cells.items()
    ]
    with pytest.raises(RequestError, match=r"mine is another teacher in .*2d-20.* than in .*2d-10.*; give one of them"):
        collect(folders)


def test_environments_whose_names_are_alike_have_pictures_of_their_own(tmp_path):
    spaces = {"grid 1": {"space": "2d-10"}, "Grid_1": {"space": "3d-2"}}
    folder = play(experiment(environments=spaces, seeds=1), tmp_path / "a")
    shown = write_pictures(collect([folder]), tmp_path)
    paths = [each.path for each in shown if each.path is not None]
    assert len(set(paths)) == len(paths)


def test_other_versions_are_noted(tmp_path):
    folder = pretended({"random": [1, 2]}, tmp_path / "one")
    for i, run in enumerate(folder.read().runs):
        folder.save(run, replace(folder.load(run), made_with={"tutelage": f"0.{i}.0"}))
    assert collect([folder]).notes == ["The runs were made with different versions: tutelage 0.0.0 and 0.1.0."]


def test_a_folder_named_twice_and_a_folder_without_experiment_are_refused(tmp_path):
    folder = pretended({"random": [1, 2]}, tmp_path / "one")
    with pytest.raises(RequestError, match="named twice"):
        write_benchmark_report([folder.path, folder.path])
    with pytest.raises(RequestError, match="There is no experiment"):
        write_benchmark_report([folder.path, tmp_path])


def test_scores_that_are_no_percentages_are_not_averaged_over_environments(tmp_path):
    one = pretended({"random": [1, 2], "plr": [3, 4]}, tmp_path / "one", "a")
    two = pretended({"random": [1, 2], "plr": [3, 4]}, tmp_path / "two", "b", measure="return")
    assert "have no common mean" in answer(collect([one, two]))[0]
    assert "All, IQM" not in overview_table(collect([one, two])).markdown
    page = write_benchmark_report([one.path, two.path], quiet=True)
    assert "IQM</th>" in page.read_text(encoding="utf-8")


def test_a_training_run_has_a_row_for_each_test_task_and_a_command_of_its_own(tmp_path):
    folder = play(experiment(POLE, seeds=1, teachers=["random"]), tmp_path / "pole")
    page = write_benchmark_report([folder.path], quiet=True)
    text = page.read_text(encoding="utf-8")
    assert "tutelage train CartPole-v1 --teacher random" in text
    assert "tasks_pole" in {file.stem for file in page.parent.glob("*.png")}
    run = folder.read().runs[0]
    summary = json.loads((folder.folder_of(run) / "summary.json").read_text())
    assert folder.load(run).costs.steps == {"student": summary["steps"]}
    assert folder.load(run).handed_out.n_dims == 2


def test_a_test_that_is_another_at_the_end_than_on_the_way_is_said(tmp_path):
    small = {"steps": 512, "n_envs": 8, "eval_every": 512, "eval_episodes": 1, "checkpoint_every": 512}
    small["student_args"] = {"n_steps": 64, "batch_size": 64, "n_epochs": 1}
    mazes = {"mazes": {"env": "MazeParameters", "suite": "fixed-8"}}
    played = experiment(seeds=1, common=small, teachers=["random"], environments=mazes)
    folder = play(played, tmp_path / "mazes")
    text = write_benchmark_report([folder.path], quiet=True).with_suffix(".md").read_text(encoding="utf-8")
    assert "> Scores at the end are of fixed-8. Learning curves, areas under them and steps to a score are of " in text


def test_a_test_that_is_the_same_all_the_time_is_not_explained(toy):
    assert "Scores at the end are of" not in toy[1].with_suffix(".md").read_text(encoding="utf-8")
