"""Commands that look cannot do anything else."""

from __future__ import annotations

import boto3
import pytest
from moto import mock_aws

from cli.readonly import READS, WriteRefusedError, read_only
from cli.stack import Stack


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Stack:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    return Stack(boto3.Session("test", "test", region_name="us-east-1"), None, {})


def test_reads_go_through_and_writes_never_leave(stack: Stack) -> None:
    with mock_aws():
        stack.client("s3").create_bucket(Bucket="there")
        s3 = read_only(stack).client("s3")
        assert [b["Name"] for b in s3.list_buckets()["Buckets"]] == ["there"]
        with pytest.raises(WriteRefusedError, match="s3:PutObject was refused"):
            s3.put_object(Bucket="there", Key="k", Body=b"x")
        assert "Contents" not in stack.client("s3").list_objects_v2(Bucket="there")


@pytest.mark.parametrize(
    ("service", "call", "arguments"),
    [
        ("dynamodb", "put_item", {"TableName": "abc", "Item": {}}),
        ("dynamodb", "transact_write_items", {"TransactItems": [{"Delete": {"TableName": "abc", "Key": {}}}]}),
        ("stepfunctions", "start_execution", {"stateMachineArn": "arn:aws:states:us-east-1:1:stateMachine:x"}),
        ("events", "put_events", {"Entries": [{}]}),
        (
            "sagemaker",
            "update_model_package",
            {"ModelPackageArn": "arn:aws:sagemaker:us-east-1:111122223333:model-package/p/1"},
        ),
        ("sagemaker", "create_endpoint", {"EndpointName": "e", "EndpointConfigName": "c"}),
        ("lambda", "invoke", {"FunctionName": "f"}),
        ("sqs", "receive_message", {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/1/q"}),
        ("sns", "publish", {"Message": "m", "TopicArn": "arn:aws:sns:us-east-1:1:t"}),
    ],
)
def test_no_act_of_any_service(stack: Stack, service: str, call: str, arguments: dict[str, object]) -> None:
    with pytest.raises(WriteRefusedError):
        getattr(read_only(stack).client(service), call)(**arguments)


def test_reads_are_the_named_kinds_only() -> None:
    assert READS == ("Get", "Describe", "List", "Query", "BatchGet", "Head")
