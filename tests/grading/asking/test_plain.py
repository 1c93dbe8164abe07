from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import torch

from course_kit.grading.asking.plain import MOST_NUMBERS, MOST_TOLD, read, told


def numbers(*values: object, shape: list | None = None) -> str:
    return json.dumps({"shape": [len(values)] if shape is None else shape, "numbers": list(values)})


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ([[1, 2], [3, 4]], np.int64),
        (torch.tensor([[0.5, 2.0], [3.0, 4.0]]), np.float64),
        (np.array([True, False]), np.int64),
        (torch.arange(6.0).reshape(2, 3), np.int64),  # whole numbers are ids, whatever their type is
        (pd.DataFrame({"a": [0.25, 1.0]}), np.float64),
        ([float("nan"), float("inf")], np.float64),
        (7, np.int64),
        ([], np.int64),
    ],
)
def test_numbers_come_back_as_an_array(value, kind):
    back = read(told(value))
    assert back.dtype == kind
    np.testing.assert_allclose(back, np.asarray(value, dtype=np.float64))


def test_dicts_and_lists_keep_their_form():
    value = {"lists": [[1, 2], [3]], "loss": 0.123456789123}
    back = read(told(value))
    assert [part.tolist() for part in back["lists"]] == [[1, 2], [3]]
    assert back["loss"] == 0.123456789


@pytest.mark.parametrize(
    "value",
    [None, "text", {1, "a"}, object(), [object()], {"a": None}, [[[[[[[1], 2]]]]]], torch.zeros(MOST_NUMBERS + 1)],
)
def test_what_is_no_plain_numbers_is_told_as_nothing(value):
    assert "null" in told(value)
    with pytest.raises(ValueError, match=r"\S"):
        read(told(value))


FORGED = {
    "no JSON": "(): 1",
    "nothing": "",
    "a pickle": "\x80\x04K\x01.",
    "a number": "5",
    "a text": '"a"',
    "no shape": '{"numbers": [1]}',
    "another shape": numbers(1, 2, shape=[3]),
    "a negative shape": numbers(shape=[-1, 0]),
    "a shape of truth": numbers(1, shape=[True]),
    "a shape of floats": numbers(1, shape=[1.0]),
    "a shape that is none": '{"shape": 5, "numbers": []}',
    "too many axes": numbers(1, shape=[1] * 99),
    "truth": numbers(True),
    "a text among numbers": numbers(1, "2"),
    "a list among numbers": numbers(1, [2]),
    "a number too large for a float": '{"shape": [], "numbers": [1' + "0" * 999 + "]}",
    "a number too long to read": '{"shape": [], "numbers": [' + "9" * 9999 + "]}",
    "too deep": "[" * 50 + numbers(1) + "]" * 50,
    "far too deep": "[" * 200_000,
    "parts that are none": '{"parts": [1]}',
    "too long": numbers(1) + " " * MOST_TOLD,
}


@pytest.mark.parametrize("what", FORGED)
def test_what_nobody_told_is_refused(what):
    with pytest.raises(ValueError, match=r"\S"):
        read(FORGED[what])


def test_odd_numbers_are_read_as_they_are():
    assert read(numbers(1e999, float("nan"), -0.0)).dtype == np.float64
    assert read(numbers(shape=[10**12, 0])).shape == (10**12, 0)
    assert read(numbers(2**62)).dtype == np.float64
