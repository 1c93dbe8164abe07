"""Hidden inputs are in a submission's hands while it is asked: none of its words about them comes back."""

from __future__ import annotations

import pytest
from hostile import RIGHT, WRONG, outcomes

SAY = """
import course_kit.grading.asking.answering, pickle, sys

def answer(names, name, file, digits, seconds):
    x = pickle.load(open(file, "rb")).args[0]
    print({!r})
    print({}, file=sys.stderr)

course_kit.grading.asking.answering.answer = answer
"""
FUNCTIONS = {
    "a class": "return type(f'LEAK{x[0]}', (), {})()",
    "a class in a module": "return type('A', (), {'__module__': f'LEAK{x[0]}', '__qualname__': f'LEAK{x[1]}'})()",
    "an error": "raise type(f'LEAK{x[0]}', (ValueError,), {})",
    "an error's text": "raise ValueError(f'LEAK{x[0]}')",
    "an interrupt": "raise type(f'LEAK{x[0]}', (KeyboardInterrupt,), {})(f'LEAK{x[0]}')",
    "keys": "return {f'LEAK{x[0]}': 1.0, 'LEAK': {f'LEAK{x[1]}': 2.0}}",
    "a shape": "return __import__('numpy').zeros([1 + int(abs(part) * 9) for part in x])",
    "output": "print(f'LEAK{x[0]}'); __import__('os').write(1, b'LEAK'); display(f'LEAK{x[0]}'); return 1.0",
    "a warning": "__import__('warnings').warn(f'LEAK{x[0]}'); return 1.0",
    "a cause": "raise ValueError from type(f'LEAK{x[0]}', (OSError,), {})()",
    "an exit": "raise SystemExit(f'LEAK{x[0]}')",
}
FORMS = ["f'LEAK{x[0]} array of shape'", "f'a LEAK{x[0]}'", "f'None LEAK{x[0]}'", "'a number, then LEAK'", "'   '"]
RAW = """
kernel = get_ipython().kernel
def spread(x):
    parts = [b"x", b"<IDS|MSG>", f"LEAK{x[0]}".encode(), b"{}", b"{}", b"{}", b"{}"]
    kernel.iopub_socket.send_multipart(parts)
    return 1.0
"""
LATE_ERROR = """
kernel = get_ipython().kernel
first = kernel.get_parent()

def spread(x):
    for parent in (first, kernel.get_parent()):
        content = {"ename": f"LEAK{x[0]}", "evalue": "", "traceback": []}
        kernel.session.send(kernel.iopub_socket, "error", content, parent=parent)
    return 1.0
"""


@pytest.mark.parametrize("what", FUNCTIONS)
def test_what_a_function_makes_of_its_inputs_is_not_passed_on(what, graded):
    result = graded(WRONG, f"def spread(x):\n    {FUNCTIONS[what]}")
    assert "LEAK" not in result.to_json()
    assert "right" not in outcomes(result)


@pytest.mark.parametrize("form", FORMS)
def test_what_is_said_in_the_place_of_an_answers_form_is_not_passed_on(form, graded):
    assert "LEAK" not in graded(WRONG, SAY.format("(): 1.234", form)).to_json()


@pytest.mark.parametrize("text", ["raised LEAK", "LEAK", "changed its inputs LEAK"])
def test_what_is_said_in_the_place_of_an_answer_is_not_passed_on(text, graded):
    assert "LEAK" not in graded(WRONG, SAY.format(text, "'a number'")).to_json()


@pytest.mark.parametrize("source", [RAW, LATE_ERROR])
def test_messages_past_the_shell_pass_nothing_on(source, graded):
    assert "LEAK" not in graded(WRONG, source).to_json()


def test_own_cells_come_before_any_input(graded):
    look = "import glob\nassert not glob.glob('/tmp/*/*/inputs/*') + glob.glob('/tmp/*/inputs/*')"
    assert graded(RIGHT, look).errors == {}


def test_own_cells_that_run_again_cannot_tell_what_was_asked(graded):
    """A case ends the kernel; in the next one a cell finds its inputs, and could say so by where it ends."""
    look = "import glob, os\nif glob.glob('/tmp/*/*/inputs/*') + glob.glob('/tmp/*/inputs/*'):\n    os._exit(1)"
    result = graded(RIGHT, "def spread(x):\n    __import__('os')._exit(1)", look, "y = 1")
    assert (result.errors, result.flags) == ({}, ("while asked: the kernel ended",))
    assert outcomes(result) == ["no answer", "no answer", "right"]
