"""Event source mappings of queues: batches, windows, partial failures, dead letters."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.local.glue.conftest import Cloud
from tests.local.glue.stacks import Stack

# Writes what it got, one line a batch; fails the messages whose body says so.
CLAIM = """
import json, os
def handler(event, context):
    bodies = [record["body"] for record in event["Records"]]
    with open(os.environ["OUT"], "a") as out:
        out.write(json.dumps(bodies) + "\\n")
    if "raise" in bodies:
        raise RuntimeError("whole batch")
    if "nonsense" in bodies:
        return {"batchItemFailures": [{"itemIdentifier": "nobody"}]}
    return {"batchItemFailures": [{"itemIdentifier": r["messageId"]} for r in event["Records"] if r["body"] == "bad"]}
"""


class Mapped:
    """A queue with a dead-letter queue, mapped to the function above."""

    def __init__(self, cloud: Cloud, out: Any, receives: int = 3, **mapping: Any) -> None:
        self.cloud, self.out = cloud, out
        self.dlq, dlq_arn = cloud.queue()
        redrive = json.dumps({"deadLetterTargetArn": dlq_arn, "maxReceiveCount": receives})
        self.url, self.arn = cloud.queue(VisibilityTimeout="30", RedrivePolicy=redrive)
        read = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        self.function = cloud.function(
            CLAIM,
            allow=({"Effect": "Allow", "Action": read, "Resource": self.arn},),
            Environment={"Variables": {"OUT": str(out)}},
        )
        cloud.client("lambda").create_event_source_mapping(
            FunctionName=self.function,
            EventSourceArn=self.arn,
            FunctionResponseTypes=["ReportBatchItemFailures"],
            **mapping,
        )

    def send(self, *bodies: str) -> None:
        for start in range(0, len(bodies), 10):
            entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies[start : start + 10])]
            self.cloud.client("sqs").send_message_batch(QueueUrl=self.url, Entries=entries)

    def batches(self) -> list[list[str]]:
        return [json.loads(line) for line in self.out.read_text().splitlines()] if self.out.exists() else []

    def empty(self) -> bool:
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.cloud.client("sqs").get_queue_attributes(QueueUrl=self.url, AttributeNames=names)["Attributes"]
        return all(value == "0" for value in found.values())


def test_messages_arrive_and_are_deleted(cloud: Cloud, tmp_path: Any) -> None:
    mapped = Mapped(cloud, tmp_path / "out")
    began = time.monotonic()
    mapped.send("a")
    cloud.until(mapped.batches)
    assert time.monotonic() - began < 1.5
    cloud.until(mapped.empty)


def test_only_the_failed_messages_come_again_and_then_go_to_the_dead_letter_queue(cloud: Cloud, tmp_path: Any) -> None:
    mapped = Mapped(cloud, tmp_path / "out", receives=3)
    mapped.send("good", "bad", "fine")
    assert cloud.receive(mapped.dlq)["Body"] == "bad"
    bodies = [body for batch in mapped.batches() for body in batch]
    assert (bodies.count("bad"), bodies.count("good"), bodies.count("fine")) == (3, 1, 1)
    assert mapped.empty()


@pytest.mark.parametrize("body", ["raise", "nonsense"])
def test_an_error_and_an_answer_that_names_nobody_fail_the_whole_batch(cloud: Cloud, tmp_path: Any, body: str) -> None:
    mapped = Mapped(cloud, tmp_path / "out", receives=2)
    mapped.send(body)
    assert cloud.receive(mapped.dlq)["Body"] == body
    assert mapped.batches() == [[body]] * 2


def test_a_window_gathers_a_large_batch(cloud: Cloud, tmp_path: Any) -> None:
    # 60 seconds are one second here.
    mapped = Mapped(cloud, tmp_path / "out", BatchSize=50, MaximumBatchingWindowInSeconds=60)
    mapped.send(*[str(number) for number in range(30)])
    cloud.until(lambda: sum(map(len, mapped.batches())) == 30)
    assert len(mapped.batches()) == 1


def test_a_full_batch_does_not_wait_for_the_window(cloud: Cloud, tmp_path: Any) -> None:
    mapped = Mapped(cloud, tmp_path / "out", BatchSize=20, MaximumBatchingWindowInSeconds=300)
    began = time.monotonic()
    mapped.send(*[str(number) for number in range(20)])
    cloud.until(mapped.batches)
    assert time.monotonic() - began < 3
    assert len(mapped.batches()[0]) == 20


def test_a_function_that_may_not_read_the_queue_is_refused(cloud: Cloud) -> None:
    _, arn = cloud.queue()
    name = cloud.function("def handler(e, c): ...")
    client = cloud.client("lambda")
    with pytest.raises(client.exceptions.InvalidParameterValueException, match="sqs:ReceiveMessage"):
        client.create_event_source_mapping(FunctionName=name, EventSourceArn=arn)


def test_no_message_is_lost_while_many_come_and_go(cloud: Cloud, tmp_path: Any) -> None:
    mapped = Mapped(cloud, tmp_path / "out", BatchSize=10)
    mapped.send(*[f"m{number}" for number in range(1000)])
    cloud.until(mapped.empty, 30)
    assert len({body for batch in mapped.batches() for body in batch}) == 1000


# Says that it has begun, and goes on when it is let.
SLOW = """
import json, os, time, uuid
def handler(event, context):
    folder = os.environ["OUT"]
    open(os.path.join(folder, "begun-" + uuid.uuid4().hex), "w").close()
    while not os.path.exists(os.path.join(folder, "go")):
        time.sleep(0.02)
"""


def _slow(cloud: Cloud, folder: Path, **mapping: Any) -> str:
    url, arn = cloud.queue()
    folder.mkdir()
    read = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    name = cloud.function(
        SLOW,
        allow=({"Effect": "Allow", "Action": read, "Resource": arn},),
        Environment={"Variables": {"OUT": str(folder)}},
        Timeout=60,
    )
    made = cloud.client("lambda").create_event_source_mapping(FunctionName=name, EventSourceArn=arn, **mapping)
    assert made.get("ScalingConfig") == mapping.get("ScalingConfig")
    for number in range(6):
        cloud.client("sqs").send_message(QueueUrl=url, MessageBody=str(number))
    return url


def _begun(folder: Path) -> int:
    return len(list(folder.glob("begun-*")))


def test_several_batches_are_under_way_up_to_the_concurrency_that_is_asked_for(cloud: Cloud, tmp_path: Path) -> None:
    two, other = tmp_path / "two", tmp_path / "other"
    url = _slow(cloud, two, BatchSize=1, ScalingConfig={"MaximumConcurrency": 2})
    cloud.until(lambda: _begun(two) == 2, 30)
    # The poller looks at every mapping in each round: when it has served another queue, it has passed this one over.
    _slow(cloud, other, BatchSize=1)
    cloud.until(lambda: _begun(other) == 5, 30)  # five without the setting
    assert _begun(two) == 2
    for folder in (two, other):
        (folder / "go").touch()
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]

    def empty() -> bool:
        found = cloud.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return all(value == "0" for value in found.values())

    cloud.until(empty, 30)
    assert _begun(two) == 6


def test_a_stack_sets_the_concurrency(cloud: Cloud) -> None:
    stack = Stack(cloud)
    actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    read = {"Statement": [{"Effect": "Allow", "Action": actions, "Resource": {"Fn::GetAtt": ["Queue", "Arn"]}}]}

    def template(most: int) -> dict[str, Any]:
        return {
            "Transform": "AWS::Serverless-2016-10-31",
            "Resources": {
                "Queue": {"Type": "AWS::SQS::Queue"},
                "Claim": {"Type": "AWS::Serverless::Function", "Properties": {
                    "Runtime": "python3.13", "Handler": "index.handler", "InlineCode": "def handler(e, c): ...",
                    "Policies": [read]}},
                "Thing": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": {
                    "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]}, "FunctionName": {"Ref": "Claim"},
                    "ScalingConfig": {"MaximumConcurrency": most}}},
            },
        }  # fmt: skip

    assert stack.deploy(template(7)) == "CREATE_COMPLETE", stack.reason()
    mapping = {"UUID": stack.physical("Thing")}
    assert cloud.client("lambda").get_event_source_mapping(**mapping)["ScalingConfig"] == {"MaximumConcurrency": 7}
    assert stack.deploy(template(3), "UPDATE") == "UPDATE_COMPLETE", stack.reason()
    assert cloud.client("lambda").get_event_source_mapping(**mapping)["ScalingConfig"] == {"MaximumConcurrency": 3}
