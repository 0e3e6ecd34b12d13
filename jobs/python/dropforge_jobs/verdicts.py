"""The parent's side of reading: what is wanted of the files, and what the sandboxed child said of them."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from dropforge_jobs import limits
from dropforge_jobs.dropped import Fetched
from dropforge_jobs.errors import JobError
from dropforge_jobs.files import is_table
from dropforge_jobs.findings import no_table
from dropforge_jobs.sandbox import run_child
from dropforge_jobs.shown import shown

CHILD = "dropforge_jobs.reading"
#: Seconds for one file: some to begin with, and a gzipped MiB may hold a hundred.
FILE_SECONDS, MIB_SECONDS = 60.0, 5.0
#: A child that is silent for longer than its file is given hangs in a library, where no alarm reaches it.
GRACE_SECONDS = 15.0
#: Channels whose rows have what a model learns from, and those that are tables at all.
LEARNT = ("train", "validation")
TABULAR = (*LEARNT, "batch", "truth", "features")
NOTHING: dict[str, Any] = {"table": None, "schema": None, "target": None}
NO_HEAD: dict[str, Any] = {"columns": None, "fields": 0, "header": False, "rows": []}


@dataclass(frozen=True)
class Wanted:
    """What project.yaml wants of the files.

    While there is none it is `unknown`, and a project.yaml is proposed; `tabular` is None then: a table is looked for,
    but nothing else is left out for being none.
    """

    tabular: bool | None = None
    append: bool = False
    format: str | None = None
    target: str | int | None = None
    problem: str | None = None
    columns: list[str] | None = None
    checks: dict[str, str] = field(default_factory=dict)
    unknown: bool = False

    @classmethod
    def read(cls, config: str | None, channel: str) -> Wanted:
        """From the project as JSON, without what it leaves to the defaults."""
        if config is None:
            return cls(tabular=None if channel in TABULAR else False, unknown=True)
        project = json.loads(config)
        data = project.get("data") or {}
        script = (project.get("train") or {}).get("script") or project.get("algorithm") == "sklearn"
        bytes_only = bool(script) and project.get("split") is None
        learnt = channel in LEARNT
        return cls(
            tabular=channel in TABULAR and not bytes_only,
            append=data.get("mode") == "append" and learnt,
            format=data.get("format"),
            target=project.get("target") if learnt else None,
            problem=project.get("problem") if learnt else None,
            columns=project.get("columns") if learnt else None,
            checks=data.get("checks") or {},
        )


@dataclass
class Profiled:
    """What profiling gave; `misfits` are files that are no part of the table."""

    head: dict[str, Any] = field(default_factory=lambda: dict(NO_HEAD))
    summary: dict[str, Any] = field(default_factory=lambda: dict(NOTHING))
    findings: list[dict[str, Any]] = field(default_factory=list)
    misfits: dict[str, str] = field(default_factory=dict)
    proposal: dict[str, Any] | None = None
    json: bytes | None = None
    html: bytes | None = None


def file_seconds(size: int) -> float:
    """How long reading a file may take."""
    return FILE_SECONDS + MIB_SECONDS * size / limits.MIB


class TooSlowError(JobError):
    """There is no time left to read the drop."""


def _refuse_late(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise TooSlowError("the drop cannot be read in the time there is: drop a sample, or several smaller drops")


def check_files(files: Sequence[Fetched], wanted: Wanted, work: Path, deadline: float) -> dict[str, str]:
    """Why files cannot be read, by their names. A file that kills its reader is skipped by the next one."""
    reasons: dict[str, str] = {}
    left = list(files)
    while left:
        _refuse_late(deadline)
        stall = file_seconds(max(file.size for file in left)) + GRACE_SECONDS
        request = {
            "task": "check",
            "tabular": bool(wanted.tabular),
            "format": wanted.format,
            "files": [[file.name, str(file.path), file_seconds(file.size)] for file in left],
        }
        ending = run_child(CHILD, work, request, stall, deadline)
        verdicts = {a["checked"]: a["reason"] for a in ending.answers if "checked" in a}
        reasons.update({left[place].name: why for place, why in verdicts.items() if why})
        if len(verdicts) == len(left):
            break
        _refuse_late(deadline)
        culprit = max((a["start"] for a in ending.answers if "start" in a), default=0)
        name = left[culprit].name
        reasons[name] = f"{shown(name)}: reading it took {ending.trouble or 'its reader down'}"
        left = left[culprit + 1 :]
    return reasons


def profile_files(
    files: Sequence[Fetched], wanted: Wanted, previous: dict[str, Any] | None, work: Path, deadline: float
) -> Profiled:
    """The profile of the files as one table, made in the sandbox."""
    tables = [file for file in files if is_table(file.name)]
    if wanted.tabular is None:  # nobody said that it is a table: what is none is no reason to leave it out
        odd = check_files(tables, replace(wanted, tabular=True), work, deadline)
        tables = [file for file in tables if file.name not in odd]
    if wanted.tabular is False or not tables:
        return Profiled(
            findings=[no_table("the drop holds no table that can be read")] if wanted.tabular and files else []
        )
    request = {
        "task": "profile",
        "files": [[file.name, str(file.path)] for file in tables],
        "target": wanted.target,
        "problem": wanted.problem,
        "columns": wanted.columns,
        "checks": wanted.checks,
        "previous": previous,
        "propose": wanted.unknown,
    }
    ending = run_child(CHILD, work, request, deadline - time.monotonic(), deadline)
    _refuse_late(deadline)
    answer = next((a for a in ending.answers if "profile" in a), None)
    if answer is not None:
        return Profiled(
            head=answer["head"],
            summary={**NOTHING, **answer["summary"]},
            findings=answer["findings"],
            misfits=answer["misfits"],
            proposal=next((a["proposal"] for a in ending.answers if "proposal" in a), None),
            json=(work / "profile.json").read_bytes(),
            html=(work / "profile.html").read_bytes(),
        )
    failed = next((a for a in ending.answers if "reason" in a), {})
    reason = failed.get("reason") or f"to profile the table took {ending.trouble}"
    if not wanted.tabular:
        return Profiled()
    return Profiled(misfits=failed.get("misfits", {}), findings=[no_table(reason)])
