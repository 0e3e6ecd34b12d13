"""What KMS changes in S3: ETags that are no MD5, the managed key, and the permissions of who writes and reads."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from localcloud.glue import hooks

_SSE = "x-amz-server-side-encryption"
_SSE_KEY = "x-amz-server-side-encryption-aws-kms-key-id"
_ETAG = re.compile(rb"<ETag>[^<]*</ETag>")
_OK = 200
# The ETag, with its quotes, of the copy that this request makes under KMS, else "".
copied_etag: ContextVar[str] = ContextVar("s3_copied_etag", default="")
# How the write that this request makes is encrypted: "aws:kms", "AES256" or "".
_encryption: ContextVar[str] = ContextVar("s3_encryption", default="")
# The key that a request was checked against last, for the message that refuses it.
_denied_key: ContextVar[str] = ContextVar("s3_denied_key", default="*")


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
    resolve = hooks.target("services.s3", "_resolve_sse_write_headers")

    def copy(bucket: str, key: str, headers: dict[str, str]) -> Any:
        settled, _error = resolve(headers, bucket)
        if not settled or settled.get(_SSE) != "aws:kms":
            return old(bucket, key, headers)
        etag = f'"{uuid.uuid4().hex}"'
        token = copied_etag.set(etag)
        try:
            status, answered, body = old(bucket, key, headers)
        finally:
            copied_etag.reset(token)
        return status, answered, _ETAG.sub(f"<ETag>{etag}</ETag>".encode(), body) if status == _OK else body

    return copy


def _version(old: Callable[..., Any]) -> Callable[..., Any]:
    def record(bucket: str, key: str, prior: Any, made: dict[str, Any], body: Any) -> Any:
        if copied_etag.get():
            made["etag"] = copied_etag.get()  # ministack has taken the source's over
        return old(bucket, key, prior, made, body)

    return record


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
    hooks.wrap("services.s3", "_resolve_sse_write_headers", _resolve_encryption)
    hooks.wrap("services.s3", "_build_object_record", _record)
    hooks.wrap("services.s3", "_copy_object", _copy)
    hooks.wrap("services.s3", "_record_object_version", _version)
    hooks.wrap("core.iam_actions", "s3_additional_checks", _kms_checks)
    hooks.wrap("core.iam_actions", "s3_access_point_resources", _checked_resources)
    hooks.wrap("core.iam_actions", "access_denied_response", _naming_the_key)
