"""StartMessageMoveTask, ListMessageMoveTasks, CancelMessageMoveTask: what was given up goes back where it came from.

SQS API reference. A task is done when it is answered, in one step, whatever rate it asks for: there is nothing here
that a burst could overwhelm. So there is never one to cancel.
"""

from __future__ import annotations

import json
import time
from typing import Any

from ministack.core.responses import new_uuid
from ministack.services import sqs

from localcloud.glue.sqs.queues import messages, move

Json = dict[str, Any]
_TASKS = "move_tasks"  # member of the source queue's record, newest first
_KEPT = 10
_FASTEST = 500


def _refuse(code: str, message: str, status: int = 400) -> Exception:
    error: Exception = sqs._Err(code, message, status)
    return error


def _queue(arn: str) -> Json:
    queue: Json | None = sqs._queue_by_arn(arn)
    if queue is None:
        raise _refuse("ResourceNotFoundException", "The resource that you specified for the SourceArn parameter "
                      "doesn't exist.", 404)  # fmt: skip
    return queue


def _is_dead_letter_queue(arn: str) -> bool:
    policies = (queue["attributes"].get("RedrivePolicy") or "{}" for queue in list(sqs._queues.values()))
    return any(json.loads(policy).get("deadLetterTargetArn") == arn for policy in policies)


def _start(data: Json, url: str) -> Json:
    arn, destination = str(data.get("SourceArn") or ""), data.get("DestinationArn")
    source, rate = _queue(arn), data.get("MaxNumberOfMessagesPerSecond")
    if not _is_dead_letter_queue(arn):
        raise _refuse("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.")
    if rate is not None and not 1 <= int(rate) <= _FASTEST:
        raise _refuse("InvalidParameterValue", f"MaxNumberOfMessagesPerSecond must be between 1 and {_FASTEST}.")
    if destination:
        target = _queue(destination)
        if bool(target["is_fifo"]) != bool(source["is_fifo"]):
            raise _refuse("InvalidParameterValue", "Source and destination queues must be of the same type.")
    task: Json = {"TaskHandle": new_uuid(), "SourceArn": arn, "StartedTimestamp": int(time.time() * 1000)}
    if destination:
        task["DestinationArn"] = destination
    if rate is not None:
        task["MaxNumberOfMessagesPerSecond"] = int(rate)
    source[_TASKS] = [{**task, **_move_all(source, destination)}, *source.get(_TASKS, [])][:_KEPT]
    return {"TaskHandle": task["TaskHandle"]}


def _move_all(source: Json, destination: str | None) -> Json:
    """Move what is visible, and tell how it ended."""
    held = messages(source)
    waiting = held.visible(len(held), time.time())
    moved, reason = 0, ""
    for message in waiting:
        target = sqs._queue_by_arn(destination or (message.get("sys") or {}).get("DeadLetterQueueSourceArn", ""))
        if target is None:
            reason = "AWS.SimpleQueueService.NonExistentQueue" if destination else "CouldNotDetermineMessageSource"
            break
        held.discard(message["id"])
        move(message, target, None)
        moved += 1
    outcome: Json = {"Status": "FAILED" if reason else "COMPLETED", "ApproximateNumberOfMessagesMoved": moved,
                     "ApproximateNumberOfMessagesToMove": len(waiting)}  # fmt: skip
    return {**outcome, "FailureReason": reason} if reason else outcome


def _list(data: Json, url: str) -> Json:
    source, most = _queue(str(data.get("SourceArn") or "")), int(data.get("MaxResults") or 1)
    if not 1 <= most <= _KEPT:
        raise _refuse("InvalidParameterValue", f"MaxResults must be between 1 and {_KEPT}.")
    tasks = source.get(_TASKS, [])[:most]
    # "This value is included only if the task status is RUNNING": none is.
    return {"Results": [{key: value for key, value in task.items() if key != "TaskHandle"} for task in tasks]}


def _cancel(data: Json, url: str) -> Json:
    raise _refuse("ResourceNotFoundException", "Task does not exist, or it has completed: tasks here complete at once.",
                  404)  # fmt: skip


def install(handlers: Json) -> None:
    """Add the three actions to ministack's."""
    handlers.update({
        "StartMessageMoveTask": _start, "ListMessageMoveTasks": _list, "CancelMessageMoveTask": _cancel,
    })  # fmt: skip
