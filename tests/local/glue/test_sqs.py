"""SQS: receipts, visibility and dead letters without scans, and the documented redrive."""

from __future__ import annotations

import json
from typing import Any

import botocore.exceptions
import pytest

from tests.local.glue.conftest import Cloud


class Redriven:
    """A queue whose messages are given up at their second receive."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud, self.sqs = cloud, cloud.client("sqs")
        self.dead, self.dead_arn = cloud.queue()
        redrive = json.dumps({"deadLetterTargetArn": self.dead_arn, "maxReceiveCount": 1})
        self.url, self.arn = cloud.queue(VisibilityTimeout="0", RedrivePolicy=redrive)

    def give_up(self, *bodies: str) -> None:
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body)
        while self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages"):
            pass  # seen at once again, and the next receive moves it
        assert self.count(self.dead) == len(bodies)

    def count(self, url: str) -> int:
        name = "ApproximateNumberOfMessages"
        return int(self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])

    def bodies(self, url: str) -> set[str]:
        found = self.sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=30)
        return {message["Body"] for message in found.get("Messages", [])}


@pytest.fixture
def queue(cloud: Cloud) -> Redriven:
    return Redriven(cloud)


def refusal(call: Any, **request: Any) -> str:
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**request)
    return f"{caught.value.response['Error']['Code']}: {caught.value.response['Error']['Message']}"


def test_a_move_task_takes_dead_letters_back_to_their_source(queue: Redriven) -> None:
    queue.give_up("a", "b", "c")
    handle = queue.sqs.start_message_move_task(SourceArn=queue.dead_arn)["TaskHandle"]
    assert handle
    assert (queue.count(queue.dead), queue.count(queue.url)) == (0, 3)
    (task,) = queue.sqs.list_message_move_tasks(SourceArn=queue.dead_arn)["Results"]
    assert task["Status"] == "COMPLETED"
    assert task["SourceArn"] == queue.dead_arn
    assert (task["ApproximateNumberOfMessagesMoved"], task["ApproximateNumberOfMessagesToMove"]) == (3, 3)
    # They count as new: received once more, they are not given up at once.
    assert queue.bodies(queue.url) == {"a", "b", "c"}


def test_a_move_task_may_have_another_destination(queue: Redriven, cloud: Cloud) -> None:
    queue.give_up("a")
    other, other_arn = cloud.queue()
    queue.sqs.start_message_move_task(SourceArn=queue.dead_arn, DestinationArn=other_arn)
    assert queue.bodies(other) == {"a"}
    assert queue.sqs.list_message_move_tasks(SourceArn=queue.dead_arn)["Results"][0]["DestinationArn"] == other_arn


def test_a_message_without_a_source_stays(queue: Redriven) -> None:
    queue.sqs.send_message(QueueUrl=queue.dead, MessageBody="sent by hand")
    queue.sqs.start_message_move_task(SourceArn=queue.dead_arn)
    (task,) = queue.sqs.list_message_move_tasks(SourceArn=queue.dead_arn)["Results"]
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "CouldNotDetermineMessageSource")
    assert queue.count(queue.dead) == 1


def test_only_a_dead_letter_queue_is_redriven(queue: Redriven) -> None:
    start = queue.sqs.start_message_move_task
    assert "must be configured as a Dead Letter Queue" in refusal(start, SourceArn=queue.arn)
    assert refusal(start, SourceArn=f"{queue.arn}-gone").startswith("ResourceNotFoundException")


def test_receipts_that_are_over_and_visibility(queue: Redriven) -> None:
    sqs, (url, _) = queue.sqs, queue.cloud.queue(VisibilityTimeout="30")
    sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(n), "MessageBody": str(n)} for n in range(3)])
    first = {m["Body"]: m for m in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]}
    assert set(first) == {"0", "1", "2"}
    assert queue.bodies(url) == set()  # all in flight
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=first["0"]["ReceiptHandle"], VisibilityTimeout=0)
    sqs.change_message_visibility_batch(
        QueueUrl=url,
        Entries=[{"Id": "a", "ReceiptHandle": first["1"]["ReceiptHandle"], "VisibilityTimeout": 0}],
    )
    again = {m["Body"]: m for m in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]}
    assert set(again) == {"0", "1"}
    stale = refusal(sqs.delete_message, QueueUrl=url, ReceiptHandle=first["0"]["ReceiptHandle"])
    assert stale.startswith("ReceiptHandleIsInvalid")
    sqs.delete_message(QueueUrl=url, ReceiptHandle=again["0"]["ReceiptHandle"])
    entries = [
        {"Id": "good", "ReceiptHandle": again["1"]["ReceiptHandle"]},
        {"Id": "bad", "ReceiptHandle": "nobody's"},
    ]
    answer = sqs.delete_message_batch(QueueUrl=url, Entries=entries)
    assert [each["Id"] for each in answer["Successful"]] == ["good"]
    assert [each["Id"] for each in answer["Failed"]] == ["bad"]
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    left = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    assert left == {names[0]: "0", names[1]: "1"}
    sqs.purge_queue(QueueUrl=url)
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"] == {names[0]: "0", names[1]: "0"}


def test_a_fifo_queue_keeps_its_order_and_one_group_in_flight(cloud: Cloud) -> None:
    sqs = cloud.client("sqs")
    url = sqs.create_queue(
        QueueName="ordered-messages.fifo", Attributes={"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    )["QueueUrl"]
    for body in "abc":
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="g")
    seen = []
    for _ in range(3):
        found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1)["Messages"][0]
        assert "Messages" not in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=1)
        seen.append(found["Body"])
        sqs.delete_message(QueueUrl=url, ReceiptHandle=found["ReceiptHandle"])
    assert seen == ["a", "b", "c"]
