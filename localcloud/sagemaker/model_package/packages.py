"""Model packages: versions in a group, or single ones with a name."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from localcloud.sagemaker import listing, tags
from localcloud.sagemaker.context import Context
from localcloud.sagemaker.errors import ConflictError, InvalidRequestError, ServiceError
from localcloud.sagemaker.model_package import groups, state, updates
from localcloud.sagemaker.store import Record

KIND = state.KIND


def create(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Register a package. The same ClientToken with the same request answers the first package's ARN."""
    _check(request)
    request_tags = tags.check(request.pop("Tags", []))
    token = request.pop("ClientToken", None)
    digest = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
    with context.store.transaction():
        earlier = _by_token(context, token)
        if earlier is not None:
            if earlier.document["_digest"] != digest:
                raise ConflictError(f"ClientToken {token} was used for {earlier.arn} with another request.")
            return {"ModelPackageArn": earlier.arn}
        record = _record(context, request)
        record.document |= {"_token": token, "_digest": digest}
        exists = InvalidRequestError(f"Model Package already exists: {record.arn}")
        context.insert(record, request_tags, exists)
    state.tell(context, record)
    return {"ModelPackageArn": record.arn}


def describe(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """The package by name, or by the ARN of a version."""
    return find(context, request["ModelPackageName"]).document


def batch_describe(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """BatchDescribeModelPackage: what is found, and an error for each that is not."""
    found, errors = {}, {}
    for arn in request["ModelPackageArnList"]:
        try:
            found[arn] = find(context, arn).document
        except ServiceError as error:
            errors[arn] = {"ErrorCode": error.code, "ErrorResponse": error.message}
    return {"ModelPackageSummaries": found, "BatchDescribeModelPackageErrorMap": errors}


def list_(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """ListModelPackages: of a group, or (unless asked otherwise) those without one."""
    extra: dict[str, Any] = {}
    group = request.get("ModelPackageGroupName")
    if group is not None:
        extra["json_extract(document, '$.ModelPackageGroupName') = ?"] = groups.get(context, group).name
    kind = request.get("ModelPackageType", "Unversioned" if group is None else "Versioned")
    if kind != "Both":
        extra["(json_extract(document, '$.ModelPackageVersion') IS NOT NULL) = ?"] = kind == "Versioned"
    if "ModelApprovalStatus" in request:
        extra["json_extract(document, '$.ModelApprovalStatus') = ?"] = request["ModelApprovalStatus"]
    return listing.page(context, _LISTING, request, extra)


def delete(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Forget a package; its version number is not used again."""
    context.store.delete(KIND, find(context, request["ModelPackageName"]).name)
    return {}


def find(context: Context, name_or_arn: str) -> Record:
    """The package by name, `group/version` or ARN, or AWS's refusal."""
    name = name_or_arn.split(":model-package/", 1)[-1]
    return context.get(KIND, name, f"ModelPackage {context.arn(KIND, name)} does not exist.")


def _check(request: dict[str, Any]) -> None:
    name, group = request.get("ModelPackageName"), request.get("ModelPackageGroupName")
    if name and group:
        raise InvalidRequestError(
            "Both ModelPackageName and ModelPackageGroupName are provided in the input. Cannot determine which one "
            "to use."
        )
    if not name and not group:
        raise InvalidRequestError("Missing ARN.")
    if group and "Tags" in request:
        raise InvalidRequestError(
            "Tags are not supported for versioned model packages: they use the tags of the model package group. Leave "
            "Tags out, or use CustomerMetadataProperties."
        )
    if not group and "ModelApprovalStatus" in request:
        raise InvalidRequestError("ModelApprovalStatus does not apply to unversioned model packages.")
    if not group and "InferenceSpecification" not in request and "SourceAlgorithmSpecification" not in request:
        raise InvalidRequestError("Specify either InferenceSpecification or SourceAlgorithmSpecification.")


def _record(context: Context, request: dict[str, Any]) -> Record:
    document = dict(request)
    if "ModelPackageGroupName" in request:
        group = groups.get(context, request["ModelPackageGroupName"])
        group.document["_last_version"] += 1
        version = group.document["_last_version"]
        context.store.update(groups.KIND, group.name, lambda stored: stored.document.update(_last_version=version))
        document |= {"ModelPackageGroupName": group.name, "ModelPackageVersion": version}
        document.setdefault("ModelApprovalStatus", "PendingManualApproval")
        name = f"{group.name}/{version}"
    else:
        name = request["ModelPackageName"]
    record = context.new(KIND, name, "Completed", document)
    document |= {
        "ModelPackageArn": record.arn,
        "ModelPackageStatus": "Completed",
        "ModelPackageStatusDetails": {"ValidationStatuses": [], "ImageScanStatuses": []},
        "CreationTime": record.created,
        "LastModifiedTime": record.created,
        "CreatedBy": {},
    }
    document.setdefault("CertifyForMarketplace", False)
    return record


def _by_token(context: Context, token: str | None) -> Record | None:
    found = context.store.select(KIND, "AND json_extract(document, '$._token') = ?", (token,)) if token else []
    return found[0] if found else None


def _summary(record: Record) -> dict[str, Any]:
    return record.document


_LISTING = listing.Listing(KIND, "ModelPackageSummaryList", _summary)

OPERATIONS = {
    "CreateModelPackage": create,
    "DescribeModelPackage": describe,
    "BatchDescribeModelPackage": batch_describe,
    "UpdateModelPackage": lambda context, request: updates.update(
        context, find(context, request["ModelPackageArn"]), request
    ),
    "ListModelPackages": list_,
    "DeleteModelPackage": delete,
}
