"""The lab teaches students with arms."""

from __future__ import annotations

import numpy as np
import pytest
from tutelage import Outcomes, make_teacher
from tutelage.benchmarks.lab.lab import LabConfig, run_lab
from tutelage.benchmarks.lab.presets import lab_preset
from tutelage.benchmarks.lab.run import LabRun, expert_knowledge, play_run, refusals
from tutelage.benchmarks.lab.spaces import lab_space, units_of
from tutelage.envs import ARM_FORMS, TOY_FORMS, ArmStudent
from tutelage.errors import RequestError


def test_a_run_is_a_teacher_and_a_student_with_arms():
    run = LabRun("bandit:sec", "arms-noisy", 3, 320, batch=16, evaluations=4)
    result = play_run(run)
    student = ArmStudent("arms-noisy", 3)
    teacher = make_teacher("bandit:sec", student.task_space, seed=3)
    scores = [0.0]
    for i in range(20):
        tasks = teacher.sample(16)
        solved = student.play(tasks.values)
        columns = {"success": solved, "signals": student.signals(tasks.values, solved)}
        teacher.update(Outcomes(tasks=tasks.values, ids=tasks.ids, returns=solved, lengths=[1] * 16, **columns))
        if i % 5 == 4:
            scores.append(student.score())
    assert result["points"].tolist() == [0, 80, 160, 240, 320]
    assert result["scores"].tolist() == scores
    assert result["film"] is None


def test_all_arms_can_be_mastered_within_the_budget():
    space = lab_space("arms-clean")
    result = play_run(LabRun("random", "arms-clean", 0, space.episodes, batch=16, evaluations=5))
    assert result["scores"][-1] == 100.0


def test_a_page_tells_when_all_arms_were_mastered(tmp_path):
    config = LabConfig(["random", "bandit"], ["arms-clean"], seeds=2, episodes=1_600, batch=16, evaluations=20)
    run_lab(config, tmp_path / "lab", quiet=True)
    page = (tmp_path / "lab/results.md").read_text()
    for text in ("## Arms", "### arms-clean", "Episodes to 100 %", "with all of the arms mastered"):
        assert text in page
    assert (tmp_path / "lab/curves_arms.png").exists()
    assert not list((tmp_path / "lab").glob("animations/*"))


def test_arms_and_toy_spaces_fit_into_one_lab(tmp_path):
    config = LabConfig(["random"], ["2d-10", "arms-noisy"], seeds=1, episodes=160, batch=16, animate=[])
    run_lab(config, tmp_path / "lab", quiet=True)
    page = (tmp_path / "lab/results.md").read_text()
    assert "Percent of cells or arms mastered" in page
    assert "*Episodes to 50 %* or *Episodes to 100 %*" in page
    assert "half of the cells or all of the arms" in page


def test_a_student_with_arms_tells_the_advantage_and_a_toy_student_does_not():
    assert refusals(LabConfig(["bandit:sec"], ["arms-clean"])) == {}
    assert "a toy student cannot give" in refusals(LabConfig(["bandit:sec"], ["2d-10"]))["bandit:sec"]


def test_what_a_student_with_arms_cannot_tell_is_refused():
    why = refusals(LabConfig(["bandit:tapir"], ["arms-clean"]))["bandit:tapir"]
    assert "needs 'oracle_return', which the student of arms-clean cannot give" in why


def test_an_expert_knows_the_easiest_and_the_hardest_arm():
    space = lab_space("arms-impossible")
    knowledge = expert_knowledge(space, space.make_student(0), "high")
    np.testing.assert_array_equal(knowledge.initial_mean, [0.0])
    np.testing.assert_array_equal(knowledge.target_mean, [4.0])


@pytest.mark.parametrize("name", [*TOY_FORMS, *ARM_FORMS, "3d-7+2"])
def test_every_space_of_a_lab_makes_the_student_of_a_seed(name):
    space = lab_space(name)
    student, again = space.make_student(3), space.make_student(3)
    assert student.task_space.n_dims == space.n_dims == len(space.target_task)
    assert student.task_space.contains(student.start_task())
    tasks = student.task_space.sample(50, np.random.default_rng(0))
    np.testing.assert_array_equal(student.play(tasks), again.play(tasks))


@pytest.mark.parametrize(("name", "said"), [("arms-clear", "Did you mean 'arms-clean'"), ("2d10", "toy space")])
def test_an_unknown_space_is_refused(name, said):
    with pytest.raises(RequestError, match=said):
        lab_space(name)


def test_the_preset_has_baselines_that_go_the_wrong_way():
    preset = lab_preset("arms")
    assert {"random", "paced@descending", "paced@random-order", "ladder@hardest", "ladder@easiest"} <= set(
        preset["teachers"]
    )
    assert preset["batch"] == 16
    assert units_of(preset["spaces"]) == "arms"


def test_a_preset_that_is_changed_is_a_copy():
    lab_preset("arms")["teacher_args"]["ladder"]["gate"] = "never"
    assert lab_preset("arms")["teacher_args"]["ladder"]["gate"] != "never"
