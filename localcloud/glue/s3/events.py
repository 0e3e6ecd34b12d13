"""S3's events on EventBridge in AWS's exact shape, on disk before the write that caused them is acknowledged."""

from __future__ import annotations

import itertools
import json
import secrets
import string
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from localcloud.faults import Faults
from localcloud.glue import hooks
from localcloud.glue.eventbridge.delivery import copies
from localcloud.glue.outbox import Outbox
from localcloud.glue.s3.encryption import copied_etag

KIND = "s3-event"
_EMPTY_ETAG = "d41d8cd98f00b204e9800998ecf8427e"
_REQUEST_ID = string.ascii_uppercase + string.digits
# Seeded by the clock, so that sequencers grow over restarts.
_sequence = itertools.count(time.time_ns())
# Set while ministack's own notification code runs: it must not put our events on the bus a second time.
_classic: ContextVar[bool] = ContextVar("s3_classic_notification", default=False)

_REASONS = {
    "s3:ObjectCreated:Put": "PutObject",
    "s3:ObjectCreated:Post": "POST Object",
    "s3:ObjectCreated:Copy": "CopyObject",
    "s3:ObjectCreated:CompleteMultipartUpload": "CompleteMultipartUpload",
    "s3:ObjectRemoved:Delete": "DeleteObject",
    "s3:ObjectRemoved:DeleteMarkerCreated": "DeleteObject",
}


def event_detail(bucket: str, key: str, name: str, facts: dict[str, Any], requester: str) -> dict[str, Any]:
    """Return the `detail` of an S3 event as AWS sends it (S3 user guide, "EventBridge event message structure").

    `name` is S3's (`s3:ObjectCreated:Put`); `facts` may have size, etag, version_id, deletion_type. Keys are
    not URL-encoded; `sequencer` is hexadecimal and grows.
    """
    created = name.startswith("s3:ObjectCreated:")
    # (Members in AWS's order, which readers of logs are used to.)
    described: dict[str, Any] = {"key": key}
    if created:
        described["size"] = facts.get("size", 0)
    described["etag"] = str(facts.get("etag") or _EMPTY_ETAG).strip('"')
    if facts.get("version_id"):
        described["version-id"] = facts["version_id"]
    described["sequencer"] = f"{next(_sequence):016x}"
    detail = {
        "version": "0",
        "bucket": {"name": bucket},
        "object": described,
        "request-id": "".join(secrets.choice(_REQUEST_ID) for _ in range(16)),
        "requester": requester,
        "source-ip-address": "127.0.0.1",
        "reason": _REASONS[name],
    }
    if not created:
        detail["deletion-type"] = facts.get("deletion_type") or "Permanently Deleted"
    return detail


class Bus:
    """Puts S3's events on the default bus: once, or as the faults on demand have it."""

    def __init__(self, outbox: Outbox, faults: Faults) -> None:
        self._outbox = outbox
        self._faults = faults
        self._scope = hooks.target("core.responses", "request_scope")
        hooks.target("services.eventbridge", "_archive_event")
        outbox.register(KIND, lambda parcel: self._put(parcel.body))

    def put(self, event: dict[str, Any]) -> None:
        """Tell an event. Each copy has an id of its own, as when S3 tells it twice, and one sequencer."""
        delays = self._faults.delays()
        at_once = delays.count(0.0)
        if at_once:
            token = copies.set(at_once - 1)
            try:
                # In the request, not in a thread: once the write is acknowledged, its event is not lost any more.
                self._put({**event, "EventId": str(uuid.uuid4())})
            finally:
                copies.reset(token)
        for delay in filter(None, delays):
            self._outbox.add(KIND, {**event, "EventId": str(uuid.uuid4())}, delay)

    def _put(self, event: dict[str, Any]) -> None:
        eventbridge = hooks.module("services.eventbridge")
        with self._scope(event["Account"], event["Region"]):
            eventbridge._dispatch_event(event)
            eventbridge._archive_event(event)


def _fire(classic: Callable[..., None], bus: Bus) -> Callable[..., None]:
    s3 = hooks.module("services.s3")
    account = hooks.target("core.responses", "get_account_id")
    notifications = hooks.target("services.s3", "_bucket_notifications")
    for name in ("_notification_bucket_region", "_parse_notification_config"):
        hooks.target("services.s3", name)

    def fire(bucket: str, key: str, event_name: str, **facts: Any) -> None:
        configuration = notifications.get(bucket, "")
        if "EventBridgeConfiguration" in configuration and event_name in _REASONS:
            facts = {**facts, "etag": copied_etag.get() or facts.get("etag")}
            detail = event_detail(bucket, key, event_name, facts, account())
            bus.put({
                "Source": "aws.s3",
                "DetailType": "Object Created" if event_name.startswith("s3:ObjectCreated:") else "Object Deleted",
                "Detail": json.dumps(detail, ensure_ascii=False),
                "EventBusName": "default",
                "Time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "Resources": [f"arn:aws:s3:::{bucket}"],
                "Account": account(),
                "Region": s3._notification_bucket_region(bucket),
            })  # fmt: skip
        if s3._parse_notification_config(bucket):
            token = _classic.set(True)  # the thread copies this context
            try:
                classic(bucket, key, event_name, **facts)
            finally:
                _classic.reset(token)

    return fire


def _not_twice(old: Callable[..., None]) -> Callable[..., None]:
    def dispatch(event: dict[str, Any], *args: Any) -> None:
        if not (_classic.get() and event.get("Source") == "aws.s3"):
            old(event, *args)

    return dispatch


def install(outbox: Outbox) -> None:
    """Install the hooks. Raises HookError, SettingsError."""
    bus = Bus(outbox, Faults.from_environment())
    hooks.wrap("services.s3", "_fire_s3_event_async", lambda old: _fire(old, bus))
    hooks.wrap("services.eventbridge", "_dispatch_event", _not_twice)
