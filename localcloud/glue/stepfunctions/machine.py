"""The interpreter: from state to state, in the order that a definition says (Amazon States Language, JSONata)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any

from localcloud.glue.stepfunctions import groups, task
from localcloud.glue.stepfunctions.errors import PAYLOAD_LIMIT, StateError
from localcloud.glue.stepfunctions.expressions import compact, typed
from localcloud.glue.stepfunctions.history import entered, exited, now
from localcloud.glue.stepfunctions.retry import Step
from localcloud.glue.stepfunctions.run import Frame


def walk(frame: Frame, definition: dict[str, Any], value: Any) -> Any:
    """Run a (sub)machine to its end and return its output.

    Raises StateError, CancelledError, ExecutionTimedOutError.
    """
    name: str | None = definition["StartAt"]
    while name is not None:
        frame.scope.check()
        value, name = _visit(frame, name, definition["States"][name], value)
    return value


def _visit(frame: Frame, name: str, state: dict[str, Any], value: Any) -> Step:
    kind = state["Type"]
    frame.context["State"] = {"Name": name, "EnteredTime": now(), "RetryCount": 0}
    frame.record(f"{kind}StateEntered", stateEnteredEventDetails=entered(name, value))
    try:
        output, following = _STATES[kind](frame, state, value)
    except StateError as error:
        if error.name == "States.QueryEvaluationError":
            details = {"error": error.name, "cause": error.cause, "state": name}
            frame.record("EvaluationFailed", evaluationFailedEventDetails=details)
        raise
    if len(compact(output).encode()) > PAYLOAD_LIMIT:
        raise StateError(
            "States.DataLimitExceeded",
            f"The state/task '{name}' returned a result with a size exceeding the maximum number of bytes "
            "service limit.",
        )
    frame.record(f"{kind}StateExited", stateExitedEventDetails=exited(name, output))
    return output, following


def _pass(frame: Frame, state: dict[str, Any], value: Any) -> Step:
    return frame.finish(state, value, value), state.get("Next")


def _succeed(frame: Frame, state: dict[str, Any], value: Any) -> Step:
    return frame.finish(state, value, value), None


def _fail(frame: Frame, state: dict[str, Any], value: Any) -> Step:
    name = typed(frame.evaluate(state.get("Error", ""), value, "Error"), (str,), "Error")
    cause = typed(frame.evaluate(state.get("Cause", ""), value, "Cause"), (str,), "Cause")
    raise StateError(name, cause)


def _choice(frame: Frame, state: dict[str, Any], value: Any) -> Step:
    for index, rule in enumerate(state["Choices"]):
        field = f"Choices[{index}]/Condition"
        if typed(frame.evaluate(rule["Condition"], value, field), (bool,), field):
            return frame.finish(rule, value, value), rule["Next"]
    if "Default" not in state:
        raise StateError("States.NoChoiceMatched", "No choice rule matched, and there is no Default")
    return frame.finish(state, value, value), state["Default"]


def _wait(frame: Frame, state: dict[str, Any], value: Any) -> Step:
    frame.run.engine.clock.wait(frame.scope, _wait_seconds(frame, state, value))
    return frame.finish(state, value, value), state.get("Next")


def _wait_seconds(frame: Frame, state: dict[str, Any], value: Any) -> float:
    if "Seconds" in state:
        seconds = typed(frame.evaluate(state["Seconds"], value, "Seconds"), (int,), "Seconds")
        if seconds < 0:
            raise StateError("States.QueryEvaluationError", f"Seconds cannot be negative but was: {seconds}")
        return float(seconds)
    text = typed(frame.evaluate(state["Timestamp"], value, "Timestamp"), (str,), "Timestamp")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise StateError(
            "States.QueryEvaluationError",
            "The Timestamp field cannot be parsed as an ISO-8601 extended offset date-time format string: " + text,
        )
    return (moment - datetime.now(UTC)).total_seconds()


_STATES: dict[str, Callable[[Frame, dict[str, Any], Any], Step]] = {
    "Pass": _pass,
    "Succeed": _succeed,
    "Fail": _fail,
    "Choice": _choice,
    "Wait": _wait,
    "Task": task.execute,
    "Parallel": partial(groups.parallel, walk),
    "Map": partial(groups.map_inline, walk),
}
