from __future__ import annotations

import pytest

from course_lib.arguments import refuse, seeded


def test_the_line_says_which_argument_what_came_and_what_was_wanted():
    with pytest.raises(ValueError) as error:
        refuse("k", 0, "at least 1")
    assert str(error.value) == "k: got 0, wanted at least 1"


def test_the_remedy_comes_last():
    with pytest.raises(ValueError) as error:
        refuse("users", [7], "ids in [0, 5)", "map raw ids first")
    assert str(error.value) == "users: got [7], wanted ids in [0, 5); map raw ids first"


@pytest.mark.parametrize("seed", [2**64, -(2**63) - 1, None, 1.5, "3"])
def test_what_no_generator_takes_for_a_seed_is_refused_in_our_words(seed):
    with pytest.raises(ValueError, match=r"^seed: got .*, wanted a whole number"):
        seeded(seed)
    assert seeded(2**64 - 1).initial_seed() == 2**64 - 1
