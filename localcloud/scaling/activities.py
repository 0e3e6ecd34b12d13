"""Scaling activities: what was changed, why, and whether it came to be; told also as AWS's event at the maximum."""

from __future__ import annotations

import logging
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from localcloud.sagemaker.errors import InvalidRequestError
from localcloud.sagemaker.store import Record
from localcloud.scaling import model, paging
from localcloud.scaling.model import Key

if TYPE_CHECKING:
    from localcloud.scaling.service import Scaling

Json = dict[str, Any]
_log = logging.getLogger("dropforge.scaling")
_WHAT = {model.INSTANCES: "instance count", model.PROVISIONED: "provisioned concurrency"}
_KEPT = 200  # of each target
RUNNING = "InProgress"


def begin(scaling: Scaling, key: Key, old: int, new: int, cause: str, **ours: Any) -> Record:
    """Store an activity that begins; `ours` is kept with it until it ends."""
    what = f"{_WHAT[key.dimension]} to {new}"
    document = {
        "Description": f"Setting desired {what}.",
        "StatusMessage": f"Successfully set desired {what}. Waiting for change to be fulfilled by {key.namespace}.",
        "Cause": cause,
        "_old": old,
        "_new": new,
        **{f"_{name}": value for name, value in ours.items()},
    }
    return _insert(scaling, key, RUNNING, document)


def not_scaled(scaling: Scaling, key: Key, cause: str, reason: Json) -> None:
    """Store that an alarm rang and nothing could be done."""
    _insert(scaling, key, "Failed", {
        "Description": "Attempting to scale due to alarm triggered", "Cause": cause, "NotScaledReasons": [reason],
        "EndTime": scaling.clock(),
    })  # fmt: skip


def _insert(scaling: Scaling, key: Key, status: str, document: Json) -> Record:
    now, identifier = scaling.clock(), str(uuid.uuid4())
    document |= key.members | {"ActivityId": identifier, "StatusCode": status, "StartTime": now}
    record = Record(model.ACTIVITY, f"{key.text}|{identifier}", identifier, status, now, now, document)
    scaling.store.insert(record)
    for old in model.belonging(scaling.store, model.ACTIVITY, key)[:-_KEPT]:
        scaling.store.delete(model.ACTIVITY, old.name)
    return record


def end(scaling: Scaling, key: Key, activity: Record, failure: str | None) -> None:
    """Store how an activity ended; tell of it on the bus if the target is at its maximum now."""
    new = activity.document["_new"]
    what = f"{_WHAT[key.dimension]} to {new}"
    status = "Failed" if failure else "Successful"
    if failure:
        message = f"Failed to set desired {what}. Reason: {failure}"
    else:
        message = f"Successfully set desired {what}. Change successfully fulfilled by {key.namespace}."
    now = scaling.clock()

    def change(record: Record) -> None:
        record.status = record.document["StatusCode"] = status
        record.modified = record.document["EndTime"] = now
        record.document["StatusMessage"] = message

    ended = scaling.store.update(model.ACTIVITY, activity.name, change)
    _log.info("%s: %s (%s)", key.resource, message, activity.document["Cause"])
    target = model.target(scaling.store, key).document
    if not failure and new == target["MaxCapacity"] and new > activity.document["_old"]:
        _tell(scaling, key, ended, target)


def _tell(scaling: Scaling, key: Key, activity: Record, target: Json) -> None:
    document = activity.document
    detail = {
        "startTime": _iso(document["StartTime"]),
        "endTime": _iso(document["EndTime"]),
        "newDesiredCapacity": document["_new"],
        "oldDesiredCapacity": document["_old"],
        "minCapacity": target["MinCapacity"],
        "maxCapacity": target["MaxCapacity"],
        "resourceId": key.resource,
        "scalableDimension": key.dimension,
        "serviceNamespace": key.namespace,
        "statusCode": "Successful",
        "scaledToMax": True,
        "direction": "scale-out",
    }
    scaling.emit({
        "version": "0", "id": str(uuid.uuid4()),
        "detail-type": "Application Auto Scaling Scaling Activity State Change",
        "source": "aws.application-autoscaling", "account": scaling.account, "time": _iso(document["EndTime"]),
        "region": scaling.region, "resources": [], "detail": detail,
    })  # fmt: skip


def _iso(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def running(scaling: Scaling, key: Key) -> Record | None:
    """The activity of a target that is under way."""
    return next((a for a in model.belonging(scaling.store, model.ACTIVITY, key) if a.status == RUNNING), None)


def describe(scaling: Scaling, request: Json) -> Json:
    """DescribeScalingActivities, the newest first."""
    if request.get("ScalableDimension") and "ResourceId" not in request:
        raise InvalidRequestError("Scalable dimension cannot be specified without a resource ID")
    everything = request.get("IncludeNotScaledActivities", False)
    found = [
        record.document
        for record in scaling.store.select(model.ACTIVITY, "ORDER BY sequence DESC")
        if paging.fits(record.document, request) and (everything or "NotScaledReasons" not in record.document)
    ]
    return paging.page("ScalingActivities", found, request)
