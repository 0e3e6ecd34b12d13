"""The status of an execution: its record, its last event of the history, its event on the default bus."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from localcloud.glue import hooks
from localcloud.glue.stepfunctions.history import History, now

_log = logging.getLogger(__name__)

_EVENT_LIMIT = 248 * 1024  # AWS leaves larger inputs and outputs out of the event
_REDRIVABLE = {"FAILED", "TIMED_OUT", "ABORTED"}
_LAST_EVENT = {
    "SUCCEEDED": ("ExecutionSucceeded", "executionSucceededEventDetails"),
    "FAILED": ("ExecutionFailed", "executionFailedEventDetails"),
    "TIMED_OUT": ("ExecutionTimedOut", "executionTimedOutEventDetails"),
}
INTERRUPTED = "States.ServiceRestart"  # ministack's name for what ran when the process died


def finish(record: dict[str, Any], outcome: str, output: str | None, error: str | None, cause: str | None) -> None:
    """Write how an execution ended (SUCCEEDED, FAILED or TIMED_OUT) into ministack's record."""
    kind, member = _LAST_EVENT[outcome]
    details: dict[str, Any] = {"error": error, "cause": cause}
    if outcome == "SUCCEEDED":
        details = {"output": output, "outputDetails": {"truncated": False}}
    details = {key: item for key, item in details.items() if item is not None}
    History(record["events"]).add(kind, len(record["events"]), **{member: details})
    record.update(output=output, error=error, cause=cause, stopDate=now(), status=outcome)


def detail(record: dict[str, Any]) -> dict[str, Any]:
    """Return the detail of "Step Functions Execution Status Change", as AWS sends it."""
    status = record["status"]
    redrivable = status in _REDRIVABLE
    reason = "is redrivable" if redrivable else "cannot be redriven"
    return {
        "executionArn": record["executionArn"],
        "stateMachineArn": record["stateMachineArn"],
        "name": record["name"],
        "status": status,
        "startDate": _milliseconds(record.get("startDate")),
        "stopDate": _milliseconds(record.get("stopDate")),
        **_payload("input", record.get("input")),
        **_payload("output", record.get("output") if status == "SUCCEEDED" else None),
        "stateMachineVersionArn": None,
        "stateMachineAliasArn": None,
        "redriveCount": 0,
        "redriveDate": None,
        "redriveStatus": "REDRIVABLE" if redrivable else "NOT_REDRIVABLE",
        "redriveStatusReason": f"Execution is {status} and {reason}",
        "error": record.get("error") or None,
        "cause": record.get("cause") or None,
    }


def _payload(name: str, text: str | None) -> dict[str, Any]:
    if text is None:
        return {name: None, f"{name}Details": None}
    included = len(json.dumps(text)) <= _EVENT_LIMIT
    return {name: text if included else None, f"{name}Details": {"included": included}}


def _milliseconds(iso: str | None) -> int | None:
    return None if not iso else round(datetime.fromisoformat(iso).timestamp() * 1000)


def emit(record: dict[str, Any]) -> None:
    """Put the event of a record's status on the default bus; express executions have none."""
    machine = hooks.target("services.stepfunctions", "_state_machines").get(record["stateMachineArn"]) or {}
    if record.get("sync") or machine.get("type") == "EXPRESS":
        return
    entry = {
        "Source": "aws.states",
        "DetailType": "Step Functions Execution Status Change",
        "Detail": json.dumps(detail(record)),
        "Resources": [record["executionArn"]],
    }
    try:
        hooks.target("services.eventbridge", "_put_events")({"Entries": [entry]}, allow_aws_source=True)
    except Exception:  # best effort on AWS too: a bus that refuses must not fail the execution
        _log.exception("event lost: %s is %s", record["executionArn"], record["status"])


def restoring(old: Callable[[Any], None]) -> Callable[[Any], None]:
    """Return ministack's `_restore_state` that also ends the history of what it marks as failed."""

    def restore(data: Any) -> None:
        old(data)
        for record in _interrupted():
            if "announced" in record:
                continue  # noticed by an earlier start, which did not come to announce it
            record.update(output=None, announced=False)
            details = {"error": record["error"], "cause": record["cause"]}
            History(record["events"]).add("ExecutionFailed", len(record["events"]), executionFailedEventDetails=details)

    return restore


def _interrupted() -> list[dict[str, Any]]:
    records = hooks.target("services.stepfunctions", "_executions").all_values()
    return [r for r in records if r.get("error") == INTERRUPTED and not r.get("announced")]


def announce_interrupted() -> list[str]:
    """Put the FAILED events of the executions that ran when the process died on the bus, once; return their ARNs.

    To be called when everything that the rules lead to is ready to work.
    """
    scope = hooks.target("core.responses", "request_scope")
    executions = hooks.target("services.stepfunctions", "_executions")
    records = _interrupted()
    for record in records:
        region, account = record["executionArn"].split(":")[3:5]
        with scope(account, region):
            emit(record)
            record["announced"] = True
            executions.get(record["executionArn"])  # a look at it tells glue/persistence of the change
    return [record["executionArn"] for record in records]
