"""Stacks: SAM in nested stacks, no-op updates, refusals, roll-back, retained resources, custom resources."""

from __future__ import annotations

import json
import uuid
from typing import Any

import botocore.exceptions
import pytest

from tests.local.glue.conftest import ACCOUNT, Cloud

SAM = "AWS::Serverless-2016-10-31"
CAPABILITIES = ["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]


class Stack:
    """A stack deployed through change sets, as `sam deploy` does; nested templates go to a bucket of its own."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud, self.name = cloud, f"s-{uuid.uuid4().hex[:8]}"
        self.cfn = cloud.client("cloudformation")
        self.bucket = f"templates-{self.name}"
        cloud.client("s3").create_bucket(Bucket=self.bucket)

    def upload(self, template: dict[str, Any]) -> str:
        body = json.dumps(template)
        key = f"{uuid.uuid5(uuid.NAMESPACE_OID, body)}.template"
        self.cloud.client("s3").put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"https://s3.us-east-1.amazonaws.com/{self.bucket}/{key}"

    def change_set(self, template: dict[str, Any], kind: str, **parameters: str) -> dict[str, Any]:
        name = f"c-{uuid.uuid4().hex[:8]}"
        self.cfn.create_change_set(
            StackName=self.name, ChangeSetName=name, ChangeSetType=kind, TemplateBody=json.dumps(template),
            Capabilities=CAPABILITIES,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
        )  # fmt: skip
        return dict(self.cfn.describe_change_set(StackName=self.name, ChangeSetName=name))

    def deploy(self, template: dict[str, Any], kind: str = "CREATE", **parameters: str) -> str:
        """Deploy and return the final status."""
        change_set = self.change_set(template, kind, **parameters)
        assert change_set["Status"] == "CREATE_COMPLETE", change_set.get("StatusReason")
        self.cfn.execute_change_set(ChangeSetName=change_set["ChangeSetId"])
        return self.settled()

    def settled(self, name: str = "") -> str:
        def status() -> str:
            found = str(self.cfn.describe_stacks(StackName=name or self.id)["Stacks"][0]["StackStatus"])
            return "" if found.endswith("IN_PROGRESS") else found

        return str(Cloud.until(status, 30))

    @property
    def id(self) -> str:
        if not hasattr(self, "_id"):
            self._id = self.cfn.describe_stacks(StackName=self.name)["Stacks"][0]["StackId"]
        return str(self._id)

    def outputs(self) -> dict[str, str]:
        stack = self.cfn.describe_stacks(StackName=self.name)["Stacks"][0]
        return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}

    def events(self, name: str = "") -> list[dict[str, Any]]:
        return list(self.cfn.describe_stack_events(StackName=name or self.id)["StackEvents"])

    def physical(self, logical_id: str, name: str = "") -> str:
        answer = self.cfn.describe_stack_resource(StackName=name or self.name, LogicalResourceId=logical_id)
        return str(answer["StackResourceDetail"]["PhysicalResourceId"])

    def reason(self) -> str:
        """Why the last operation failed: the first reason, as a reader looks for it."""
        failed = [event for event in self.events() if event["ResourceStatus"].endswith("_FAILED")]
        return str(failed[-1]["ResourceStatusReason"])

    def delete(self) -> str:
        _ = self.id
        self.cfn.delete_stack(StackName=self.name)
        return self.settled()


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


def _only(resource_type: str, properties: dict[str, Any], **extra: Any) -> dict[str, Any]:
    return {"Resources": {"Thing": {"Type": resource_type, "Properties": properties}, **extra}}


@pytest.mark.parametrize(("resource_type", "properties", "ignored"), [
    ("AWS::SQS::Queue", {"Colour": "red"}, "Colour"),
    ("AWS::SNS::Topic", {"ArchivePolicy": {"MessageRetentionPeriod": 1}}, "ArchivePolicy"),
    ("AWS::S3::Bucket", {"ReplicationConfiguration": {"Role": "r", "Rules": []}}, "ReplicationConfiguration"),
])  # fmt: skip
def test_what_would_be_ignored_is_refused_by_name(
    stack: Stack, resource_type: str, properties: dict[str, Any], ignored: str
) -> None:
    assert stack.deploy(_only(resource_type, properties)) == "ROLLBACK_COMPLETE"
    assert f"Thing ({resource_type})" in stack.reason()
    assert ignored in stack.reason()


def test_an_unknown_type_is_refused_before_anything_is_made(stack: Stack) -> None:
    with pytest.raises(botocore.exceptions.ClientError, match="AWS::Nothing::Here"):
        stack.change_set(_only("AWS::Nothing::Here", {}), "CREATE")


def test_an_invalid_rule_pattern_is_refused(stack: Stack) -> None:
    assert (
        stack.deploy(_only("AWS::Events::Rule", {"EventPattern": {"source": [{"like": "x"}]}})) == "ROLLBACK_COMPLETE"
    )
    assert "EventPattern" in stack.reason()


def test_a_function_without_code_is_refused(cloud: Cloud, stack: Stack) -> None:
    properties = {"Runtime": "python3.13", "Handler": "a.b", "Role": f"arn:aws:iam::{ACCOUNT}:role/r",
                  "Code": {"S3Bucket": stack.bucket, "S3Key": "missing.zip"}}  # fmt: skip
    assert stack.deploy(_only("AWS::Lambda::Function", properties)) == "ROLLBACK_COMPLETE"
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
    assert stack.deploy(_only("AWS::S3::Bucket", properties, **key)) == "CREATE_COMPLETE", stack.reason()
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
    assert stack.deploy(_only("AWS::DynamoDB::Table", properties)) == "CREATE_COMPLETE", stack.reason()
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
    assert stack.deploy(_only("AWS::Events::Archive", properties)) == "CREATE_COMPLETE", stack.reason()
    name = stack.physical("Thing")
    assert cloud.client("events").describe_archive(ArchiveName=name)["RetentionDays"] == 3
    assert stack.delete() == "DELETE_COMPLETE"
