"""What is read out of GetExecutionHistory: branches that run side by side, retries, failures, nested executions."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from cli.functions import dotted, logical_id
from cli.history import nested_arn, understand

ARN = "arn:aws:states:us-east-1:000000000000:execution:dropforge-run:a"
BEGAN = datetime(2026, 11, 27, 10, tzinfo=UTC)
LAMBDA = {"resourceType": "lambda", "resource": "invoke"}


def _event(number: int, previous: int, kind: str, **details: Any) -> dict[str, Any]:
    name = f"{kind[0].lower()}{kind[1:]}EventDetails"
    if kind.endswith(("StateEntered", "StateExited")):
        name = f"state{kind[-7:]}EventDetails" if kind.endswith("Entered") else "stateExitedEventDetails"
    event = {"id": number, "previousEventId": previous, "timestamp": BEGAN + timedelta(seconds=number), "type": kind}
    return event | ({name: details} if details else {})


def _scheduled(number: int, previous: int, function: str, **payload: Any) -> dict[str, Any]:
    parameters = json.dumps({"FunctionName": function, "Payload": payload})
    return _event(number, previous, "TaskScheduled", **LAMBDA, parameters=parameters)


def _succeeded(number: int, previous: int, **payload: Any) -> dict[str, Any]:
    return _event(number, previous, "TaskSucceeded", **LAMBDA, output=json.dumps({"Payload": payload}))


def test_answers_belong_to_their_own_branch() -> None:
    """Two branches of a Map, interleaved: only previousEventId tells which answer is whose."""
    execution = understand(
        ARN,
        [
            _event(1, 0, "ExecutionStarted", input='{"detail": 1}'),
            _event(2, 1, "TaskStateEntered", name="One"),
            _event(3, 1, "TaskStateEntered", name="Other"),
            _scheduled(4, 2, "f", of="one"),
            _scheduled(5, 3, "f", of="other"),
            _event(6, 4, "TaskStarted", **LAMBDA),
            _event(7, 5, "TaskStarted", **LAMBDA),
            _succeeded(8, 7, to="other"),
            _succeeded(9, 6, to="one"),
            _event(10, 9, "ExecutionSucceeded", output="{}"),
        ],
    )
    told = [(s.state, s.given, s.gave, s.event, s.answer) for s in execution.steps]
    assert told == [("One", {"of": "one"}, {"to": "one"}, 4, 9), ("Other", {"of": "other"}, {"to": "other"}, 5, 8)]
    assert (execution.status, execution.given, execution.machine) == ("SUCCEEDED", {"detail": 1}, "dropforge-run")
    assert execution.steps[0].place == f"{ARN} · event 4–9"


def test_each_try_is_a_step_and_what_failed_says_how() -> None:
    cause = json.dumps({"errorMessage": "no", "errorType": "DropEmptyError"})
    execution = understand(
        ARN,
        [
            _event(1, 0, "TaskStateEntered", name="Plan Run"),
            _scheduled(2, 1, "f"),
            _event(3, 2, "TaskFailed", **LAMBDA, error="Lambda.ServiceException", cause="busy"),
            _scheduled(4, 3, "f"),
            _event(5, 4, "TaskFailed", **LAMBDA, error="DropEmptyError", cause=cause),
            _scheduled(6, 5, "f"),
            _event(7, 6, "TaskTimedOut", **LAMBDA),
            _scheduled(8, 7, "f"),
            _event(9, 8, "ExecutionTimedOut"),
        ],
    )
    assert [(s.error, s.answer) for s in execution.steps] == [
        ("Lambda.ServiceException", 3),
        ("DropEmptyError", 5),
        ("States.Timeout", 7),
        (None, None),
    ]
    assert [s.state for s in execution.steps] == ["Plan Run"] * 4
    assert execution.status == "TIMED_OUT"


def test_waits_are_timed() -> None:
    events = [_event(1, 0, "WaitStateEntered", name="Wait"), _event(5, 1, "WaitStateExited", name="Wait")]
    (wait,) = understand(ARN, [*events, _event(6, 5, "WaitStateEntered", name="Wait")]).waits[:1]
    assert (wait.ended - wait.began if wait.ended and wait.began else None) == timedelta(seconds=4)
    assert understand(ARN, events[:1]).waits[0].ended is None


def test_a_nested_execution_is_found_by_its_name() -> None:
    given = {"StateMachineArn": "arn:aws:states:us-east-1:1:stateMachine:dropforge-evaluation", "Name": "abc-a1"}
    assert nested_arn(given) == "arn:aws:states:us-east-1:1:execution:dropforge-evaluation:abc-a1"
    assert nested_arn({"StateMachineArn": "arn"}) is None


def test_the_function_is_known_by_its_logical_id_in_every_generated_name() -> None:
    aws = "arn:aws:lambda:eu-west-1:111122223333:function:dropforge-Training-1ABCDEF-TrainingPlanRunFunction-x1Y2z3"
    for name in (aws, "dropforge-Training-DA61FCB5B809-TrainingPlanRunFunctionCDBCD2E4B8A9E"):
        assert dotted(logical_id(name)[:-1]) == "training.plan_run"
    cut = logical_id("dropforge-Training-DA61FCB5B809-TrainingGatherInputCDBCD2E4B8A9E")
    assert cut[0] == "Training"
    assert cut[-1] != "Function"
    assert logical_id("my-own-function") == []
