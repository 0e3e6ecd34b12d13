"""`dropforge drops`: the drops of a project, newest first, and what became of each."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import islice
from typing import Any

from rich.console import Console

from cli.records import Item
from cli.service import NotRecordedError, Service
from cli.text import as_json, clock, package_name, print_table, size, took

HEADERS = ("drop", "folder", "state", "objects", "size", "opened", "took", "closed by", "run")
TOLD = ("REFUSED", "HELD", "EMPTY")


def list_drops(service: Service, project: str, limit: int, channel: str | None = None) -> list[Item]:
    """A project's windows, newest first, each with its run's item under `run` (None: no run).

    Raises:
        NotRecordedError: nothing at all is recorded under the project's name.
    """
    windows = list(islice(service.records.windows(project, channel=channel), limit))
    if not windows:
        _check_known(service, project)
    runs = service.records.runs_of(str(window["drop"]) for window in windows)
    return [{**window, "run": runs.get(str(window["drop"]))} for window in windows]


def print_drops(
    service: Service, project: str, console: Console, *, limit: int, channel: str | None = None, json: bool = False
) -> None:
    """Print the drops as a table (or as JSON), the reason below those that started nothing."""
    drops = list_drops(service, project, limit, channel)
    if json:
        console.print(as_json(drops), markup=False, soft_wrap=True)
    elif not drops:
        console.print(f"No drops of project {project}{f' in {channel}/' if channel else ''} yet.")
    else:
        print_table(console, HEADERS, [(_cells(drop), _note(drop)) for drop in drops], right=(3, 4))


def _cells(drop: Item) -> list[str]:
    folder = "/".join(str(part) for part in (drop["channel"], drop.get("folder")) if part)
    counted = drop.get("count") is not None
    ended = drop.get("settled_at") or drop.get("closed_at")
    return [
        str(drop["drop"]),
        folder,
        str(drop.get("outcome") or drop.get("state")),
        f"{int(drop['count']):,}" if counted else "",
        size(int(drop.get("bytes") or 0)) if counted else "",
        clock(drop.get("opened_at")),
        took(drop.get("opened_at"), ended or datetime.now(UTC)),
        str(drop.get("reason") or ""),
        _run(drop.get("run")),
    ]


def _run(run: dict[str, Any] | None) -> str:
    if not run:
        return "–"
    package = package_name(run.get("model_package_arn"))
    return str(run.get("status")) + (f" {package}" if package else "")


def _note(drop: Item) -> str | None:
    """Why a drop started nothing, or its run came to nothing."""
    if drop.get("outcome") in TOLD:
        return str(drop.get("outcome_reason") or "no reason is recorded")
    run = drop.get("run") or {}
    said = run.get("reason") and run.get("status") not in ("RUNNING", "SUCCEEDED")
    return str(run["reason"]) if said else None


def _check_known(service: Service, project: str) -> None:
    if service.records.config(project):
        return
    known = service.records.projects()
    if project not in known:
        listed = ", ".join(known[:12]) or "none"
        raise NotRecordedError(f"Nothing is recorded about a project {project!r}. Projects with objects: {listed}.")
