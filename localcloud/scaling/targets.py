"""Scalable targets: Register, Deregister and Describe, and their tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.sagemaker.errors import InvalidRequestError, ServiceError
from localcloud.sagemaker.store import Record, ResourceMissingError
from localcloud.scaling import model, paging
from localcloud.scaling.model import Key
from localcloud.scaling.ports import NoSuchVariantError

if TYPE_CHECKING:
    from localcloud.scaling.service import Scaling

Json = dict[str, Any]
SUSPENDED = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")
_TAGS = 50


def register(scaling: Scaling, request: Json) -> Json:
    """RegisterScalableTarget: a new one needs both capacities, an update what it changes."""
    key = Key.of(request)
    endpoint, variant = key.variant()
    with scaling.store.transaction():
        found = scaling.store.select(model.TARGET, "AND key = ?", (key.text.lower(),))
        document = dict(found[0].document) if found else {}
        document |= key.members | {k: request[k] for k in ("MinCapacity", "MaxCapacity") if k in request}
        _check_capacities(scaling, document, endpoint)
        _check_variant(scaling, key, endpoint, variant)
        suspended = document.get("SuspendedState", dict.fromkeys(SUSPENDED, False))
        document["SuspendedState"] = suspended | request.get("SuspendedState", {})
        document["_pending"] = _cause(request)
        if found:
            if request.get("Tags"):
                raise InvalidRequestError(
                    "The scalable target that you tried to tag already exists. To update tags on an existing "
                    "scalable target, use the TagResource API."
                )
            scaling.store.update(model.TARGET, key.text, lambda record: _replace(record, document))
            return {"ScalableTargetARN": found[0].arn}
        return _insert(scaling, key, document, request.get("Tags", {}))


def _insert(scaling: Scaling, key: Key, document: Json, tags: dict[str, str]) -> Json:
    arn = f"arn:aws:application-autoscaling:{scaling.region}:{scaling.account}:scalable-target/{key.id}"
    service = "sagemaker.application-autoscaling.amazonaws.com"
    document["RoleARN"] = f"arn:aws:iam::{scaling.account}:role/aws-service-role/{service}/{model.ROLE}"
    document["ScalableTargetARN"] = arn
    now = document["CreationTime"] = scaling.clock()
    scaling.store.insert(Record(model.TARGET, key.text, arn, "", now, now, document), _checked(tags, 0))
    return {"ScalableTargetARN": arn}


def _replace(record: Record, document: Json) -> None:
    record.document = document


def _cause(request: Json) -> str | None:
    """Why the capacity has to be brought within the new bounds."""
    words = [
        f"{word} capacity was set to {request[member]}"
        for word, member in (("minimum", "MinCapacity"), ("maximum", "MaxCapacity"))
        if member in request
    ]
    return " and ".join(words) or None


def _check_capacities(scaling: Scaling, document: Json, endpoint: str) -> None:
    low, high = document.get("MinCapacity"), document.get("MaxCapacity")
    if low is None or high is None:
        raise InvalidRequestError("MinCapacity and MaxCapacity must be specified when registering a new target.")
    if low < 0 or high < 0:
        raise InvalidRequestError("Minimum and maximum capacity must not be negative.")
    if low > high:
        raise InvalidRequestError("Maximum capacity cannot be less than minimum capacity")
    if low == 0 and document["ScalableDimension"] == model.INSTANCES and not scaling.variants.may_be_empty(endpoint):
        raise InvalidRequestError(
            "Minimum capacity must be at least 1 for the variant of an endpoint that is not asynchronous."
        )


def _check_variant(scaling: Scaling, key: Key, endpoint: str, variant: str) -> None:
    try:
        scaling.variants.capacity(endpoint, variant, key.dimension)
    except NoSuchVariantError as error:
        raise InvalidRequestError(f"SageMaker resource not found: {error}") from error


def deregister(scaling: Scaling, request: Json) -> Json:
    """DeregisterScalableTarget: its policies with their alarms and its scheduled actions go with it."""
    key = Key.of(request)
    model.target(scaling.store, key)
    forget(scaling, key)
    return {}


def forget(scaling: Scaling, key: Key) -> None:
    """Remove a target with all that belongs to it; alarms first, so that a crash between leaves none behind."""
    for policy in model.belonging(scaling.store, model.POLICY, key):
        scaling.monitor.delete_alarms([alarm["AlarmName"] for alarm in policy.document.get("_alarms", [])])
    with scaling.store.transaction():
        for kind in (model.POLICY, model.ACTION):
            for record in model.belonging(scaling.store, kind, key):
                scaling.store.delete(kind, record.name)
        scaling.store.delete(model.TARGET, key.text)


def describe(scaling: Scaling, request: Json) -> Json:
    """DescribeScalableTargets."""
    wanted = request.get("ResourceIds")
    if request.get("ScalableDimension") and not wanted:
        raise InvalidRequestError("Scalable dimension cannot be specified without a resource ID")
    found = [
        record.document
        for record in scaling.store.select(model.TARGET, "ORDER BY sequence")
        if paging.fits(record.document, request) and (not wanted or record.document["ResourceId"] in wanted)
    ]
    return paging.page("ScalableTargets", found, request)


def tag(scaling: Scaling, request: Json) -> Json:
    """TagResource."""
    record = _tagged(scaling, request)
    kept = {tag["Key"] for tag in scaling.store.tags(record.arn)} - request["Tags"].keys()
    scaling.store.tag(record.arn, _checked(request["Tags"], len(kept)))
    return {}


def untag(scaling: Scaling, request: Json) -> Json:
    """UntagResource."""
    scaling.store.untag(_tagged(scaling, request).arn, request["TagKeys"])
    return {}


def list_tags(scaling: Scaling, request: Json) -> Json:
    """ListTagsForResource."""
    found = scaling.store.tags(_tagged(scaling, request).arn)
    return {"Tags": {tag["Key"]: tag["Value"] for tag in found}}


def _tagged(scaling: Scaling, request: Json) -> Record:
    record = scaling.store.find(request["ResourceARN"])
    if record is None:
        message = f"Scalable target {request['ResourceARN']} does not exist."
        raise ServiceError("ResourceNotFoundException", message, ResourceName=request["ResourceARN"])
    return record


def _checked(tags: dict[str, str], others: int) -> list[dict[str, str]]:
    if any(key.lower().startswith("aws:") for key in tags):
        raise InvalidRequestError("Tag keys starting with 'aws:' are reserved for AWS use.")
    if len(tags) + others > _TAGS:
        raise ServiceError("TooManyTagsException", f"A scalable target can have {_TAGS} tags at most.")
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def exists(scaling: Scaling, key: Key) -> bool:
    """Whether it is registered."""
    try:
        scaling.store.get(model.TARGET, key.text)
    except ResourceMissingError:
        return False
    return True
