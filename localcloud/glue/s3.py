"""S3 as AWS has it where ministack differs: ETags under KMS, EventBridge events, KMS permissions, bodies on disk."""

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

from localcloud.glue import hooks
from localcloud.glue.persistence.blobs import Body

_SSE = "x-amz-server-side-encryption"
_SSE_KEY = "x-amz-server-side-encryption-aws-kms-key-id"
_EMPTY_ETAG = "d41d8cd98f00b204e9800998ecf8427e"
_REQUEST_ID = string.ascii_uppercase + string.digits
# Seeded by the clock, so that sequencers grow over restarts.
_sequence = itertools.count(time.time_ns())
# How the write that this request makes is encrypted: "aws:kms", "AES256" or "".
_encryption: ContextVar[str] = ContextVar("s3_encryption", default="")
# Set while ministack's own notification code runs: it must not put our events on the bus a second time.
_classic: ContextVar[bool] = ContextVar("s3_classic_notification", default=False)

# The key that a request was checked against last, for the message that refuses it.
_denied_key: ContextVar[str] = ContextVar("s3_denied_key", default="*")

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


def _fire(classic: Callable[..., None]) -> Callable[..., None]:
    s3, eventbridge = hooks.module("services.s3"), hooks.module("services.eventbridge")
    account, scope = (hooks.target("core.responses", n) for n in ("get_account_id", "request_scope"))
    notifications = hooks.target("services.s3", "_bucket_notifications")
    for name in ("_notification_bucket_region", "_parse_notification_config"):
        hooks.target("services.s3", name)
    hooks.target("services.eventbridge", "_archive_event")

    def fire(bucket: str, key: str, event_name: str, **facts: Any) -> None:
        configuration = notifications.get(bucket, "")
        if "EventBridgeConfiguration" in configuration and event_name in _REASONS:
            detail = event_detail(bucket, key, event_name, facts, account())
            region = s3._notification_bucket_region(bucket)
            event = {
                "EventId": str(uuid.uuid4()),
                "Source": "aws.s3",
                "DetailType": "Object Created" if event_name.startswith("s3:ObjectCreated:") else "Object Deleted",
                "Detail": json.dumps(detail, ensure_ascii=False),
                "EventBusName": "default",
                "Time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "Resources": [f"arn:aws:s3:::{bucket}"],
                "Account": account(),
                "Region": region,
            }
            # In the request, not in a thread: once the write is acknowledged, its event is not lost any more.
            with scope(account(), region):
                eventbridge._dispatch_event(event)
                eventbridge._archive_event(event)
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


def _resolve_encryption(old: Callable[..., Any]) -> Callable[..., Any]:
    managed = hooks.target("core.responses", "get_account_id"), hooks.target("core.responses", "get_region")

    def resolve(headers: dict[str, str], bucket: str) -> Any:
        if headers.get(_SSE) == "aws:kms" and not headers.get(_SSE_KEY):
            account, region = managed[0](), managed[1]()  # AWS falls back to the account's key aws/s3
            headers = {**headers, _SSE_KEY: f"arn:aws:kms:{region}:{account}:alias/aws/s3"}
        found = old(headers, bucket)
        _encryption.set((found[0] or {}).get(_SSE, ""))
        return found

    return resolve


def _record(old: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def build(body: bytes, headers: dict[str, str], etag: str | None = None, **more: Any) -> dict[str, Any]:
        # Under KMS an ETag is not the MD5 of the content; whoever relies on that shall notice here.
        opaque = f'"{uuid.uuid4().hex}"' if _encryption.get() == "aws:kms" else etag
        return old(body, headers, etag=opaque, **more)

    return build


def _copy(old: Callable[..., Any]) -> Callable[..., Any]:
    s3 = hooks.module("services.s3")
    source_of = hooks.target("core.iam_actions", "_s3_source_object")

    def copy(bucket: str, key: str, headers: dict[str, str]) -> Any:
        # ministack takes the source's ETag over. Give it one that fits the destination's encryption.
        settled, _error = s3._resolve_sse_write_headers(headers, bucket)
        source = source_of(headers)
        if not settled or settled.get(_SSE) != "aws:kms" or source is None:
            return old(bucket, key, headers)
        name, _, source_key = source[0].removeprefix("arn:aws:s3:::").partition("/")
        holder = s3._buckets.get(name)
        record = dict.get(holder["objects"], source_key) if holder else None
        if record is None or source[1]:
            return old(bucket, key, headers)
        etag, record["etag"] = record["etag"], f'"{uuid.uuid4().hex}"'
        preconditions = [h for h in headers if h.startswith("x-amz-copy-source-if-")]
        if preconditions:
            record["etag"] = etag
        try:
            return old(bucket, key, headers)
        finally:
            record["etag"] = etag

    return copy


def _read_object(old: Callable[..., bytes]) -> Callable[..., bytes]:
    def read(bucket: str, key: str, record: dict[str, Any]) -> bytes:
        body = record.get("body")
        return body.read() if isinstance(body, Body) else old(bucket, key, record)

    return read


def _read_version(old: Callable[..., bytes | None]) -> Callable[..., bytes | None]:
    def read(bucket: dict[str, Any], name: str, key: str, version: dict[str, Any]) -> bytes | None:
        body = version.get("data")
        return body.read() if isinstance(body, Body) else old(bucket, name, key, version)

    return read


def _kms_checks(old: Callable[..., list[tuple[str, str]]]) -> Callable[..., list[tuple[str, str]]]:
    s3, kms = hooks.module("services.s3"), hooks.module("services.kms")
    for name in ("_bucket_default_sse_headers", "_buckets"):
        hooks.target("services.s3", name)
    hooks.target("services.kms", "_resolve_key")

    def key_arn(reference: str) -> str | None:
        record = kms._resolve_key(reference)
        return str(record["Arn"]) if record else None  # none: an AWS managed key, which S3 may always use

    def checks(method: str, path: str, headers: dict[str, str], body: bytes, query: Any) -> list[tuple[str, str]]:
        found = old(method, path, headers, body, query)
        bucket, _, key = path.lstrip("/").partition("/")
        if not key or method not in ("PUT", "POST", "GET", "HEAD"):
            return found
        if method in ("PUT", "POST"):
            used = headers if headers.get(_SSE) else s3._bucket_default_sse_headers(bucket)
            needed = ["kms:GenerateDataKey"]
            if "uploadId" in (query or {}) or "uploads" in (query or {}):
                needed.append("kms:Decrypt")
            if any(sub in (query or {}) for sub in ("tagging", "acl", "retention", "legal-hold")):
                needed = []
        else:
            holder = s3._buckets.get(bucket)
            record = dict.get(holder["objects"], key) if holder else None
            used, needed = (record or {}).get("preserved_headers", {}), ["kms:Decrypt"]
        reference = used.get(_SSE_KEY) if used.get(_SSE) == "aws:kms" else None
        arn = key_arn(reference) if reference else None
        return [*found, *((action, arn) for action in needed if arn)]

    return checks


def _checked_resources(old: Callable[..., Any]) -> Callable[..., Any]:
    account, region = (hooks.target("core.responses", name) for name in ("get_account_id", "get_region"))

    def resources(arn: str) -> Any:
        if not arn.startswith("arn:aws:kms:"):
            return old(arn)
        _denied_key.set(arn)
        return [(arn, {"kms:viaservice": f"s3.{region()}.amazonaws.com", "kms:calleraccount": account()})]

    return resources


def _naming_the_key(old: Callable[..., Any]) -> Callable[..., Any]:
    def refuse(service: str, action: str, *more: Any, **named: Any) -> Any:
        if service == "s3" and action.startswith("kms:"):
            named["resource_arn"] = _denied_key.get()  # the dispatcher names the object
        return old(service, action, *more, **named)

    return refuse


def install() -> None:
    """Install the hooks. Raises HookError."""
    hooks.wrap("services.s3", "_fire_s3_event_async", _fire)
    hooks.wrap("services.eventbridge", "_dispatch_event", _not_twice)
    hooks.wrap("services.s3", "_resolve_sse_write_headers", _resolve_encryption)
    hooks.wrap("services.s3", "_build_object_record", _record)
    hooks.wrap("services.s3", "_copy_object", _copy)
    hooks.wrap("services.s3", "_read_body", _read_object)
    hooks.wrap("services.s3", "_version_body", _read_version)
    hooks.wrap("core.iam_actions", "s3_additional_checks", _kms_checks)
    hooks.wrap("core.iam_actions", "s3_access_point_resources", _checked_resources)
    hooks.wrap("core.iam_actions", "access_denied_response", _naming_the_key)
