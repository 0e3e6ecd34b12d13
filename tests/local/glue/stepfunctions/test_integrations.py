"""What tasks do: SDK calls, optimised integrations, functions, nested executions, task tokens."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from .conftest import Cloud, wait

HANDLER = """
class Unlucky(Exception):
    pass

def handler(event, context):
    if event.get("fail"):
        raise Unlucky("no luck")
    return {"got": event, "list": [1, None]}
"""


def _task(resource: str, arguments: Any, **fields: Any) -> dict[str, Any]:
    return {"T": {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Arguments": arguments, "End": True, **fields}}


def _error(cloud: Cloud, resource: str, arguments: Any) -> tuple[str, str]:
    description = cloud.run(_task(resource, arguments))
    assert description["status"] == "FAILED"
    return description["error"], description.get("cause", "")


@pytest.fixture(scope="module")
def table(cloud: Cloud) -> str:
    return cloud.table()


@pytest.fixture(scope="module")
def bucket(cloud: Cloud) -> str:
    return cloud.bucket()


@pytest.fixture(scope="module")
def function(cloud: Cloud) -> str:
    return cloud.function(HANDLER)


# --- DynamoDB: two spellings ---


def test_dynamodb_optimised(cloud: Cloud, table: str) -> None:
    item = {"pk": {"S": "{% $states.input.k %}"}, "n": {"N": "1"}, "b": {"BOOL": True}}
    put = cloud.output(_task("dynamodb:putItem", {"TableName": table, "Item": item}), {"k": "a"})
    assert put["SdkHttpMetadata"]["HttpStatusCode"] == 200
    got = cloud.output(_task("dynamodb:getItem", {"TableName": table, "Key": {"pk": {"S": "a"}}}))
    assert got["Item"] == {"pk": {"S": "a"}, "n": {"N": "1"}, "b": {"BOOL": True}}
    assert "Item" not in cloud.output(_task("dynamodb:getItem", {"TableName": table, "Key": {"pk": {"S": "none"}}}))


def test_dynamodb_sdk_uses_the_names_of_java(cloud: Cloud, table: str) -> None:
    item = {"pk": {"S": "j"}, "b": {"Bool": True}, "s": {"Ss": ["x"]}, "n": {"Nul": True}}
    assert cloud.output(_task("aws-sdk:dynamodb:putItem", {"TableName": table, "Item": item})) == {}
    got = cloud.output(_task("aws-sdk:dynamodb:getItem", {"TableName": table, "Key": {"pk": {"S": "j"}}}))
    assert got == {"Item": item}


@pytest.mark.parametrize(
    ("resource", "prefix", "service"),
    [
        ("dynamodb:putItem", "DynamoDB", "Service: AmazonDynamoDBv2; Status Code: 400; Error Code: Conditional"),
        ("aws-sdk:dynamodb:putItem", "DynamoDb", "(Service: DynamoDb, Status Code: 400, Request ID: "),
    ],
)
def test_dynamodb_condition_errors(cloud: Cloud, table: str, resource: str, prefix: str, service: str) -> None:
    arguments = {"TableName": table, "Item": {"pk": {"S": "c"}}, "ConditionExpression": "attribute_exists(nothing)"}
    name, cause = _error(cloud, resource, arguments)
    assert name == f"{prefix}.ConditionalCheckFailedException"
    assert service in cause
    assert cause.startswith("The conditional request failed")


@pytest.mark.parametrize(
    ("resource", "expected"),
    [("dynamodb:putItem", "DynamoDB.AmazonDynamoDBException"), ("aws-sdk:dynamodb:putItem", "DynamoDb.DynamoDbException")],
)
def test_unmodelled_errors_have_the_class_of_the_service(cloud: Cloud, table: str, resource: str, expected: str) -> None:
    assert _error(cloud, resource, {"TableName": table, "Item": {"x": {"S": "no key"}}})[0] == expected


# --- S3 ---


def test_s3_bodies(cloud: Cloud, bucket: str) -> None:
    body = {"a": [1, "{% $states.input.word %}"]}
    put = cloud.output(_task("aws-sdk:s3:putObject", {"Bucket": bucket, "Key": "o", "Body": body}), {"word": "ä"})
    assert put["ETag"].startswith('"')
    assert cloud.client("s3").get_object(Bucket=bucket, Key="o")["Body"].read() == '{"a":[1,"ä"]}'.encode()
    got = cloud.output(_task("aws-sdk:s3:getObject", {"Bucket": bucket, "Key": "o", "Range": "bytes=0-65536"}))
    assert got["Body"] == '{"a":[1,"ä"]}'
    assert got["LastModified"].endswith("Z")
    # AWS writes every body as JSON: a text gets quotation marks (ETags of AWS's own answers say so).
    cloud.output(_task("aws-sdk:s3:putObject", {"Bucket": bucket, "Key": "t", "Body": "text data"}))
    assert cloud.client("s3").head_object(Bucket=bucket, Key="t")["ETag"] == '"2b5df3712557f503a9977a8ea893b2c9"'


def test_s3_errors_and_limits(cloud: Cloud, bucket: str) -> None:
    missing = {"Bucket": bucket, "Key": "missing"}
    assert _error(cloud, "aws-sdk:s3:getObject", missing)[0] == "S3.NoSuchKeyException"
    assert _error(cloud, "aws-sdk:s3:headObject", missing)[0] == "S3.NoSuchKeyException"
    assert _error(cloud, "aws-sdk:s3:getObject", {"Bucket": "nowhere-at-all", "Key": "k"})[0] == "S3.NoSuchBucketException"
    cloud.client("s3").put_object(Bucket=bucket, Key="large", Body=b"x" * (256 * 1024 + 1))
    name, cause = _error(cloud, "aws-sdk:s3:getObject", {"Bucket": bucket, "Key": "large"})
    assert name == "States.DataLimitExceeded"
    assert "aws-sdk:s3" in cause


def test_any_other_service(cloud: Cloud) -> None:
    name = "schedule-from-machine"
    arguments = {
        "Name": name, "ScheduleExpression": "rate(1 day)", "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": "arn:aws:sqs:us-east-1:000000000000:q", "RoleArn": cloud.role(service="scheduler.amazonaws.com")},
    }  # fmt: skip
    assert name in cloud.output(_task("aws-sdk:scheduler:createSchedule", arguments))["ScheduleArn"]
    listed = cloud.output(_task("aws-sdk:sfn:listStateMachines", {}))
    assert listed["StateMachines"][0]["CreationDate"].endswith("Z")


def test_arguments_that_aws_does_not_know(cloud: Cloud) -> None:
    wrong = {"T": {**_task("aws-sdk:s3:getObject", "{% $states.input %}")["T"], "Catch": [
        {"ErrorEquals": ["States.ALL"], "Next": "Z"}]}, "Z": {"Type": "Succeed"}}
    description = cloud.run(wrong, {"Bucket": "b", "Key": "k", "Colour": "red"})
    assert description["error"] == "States.Runtime"  # which nothing catches
    assert "'Colour' is not supported" in description["cause"]
    assert "Missing required parameter" in cloud.run(wrong, {"Bucket": "b"})["cause"]


# --- messages and events ---


def test_sqs_and_sns_write_objects_as_json(cloud: Cloud) -> None:
    url, arn = cloud.queue()
    cloud.output(_task("sqs:sendMessage", {"QueueUrl": url, "MessageBody": {"a": 1}}))
    topic = cloud.client("sns").create_topic(Name=f"topic-{arn.rsplit('-', 1)[-1]}")["TopicArn"]
    cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    sent = cloud.output(_task("sns:publish", {
        "TopicArn": topic, "Message": {"b": 2}, "MessageAttributes": {"event": {"DataType": "String", "StringValue": "e"}}}))
    assert sent["MessageId"]
    assert cloud.messages(url, 2) == [{"a": 1}, {"b": 2}]
    name, _ = _error(cloud, "sns:publish", {"TopicArn": topic + "-no", "Message": "m"})
    assert name == "SNS.NotFoundException"


def test_events_go_to_a_bus_with_their_origin(cloud: Cloud) -> None:
    cloud.client("events").create_event_bus(Name="custom")
    url = cloud.listen({"source": ["test"]}, "custom")
    entry = {"EventBusName": "custom", "Source": "test", "DetailType": "Made", "Detail": {"n": "{% 1 + 1 %}"}}
    description = cloud.run(_task("events:putEvents", {"Entries": [entry]}))
    assert description["output"]["FailedEntryCount"] == 0
    (event,) = cloud.messages(url)
    assert (event["detail-type"], event["detail"]) == ("Made", {"n": 2})
    assert event["resources"] == [description["stateMachineArn"], description["executionArn"]]


def test_an_entry_that_the_bus_refuses_fails_the_task(cloud: Cloud) -> None:
    entry = {"Source": "aws.s3", "DetailType": "Made", "Detail": {}}
    name, cause = _error(cloud, "events:putEvents", {"Entries": [entry]})
    assert name == "EventBridge.FailedEntry"
    assert json.loads(cause)["FailedEntryCount"] == 1


# --- functions ---


def test_functions_by_integration_and_by_arn(cloud: Cloud, function: str) -> None:
    arguments = {"FunctionName": function, "Payload": {"a": "{% $states.input.a %}", "n": None}}
    result = cloud.output(_task("lambda:invoke", arguments), {"a": 1})
    assert result["Payload"] == {"got": {"a": 1, "n": None}, "list": [1, None]}
    assert result["StatusCode"] == 200
    states = {"T": {"Type": "Task", "Resource": function, "Arguments": {"b": 2}, "End": True}}
    assert cloud.output(states) == {"got": {"b": 2}, "list": [1, None]}


def test_the_class_of_a_functions_exception_is_the_error(cloud: Cloud, function: str) -> None:
    name, cause = _error(cloud, "lambda:invoke", {"FunctionName": function, "Payload": {"fail": True}})
    assert json.loads(cause)["errorType"] == name
    assert "no luck" in json.loads(cause)["errorMessage"]


def test_a_missing_function(cloud: Cloud) -> None:
    assert _error(cloud, "lambda:invoke", {"FunctionName": "nowhere"})[0] == "Lambda.ResourceNotFoundException"


# --- nested executions ---


def test_nested_executions(cloud: Cloud) -> None:
    child = cloud.machine({"A": {"Type": "Pass", "Output": {"n": "{% $states.input.n + 1 %}"}, "End": True}})
    arguments = {"StateMachineArn": child, "Input": {"n": "{% $states.input.n %}"}}
    result = cloud.output(_task("states:startExecution.sync:2", arguments), {"n": 1})
    assert (result["Status"], result["Output"], result["Input"]) == ("SUCCEEDED", {"n": 2}, {"n": 1})
    assert isinstance(result["StartDate"], int)
    assert cloud.output(_task("states:startExecution.sync", arguments), {"n": 1})["Output"] == '{"n":2}'
    started = cloud.output(_task("states:startExecution", arguments), {"n": 5})
    assert cloud.finished(started["ExecutionArn"])["output"] == {"n": 6}


def test_a_nested_failure_is_a_failed_task(cloud: Cloud) -> None:
    child = cloud.machine({"A": {"Type": "Fail", "Error": "Inner", "Cause": "reason"}})
    name, cause = _error(cloud, "states:startExecution.sync:2", {"StateMachineArn": child})
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
    cloud.output(_task(resource, arguments))
    assert _error(cloud, resource, arguments)[0] == expected


def test_stopping_stops_the_nested_execution(cloud: Cloud) -> None:
    child = cloud.machine({"A": {"Type": "Wait", "Seconds": 600, "End": True}})
    execution = cloud.start_execution(cloud.machine(_task("states:startExecution.sync:2", {"StateMachineArn": child})))
    client = cloud.client("stepfunctions")
    (nested,) = wait(lambda: client.list_executions(stateMachineArn=child)["executions"])
    client.stop_execution(executionArn=execution)
    assert cloud.finished(nested["executionArn"])["status"] == "ABORTED"


# --- task tokens ---


def _token_task(table: str, **fields: Any) -> dict[str, Any]:
    item = {"pk": {"S": "{% $states.input.k %}"}, "token": {"S": "{% $states.context.Task.Token %}"}}
    return _task("aws-sdk:dynamodb:putItem.waitForTaskToken", {"TableName": table, "Item": item}, **fields)


def _token(cloud: Cloud, table: str, key: str) -> str:
    found = wait(lambda: cloud.client("dynamodb").get_item(TableName=table, Key={"pk": {"S": key}}).get("Item"))
    return str(found["token"]["S"])


def test_a_task_ends_with_its_token(cloud: Cloud, table: str) -> None:
    execution = cloud.start_execution(cloud.machine(_token_task(table)), {"k": "t1"})
    arguments = {"TaskToken": _token(cloud, table, "t1"), "Output": {"status": "InService"}}
    assert cloud.output(_task("aws-sdk:sfn:sendTaskSuccess", arguments)) == {}
    assert cloud.finished(execution)["output"] == {"status": "InService"}
    assert _error(cloud, "aws-sdk:sfn:sendTaskSuccess", arguments)[0] == "Sfn.TaskTimedOutException"
    wrong = {"TaskToken": "nonsense", "Output": "{}"}
    assert _error(cloud, "aws-sdk:sfn:sendTaskSuccess", wrong)[0] == "Sfn.InvalidTokenException"


def test_a_task_fails_by_its_token(cloud: Cloud, table: str) -> None:
    execution = cloud.start_execution(cloud.machine(_token_task(table)), {"k": "t2"})
    client = cloud.client("stepfunctions")
    token = _token(cloud, table, "t2")
    with pytest.raises(client.exceptions.InvalidOutput):
        client.send_task_success(taskToken=token, output="no json")
    client.send_task_failure(taskToken=token, error="Mine", cause="c")
    description = cloud.finished(execution)
    assert (description["error"], description["cause"]) == ("Mine", "c")


def test_a_token_that_does_not_come_back(cloud: Cloud, table: str) -> None:
    catch = [{"ErrorEquals": ["States.Timeout"], "Output": "timeout", "Next": "Z"},
             {"ErrorEquals": ["States.HeartbeatTimeout"], "Output": "heartbeat", "Next": "Z"}]  # fmt: skip
    end = {"Z": {"Type": "Succeed"}}
    assert cloud.output({**_token_task(table, TimeoutSeconds=1, Catch=catch), **end}, {"k": "t3"}) == "timeout"
    quiet = _token_task(table, TimeoutSeconds=600, HeartbeatSeconds=1, Catch=catch)
    assert cloud.output({**quiet, **end}, {"k": "t4"}) == "heartbeat"


def test_heartbeats_keep_a_task_alive(cloud: Cloud, table: str) -> None:
    machine = cloud.machine(_token_task(table, TimeoutSeconds=600, HeartbeatSeconds="{% $states.input.h %}"))
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


def test_a_failed_call_fails_the_waiting_task(cloud: Cloud) -> None:
    item = {"pk": {"S": "{% $states.context.Task.Token %}"}}
    arguments = {"TableName": "nowhere", "Item": item}
    error = _error(cloud, "aws-sdk:dynamodb:putItem.waitForTaskToken", arguments)
    assert error[0] == "DynamoDb.ResourceNotFoundException"


def test_a_task_that_takes_too_long(cloud: Cloud) -> None:
    slow = cloud.function("import threading\ndef handler(event, context):\n    threading.Event().wait(8)\n")
    states = _task("lambda:invoke", {"FunctionName": slow}, TimeoutSeconds=1)
    description = cloud.run(states)
    assert description["error"] == "States.Timeout"
    assert "TaskTimedOut" in [event["type"] for event in cloud.history(description["executionArn"])]
