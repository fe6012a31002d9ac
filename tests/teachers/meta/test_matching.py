"""Who becomes the expert of a new student."""

import numpy as np
import pytest
from tutelage.teachers.meta import GaussianHistory
from tutelage.teachers.meta.matching import find_expert, useful

from .small_classroom import history, make_room, student

KNOWS = {"a": ([1, 0, 0], [10, 0, 0]), "b": ([0, 1, 0], [25, 25, 0]), "c": ([0.9, 0.1, 0], [0, 0, 20])}


def find(room, knows=(1, 0, 0), **arguments):
    """The name of the expert, None without."""
    settings = {"pretest": 0, "k": 5, "alp_threshold": 0.2, "return_bounds": None, "rng": np.random.default_rng(0)}
    found = find_expert(room, knows, **{**settings, **arguments})
    return None if found is None else found.name


@pytest.fixture
def room(tmp_path):
    return make_room(tmp_path / "room", *(student(name, *vectors) for name, vectors in KNOWS.items()))


@pytest.mark.parametrize(("k", "expert"), [(1, "a"), (2, "c"), (3, "b")])
def test_the_worked_example(room, k, expert):
    """Final sums of 10, 50 and 20, the query is a's own knowledge (facts, trace T15)."""
    assert find(room, k=k) == expert


def test_the_nearest_student_is_the_expert_with_k_one(room):
    assert [find(room, knows, k=1) for knows in ([0, 0.9, 0], [0.9, 0.2, 0])] == ["b", "c"]


def test_the_best_of_all_is_the_expert_with_k_of_the_classrooms_size(room):
    for knows in ([1, 0, 0], [0, 0, 9], [5, 5, 5]):
        assert find(room, knows, k=3) == "b"


def test_more_neighbours_than_students_are_all_of_them(room):
    assert find(room, k=100) == "b"


def test_the_nearest_of_equally_good_students_is_the_expert(tmp_path):
    room = make_room(tmp_path / "room", student("far", [0, 5, 0]), student("near", [0, 1, 0]))
    assert find(room, [0, 0, 0]) == "near"


def test_the_expert_comes_with_its_curriculum(tmp_path):
    room = make_room(tmp_path / "room", student("a", gaussians=history([[0.1, 0], [0.7, 1]], alps=[0.1, 0.4])))
    found = find_expert(
        room, [0, 0, 0], pretest=0, k=1, alp_threshold=0.2, return_bounds=None, rng=np.random.default_rng(0)
    )
    assert (found.number, found.name, found.curriculum.means.tolist()) == (0, "a", [[0.7, 1.0]])


# --- Students of no use -----------------------------------------------------------------------------------------------

OF_NO_USE = {
    "it knew less at the end": student("bad", [1, 0, 0], [0, 0, 0]),
    "no Gaussian progressed": student("bad", [1, 0, 0], [99, 0, 0], history(alps=[0.2])),
    "it had no Gaussians": student("bad", [1, 0, 0], [99, 0, 0], GaussianHistory.empty(2)),
    "all its returns were the same": student("bad", [1, 0, 0], [99, 0, 0], history(alps=[0.0], returns=[0.5, 0.5])),
}


@pytest.mark.parametrize("why", OF_NO_USE)
def test_a_student_that_learned_nothing_is_no_expert(tmp_path, why):
    room = make_room(tmp_path / "room", OF_NO_USE[why], student("good", [0, 9, 9], [1, 9, 9]))
    for match in ("knowledge", "random"):
        assert find(room, k=1, match=match) == "good"


@pytest.mark.parametrize("why", OF_NO_USE)
def test_without_anyone_of_use_there_is_no_expert(tmp_path, why):
    room = make_room(tmp_path / "room", OF_NO_USE[why])
    assert find(room) is None
    assert find(room, match="random") is None


def test_an_empty_classroom_has_no_expert(tmp_path):
    for match in ("knowledge", "random"):
        assert find(make_room(tmp_path / match), match=match) is None


def test_a_student_as_good_at_the_end_as_at_first_is_of_use(tmp_path):
    assert find(make_room(tmp_path / "room", student("a", [1, 0, 0], [0, 0, 1]))) == "a"


def test_progress_is_measured_by_the_bounds_of_the_returns(tmp_path):
    room = make_room(tmp_path / "room", student("a", gaussians=history(alps=[90.0], returns=[0.0, 100.0])))
    assert find(room) == "a"
    assert find(room, return_bounds=(-150.0, 350.0)) is None
    assert useful(room.summaries(), alp_threshold=0.1, return_bounds=(-150.0, 350.0)).tolist() == [True]


@pytest.mark.parametrize("damage", [lambda file: file.unlink(), lambda file: file.write_bytes(b"PK nonsense")])
def test_a_student_whose_file_is_missing_or_damaged_is_passed_over_with_a_warning(room, damage):
    damage(room.folder / "students" / "00000001.npz")
    with pytest.warns(UserWarning, match=r"00000001.npz .* The student is passed over"):
        assert find(room, k=3) == "c"


def test_a_classroom_whose_files_are_all_gone_has_no_expert(room):
    for file in (room.folder / "students").iterdir():
        file.unlink()
    with pytest.warns(UserWarning, match="passed over"):
        assert find(room) is None


@pytest.mark.filterwarnings("ignore:.* The student is passed over")
def test_very_many_damaged_students_are_not_all_tried(room, monkeypatch):
    import tutelage.teachers.meta.matching as module

    monkeypatch.setattr(module, "_MOST_BAD", 2)
    for file in (room.folder / "students").iterdir():
        file.unlink()
    with pytest.warns(UserWarning, match=r"More than 2 students of .* cannot be read"):
        assert find(room) is None


# --- Ablations --------------------------------------------------------------------------------------------------------


@pytest.fixture
def kinds(tmp_path):
    legs = {"short": 0.5, "long": 2.0, "longer": 2.2}
    return make_room(
        tmp_path / "room", *(student(name, kind={"legs": size, "body": "walker"}) for name, size in legs.items())
    )


def test_a_student_can_be_matched_by_its_kind(kinds):
    for size, expert in ((0.7, "short"), (2.05, "long"), (9.0, "longer")):
        assert find(kinds, k=1, match="kind", kind={"legs": size, "body": "walker"}) == expert


def test_words_of_a_kind_are_equal_or_not(tmp_path):
    students = [student("w", kind={"body": "walker", "legs": 1.0}), student("c", kind={"body": "climber", "legs": 1.4})]
    room = make_room(tmp_path / "room", *students)
    assert find(room, k=1, match="kind", kind={"body": "climber"}) == "c"
    assert find(room, k=1, match="kind", kind={"body": "walker", "legs": 1}) == "w"


def test_numbers_of_a_kind_count_as_shares_of_their_range(tmp_path):
    kinds = [{"legs": 0.0, "mass": 0.0}, {"legs": 1.0, "mass": 900.0}, {"legs": 0.0, "mass": 1000.0}]
    room = make_room(tmp_path / "room", *(student(f"s{i}", kind=kind) for i, kind in enumerate(kinds)))
    assert find(room, k=1, match="kind", kind={"legs": 0.0, "mass": 940.0}) == "s2"


def test_a_student_whose_kind_is_not_known_is_not_matched_by_it(tmp_path):
    room = make_room(tmp_path / "room", student("a"), student("b", kind={"legs": 9.0}))
    assert find(room, match="kind", kind={"legs": 0.0}) == "b"
    assert find(room, match="kind", kind={"arms": 0.0}) is None


def test_the_best_of_several_similar_kinds_is_the_expert(tmp_path):
    finals = ([1, 1, 1], [5, 5, 5], [9, 9, 9])
    room = make_room(
        tmp_path / "room", *(student(f"s{i}", final=final, kind={"legs": i}) for i, final in enumerate(finals))
    )
    assert find(room, k=2, match="kind", kind={"legs": 0}) == "s1"


@pytest.mark.parametrize("kind", [None, {}])
def test_a_kind_that_was_not_told_is_asked_for(kinds, kind):
    with pytest.raises(ValueError, match=r"needs to be told what kind of student this is: pretest\(components, kind="):
        find(kinds, match="kind", kind=kind)


def test_a_random_expert_is_any_student(room):
    found = {find(room, match="random", k=1, rng=np.random.default_rng(seed)) for seed in range(30)}
    assert found == {"a", "b", "c"}


def test_a_share_of_the_classroom_is_drawn_at_random(room):
    found = [find(room, k=3, share=0.34, rng=np.random.default_rng(seed)) for seed in range(60)]
    assert set(found) == {"b", "c"}  # two of three students: b is the best if it is among them
    assert 0.5 < found.count("b") / 60 < 0.85
    alone = {find(room, k=3, share=0.01, rng=np.random.default_rng(seed)) for seed in range(40)}
    assert alone == {"a", "b", "c"}


def test_the_same_generator_finds_the_same_expert(room):
    for settings in ({"match": "random"}, {"share": 0.5}):
        first, second = (find(room, **settings, rng=np.random.default_rng(5)) for _ in range(2))
        assert first == second


@pytest.mark.parametrize("match", ["knowledge", "kind", "random"])
def test_a_student_added_meanwhile_is_left_for_the_next_time(kinds, match, monkeypatch):
    read = type(kinds).summaries

    def and_another_comes(room):
        found = read(room)
        room.append(student(f"late {len(room)}", kind={"legs": 0.7}))
        return found

    monkeypatch.setattr(type(kinds), "summaries", and_another_comes)
    assert find(kinds, k=1, match=match, kind={"legs": 0.7}) in {"short", "long", "longer"}


@pytest.mark.parametrize("kind", [{"legs": None}, "short", {"legs": np.nan}, {"legs": 10**400}])
def test_a_kind_that_is_none_is_refused_before_anything_is_drawn(kinds, kind):
    rng = np.random.default_rng(0)
    with pytest.raises(ValueError, match="kind"):
        find(kinds, match="kind", kind=kind, share=0.5, rng=rng)
    assert rng.random() == np.random.default_rng(0).random()


def test_a_kind_that_no_student_has_is_named(tmp_path):
    room = make_room(tmp_path / "legs", student("a", kind={"legs": 0.5}))
    with pytest.warns(UserWarning, match=r"match='kind' compares leg, of which no student .* they know legs"):
        assert (
            find_expert(
                room,
                [0, 0, 0],
                pretest=0,
                k=1,
                alp_threshold=0.0,
                return_bounds=None,
                rng=np.random.default_rng(0),
                match="kind",
                kind={"leg": 0.5},
            )
            is None
        )
