"""`course review`: a local page on which graders read submissions and give points and comments by the keyboard."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add `course review` to the command's parser."""
    parser = subparsers.add_parser(
        "review",
        help="read submissions and give points by the keyboard",
        description="Serve a page on this machine alone, for the folder of a graded class: submissions by mistake, by "
        "flag and by student, code beside the solution, written answers beside their code and figures. What you give "
        "there goes into DIR/adjust.csv and DIR/written.csv; `course gradebook DIR` then writes totals and feedback. "
        "Ctrl-C ends it.",
        epilog="example: course review grades --anonymous",
    )
    parser.add_argument("directory", type=Path, metavar="DIR", help="the folder that `course grade --out` wrote")
    parser.add_argument("--anonymous", action="store_true", help="show no names and no ids")
    parser.add_argument("--by", default="", metavar="NAME", help="who gives the points, as students will read it")
    parser.add_argument(
        "--submissions", type=Path, metavar="PATH", help="what the class handed in, if it lies elsewhere now"
    )
    parser.add_argument("--port", type=int, default=0, metavar="N", help="default: a port that is free")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Serve the page until Ctrl-C."""
    from course_kit.grading.handed_in.files import opened
    from course_kit.grading.marking.batch import stored_run
    from course_kit.grading.reviewing.desk import Desk
    from course_kit.grading.reviewing.server import Server

    directory, stored = arguments.directory, stored_run(arguments.directory)[0]
    submissions = arguments.submissions or Path(stored.submissions)
    if not submissions.exists() or not (arguments.submissions or stored.submissions):
        is_named = arguments.submissions or stored.submissions
        where = f"{submissions} is gone" if is_named else "run.json does not say where the submissions lie"
        raise ValueError(f"{where}; name their folder or zip with --submissions")
    with (
        opened(submissions) as files,
        Server(Desk(directory, files, arguments.anonymous, arguments.by), arguments.port) as server,
    ):
        print(f"Open {server.door.address} (works once); Ctrl-C ends it.", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            told = f"{server.saved} changes saved; `course gradebook {directory}` writes totals and feedback again"
            print(f"\n✓ {told if server.saved else 'nothing was changed'}")
    return 0
