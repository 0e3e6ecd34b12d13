"""UpdateModelPackage: approval, metadata, life cycle."""

from __future__ import annotations

from typing import Any

from localcloud.sagemaker.context import Context
from localcloud.sagemaker.errors import InvalidRequestError
from localcloud.sagemaker.model_package import state
from localcloud.sagemaker.store import Record

_MOST_PROPERTIES = 50
# Members that replace what is there; SourceUri is spelt sourceUri in the event's list of changes.
_REPLACED = {
    "ModelApprovalStatus": "ModelApprovalStatus",
    "ApprovalDescription": "ApprovalDescription",
    "ModelPackageRegistrationType": "ModelPackageRegistrationType",
    "InferenceSpecification": "InferenceSpecification",
    "SourceUri": "sourceUri",
    "ModelCard": "ModelCard",
    "ModelLifeCycle": "ModelLifeCycle",
}


def update(context: Context, package: Record, request: dict[str, Any]) -> dict[str, Any]:
    """Apply the request and emit one event that names the changed fields."""
    if "ModelPackageVersion" not in package.document and "ModelApprovalStatus" in request:
        raise InvalidRequestError(f"ModelApprovalStatus does not apply to the unversioned model package {package.arn}.")
    changed: list[str] = []

    def change(record: Record) -> None:
        document = record.document
        for name, told in _REPLACED.items():
            if name in request:
                document[name] = request[name]
                changed.append(told)
        if "CustomerMetadataProperties" in request or "CustomerMetadataPropertiesToRemove" in request:
            document["CustomerMetadataProperties"] = _properties(document, request)
            changed.append("CustomerMetadataProperties")
        if "AdditionalInferenceSpecificationsToAdd" in request:
            added = request["AdditionalInferenceSpecificationsToAdd"]
            document["AdditionalInferenceSpecifications"] = [
                *document.get("AdditionalInferenceSpecifications", []),
                *added,
            ]
            changed.append("AdditionalInferenceSpecifications")
        record.modified = document["LastModifiedTime"] = context.clock()
        document["LastModifiedBy"] = {}

    record = context.store.update(state.KIND, package.name, change)
    state.tell(context, record, changed)
    return {"ModelPackageArn": record.arn}


def _properties(document: dict[str, Any], request: dict[str, Any]) -> dict[str, str]:
    """Given keys are set, others stay, those to remove go."""
    properties: dict[str, str] = document.get("CustomerMetadataProperties", {}) | request.get(
        "CustomerMetadataProperties", {}
    )
    for key in request.get("CustomerMetadataPropertiesToRemove", []):
        properties.pop(key, None)
    if len(properties) > _MOST_PROPERTIES:
        raise InvalidRequestError(
            f"CustomerMetadataProperties would have {len(properties)} entries; the limit is {_MOST_PROPERTIES}."
        )
    return properties
