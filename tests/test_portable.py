"""What another processor turns is found: by the tool on a test that turns, and by the tool on our own."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SPEC = importlib.util.spec_from_file_location("portable", ROOT / "tools/portable.py")
portable = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(portable)

PROBE = "import os\nprint(os.environ.get('COURSE_SEED'))"  # of settings that differ in nothing else

TURNS = """
import os, pytest

def test_of_one_seed():
    assert "COURSE_SEED" not in os.environ

def test_that_holds():
    assert True

def test_left_out():
    pytest.skip()
"""


@pytest.mark.slow
def test_a_test_that_turns_is_named_under_the_setting_that_turned_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(portable, "PROBE", PROBE)
    settings = {name: portable.SETTINGS[name] for name in (portable.HERE, "other seeds")}
    monkeypatch.setattr(portable, "SETTINGS", settings | {"another name for here": {"OMP_NUM_THREADS": "1"}})
    portable.bits.cache_clear()
    (tmp_path / "test_turns.py").write_text(TURNS)
    assert portable.main([str(tmp_path)]) == 1
    header, turned, others, unplayed = capsys.readouterr().out.split("\n\n")[-1].splitlines()
    assert header.split() == ["as", "here", "other", "seeds"]
    assert turned.split()[0].endswith("test_of_one_seed")
    assert turned.split()[1:] == ["✓", "✗"]
    assert others.split() == ["1", "others", "✓", "✓"]
    assert unplayed.startswith("another name for here: ")


@pytest.mark.slow
def test_what_holds_everywhere_is_no_finding(tmp_path, monkeypatch):
    monkeypatch.setattr(portable, "PROBE", PROBE)
    monkeypatch.setattr(portable, "SETTINGS", {portable.HERE: {}, "other seeds": {"COURSE_SEED": "100"}})
    portable.bits.cache_clear()
    (tmp_path / "test_holds.py").write_text("def test_that_holds():\n    assert 1 + 1 == 2\n")
    assert portable.main([str(tmp_path)]) == 0


def test_a_setting_the_processor_dies_of_is_not_played(monkeypatch):
    monkeypatch.setattr(portable, "PROBE", PROBE)
    monkeypatch.setattr(portable, "SETTINGS", {portable.HERE: {}, "no such path": {"PYTHONHOME": "/nowhere"}})
    portable.bits.cache_clear()
    assert portable.bits("no such path") is None
    assert not portable.playable("no such path")


@pytest.mark.slow
def test_the_quick_tests_hold_under_another_arithmetic():
    """The short form of `make portable`, in every round; where only seeds can be played, it plays seeds."""
    assert portable.main(["--short"]) == 0
