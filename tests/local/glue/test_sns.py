"""Notices: text per protocol, filters, attributes, the inbox, and what is refused."""

from __future__ import annotations

import json
import urllib.request
import uuid
from typing import Any

import pytest

from tests.local.glue.conftest import Cloud

SNS = {"Principal": {"Service": "sns.amazonaws.com"}}
TEXTS = {"default": "plain", "email": "Dear reader", "sms": "short", "sqs": '{"machine": true}', "http": "h"}
ATTRIBUTES = {
    "project": {"DataType": "String", "StringValue": "churn"},
    "severity": {"DataType": "String", "StringValue": "info"},
}


def _inbox(cloud: Cloud, endpoint: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{cloud.url}/_dropforge/inbox") as answer:
        return [message for message in json.load(answer)["messages"] if message["endpoint"] == endpoint]


@pytest.fixture
def topic(cloud: Cloud) -> str:
    return str(cloud.client("sns").create_topic(Name=f"t-{uuid.uuid4().hex[:8]}")["TopicArn"])


def _publish(cloud: Cloud, topic: str, **options: Any) -> None:
    cloud.client("sns").publish(
        TopicArn=topic,
        Message=json.dumps(TEXTS),
        MessageStructure="json",
        Subject="Run succeeded",
        MessageAttributes=ATTRIBUTES,
        **options,
    )


def test_each_protocol_gets_its_own_text(cloud: Cloud, topic: str) -> None:
    sns = cloud.client("sns")
    mail, phone = f"{uuid.uuid4().hex}@example.org", f"+1555{uuid.uuid4().int % 10**7:07d}"
    raw, raw_arn = cloud.queue((SNS,))
    wrapped, wrapped_arn = cloud.queue((SNS,))
    answer = sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=mail)
    assert answer["SubscriptionArn"].startswith(topic), "confirmed at once"
    sns.subscribe(TopicArn=topic, Protocol="sms", Endpoint=phone)
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=raw_arn, Attributes={"RawMessageDelivery": "true"})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=wrapped_arn)
    _publish(cloud, topic)
    letter = cloud.until(lambda: _inbox(cloud, mail))[0]
    assert (letter["topic"], letter["subject"], letter["body"]) == (topic, "Run succeeded", "Dear reader")
    assert letter["attributes"] == {"project": "churn", "severity": "info"}
    assert letter["timestamp"].endswith("Z")
    text = _inbox(cloud, phone)[0]
    assert (text["protocol"], text["body"]) == ("sms", "short")
    message = cloud.receive(raw)
    assert json.loads(message["Body"]) == {"machine": True}
    assert message["MessageAttributes"]["project"]["StringValue"] == "churn"
    envelope = json.loads(cloud.receive(wrapped)["Body"])
    assert (envelope["Type"], envelope["Subject"], envelope["Message"]) == (
        "Notification",
        "Run succeeded",
        TEXTS["sqs"],
    )
    assert envelope["MessageAttributes"]["severity"] == {"Type": "String", "Value": "info"}


def test_the_inbox_can_be_read_from_where_one_was(cloud: Cloud, topic: str) -> None:
    mail = f"{uuid.uuid4().hex}@example.org"
    cloud.client("sns").subscribe(TopicArn=topic, Protocol="email", Endpoint=mail)
    _publish(cloud, topic)
    first = cloud.until(lambda: _inbox(cloud, mail))[0]
    with urllib.request.urlopen(f"{cloud.url}/_dropforge/inbox?after={first['id']}") as answer:
        assert all(message["id"] > first["id"] for message in json.load(answer)["messages"])


@pytest.mark.parametrize(("policy", "arrives"), [
    ({"project": ["churn"]}, True), ({"project": ["other"]}, False), ({"severity": [{"anything-but": "info"}]}, False),
    ({"project": [{"prefix": "ch"}], "severity": ["info", "error"]}, True), ({"missing": [{"exists": False}]}, True),
])  # fmt: skip
def test_filter_policies_decide(cloud: Cloud, topic: str, policy: dict[str, Any], arrives: bool) -> None:
    sns, mail, always = cloud.client("sns"), f"{uuid.uuid4().hex}@example.org", f"{uuid.uuid4().hex}@example.org"
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=mail, Attributes={"FilterPolicy": json.dumps(policy)})
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=always)
    _publish(cloud, topic)
    cloud.until(lambda: _inbox(cloud, always))
    assert bool(_inbox(cloud, mail)) is arrives


def test_a_queue_that_does_not_let_the_topic_in_is_redriven(cloud: Cloud, topic: str) -> None:
    _, arn = cloud.queue()
    dlq, dlq_arn = cloud.queue((SNS,))
    redrive = json.dumps({"deadLetterTargetArn": dlq_arn})
    cloud.client("sns").subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, Attributes={"RedrivePolicy": redrive})
    _publish(cloud, topic)
    assert json.loads(cloud.receive(dlq)["Body"])["Message"] == TEXTS["sqs"]


@pytest.mark.parametrize(("message", "options"), [
    ("x", {"Subject": "Größe"}), ("x", {"Subject": "x" * 101}), ("x", {"Subject": "two\nlines"}),
    ("{}", {"MessageStructure": "json"}), ("no json", {"MessageStructure": "json"}),
])  # fmt: skip
def test_publish_refuses_what_aws_refuses(cloud: Cloud, topic: str, message: str, options: dict[str, str]) -> None:
    sns = cloud.client("sns")
    with pytest.raises(sns.exceptions.InvalidParameterException):
        sns.publish(TopicArn=topic, Message=message, **options)


def test_an_sms_to_a_number_is_in_the_inbox(cloud: Cloud) -> None:
    phone = f"+1555{uuid.uuid4().int % 10**7:07d}"
    cloud.client("sns").publish(PhoneNumber=phone, Message="hello")
    assert _inbox(cloud, phone)[0]["body"] == "hello"
