"""Papers are drawn from a secret: fixed by it, and different from each other."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
import zlib
from collections import Counter

import pytest
from solution_notebooks import SOUND, STUB, write

from course_kit.grading.authoring.assignment import read
from course_kit.grading.marking.bundle import VARIANTS, _deaf_children, draw_bundle, kept_cases


@pytest.fixture(scope="module")
def solution(tmp_path_factory):
    return write(tmp_path_factory.mktemp("solutions") / "a9_small.ipynb", hidden=HIDDEN)


HIDDEN = "def hidden(f, rng):\n    return {'thirty': f(rng.randn(30))}"


def draw(solution, folder, secret=b"s" * 16, workers=1):
    folder.mkdir(exist_ok=True)
    return draw_bundle(solution, secret, folder, workers, progress=False)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def bundle(solution, cache):
    return draw(solution, cache)


def test_every_variant_asks_all_cases_and_those_that_only_grading_asks(bundle):
    assert len(bundle.variants) == VARIANTS
    assert {tuple(one.case for one in variant) for variant in bundle.variants} == {("five", "nine", "thirty")}


def test_what_is_right_and_what_mistakes_answer_follows_from_the_inputs(bundle):
    for one in (one for variant in bundle.variants for one in variant):
        (x,) = pickle.loads(zlib.decompress(one.inputs)).args
        assert one.right == f"(): {float(f'{x.max() - x.min():.4g}'):g}"
        assert one.mistakes == {"smallest": f"(): {float(f'{x.min():.4g}'):g}"}
        assert one.form == "a number"


def test_no_two_variants_share_an_answer(bundle):
    rights = [one.right for variant in bundle.variants for one in variant]
    assert len(set(rights)) == len(rights)


def test_a_student_has_one_variant_and_a_class_has_all(bundle):
    students = [f"student{n}" for n in range(400)]
    variants = [bundle.variants.index(bundle.variant(student)) for student in students]
    assert variants == [bundle.variants.index(bundle.variant(student)) for student in students]
    assert len(Counter(variants)) == VARIANTS
    assert max(Counter(variants).values()) < 2 * 400 / VARIANTS


def test_the_same_secret_draws_the_same_and_another_does_not(bundle, solution, tmp_path):
    assert draw(solution, tmp_path / "a", workers=2).digest == bundle.digest
    assert draw(solution, tmp_path / "b", secret=b"t" * 16).digest != bundle.digest


def test_what_was_drawn_is_kept_and_found_again(solution, tmp_path, monkeypatch):
    first = draw(solution, tmp_path)
    monkeypatch.setattr("course_kit.grading.marking.bundle.ProcessPoolExecutor", None)
    assert draw(solution, tmp_path) == first
    assert [file.suffix for file in tmp_path.iterdir()] == [".pickle"]


def test_an_unfair_exercise_is_refused(tmp_path):
    unfair = write(tmp_path / "a9_small.ipynb", solution="def spread(x):\n    return 1")
    with pytest.raises(ValueError, match="guessed"):
        draw_bundle(unfair, b"s" * 16, tmp_path, progress=False)


def test_ctrl_c_does_not_reach_a_process_that_draws_not_even_while_it_starts():
    """One that ended so early left the command waiting for ever."""
    interrupts_itself = "import os, signal; os.kill(os.getpid(), signal.SIGINT); print('goes on')"
    with _deaf_children():
        said = subprocess.run([sys.executable, "-c", interrupts_itself], capture_output=True, text=True).stdout
    assert said == "goes on\n"
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


MEAN = SOUND["mistakes"] + '\ndef mean(x):\n    """That is the mean."""\n    return x.mean()'


@pytest.mark.parametrize(
    ("parts", "cases"),
    [
        ({"stub": f"{STUB}  # or raise it"}, 3),
        ({"mistakes": SOUND["mistakes"].replace("forgot", "left out")}, 3),
        ({"probe": SOUND["probe"].replace("'five': f(rng.randn(5)), ", "")}, 2),
    ],
)
def test_what_another_edition_asks_alike_is_not_drawn_again(
    bundle, cache, solution, tmp_path, monkeypatch, parts, cases
):
    draw(solution, cache)  # or the last edition would be another test's
    monkeypatch.setattr("course_kit.grading.marking.bundle.ProcessPoolExecutor", None)
    again = draw(write(tmp_path / "a9_small.ipynb", **{"hidden": HIDDEN} | parts), cache)
    assert again.digest != bundle.digest
    assert [variant[-cases:] for variant in bundle.variants] == [*again.variants]


def test_a_new_mistake_answers_the_old_questions(bundle, cache, solution, tmp_path):
    draw(solution, cache)  # or the last edition would be another test's
    again = draw(write(tmp_path / "a9_small.ipynb", hidden=HIDDEN, mistakes=MEAN), cache)
    for old, new in zip(bundle.variants, again.variants, strict=True):
        assert [one.digest for one in old] == [one.digest for one in new]
        for one in new:
            (x,) = pickle.loads(zlib.decompress(one.inputs)).args
            assert one.mistakes["smallest"] == f"(): {float(f'{x.min():.4g}'):g}"
            assert one.mistakes["mean"] == f"(): {float(f'{x.mean():.4g}'):g}"


@pytest.mark.parametrize("part", ["setup", "tools", "solution", "probe", "hidden"])
def test_what_an_answer_rests_on_is_drawn_anew(bundle, part, tmp_path):
    changed = {part: {"hidden": HIDDEN, **SOUND}[part].replace("randn", "rand") + "\nNEW = 1"}
    assignment = read(write(tmp_path / "a9_small.ipynb", **{"hidden": HIDDEN} | changed))
    assert kept_cases(bundle, bundle.assignment, 0, "spread") == bundle.variants[0]
    assert kept_cases(bundle, assignment, 0, "spread") == ()
