"""The pictures of the statistics: what they show of many teachers, of one run, and of what is missing."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from tutelage.benchmarks.bootstrap import estimate, estimate_improvement
from tutelage.benchmarks.figures.curves import curves_figure
from tutelage.benchmarks.figures.intervals import intervals_figure
from tutelage.benchmarks.figures.looks import groups_of
from tutelage.benchmarks.figures.profiles import profiles_figure
from tutelage.benchmarks.figures.radar import radar_figure, relative_table
from tutelage.benchmarks.figures.style import save_figure, style
from tutelage.benchmarks.score_table import ScoreTable

NAMES = [f"teacher-{i}" for i in range(13)]


def many(n_runs=3, n_tasks=4):
    rng = np.random.default_rng(0)
    return {name: rng.random((n_runs, n_tasks)) + 0.1 * i for i, name in enumerate(["random", *NAMES])}


def legends(figure):
    return [[text.get_text() for text in axes.get_legend().get_texts()] for axes in figure.axes if axes.get_legend()]


def table(n_tasks=5):
    return ScoreTable.from_arrays(many(6, n_tasks), [f"task-{i}" for i in range(n_tasks)])


@pytest.mark.parametrize(
    "draw",
    [
        lambda: profiles_figure(many()),
        lambda: profiles_figure(many(), averaged=True, tasks=True),
        lambda: curves_figure(np.arange(4), many()),
        lambda: intervals_figure({"IQM": {name: estimate(each) for name, each in many().items()}}),
        lambda: radar_figure(table()),
    ],
)
def test_figures_of_fourteen_teachers_are_pngs_without_a_warning(draw, tmp_path):
    with warnings.catch_warnings(), style():
        warnings.simplefilter("error")
        save_figure(draw(), tmp_path / "figure.png")
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")


def test_a_panel_has_at_most_four_teachers_and_the_baseline():
    for figure in (profiles_figure(many()), curves_figure(np.arange(4), many())):
        shown = legends(figure)
        assert all(panel[0] == "random" and len(panel) <= 5 for panel in shown)
        assert sorted(name for panel in shown for name in panel[1:]) == sorted(NAMES)


def test_groups_are_of_about_equal_size():
    assert [len(group) for group in groups_of([str(i) for i in range(13)], None)] == [4, 3, 3, 3]
    assert groups_of(["random"], "random") == [[]]


def test_no_two_lines_of_a_panel_look_alike():
    figure = profiles_figure(many())
    for axes in figure.axes:
        looks = [(line.get_color(), str(line.get_linestyle()), line.get_linewidth()) for line in axes.get_lines()]
        assert len(set(looks)) == len(looks)


def test_one_run_has_a_line_without_a_band_and_says_so():
    scores = {"plr": [[0.1, 0.4, 0.9]], "random": [[0.2, 0.3, 0.1], [0.1, 0.3, 0.3]]}
    for figure in (profiles_figure(scores), curves_figure([0, 1, 2], scores)):
        assert legends(figure) == [["random", "plr (1 run)"]]
        assert len(figure.axes[0].collections) == 1  # the band of random


def test_the_baseline_may_be_missing():
    assert legends(profiles_figure({"a": [1.0, 2.0], "b": [2.0, 3.0]})) == [["b", "a"]]


def test_teachers_are_ordered_by_their_interquartile_mean():
    figure = intervals_figure({"IQM": {"a": estimate([1.0, 2.0]), "b": estimate([3.0, 4.0]), "c": estimate([2.0])}})
    assert [text.get_text() for text in figure.axes[0].get_yticklabels()] == ["b", "c (1 run)", "a"]


def test_a_point_without_an_interval_is_hollow():
    figure = intervals_figure({"IQM": {"a": estimate([1.0, 2.0]), "c": estimate([2.0])}})
    marks = [line for line in figure.axes[0].get_lines() if line.get_marker() == "o"]
    assert [line.get_markerfacecolor() for line in marks] == ["white"]


def test_a_column_may_lack_a_teacher():
    one, two = [1.0, 2.0, 4.0], [0.0, 1.0, 1.5]
    columns = {
        "IQM": {"plr": estimate(one), "random": estimate(two)},
        "P(better)": {"plr": estimate_improvement(one, two)},
    }
    figure = intervals_figure(columns, lines={"P(better)": 0.5})
    assert any(list(line.get_xdata()) == [0.5, 0.5] for line in figure.axes[1].get_lines())


def test_the_radar_has_a_panel_for_each_teacher_but_the_baseline():
    figure = radar_figure(table())
    assert sorted(axes.get_title() for axes in figure.axes) == sorted(NAMES)


def test_panels_of_the_radar_may_be_chosen_and_misspelt():
    figure = radar_figure(table(), order=["teacher-3", "teacher-0"])
    assert [axes.get_title() for axes in figure.axes] == ["teacher-3", "teacher-0"]
    with pytest.raises(ValueError, match="Did you mean"):
        radar_figure(table(), order=["teacher-x"])


def test_radii_are_relative_to_the_baseline_with_all_runs_of_each_task():
    rows = [("plr", "a", 0, 4.0), ("plr", "a", 1, 8.0), ("plr", "b", 0, 3.0), ("random", "a", 0, 2.0)]
    radii = relative_table(ScoreTable([*rows, ("random", "c", 0, 1.0)]))
    np.testing.assert_allclose(radii["plr"], [3.0, np.nan, np.nan])


def test_a_spoke_without_a_ratio_is_named():
    scores = {"plr": [[4.0, 3.0], [5.0, 2.0]], "random": [[1.0, 0.0], [2.0, 0.0]]}
    figure = radar_figure(ScoreTable.from_arrays(scores, ["maze", "stumps"]))
    assert "2 stumps (random is at 0)" in figure.texts[-1].get_text()


def stars(axes):
    found = [line for line in axes.get_lines() if line.get_marker() == "*"]
    return {line.get_markerfacecolor() != "white": len(line.get_xdata()) for line in found}


def test_stars_tell_corrected_from_uncorrected_significance():
    # Four tasks: a clear difference, one that Holm's correction takes away, none, and one to the worse.
    noise = np.array([-1.0, -0.5, 0.0, 0.5, 1.0])[:, None]
    shift = np.array([9.0, 1.2, 0.0, -4.0])
    scores = {"plr": 10.0 + shift + noise, "random": 10.0 + np.zeros(4) + noise}
    figure = radar_figure(ScoreTable.from_arrays(scores, list("abcd")))
    assert stars(figure.axes[0]) == {True: 1, False: 1}


def test_a_reference_is_drawn_and_named():
    figure = radar_figure(table(3), reference=("upper baseline", [1.0, 1.0, 2.0]))
    assert figure.texts[-1].get_text().endswith("Dotted: upper baseline.")
    with pytest.raises(ValueError, match=r"a reference of shape \(3,\), got \(2,\)"):
        radar_figure(table(3), reference=("upper baseline", [1.0, 1.0]))


def test_nothing_to_draw_is_refused():
    with pytest.raises(ValueError, match="at least one label"):
        profiles_figure({})
    with pytest.raises(ValueError, match="at least one label"):
        curves_figure([0], {})
    with pytest.raises(ValueError, match="at least one column"):
        intervals_figure({"IQM": {}})


def test_curves_of_another_length_are_refused_by_name():
    with pytest.raises(ValueError, match=r"scores of plr at 3 points, got shape \(1, 2\)"):
        curves_figure([0, 1, 2], {"plr": [[0.0, 1.0]]})
