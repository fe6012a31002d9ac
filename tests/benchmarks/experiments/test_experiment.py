"""What the file of an experiment says, and what is wrong with it."""

from __future__ import annotations

import pytest
from played_experiments import POLE, TOY, experiment
from tutelage.benchmarks.experiments.experiment import Experiment
from tutelage.benchmarks.experiments.files import read_experiment, ready_made
from tutelage.errors import RequestError


def names(found: Experiment) -> list[str]:
    return [f"{run.label} | {run.column}" for run in found.runs if run.seed == found.seeds[0]]


def test_the_grid_is_teachers_times_environments_times_seeds():
    found = experiment()
    assert len(found.runs) == 2 * 2 * 3
    assert names(found) == ["random | 2d-10", "alp-gmm | 2d-10", "random | arms-noisy", "alp-gmm | arms-noisy"]


def test_runs_go_seed_by_seed_so_that_a_stopped_experiment_has_everyone():
    assert [run.seed for run in experiment().runs] == [0] * 4 + [1] * 4 + [2] * 4


def test_an_environment_with_a_space_is_played_and_one_with_an_env_is_trained():
    both = experiment(
        POLE, environments={**POLE["environments"], "toy": {"space": "2d-10"}}, common={**POLE["common"], "episodes": 9}
    )
    assert {run.column: run.kind for run in both.runs} == {"pole": "training", "toy": "toy"}


def test_students_with_arms_take_part_by_name():
    assert {run.kind for run in experiment(environments=["arms-clean"]).runs} == {"toy"}


def test_a_name_that_is_no_toy_space_is_an_environment():
    plain = {"seeds": 1, "teachers": ["random"], "environments": ["StumpTracks"], "common": {"steps": 9}}
    assert experiment(plain).runs[0].content["env"] == "StumpTracks"


def test_students_are_a_part_of_the_column_and_levels_of_expert_knowledge_of_the_row():
    plain = {
        "seeds": 1,
        "teachers": ["random", "adr"],
        "environments": {"stumps": {"env": "StumpTracks", "knowledge": {"good_return": 180, "initial_mean": [0, 6]}}},
        "students": ["ppo", "sac"],
        "experts": ["low", "high"],
    }
    found = experiment(plain)
    assert {run.column for run in found.runs} == {"stumps (ppo)", "stumps (sac)"}
    assert list(dict.fromkeys(run.label for run in found.runs)) == ["random", "adr (low)", "adr (high)"]
    args = {run.label: run.content.get("teacher_args") for run in found.runs}
    assert args["adr (low)"] == {"expert": {"good_return": 180}}
    assert args["adr (high)"] == {"expert": {"good_return": 180, "initial_mean": [0, 6]}}


def test_the_teachers_arguments_win_over_common_ones_one_by_one():
    plain = {
        **TOY,
        "seeds": 1,
        "common": {"episodes": 9, "teacher": "alp-gmm", "teacher_args": {"fit_rate": 20, "random_task_ratio": 0.1}},
        "teachers": {"a": {}, "b": {"teacher_args": {"fit_rate": 50}}, "c": {"teacher": "random"}},
    }
    args = {run.teacher: run.content.get("args") for run in experiment(plain, environments=["2d-10"]).runs}
    assert args == {
        "a": {"fit_rate": 20, "random_task_ratio": 0.1},
        "b": {"fit_rate": 50, "random_task_ratio": 0.1},
        "c": None,
    }


def test_cells_can_be_left_out():
    found = experiment(leave_out=[{"teacher": "alp-gmm", "environment": ["arms-noisy"]}])
    assert "alp-gmm | arms-noisy" not in names(found)
    assert len(names(found)) == 3


def test_equal_cells_are_one_run():
    found = experiment(teachers={"one": {"teacher": "random"}, "two": {"teacher": "random"}}, seeds=1)
    assert (len(found.runs), len(found.distinct)) == (4, 2)


def test_the_key_of_a_run_depends_on_its_content_and_not_on_its_labels():
    a, b, c = (
        experiment(teachers={label: {"teacher": "random"}}, seeds=[seed], environments=["2d-10"]).runs[0]
        for label, seed in (("a", 1), ("b", 1), ("a", 2))
    )
    assert a.key == b.key != c.key


def test_what_a_setting_has_by_default_makes_no_other_run_of_it():
    given = experiment(POLE, common={**POLE["common"], "test_set": None, "env_args": {}})
    assert [run.key for run in given.runs] == [run.key for run in experiment(POLE).runs]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sed": 3}, r"Unknown setting of an experiment 'sed'.*seeds"),
        ({"common": {"episods": 3}}, r"common: Unknown setting 'episods'.*episodes"),
        ({"teachers": {"random": {"teacher_arg": {}}}}, r"teachers, random: Unknown setting 'teacher_arg'"),
        ({"teachers": ["randon"]}, r"teachers, randon: Unknown teacher 'randon'.*random"),
        ({"environments": {"x": {"space": "2d"}}}, r"random on x: Unknown toy space '2d'"),
        ({"environments": {"x": {"space": "arms-nois"}}}, r"arms-noisy"),
        ({"environments": {"x": {"space": "2d-10", "env": "Maze"}}}, r"both an env and a toy space"),
        ({"seeds": None}, r"The experiment has no seeds: say how many, e.g. `seeds: 5`"),
        ({"seeds": 0}, r"no seeds"),
        ({"seeds": []}, r"no seeds"),
        ({"seeds": [1, 1]}, r"seeds: \[1, 1\] has one of them twice"),
        ({"seeds": -1}, r"seeds: expected a whole number"),
        ({"seeds": True}, r"seeds: expected a whole number"),
        ({"seeds": 10**8}, r"seeds: at most 100,000 of them"),
        ({"common": {"seed": 3}}, r"the seeds are those under 'seeds'"),
        ({"teachers": {}}, r"The experiment has no teachers"),
        ({"environments": None}, r"The experiment has no environments"),
        ({"teachers": ["random", "random"]}, r"teachers: a label is given twice"),
        ({"experts": ["medium"]}, r"experts: Unknown level 'medium'"),
        ({"baseline": "uniform"}, r"baseline: Unknown label 'uniform'"),
        ({"threshold": "high"}, r"threshold: expected a number"),
        ({"threshold": float("nan")}, r"threshold: expected a finite number, got nan"),
        ({"threshold": 10**400}, r"threshold: expected a finite number, got 1000"),
        ({"leave_out": [{"teachr": "random"}]}, r"leave_out: Unknown axis 'teachr'"),
        ({"leave_out": [{"teacher": "plr"}]}, r"leave_out: Unknown teacher 'plr'"),
        ({"leave_out": [{"teacher": ["random", "alp-gmm"]}]}, r"leaves nothing to play"),
        ({"common": {"steps": 100}}, r"The setting steps is for environments, of which the experiment has none"),
        ({"common": {"teacher_args": 3}}, r"expected teacher_args as names and values"),
        ({"common": {"episodes": -3}}, r"episodes must be a whole number"),
        ({"common": 3}, r"common: expected settings and their values"),
        ({"common": 0}, r"common: expected settings and their values"),
        ({"common": {"teacher_args": 0}}, r"expected teacher_args as names and values"),
        ({"teachers": {"random": False}}, r"teachers, random: expected settings and their values"),
        ({"teachers": "random"}, r"teachers: expected labels with their settings or a list of names.*got 'random'"),
        ({"about": [1, 2]}, r"about: expected a text, got \[1, 2\]"),
        ({"about": "\ud800"}, r"a character that stands for none"),
        ({"teachers": {"\ud800": {"teacher": "random"}}}, r"a character that stands for none"),
        ({"common": {"teacher": "oracle"}}, r"teachers, random: this is the name of another teacher.*oracle"),
        ({"common": {"space": "3d-3"}}, r"environments, 2d-10: this is the name of another toy space.*3d-3"),
        (
            {"teachers": {"adr": {}, "adr (low)": {"teacher": "random"}}, "experts": ["low"]},
            r"Two cells are called adr \(low\) on 2d-10 in the tables",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(changes, said):
    with pytest.raises(RequestError, match=said) as caught:
        experiment(**changes)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("setting", "value"), [("experts", ["low", "high"]), ("common", {"expert": "high"})])
def test_expert_knowledge_that_no_environment_has_is_refused(setting, value):
    common = {**POLE["common"], **(value if setting == "common" else {})}
    changes = {"teachers": ["random", "adr"], "common": common, **({setting: value} if setting == "experts" else {})}
    with pytest.raises(RequestError, match=r"adr on pole: .* the environment has no `knowledge`"):
        experiment(POLE, **changes)


def test_a_student_that_stands_for_another_one_is_refused():
    with pytest.raises(RequestError, match="students, ppo: this is the name of another student"):
        experiment(POLE, common={**POLE["common"], "student": "sac"}, students=["ppo", "a2c"])


def test_a_label_may_be_a_name_if_it_says_what_it_stands_for():
    assert experiment(teachers={"oracle": {"teacher": "random"}}).runs[0].content["teacher"] == "random"


def test_what_contains_itself_is_refused():
    about: list = []
    about.append(about)
    with pytest.raises(RequestError, match="contains itself, or is nested too deeply"):
        experiment(about=about)


def test_numbers_may_have_exponents_as_everywhere_else():
    found = experiment(seeds="1e1", threshold="1e-1")
    assert (len(found.seeds), found.threshold) == (10, 0.1)


def test_a_baseline_whose_label_is_a_number_is_found():
    assert experiment(teachers={3: {"teacher": "random"}}, baseline=3).baseline == "3"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("seeds: [", "is not YAML"),
        ("just words", "Expected names and values"),
        ("seeds: 2\nsteps: 3", "Unknown setting"),
        ("seeds: 2\nteachers: {a: {teacher: random}, a: {teacher: alp-gmm}}", "'a' is given twice"),
        ("about: 2020-13-45", "is not YAML"),
        ("seeds: 2\nabout: &a [*a]", "contains itself"),
        ("[" * 5000, "is nested too deeply"),
        ("name: ../elsewhere\nseeds: 2", "name: expected a text that can be a folder's name, got '../elsewhere'"),
        ("name: ''\nseeds: 2", "name: expected a text"),
    ],
)
def test_the_message_about_a_file_names_it(tmp_path, text, said):
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    with pytest.raises(RequestError, match=said) as caught:
        read_experiment(str(file))
    assert "mine.yaml" in str(caught.value)


def test_a_missing_file_and_a_misspelt_name_are_told_apart(tmp_path):
    with pytest.raises(RequestError, match=r"There is no file nowhere\.yaml"):
        read_experiment("nowhere.yaml")
    with pytest.raises(RequestError, match="quickstart"):
        read_experiment("quickstrat")


@pytest.mark.parametrize("name", sorted(ready_made()))
def test_ready_made_experiments_can_be_read_and_say_what_they_are(name):
    found, folder = read_experiment(name)
    assert found.name == name
    assert folder is None
    assert found.about
    assert found.baseline is not None
