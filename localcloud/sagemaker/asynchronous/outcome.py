"""How an invocation ended, and what its SNS topic is told. Pure."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from localcloud.sagemaker.asynchronous.item import Item

_LARGEST_INCLUDED = 128 * 1024
_TEXTS = {"text/csv": "CSV", "application/json": "JSON"}


@dataclass(frozen=True)
class Outcome:
    """`body` is the answer, or what goes to the FailureLocation; `reason` is None for an answer."""

    body: bytes
    content_type: str = ""
    reason: str | None = None
    variant: str = ""
    expired: bool = False


def topic(item: Item, outcome: Outcome) -> str | None:
    """The topic that wants to hear of it."""
    config = item.config.get("NotificationConfig", {})
    found: str | None = config.get("ErrorTopic" if outcome.reason else "SuccessTopic")
    return found


def notice(item: Item, outcome: Outcome, region: str, now: float) -> dict[str, Any]:
    """The message, as AWS writes it."""
    asked = {"endpointName": item.endpoint, "inputLocation": item.input}
    if "content-type" in item.headers:
        asked["contentType"] = item.headers["content-type"]
    told: dict[str, Any] = {
        "awsRegion": region,
        "eventTime": _time(now),
        "receivedTime": _time(item.received),
        "invocationStatus": "Failed" if outcome.reason else "Completed",
        "requestParameters": {name: value for name, value in sorted(asked.items()) if value is not None},
        "inferenceId": item.inference_id,
        "eventVersion": "1.0",
        "eventSource": "aws:sagemaker",
        "eventName": "InferenceResult",
    }
    answer: dict[str, Any] = {"contentType": outcome.content_type} if outcome.content_type else {}
    if outcome.reason:
        told["failureReason"] = outcome.reason
        answer |= {"failureLocation": item.failure} if item.failure else {}
    else:
        answer["outputLocation"] = item.output
    wanted = item.config.get("NotificationConfig", {}).get("IncludeInferenceResponseIn", ())
    which = "ERROR_NOTIFICATION_TOPIC" if outcome.reason else "SUCCESS_NOTIFICATION_TOPIC"
    if which in wanted and len(outcome.body) <= _LARGEST_INCLUDED:
        answer["responseBody"] = _included(outcome)
    return told | ({"responseParameters": answer} if answer else {})


def _included(outcome: Outcome) -> dict[str, str]:
    encoding = _TEXTS.get(outcome.content_type.split(";", 1)[0].strip().lower())
    if encoding is not None:
        try:
            return {"content": outcome.body.decode(), "encoding": encoding}
        except UnicodeDecodeError:
            pass
    return {"content": base64.b64encode(outcome.body).decode(), "encoding": "BASE64"}


def _time(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
