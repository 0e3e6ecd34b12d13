"""What EventBridge never told, and what stopped without anybody noticing: the eyes of the reconciler."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import boto3
from dropforge.handler import takes
from dropforge.settings import Settings
from intake import folder, items, stalled
from intake.drops_table import DropsTable
from intake.models import FindMissed
from intake.windows import completes

PAGES = 20  # of 1,000 versions in one answer; the machine comes back for the rest
PROJECTS = 50
RESTARTS, VERIFIED = 50, 200  # of one look; the next one finds the rest
LOOKED_AT = 2_000  # windows of a stage; many may be left as they are for long
RECENT_SECONDS = 60


class FindMissedSettings(Settings):
    """The environment of `find_missed`."""

    data_bucket_name: str
    drops_table_name: str
    projects_table_name: str
    runs_table_name: str


settings = FindMissedSettings.read()
s3 = boto3.client("s3")
dynamodb = boto3.client("dynamodb")
table = DropsTable(dynamodb, settings.drops_table_name)


@takes(FindMissed)
def handler(facts: FindMissed) -> dict[str, Any]:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    missed: list[Any] = []
    projects: list[Any] = []
    cursor = None
    rules: dict[str, frozenset[str]] = {}
    pages = folder.Listing(s3, settings.data_bucket_name).pages("", deep=True, start=facts.cursor)
    for number, (events, following) in enumerate(pages, 1):
        for project in {change.project for change in folder.changes(events)} - set(rules):
            rules[project] = completes(_config(project))
        missed += folder.look(table, events, rules, RECENT_SECONDS)
        projects += [e for e in events if _is_missed_project(e)]
        cursor = following
        if number == PAGES or len(missed) >= folder.SENT_AT_ONCE * PAGES:
            break
    missed.sort(key=lambda event: str(event["detail"]["object"]["key"]))
    entries = folder.messages(missed)
    sent = sum(map(len, entries))
    if sent < len(missed):
        cursor = {"KeyMarker": missed[sent - 1]["detail"]["object"]["key"]}
    restart, verified = _windows(facts.now) if facts.cursor is None else ([], [])
    return {
        "entries": entries,
        "projects": projects[:PROJECTS],
        "restart": restart[:RESTARTS],
        "verified": verified[:VERIFIED],
        "cursor": cursor,
    }


def _windows(now: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """(windows that nobody works on any more, windows whose drop has come to its effect)."""
    before = items.stamp(datetime.fromisoformat(now) - stalled.GRACE)
    configs: dict[str, str | None] = {}
    restart, verified = [], []
    for stage in ("WAITING", "RECORDED", "HELD", "ANNOUNCED"):
        for item in table.staged(stage, before, LOOKED_AT):
            project = item["project"]
            if stage != "ANNOUNCED" and project not in configs:
                configs[project] = _config(project)
            has_run = stage == "ANNOUNCED" and _exists(settings.runs_table_name, item["drop"], "run")
            fate = stalled.fate(item, now, config=configs.get(project), has_run=has_run)
            place = {"pk": item["pk"], "sk": item["sk"], "drop": item["drop"]}
            if fate == "restart":
                restart.append({**place, "input": stalled.restart_input(item)})
            elif fate == "verified":
                verified.append(place)
    return restart, verified


def _is_missed_project(event: dict[str, Any]) -> bool:
    """Whether a project.yaml is in the bucket in a version that its machine never saw."""
    thing = event["detail"]["object"]
    if event["detail-type"] != "Object Found" or not folder.is_project_file(thing["key"]):
        return False
    seen = _item(settings.projects_table_name, thing["key"].split("/")[0], "upload")
    return seen is None or seen.get("version_id", {}).get("S") != thing.get("version-id")


def _config(project: str) -> str | None:
    item = _item(settings.projects_table_name, project, "config")
    return str(item["config"]["S"]) if item else None


def _exists(name: str, pk: str, sk: str) -> bool:
    return _item(name, pk, sk) is not None


def _item(name: str, pk: str, sk: str) -> dict[str, Any] | None:
    found: dict[str, Any] = dynamodb.get_item(TableName=name, Key=items.typed({"pk": pk, "sk": sk}))
    return found.get("Item")
