"""`dropforge runs`: the runs of a project (or of all), newest first, from the runs table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from boto3.dynamodb.types import TypeDeserializer
from rich.console import Console
from rich.table import Table

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
    table = Table("run", "project", "status", "started", "took", "attempt", box=None, pad_edge=False)
    table.add_column("result", no_wrap=True, overflow="ellipsis")
    for run in runs:
        table.add_row(
            str(run["pk"]),
            str(run.get("project", "")),
            str(run.get("status", "")),
            str(run.get("started_at", ""))[:19].replace("T", " "),
            _took(run),
            str(run.get("attempt", "")),
            str(run.get("model_package_arn") or run.get("reason") or "").rsplit(":model-package/", maxsplit=1)[-1],
        )
    console.print(table)


def _took(run: dict[str, Any]) -> str:
    started = _moment(run.get("started_at"))
    ended = _moment(run.get("ended_at")) or (datetime.now(UTC) if run.get("status") == "RUNNING" else None)
    if started is None or ended is None:
        return ""
    seconds = int((ended - started).total_seconds())
    return f"{seconds // 60} min {seconds % 60:02d} s" if seconds >= 60 else f"{seconds} s"  # noqa: PLR2004


def _moment(text: Any) -> datetime | None:
    return datetime.fromisoformat(str(text).replace("Z", "+00:00")) if text else None
