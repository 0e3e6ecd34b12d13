"""Resource types that ministack does not know, and deletes that it does too lightly."""

from __future__ import annotations

import json
from typing import Any

from ministack.services import eventbridge, lambda_svc, s3
from ministack.services.cloudformation import provisioners

from localcloud.glue.cloudformation import nested

Json = dict[str, Any]


class ResourceError(ValueError):
    """A service refused to create, update or delete a resource; the message is the service's."""


def _call(answer: tuple[int, Any, bytes], what: str) -> None:
    status, _, body = answer
    if status >= 400:  # noqa: PLR2004
        raise ResourceError(f"{what}: {body.decode('utf-8', 'replace')}")


def _archive_request(name: str, props: Json) -> Json:
    pattern = props.get("EventPattern")
    return {
        "ArchiveName": name,
        "EventSourceArn": props.get("SourceArn", ""),
        "Description": props.get("Description", ""),
        "EventPattern": json.dumps(pattern) if isinstance(pattern, dict) else pattern or "",
        "RetentionDays": int(props.get("RetentionDays", 0)),
        "KmsKeyIdentifier": props.get("KmsKeyIdentifier", ""),
    }


def _archive_create(logical_id: str, props: Json, stack_name: str) -> tuple[str, Json]:
    name = props.get("ArchiveName") or provisioners._physical_name(stack_name, logical_id, max_len=48)
    _call(eventbridge._create_archive(_archive_request(name, props)), "AWS::Events::Archive")
    return name, {"Arn": eventbridge._archives[name]["ArchiveArn"], "ArchiveName": name}


def _archive_update(name: str, old: Json, new: Json, stack_name: str, logical_id: str) -> tuple[str, Json]:
    if old.get("SourceArn") != new.get("SourceArn") or old.get("ArchiveName") != new.get("ArchiveName"):
        _archive_delete(name, old)
        return _archive_create(logical_id, new, stack_name)
    _call(eventbridge._update_archive(_archive_request(name, new)), "AWS::Events::Archive")
    return name, {"Arn": eventbridge._archives[name]["ArchiveArn"], "ArchiveName": name}


def _archive_delete(name: str, props: Json) -> None:
    eventbridge._archives.pop(name, None)


def _bucket_delete(name: str, props: Json) -> None:
    """As DeleteBucket: AWS refuses a bucket that is not empty (DELETE_FAILED), and so does this."""
    if name in s3._buckets:
        _call(s3._delete_bucket(name), f"AWS::S3::Bucket {name}")


def _function_delete(name: str, props: Json) -> None:
    provisioners._lambda_delete(name, props)
    lambda_svc.invalidate_worker(name)


ADDED: dict[str, Json] = {
    "AWS::Events::Archive": {
        "create": _archive_create,
        "update": _archive_update,
        "update_with_logical_id": True,
        "delete": _archive_delete,
    },
}
REPLACED: dict[str, Json] = {
    "AWS::CloudFormation::Stack": {"create": nested.create, "update": nested.update, "delete": nested.delete},
    "AWS::S3::Bucket": {"delete": _bucket_delete},
    "AWS::Lambda::Function": {"delete": _function_delete},
}
