"""Tags on any resource that has an ARN."""

from __future__ import annotations

import base64
from typing import Any

from localcloud.sagemaker.context import Context
from localcloud.sagemaker.errors import InvalidRequestError, ServiceError
from localcloud.sagemaker.store import Record

_LIMIT = 50


def check(tags: list[dict[str, str]]) -> list[dict[str, str]]:
    """The tags of a Create request, refused as AWS does: duplicate keys, or keys that AWS keeps for itself."""
    keys = [tag["Key"] for tag in tags]
    if len(set(keys)) < len(keys):
        raise InvalidRequestError("Duplicate tag keys found in the request. Each tag key must be unique.")
    reserved = [key for key in keys if key.lower().startswith("aws:")]
    if reserved:
        raise InvalidRequestError(f"Tag keys starting with 'aws:' are reserved for AWS use: {reserved[0]}")
    return tags


def add_tags(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """AddTags: answers all tags of the resource."""
    record = _taggable(context, request["ResourceArn"])
    check(request["Tags"])
    keys = {tag["Key"] for tag in context.store.tags(record.arn)} | {tag["Key"] for tag in request["Tags"]}
    if len(keys) > _LIMIT:
        raise ServiceError("ResourceLimitExceeded", f"The resource would have {len(keys)} tags; the limit is {_LIMIT}.")
    context.store.tag(record.arn, request["Tags"])
    return {"Tags": context.store.tags(record.arn)}


def list_tags(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """ListTags: pages of 50 or more."""
    tags = context.store.tags(_taggable(context, request["ResourceArn"]).arn)
    size = request.get("MaxResults", _LIMIT)
    start = _position(request["NextToken"]) if "NextToken" in request else 0
    answer: dict[str, Any] = {"Tags": tags[start : start + size]}
    if start + size < len(tags):
        answer["NextToken"] = base64.urlsafe_b64encode(str(start + size).encode()).decode()
    return answer


def delete_tags(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """DeleteTags: keys that are not there are no error."""
    context.store.untag(_taggable(context, request["ResourceArn"]).arn, request["TagKeys"])
    return {}


def _taggable(context: Context, arn: str) -> Record:
    record = context.store.find(arn)
    if record is None:
        raise InvalidRequestError(f"Could not find resource with ARN: {arn}")
    if record.kind == "model-package" and "ModelPackageVersion" in record.document:
        raise InvalidRequestError(
            f"Tagging is not supported for versioned model packages: {arn}. Tag the model package group, "
            "or use CustomerMetadataProperties."
        )
    return record


def _position(token: str) -> int:
    try:
        return int(base64.urlsafe_b64decode(token))
    except ValueError as error:
        raise InvalidRequestError("Invalid NextToken: it was not given by this operation.") from error


OPERATIONS = {"AddTags": add_tags, "ListTags": list_tags, "DeleteTags": delete_tags}
