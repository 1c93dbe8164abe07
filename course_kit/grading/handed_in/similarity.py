"""Answers that are nearly the same once names, comments and types are out of the way.

It makes a list for a person's eye and nothing else: no point hangs on it, no student is told. A short function has few
ways to be right, two who learnt together write alike, and one idea of a hint leads many to the same lines. A group says
"look here"; whether somebody copied is a talk with the students. What most of a class writes is no sign of anything and
is left out.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator, Mapping, Sequence

from course_kit.grading.authoring.assignment import Assignment
from course_kit.grading.handed_in.syntax import functions

SMALLEST = 50  # tokens: below that many of a class agree by chance
LONGEST = 1_000  # tokens; the longest right answers have a few hundred
LARGEST = 8  # students of a group: what more of them share is the usual answer
SHORT = 64  # characters of a constant or a foreign name; longer ones are compared by their digests
WIDTH = 3  # tokens of a shingle
ALIKE = 0.7  # of two sets of shingles: shared over all; right answers written apart stay below 0.4
SKIPPED = {"annotation", "returns", "type_comment", "ctx", "kind", "type_params", "simple"}


def similar_answers(
    assignment: Assignment, answered: Mapping[str, Mapping[str, tuple[str, ...]]]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Groups of students whose answers to an exercise are nearly the same.

    Args:
        assignment: The assignment.
        answered: Student → what `answers_in` found.

    Returns:
        Pairs (name of the function, ids of the students), in order of the exercises.
    """
    answers = {
        name: {student: theirs[name] for student, theirs in answered.items() if name in theirs}
        for name in assignment.exercises
    }
    found = {name: groups(given) for name, given in answers.items()}
    for together in _the_same_throughout(list(answers.values())):
        for name, given in answers.items():
            if given.get(together[0]) and together not in found[name]:
                found[name].append(together)
    return tuple((name, group) for name, theirs in found.items() for group in sorted(theirs))


def answers_in(
    defined: Mapping[str, ast.FunctionDef | ast.ClassDef], assignment: Assignment
) -> tuple[dict[str, tuple[str, ...]], set[str]]:
    """A student's answers, where they are more than the stub.

    Args:
        defined: The functions that the student defines, by name.
        assignment: The assignment.

    Returns:
        Function → tokens of the answer; and the functions whose answers are too long to be compared.
    """
    found, too_long = {}, set()
    for name, exercise in assignment.exercises.items():
        if name in defined:
            answer = tokens(defined[name], defined.keys() - assignment.exercises.keys())
            if len(answer) > LONGEST:
                too_long.add(name)
            elif answer != tokens(functions([exercise.stub])[name]):
                found[name] = answer
    return found, too_long


def _the_same_throughout(answers: Sequence[Mapping[str, tuple[str, ...]]]) -> list[tuple[str, ...]]:
    """Small groups whose answers to all exercises, three or more, are equal, be each of them the usual one."""
    same: dict[tuple[object, ...], list[str]] = {}
    for student in sorted({student for given in answers for student in given}):
        if sum(student in given for given in answers) >= 3:
            same.setdefault(tuple(given.get(student) for given in answers), []).append(student)
    return [tuple(students) for students in same.values() if 1 < len(students) <= _small(sum(map(len, same.values())))]


def groups(answers: Mapping[str, tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Students whose answers are equal, joined with those whose answers are alike, as long as that stays a small group.

    Small is a tenth of those who answered, at least three students and at most eight.

    Args:
        answers: Student → tokens.
    """
    answers = {student: answer for student, answer in answers.items() if len(answer) >= SMALLEST}
    most = _small(len(answers))
    same: dict[tuple[str, ...], list[str]] = {}
    for student, answer in sorted(answers.items()):
        same.setdefault(answer, []).append(student)
    members = {answer: students for answer, students in same.items() if len(students) <= most}
    found = []
    for alike in _joined(list(members), _bits(list(members))):
        together = sorted(student for answer in alike for student in members[answer])
        found += [together] if len(together) <= most else [members[answer] for answer in alike]
    return sorted(tuple(group) for group in found if len(group) > 1)


def tokens(function: ast.FunctionDef | ast.ClassDef, own: frozenset[str] | set[str] = frozenset()) -> tuple[str, ...]:
    """A function or class as the kinds of its nodes with what they hold; its own names are numbered as they come.

    Args:
        function: The function.
        own: Names of the student's that stand outside of it, helpers say.
    """
    local = {function.name, *own}
    for node in ast.walk(function):
        if isinstance(node, ast.arg):
            local.add(node.arg)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            local.add(node.id)
        elif isinstance(node, ast.FunctionDef):
            local.add(node.name)
    numbers: dict[str, int] = {}
    out = []
    for node in _in_order(function):
        kind = "Assign" if isinstance(node, ast.AnnAssign) else type(node).__name__
        held = []
        for field, value in ast.iter_fields(node):
            if field in SKIPPED or isinstance(value, ast.AST | list) or value is None:
                continue
            if isinstance(node, ast.Name | ast.arg | ast.FunctionDef) and value in local:
                held.append(f"v{numbers.setdefault(value, len(numbers))}")
            else:
                text = f"{value:x}" if type(value) is int else repr(value)  # repr refuses 4,300 digits
                held.append(text if len(text) <= SHORT else hashlib.sha256(text.encode(errors="replace")).hexdigest())
        out.append(" ".join([kind, *held]))
    return tuple(out)


def _small(students: int) -> int:
    return max(3, min(LARGEST, students // 10))


def _in_order(root: ast.AST) -> Iterator[ast.AST]:
    """Nodes from first to last, without docstrings, types and load or store marks."""
    left = [root]
    while left:
        node = left.pop()
        yield node
        children = []
        for field, value in ast.iter_fields(node):
            if field not in SKIPPED:
                children += value if isinstance(value, list) else [value]
        left += [child for child in reversed(children) if isinstance(child, ast.AST) and not _is_remark(child)]


def _is_remark(node: ast.AST) -> bool:
    """A docstring, or another constant that stands alone."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _bits(answers: Sequence[tuple[str, ...]]) -> list[int]:
    """The shingles of every answer as bits of a number; numbered names count as one, so that order matters less."""
    known: dict[tuple[str, ...], int] = {}
    rows = []
    for answer in answers:
        plain = tuple(" ".join("v" if _is_number(word) else word for word in token.split(" ")) for token in answer)
        shingles = {plain[n : n + WIDTH] for n in range(len(plain) - WIDTH + 1)}
        bits = 0
        for shingle in shingles:
            bits |= 1 << known.setdefault(shingle, len(known))
        rows.append(bits)
    return rows


def _is_number(word: str) -> bool:
    return word[:1] == "v" and word[1:].isdigit()


def _joined(answers: Sequence[tuple[str, ...]], rows: Sequence[int]) -> list[list[tuple[str, ...]]]:
    """Answers whose rows are alike, directly or over others."""
    parent = list(range(len(rows)))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = place = parent[parent[place]]
        return place

    sizes = [bits.bit_count() for bits in rows]
    order = sorted(range(len(rows)), key=sizes.__getitem__)
    for n, first in enumerate(order):
        for second in order[n + 1 :]:
            if sizes[first] < ALIKE * sizes[second]:
                break
            shared = (rows[first] & rows[second]).bit_count()
            if shared >= ALIKE * (sizes[first] + sizes[second] - shared):
                parent[root(second)] = root(first)
    found: dict[int, list[tuple[str, ...]]] = {}
    for place, answer in enumerate(answers):
        found.setdefault(root(place), []).append(answer)
    return list(found.values())
