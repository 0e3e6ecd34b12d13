"""`dropforge runs`: the runs of a project (or of all), newest first, from the runs table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from boto3.dynamodb.types import TypeDeserializer
from rich.console import Console

from cli.stack import Stack
from cli.text import as_json, clock, package_name, print_table, took

HEADERS = ("run", "project", "status", "started", "took", "attempt", "result")


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


def print_runs(stack: Stack, project: str | None, limit: int, console: Console, *, json: bool = False) -> None:
    """Print the runs as a table (or as JSON); says so when there are none."""
    runs = list_runs(stack, project, limit)
    if json:
        console.print(as_json(runs), markup=False, soft_wrap=True)
    elif not runs:
        console.print(f"No runs{f' of project {project}' if project else ''} yet.")
    else:
        print_table(console, HEADERS, [(_cells(run), _note(run)) for run in runs], right=(5,))


def _cells(run: dict[str, Any]) -> list[str]:
    package = package_name(run.get("model_package_arn"))
    attempt = str(run.get("attempt", ""))
    return [
        str(run["pk"]),
        str(run.get("project", "")),
        str(run.get("status", "")),
        clock(run.get("started_at")),
        _took(run),
        attempt,
        package,
    ]


def _note(run: dict[str, Any]) -> str | None:
    """Why it ended, if not with a model: while a run goes on, its `reason` is that of its drop."""
    said = run.get("reason") and not run.get("model_package_arn") and run.get("status") != "RUNNING"
    return str(run["reason"]) if said else None


def _took(run: dict[str, Any]) -> str:
    return took(
        run.get("started_at"), run.get("ended_at") or (datetime.now(UTC) if run.get("status") == "RUNNING" else None)
    )
