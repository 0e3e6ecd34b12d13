"""Rules and their targets: retries, dead letters, permissions, inputs, patterns, schedules."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest

from tests.local.glue.conftest import ACCOUNT, EVENTS, Cloud

MACHINE = json.dumps({"QueryLanguage": "JSONata", "StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}})


class Rule:
    """A rule on the default bus for events of a source of its own."""

    def __init__(self, cloud: Cloud, pattern: dict[str, Any] | None = None) -> None:
        self.cloud, self.events = cloud, cloud.client("events")
        self.name = self.source = f"r-{uuid.uuid4().hex[:10]}"
        found = self.events.put_rule(
            Name=self.name, EventPattern=json.dumps({"source": [self.source], **(pattern or {})})
        )
        self.arn = found["RuleArn"]

    def target(self, arn: str, **options: Any) -> None:
        answer = self.events.put_targets(Rule=self.name, Targets=[{"Id": "t", "Arn": arn, **options}])
        assert answer["FailedEntryCount"] == 0

    def put(self, detail: dict[str, Any], **entry: Any) -> str:
        answer = self.events.put_events(
            Entries=[{"Source": self.source, "DetailType": "Thing Happened", "Detail": json.dumps(detail), **entry}]
        )
        assert answer["FailedEntryCount"] == 0, answer
        return str(answer["Entries"][0]["EventId"])


@pytest.fixture
def rule(cloud: Cloud) -> Rule:
    return Rule(cloud)


def _machine(cloud: Cloud) -> str:
    role = cloud.role("states.amazonaws.com")
    name = f"m-{uuid.uuid4().hex[:10]}"
    return str(
        cloud.client("stepfunctions").create_state_machine(name=name, definition=MACHINE, roleArn=role)[
            "stateMachineArn"
        ]
    )


def _executions(cloud: Cloud, machine: str) -> list[dict[str, Any]]:
    return list(cloud.client("stepfunctions").list_executions(stateMachineArn=machine)["executions"])


def test_an_event_reaches_a_queue_that_lets_it_in(cloud: Cloud, rule: Rule) -> None:
    url, arn = cloud.queue(({**EVENTS, "Condition": {"ArnEquals": {"aws:SourceArn": rule.arn}}},))
    rule.target(arn)
    event_id = rule.put({"a": 1})
    event = json.loads(cloud.receive(url)["Body"])
    assert (event["id"], event["detail"], event["source"]) == (event_id, {"a": 1}, rule.source)
    assert (event["account"], event["region"], event["version"]) == (ACCOUNT, "us-east-1", "0")


def test_a_queue_whose_policy_names_another_rule_gets_nothing_and_the_dead_letter_says_why(
    cloud: Cloud, rule: Rule
) -> None:
    _, arn = cloud.queue(({**EVENTS, "Condition": {"ArnEquals": {"aws:SourceArn": rule.arn + "x"}}},))
    dlq, dlq_arn = cloud.queue((EVENTS,))
    rule.target(arn, DeadLetterConfig={"Arn": dlq_arn})
    rule.put({"a": 1})
    message = cloud.receive(dlq)
    attributes = {key: value["StringValue"] for key, value in message["MessageAttributes"].items()}
    assert (attributes["RULE_ARN"], attributes["TARGET_ARN"]) == (rule.arn, arn)
    assert attributes["ERROR_CODE"] == "NO_PERMISSIONS"
    assert "sqs:SendMessage" in attributes["ERROR_MESSAGE"]
    assert json.loads(message["Body"])["detail"] == {"a": 1}


def test_a_machine_is_started_with_the_targets_role(cloud: Cloud, rule: Rule) -> None:
    machine = _machine(cloud)
    start = {"Effect": "Allow", "Action": "states:StartExecution", "Resource": machine}
    rule.target(machine, RoleArn=cloud.role("events.amazonaws.com", start))
    event_id = rule.put({"a": 1})
    execution = cloud.until(lambda: _executions(cloud, machine))[0]
    assert execution["name"].startswith(event_id)
    described = cloud.client("stepfunctions").describe_execution(executionArn=execution["executionArn"])
    assert json.loads(described["input"])["detail"] == {"a": 1}


@pytest.mark.parametrize(("principal", "action", "code"), [
    ("events.amazonaws.com", "states:StopExecution", "NO_PERMISSIONS"),
    ("lambda.amazonaws.com", "states:StartExecution", "NO_PERMISSIONS"),
])  # fmt: skip
def test_a_role_that_may_not_start_the_machine_is_no_role(
    cloud: Cloud, rule: Rule, principal: str, action: str, code: str
) -> None:
    machine = _machine(cloud)
    dlq, dlq_arn = cloud.queue((EVENTS,))
    role = cloud.role(principal, {"Effect": "Allow", "Action": action, "Resource": machine})
    rule.target(machine, RoleArn=role, DeadLetterConfig={"Arn": dlq_arn})
    rule.put({})
    assert cloud.receive(dlq)["MessageAttributes"]["ERROR_CODE"]["StringValue"] == code
    assert not _executions(cloud, machine)


def test_a_machine_that_is_gone_is_not_retried(cloud: Cloud, rule: Rule) -> None:
    machine = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:gone"
    dlq, dlq_arn = cloud.queue((EVENTS,))
    role = cloud.role("events.amazonaws.com", {"Effect": "Allow", "Action": "states:StartExecution", "Resource": "*"})
    rule.target(machine, RoleArn=role, DeadLetterConfig={"Arn": dlq_arn})
    rule.put({})
    attributes = cloud.receive(dlq)["MessageAttributes"]
    assert attributes["ERROR_CODE"]["StringValue"] == "NO_RESOURCE"
    assert "RETRY_ATTEMPTS" not in attributes


FAILS_TWICE = """
import pathlib, os
def handler(event, context):
    seen = pathlib.Path(os.environ["SEEN"])
    with seen.open("a") as out:
        out.write("x")
    if len(seen.read_text()) < 3:
        raise RuntimeError("not yet")
"""


def test_a_function_is_invoked_asynchronously_and_retried(cloud: Cloud, rule: Rule, tmp_path: Any) -> None:
    seen = tmp_path / "seen"
    name = cloud.function(FAILS_TWICE, Environment={"Variables": {"SEEN": str(seen)}})
    cloud.client("lambda").add_permission(
        FunctionName=name,
        StatementId="s",
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
        SourceArn=rule.arn,
    )
    rule.target(f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}")
    rule.put({})
    cloud.until(lambda: seen.exists() and seen.read_text() == "xxx", 20)


def test_a_function_without_permission_for_the_rule_is_not_invoked(cloud: Cloud, rule: Rule) -> None:
    name = cloud.function("def handler(e, c): ...")
    dlq, dlq_arn = cloud.queue((EVENTS,))
    rule.target(f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}", DeadLetterConfig={"Arn": dlq_arn})
    rule.put({})
    assert "lambda:InvokeFunction" in cloud.receive(dlq)["MessageAttributes"]["ERROR_MESSAGE"]["StringValue"]


def test_a_topic_and_a_log_group_and_a_bus_are_targets(cloud: Cloud, rule: Rule) -> None:
    url, queue = cloud.queue(({"Principal": {"Service": "sns.amazonaws.com"}},))
    sns = cloud.client("sns")
    topic = sns.create_topic(Name=rule.name)["TopicArn"]
    policy = {"Statement": [{"Effect": "Allow", **EVENTS, "Action": "sns:Publish", "Resource": topic}]}
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(policy))
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue, Attributes={"RawMessageDelivery": "true"})
    group = f"/aws/events/{rule.name}"
    cloud.client("logs").create_log_group(logGroupName=group)
    events = cloud.client("events")
    bus = events.create_event_bus(Name=rule.name)["EventBusArn"]
    bus_url, bus_queue = cloud.queue((EVENTS,))
    events.put_rule(Name="forwarded", EventBusName=rule.name, EventPattern=json.dumps({"source": [rule.source]}))
    events.put_targets(Rule="forwarded", EventBusName=rule.name, Targets=[{"Id": "q", "Arn": bus_queue}])
    events.put_targets(Rule=rule.name, Targets=[
        {"Id": "topic", "Arn": topic},
        {"Id": "log", "Arn": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{group}"},
        {"Id": "bus", "Arn": bus},
    ])  # fmt: skip
    rule.put({"n": 5})
    assert json.loads(cloud.receive(url)["Body"])["detail"] == {"n": 5}
    assert json.loads(cloud.receive(bus_url)["Body"])["detail"] == {"n": 5}
    logged = cloud.until(lambda: cloud.client("logs").filter_log_events(logGroupName=group)["events"])
    assert json.loads(logged[0]["message"])["detail"] == {"n": 5}


def test_an_input_that_the_target_refuses_is_not_retried(cloud: Cloud, rule: Rule) -> None:
    dlq, dlq_arn = cloud.queue((EVENTS,))
    name = f"q-{uuid.uuid4().hex[:10]}.fifo"
    arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"
    policy = {"Statement": [{"Effect": "Allow", **EVENTS, "Action": "sqs:SendMessage", "Resource": arn}]}
    cloud.client("sqs").create_queue(QueueName=name, Attributes={"FifoQueue": "true", "Policy": json.dumps(policy)})
    rule.target(arn, DeadLetterConfig={"Arn": dlq_arn})  # without SqsParameters.MessageGroupId
    rule.put({})
    attributes = cloud.receive(dlq)["MessageAttributes"]
    assert attributes["ERROR_CODE"]["StringValue"] == "SDK_CLIENT_ERROR"
    assert "MessageGroupId" in attributes["ERROR_MESSAGE"]["StringValue"]


@pytest.mark.parametrize(("options", "expected"), [
    ({"Input": '{"fixed": true}'}, {"fixed": True}),
    ({"InputPath": "$.detail.list[1]"}, "b"),
    ({"InputPath": "$.detail['a-key']"}, 7),
    ({"InputTransformer": {"InputPathsMap": {"k": "$.detail.object.key", "n": "$.detail['a-key']"},
                           "InputTemplate": '{"key": <k>, "text": "<k> is <n>", "rule": <aws.events.rule-name>}'}},
     {"key": "dir/a b.csv", "text": "dir/a b.csv is 7", "rule": "RULE"}),
])  # fmt: skip
def test_a_target_gets_its_input(cloud: Cloud, rule: Rule, options: dict[str, Any], expected: Any) -> None:
    url, arn = cloud.queue((EVENTS,))
    rule.target(arn, **options)
    rule.put({"list": ["a", "b"], "a-key": 7, "object": {"key": "dir/a b.csv"}})
    received = json.loads(cloud.receive(url)["Body"])
    assert received == json.loads(json.dumps(expected).replace("RULE", rule.name))


def test_put_events_refuses_what_aws_refuses(cloud: Cloud) -> None:
    entry = {"Source": "s", "DetailType": "d", "Detail": "{}"}
    bad = [
        {**entry, "Detail": "[1]"},
        {**entry, "Detail": "no json"},
        {**entry, "Source": "aws.s3"},
        {**entry, "Source": ""},
    ]
    answer = cloud.client("events").put_events(Entries=[entry, *bad])
    codes = [found.get("ErrorCode") for found in answer["Entries"]]
    assert codes == [None, "MalformedDetail", "MalformedDetail", "NotAuthorizedForSourceException", "InvalidArgument"]


def test_a_target_that_would_be_ignored_is_refused(cloud: Cloud, rule: Rule) -> None:
    events = cloud.client("events")
    for arn in (f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/s", f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:m"):
        with pytest.raises(events.exceptions.ClientError, match=r"not a supported|RoleArn is required"):
            events.put_targets(Rule=rule.name, Targets=[{"Id": "x", "Arn": arn}])


def test_the_source_condition_of_put_events_counts(cloud: Cloud) -> None:
    bus = f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/default"
    name = cloud.function(
        """
        import boto3
        def handler(event, context):
            entry = {"Source": event, "DetailType": "d", "Detail": "{}"}
            return boto3.client("events").put_events(Entries=[entry])["FailedEntryCount"]
        """,
        allow=({"Effect": "Allow", "Action": "events:PutEvents", "Resource": bus,
                "Condition": {"StringEquals": {"events:source": "dropforge.intake"}}},),
    )  # fmt: skip
    assert cloud.invoke(name, "dropforge.intake") == (0, None)
    body, error = cloud.invoke(name, "dropforge.other")
    assert error
    assert "events:PutEvents" in body["errorMessage"]


def test_a_rate_of_a_minute_fires_every_second_at_scale_60(cloud: Cloud) -> None:
    url, arn = cloud.queue((EVENTS,))
    events, name = cloud.client("events"), f"r-{uuid.uuid4().hex[:10]}"
    rule_arn = events.put_rule(Name=name, ScheduleExpression="rate(1 minute)")["RuleArn"]
    events.put_targets(Rule=name, Targets=[{"Id": "q", "Arn": arn}])
    times = []
    for _ in range(3):
        event = json.loads(cloud.receive(url, 5)["Body"])
        times.append(time.monotonic())
    events.remove_targets(Rule=name, Ids=["q"])
    events.delete_rule(Name=name)
    assert (event["source"], event["detail-type"], event["resources"]) == ("aws.events", "Scheduled Event", [rule_arn])
    assert 1.0 < times[2] - times[0] < 4.0


def test_a_cron_of_every_minute_fires_in_scaled_time(cloud: Cloud) -> None:
    url, arn = cloud.queue((EVENTS,))
    events, name = cloud.client("events"), f"r-{uuid.uuid4().hex[:10]}"
    events.put_rule(Name=name, ScheduleExpression="cron(* * * * ? *)")
    events.put_targets(Rule=name, Targets=[{"Id": "q", "Arn": arn}])
    cloud.receive(url, 5)
    events.remove_targets(Rule=name, Ids=["q"])
    events.delete_rule(Name=name)
