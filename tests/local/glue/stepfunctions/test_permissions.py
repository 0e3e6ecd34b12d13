"""The machine's role decides: what it allows works, and nothing else."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from . import jobs
from .conftest import ACCOUNT, RULES, Cloud, allow, task

SAGEMAKER = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}"
MANAGE = allow(["events:PutRule", "events:PutTargets", "events:DescribeRule"], RULES)
SOMETHING = allow("s3:ListAllMyBuckets", "*")


def _refused(cloud: Cloud, states: dict[str, Any], error: str, action: str, *statements: dict[str, Any]) -> str:
    description = cloud.run(states, None, *(statements or (SOMETHING,)))
    assert (description["status"], description["error"]) == ("FAILED", error)
    assert "is not authorized to perform: " + action in description["cause"]
    assert "User: arn:aws:sts::000000000000:assumed-role/role-" in description["cause"]
    return str(description["cause"])


def _succeeds(cloud: Cloud, states: dict[str, Any], *statements: dict[str, Any]) -> Any:
    return cloud.output(states, None, *statements)


@pytest.mark.parametrize("kind", ["dynamodb", "aws-sdk:dynamodb"])
def test_dynamodb(cloud: Cloud, kind: str) -> None:
    table, other = cloud.table(), cloud.table()
    arn = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/{table}"
    states = task(f"{kind}:putItem", {"TableName": table, "Item": {"pk": {"S": "1"}}})
    elsewhere = task(f"{kind}:putItem", {"TableName": other, "Item": {"pk": {"S": "1"}}})
    error = {"dynamodb": "DynamoDB.AmazonDynamoDBException", "aws-sdk:dynamodb": "DynamoDb.DynamoDbException"}[kind]
    _succeeds(cloud, states, allow("dynamodb:PutItem", arn))
    cause = _refused(cloud, elsewhere, error, "dynamodb:PutItem", allow("dynamodb:PutItem", arn))
    assert (
        f"on resource: arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/{other} because no identity-based policy allows"
        in cause
    )
    _refused(cloud, states, error, "dynamodb:PutItem", allow("dynamodb:GetItem", arn))
    deny = {**allow("dynamodb:*", arn), "Effect": "Deny"}
    assert "explicit deny" in _refused(cloud, states, error, "dynamodb:PutItem", allow("*", "*"), deny)


def test_s3(cloud: Cloud) -> None:
    bucket = cloud.bucket()
    cloud.client("s3").put_object(Bucket=bucket, Key="in/a", Body=b"1")
    mine = allow("s3:GetObject", f"arn:aws:s3:::{bucket}/in/*")
    _succeeds(cloud, task("aws-sdk:s3:getObject", {"Bucket": bucket, "Key": "in/a"}), mine)
    _refused(
        cloud, task("aws-sdk:s3:getObject", {"Bucket": bucket, "Key": "out"}), "S3.S3Exception", "s3:GetObject", mine
    )
    put = task("aws-sdk:s3:putObject", {"Bucket": bucket, "Key": "in/b", "Body": 1})
    _refused(cloud, put, "S3.S3Exception", "s3:PutObject", mine)


def test_functions(cloud: Cloud) -> None:
    function = cloud.function("def handler(event, context):\n    return 1\n")
    mine = allow("lambda:InvokeFunction", function)
    for states in (
        task("lambda:invoke", {"FunctionName": function}),
        {"T": {"Type": "Task", "Resource": function, "End": True}},
    ):
        _succeeds(cloud, states, mine)
        _refused(cloud, states, "Lambda.AWSLambdaException", "lambda:InvokeFunction")


def test_messages_and_events(cloud: Cloud) -> None:
    url, queue = cloud.queue()
    send = task("sqs:sendMessage", {"QueueUrl": url, "MessageBody": "{}"})
    _succeeds(cloud, send, allow("sqs:SendMessage", queue))
    topic = cloud.client("sns").create_topic(Name=f"t-{uuid.uuid4().hex[:8]}")["TopicArn"]
    publish = task("sns:publish", {"TopicArn": topic, "Message": "m"})
    _succeeds(cloud, publish, allow("sns:Publish", topic))
    # SNS and SQS have no modelled AccessDenied but for SNS's AuthorizationError.
    other = allow("sns:Publish", topic + "x")
    _refused(cloud, publish, "SNS.AuthorizationErrorException", "sns:Publish", other)
    put = task("events:putEvents", {"Entries": [{"Source": "s", "DetailType": "d", "Detail": {}}]})
    bus = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
    _succeeds(cloud, put, allow("events:PutEvents", bus))
    _refused(
        cloud, put, "EventBridge.AmazonEventBridgeException", "events:PutEvents", allow("events:PutEvents", bus + "x")
    )


def test_nested_executions(cloud: Cloud) -> None:
    child = cloud.machine({"A": {"Type": "Succeed"}})
    executions = child.replace(":stateMachine:", ":execution:") + ":*"
    start = allow("states:StartExecution", child)
    look = allow(["states:DescribeExecution", "states:StopExecution"], executions)
    sync = task("states:startExecution.sync:2", {"StateMachineArn": child})
    _succeeds(cloud, sync, start, look, MANAGE)
    _refused(cloud, sync, "StepFunctions.AWSStepFunctionsException", "states:StartExecution", look, MANAGE)
    _refused(cloud, sync, "StepFunctions.AWSStepFunctionsException", "states:DescribeExecution", start, MANAGE)
    _succeeds(cloud, task("states:startExecution", {"StateMachineArn": child}), start)


def test_the_rules_of_sync_tasks_are_needed_to_make_the_machine(cloud: Cloud) -> None:
    with pytest.raises(ClientError, match="is not authorized to create managed-rule") as caught:
        cloud.machine(task("states:startExecution.sync:2", {"StateMachineArn": "arn"}), allow("states:*", "*"))
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"


def test_training_needs_its_resource_its_instance_type_the_passed_role_and_the_tags(cloud: Cloud) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/job"
    job = f"{SAGEMAKER}:training-job/df-*"
    name = f"df-{uuid.uuid4().hex[:8]}"
    passing = allow("iam:PassRole", role, StringEquals={"iam:PassedToService": "sagemaker.amazonaws.com"})
    small = {"ForAllValues:StringEquals": {"sagemaker:InstanceTypes": ["ml.m5.large"]}}
    create = allow("sagemaker:CreateTrainingJob", job, **small)
    tagging = allow("sagemaker:AddTags", job, StringEquals={"aws:RequestTag/project": "p"})
    error = "SageMaker.AmazonSageMakerException"

    def request(**more: Any) -> dict[str, Any]:
        return task("sagemaker:createTrainingJob", jobs.training(name, role, **more))

    _refused(cloud, request(), error, "sagemaker:CreateTrainingJob", passing)
    _refused(cloud, request(), error, "iam:PassRole", create)
    elsewhere = allow("iam:PassRole", role, StringEquals={"iam:PassedToService": "lambda.amazonaws.com"})
    _refused(cloud, request(), error, "iam:PassRole", create, elsewhere)
    tagged = request(Tags=[{"Key": "project", "Value": "p"}])
    _refused(cloud, tagged, error, "sagemaker:AddTags", create, passing)
    foreign = request(Tags=[{"Key": "project", "Value": "other"}])
    _refused(cloud, foreign, error, "sagemaker:AddTags", create, passing, tagging)
    large = {"InstanceType": "ml.p5.48xlarge", "InstanceCount": 1, "VolumeSizeInGB": 5}
    _refused(cloud, request(ResourceConfig=large), error, "sagemaker:CreateTrainingJob", create, passing)
    _succeeds(cloud, tagged, create, passing, tagging)
    outside = task("sagemaker:createTrainingJob", jobs.training("other", role))
    _refused(cloud, outside, error, "sagemaker:CreateTrainingJob", create, passing)


def test_sync_needs_to_describe_the_job(cloud: Cloud) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/job"
    statements = [allow("sagemaker:CreateTrainingJob", "*"), allow("iam:PassRole", role), MANAGE]
    sync = task("sagemaker:createTrainingJob.sync", jobs.training(f"df-{uuid.uuid4().hex[:8]}", role))
    _refused(cloud, sync, "SageMaker.AmazonSageMakerException", "sagemaker:DescribeTrainingJob", *statements)


def test_a_role_that_does_not_trust_step_functions(cloud: Cloud) -> None:
    machine = cloud.machine({"A": {"Type": "Succeed"}})
    role = cloud.role(allow("*", "*"), service="lambda.amazonaws.com")
    client = cloud.client("stepfunctions")
    with pytest.raises(ClientError, match="is authorized to assume the provided role"):
        client.update_state_machine(
            stateMachineArn=machine,
            roleArn=role,
            definition=json.dumps({"QueryLanguage": "JSONata", "StartAt": "A", "States": {"A": {"Type": "Succeed"}}}),
        )
    name = client.describe_state_machine(stateMachineArn=machine)["roleArn"].rsplit("/", 1)[-1]
    other = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:other*"
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "states.amazonaws.com"},
        "Condition": {"ArnLike": {"aws:SourceArn": other}},
    }
    cloud.client("iam").update_assume_role_policy(
        RoleName=name, PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    )
    description = cloud.finished(cloud.start_execution(machine))
    assert description["error"] == "States.Runtime"
    assert "is authorized to assume" in description["cause"]


def test_a_change_of_policy_counts_at_once(cloud: Cloud) -> None:
    table = cloud.table()
    arn = f"arn:aws:dynamodb:us-east-1:{ACCOUNT}:table/{table}"
    machine = cloud.machine(
        task("dynamodb:putItem", {"TableName": table, "Item": {"pk": {"S": "1"}}}), allow("dynamodb:PutItem", arn)
    )
    assert cloud.finished(cloud.start_execution(machine))["status"] == "SUCCEEDED"
    role = cloud.client("stepfunctions").describe_state_machine(stateMachineArn=machine)["roleArn"]
    cloud.client("iam").delete_role_policy(RoleName=role.rsplit("/", 1)[-1], PolicyName="p")
    assert cloud.finished(cloud.start_execution(machine))["status"] == "FAILED"
