from __future__ import annotations

import os

import pytest

from course_kit.grading.containment import users
from course_kit.grading.containment.confine import NOBODY
from course_kit.grading.containment.users import FREE, User

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


@ROOT_ONLY
def test_each_grader_has_a_user_of_its_own_until_it_ends():
    first, second = User(), User()
    assert {first.number, second.number} < set(FREE)
    assert first.number != second.number
    freed = second.number
    del second
    assert User().number == freed


def test_where_no_user_is_free_or_none_can_be_had_it_is_nobody(monkeypatch):
    monkeypatch.setattr(users, "FREE", ())
    assert User().number == NOBODY
    monkeypatch.setattr(users, "FREE", FREE)
    monkeypatch.setattr(users, "_is_known", lambda number: False)
    assert User().number == NOBODY
    monkeypatch.setattr(users.os, "geteuid", lambda: 1000)
    assert User().number == NOBODY
