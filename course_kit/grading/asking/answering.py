"""What runs beside a student's code when it is graded: ask one function, print what came, know nothing else."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from course_kit.grading.asking.attempt import Outcome, attempt


def answer(names: Mapping[str, Any], name: str, file: str, digits: int, seconds: float) -> None:
    """Print the fingerprint of a function's answer, and on stderr, which nobody compares, the answer's form.

    Args:
        names: What the student's notebook has defined.
        name: The function's name.
        file: Where the inputs lie.
        digits: Digits of the fingerprint.
        seconds: Time limit.
    """
    from IPython.utils.capture import capture_output

    call = pickle.loads(Path(file).read_bytes())
    function = names.get(name)
    outcome = Outcome("not defined", "", "")
    if callable(function):
        with capture_output():
            outcome = attempt(function, call, digits, seconds)
    print(outcome.text)
    print(outcome.form, file=sys.stderr)
