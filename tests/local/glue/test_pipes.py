"""Pipes: filtered stream records start machines, quickly, in order, with retries and a dead letter."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest

from tests.local.glue.conftest import Cloud

MACHINE = json.dumps({"QueryLanguage": "JSONata", "StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})
FILTERS = [
    {"Pattern": json.dumps({"eventName": ["INSERT"], "dynamodb": {"Keys": {"sk": {"S": [{"prefix": "window#"}]}}}})},
    {"Pattern": json.dumps({"eventName": ["MODIFY"], "dynamodb": {
        "Keys": {"sk": {"S": [{"prefix": "window#"}]}}, "OldImage": {"state": {"S": ["OPEN"]}},
        "NewImage": {"state": {"S": ["COMPLETE"]}}}})},
]  # fmt: skip


class Piped:
    """A table, its stream, a pipe and its target."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud, self.name = cloud, f"p-{uuid.uuid4().hex[:10]}"
        self.db = cloud.client("dynamodb")
        self.db.create_table(
            TableName=self.name, BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk")],
            StreamSpecification={"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
        )  # fmt: skip
        self.stream = self.db.describe_table(TableName=self.name)["Table"]["LatestStreamArn"]

    def put(self, sk: str, state: str = "OPEN", pk: str = "p/train/-") -> None:
        self.db.put_item(TableName=self.name, Item={"pk": {"S": pk}, "sk": {"S": sk}, "state": {"S": state}})

    def role(self, *extra: dict[str, Any]) -> str:
        read = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams"]
        return self.cloud.role(
            "pipes.amazonaws.com", {"Effect": "Allow", "Action": read, "Resource": self.stream}, *extra
        )

    def create(self, target: str, role: str, target_parameters: dict[str, Any], **stream: Any) -> None:
        parameters = {"StartingPosition": "TRIM_HORIZON", "BatchSize": 1, **stream}
        self.cloud.client("pipes").create_pipe(
            Name=self.name, RoleArn=role, Source=self.stream, Target=target, TargetParameters=target_parameters,
            SourceParameters={"DynamoDBStreamParameters": parameters, "FilterCriteria": {"Filters": FILTERS}},
        )  # fmt: skip


@pytest.fixture
def piped(cloud: Cloud) -> Piped:
    return Piped(cloud)


FIRE = {"StepFunctionStateMachineParameters": {"InvocationType": "FIRE_AND_FORGET"}}


def test_a_matching_record_starts_a_machine_within_a_moment(cloud: Cloud, piped: Piped) -> None:
    sfn = cloud.client("stepfunctions")
    machine = sfn.create_state_machine(name=piped.name, definition=MACHINE, roleArn=cloud.role("states.amazonaws.com"))[
        "stateMachineArn"
    ]
    start = {"Effect": "Allow", "Action": "states:StartExecution", "Resource": machine}
    piped.create(machine, piped.role(start), FIRE)
    piped.put("object#1")
    began = time.monotonic()
    piped.put("window#a")
    executions = cloud.until(lambda: sfn.list_executions(stateMachineArn=machine)["executions"])
    assert time.monotonic() - began < 1.0
    body = json.loads(sfn.describe_execution(executionArn=executions[0]["executionArn"])["input"])
    assert [record["eventName"] for record in body] == ["INSERT"]
    assert body[0]["dynamodb"]["NewImage"]["sk"] == {"S": "window#a"}
    piped.put("window#a", "OPEN")
    piped.put("window#a", "COMPLETE")
    cloud.until(lambda: len(sfn.list_executions(stateMachineArn=machine)["executions"]) == 2)


def _sqs(cloud: Cloud, piped: Piped) -> tuple[str, str, dict[str, Any]]:
    url, arn = cloud.queue()
    return url, arn, {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}


def test_records_from_before_the_pipe_arrive_in_order_through_the_template(cloud: Cloud, piped: Piped) -> None:
    for number in range(5):
        piped.put(f"window#{number}")
    url, arn, send = _sqs(cloud, piped)
    template = '{"drop": <$.dynamodb.NewImage.sk.S>, "pipe": <aws.pipes.pipe-name>}'
    piped.create(arn, piped.role(send), {"InputTemplate": template})
    received = [json.loads(cloud.receive(url)["Body"]) for _ in range(5)]
    assert received == [{"drop": f"window#{number}", "pipe": piped.name} for number in range(5)]


def test_a_record_that_cannot_be_delivered_is_given_up_and_told_and_the_next_one_goes_on(
    cloud: Cloud, piped: Piped
) -> None:
    url, arn, _ = _sqs(cloud, piped)
    dlq, dlq_arn, tell = _sqs(cloud, piped)
    role = piped.role(tell)  # not allowed to send to the target
    piped.create(arn, role, {}, MaximumRetryAttempts=2, DeadLetterConfig={"Arn": dlq_arn})
    piped.put("window#lost")
    body = json.loads(cloud.receive(dlq)["Body"])
    assert body["context"]["condition"] == "RetryAttemptsExhausted"
    assert body["DDBStreamBatchInfo"]["streamArn"] == piped.stream
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}]}
    cloud.client("iam").put_role_policy(
        RoleName=role.split("/")[1], PolicyName="send", PolicyDocument=json.dumps(policy)
    )
    piped.put("window#next")
    assert json.loads(cloud.receive(url)["Body"])["dynamodb"]["Keys"]["sk"] == {"S": "window#next"}


def test_a_pipe_whose_role_cannot_read_the_stream_is_refused(cloud: Cloud, piped: Piped) -> None:
    _, arn, send = _sqs(cloud, piped)
    with pytest.raises(cloud.client("pipes").exceptions.ValidationException, match="dynamodb:"):
        piped.create(arn, cloud.role("pipes.amazonaws.com", send), {})


def test_a_pipe_with_something_that_is_not_done_here_is_refused(cloud: Cloud, piped: Piped) -> None:
    _, arn, send = _sqs(cloud, piped)
    with pytest.raises(cloud.client("pipes").exceptions.ValidationException, match="OnPartialBatchItemFailure"):
        piped.create(arn, piped.role(send), {}, OnPartialBatchItemFailure="AUTOMATIC_BISECT")
