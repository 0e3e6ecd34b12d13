"""Executions tell the default bus how they fare, in AWS's shape; those that a restart interrupts too."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import Cloud, wait

SAMPLES = Path(__file__).parents[4] / "events"
# The members of AWS's samples (Step Functions guide, "EventBridge events"), with the types of their values.
SHAPE = {
    "executionArn": str,
    "stateMachineArn": str,
    "name": str,
    "status": str,
    "startDate": int,
    "stopDate": int,
    "input": str,
    "inputDetails": dict,
    "output": str,
    "outputDetails": dict,
    "stateMachineVersionArn": None,
    "stateMachineAliasArn": None,
    "redriveCount": int,
    "redriveDate": None,
    "redriveStatus": str,
    "redriveStatusReason": str,
    "error": str,
    "cause": str,
}


def _events(cloud: Cloud, url: str, arn: str) -> list[dict[str, Any]]:
    found = [e for e in cloud.messages(url, 2) if e["detail"]["executionArn"] == arn]
    return sorted(found, key=lambda e: e["detail"]["status"] != "RUNNING")


def _check(event: dict[str, Any], status: str, **expected: Any) -> None:
    detail = event["detail"]
    assert (event["source"], event["detail-type"]) == ("aws.states", "Step Functions Execution Status Change")
    assert event["resources"] == [detail["executionArn"]]
    assert list(detail) == list(SHAPE)
    for name, value in detail.items():
        kind = SHAPE[name]
        assert value is None or (kind is not None and type(value) is kind), name
    redrivable = status in ("FAILED", "TIMED_OUT", "ABORTED")
    assert detail["redriveStatus"] == ("REDRIVABLE" if redrivable else "NOT_REDRIVABLE")
    assert detail["status"] == status
    assert {name: detail[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("states", "more", "status", "expected"),
    [
        (
            {"A": {"Type": "Pass", "Output": 1, "End": True}},
            {},
            "SUCCEEDED",
            {"output": "1", "outputDetails": {"included": True}},
        ),
        (
            {"A": {"Type": "Fail", "Error": "E", "Cause": "C"}},
            {},
            "FAILED",
            {"error": "E", "cause": "C", "output": None},
        ),
        (
            {"A": {"Type": "Wait", "Seconds": 600, "End": True}},
            {"TimeoutSeconds": 1},
            "TIMED_OUT",
            {"error": "States.Timeout"},
        ),
        ({"A": {"Type": "Wait", "Seconds": 600, "End": True}}, {}, "ABORTED", {"output": None, "outputDetails": None}),
    ],
)
def test_every_status_has_its_event(cloud: Cloud, states: Any, more: Any, status: str, expected: Any) -> None:
    machine = cloud.machine(states, **more)
    url = cloud.listen({"source": ["aws.states"], "detail": {"stateMachineArn": [machine]}})
    arn = cloud.start_execution(machine, {"a": 1})
    if status == "ABORTED":
        cloud.client("stepfunctions").stop_execution(executionArn=arn)
    running, ended = _events(cloud, url, arn)
    _check(running, "RUNNING", stopDate=None, input='{"a": 1}', output=None, outputDetails=None, error=None)
    _check(ended, status, inputDetails={"included": True}, **expected)
    assert ended["detail"]["stopDate"] >= ended["detail"]["startDate"]


def test_express_executions_tell_nothing(cloud: Cloud) -> None:
    url = cloud.listen({"source": ["aws.states"]})
    express = cloud.machine({"A": {"Type": "Succeed"}}, type="EXPRESS")
    answer = cloud.client("stepfunctions").start_sync_execution(stateMachineArn=express, input="{}")
    assert answer["status"] == "SUCCEEDED"
    standard = cloud.machine({"A": {"Type": "Succeed"}})
    cloud.finished(cloud.start_execution(standard))
    assert {event["detail"]["stateMachineArn"] for event in cloud.messages(url, 2)} == {standard}


def test_an_input_that_is_too_large_is_left_out(cloud: Cloud) -> None:
    machine = cloud.machine({"A": {"Type": "Pass", "Output": 1, "End": True}})
    url = cloud.listen({"source": ["aws.states"], "detail": {"stateMachineArn": [machine]}})
    arn = cloud.start_execution(machine, {"a": "x" * (249 * 1024)})
    event = _events(cloud, url, arn)[1]
    assert (event["detail"]["input"], event["detail"]["inputDetails"]) == (None, {"included": False})


@pytest.fixture
def fresh(tmp_path: Path) -> Any:
    cloud = Cloud(tmp_path)
    yield cloud
    cloud.stop()


def test_what_ran_when_the_cloud_stopped_has_failed_and_says_so(fresh: Cloud) -> None:
    url = fresh.listen({"source": ["aws.states"], "detail": {"status": ["FAILED"]}})
    arn = fresh.start_execution(fresh.machine({"A": {"Type": "Wait", "Seconds": 600, "End": True}}))
    wait(lambda: len(fresh.history(arn)) == 2)
    done = fresh.run({"A": {"Type": "Succeed"}})["executionArn"]
    fresh.stop()
    fresh.start()
    assert fresh.announced == [arn]
    description = fresh.client("stepfunctions").describe_execution(executionArn=arn)
    assert (description["status"], description["error"]) == ("FAILED", "States.ServiceRestart")
    (event,) = fresh.messages(url)
    _check(event, "FAILED", executionArn=arn, error="States.ServiceRestart")
    assert fresh.history(arn)[-1]["type"] == "ExecutionFailed"
    assert fresh.client("stepfunctions").describe_execution(executionArn=done)["status"] == "SUCCEEDED"
    fresh.stop()
    fresh.start()
    assert fresh.announced == []  # once
    assert json.dumps(fresh.history(arn)[-1], default=str).count("ServiceRestart") == 1
