"""What a notebook uses of its folder is there when it is checked, as it is in grading if it is handed in."""

from __future__ import annotations

from course_kit.grading.handed_in.beside import used_by

CODE = ["import numpy, helper", "from  package.part import one\nopen('data/t.csv')", "open('./notes.txt'); other = 1"]


def test_what_the_code_names_is_used_and_the_student_is_told(tmp_path):
    for name in ("helper.py", "package/part.py", "data/t.csv", "notes.txt", "other.txt", "a2.ipynb", ".git/config"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    found = used_by(tmp_path / "a1.ipynb", CODE)
    assert found.files == {name: name.encode() for name in ("data/t.csv", "helper.py", "notes.txt", "package/part.py")}
    assert list(found.notes()) == [f"hand in with the notebook, which uses them: {', '.join(found.files)}"]


def test_what_grading_would_not_take_is_not_used(tmp_path):
    (tmp_path / "helper.py").write_bytes(b"#" * 2_000_001)
    found = used_by(tmp_path / "a1.ipynb", CODE)
    assert (found.files, found.left) == ({}, ("helper.py",))
    assert list(found.notes()) == ["not used, because grading takes 50 files of 2 MB in all: helper.py"]
