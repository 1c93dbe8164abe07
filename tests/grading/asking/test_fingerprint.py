from __future__ import annotations

import collections
import decimal
import enum
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import torch

from course_kit.grading.asking.fingerprint import fingerprint, form, is_clear, is_guessable, summary, tells, vanishing

NUMBERS = [[0.12345678, -2.0], [1e-9, 3.14159265]]


@pytest.mark.parametrize(
    "same",
    [
        tuple(map(tuple, NUMBERS)),
        np.array(NUMBERS),
        np.array(NUMBERS, dtype=np.float32),
        torch.tensor(NUMBERS),
        torch.tensor(NUMBERS, dtype=torch.float64, requires_grad=True),
        torch.tensor(NUMBERS).to_sparse(),
        [torch.tensor(row) for row in NUMBERS],
        [[torch.tensor(number) for number in row] for row in NUMBERS],
        scipy.sparse.csr_matrix(NUMBERS),
        pd.DataFrame(NUMBERS),
    ],
    ids=lambda value: type(value).__name__,
)
def test_one_value_has_one_text_whatever_holds_it(same):
    assert fingerprint(same) == fingerprint(NUMBERS) == "(2, 2): 0.123 -2 0 3.142"


SINGLE = [
    5 / 12,
    np.float32(5 / 12),
    torch.tensor(5 / 12),
    torch.tensor(5 / 12).double(),
    Fraction(5, 12),
    Decimal(5) / 12,
]


@pytest.mark.parametrize("single", SINGLE, ids=lambda value: type(value).__name__)
def test_a_number_alike(single):
    assert fingerprint(single) == "(): 0.4167"
    assert form(single) == "a number"


def test_what_a_notebook_sets_for_its_own_numbers_changes_nothing():
    tiny = [1e-310] * 20
    usual = fingerprint(NUMBERS), fingerprint(tiny)
    with decimal.localcontext(decimal.Context(prec=1, traps=[decimal.Inexact])), np.errstate(all="raise"):
        assert (fingerprint(NUMBERS), fingerprint(tiny)) == usual


@pytest.mark.parametrize("one", [1, True, 1.0, 0.99999994, torch.tensor(1), np.bool_(True)])
def test_one_is_one(one):
    assert fingerprint([one, 1 / 3]) == "(2,): 1 0.333"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (0.5, [0.5]),
        ([1, 2], [[1, 2]]),
        ([1, 2], [2, 1]),
        (0.4167, 0.4166),
        ({"a": 1}, {"b": 1}),
        ({"a": 1}, 1),
        (None, 0),
        ("0.5", 0.5),
        (float("nan"), 0),
        (float("inf"), float("-inf")),
        (np.arange(100), np.arange(100)[::-1]),
        (np.arange(100), np.arange(100).reshape(10, 10)),
        (np.arange(100), np.where(np.arange(100) == 50, 51, np.arange(100))),
        (np.full(100, np.nan), np.zeros(100)),
    ],
)
def test_other_values_have_other_texts(first, second):
    assert fingerprint(first) != fingerprint(second)


def test_digits_are_counted_from_the_largest_number_of_the_case():
    assert fingerprint({"large": 1234.56, "small": [0.4567]}) == "['large'](): 1235; ['small'](1,): 0"
    assert fingerprint([1e-7, -9e-7]) == "(2,): 0 0"
    assert fingerprint([1.23456e-5]) == "(1,): 0.00001235"
    assert fingerprint(-1e-30) == "(): 0"


def test_empty_is_a_shape_of_its_own():
    assert fingerprint([]) == fingerprint(torch.empty(0)) == "(0,): "
    assert fingerprint({}) != fingerprint([])


def test_keys_are_sorted_and_keep_their_type():
    assert fingerprint({"b": 1, "a": 2}) == fingerprint({"a": 2, "b": 1})
    assert fingerprint({1: 2}) != fingerprint({"1": 2})


class Bunch(dict):
    __getattr__ = dict.__getitem__  # a name that it lacks is a KeyError


class Key(str, enum.Enum):
    A = "a"
    B = "b"


@pytest.mark.parametrize(
    "same",
    [
        Bunch(a=2.5, b=[1, 2]),
        {Key.B: [1, 2], Key.A: 2.5},
        {np.str_("a"): 2.5, np.str_("b"): np.array([1, 2])},
        collections.OrderedDict(b=(1, 2), a=2.5),
        collections.ChainMap({"a": 2.5}, {"b": [1, 2]}),
    ],
    ids=["attributes", "enumeration", "numpy", "in order", "several"],
)
def test_a_dict_of_any_kind_is_what_it_holds(same):
    assert fingerprint(same) == fingerprint({"a": 2.5, "b": [1, 2]})
    assert fingerprint([same, same]) == fingerprint([{"a": 2.5, "b": [1, 2]}] * 2)


def test_keys_of_numpys_numbers_are_pythons():
    assert fingerprint({np.int64(1): 2.5}) == fingerprint({1: 2.5})


def test_a_large_array_agrees_over_precisions_and_layouts():
    x = np.random.default_rng(0).normal(size=(30, 40)) * (np.random.default_rng(1).random((30, 40)) < 0.1)
    texts = {fingerprint(value) for value in (x, x.astype(np.float32), torch.tensor(x).to_sparse_csr(), x.tolist())}
    assert len(texts) == 1
    assert len(texts.pop()) < 120


def test_what_is_no_number_is_named_and_never_shown():
    assert fingerprint({"a": b"<script>", "b": object()}) == "['a']: a bytes; ['b']: a object"
    assert fingerprint([[[[[["deep"]]]]]]) == "[0][0][0][0]: a list"


@pytest.mark.parametrize(
    ("value", "noise", "clear"),
    [
        (0.41666667, 2e-8, True),
        (0.41665, 1e-7, False),  # just between two roundings
        (0.416651, 2e-6, False),  # the noise reaches the boundary
        (0.416680, 1e-5, True),
        ([0.99999, 1 / 3], 1e-6, False),  # a digit more or less, if it is 1 after all
        (1e-9, 2e-9, True),
        (1e-6, 1e-7, False),
        ([float("nan"), 0.3], 1e-7, True),
        (0.3, float("inf"), False),
    ],
)
def test_the_guard_keeps_clear_of_boundaries(value, noise, clear):
    assert is_clear(summary(value), noise, digits=4) == clear


def test_a_clear_value_keeps_its_text_under_noise():
    rng = np.random.default_rng(0)
    kept = 0
    for _ in range(300):
        x = rng.normal(size=5)
        if is_clear(summary(x), 1e-6, 4):
            kept += 1
            assert fingerprint(x + 0.9e-6 * rng.uniform(-1, 1, 5)) == fingerprint(x)
    assert kept > 250


@pytest.mark.parametrize(
    ("exact", "single", "place"),
    [
        ({"interactions": 18_000, "density": 0.0123}, {"interactions": 18_000, "density": 0.0123000002}, "['density']"),
        ({"interactions": 18_000, "density": 0.0}, {"interactions": 18_000, "density": 0.0}, ""),
        ({"interactions": 18_000, "users": 943}, {"interactions": 18_000, "users": 943}, ""),
        ([[1800.0, 0.2], 0.3], [[1800.0, 0.2], 0.3], "[1]"),
        ([1800.0, 0.2], [1800.0, 0.2], ""),  # numbers of one array, not parts
        ({"change": 1.5, "none": 1e-17}, {"change": 1.5, "none": 3e-8}, ""),  # zero, up to rounding
    ],
)
def test_a_part_that_vanishes_beside_another_is_named(exact, single, place):
    assert vanishing(summary(exact), summary(single), digits=4) == place


@pytest.mark.parametrize(
    ("value", "guessable"),
    [
        (True, True),
        ([True, False, True], True),
        (3, True),
        (0.5, True),
        (float("nan"), True),
        (torch.zeros(20, 20), True),
        (-np.ones(50), True),
        (torch.Size([3, 4]), True),
        (None, True),
        ("text", False),  # release asks for eight others
        (0.4167, False),
        ([3, 1, 4, 2], False),
        (np.arange(100), False),
    ],
)
def test_guessable_answers_are_told(value, guessable):
    assert is_guessable(value) == guessable


@pytest.mark.parametrize(
    ("value", "telling"),
    [
        (0.4167, True),
        (-1234, True),
        ([3, 1, 4], True),
        ({"a": 0.5, "b": [7, 0.25]}, True),
        (0, False),
        ([float("nan"), 1], False),
        ([0.25, -0.25], False),
        (None, False),
        ({"123456": None}, False),
    ],
)
def test_an_answer_of_three_digits_tells(value, telling):
    assert tells(fingerprint(value)) == telling


@pytest.mark.parametrize("text", ["raised ValueError", "out of time", "changed its inputs", ""])
def test_a_failure_never_tells(text):
    assert not tells(text)


def test_the_form_says_shapes_and_no_numbers():
    assert form(torch.rand(2, 3)) == "an array of shape (2, 3)"
    assert (
        form({"recall": 0.25, "lists": [[1, 2]]})
        == "a dict with ['lists']: an array of shape (1, 2), ['recall']: a number"
    )
    assert form(None) == "None"


def test_it_works_without_torch():
    code = "import sys, course_kit.grading.asking.check\n"
    code += "from course_kit.grading.asking.fingerprint import *\nfingerprint([[1, 2.5]])"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nprint('torch' in sys.modules)"], capture_output=True, text=True
    )
    assert done.stdout == "False\n"


def test_a_set_is_its_members_in_order():
    assert fingerprint({3, 1.0, 2}) == fingerprint([1, 2, 3]) == fingerprint(frozenset([2, 3, 1]))
    assert fingerprint({"b", 1}) == fingerprint({1, "b"}) != fingerprint({1, "c"})
    assert fingerprint(set()) == fingerprint([])


def test_texts_are_compared_letter_by_letter_and_never_shown():
    texts = ["", "a", "A", "a ", "a" * 1000, "a" * 999 + "b", "ü", "\ud800", "1: 2; 3"]
    assert len({fingerprint(text) for text in texts}) == len(texts)
    assert fingerprint(np.array(["a", "b"])) == fingerprint(["a", "b"]) == fingerprint(pd.Series(["a", "b"]))
    assert form("secret") == "a str"
    assert "secret" not in fingerprint("secret")
    assert fingerprint("secret").count(":") == 1


def test_a_table_is_its_columns_where_it_holds_more_than_numbers():
    table = pd.DataFrame({"user": ["a", "b"], "score": [1.5, 2.5]})
    assert fingerprint(table) == fingerprint({"score": np.array([1.5, 2.5]), "user": ["a", "b"]})
    assert fingerprint(table[["score"]]) == fingerprint([[1.5], [2.5]])
