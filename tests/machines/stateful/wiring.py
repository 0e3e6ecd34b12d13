"""What starts what, read from the stacks: the pipe's filter, the rules' patterns, the machines' definitions."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from ministack.services.eventbridge import _matches_pattern

from localcloud.glue.pipes import target
from tests.contract import application

Json = dict[str, Any]
ACCOUNT, REGION = application.ACCOUNT, application.REGION
TABLES = {n: application.root()._physical(n) for n in ("DropsTable", "ProjectsTable", "RunsTable")}
DROPS, PROJECTS, RUNS = TABLES.values()
BUCKETS = {n: application.root()._physical(n) for n in ("DataBucket", "ArtifactsBucket")}


@cache
def machines() -> dict[str, application.Machine]:
    """By ARN."""
    return {arn(name): machine for name, machine in application.machines().items()}


def arn(logical_id: str) -> str:
    """A machine's ARN."""
    machine = application.machines()[logical_id]
    return application.rows()[machine.row]._arn(logical_id)


@cache
def _pipe() -> Json:
    pipe: Json = application.rows()["intake"].properties_of("AWS::Pipes::Pipe")["IntakePipe"]
    return pipe


def pipe_takes(record: Json) -> bool:
    """Whether the pipe hands a record of the stream to the intake machine."""
    return target.passes(_pipe(), record)


@cache
def _rules() -> list[tuple[str, list[str]]]:
    """(pattern, targets) of every rule that has a pattern."""
    return [
        (json.dumps(rule["EventPattern"]), [t["Arn"] for t in rule["Targets"]])
        for _, rule in application.rules().values()
        if "EventPattern" in rule
    ]


def targets_of(event: Json) -> list[str]:
    """The ARNs of what an event starts, or goes to."""
    view = {
        "Source": event["source"],
        "DetailType": event["detail-type"],
        "Detail": json.dumps(event["detail"]),
        "Resources": [],
        "Account": ACCOUNT,
        "Region": REGION,
        "Time": event.get("time", "2026-11-23T08:00:00Z"),
    }
    return [arn for pattern, arns in _rules() if _matches_pattern(pattern, view) for arn in arns]


def queue_arn() -> str:
    """The intake queue's."""
    return application.rows()["intake"]._arn("IntakeQueue")
