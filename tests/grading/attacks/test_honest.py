"""Right answers as students write them, in forms nobody thought of: each has full points, and nothing to look at."""

from __future__ import annotations

import pytest
from hostile import ALL_RIGHT, RIGHT, outcomes

SPREAD, CENTRED = "return x.max() - x.min()", "return x - x.mean()"
TALKS = """from IPython.display import Markdown, clear_output, display
    display(Markdown("# here")); clear_output(wait=True)
    import logging, os, sys, warnings
    logging.warning("odd"); warnings.warn("odder"); os.write(1, b"right"); print(x, file=sys.__stdout__, flush=True)
    return x.max() - x.min()"""
PARTIAL = """import functools
import numpy as np
def _less(how, x): return x - how(x)
centred = functools.partial(_less, np.mean)
spread = lambda x: np.ptp(x)"""
OBJECTS = """from __future__ import annotations
import dataclasses
@dataclasses.dataclass(frozen=True, slots=True)
class Less:
    times: int = 1
    def __call__(self: Less, x: Nowhere) -> Nowhere | None: return x - self.times * x.mean()
centred: Less = Less()
class Tools:
    def spread(self, x): return x.max() - x.min()
spread = Tools().spread"""
DECORATED = """def timed(f):
    from time import time
    def inside(*given, **named):
        start = time(); result = f(*given, **named); print(f.__name__, time() - start)
        return result
    return inside
def made():
    def inside(x): return x - x.mean()
    return inside
centred = timed(made())
@timed
def spread(x, /, *, k=3, **more): return x.max() - x.min()"""
TABLES = """import pandas as pd
def spread(x):
    sorted_ = pd.Series(x, index=[f"row {n}" for n in range(len(x))]).sort_values()
    return sorted_.iloc[-1] - sorted_.iloc[0]
def centred(x):
    table = pd.DataFrame({"x": x})
    return table.x - table.x.mean()"""
NUMBERS = """from fractions import Fraction
def spread(x): return sum((Fraction(x.max()), -Fraction(x.min())))
def centred(x): return tuple(a - sum(x.tolist()) / len(x) for a in x.tolist())"""
THREADS = """import threading
import matplotlib.pyplot as plt
def draw():
    plt.figure(); plt.plot([1, 2]); plt.show()
threads = [threading.Thread(target=draw) for _ in range(4)]
[one.start() for one in threads]
def beat():
    print("beat"); again = threading.Timer(0.05, beat); again.daemon = True; again.start()
beat()"""
POOLS = f"""from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
import multiprocessing
fork = multiprocessing.get_context("fork")
{
    RIGHT.replace(
        SPREAD,
        '''with ThreadPoolExecutor(2) as pool, ProcessPoolExecutor(1, mp_context=fork) as other:
        return list(pool.map(max, [x]))[0] - list(other.map(min, [x]))[0]''',
    )
}"""
SIGNALS = """import atexit, signal
atexit.register(print, "bye")
signal.signal(signal.SIGALRM, lambda *_: print("late"))
signal.alarm(1)"""
CHANCE = f"""import random, numpy as np
random.seed(1); np.random.seed(2); calls = []
{RIGHT.replace(SPREAD, "calls.append(x); random.random(); np.random.rand(); " + SPREAD)}"""
LATE = "def centred(x): return below(x, SHIFT)\n\ndef spread(x): return np.ptp(x)"
HONEST = {
    "talks in a function": (RIGHT.replace(SPREAD, TALKS),),
    "leaves in the middle": (
        RIGHT.partition("\n\ndef centred")[0],
        "raise SystemExit",
        f"def centred(x):\n    {CENTRED}",
    ),
    "sets alarms": (SIGNALS, RIGHT),
    "partial and lambda": (PARTIAL,),
    "objects": (OBJECTS,),
    "decorated": (DECORATED,),
    "tables": (TABLES,),
    "numbers of another kind": (NUMBERS,),
    "threads that draw": (RIGHT, THREADS),
    "pools": (POOLS,),
    "chance of its own": (CHANCE,),
    "timed": (f"%%time\n{RIGHT}",),
    "captured and timed": (f"%%capture said\n%%time\n{RIGHT}",),
    "profiled": (f"%%prun -q\n{RIGHT}",),
    "names of builtins": (RIGHT, "list = sum = max = min = len = dict = type = None"),
    "needs what comes later": (LATE, "import numpy as np\nSHIFT = 0\ndef below(x, shift): return x - x.mean() + shift"),
    "first version above": ("def spread(x):\n    raise NotImplementedError", RIGHT),
    "indented, with tabs": ("\n".join(f"\t{line}" for line in RIGHT.replace("    ", "\t").splitlines()),),
    "as a console shows it": (
        "\n".join(f">>> {line}" if line and line[0] != " " else f"... {line}" for line in RIGHT.splitlines()),
    ),
    "form feeds": (f"\x0c\n{RIGHT}\n\x0c# end\u2028\ufeff",),
    "awaits": (f"import asyncio\nawait asyncio.sleep(0)\n{RIGHT}\ntask = asyncio.ensure_future(asyncio.sleep(99))",),
}
HONEST |= {
    "asks": (f"k = int(input('k? ') or 10)\nfrom getpass import getpass\ngetpass(prompt='token')\n{RIGHT}",),
    "asks for ever": (f"{RIGHT}\nwhile input('more? ') != 'no':\n    pass",),
}
ABSENT = {
    "plots": f"import no_plots as sns, numpy as np\nsns.set_theme(style='dark')\n{RIGHT}",
    "hints": f"from no_hints import Float\n{RIGHT.replace('(x):', '(x: Float[1]) -> Float:')}",
    "a compiler": f"from no_compiler import njit\n{RIGHT.replace('def ', '@njit(parallel=True)' + chr(10) + 'def ')}",
}


@pytest.mark.parametrize("how", HONEST)
def test_whoever_is_right_has_full_points(how, graded):
    result = graded(*HONEST[how])
    assert outcomes(result) == ALL_RIGHT
    assert not result.flags


@pytest.mark.parametrize("what", ABSENT)
def test_a_module_that_grading_lacks_costs_what_is_done_with_it_and_no_more(what, graded):
    result = graded(ABSENT[what])
    assert outcomes(result) == ALL_RIGHT
    assert result.errors == {1: f"ModuleNotFoundError: {ABSENT[what].partition(chr(10))[0]}"}
