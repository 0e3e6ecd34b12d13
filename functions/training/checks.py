"""Whether a project fits the data and the code that were dropped; what fails here would fail a paid job later."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

from dropforge.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dropforge.plan import Code, Head
    from dropforge.project import Project

SHOWN = 12


def misfits(project: Project, head: Head, code: Code | None, data_place: str) -> Iterator[Problem]:
    """Everything about the drop that contradicts project.yaml. `data_place` is `<project>` in the data bucket."""
    if project.script:
        yield from _code(project.script, code, data_place)
    if project.script and not project.split:
        return  # the script alone knows what its bytes mean
    yield from _columns(project, head)


def _code(script: str, code: Code | None, place: str) -> Iterator[Problem]:
    files = code.files if code else []
    if script not in files:
        reason = f"there is no {script} under code/" + (f" (only {', '.join(files[:SHOWN])})" if files else "")
        yield Problem(("train", "script"), reason, f"upload it to {place}/code/{script}, or set train.script")


def _columns(project: Project, head: Head) -> Iterator[Problem]:
    if not head.fields:
        return
    if project.columns and len(project.columns) != head.fields:
        reason = f"names {len(project.columns)} columns, but the dropped file has {head.fields}"
        yield Problem(("columns",), reason, "name every column of the file, in its order")
        return
    target = project.target
    if isinstance(target, int) and not -head.fields <= target < head.fields:
        reason = f"{target} is no column: the dropped file has {head.fields}"
        yield Problem(("target",), reason, f"write 0 to {head.fields - 1}, or -1 for the last")
    if isinstance(target, str) and not project.columns:
        yield from _named_target(target, head)


def _named_target(target: str, head: Head) -> Iterator[Problem]:
    first = [cell.strip() for cell in (head.columns or (head.rows[0] if head.rows else []))]
    if not first or target in first:
        return
    if head.header:
        close = get_close_matches(target, first, n=1)
        fix = f"did you mean `{close[0]}`?" if close else f"write one of: {', '.join(first[:SHOWN])}"
        yield Problem(("target",), f"{target!r} is not in the dropped file's header", fix)
    else:
        reason = f"the dropped file has no header, so no column is called {target!r}"
        shown = ", ".join(first[:SHOWN])
        fix = f"write the column's index (-1 is the last) or name all with `columns:`; its first line is: {shown}"
        yield Problem(("target",), reason, fix)
