"""`course data`: fetch data sets."""

from __future__ import annotations

import argparse
import json

from course_lib.download import fetch
from course_lib.origins import ORIGINS, known


def add_parser(subparsers: argparse._SubParsersAction) -> None:
    """Add `course data` to the command's parser."""
    parser = subparsers.add_parser(
        "data",
        help="fetch data sets",
        description=f"Fetch data sets ({', '.join(ORIGINS)}) into the data folder, or check those that are there. "
        "The folder is $COURSE_DATA, or else one in your cache folder.",
        epilog="example: course data movielens-100k lastfm",
    )
    parser.add_argument("names", nargs="*", default=["movielens-100k"], metavar="NAME", help="default: movielens-100k")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Fetch the named data sets and print a line for each: its name, size and folder."""
    for name in arguments.names:
        known(name, ORIGINS, "toy and campus need no files")
    results = []
    for name in arguments.names:
        folder = fetch(name, ORIGINS[name])
        size = sum((folder / file).stat().st_size for file in ORIGINS[name].files)
        results.append({"name": name, "folder": str(folder), "bytes": size})
        if not arguments.json:
            print(f"{name}: complete, {size / 2**20:.1f} MiB in {folder}")
    if arguments.json:
        print(json.dumps(results, indent=2))
    return 0
