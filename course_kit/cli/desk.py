"""The folder that `course grade` writes into: whose it is, who works in it now, and the secret it keeps."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from course_kit import storing

SHORTEST = 16  # bytes of a secret


def refuse_wrong_folder(out: Path, solution: Path, submissions: Path) -> None:
    """Refuse a folder in which grading would damage something, before anything is done.

    Args:
        out: The folder.
        solution: The solution notebook.
        submissions: What the class handed in.

    Raises:
        ValueError: If the folder is a file, belongs to another assignment, or holds the submissions or the solutions.
    """
    place = out.resolve()
    if out.exists() and not out.is_dir():
        raise ValueError(f"--out {out} is a file; name a folder")
    if place.is_relative_to(submissions.resolve()):
        raise ValueError(f"--out {out} lies in the submissions; name a folder outside of {submissions}")
    for holds, path in (("the solutions", solution), ("the submissions", submissions)):
        if path.resolve().is_relative_to(place):
            raise ValueError(f"--out {out} is a folder that holds {holds}; name a folder of its own, such as grades")
    if (other := _graded_there(out)) and other != solution.stem:
        raise ValueError(f"--out {out} belongs to {other}; name another folder for {solution.stem}")


def _graded_there(out: Path) -> str:
    """Name of the assignment that the folder belongs to; "" if none was graded there."""
    from course_kit.grading.handed_in.run import Run

    try:
        return Path(Run.from_json((out / "run.json").read_text("utf-8")).solution).stem
    except (OSError, ValueError):
        return ""


@contextmanager
def owned(out: Path) -> Iterator[tuple[Path, Path]]:
    """Make the folder, readable for its owner alone, and keep other graders out of it.

    Yields:
        The folder for what is secret, and the one for results.

    Raises:
        ValueError: If another grader works there.
    """
    import fcntl

    for folder in (out, out / "private", out / "results"):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
    with (out / "private/lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.seek(0)
            raise ValueError(
                f"--out {out}: process {lock.read().strip() or '?'} is grading into this folder; wait until it is done"
            ) from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield out / "private", out / "results"


def secret_in(file: Path | None, private: Path) -> tuple[bytes, str]:
    """The secret that exam variants are drawn from.

    Args:
        file: The file that the command line names; None takes the one in `private`, or makes it.
        private: The folder for what is secret.

    Returns:
        The secret, and a warning if it had to be made anew although something was graded already.

    Raises:
        ValueError: If it is too short.
    """
    place = file or private / "secret"
    warning = ""
    if file is None and not place.exists():
        if any((private.parent / "results").glob("*.json")):
            warning = (
                f"{place} is gone, so a NEW SECRET was made: everybody gets other exam questions and is graded anew. "
                "If you have the old file, stop now, delete this one and put the old one back."
            )
        storing.replace(place, secrets.token_hex(32))
        place.chmod(0o600)
    if not place.exists():
        how = f"python3 -c 'import secrets; print(secrets.token_hex(32))' > {place}"
        raise ValueError(f"--secret {place}: there is no such file; to make a new secret, run {how}")
    secret = place.read_bytes().strip()
    if len(secret) < SHORTEST:
        raise ValueError(f"--secret {place}: got {len(secret)} bytes, wanted at least {SHORTEST} that nobody can guess")
    return secret, warning
