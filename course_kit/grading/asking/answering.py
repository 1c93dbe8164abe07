"""What runs beside a student's code when it is graded: ask one function, tell what came, know nothing else."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from course_kit.grading.asking.attempt import Outcome, attempt
from course_kit.grading.asking.telling import tell


def answer(names: Mapping[str, Any], name: str, file: str, digits: int, seconds: float) -> None:
    """Tell the fingerprint of a function's answer and the answer's form.

    Args:
        names: What the student's notebook has defined.
        name: The function's name.
        file: Where the inputs lie.
        digits: Digits of the fingerprint.
        seconds: Time limit.
    """
    call = pickle.loads(Path(file).read_bytes())
    function = names.get(name)
    outcome = attempt(function, call, digits, seconds) if callable(function) else Outcome("not defined", "", "")
    tell(outcome.text, outcome.form)
