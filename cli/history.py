"""What Step Functions recorded of an execution: each task's arguments and result, and when.

AWS keeps a history for ninety days after the execution ended. This is the only reader of GetExecutionHistory.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from cli.stack import Stack
from cli.text import moment

KEPT_DAYS = 90
GONE = ("ExecutionDoesNotExist", "InvalidArn")
PAGE = 1000
ENDED = ("TaskSucceeded", "TaskFailed", "TaskTimedOut", "TaskStartFailed", "TaskSubmitFailed")
ENDINGS = ("ExecutionSucceeded", "ExecutionFailed", "ExecutionAborted", "ExecutionTimedOut")


@dataclass(frozen=True)
class Step:
    """One task as it was asked for and answered. `event` and `answer` are ids in the execution's history."""

    execution: str
    event: int
    state: str
    resource: str
    parameters: Any
    began: datetime | None
    ended: datetime | None = None
    answer: int | None = None
    output: Any = None
    error: str | None = None
    cause: str | None = None

    @property
    def function(self) -> str | None:
        """The name or ARN of the function that was invoked; None for other tasks."""
        is_lambda = self.resource == "lambda:invoke" and isinstance(self.parameters, dict)
        return str(self.parameters.get("FunctionName", "")) if is_lambda else None

    @property
    def given(self) -> Any:
        """The facts that a function got, or the request that AWS got."""
        return self.parameters.get("Payload") if self.resource == "lambda:invoke" else self.parameters

    @property
    def gave(self) -> Any:
        """The decision that a function returned, or AWS's answer."""
        return (self.output or {}).get("Payload") if self.resource == "lambda:invoke" else self.output

    @property
    def place(self) -> str:
        """Where this is recorded: the execution's ARN and the events' ids."""
        return f"{self.execution} · event {self.event}" + (f"–{self.answer}" if self.answer else "")


@dataclass(frozen=True)
class Wait:
    """A Wait state: entered, and left (None: not yet)."""

    began: datetime | None
    ended: datetime | None
    event: int


@dataclass
class Execution:
    """A whole execution, its tasks in the order in which they were scheduled."""

    arn: str
    given: Any = None
    status: str = "RUNNING"
    began: datetime | None = None
    ended: datetime | None = None
    error: str | None = None
    cause: str | None = None
    last: str | None = None
    steps: list[Step] = field(default_factory=list)
    waits: list[Wait] = field(default_factory=list)

    @property
    def machine(self) -> str:
        """The machine's name."""
        return self.arn.split(":")[-2]

    def of(self, resource: str) -> list[Step]:
        """The tasks whose resource starts so, e.g. `lambda:` or `events:putEvents`."""
        return [step for step in self.steps if step.resource.startswith(resource)]


class Histories:
    """Executions by ARN, each read once. `gone` has those that AWS keeps no longer."""

    def __init__(self, stack: Stack) -> None:
        self._client = stack.client("stepfunctions")
        self._read: dict[str, Execution | None] = {}
        self.gone: set[str] = set()

    def of(self, arn: Any) -> Execution | None:
        """The execution; None if there is no ARN, or its history is gone."""
        if not arn:
            return None
        if arn not in self._read:
            self._read[arn] = self._fetch(str(arn))
        return self._read[arn]

    def _fetch(self, arn: str) -> Execution | None:
        pages = self._client.get_paginator("get_execution_history").paginate(
            executionArn=arn, PaginationConfig={"PageSize": PAGE}
        )
        try:
            return understand(arn, [event for page in pages for event in page["events"]])
        except ClientError as error:
            if error.response["Error"]["Code"] in GONE:
                self.gone.add(arn)
                return None
            raise

    def nested(self, execution: Execution | None) -> Iterator[Execution]:
        """The executions that its tasks started, and theirs, as far as their histories are kept."""
        for step in execution.of("states:startExecution") if execution else []:
            found = self.of(nested_arn(step.parameters))
            if found:
                yield found
                yield from self.nested(found)


def nested_arn(parameters: Any) -> str | None:
    """The ARN of the execution that StartExecution's arguments name."""
    given = parameters if isinstance(parameters, dict) else {}
    machine, name = given.get("StateMachineArn"), given.get("Name")
    return f"{machine.replace(':stateMachine:', ':execution:')}:{name}" if machine and name else None


def understand(arn: str, events: list[dict[str, Any]]) -> Execution:
    """An execution from its history's events."""
    execution = Execution(arn)
    by_id = {int(event["id"]): event for event in events}
    open_tasks: dict[int, Step] = {}
    for event in events:
        kind, time = str(event["type"]), moment(event["timestamp"])
        if kind == "ExecutionStarted":
            execution.began, execution.given = time, _parsed(_details(event).get("input"))
        elif kind == "TaskScheduled":
            step = _scheduled(arn, event, by_id)
            open_tasks[step.event] = step
        elif kind in ENDED:
            scheduled = _walk_back(event, by_id, "TaskScheduled")
            if scheduled and scheduled["id"] in open_tasks:
                open_tasks[scheduled["id"]] = _answered(open_tasks[scheduled["id"]], event)
        elif kind in ENDINGS:
            said = _details(event)
            execution.status, execution.ended = kind.removeprefix("Execution").upper(), time
            execution.error, execution.cause = said.get("error"), said.get("cause")
        elif kind in ("SucceedStateEntered", "FailStateEntered"):
            execution.last = _details(event).get("name")
    execution.status = execution.status.replace("TIMEDOUT", "TIMED_OUT")
    execution.steps = list(open_tasks.values())
    execution.waits = list(_waits(events, by_id))
    return execution


def _scheduled(arn: str, event: dict[str, Any], by_id: dict[int, dict[str, Any]]) -> Step:
    said = _details(event)
    entered = _walk_back(event, by_id, "TaskStateEntered")
    return Step(
        execution=arn,
        event=int(event["id"]),
        state=str(_details(entered).get("name", "")) if entered else "",
        resource=f"{said.get('resourceType')}:{said.get('resource')}",
        parameters=_parsed(said.get("parameters")),
        began=moment(event["timestamp"]),
    )


def _answered(step: Step, event: dict[str, Any]) -> Step:
    said = _details(event)
    ended = {"ended": moment(event["timestamp"]), "answer": int(event["id"])}
    if event["type"] == "TaskSucceeded":
        return Step(**{**vars(step), **ended, "output": _parsed(said.get("output"))})
    error = said.get("error") or ("States.Timeout" if event["type"] == "TaskTimedOut" else "States.TaskFailed")
    return Step(**{**vars(step), **ended, "error": error, "cause": said.get("cause") or ""})


def _waits(events: list[dict[str, Any]], by_id: dict[int, dict[str, Any]]) -> Iterator[Wait]:
    left = {}
    for event in events:
        if event["type"] == "WaitStateExited":
            entered = _walk_back(event, by_id, "WaitStateEntered")
            left[entered["id"] if entered else 0] = moment(event["timestamp"])
    for event in events:
        if event["type"] == "WaitStateEntered":
            yield Wait(moment(event["timestamp"]), left.get(event["id"]), int(event["id"]))


def _walk_back(event: dict[str, Any], by_id: dict[int, dict[str, Any]], kind: str) -> dict[str, Any] | None:
    """The nearest event of a type before this one in its branch: parallel branches are interleaved by time."""
    found = by_id.get(int(event.get("previousEventId") or 0))
    while found and found["type"] != kind:
        found = by_id.get(int(found.get("previousEventId") or 0))
    return found


def _details(event: dict[str, Any] | None) -> dict[str, Any]:
    for name, value in (event or {}).items():
        if name.endswith("EventDetails"):
            return dict(value)
    return {}


def _parsed(text: Any) -> Any:
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return text
