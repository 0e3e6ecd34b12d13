"""Task tokens and timeouts of tasks."""

from __future__ import annotations

import time
from typing import Any

import pytest

from .conftest import Cloud, task, wait

# --- task tokens ---


def _tokentask(table: str, **fields: Any) -> dict[str, Any]:
    item = {"pk": {"S": "{% $states.input.k %}"}, "token": {"S": "{% $states.context.Task.Token %}"}}
    return task("aws-sdk:dynamodb:putItem.waitForTaskToken", {"TableName": table, "Item": item}, **fields)


def _token(cloud: Cloud, table: str, key: str) -> str:
    found = wait(lambda: cloud.client("dynamodb").get_item(TableName=table, Key={"pk": {"S": key}}).get("Item"))
    return str(found["token"]["S"])


def test_a_task_ends_with_its_token(cloud: Cloud, table: str) -> None:
    execution = cloud.start_execution(cloud.machine(_tokentask(table)), {"k": "t1"})
    arguments = {"TaskToken": _token(cloud, table, "t1"), "Output": {"status": "InService"}}
    assert cloud.output(task("aws-sdk:sfn:sendTaskSuccess", arguments)) == {}
    assert cloud.finished(execution)["output"] == {"status": "InService"}
    assert cloud.error(task("aws-sdk:sfn:sendTaskSuccess", arguments))[0] == "Sfn.TaskTimedOutException"
    wrong = {"TaskToken": "nonsense", "Output": "{}"}
    assert cloud.error(task("aws-sdk:sfn:sendTaskSuccess", wrong))[0] == "Sfn.InvalidTokenException"


def test_a_task_fails_by_its_token(cloud: Cloud, table: str) -> None:
    execution = cloud.start_execution(cloud.machine(_tokentask(table)), {"k": "t2"})
    client = cloud.client("stepfunctions")
    token = _token(cloud, table, "t2")
    with pytest.raises(client.exceptions.InvalidOutput):
        client.send_task_success(taskToken=token, output="no json")
    client.send_task_failure(taskToken=token, error="Mine", cause="c")
    description = cloud.finished(execution)
    assert (description["error"], description["cause"]) == ("Mine", "c")


def test_a_token_that_does_not_come_back(cloud: Cloud, table: str) -> None:
    catch = [
        {"ErrorEquals": ["States.Timeout"], "Output": "timeout", "Next": "Z"},
        {"ErrorEquals": ["States.HeartbeatTimeout"], "Output": "heartbeat", "Next": "Z"},
    ]
    end = {"Z": {"Type": "Succeed"}}
    assert cloud.output({**_tokentask(table, TimeoutSeconds=1, Catch=catch), **end}, {"k": "t3"}) == "timeout"
    quiet = _tokentask(table, TimeoutSeconds=600, HeartbeatSeconds=1, Catch=catch)
    assert cloud.output({**quiet, **end}, {"k": "t4"}) == "heartbeat"


def test_heartbeats_keep_a_task_alive(cloud: Cloud, table: str) -> None:
    machine = cloud.machine(_tokentask(table, TimeoutSeconds=600, HeartbeatSeconds="{% $states.input.h %}"))
    execution = cloud.start_execution(machine, {"k": "t5", "h": 2})
    client = cloud.client("stepfunctions")
    token = _token(cloud, table, "t5")
    began = cloud.client("stepfunctions").describe_execution(executionArn=execution)["startDate"].timestamp()

    def beat() -> bool:
        client.send_task_heartbeat(taskToken=token)
        return time.time() > began + 3

    wait(beat)
    client.send_task_success(taskToken=token, output="1")
    assert cloud.finished(execution)["output"] == 1


def test_a_failed_call_fails_the_waitingtask(cloud: Cloud) -> None:
    item = {"pk": {"S": "{% $states.context.Task.Token %}"}}
    arguments = {"TableName": "nowhere", "Item": item}
    error = cloud.error(task("aws-sdk:dynamodb:putItem.waitForTaskToken", arguments))
    assert error[0] == "DynamoDb.ResourceNotFoundException"


def test_a_task_that_takes_too_long(cloud: Cloud) -> None:
    slow = cloud.function("import threading\ndef handler(event, context):\n    threading.Event().wait(3)\n")
    states = task("lambda:invoke", {"FunctionName": slow}, TimeoutSeconds=1)
    description = cloud.run(states)
    assert description["error"] == "States.Timeout"
    assert "TaskTimedOut" in [event["type"] for event in cloud.history(description["executionArn"])]
