"""Optimised integrations: messages, events, functions, nested executions."""

from __future__ import annotations

import json

import pytest

from .conftest import Cloud, task, wait

HANDLER = """
class Unlucky(Exception):
    pass

def handler(event, context):
    if event.get("fail"):
        raise Unlucky("no luck")
    return {"got": event, "list": [1, None]}
"""


@pytest.fixture(scope="module")
def function(cloud: Cloud) -> str:
    return cloud.function(HANDLER)


# --- messages and events ---


def test_sqs_and_sns_write_objects_as_json(cloud: Cloud) -> None:
    url, arn = cloud.queue()
    cloud.output(task("sqs:sendMessage", {"QueueUrl": url, "MessageBody": {"a": 1}}))
    topic = cloud.client("sns").create_topic(Name=f"topic-{arn.rsplit('-', 1)[-1]}")["TopicArn"]
    cloud.client("sns").subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
    )
    sent = cloud.output(
        task(
            "sns:publish",
            {
                "TopicArn": topic,
                "Message": {"b": 2},
                "MessageAttributes": {"event": {"DataType": "String", "StringValue": "e"}},
            },
        )
    )
    assert sent["MessageId"]
    assert cloud.messages(url, 2) == [{"a": 1}, {"b": 2}]
    name, _ = cloud.error(task("sns:publish", {"TopicArn": topic + "-no", "Message": "m"}))
    assert name == "SNS.NotFoundException"


def test_events_go_to_a_bus_with_their_origin(cloud: Cloud) -> None:
    cloud.client("events").create_event_bus(Name="custom")
    url = cloud.listen({"source": ["test"]}, "custom")
    entry = {"EventBusName": "custom", "Source": "test", "DetailType": "Made", "Detail": {"n": "{% 1 + 1 %}"}}
    description = cloud.run(task("events:putEvents", {"Entries": [entry]}))
    assert description["output"]["FailedEntryCount"] == 0
    (event,) = cloud.messages(url)
    assert (event["detail-type"], event["detail"]) == ("Made", {"n": 2})
    assert event["resources"] == [description["stateMachineArn"], description["executionArn"]]


def test_an_entry_that_the_bus_refuses_fails_thetask(cloud: Cloud) -> None:
    entry = {"Source": "aws.s3", "DetailType": "Made", "Detail": {}}
    name, cause = cloud.error(task("events:putEvents", {"Entries": [entry]}))
    assert name == "EventBridge.FailedEntry"
    assert json.loads(cause)["FailedEntryCount"] == 1


# --- functions ---


def test_functions_by_integration_and_by_arn(cloud: Cloud, function: str) -> None:
    arguments = {"FunctionName": function, "Payload": {"a": "{% $states.input.a %}", "n": None}}
    result = cloud.output(task("lambda:invoke", arguments), {"a": 1})
    assert result["Payload"] == {"got": {"a": 1, "n": None}, "list": [1, None]}
    assert result["StatusCode"] == 200
    states = {"T": {"Type": "Task", "Resource": function, "Arguments": {"b": 2}, "End": True}}
    assert cloud.output(states) == {"got": {"b": 2}, "list": [1, None]}


def test_the_class_of_a_functions_exception_is_the_error(cloud: Cloud, function: str) -> None:
    name, cause = cloud.error(task("lambda:invoke", {"FunctionName": function, "Payload": {"fail": True}}))
    assert json.loads(cause)["errorType"] == name
    assert "no luck" in json.loads(cause)["errorMessage"]


def test_a_missing_function(cloud: Cloud) -> None:
    assert cloud.error(task("lambda:invoke", {"FunctionName": "nowhere"}))[0] == "Lambda.ResourceNotFoundException"


# --- nested executions ---


def test_nested_executions(cloud: Cloud) -> None:
    child = cloud.machine({"A": {"Type": "Pass", "Output": {"n": "{% $states.input.n + 1 %}"}, "End": True}})
    arguments = {"StateMachineArn": child, "Input": {"n": "{% $states.input.n %}"}}
    result = cloud.output(task("states:startExecution.sync:2", arguments), {"n": 1})
    assert (result["Status"], result["Output"], result["Input"]) == ("SUCCEEDED", {"n": 2}, {"n": 1})
    assert isinstance(result["StartDate"], int)
    assert cloud.output(task("states:startExecution.sync", arguments), {"n": 1})["Output"] == '{"n":2}'
    started = cloud.output(task("states:startExecution", arguments), {"n": 5})
    assert cloud.finished(started["ExecutionArn"])["output"] == {"n": 6}


def test_a_nested_failure_is_a_failedtask(cloud: Cloud) -> None:
    child = cloud.machine({"A": {"Type": "Fail", "Error": "Inner", "Cause": "reason"}})
    name, cause = cloud.error(task("states:startExecution.sync:2", {"StateMachineArn": child}))
    assert name == "States.TaskFailed"
    described = json.loads(cause)
    assert (described["Status"], described["Error"], described["Cause"]) == ("FAILED", "Inner", "reason")


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ("states:startExecution", "StepFunctions.ExecutionAlreadyExistsException"),
        ("states:startExecution.sync:2", "StepFunctions.ExecutionAlreadyExistsException"),
        ("aws-sdk:sfn:startExecution", "Sfn.ExecutionAlreadyExistsException"),
    ],
)
def test_a_name_starts_once(cloud: Cloud, resource: str, expected: str) -> None:
    child = cloud.machine({"A": {"Type": "Succeed"}})
    arguments = {"StateMachineArn": child, "Name": "once", "Input": {}}
    cloud.output(task(resource, arguments))
    assert cloud.error(task(resource, arguments))[0] == expected


def test_stopping_stops_the_nested_execution(cloud: Cloud) -> None:
    child = cloud.machine({"A": {"Type": "Wait", "Seconds": 600, "End": True}})
    execution = cloud.start_execution(cloud.machine(task("states:startExecution.sync:2", {"StateMachineArn": child})))
    client = cloud.client("stepfunctions")
    (nested,) = wait(lambda: client.list_executions(stateMachineArn=child)["executions"])
    client.stop_execution(executionArn=execution)
    assert cloud.finished(nested["executionArn"])["status"] == "ABORTED"


def test_the_same_start_again_is_no_error_while_it_runs(cloud: Cloud) -> None:
    client = cloud.client("stepfunctions")
    machine = cloud.machine({"A": {"Type": "Wait", "Seconds": 600, "End": True}})
    first = client.start_execution(stateMachineArn=machine, name="n", input='{"a":1}')
    again = client.start_execution(stateMachineArn=machine, name="n", input='{"a":1}')
    assert (again["executionArn"], again["startDate"]) == (first["executionArn"], first["startDate"])
    with pytest.raises(client.exceptions.ExecutionAlreadyExists):
        client.start_execution(stateMachineArn=machine, name="n", input='{"a":2}')
    client.stop_execution(executionArn=first["executionArn"])
    with pytest.raises(client.exceptions.ExecutionAlreadyExists):
        client.start_execution(stateMachineArn=machine, name="n", input='{"a":1}')


def test_what_cannot_start(cloud: Cloud) -> None:
    client = cloud.client("stepfunctions")
    machine = cloud.machine({"A": {"Type": "Succeed"}})
    with pytest.raises(client.exceptions.InvalidExecutionInput):
        client.start_execution(stateMachineArn=machine, input="{")
    with pytest.raises(client.exceptions.InvalidExecutionInput, match="bytes"):
        client.start_execution(stateMachineArn=machine, input=json.dumps("x" * 256 * 1024))
    with pytest.raises(client.exceptions.InvalidName):
        client.start_execution(stateMachineArn=machine, name="a/b")
    with pytest.raises(client.exceptions.StateMachineDoesNotExist):
        client.start_execution(stateMachineArn=machine + "x")
