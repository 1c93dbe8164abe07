from __future__ import annotations

from course_kit.grading.containment.staging import stage


def test_the_stage_is_the_course_without_what_is_withheld(tmp_path):
    stage(tmp_path, ["course_lib.metrics", "course_lib.models"])
    there = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.py")}
    assert {"course_lib/losses.py", "course_lib/graph.py", "course_kit/grading/asking/answering.py"} <= there
    assert not {path for path in there if path.startswith(("course_lib/metrics", "course_lib/models"))}
    assert not list(tmp_path.rglob("__pycache__"))


def test_of_the_kit_the_stage_holds_what_asks_and_what_runs_the_kernel(tmp_path):
    stage(tmp_path, [])
    kit = tmp_path / "course_kit"
    assert {path.name for path in kit.iterdir()} == {"__init__.py", "grading"}
    assert {path.name for path in (kit / "grading").iterdir()} == {"__init__.py", "asking", "containment"}
    engine = {"__init__.py", "cgroup.py", "confine.py", "kernel.py", "system_calls.py", "warm.py"}
    assert {path.name for path in (kit / "grading/containment").iterdir()} == engine
