"""The middle of a timeline: the data set, what was found in it, and the judgement."""

from __future__ import annotations

import json
from typing import Any

from cli.history import Execution
from cli.records import Item
from cli.service import Service
from cli.text import decoded, moment, plural, size
from cli.why.arrival import window_place
from cli.why.decisions import decision_line
from cli.why.story import Fact, Line

JUDGE = "intake.judge_drop"
INSPECTOR = "inspect_drop"
SHOWN_ROWS = 3
SHOWN_QUARANTINED = 5
LONGEST_ROW = 120


def data_set(service: Service, window: Item | None, run: Item | None) -> list[Line]:
    """The version of the data, where its frozen copy lies, what it looks like, and what was found."""
    said = window or {}
    place, found = inspection(service, said)
    digest = said.get("digest") or found.get("digest") or (run or {}).get("digest")
    if not digest and not found:
        return []
    time = moment(said.get("settled_at") or said.get("closed_at") or (run or {}).get("started_at"))
    recorded = window_place(service, said) if said else f"run {(run or {}).get('pk')}"
    fact = Fact(place if found else recorded, outputs=found or None)
    what = f"data set {digest}" if digest else "nothing of it is a data set"
    objects, total = found.get("objects", said.get("count")), found.get("bytes", said.get("bytes"))
    what += f": {plural(int(objects), 'object')}, {size(total or 0)}" if objects is not None else ""
    uri = found.get("uri") or said.get("uri")
    lines = [Line(what, INSPECTOR, time, fact, (f"frozen at {uri}",) if uri else ())]
    lines += [line for line in (_table(found, fact), _profile(said, found)) if line]
    return lines + _quarantined(found, fact) + [_finding(f, fact) for f in findings(said, found)]


def inspection(service: Service, window: Item) -> tuple[str, dict[str, Any]]:
    """(URI, content) of a drop's `inspection.json`, beside its list of objects; empty if there is none (any more)."""
    listed = str(window.get("objects") or "")
    uri = str(window.get("inspection") or (listed and f"{listed.rpartition('/')[0]}/inspection.json"))
    text = service.records.file(uri)
    return uri, dict(json.loads(text)) if text else {}


def findings(window: Item, found: dict[str, Any]) -> list[dict[str, Any]]:
    """What was found in the data, by the inspection, or as it was told."""
    detail = (decoded(window.get("announcement")) or {}).get("detail") or {}
    said = found.get("findings") or detail.get("findings") or []
    return [f for f in said if isinstance(f, dict)]


def _table(found: dict[str, Any], fact: Fact) -> Line | None:
    table = found.get("table") or {}
    if not table:
        return None
    columns = table.get("columns_count") or len(table.get("columns") or [])
    rows = table.get("rows")
    zipped = "" if table.get("compression") in (None, "none") else f", {table['compression']}"
    what = f"{table.get('format')}{zipped}: {plural(int(rows), 'row') if rows is not None else 'rows unknown'}, "
    what += f"{plural(int(columns), 'column')}, {'with' if table.get('header') else 'without'} a header"
    target = found.get("target") or {}
    if target:
        classes = f", {plural(int(target['classes']), 'class', 'classes')}" if target.get("classes") else ""
        what += f"; target {target.get('name') or target.get('index')} ({target.get('problem')}{classes})"
    return Line(what, INSPECTOR, None, fact)


def _profile(window: Item, found: dict[str, Any]) -> Line | None:
    profile = found.get("profile") or {}
    page = profile.get("html_uri") or profile.get("uri") or window.get("profile_uri")
    if not page:
        return None
    page = str(page)
    html = f"{page.removesuffix('.json')}.html" if page.endswith(".json") else page
    return Line("profile, with plots:", INSPECTOR, None, Fact(str(profile.get("uri") or page)), (_copy(html),))


def _copy(uri: str) -> str:
    return f"$ aws s3 cp {uri} profile.html"


def _quarantined(found: dict[str, Any], fact: Fact) -> list[Line]:
    listed = found.get("quarantined") or []
    count = int(found.get("quarantined_count") or len(listed))
    if not count:
        return []
    shown = tuple(f"{ascii(q.get('key'))[1:-1]}: {q.get('reason')}" for q in listed[:SHOWN_QUARANTINED])
    more = (f"… and {count - len(shown):,} more",) if count > len(shown) else ()
    return [
        Line(f"{plural(count, 'object')} quarantined, left out of the data set", INSPECTOR, None, fact, shown + more)
    ]


def _finding(finding: dict[str, Any], fact: Fact) -> Line:
    rows = finding.get("rows") or []
    below = [f"{row.get('file')}, line {row.get('line')}: {_shown(row.get('text'))}" for row in rows[:SHOWN_ROWS]]
    fix = [f"to do: {finding['fix']}"] if finding.get("fix") else []
    what = f"found {finding.get('check')} ({finding.get('count')}): {finding.get('message')}"
    return Line(what, INSPECTOR, None, Fact(fact.place, outputs=finding), tuple(below + fix))


def _shown(text: Any) -> str:
    """A row of somebody's file, with nothing in it that a terminal would obey."""
    line = str(text)
    line = line if line.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)
    return line if len(line) <= LONGEST_ROW else line[: LONGEST_ROW - 1] + "…"


def judged(service: Service, project: str, window: Item, executions: list[Execution]) -> list[Line]:
    """The judgement with its inputs and outputs, and what became of the window."""
    steps = [s for e in executions for s in e.steps if service.functions.name(s) == JUDGE]
    lines = [decision_line(JUDGE, step) for step in steps]
    fact = Fact(window_place(service, window), outputs=window)
    if window.get("outcome"):
        reason = f": {window['outcome_reason']}" if window.get("outcome_reason") else ""
        what = f"drop {window['outcome']}{reason}"
        ended = [step.ended for step in steps if step.ended]
        lines.append(Line(what, "Step Functions", max(ended, default=moment(window.get("settled_at"))), fact))
    return lines + _project(service, project, window)


def _project(service: Service, project: str, window: Item) -> list[Line]:
    config = service.records.config(project)
    if config is None:
        what = f"project {project} has no valid project.yaml: its drops wait (HELD) until one is uploaded"
        return [Line(what, "intake", None, Fact(f"table {service.records.table('ProjectsTableName')} · {project}"))]
    fact = Fact(f"table {service.records.table('ProjectsTableName')} · {project} · config", outputs=config)
    changed, settled = moment(config.get("changed_at")), moment(window.get("settled_at") or window.get("closed_at"))
    if changed and settled and changed > settled:
        what = f"project.yaml was changed after that: digest {str(config.get('text_digest'))[:12]} is in force now"
        return [Line(what, "you", changed, fact)]
    return [Line(f"project.yaml in force: digest {str(config.get('text_digest'))[:12]}", "you", changed, fact)]
