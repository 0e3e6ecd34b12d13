"""PutEvents: AWS's checks per entry, the entry's own time, and no log of events that grows for ever."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from typing import Any

from ministack.core.responses import error_response_json, get_account_id, get_region, json_response
from ministack.services import eventbridge

Json = dict[str, Any]
_MOST = 10
# Called with each accepted event's record, before the rules: metrics are made of what services publish.
observers: list[Callable[[Json], None]] = []


def put_events(data: Json, allow_aws_source: bool = False) -> Any:
    """Answer PutEvents. Built-in services publish ``aws.*`` sources with ``allow_aws_source``."""
    entries = data.get("Entries") or []
    if not 1 <= len(entries) <= _MOST:
        bound = "less than or equal to 10" if entries else "greater than or equal to 1"
        message = (
            f"1 validation error detected: Value '{entries}' at 'entries' failed to satisfy constraint: Member must "
            f"have length {bound}"
        )
        return error_response_json("ValidationException", message, 400)
    results = [_put(entry, allow_aws_source) for entry in entries]
    failed = sum("ErrorCode" in result for result in results)
    return json_response({"FailedEntryCount": failed, "Entries": results})


def _put(entry: Json, allow_aws_source: bool) -> Json:
    error = _error(entry, allow_aws_source)
    if error:
        return {"ErrorCode": error[0], "ErrorMessage": error[1]}
    event = {
        "EventId": str(uuid.uuid4()),
        "Source": entry["Source"],
        "DetailType": entry["DetailType"],
        "Detail": entry["Detail"],
        "EventBusName": _bus(entry)[0],
        "Time": int(_epoch(entry.get("Time"))),
        "Resources": entry.get("Resources") or [],
        "Account": get_account_id(),
        "Region": get_region(),
    }
    for observe in observers:
        observe(event)
    view = eventbridge._pattern_event_view(event)
    eventbridge._dispatch_event(event, view)
    eventbridge._archive_event(event, view)
    return {"EventId": event["EventId"]}


def _bus(entry: Json) -> tuple[str, tuple[str, str] | None]:
    name, error = eventbridge._event_bus_name_from_ref(entry.get("EventBusName") or "default")
    return name, error


def _error(entry: Json, allow_aws_source: bool) -> tuple[str, str] | None:
    for member in ("Source", "DetailType", "Detail"):
        if not entry.get(member):
            return "InvalidArgument", f"Parameter {member} is not valid. Reason: {member} is a required argument."
    if not allow_aws_source and str(entry["Source"]).startswith("aws."):
        return "NotAuthorizedForSourceException", "Not authorized for the source."
    try:
        detail = json.loads(entry["Detail"])
    except (TypeError, ValueError):
        detail = None
    if not isinstance(detail, dict):
        return "MalformedDetail", "Detail is malformed."
    return _bus(entry)[1]


def _epoch(value: Any) -> float:
    """An entry's time: the JSON protocol sends epoch seconds; absent means now."""
    return float(value) if isinstance(value, (int, float)) else time.time()
