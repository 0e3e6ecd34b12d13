"""ministack's operations on a queue's messages, on `Messages`. Everything here is called with the queues' lock held."""

from __future__ import annotations

import json
import time
from typing import Any

from ministack.core.concurrency import esm_wake
from ministack.core.responses import new_uuid
from ministack.services import sqs

from localcloud.glue.sqs.messages import Messages

Json = dict[str, Any]
_LOOK = 1.0  # seconds between looks for messages past their retention
_LONGEST_HIDDEN = 43_200


def messages(queue: Json) -> Messages:
    """Return a queue's messages; whatever ministack has put there is taken over."""
    found = queue["messages"]
    if not isinstance(found, Messages):
        found = queue["messages"] = Messages(found)
    return found


def expire(queue: Json) -> None:
    """Drop the messages that are older than the retention period (in place of `_expire_retained`)."""
    held, now = messages(queue), time.time()
    if now - held.swept < _LOOK:
        return
    held.swept = now
    cutoff = now - int(queue["attributes"].get("MessageRetentionPeriod", "345600"))
    for message in held:
        if float(message.get("enqueued_at") or message.get("sent_at") or now) <= cutoff:
            held.discard(message["id"])


def collect(queue: Json, most: int, seconds: int) -> list[Json]:
    """Receive up to `most` messages, hidden for `seconds` (in place of `_collect_msgs`)."""
    held, now = messages(queue), time.time()
    if queue["is_fifo"]:
        found: list[Json] = sqs._collect_fifo(queue, most, seconds, now)
        return found
    visible = held.visible(most, now)
    for message in visible:
        sqs._ensure_msg_fields(message)
        held.receive(message, new_uuid(), now, now + seconds)
    return visible


def sweep(queue: Json) -> None:
    """Move what was received too often to the dead-letter queue (in place of `_dlq_sweep`)."""
    policy = _redrive_policy(queue)
    target = sqs._queue_by_arn(policy.get("deadLetterTargetArn", "")) if policy else None
    if target is None:
        return
    held, now, most = messages(queue), time.time(), int(policy["maxReceiveCount"])
    for message in held.received():
        if message["receive_count"] >= most and message["visible_at"] <= now:
            held.discard(message["id"])
            move(message, target, queue["attributes"].get("QueueArn", ""))


def _redrive_policy(queue: Json) -> Json:
    try:
        policy = json.loads(queue["attributes"].get("RedrivePolicy") or "{}")
        return policy if int(policy.get("maxReceiveCount", 0)) else {}
    except (ValueError, AttributeError):  # state of an older ministack
        return {}


def move(message: Json, target: Json, source_arn: str | None) -> None:
    """Put a message of another queue into `target`, visible; with a source it has come to a dead-letter queue."""
    now = time.time()
    moved = {**message, "receipt_handle": None, "visible_at": now, "sys": dict(message.get("sys") or {})}
    if target.get("is_fifo"):
        moved["enqueued_at"] = now
    if source_arn is None:
        moved["receive_count"], moved["first_receive_at"] = 0, None
        moved["sys"].pop("DeadLetterQueueSourceArn", None)
    else:
        moved["sys"].setdefault("DeadLetterQueueSourceArn", source_arn)
    messages(target).append(moved)
    esm_wake.set()


def count(queue: Json) -> None:
    """Compute the approximate numbers of messages (in place of `_refresh_counts`)."""
    expire(queue)
    held, now = messages(queue), time.time()
    hidden = [m for m in held if m["visible_at"] > now]
    in_flight = sum(m["receive_count"] > 0 for m in hidden)
    attributes = queue["attributes"]
    attributes["ApproximateNumberOfMessages"] = str(len(held) - len(hidden))
    attributes["ApproximateNumberOfMessagesNotVisible"] = str(in_flight)
    attributes["ApproximateNumberOfMessagesDelayed"] = str(len(hidden) - in_flight)


def delete_received(url: str, handles: set[str]) -> None:
    """Delete what a function has done (in place of `_delete_messages_for_esm`)."""
    held = messages(sqs._get_q(url)) if handles else Messages()
    for handle in handles:
        message = held.held_by(handle)
        if message is not None:
            held.discard(message["id"])


def _delete(queue: Json, handle: str) -> bool:
    message = messages(queue).held_by(handle)
    if message is not None:
        messages(queue).discard(message["id"])
    return message is not None


def _hide(queue: Json, handle: str, seconds: int) -> bool:
    message = messages(queue).held_by(handle)
    if message is not None:
        messages(queue).show_at(message, time.time() + seconds)
        esm_wake.set()
    return message is not None


def _invalid() -> Exception:
    error: Exception = sqs._Err("ReceiptHandleIsInvalid", "The input receipt handle is invalid.")
    return error


def _delete_message(data: Json, url: str) -> Json:
    queue = sqs._get_q(data.get("QueueUrl", url), "sqs:DeleteMessage")
    if not data.get("ReceiptHandle"):
        raise sqs._Err("MissingParameter", "The request must contain the parameter ReceiptHandle.")
    if not _delete(queue, data["ReceiptHandle"]):
        raise _invalid()
    return {}


def _change_visibility(data: Json, url: str) -> Json:
    queue = sqs._get_q(data.get("QueueUrl", url), "sqs:ChangeMessageVisibility")
    seconds = int(data.get("VisibilityTimeout", 30))
    if not 0 <= seconds <= _LONGEST_HIDDEN:
        raise sqs._Err(
            "InvalidParameterValue",
            f"Value {seconds} for parameter VisibilityTimeout is invalid. Reason: VisibilityTimeout must be an "
            f"integer between 0 and {_LONGEST_HIDDEN}.",
        )
    if not _hide(queue, data.get("ReceiptHandle", ""), seconds):
        raise _invalid()
    return {}


def _outcomes(entries: list[Json], done: list[bool]) -> Json:
    refusal = {"Code": "ReceiptHandleIsInvalid", "Message": "The input receipt handle is invalid.", "SenderFault": True}
    outcomes = list(zip(entries, done, strict=True))
    return {
        "Successful": [{"Id": entry.get("Id", "")} for entry, good in outcomes if good],
        "Failed": [{"Id": entry.get("Id", ""), **refusal} for entry, good in outcomes if not good],
    }


def _delete_batch(data: Json, url: str) -> Json:
    queue, entries = sqs._get_q(data.get("QueueUrl", url), "sqs:DeleteMessage"), data.get("Entries", [])
    sqs._validate_batch_entries(entries, "DeleteMessageBatchRequestEntry")
    return _outcomes(entries, [_delete(queue, entry.get("ReceiptHandle", "")) for entry in entries])


def _change_batch(data: Json, url: str) -> Json:
    queue, entries = sqs._get_q(data.get("QueueUrl", url), "sqs:ChangeMessageVisibility"), data.get("Entries", [])
    sqs._validate_batch_entries(entries, "ChangeMessageVisibilityBatchRequestEntry")
    done = [_hide(queue, e.get("ReceiptHandle", ""), int(e.get("VisibilityTimeout", 30))) for e in entries]
    return _outcomes(entries, done)


REPLACED: dict[str, Any] = {
    "_expire_retained": expire,
    "_collect_msgs": collect,
    "_dlq_sweep": sweep,
    "_refresh_counts": count,
    "_delete_messages_for_esm": delete_received,
}
HANDLERS: dict[str, Any] = {
    "DeleteMessage": _delete_message,
    "DeleteMessageBatch": _delete_batch,
    "ChangeMessageVisibility": _change_visibility,
    "ChangeMessageVisibilityBatch": _change_batch,
}
