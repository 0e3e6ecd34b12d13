"""Stacks: SAM in nested stacks, no-op updates, roll-back, retained resources."""

from __future__ import annotations

from typing import Any

import botocore.exceptions
import pytest

from tests.local.glue.conftest import Cloud
from tests.local.glue.stacks import Stack

SAM = "AWS::Serverless-2016-10-31"


@pytest.fixture
def stack(cloud: Cloud) -> Stack:
    return Stack(cloud)


def _row(source: str = "def handler(e, c): return 1", **extra: Any) -> dict[str, Any]:
    return {
        "Transform": SAM,
        "Parameters": {"Word": {"Type": "String", "Default": "none"}},
        "Resources": {
            "GreetFunction": {"Type": "AWS::Serverless::Function", "Properties": {
                "Runtime": "python3.13", "Handler": "index.handler", "InlineCode": source,
                "Environment": {"Variables": {"WORD": {"Ref": "Word"}}},
            }},
            "Table": {"Type": "AWS::DynamoDB::Table", "DeletionPolicy": "Retain", "Properties": {
                "BillingMode": "PAY_PER_REQUEST", "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}]}},
            **extra,
        },
        "Outputs": {"Name": {"Value": {"Ref": "GreetFunction"}}, "TableName": {"Value": {"Ref": "Table"}}},
    }  # fmt: skip


def _root(location: str) -> dict[str, Any]:
    return {
        "Transform": SAM,
        "Parameters": {"Word": {"Type": "String", "Default": "hello"}},
        "Resources": {"Row": {"Type": "AWS::Serverless::Application", "Properties": {
            "Location": location, "Parameters": {"Word": {"Ref": "Word"}}}}},
        "Outputs": {"Function": {"Value": {"Fn::GetAtt": ["Row", "Outputs.Name"]}},
                    "Table": {"Value": {"Fn::GetAtt": ["Row", "Outputs.TableName"]}}},
    }  # fmt: skip


def test_sam_in_a_nested_stack_is_transformed_and_runs(cloud: Cloud, stack: Stack) -> None:
    source = "import os\ndef handler(e, c): return os.environ['WORD']"
    assert stack.deploy(_root(stack.upload(_row(source)))) == "CREATE_COMPLETE", stack.reason()
    assert cloud.invoke(stack.outputs()["Function"]) == ("hello", None)


def test_a_second_deploy_has_no_changes(stack: Stack) -> None:
    template = _root(stack.upload(_row()))
    assert stack.deploy(template) == "CREATE_COMPLETE"
    change_set = stack.change_set(template, "UPDATE")
    assert change_set["Status"] == "FAILED"
    assert "didn't contain changes" in change_set["StatusReason"]


def test_an_update_of_a_nested_stack_touches_only_what_changed(cloud: Cloud, stack: Stack) -> None:
    assert stack.deploy(_root(stack.upload(_row()))) == "CREATE_COMPLETE"
    child, before = stack.physical("Row"), stack.outputs()
    cloud.client("dynamodb").put_item(TableName=before["Table"], Item={"pk": {"S": "kept"}})
    count = len(stack.events(child))
    assert stack.deploy(_root(stack.upload(_row("def handler(e, c): return 2"))), "UPDATE") == "UPDATE_COMPLETE"
    assert stack.outputs() == before
    assert cloud.invoke(before["Function"]) == (2, None)
    assert cloud.client("dynamodb").scan(TableName=before["Table"])["Count"] == 1
    touched = {e["LogicalResourceId"] for e in stack.events(child)[:-count]} - {child.split("/")[1]}
    assert touched == {"GreetFunction"}


IMPOSSIBLE = {
    "Action": "lambda:InvokeFunction",
    "FunctionName": "no-such-function",
    "Principal": "events.amazonaws.com",
}


def test_a_failing_nested_resource_rolls_everything_back_and_tells_the_cause(cloud: Cloud, stack: Stack) -> None:
    # Ref of the queue orders the two, so that there is something to roll back.
    extra = {
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": f"{stack.name}-q"}},
        "Bad": {"Type": "AWS::Lambda::Permission", "DependsOn": "Queue", "Properties": IMPOSSIBLE},
    }  # fmt: skip
    assert stack.deploy(_root(stack.upload(_row(**extra)))) == "ROLLBACK_COMPLETE"
    assert "Bad (AWS::Lambda::Permission)" in stack.reason()
    assert not cloud.client("sqs").list_queues(QueueNamePrefix=stack.name).get("QueueUrls")


def test_a_failing_nested_update_restores_the_previous_state(cloud: Cloud, stack: Stack) -> None:
    assert stack.deploy(_root(stack.upload(_row()))) == "CREATE_COMPLETE"
    extra = {"Bad": {"Type": "AWS::Lambda::Permission", "DependsOn": "GreetFunction", "Properties": IMPOSSIBLE}}
    changed = _root(stack.upload(_row("def handler(e, c): return 2", **extra)))
    assert stack.deploy(changed, "UPDATE") == "UPDATE_ROLLBACK_COMPLETE"
    assert cloud.invoke(stack.outputs()["Function"]) == (1, None)


def test_delete_keeps_what_is_retained_and_says_so(cloud: Cloud, stack: Stack) -> None:
    assert stack.deploy(_root(stack.upload(_row()))) == "CREATE_COMPLETE"
    child, outputs = stack.physical("Row"), stack.outputs()
    assert stack.delete() == "DELETE_COMPLETE"
    skipped = [(e["LogicalResourceId"], e["PhysicalResourceId"]) for e in stack.events(child)
               if e["ResourceStatus"] == "DELETE_SKIPPED"]  # fmt: skip
    assert skipped == [("Table", outputs["Table"])]
    assert cloud.client("dynamodb").describe_table(TableName=outputs["Table"])["Table"]["TableStatus"] == "ACTIVE"
    with pytest.raises(botocore.exceptions.ClientError, match="not found"):
        cloud.client("lambda").get_function(FunctionName=outputs["Function"])
    assert stack.settled(child) == "DELETE_COMPLETE"
