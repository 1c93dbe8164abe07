"""What lateness costs, worked out by hand."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from refusing import refused

from course_kit.grading.handed_in.late import Late, parse_rule, parse_time, read_late, zone_named

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
DUE = datetime(2026, 11, 30, 18, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("rule", "late", "left"),
    [
        ("none", 30 * DAY, 1),
        ("zero", timedelta(seconds=1), 0),
        ("zero", timedelta(0), 1),
        ("10%/day", timedelta(seconds=1), 0.9),
        ("10%/day", DAY, 0.9),
        ("10%/day", DAY + timedelta(seconds=1), 0.8),
        ("10%/day", 11 * DAY, 0),
        ("10%/day, max 50%", 11 * DAY, 0.5),
        ("2.5%/hour", 3 * HOUR, 0.925),
        ("grace 2h, 10%/day", 2 * HOUR, 1),
        ("10%/day,grace 2h", 2 * HOUR + timedelta(seconds=1), 0.9),
        ("grace 1d, 10 % / day", 25 * HOUR, 0.8),
        ("zero, grace 15min", 16 * HOUR, 0),
        ("zero, max 40%", DAY, 0.6),
    ],
)
def test_what_is_left(rule, late, left):
    assert parse_rule(rule).factor(late) == pytest.approx(left)


@pytest.mark.parametrize("rule", ["", "ten", "10%", "-10%/day", "10%/day, 5%/day", "zero, 10%/day", "max 50%", "none,"])
def test_another_rule_is_refused_in_one_line(rule):
    with refused("late: got"):
        parse_rule(rule)


def test_a_date_is_the_end_of_its_day_and_a_zone_is_kept():
    berlin = zone_named("Europe/Berlin")
    assert parse_time("2026-11-30", "due", berlin).isoformat() == "2026-11-30T23:59:59+01:00"
    assert parse_time("2026-07-30", "due", berlin).isoformat() == "2026-07-30T23:59:59+02:00"
    assert parse_time("2026-11-30T19:00+01:00", "due") == parse_time("2026-11-30T18:00:00Z", "due") == DUE
    assert parse_time("2026-11-30T19:00", "due", berlin) == DUE
    with pytest.raises(ValueError, match="due: got '2026-11-30T18:00', which names no time zone"):
        parse_time("2026-11-30T18:00", "due")
    with pytest.raises(ValueError, match="zone: got 'Mars/Crater'"):
        zone_named("Mars/Crater")
    with pytest.raises(ValueError, match="due: got 'tomorrow', wanted an ISO time"):
        parse_time("tomorrow", "due")


def test_an_extension_moves_one_student(tmp_path):
    table = tmp_path / "extensions.csv"
    table.write_text("student;due;why\nada;2026-12-02T18:00Z;ill\n", "utf-8")
    late = read_late("2026-11-30T18:00Z", "10%/day", table)
    time = DUE + timedelta(hours=30)
    assert late.factor("ada", time) == 1
    assert late.factor("ben", time) == pytest.approx(0.8)
    assert late.lateness("ben", time) == timedelta(hours=30)
    late.refuse_strangers(["ada", "ben"])
    with pytest.raises(ValueError, match="extensions: got ada, wanted ids"):
        late.refuse_strangers(["ben"])


def test_who_handed_in_at_an_unknown_time_loses_nothing():
    assert Late(DUE, parse_rule("zero")).factor("ada", None) == 1
    assert Late().factor("ada", DUE) == 1


def test_a_rule_needs_a_due_time():
    with pytest.raises(ValueError, match="no due time"):
        read_late("", "10%/day")
    assert read_late("", "none").due is None
