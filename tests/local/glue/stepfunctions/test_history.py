"""What `why` reads: the decisions' inputs and outputs in the history, page by page, and executions by status."""

from __future__ import annotations

import json
from typing import Any

from tests.local.glue.stepfunctions.conftest import Cloud, task


def _events(cloud: Cloud, execution: str, size: int, **options: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    token: dict[str, str] = {}
    while True:
        page = cloud.client("stepfunctions").get_execution_history(
            executionArn=execution, maxResults=size, includeExecutionData=True, **options, **token
        )
        assert len(page["events"]) <= size
        found += page["events"]
        if "nextToken" not in page:
            return found
        token = {"nextToken": page["nextToken"]}


def test_parameters_and_outputs_are_recorded_and_come_in_pages(cloud: Cloud) -> None:
    function = cloud.function("def handler(event, context): return {'twice': 2 * event['n']}")
    arguments = {"FunctionName": function, "Payload": {"n": "{% $states.input.n %}"}}
    execution = cloud.start_execution(cloud.machine(task("lambda:invoke", arguments)), {"n": 21})
    cloud.finished(execution)
    events = _events(cloud, execution, 2)
    assert [event["id"] for event in events] == list(range(1, len(events) + 1))
    assert [e["id"] for e in _events(cloud, execution, 3, reverseOrder=True)] == [e["id"] for e in reversed(events)]
    scheduled = next(e["taskScheduledEventDetails"] for e in events if e["type"] == "TaskScheduled")
    assert json.loads(scheduled["parameters"]) == {"FunctionName": function, "Payload": {"n": 21}}
    succeeded = next(e["taskSucceededEventDetails"] for e in events if e["type"] == "TaskSucceeded")
    assert json.loads(succeeded["output"])["Payload"] == {"twice": 42}


def test_executions_are_listed_by_status_in_pages(cloud: Cloud) -> None:
    choice = {"Condition": "{% $states.input.fail %}", "Next": "F"}
    machine = cloud.machine({
        "C": {"Type": "Choice", "Choices": [choice], "Default": "S"}, "S": {"Type": "Succeed"},
        "F": {"Type": "Fail", "Error": "E"},
    })  # fmt: skip
    ended = {arn: cloud.finished(arn)["status"] for arn in (
        cloud.start_execution(machine, {"fail": number % 2 == 0}) for number in range(6)
    )}  # fmt: skip
    pages = (
        cloud.client("stepfunctions")
        .get_paginator("list_executions")
        .paginate(stateMachineArn=machine, statusFilter="FAILED", PaginationConfig={"PageSize": 2})
    )
    listed = [each["executionArn"] for page in pages for each in page["executions"]]
    assert sorted(listed) == sorted(arn for arn, status in ended.items() if status == "FAILED")
    assert len(listed) == 3


def test_uploads_in_progress_seen_by_a_machine(cloud: Cloud, bucket: str) -> None:
    """`Uploads` is absent when there is none; times are ISO-8601 texts."""
    states = task("aws-sdk:s3:listMultipartUploads", {"Bucket": bucket, "Prefix": "p/"})
    assert "Uploads" not in cloud.output(states)
    upload = cloud.client("s3").create_multipart_upload(Bucket=bucket, Key="p/new\nline")
    (found,) = cloud.output(states)["Uploads"]
    assert (found["Key"], found["UploadId"]) == ("p/new\nline", upload["UploadId"])
    assert found["Initiated"].startswith("20")
    assert found["Initiated"].endswith("Z")


def test_messages_are_sent_in_batches(cloud: Cloud) -> None:
    url, _ = cloud.queue()
    entries = [{"Id": str(number), "MessageBody": "{% $string($states.input) %}"} for number in range(10)]
    output = cloud.output(task("aws-sdk:sqs:sendMessageBatch", {"QueueUrl": url, "Entries": entries}), {"a": 1})
    assert len(output["Successful"]) == 10
    assert cloud.messages(url, 10) == [{"a": 1}] * 10
