"""Importing the library is light, and so is starting the command."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {"torch", "torch_geometric", "matplotlib", "pandas", "numpy", "scipy", "sklearn", "faiss"}


def run_fresh(code: str) -> str:
    """The last line that `code` prints in an interpreter of its own."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip().splitlines()[-1]


def test_import_takes_under_a_fifth_of_a_second() -> None:
    code = "import time; start = time.process_time(); import course_lib; print(time.process_time() - start)"
    assert min(float(run_fresh(code)) for _ in range(5)) < 0.2


def test_import_brings_nothing_heavy() -> None:
    loaded = run_fresh("import course_lib, sys; print(*sys.modules)")
    assert not HEAVY & set(loaded.split())


def test_environment_check_brings_nothing_heavy() -> None:
    loaded = run_fresh("import course_kit.lessons.environment as e, sys; e.check_environment(); print(*sys.modules)")
    assert not HEAVY & set(loaded.split())


def test_command_starts_without_torch() -> None:
    code = (
        "import sys\nfrom course_kit.cli import main\nsys.argv = ['course', '--help']\n"
        "try: main()\nexcept SystemExit: pass\nprint(*sys.modules)"
    )
    assert not {"torch", "torch_geometric", "matplotlib", "pandas"} & set(run_fresh(code).split())


def test_who_interrupts_the_command_while_it_starts_reads_one_line() -> None:
    code = (
        "import sys\nclass Interrupt:\n    def find_spec(self, name, *_):\n        if name == 'course_kit.cli.site':\n"
        "            raise KeyboardInterrupt\nsys.meta_path.insert(0, Interrupt())\nfrom course_kit.cli import main"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (130, "course: interrupted\n")
