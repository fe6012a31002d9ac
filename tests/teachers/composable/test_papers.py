"""The table of papers: complete, buildable, and the page is what it prints."""

from __future__ import annotations

from pathlib import Path

import pytest
from tutelage import TaskSpace, list_teachers, make_teacher, registry
from tutelage.cli import main
from tutelage.errors import RequestError
from tutelage.schedule_presets import SCHEDULE_PRESETS
from tutelage.teachers.composable.papers import PAPERS, PRESETS, supported_papers

from ..simulated_student import simulate

SPACE = TaskSpace(terrain=["grass", "ice"], height=(0.0, 3.0), rooms=range(2, 7))
NOT_ABOUT_TASKS = {6, 10, 23, 26, 29, 32, 38, 39, 45, 54, 57}
"""These do not apply."""
BY_WRAPPERS = {36, 52}
"""What these do, a wrapper does: hints, and subgoals."""


def test_the_57_papers_are_there_and_papers_are_numbered_in_order():
    assert len(PAPERS) >= 57
    assert [paper.number for paper in PAPERS] == list(range(1, len(PAPERS) + 1))


def test_every_paper_that_applies_is_a_preset_a_teacher_or_a_schedule():
    without = {p.number for p in PAPERS if not (p.presets or p.teachers or p.schedules)}
    assert without == NOT_ABOUT_TASKS | BY_WRAPPERS


def test_a_paper_that_is_not_here_says_why():
    assert all(paper.remark for paper in PAPERS if paper.number in NOT_ABOUT_TASKS | BY_WRAPPERS)


def test_a_preset_belongs_to_a_registered_teacher():
    assert {name.partition(":")[0] for name in PRESETS} <= set(list_teachers())


def test_every_schedule_of_a_paper_exists_and_every_schedule_belongs_to_one():
    assert {name for paper in PAPERS for name in paper.schedules} == set(SCHEDULE_PRESETS)


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_teaches(name):
    teacher = make_teacher(name, SPACE, seed=0)
    assert SPACE.contains(simulate(teacher, 120).tasks).all()


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_plain_data(name):
    def plain(value):
        if isinstance(value, dict):
            return all(isinstance(key, str) and plain(item) for key, item in value.items())
        if isinstance(value, (list, tuple)):
            return all(plain(item) for item in value)
        return value is None or isinstance(value, (bool, int, float, str))

    assert plain(dict(PRESETS[name].hyperparameters))


def test_what_is_given_overrides_a_preset():
    assert make_teacher("bandit:dump", SPACE, ucb=0.5).ucb == 0.5


def test_the_teacher_of_a_preset_is_its_class():
    assert registry.teacher_class("bandit:sec") is registry.teacher_class("bandit")


def test_a_misspelt_preset_gets_the_nearest_one():
    with pytest.raises(RequestError, match=r"preset of bandit 'dumb'. Did you mean 'dump'"):
        make_teacher("bandit:dumb", SPACE)


def test_a_misspelt_hyperparameter_of_a_preset_is_named():
    with pytest.raises(RequestError, match=r"hyperparameter of bandit:sec 'armz'. Did you mean 'arms'"):
        make_teacher("bandit:sec", SPACE, armz=3)


def test_teachers_are_listed_with_their_papers(capsys):
    assert main(["list", "teachers"]) == 0
    out = capsys.readouterr().out
    assert "bandit:sec" in out
    assert "Self-Evolving Curriculum (SEC)" in out


def test_the_page_is_what_the_table_prints():
    root = Path(__file__).resolve().parents[3]
    if not (root / "pyproject.toml").exists():
        pytest.skip("needs the source tree")
    page = (root / "docs" / "supported_papers.md").read_text(encoding="utf-8")
    message = (
        "docs/supported_papers.md is stale: python -m tutelage.teachers.composable.papers > docs/supported_papers.md"
    )
    assert page == supported_papers(), message


def test_the_further_preset_that_the_page_shows_teaches():
    code = supported_papers().split("## A further preset")[1].split("```python\n")[1].split("```")[0]
    names = {}
    exec(code.replace("\nPaper(", "\npaper = Paper("), names)
    ((name, hyperparameters),) = names["paper"].presets.items()
    teacher = make_teacher(name.partition(":")[0], SPACE, seed=0, **hyperparameters)
    assert SPACE.contains(teacher.sample(3).values).all()
