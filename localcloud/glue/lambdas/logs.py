"""A function's output in CloudWatch Logs: one stream an environment, each line with its own time."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from localcloud.glue import hooks
from localcloud.glue.lambdas.worker import Line

Json = dict[str, Any]


@dataclass(frozen=True)
class Invocation:
    """What the platform tells of one invocation. ``started`` in epoch seconds; ``init_ms`` is None when warm."""

    config: Json
    request_id: str
    started: float
    init_ms: int | None
    failed: bool


def write(invocation: Invocation, stream_name: str, lines: list[Line]) -> None:
    """Append one invocation to a log stream: platform lines around the handler's own."""
    settings = invocation.config.get("LoggingConfig") or {}
    group_name = settings.get("LogGroup") or f"/aws/lambda/{invocation.config.get('FunctionName', '')}"
    begin, end = int(invocation.started * 1000), int(time.time() * 1000)
    platform = _json_platform if settings.get("LogFormat") == "JSON" else _text_platform
    head, tail = platform(invocation, begin, end)
    messages = [(begin, head), *((line.at, str(line)) for line in lines), *((end, text) for text in tail)]
    events = [{"timestamp": at, "message": text, "ingestionTime": end} for at, text in messages]
    logs = hooks.module("services.cloudwatch_logs")
    logs._append_log_events(_stream(logs, group_name, stream_name), events)
    delivered = [{"timestamp": at, "message": text} for at, text in messages]
    logs._fanout_to_subscription_filters(group_name, stream_name, delivered)


def _stream(logs: Any, group_name: str, stream_name: str) -> Json:
    now = int(time.time() * 1000)
    if group_name not in logs._log_groups:
        logs._log_groups[group_name] = {
            "arn": logs._make_group_arn(group_name), "creationTime": now, "retentionInDays": None, "tags": {},
            "subscriptionFilters": {}, "streams": {},
        }  # fmt: skip
    streams: Json = logs._log_groups[group_name]["streams"]
    if stream_name not in streams:
        streams[stream_name] = {
            "events": [], "uploadSequenceToken": "1", "creationTime": now, "firstEventTimestamp": None,
            "lastEventTimestamp": None, "lastIngestionTime": None,
        }  # fmt: skip
    stream: Json = streams[stream_name]
    return stream


def _text_platform(invocation: Invocation, begin: int, end: int) -> tuple[str, list[str]]:
    request_id, config = invocation.request_id, invocation.config
    init = "" if invocation.init_ms is None else f"\tInit Duration: {invocation.init_ms:.2f} ms"
    report = (
        f"REPORT RequestId: {request_id}\tDuration: {end - begin:.2f} ms\tBilled Duration: {end - begin} ms\t"
        f"Memory Size: {config.get('MemorySize', 128)} MB{init}"
    )
    version = config.get("Version", "$LATEST")
    return f"START RequestId: {request_id} Version: {version}", [f"END RequestId: {request_id}", report]


def _json_platform(invocation: Invocation, begin: int, end: int) -> tuple[str, list[str]]:
    config = invocation.config

    def record(at: int, kind: str, body: Json) -> str:
        stamp = datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return json.dumps({"time": stamp, "type": kind, "record": {"requestId": invocation.request_id, **body}})

    metrics: Json = {
        "durationMs": end - begin,
        "billedDurationMs": end - begin,
        "memorySizeMB": config.get("MemorySize", 128),
    }
    if invocation.init_ms is not None:
        metrics["initDurationMs"] = invocation.init_ms
    status = "error" if invocation.failed else "success"
    report = record(end, "platform.report", {"metrics": metrics, "status": status})
    return record(begin, "platform.start", {"version": config.get("Version", "$LATEST")}), [report]
