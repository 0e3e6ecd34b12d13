"""What runs in the sandbox: checks every file, or opens the table and profiles it.

Run as `python -m dropforge_jobs.reading <folder>`, with request.json in the folder (see `sandbox`). What it finds goes
to answers.jsonl, the profile beside it.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from pathlib import Path
from types import FrameType
from typing import Any

from dropforge_jobs import sandbox
from dropforge_jobs.errors import JobError, TableError
from dropforge_jobs.files import DropFile
from dropforge_jobs.shown import shown

TELL_SECONDS = 10.0
HEAD_ROWS = 5
LONGEST_CELL = 80
#: The names travel through state machines, which carry 256 KiB in all.
LONGEST_NAMES = 10_000


class _TooLongError(BaseException):
    """A file takes more time than it is given."""


def main(work: Path) -> None:
    """Do what the request says."""
    sandbox.limit()
    answers = sandbox.Answers(work)
    try:
        {"check": _check, "profile": _profile}[answers.request["task"]](answers)
    finally:
        answers.close()


def _alarm(signum: int, frame: FrameType | None) -> None:
    raise _TooLongError


def _check(answers: sandbox.Answers) -> None:
    """A verdict for each file; the start of each is told too, so that a death can be laid at its door."""
    from dropforge_jobs.checking import check_file

    signal.signal(signal.SIGALRM, _alarm)
    files = answers.request["files"]
    told = time.monotonic()
    for place, (name, path, seconds) in enumerate(files):
        answers.give(start=place)
        try:
            signal.setitimer(signal.ITIMER_REAL, seconds)
            check_file(DropFile(name, Path(path)), answers.request["tabular"], answers.request.get("format"))
            reason = None
        except JobError as error:
            reason = str(error)
        except MemoryError:
            reason = f"{shown(name)}: reading it took {sandbox.MEMORY_TEXT}"
        except _TooLongError:
            reason = f"{shown(name)}: reading it took more than {seconds:.0f} seconds"
        except Exception as error:
            reason = f"{shown(name)}: it cannot be read ({type(error).__name__}: {shown(str(error), 120)})"
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
        answers.give(checked=place, reason=reason, most=sandbox.peak_bytes())
        sandbox.forget_peak()
        if time.monotonic() - told > TELL_SECONDS:
            told = time.monotonic()
            print(f"checked {place + 1:,} of {len(files):,} files", flush=True)


def _profile(answers: sandbox.Answers) -> None:
    """The profile of all files as one table; files that are no part of it are told and left out."""
    from dropforge_jobs.profile import ProfileSettings, profile_table
    from dropforge_jobs.profile.propose import propose_project
    from dropforge_jobs.tables import open_table

    request = answers.request
    files = [DropFile(name, Path(path)) for name, path in request["files"]]
    misfits: dict[str, str] = {}
    try:
        table = open_table(files, request["target"], request["columns"], "skip", misfits)
        head = _head(table)
        wanted = ProfileSettings(request["target"], request["problem"], request["columns"], request["checks"])
        profile = profile_table(table, wanted, request["previous"])
    except TableError as error:
        answers.give(file=error.file, reason=str(error), misfits=misfits)
        return
    except JobError as error:
        answers.give(file=None, reason=str(error), misfits=misfits)
        return
    work = answers.work
    (work / "profile.json").write_text(json.dumps(profile.json, ensure_ascii=False, allow_nan=False), encoding="utf-8")
    (work / "profile.html").write_text(profile.html, encoding="utf-8")
    if request["propose"]:
        answers.give(proposal=propose_project(profile.json, head))
    answers.give(profile=True, head=head, findings=profile.findings, summary=profile.summary, misfits=misfits)


def _head(table: Any) -> dict[str, Any]:
    """The first rows and the names, as `dropforge.plan.Head` has them."""
    first = next(table.chunks(), None)
    rows = [] if first is None else [[texts[row][:LONGEST_CELL] for texts in first.columns] for row in _first(first)]
    fits = sum(map(len, table.names)) <= LONGEST_NAMES
    return {
        "columns": table.names if table.header and fits else None,
        "fields": len(table.names),
        "header": table.header,
        "rows": rows if fits and sum(len(cell) for row in rows for cell in row) <= LONGEST_NAMES else [],
    }


def _first(chunk: Any) -> range:
    return range(min(HEAD_ROWS, len(chunk.lines)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
