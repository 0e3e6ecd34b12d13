"""What the integrations do beyond one call: prepare arguments, wait for jobs and nested executions."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

from localcloud.glue.stepfunctions import calls, models
from localcloud.glue.stepfunctions.clock import Deadline
from localcloud.glue.stepfunctions.errors import CancelledError, ExecutionTimedOutError, StateError
from localcloud.glue.stepfunctions.expressions import compact
from localcloud.glue.stepfunctions.resources import Resource
from localcloud.glue.stepfunctions.run import Frame

_log = logging.getLogger(__name__)

# An event tells of a change; where none comes, the state is asked for: soon at first, then ever more seldom, since
# hundreds of executions may wait for jobs that wait for their turn.
_FIRST_LOOK, _SLOWEST_LOOK, _SLOWER = 0.2, 10.0, 1.5
_DONE = {"Completed", "Failed", "Stopped", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"}
_GOOD = {"Completed", "SUCCEEDED"}


def perform(frame: Frame, resource: Resource, arguments: Any, deadline: Deadline) -> Any:
    """Do a task of the request/response or .sync pattern and return its result.

    Raises StateError; TimeoutError when the deadline passes.
    """
    if resource.pattern.startswith("sync"):
        return _run_to_end(frame, resource, arguments, deadline)
    return frame.scope.call(lambda: request(frame, resource, arguments), deadline)


def request(frame: Frame, resource: Resource, arguments: Any) -> Any:
    """Make the one call of a task. Raises StateError."""
    if resource.service == "lambda" and resource.kind != "sdk":
        return _invoke_function(frame, resource, arguments)
    return _checked(resource, calls.call(frame.run.identity, resource, _prepare(frame, resource, arguments)))


def _prepare(frame: Frame, resource: Resource, arguments: Any) -> Any:
    if resource.kind == "sdk" or not isinstance(arguments, dict):
        return arguments
    prepared = dict(arguments)
    if resource.service == "events":
        machine, execution = frame.context["StateMachine"]["Id"], frame.context["Execution"]["Id"]
        prepared["Entries"] = [
            {**entry, "Resources": [*entry.get("Resources", []), machine, execution]}
            for entry in prepared.get("Entries", [])
        ]
    if resource.service == "states":
        prepared.setdefault("Input", {})
    return prepared


def _checked(resource: Resource, result: dict[str, Any]) -> dict[str, Any]:
    if resource.kind == "optimised" and resource.service == "events" and result.get("FailedEntryCount"):
        raise StateError("EventBridge.FailedEntry", compact(result))
    return result


def _invoke_function(frame: Frame, resource: Resource, arguments: Any) -> Any:
    direct = resource.kind == "function"
    parameters = {"FunctionName": resource.arn, "Payload": arguments} if direct else arguments
    result = calls.invoke(frame.run.identity, resource, "Invoke", parameters)
    payload = _json(result["Payload"].read().decode())
    if result.get("FunctionError"):
        details = payload if isinstance(payload, dict) else {"errorMessage": str(payload)}
        raise StateError(str(details.get("errorType") or "Lambda.Unknown"), compact(details))
    if direct:
        return payload
    return {
        "ExecutedVersion": result.get("ExecutedVersion", "$LATEST"),
        "Payload": payload,
        **calls.metadata(result),
        "StatusCode": result.get("StatusCode"),
    }


def _json(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


# --- .sync -----------------------------------------------------------------------------------------------------


def _run_to_end(frame: Frame, resource: Resource, arguments: Any, deadline: Deadline) -> Any:
    # Not aside: a job that was started must be known here, or nobody could stop it.
    started = request(frame, resource, arguments)
    job = (
        _NestedExecution(frame, resource, started)
        if resource.service == "states"
        else _Job(frame, resource, arguments, started)
    )
    frame.record("TaskSubmitted", taskSubmittedEventDetails={**resource.history, "output": compact(started)})
    try:
        return _await_end(frame, job, deadline)
    except (CancelledError, ExecutionTimedOutError, TimeoutError):
        job.stop()
        raise


def _await_end(frame: Frame, job: _Job | _NestedExecution, deadline: Deadline) -> Any:
    pause = _FIRST_LOOK
    with frame.run.engine.notices.watch(job.arn) as changed:
        while True:
            changed.clear()
            status, description = job.look()
            if status in _GOOD:
                return description
            if status in _DONE:
                raise StateError("States.TaskFailed", compact(description))
            remaining = deadline.remaining()
            if remaining == 0.0:
                raise TimeoutError
            frame.scope.wait(changed, pause if remaining is None else min(pause, remaining))
            pause = min(pause * _SLOWER, _SLOWEST_LOOK)


class _Job:
    """A SageMaker job that was started: Describe…, Stop…, …Status."""

    def __init__(self, frame: Frame, resource: Resource, arguments: Any, started: dict[str, Any]) -> None:
        self._kind = resource.operation.removeprefix("Create")  # TrainingJob
        self.arn = str(started[f"{self._kind}Arn"])
        self._frame, self._resource = frame, resource
        self._name = {f"{self._kind}Name": arguments[f"{self._kind}Name"]}

    def _call(self, verb: str) -> dict[str, Any]:
        operation = f"{verb}{self._kind}"
        answer = calls.invoke(self._frame.run.identity, self._resource, operation, self._name)
        model = models.service_model("sagemaker").operation_model(operation)
        return models.response(model, answer, optimised=True)

    def look(self) -> tuple[str, dict[str, Any]]:
        """Return the job's status and its description."""
        description = self._call("Describe")
        return str(description[f"{self._kind}Status"]), description

    def stop(self) -> None:
        """Stop the job, as far as the role may and the job still runs."""
        _try(lambda: self._call("Stop"), self.arn)


class _NestedExecution:
    """A nested execution that was started."""

    def __init__(self, frame: Frame, resource: Resource, started: dict[str, Any]) -> None:
        self.arn = str(started["ExecutionArn"])
        self._frame, self._resource = frame, resource

    def look(self) -> tuple[str, dict[str, Any]]:
        """Return the execution's status and its description; .sync:2 has its input and output as JSON."""
        arguments = {"ExecutionArn": self.arn}
        answer = calls.invoke(self._frame.run.identity, self._resource, "DescribeExecution", arguments)
        model = models.service_model("stepfunctions").operation_model("DescribeExecution")
        description = models.response(model, answer, optimised=True)
        if self._resource.pattern == "sync:2":
            for member in ("Input", "Output"):
                if isinstance(description.get(member), str):
                    description[member] = _json(description[member])
        return str(description["Status"]), description

    def stop(self) -> None:
        """Stop the nested execution, as far as the role may and it still runs."""
        arguments = {"ExecutionArn": self.arn}
        _try(lambda: calls.invoke(self._frame.run.identity, self._resource, "StopExecution", arguments), self.arn)


def _try(work: Callable[[], Any], arn: str) -> None:
    try:
        work()
    except StateError as error:  # best effort on AWS too; the log tells
        _log.warning("could not stop %s: %s", arn, error)
