"""Executions from start to end: in place of ministack's interpreter, on ministack's records."""

from __future__ import annotations

import json
import logging
import re
import threading
from collections.abc import Callable
from typing import Any

from localcloud.glue import hooks
from localcloud.glue.stepfunctions import machine, status
from localcloud.glue.stepfunctions.clock import Deadline, Scope
from localcloud.glue.stepfunctions.errors import PAYLOAD_LIMIT, CancelledError, ExecutionTimedOutError, StateError
from localcloud.glue.stepfunctions.expressions import compact
from localcloud.glue.stepfunctions.history import History
from localcloud.glue.stepfunctions.identity import Identity
from localcloud.glue.stepfunctions.run import Engine, Frame, Run

_log = logging.getLogger(__name__)

_NAME = re.compile(r"[^\s<>{}\[\]?*\"#%\\^|~`$&,;:/\x00-\x1f\x7f-\x9f]{1,80}")


class Executions:
    """The executions that run in this process."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        # Between "is it still running?" and the change of status nothing else may end the execution.
        self._lock = threading.RLock()
        self._scopes: dict[str, Scope] = {}

    def run(self, arn: str) -> None:
        """Run a started execution to its end: ministack's `_run_execution`, called in a thread of its own."""
        record = hooks.target("services.stepfunctions", "_executions").get(arn)
        if record is None:
            return
        record.setdefault("error", None)
        record.setdefault("cause", None)
        try:
            output = self._walk(record)
        except CancelledError:
            self._engine.notices.post(arn)  # StopExecution has written the record
        except ExecutionTimedOutError:
            self._end(record, "TIMED_OUT", error="States.Timeout")
        except StateError as error:
            self._end(record, "FAILED", error=error.name or None, cause=error.cause or None)
        except Exception as error:
            _log.exception("%s: the interpreter failed", arn)
            self._end(record, "FAILED", error="States.Runtime", cause=f"{type(error).__name__}: {error}")
        else:
            self._end(record, "SUCCEEDED", output=compact(output))

    def _walk(self, record: dict[str, Any]) -> Any:
        arn = record["executionArn"]
        model = hooks.target("services.stepfunctions", "_state_machines").get(record["stateMachineArn"])
        if model is None:
            raise StateError("States.Runtime", f"{record['stateMachineArn']} was deleted")
        definition = json.loads(model["definition"])
        seconds = definition.get("TimeoutSeconds")
        scope = Scope(deadline=Deadline(None if seconds is None else self._engine.clock.limit(seconds)))
        with self._lock:
            if record["status"] != "RUNNING":
                raise CancelledError
            self._scopes[arn] = scope
        identity = Identity(self._engine.endpoint_url, model["roleArn"], record["stateMachineArn"])
        try:
            run = Run(self._engine, identity, History(record["events"], lambda: _mark_changed(arn)))
            value = json.loads(record["input"] or "{}")
            return machine.walk(Frame(run, scope, _context(record, model, value), {}), definition, value)
        finally:
            with self._lock:
                self._scopes.pop(arn, None)

    def _end(
        self,
        record: dict[str, Any],
        outcome: str,
        *,
        output: str | None = None,
        error: str | None = None,
        cause: str | None = None,
    ) -> None:
        with self._lock:
            if record["status"] != "RUNNING":
                return  # stopped in the last moment
            status.finish(record, outcome, output, error, cause)
        _mark_changed(record["executionArn"])
        status.emit(record)
        self._engine.notices.post(record["executionArn"])

    def starting(self, old: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
        """Return StartExecution that checks name and input, and is idempotent while the execution runs."""

        def start(data: dict[str, Any]) -> Any:
            text = data.get("input") or "{}"
            if problem := _problem(data.get("name"), text):
                return hooks.target("core.responses", "error_response_json")(*problem, 400)
            running = self._running(data)
            if running is not None and running["input"] == text:
                answer = {"executionArn": running["executionArn"], "startDate": running["startDate"]}
                return hooks.target("core.responses", "json_response")(answer)
            return old({**data, "input": text})

        return start

    def _running(self, data: dict[str, Any]) -> dict[str, Any] | None:
        machine_arn = str(data.get("stateMachineArn"))
        arn = f"{machine_arn.replace(':stateMachine:', ':execution:')}:{data.get('name')}"
        record: dict[str, Any] | None = hooks.target("services.stepfunctions", "_executions").get(arn)
        return record if record and record["status"] == "RUNNING" else None

    def stopping(self, old: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], Any]:
        """Return StopExecution that also ends what the execution is doing, jobs and nested executions included."""

        def stop(data: dict[str, Any]) -> Any:
            arn = data.get("executionArn")
            with self._lock:
                response = old(data)
                scope = self._scopes.get(str(arn))
            if response[0] < 300 and scope is not None:  # noqa: PLR2004 - HTTP success
                scope.cancel()
            self._engine.notices.post(str(arn))
            return response

        return stop


def _problem(name: Any, text: str) -> tuple[str, str] | None:
    """Return code and message of what is wrong with a StartExecution request."""
    if name is not None and not _NAME.fullmatch(str(name)):
        return "InvalidName", f"Invalid Name: '{name}'"
    try:
        json.loads(text)
    except ValueError as error:
        return "InvalidExecutionInput", f"Invalid State Machine Execution Input: '{error}'"
    if len(text.encode()) > PAYLOAD_LIMIT:
        return "InvalidExecutionInput", f"Invalid State Machine Execution Input: more than {PAYLOAD_LIMIT} bytes"
    return None


def _mark_changed(arn: str) -> None:
    # Looking a record up tells glue/persistence that it may have changed: so after a change, not before it.
    hooks.target("services.stepfunctions", "_executions").get(arn)


def _context(record: dict[str, Any], model: dict[str, Any], value: Any) -> dict[str, Any]:
    """Return $states.context as Step Functions fills it."""
    return {
        "Execution": {
            "Id": record["executionArn"],
            "Input": value,
            "Name": record["name"],
            "RoleArn": model["roleArn"],
            "StartTime": record["startDate"],
            "RedriveCount": 0,
        },
        "StateMachine": {"Id": record["stateMachineArn"], "Name": model["name"]},
    }
