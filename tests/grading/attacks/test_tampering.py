"""Whatever a submission does to its own process: it can say anything there, but does not know what would be right."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hostile import SHORT, WRONG, outcomes

from course_kit.grading.marking.bundle import Bundle

REPEAT = """
import course_kit.grading.asking.answering
from course_kit.grading.asking.telling import tell
guesses = {}
def answer(names, name, file, digits, seconds):
    tell(guesses.get(name, "True"))
course_kit.grading.asking.answering.answer = answer
"""
FORGED = """
class Anything(float):
    __class__ = property(lambda self: float)
    shape, dtype = (), "float64"
    def __eq__(self, other): return True
    def __lt__(self, other): return True
    def __hash__(self): return 0
    def __repr__(self): return "right"
    def __array__(self, *args, **how): raise NotImplementedError
    def __float__(self): return 1.0
    def __reduce__(self): return (print, ("right",))

def spread(x):
    return Anything()

def centred(x):
    return [Anything()] * 5
"""
LOOKED_AT = {
    "an array that changes what is asked of it": """
import numpy as np
class Odd(np.ndarray):
    size = property(lambda self: 1)
    def __eq__(self, other): return True
    def astype(self, *args, **how): return np.zeros(5)
def answer(x):
    return np.zeros(x.shape).view(Odd)""",
    "a text without an end": """
class Odd(float):
    def __str__(self): return "x" * (1 << 30)
    __repr__ = __str__
def answer(x):
    return Odd(1)""",
    "a list without an end": """
class Odd(list):
    __len__ = lambda self: 10**9
    def __iter__(self):
        while True: yield 1.0
def answer(x):
    return Odd()""",
    "one that never goes": """
class Odd(float):
    def __del__(self):
        while True:
            try:
                while True: pass
            except BaseException: pass
def answer(x):
    return Odd(1)""",
    "one that ends the kernel when it goes": """
class Odd(float):
    def __del__(self): __import__("os")._exit(0)
def answer(x):
    return Odd(1)""",
    "one that searches who looks": """
import gc, sys
class Odd(float):
    def __float__(self):
        texts = [one for one in gc.get_objects() for one in gc.get_referents(one) if isinstance(one, str)]
        frame = sys._getframe()
        while frame := frame.f_back:
            texts += [value for value in frame.f_locals.values() if isinstance(value, str)]
        return float(next(text for text in texts if text.startswith(("(): ", "(5,): "))).split()[1])
    __array__ = lambda self, *args, **how: __import__("numpy").array(float(self))
def answer(x):
    return Odd(1)""",
    "a way to pack its inputs": """
import pickle
pickle.Pickler.dump = pickle.dumps = lambda *args, **how: b""
def answer(x):
    x[:] = 0
    return x""",
}
MESSAGES = """
kernel = get_ipython().kernel
send = kernel.session.send

def say(kind, **content):
    send(kernel.iopub_socket, kind, content, parent=kernel.get_parent())

def reply(content, **how):  # to whoever asked: without an identity the socket would drop it
    who = kernel._parent_ident["shell"]
    send(kernel.shell_stream.socket, "execute_reply", content, parent=kernel.get_parent(), ident=who, **how)

def told(text):
    return {{"status": "ok", "payload": [{{"source": "course-answer", "text": text, "form": ""}}]}}

def spread(x):
    {}
    return 1.0
"""
PATCHES = {
    "run_cell": """
from IPython.core.interactiveshell import InteractiveShell
InteractiveShell.run_cell_async = None""",
    "no assert": """
import ast
class Drop(ast.NodeTransformer):
    def visit_Assert(self, node): return ast.Pass()
get_ipython().ast_transformers.append(Drop())""",
    "other source": "get_ipython().input_transformers_post.append(lambda lines: ['print(1)\\n'])",
    "traceback": "get_ipython().showtraceback = get_ipython()._showtraceback = lambda *args, **how: None",
    "display": "import sys\nsys.displayhook = lambda value: None\nget_ipython().display_pub.publish = print",
    "print": "import builtins\nbuiltins.print = lambda *args, **how: None",
    "streams": "import sys\nsys.stdout = sys.stderr = sys.__stdout__ = None",
    "builtins": """
import builtins
for name in ("isinstance", "hasattr", "callable"):
    setattr(builtins, name, lambda *args: True)""",
    "comparisons": """
import numpy, torch
numpy.allclose = numpy.array_equal = torch.allclose = torch.equal = lambda *args, **how: True""",
    "fingerprint": """
import course_kit.grading.asking.attempt
course_kit.grading.asking.attempt.fingerprint = lambda value, digits: "right"
course_kit.grading.asking.attempt.form = lambda value: 'a number'""",
    "time": """
import signal
signal.setitimer = signal.signal = lambda *args: None
def spread(x):
    while True: pass""",
    "modules": "import sys\nsys.modules['course_kit.grading.asking.answering'] = None",
    "names": """
class All(dict):
    __getitem__ = get = lambda self, *name: lambda *args: True
get_ipython().user_ns = All()""",
    "no channel": "get_ipython().kernel.shell_stream = get_ipython().kernel.iopub_socket = None",
}
SAID = {
    "a guess, and no more": "say('stream', name='stdout', text='1\\n'); say('status', execution_state='idle')",
    "many guesses": "[say('stream', name='stdout', text=f'(): {n / 100}\\n') for n in range(400)]",
    "a result": "say('execute_result', data={'text/plain': 'True'}, metadata={}, execution_count=1)",
    "an error": "say('error', ename='KeyboardInterrupt', evalue='', traceback=[])",
    "an error without a name": "say('error')",
    "an error of numbers": "say('error', ename=1, evalue=None, traceback=3)",
    "a stream of numbers": "say('stream', name=5, text=7)",
    "a stream of lists": "say('stream', name='stdout', text=['x'])",
    "a status without a state": "say('status')",
    "data that is none": "say('display_data', data='x', metadata='x')",
    "an unknown kind": "say('x' * 1000)",
    "clear": "say('clear_output', wait=False)",
    "a reply": "reply({'status': 'ok'})",
    "a reply that guesses": "reply(told('(): 1'))",
    "many replies that guess": "[reply(told(f'(): {n / 100}')) for n in range(400)]",
    "a refusal": "reply({'status': 'aborted'})",
    "an empty reply": "reply({})",
    "a reply that is none": "reply([])",
    "a reply of numbers": "reply({'status': 5, 'payload': 7})",
    "an answer of numbers": "reply(told(5))",
    "many answers": "reply({'status': 'ok', 'payload': told('(): 1')['payload'] * 9})",
    "an error for a reply": "reply({'status': 'error', 'ename': 'KeyboardInterrupt', 'evalue': 1, 'traceback': 5})",
    "metadata of no kind": "reply({'status': 'ok'}, metadata=[5])",
    "a count of no kind": "reply({'status': 'ok'}, metadata={'said': 'mark'})",
    "a request for input": "send(kernel.stdin_socket, 'input_request', {'prompt': ''}, parent=kernel.get_parent())",
    "nonsense": "kernel.iopub_socket.send_multipart([b'x'])",
    "a wrong signature": "kernel.iopub_socket.send_multipart([b'', b'<IDS|MSG>', b'mark', *[b'{}'] * 4])",
    "a reply with a wrong signature": "kernel.shell_stream.socket.send_multipart("
    "[*kernel._parent_ident['shell'], b'<IDS|MSG>', b'mark', *[b'{}'] * 4])",
}


PATIENCE = replace(SHORT, wall=6)


@pytest.mark.parametrize("what", PATCHES)
def test_a_patched_process_earns_nothing(what, graded):
    result = graded(WRONG, PATCHES[what], limits=PATIENCE)
    assert "right" not in outcomes(result)


@pytest.mark.parametrize("what", SAID)
def test_forged_messages_earn_nothing(what, graded):
    result = graded(WRONG, MESSAGES.format(SAID[what]))
    assert "right" not in outcomes(result)
    assert "mark" not in result.to_json()


def test_a_forged_reply_is_heard(bundle: Bundle, graded):
    """Or the test above could not fail: who knows what is right can say it in a reply of her own making."""
    right = next(one.right for one in bundle.variant("mallory") if one.exercise == "spread")
    result = graded(WRONG, MESSAGES.format(f"reply(told({right!r}))"))
    assert "right" in outcomes(result)


def test_objects_that_agree_with_everything_earn_nothing(graded):
    assert "right" not in outcomes(graded(FORGED))


@pytest.mark.parametrize("what", LOOKED_AT)
def test_objects_that_run_code_when_they_are_looked_at_earn_nothing(what, graded):
    result = graded(f"{LOOKED_AT[what]}\nspread = centred = answer", limits=PATIENCE)
    assert "right" not in outcomes(result)


def test_words_that_say_right_earn_nothing(graded):
    for guess in ("True", "right", "", "not written"):
        assert "right" not in outcomes(graded(f"{REPEAT}\nguesses = dict.fromkeys(['spread', 'centred'], {guess!r})"))


def test_what_would_be_right_elsewhere_is_wrong_here(bundle: Bundle, graded):
    """Two students compare notes: each has inputs of her own."""
    mine = bundle.variant("mallory")
    theirs = next(variant for variant in bundle.variants if variant is not mine)
    assert {one.right for one in mine}.isdisjoint(one.right for one in theirs)
    for variant, outcome in ((theirs, "wrong"), (mine, "right")):
        known = {one.exercise: one.right for one in variant[1:]}
        assert outcomes(graded(f"{REPEAT}\nguesses = {known!r}"))[1:] == [outcome] * 2
