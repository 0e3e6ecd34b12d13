"""AWS SDK integrations, and DynamoDB's optimised one: names, bodies, errors."""

from __future__ import annotations

import pytest

from .conftest import Cloud, task

# --- DynamoDB: two spellings ---


def test_dynamodb_optimised(cloud: Cloud, table: str) -> None:
    item = {"pk": {"S": "{% $states.input.k %}"}, "n": {"N": "1"}, "b": {"BOOL": True}}
    put = cloud.output(task("dynamodb:putItem", {"TableName": table, "Item": item}), {"k": "a"})
    assert put["SdkHttpMetadata"]["HttpStatusCode"] == 200
    got = cloud.output(task("dynamodb:getItem", {"TableName": table, "Key": {"pk": {"S": "a"}}}))
    assert got["Item"] == {"pk": {"S": "a"}, "n": {"N": "1"}, "b": {"BOOL": True}}
    assert "Item" not in cloud.output(task("dynamodb:getItem", {"TableName": table, "Key": {"pk": {"S": "none"}}}))


def test_dynamodb_sdk_uses_the_names_of_java(cloud: Cloud, table: str) -> None:
    item = {"pk": {"S": "j"}, "b": {"Bool": True}, "s": {"Ss": ["x"]}, "n": {"Nul": True}}
    assert cloud.output(task("aws-sdk:dynamodb:putItem", {"TableName": table, "Item": item})) == {}
    got = cloud.output(task("aws-sdk:dynamodb:getItem", {"TableName": table, "Key": {"pk": {"S": "j"}}}))
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
    name, cause = cloud.error(task(resource, arguments))
    assert name == f"{prefix}.ConditionalCheckFailedException"
    assert service in cause
    assert cause.startswith("The conditional request failed")


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ("dynamodb:putItem", "DynamoDB.AmazonDynamoDBException"),
        ("aws-sdk:dynamodb:putItem", "DynamoDb.DynamoDbException"),
    ],
)
def test_unmodelled_errors_have_the_class_of_the_service(
    cloud: Cloud, table: str, resource: str, expected: str
) -> None:
    assert cloud.error(task(resource, {"TableName": table, "Item": {"x": {"S": "no key"}}}))[0] == expected


# --- S3 ---


def test_s3_bodies(cloud: Cloud, bucket: str) -> None:
    body = {"a": [1, "{% $states.input.word %}"]}
    put = cloud.output(task("aws-sdk:s3:putObject", {"Bucket": bucket, "Key": "o", "Body": body}), {"word": "ä"})
    assert put["ETag"].startswith('"')
    assert cloud.client("s3").get_object(Bucket=bucket, Key="o")["Body"].read() == '{"a":[1,"ä"]}'.encode()
    got = cloud.output(task("aws-sdk:s3:getObject", {"Bucket": bucket, "Key": "o", "Range": "bytes=0-65536"}))
    assert got["Body"] == '{"a":[1,"ä"]}'
    assert got["LastModified"].endswith("Z")
    # AWS writes every body as JSON: a text gets quotation marks (ETags of AWS's own answers say so).
    cloud.output(task("aws-sdk:s3:putObject", {"Bucket": bucket, "Key": "t", "Body": "text data"}))
    assert cloud.client("s3").head_object(Bucket=bucket, Key="t")["ETag"] == '"2b5df3712557f503a9977a8ea893b2c9"'


def test_s3_errors_and_limits(cloud: Cloud, bucket: str) -> None:
    missing = {"Bucket": bucket, "Key": "missing"}
    assert cloud.error(task("aws-sdk:s3:getObject", missing))[0] == "S3.NoSuchKeyException"
    assert cloud.error(task("aws-sdk:s3:headObject", missing))[0] == "S3.NoSuchKeyException"
    assert (
        cloud.error(task("aws-sdk:s3:getObject", {"Bucket": "nowhere-at-all", "Key": "k"}))[0]
        == "S3.NoSuchBucketException"
    )
    cloud.client("s3").put_object(Bucket=bucket, Key="large", Body=b"x" * (256 * 1024 + 1))
    name, cause = cloud.error(task("aws-sdk:s3:getObject", {"Bucket": bucket, "Key": "large"}))
    assert name == "States.DataLimitExceeded"
    assert "aws-sdk:s3" in cause


def test_any_other_service(cloud: Cloud) -> None:
    name = "schedule-from-machine"
    role = cloud.role(service="scheduler.amazonaws.com")
    arguments = {
        "Name": name,
        "ScheduleExpression": "rate(1 day)",
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": {"Arn": "arn:aws:sqs:us-east-1:000000000000:q", "RoleArn": role},
    }
    assert name in cloud.output(task("aws-sdk:scheduler:createSchedule", arguments))["ScheduleArn"]
    listed = cloud.output(task("aws-sdk:sfn:listStateMachines", {}))
    assert listed["StateMachines"][0]["CreationDate"].endswith("Z")


def test_arguments_that_aws_does_not_know(cloud: Cloud) -> None:
    wrong = {
        "T": {
            **task("aws-sdk:s3:getObject", "{% $states.input %}")["T"],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Z"}],
        },
        "Z": {"Type": "Succeed"},
    }
    description = cloud.run(wrong, {"Bucket": "b", "Key": "k", "Colour": "red"})
    assert description["error"] == "States.Runtime"  # which nothing catches
    assert "'Colour' is not supported" in description["cause"]
    assert "Missing required parameter" in cloud.run(wrong, {"Bucket": "b"})["cause"]
