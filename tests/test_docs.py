"""What the documents name exists."""

from __future__ import annotations

import argparse
import importlib
import json
import re
import shlex
from pathlib import Path

import pytest

from course_kit.cli import COMMANDS, main
from course_kit.grading.authoring.assignment import read
from course_kit.site.markdown import slug

ROOT = Path(__file__).parents[1]
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in (ROOT / "docs/lecture_map.md").read_text().splitlines()
    if line.startswith("| ") and line[2].isdigit()
]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def headings(number: str) -> set[str]:
    (path,) = (ROOT / "notebooks").glob(f"{number}_*.ipynb")
    text = "\n".join("".join(cell["source"]) for cell in json.loads(path.read_text())["cells"])
    return set(re.findall(r"^## (.+)$", text, flags=re.MULTILINE))


def code_of(path: Path) -> list[str]:
    cells = json.loads(path.read_text())["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_lecture_map_points_at_what_exists(row):
    _, _, section, function, test = row
    number, heading = re.fullmatch(r"`(\d\d)` (.+)", section).groups()
    assert heading in headings(number)
    if function:
        module, name = function.strip("`").rsplit(".", 1)
        assert hasattr(importlib.import_module(f"course_lib.{module}"), name)
        file, name = test.strip("`").split("::")
        assert f"def {name}(" in (ROOT / "tests" / file).read_text()


def test_each_widget_is_in_the_list_with_the_lesson_that_shows_it():
    from course_kit import widgets

    lines = (ROOT / "docs/widgets.md").read_text().splitlines()
    lessons = {row[1].strip(): row[2] for row in (line.split("|") for line in lines if line.startswith("|"))}
    for name in widgets.__all__:
        shown = {path.name[:2] for path in NOTEBOOKS if any(f"{name}(" in cell for cell in code_of(path))}
        assert shown
        assert "all" in lessons[name] or shown == set(re.findall(r"\d\d", lessons[name])), name


def test_the_lecture_map_has_the_rows_that_the_notebooks_cover():
    mapped = {int(number) for row in ROWS for number in row[0].split(",")}
    assert mapped == set(range(1, 90))


def test_each_paper_that_code_or_lessons_name_is_listed_and_each_listed_one_is_named():
    files = [path for package in ("course_lib", "course_kit") for path in (ROOT / package).rglob("*.py")]
    texts = [path.read_text() for path in files] + [(ROOT / "notebooks/results/published.csv").read_text()]
    for path in (ROOT / "notebooks").glob("*.ipynb"):
        texts += ["".join(cell["source"]) for cell in json.loads(path.read_text())["cells"]]
    cited = r"\b(?:Ferrari )?[A-Z]\w+(?: et al\.| & [A-Z]\w+) (?:19|20)\d\d\b|\bSteck 2019\b"
    listed = re.findall(rf"^\| ({cited}) \|", (ROOT / "docs/papers.md").read_text(), flags=re.MULTILINE)
    assert listed == sorted(set(listed))
    assert set(listed) == {paper for text in texts for paper in re.findall(cited, text)}


@pytest.mark.parametrize("path", [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")], ids=lambda path: path.name)
def test_links_in_documents_lead_somewhere(path):
    targets = re.findall(r"\]\((?!http)([^)#]+)\)", path.read_text())
    assert [target for target in targets if not (path.parent / target).exists()] == []


def test_the_lecturers_links_lead_to_a_section_or_a_widget():
    links = re.findall(r"\]\(\.\./notebooks/(\d\d)_\w+\.ipynb#([^)]+)\)", (ROOT / "docs/lecturer.md").read_text())
    assert len(links) > 25
    for number, place in links:
        (path,) = (ROOT / "notebooks").glob(f"{number}_*.ipynb")
        shown = re.findall(r"^(\w+)\(.*\)$", "\n".join(code_of(path)), flags=re.MULTILINE)
        assert place in {slug(heading) for heading in headings(number)} or shown.count(place) == 1, (number, place)


def test_the_readme_begins_with_the_two_commands_and_keeps_the_notice():
    text = (ROOT / "README.md").read_text()
    assert text.index("make lab") < text.index("make test") < text.index("![")
    assert "Stanford CS224W, Jure Leskovec, http://cs224w.stanford.edu" in text


@pytest.mark.parametrize("name", ["instructor", "platforms"])
def test_the_options_that_instructors_read_of_exist(name, capsys):
    text = (ROOT / f"docs/{name}.md").read_text()
    commands = [
        "grade",
        "gradebook",
        "drop",
        "feedback",
        "review",
        "release",
        "check",
        "autograder",
        "convert",
        "lessons",
        "data",
    ]
    assert {main([command, "--help"]) for command in commands} == {0}
    others = {
        "--nthreads",
        "--tag",
        "--rm",
        "--privileged",
        "--network",
        "--volume",
        "--entrypoint",
    }  # Dask's, podman's
    known = set(re.findall(r"--[a-z][a-z-]*", capsys.readouterr().out)) | others
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text)) <= known


def test_each_command_of_the_platforms_page_is_understood():
    text = (ROOT / "docs/platforms.md").read_text()
    parser = argparse.ArgumentParser()
    subparsers = parser.add_subparsers()
    for command in COMMANDS:
        command.add_parser(subparsers)
    names = "|".join(subparsers.choices)
    lines = re.findall(rf"(?:^ *|`|=\S+ |class\" )course ((?:{names}) [^\n`]+)", text, re.M)
    assert len(lines) > 10
    for line in lines:
        parser.parse_args(shlex.split(line))


@pytest.mark.parametrize("name", ["instructor", "platforms"])
def test_links_to_sections_lead_to_one(name):
    for file, section in re.findall(r"\]\(([\w.]*)#([\w-]+)\)", (ROOT / f"docs/{name}.md").read_text()):
        text = (ROOT / "docs" / (file or f"{name}.md")).read_text()
        plain = [re.sub(r"[^\w\s-]", "", line).lower() for line in re.findall(r"^#+ (.+)$", text, re.M)]
        assert section in {heading.replace(" ", "-") for heading in plain}, section


def test_the_container_is_built_from_what_is_there_and_from_nothing_else():
    lines = (ROOT / "Containerfile").read_text().splitlines()
    copied = {name for line in lines if line.startswith("COPY") for name in line.split()[1:-1]}
    sent = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert copied == sent == {name for name in sent if (ROOT / name).exists()}
    assert not {"solutions", "tests"} & copied


def minutes_of(path: Path) -> int:
    """The minutes that a lesson states at its beginning, or the sum of those above an assignment's exercises."""
    text = "\n".join("".join(cell["source"]) for cell in json.loads(path.read_text())["cells"])
    stated = re.search(r"About (\d+) minutes", text)
    return (
        int(stated[1])
        if path.parent.name == "notebooks"
        else sum(map(int, re.findall(r"^> ★.*?(\d+) min", text, re.M)))
    )


def test_the_semester_has_the_minutes_that_notebooks_state_and_lessons_before_their_assignment():
    plan = (ROOT / "docs/instructor.md").read_text().partition("## Planning a semester")[2]
    weeks = re.findall(r"^\| \d \| ([\d, ]+) \| (\d+) \| (A\d) \| (\d+) \|$", plan, re.M)
    taught: set[str] = set()
    for lessons, minutes, name, more in weeks:
        files = [next((ROOT / "notebooks").glob(f"{number}_*.ipynb")) for number in lessons.split(", ")]
        taught |= {file.stem for file in files}
        assert sum(map(minutes_of, files)) == int(minutes)
        assert minutes_of(next((ROOT / "assignments").glob(f"{name.lower()}_*.ipynb"))) == int(more)
        assignment = read(next((ROOT / "solutions").glob(f"{name.lower()}_*.ipynb")))
        needed = {lesson for exercise in assignment.exercises.values() for lesson in exercise.read}
        assert needed - taught <= ({"09_text_or_behaviour"} if name == "A1" else set()), name
        assert bool(assignment.written) == (name in ("A4", "A6"))
    assert len(weeks) == len(list((ROOT / "assignments").glob("a*.ipynb")))
    assert len(taught) == len(list((ROOT / "notebooks").glob("[01]*.ipynb")))


def test_the_attacks_and_defences_name_tests_that_exist_and_no_file_of_attacks_is_left_out():
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", (ROOT / "docs/attacks.md").read_text())
    folder = ROOT / "tests/grading"
    gone = [pair for pair in named if f"def {pair[1]}(" not in (folder / pair[0]).read_text()]
    assert gone == []
    honest = {"attacks/test_honest.py", "attacks/test_printing.py"}
    files = {path.relative_to(folder).as_posix() for path in folder.glob("attacks/test_*.py")}
    assert files - {file for file, _ in named} == honest
