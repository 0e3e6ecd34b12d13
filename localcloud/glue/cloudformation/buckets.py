"""Bucket properties of CloudFormation as the requests of S3's API (names differ: ``Id`` is ``ID``, and so on)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import botocore.serialize
import botocore.session

Json = dict[str, Any]


class BucketPropertyError(ValueError):
    """A bucket property has a member that has no counterpart in S3's API."""


def _renamed(value: Json, names: dict[str, str], where: str) -> Json:
    unknown = sorted(set(value) - set(names))
    if unknown:
        raise BucketPropertyError(f"AWS::S3::Bucket {where}: unknown member {', '.join(unknown)}")
    return {names[key]: item for key, item in value.items()}


def _encryption(value: Json) -> Json:
    rules = []
    for rule in value["ServerSideEncryptionConfiguration"]:
        default = rule.get("ServerSideEncryptionByDefault") or {}
        names = {"SSEAlgorithm": "SSEAlgorithm", "KMSMasterKeyID": "KMSMasterKeyID"}
        rules.append(
            {
                "ApplyServerSideEncryptionByDefault": _renamed(default, names, "BucketEncryption"),
                "BucketKeyEnabled": str(rule.get("BucketKeyEnabled", False)).lower() == "true",
            }
        )
    return {"Rules": rules}


def _ownership(value: Json) -> Json:
    return {"Rules": [{"ObjectOwnership": rule["ObjectOwnership"]} for rule in value["Rules"]]}


def _versioning(value: Json) -> Json:
    return {"Status": value["Status"]}


def _tags(value: list[Json]) -> Json:
    return {"TagSet": [{"Key": tag["Key"], "Value": str(tag["Value"])} for tag in value]}


def _logging(value: Json) -> Json:
    names = {"DestinationBucketName": "TargetBucket", "LogFilePrefix": "TargetPrefix"}
    return {"LoggingEnabled": {"TargetPrefix": "", **_renamed(value, names, "LoggingConfiguration")}}


_FILTERS = {
    "Prefix": "Prefix",
    "ObjectSizeGreaterThan": "ObjectSizeGreaterThan",
    "ObjectSizeLessThan": "ObjectSizeLessThan",
}
_TRANSITION = {"StorageClass": "StorageClass", "TransitionInDays": "Days", "TransitionDate": "Date"}
_NONCURRENT = {
    "StorageClass": "StorageClass",
    "TransitionInDays": "NoncurrentDays",
    "NewerNoncurrentVersions": "NewerNoncurrentVersions",
}
_EXPIRY = {
    "ExpirationInDays": "Days",
    "ExpirationDate": "Date",
    "ExpiredObjectDeleteMarker": "ExpiredObjectDeleteMarker",
}
_PLAIN = {
    "Id": "ID",
    "Status": "Status",
    "AbortIncompleteMultipartUpload": "AbortIncompleteMultipartUpload",
    "NoncurrentVersionExpiration": "NoncurrentVersionExpiration",
}


def _lifecycle_rule(rule: Json) -> Json:
    out: Json = {}
    filters: Json = {}
    expiry: Json = {}
    for key, value in rule.items():
        if key in _PLAIN:
            out[_PLAIN[key]] = value
        elif key in _FILTERS:
            filters[_FILTERS[key]] = value
        elif key == "TagFilters":
            filters["Tags"] = value
        elif key in _EXPIRY:
            expiry[_EXPIRY[key]] = str(value).lower() == "true" if key == "ExpiredObjectDeleteMarker" else value
        elif key in ("Transitions", "Transition"):
            out["Transitions"] = [_renamed(item, _TRANSITION, key) for item in _listed(value)]
        elif key in ("NoncurrentVersionTransitions", "NoncurrentVersionTransition"):
            out["NoncurrentVersionTransitions"] = [_renamed(item, _NONCURRENT, key) for item in _listed(value)]
        elif key == "NoncurrentVersionExpirationInDays":
            out["NoncurrentVersionExpiration"] = {"NoncurrentDays": value}
        else:
            raise BucketPropertyError(f"AWS::S3::Bucket LifecycleConfiguration: unknown member {key}")
    if expiry:
        out["Expiration"] = expiry
    several = len(filters) + len(filters.get("Tags", [])) > 1
    out["Filter"] = ({"And": filters} if several else filters) or {"Prefix": ""}
    numbered: Json = _numbers(out)
    return numbered


def _listed(value: Any) -> list[Json]:
    return value if isinstance(value, list) else [value]


def _numbers(value: Any) -> Any:
    """Template numbers may be strings (``!Ref`` of a parameter); the API takes integers."""
    if isinstance(value, dict):
        return {
            key: int(item) if isinstance(item, str) and item.isdigit() and key != "ID" else _numbers(item)
            for key, item in value.items()
        }
    return [_numbers(item) for item in value] if isinstance(value, list) else value


def _lifecycle(value: Json) -> Json:
    return {"Rules": [_lifecycle_rule(rule) for rule in value["Rules"]]}


# property: (operation, member of its request, conversion); the order matters only for readers.
CONFIGURATIONS: dict[str, tuple[str, str, Callable[[Any], Json]]] = {
    "BucketEncryption": ("PutBucketEncryption", "ServerSideEncryptionConfiguration", _encryption),
    "OwnershipControls": ("PutBucketOwnershipControls", "OwnershipControls", _ownership),
    "LifecycleConfiguration": ("PutBucketLifecycleConfiguration", "LifecycleConfiguration", _lifecycle),
    "LoggingConfiguration": ("PutBucketLogging", "BucketLoggingStatus", _logging),
    "VersioningConfiguration": ("PutBucketVersioning", "VersioningConfiguration", _versioning),
    "Tags": ("PutBucketTagging", "Tagging", _tags),
}
# property: ministack's functions that put and delete it.
HANDLERS: dict[str, tuple[str, str]] = {
    "BucketEncryption": ("_put_bucket_encryption", "_delete_bucket_encryption"),
    "OwnershipControls": ("_put_bucket_ownership_controls", "_delete_bucket_ownership_controls"),
    "LifecycleConfiguration": ("_put_bucket_lifecycle", "_delete_bucket_lifecycle"),
    "LoggingConfiguration": ("_put_bucket_logging", ""),
    "VersioningConfiguration": ("_put_bucket_versioning", ""),
    "Tags": ("_put_bucket_tagging", "_delete_bucket_tagging"),
}


def request_body(operation: str, bucket: str, member: str, value: Json) -> bytes:
    """The XML body that an SDK would send for this operation."""
    service = botocore.session.get_session().get_service_model("s3")
    model = service.operation_model(operation)
    serializer = botocore.serialize.create_serializer("rest-xml", include_validation=False)
    body = serializer.serialize_to_request({"Bucket": bucket, member: value}, model)["body"]
    return body if isinstance(body, bytes) else str(body).encode()
