"""Task states: timeouts, heartbeats, tokens, and the history of each attempt."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud.glue.stepfunctions import calls, resources
from localcloud.glue.stepfunctions.clock import Deadline
from localcloud.glue.stepfunctions.errors import PAYLOAD_LIMIT, StateError
from localcloud.glue.stepfunctions.expressions import compact, typed
from localcloud.glue.stepfunctions.integrations import perform, request
from localcloud.glue.stepfunctions.retry import Step, guarded
from localcloud.glue.stepfunctions.run import Frame

_TIMEOUTS = {"States.Timeout", "States.HeartbeatTimeout"}


def execute(frame: Frame, state: dict[str, Any], value: Any) -> Step:
    """Run a Task state. Raises StateError."""
    resource = resources.parse(state["Resource"])
    return guarded(frame, state, value, lambda: _attempt(frame, state, value, resource))


def _attempt(frame: Frame, state: dict[str, Any], value: Any, resource: resources.Resource) -> Step:
    if resource.pattern == "waitForTaskToken":
        result = _with_token(frame, state, value, resource)
    else:
        arguments = frame.evaluate(state.get("Arguments", value), value, "Arguments")
        deadline = Deadline(_seconds(frame, state, value, "TimeoutSeconds"))
        result = _recorded(frame, resource, arguments, lambda: perform(frame, resource, arguments, deadline))
    return frame.finish(state, value, result, result=result), state.get("Next")


def _with_token(frame: Frame, state: dict[str, Any], value: Any, resource: resources.Resource) -> Any:
    tokens = frame.run.engine.tokens
    task = tokens.issue(frame.context["Execution"]["Id"])
    frame.context["Task"] = {"Token": task.token}
    try:
        arguments = frame.evaluate(state.get("Arguments", value), value, "Arguments")
        deadline = Deadline(_seconds(frame, state, value, "TimeoutSeconds"))
        heartbeat = _seconds(frame, state, value, "HeartbeatSeconds")

        def work() -> Any:
            submitted = frame.scope.call(lambda: request(frame, resource, arguments), deadline)
            details = {**resource.history, "output": compact(submitted)}
            frame.record("TaskSubmitted", taskSubmittedEventDetails=details)
            return tokens.await_answer(task, frame.scope, deadline, heartbeat)

        return _recorded(frame, resource, arguments, work)
    finally:
        tokens.close(task)
        frame.context.pop("Task", None)


def _seconds(frame: Frame, state: dict[str, Any], value: Any, field: str) -> float | None:
    if field not in state:
        return None
    seconds = typed(frame.evaluate(state[field], value, field), (int,), field)
    return frame.run.engine.clock.limit(seconds)


def _recorded(frame: Frame, resource: resources.Resource, arguments: Any, work: Callable[[], Any]) -> Any:
    scheduled = {**resource.history, "region": frame.run.identity.region, "parameters": compact(arguments)}
    frame.record("TaskScheduled", taskScheduledEventDetails=scheduled)
    frame.record("TaskStarted", taskStartedEventDetails=resource.history)
    try:
        result = _bounded(resource, work)
    except StateError as error:
        details = {**resource.history, "error": error.name, "cause": error.cause}
        if error.name in _TIMEOUTS:
            frame.record("TaskTimedOut", taskTimedOutEventDetails=details)
        else:
            frame.record("TaskFailed", taskFailedEventDetails=details)
        raise
    details = {**resource.history, "output": compact(result), "outputDetails": {"truncated": False}}
    frame.record("TaskSucceeded", taskSucceededEventDetails=details)
    return result


def _bounded(resource: resources.Resource, work: Callable[[], Any]) -> Any:
    try:
        result = work()
    except TimeoutError as error:
        raise StateError("States.Timeout", f"{resource.arn}: TimeoutSeconds have passed") from error
    if len(compact(result).encode()) > PAYLOAD_LIMIT:
        raise calls.too_large(resource)
    return result
