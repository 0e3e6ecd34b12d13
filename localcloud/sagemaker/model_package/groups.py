"""Model package groups: the versions of one model."""

from __future__ import annotations

from typing import Any

from localcloud.sagemaker import listing, tags
from localcloud.sagemaker.context import Context
from localcloud.sagemaker.errors import ConflictError, InvalidRequestError, NotHereError
from localcloud.sagemaker.store import Record

KIND = "model-package-group"
_IN_GROUP = "AND json_extract(document, '$.ModelPackageGroupName') = ? LIMIT 1"


def create(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Make a group."""
    if "ManagedConfiguration" in request:
        raise NotHereError("CreateModelPackageGroup with ManagedConfiguration")
    request_tags = tags.check(request.pop("Tags", []))
    record = context.new(KIND, request["ModelPackageGroupName"], "Completed", dict(request))
    record.document |= {
        "ModelPackageGroupArn": record.arn,
        "ModelPackageGroupStatus": "Completed",
        "CreationTime": record.created,
        "CreatedBy": {},
        "_last_version": 0,
    }
    context.insert(record, request_tags, InvalidRequestError(f"Model Package Group already exists: {record.arn}"))
    return {"ModelPackageGroupArn": record.arn}


def describe(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """The group."""
    return get(context, request["ModelPackageGroupName"]).document


def list_(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """ListModelPackageGroups."""
    if request.get("CrossAccountFilterOption") == "CrossAccount":
        raise NotHereError("ListModelPackageGroups with CrossAccountFilterOption CrossAccount")
    return listing.page(context, _LISTING, request)


def delete(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Forget a group that has no versions left."""
    with context.store.transaction():
        record = get(context, request["ModelPackageGroupName"])
        if context.store.select("model-package", _IN_GROUP, (record.name,)):
            raise ConflictError(
                f"ModelPackageGroup {record.arn} can't be deleted because it still contains model packages. "
                "Delete them first."
            )
        context.store.delete(KIND, record.name)
    return {}


def get(context: Context, name_or_arn: str) -> Record:
    """The group by name or ARN, or AWS's refusal."""
    name = name_or_arn.rsplit("/", 1)[-1]
    return context.get(KIND, name, f"ModelPackageGroup {context.arn(KIND, name)} does not exist.")


def _summary(record: Record) -> dict[str, Any]:
    return record.document


_LISTING = listing.Listing(KIND, "ModelPackageGroupSummaryList", _summary)

OPERATIONS = {
    "CreateModelPackageGroup": create,
    "DescribeModelPackageGroup": describe,
    "ListModelPackageGroups": list_,
    "DeleteModelPackageGroup": delete,
}
