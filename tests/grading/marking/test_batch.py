"""A class is graded once, whatever comes between."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace

import pytest

from course_kit.grading.authoring.assignment import Assignment, Exercise
from course_kit.grading.handed_in.collect import Submission
from course_kit.grading.handed_in.run import HandedIn, Run
from course_kit.grading.marking.batch import TRIES, Stored, grade_all, grade_with, stored_run
from course_kit.grading.marking.bundle import Bundle, ExamCase
from course_kit.grading.marking.grade import digest
from course_kit.grading.marking.grader import GraderDied, NoSandbox
from course_kit.grading.marking.result import CaseResult, ExerciseResult, Given, Result

EXERCISE = Exercise("spread", 100, 20.0, "def spread(x):\n    ...", mistakes="")
VARIANT = (ExamCase("spread", "five", b"", 4, 20.0, "(): 1.234", "a number", {}),)
BUNDLE = Bundle(Assignment("a9_small", [], "A9", exercises={"spread": EXERCISE}), b"secret", (VARIANT,), "bundle")


def submission(student: str, content: bytes = b"{}") -> Submission:
    return Submission(student, f"{student}.ipynb", content, None)


def result(one: Submission, sandbox: str = "namespaces", flags: tuple[str, ...] = ()) -> Result:
    cases = {"five": CaseResult("right")}
    exercises = (ExerciseResult("spread", 100, cases),)
    answers = {"spread": {"five": Given(VARIANT[0].digest, "(): 1.234")}}
    return Result("a9_small", "bundle", digest(one.content), sandbox, exercises, {}, flags, {}, answers)


class Desk:
    """Stands in for graders: remembers whom it graded."""

    def __init__(self, sandbox: str = "namespaces") -> None:
        self.graded, self.sandbox = [], sandbox

    def __call__(self, one: Submission) -> Future:
        self.graded.append(one.student)
        future = Future()
        future.set_result(result(one, self.sandbox))
        return future


@pytest.fixture
def run(tmp_path):
    def grade(submissions, desk, level="namespaces", bundle=BUNDLE, **options):
        stored = Stored.below(tmp_path, [one.student for one in submissions])
        return grade_all(bundle, submissions, stored, desk, level, progress=False, **options).results

    return grade


def test_a_second_run_grades_only_what_changed(run):
    run([submission("ann"), submission("bob")], Desk())
    second = Desk()
    results = run([submission("ann"), submission("bob", b"{ }"), submission("cid")], second)
    assert second.graded == ["bob", "cid"]
    assert list(results) == ["ann", "bob", "cid"]


def test_other_questions_or_a_wish_grade_everybody_again(run):
    class_ = [submission("ann"), submission("bob")]
    run(class_, Desk())
    asked = replace(BUNDLE, variants=((replace(VARIANT[0], inputs=b"other"),),))
    for options in ({"bundle": asked}, {"regrade": True}):
        desk = Desk()
        run(class_, desk, **options)
        assert desk.graded == ["ann", "bob"]


def test_what_ran_unconfined_is_graded_again_where_it_can_be_confined(run):
    run([submission("ann")], Desk("none"), level="none")
    for level, graded in (("none", []), ("namespaces", ["ann"])):
        desk = Desk()
        run([submission("ann")], desk, level)
        assert desk.graded == graded


def test_a_damaged_result_is_no_result(run, tmp_path):
    run([submission("ann")], Desk())
    shown, kept = tmp_path / "results/ann.json", tmp_path / "private/answers/ann.json"
    for file, graded in ((kept, ["ann"]), (shown, [])):
        file.write_text('{"half": ')
        desk = Desk()
        run([submission("ann")], desk)
        assert desk.graded == graded
        assert Result.from_json(file.read_text()) == result(submission("ann"))


def test_whoever_was_done_before_a_failure_stays_done(run, tmp_path):
    def broken(one: Submission) -> Future:
        if one.student == "ann":
            return Desk()(one)
        future = Future()
        future.set_exception(KeyboardInterrupt())
        return future

    with pytest.raises(KeyboardInterrupt):
        run([submission("ann"), submission("bob")], broken)
    desk = Desk()
    run([submission("ann"), submission("bob")], desk)
    assert desk.graded in (["bob"], ["ann", "bob"])
    assert len(list(tmp_path.glob("results/*.json"))) == 2


class Dying:
    """A grader that dies some times before it answers."""

    def __init__(self, times: int) -> None:
        self.times, self.asked = times, 0

    def grade(self, student: str, content: bytes, beside: object = None) -> Result:
        self.asked += 1
        if self.asked <= self.times:
            raise GraderDied
        return result(submission(student, content))


def test_a_grader_that_dies_tries_again(run):
    assert grade_with(Dying(TRIES - 1), BUNDLE, submission("ann"), "namespaces").points == 100


def test_where_no_submission_can_be_run_nobody_gets_points_or_none(run):
    class Helpless(Dying):
        def grade(self, student: str, content: bytes, beside: object = None) -> Result:
            raise NoSandbox

        def close(self) -> None:
            self.asked += 1

    with pytest.raises(NoSandbox):
        grade_with(Helpless(0), BUNDLE, submission("ann"), "none")


@pytest.mark.parametrize(("deaths", "again"), [(TRIES, []), (TRIES + 1, ["ann"])])
def test_what_no_grader_survives_earns_nothing_and_is_not_paid_for_twice_if_it_is_to_blame(deaths, again, run):
    """It is where the grader survives an empty notebook; where it does not, the machine may be."""
    lost = grade_with(Dying(deaths), BUNDLE, submission("ann"), "namespaces")
    assert (lost.points, lost.exercises[0].cases["five"].outcome) == (0, "no answer")
    assert "grader itself ended" in lost.flags[0]

    def desk(one: Submission) -> Future:
        future = Future()
        future.set_result(lost)
        return future

    run([submission("ann")], desk)
    second, third = Desk(), Desk()
    run([submission("ann")], second)
    assert second.graded == again
    run([submission("ann")], third, regrade=True)
    assert third.graded == ["ann"]


def test_run_and_results_are_read_again(tmp_path):
    run = Run("a9_small.ipynb", "", "", "none", "", {"ada": HandedIn("ada.ipynb", "", ()), "ben": HandedIn("", "", ())})
    graded = result(submission("ada"))
    (tmp_path / "results").mkdir()
    (tmp_path / "run.json").write_text(run.to_json(), "utf-8")
    (tmp_path / "results/ada.json").write_text(graded.to_json(), "utf-8")
    assert stored_run(tmp_path) == (run, {"ada": graded})


def test_a_folder_where_nothing_was_graded_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"holds no run\.json"):
        stored_run(tmp_path)
