"""`dropforge runs`: the runs of a project (or of all), newest first, from the runs table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from boto3.dynamodb.types import TypeDeserializer
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from cli.stack import Stack


def list_runs(stack: Stack, project: str | None, limit: int) -> list[dict[str, Any]]:
    """Items of the runs table, newest first.

    Args:
        stack: the deployed stack.
        project: only this project's runs; all when None.
        limit: how many at most.
    """
    items = [item for item in _items(stack, project) if item.get("sk") == "run"]
    return sorted(items, key=lambda item: str(item.get("started_at", "")), reverse=True)[:limit]


def _items(stack: Stack, project: str | None) -> Iterator[dict[str, Any]]:
    client = stack.client("dynamodb")
    table = stack.output("RunsTableName")
    if project is None:
        pages = client.get_paginator("scan").paginate(TableName=table)
    else:
        pages = client.get_paginator("query").paginate(
            TableName=table,
            IndexName="by-project",
            KeyConditionExpression="#project = :project",
            ExpressionAttributeNames={"#project": "project"},
            ExpressionAttributeValues={":project": {"S": project}},
            ScanIndexForward=False,
        )
    deserialize = TypeDeserializer().deserialize
    for page in pages:
        for item in page["Items"]:
            yield {key: deserialize(value) for key, value in item.items()}


def print_runs(stack: Stack, project: str | None, limit: int, console: Console) -> None:
    """Print the runs as a table; says so when there are none."""
    runs = list_runs(stack, project, limit)
    if not runs:
        console.print(f"No runs{f' of project {project}' if project else ''} yet.")
        return
    console.print(f"{'run':12}{'project':20}{'status':12}{'started':21}{'took':13}attempt  result", soft_wrap=True)
    for run in runs:
        began = str(run.get("started_at", ""))[:19].replace("T", " ")
        name, project, status = str(run["pk"]), str(run.get("project", "")), str(run.get("status", ""))
        line = f"{name:12}{project:20}{status:12}{began:21}{_took(run):13}{run.get('attempt', '')!s:9}"
        package = str(run.get("model_package_arn") or "").rsplit(":model-package/", maxsplit=1)[-1]
        console.print((line + package).rstrip(), soft_wrap=True, markup=False)
        if run.get("reason") and not package and status != "RUNNING":
            console.print(Padding(Text(str(run["reason"])), (0, 0, 0, 4)))


def _took(run: dict[str, Any]) -> str:
    started = _moment(run.get("started_at"))
    ended = _moment(run.get("ended_at")) or (datetime.now(UTC) if run.get("status") == "RUNNING" else None)
    if started is None or ended is None:
        return ""
    seconds = int((ended - started).total_seconds())
    return f"{seconds // 60} min {seconds % 60:02d} s" if seconds >= 60 else f"{seconds} s"  # noqa: PLR2004


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(str(text).replace("Z", "+00:00")) if text else None
