"""Resources: properties that act, properties that are refused, custom resources, types of our own."""

from __future__ import annotations

from typing import Any

import botocore.exceptions
import pytest

from tests.local.glue.conftest import ACCOUNT, Cloud
from tests.local.glue.stacks import Stack, only

SAM = "AWS::Serverless-2016-10-31"


@pytest.fixture
def stack(cloud: Cloud) -> Stack:
    return Stack(cloud)


@pytest.mark.parametrize(("resource_type", "properties", "ignored"), [
    ("AWS::SQS::Queue", {"Colour": "red"}, "Colour"),
    ("AWS::SNS::Topic", {"ArchivePolicy": {"MessageRetentionPeriod": 1}}, "ArchivePolicy"),
    ("AWS::S3::Bucket", {"ReplicationConfiguration": {"Role": "r", "Rules": []}}, "ReplicationConfiguration"),
])  # fmt: skip
def test_what_would_be_ignored_is_refused_by_name(
    stack: Stack, resource_type: str, properties: dict[str, Any], ignored: str
) -> None:
    assert stack.deploy(only(resource_type, properties)) == "ROLLBACK_COMPLETE"
    assert f"Thing ({resource_type})" in stack.reason()
    assert ignored in stack.reason()


def test_an_unknown_type_is_refused_before_anything_is_made(stack: Stack) -> None:
    with pytest.raises(botocore.exceptions.ClientError, match="AWS::Nothing::Here"):
        stack.change_set(only("AWS::Nothing::Here", {}), "CREATE")


def test_an_invalid_rule_pattern_is_refused(stack: Stack) -> None:
    assert stack.deploy(only("AWS::Events::Rule", {"EventPattern": {"source": [{"like": "x"}]}})) == "ROLLBACK_COMPLETE"
    assert "EventPattern" in stack.reason()


def test_a_function_without_code_is_refused(cloud: Cloud, stack: Stack) -> None:
    properties = {"Runtime": "python3.13", "Handler": "a.b", "Role": f"arn:aws:iam::{ACCOUNT}:role/r",
                  "Code": {"S3Bucket": stack.bucket, "S3Key": "missing.zip"}}  # fmt: skip
    assert stack.deploy(only("AWS::Lambda::Function", properties)) == "ROLLBACK_COMPLETE"
    assert "missing.zip" in stack.reason()


def test_bucket_properties_are_in_force(cloud: Cloud, stack: Stack) -> None:
    key = {"Key": {"Type": "AWS::KMS::Key", "Properties": {"EnableKeyRotation": True, "KeyPolicy": {
        "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "kms:*", "Resource": "*",
                                                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}]}}}}  # fmt: skip
    properties = {
        "BucketEncryption": {"ServerSideEncryptionConfiguration": [{
            "BucketKeyEnabled": True,
            "ServerSideEncryptionByDefault": {
                "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Fn::GetAtt": ["Key", "Arn"]}}}]},
        "VersioningConfiguration": {"Status": "Enabled"},
        "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
        "PublicAccessBlockConfiguration": {"BlockPublicAcls": True, "BlockPublicPolicy": True, "IgnorePublicAcls": True,
                                           "RestrictPublicBuckets": True},
        "NotificationConfiguration": {"EventBridgeConfiguration": {"EventBridgeEnabled": True}},
        "LifecycleConfiguration": {"Rules": [{
            "Id": "old", "Status": "Enabled", "ExpirationInDays": "30", "Prefix": "tmp/",
            "NoncurrentVersionExpiration": {"NoncurrentDays": 7},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 2}}]},
        "Tags": [{"Key": "k", "Value": "v"}],
    }  # fmt: skip
    assert stack.deploy(only("AWS::S3::Bucket", properties, **key)) == "CREATE_COMPLETE", stack.reason()
    s3, name = cloud.client("s3"), stack.physical("Thing")
    rule = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    assert rule["BucketKeyEnabled"] is True
    assert s3.put_object(Bucket=name, Key="k", Body=b"1")["ServerSideEncryption"] == "aws:kms"
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    assert s3.get_bucket_ownership_controls(Bucket=name)["OwnershipControls"]["Rules"] == [
        {"ObjectOwnership": "BucketOwnerEnforced"}
    ]
    assert all(s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"].values())
    rule = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"][0]
    assert (rule["Expiration"], rule["NoncurrentVersionExpiration"]) == ({"Days": 30}, {"NoncurrentDays": 7})
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 2}
    assert {"Key": "k", "Value": "v"} in s3.get_bucket_tagging(Bucket=name)["TagSet"]
    assert "EventBridgeConfiguration" in s3.get_bucket_notification_configuration(Bucket=name)
    assert stack.delete() == "DELETE_FAILED", "a bucket that is not empty stays"
    assert "not empty" in stack.reason()


def test_table_properties_are_in_force(cloud: Cloud, stack: Stack) -> None:
    properties = {
        "BillingMode": "PAY_PER_REQUEST", "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS"},
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "project", "at")],
        "GlobalSecondaryIndexes": [{"IndexName": "by-project", "Projection": {"ProjectionType": "ALL"}, "KeySchema": [
            {"AttributeName": "project", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}]}],
        "StreamSpecification": {"StreamViewType": "NEW_AND_OLD_IMAGES"},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True},
    }  # fmt: skip
    assert stack.deploy(only("AWS::DynamoDB::Table", properties)) == "CREATE_COMPLETE", stack.reason()
    db, name = cloud.client("dynamodb"), stack.physical("Thing")
    assert db.describe_time_to_live(TableName=name)["TimeToLiveDescription"]["TimeToLiveStatus"] == "ENABLED"
    recovery = db.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert recovery["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    table = db.describe_table(TableName=name)["Table"]
    assert (table["SSEDescription"]["Status"], table["LatestStreamArn"] != "") == ("ENABLED", True)
    db.put_item(TableName=name, Item={"pk": {"S": "1"}, "project": {"S": "p"}, "at": {"S": "2"}})
    found = db.query(TableName=name, IndexName="by-project", KeyConditionExpression="#p = :p",
                     ExpressionAttributeNames={"#p": "project"},
                     ExpressionAttributeValues={":p": {"S": "p"}})  # fmt: skip
    assert found["Count"] == 1


def _custom(source: str) -> dict[str, Any]:
    return {"Transform": SAM, "Resources": {
        "Provider": {"Type": "AWS::Serverless::Function", "Properties": {
            "Runtime": "python3.13", "Handler": "index.handler", "InlineCode": source}},
        "Copy": {"Type": "Custom::Copy", "Properties": {
            "ServiceToken": {"Fn::GetAtt": ["Provider", "Arn"]}, "Files": ["a"], "Number": 3}}},
        "Outputs": {"Answer": {"Value": {"Fn::GetAtt": ["Copy", "Answer"]}}}}  # fmt: skip


ANSWER = """
import json, urllib.request
def handler(event, context):
    body = {"Status": "SUCCESS", "PhysicalResourceId": "copy", "StackId": event["StackId"],
            "RequestId": event["RequestId"], "LogicalResourceId": event["LogicalResourceId"],
            "Data": {"Answer": event["RequestType"] + event["ResourceProperties"]["Number"]}}
    request = urllib.request.Request(event["ResponseURL"], json.dumps(body).encode(), method="PUT")
    urllib.request.urlopen(request)
"""


def test_a_custom_resource_is_created_by_its_function(stack: Stack) -> None:
    assert stack.deploy(_custom(ANSWER)) == "CREATE_COMPLETE", stack.reason()
    assert stack.outputs()["Answer"] == "Create3"
    assert stack.delete() == "DELETE_COMPLETE"


def test_a_custom_resource_whose_function_dies_fails_at_once_with_its_error(stack: Stack) -> None:
    assert stack.deploy(_custom("def handler(event, context): raise KeyError('boom')")) == "ROLLBACK_COMPLETE"
    assert "KeyError: 'boom'" in stack.reason()


def test_an_archive_is_a_resource(cloud: Cloud, stack: Stack) -> None:
    properties = {"SourceArn": f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default", "RetentionDays": 3,
                  "EventPattern": {"source": ["x"]}}  # fmt: skip
    assert stack.deploy(only("AWS::Events::Archive", properties)) == "CREATE_COMPLETE", stack.reason()
    name = stack.physical("Thing")
    assert cloud.client("events").describe_archive(ArchiveName=name)["RetentionDays"] == 3
    assert stack.delete() == "DELETE_COMPLETE"
