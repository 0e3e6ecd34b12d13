"""Scheduled actions: other bounds at other times."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from localcloud.sagemaker.errors import InvalidRequestError
from localcloud.sagemaker.store import Record
from localcloud.scaling import cron, model, paging
from localcloud.scaling.model import Key

if TYPE_CHECKING:
    from localcloud.scaling.service import Scaling

Json = dict[str, Any]
_GIVEN = ("Schedule", "Timezone", "StartTime", "EndTime", "ScalableTargetAction")


def put(scaling: Scaling, request: Json) -> Json:
    """PutScheduledAction: make, or change what is given."""
    key = Key.of(request)
    key.variant()
    target = model.target(scaling.store, key)
    name = request["ScheduledActionName"]
    found = [a for a in model.belonging(scaling.store, model.ACTION, key) if a.document["ScheduledActionName"] == name]
    now = scaling.clock()
    new = {**key.members, "ScheduledActionName": name, "ScheduledActionARN": _arn(scaling, key, name),
           "CreationTime": now}  # fmt: skip
    document = {**(found[0].document if found else new), **{k: request[k] for k in _GIVEN if k in request}}
    _check(document, target)
    # What was due before the change is not made up for.
    document["_looked"] = scaling.schedule_clock()
    document["_start"] = document["_looked"]
    if found:
        scaling.store.update(model.ACTION, found[0].name, lambda record: _replace(record, document))
    else:
        arn = document["ScheduledActionARN"]
        scaling.store.insert(Record(model.ACTION, f"{key.text}|{name}", arn, "", now, now, document))
    return {}


def _replace(record: Record, document: Json) -> None:
    record.document = document


def _arn(scaling: Scaling, key: Key, name: str) -> str:
    place = f"resource/{key.namespace}/{key.resource}:scheduledActionName/{name}"
    return f"arn:aws:autoscaling:{scaling.region}:{scaling.account}:scheduledAction:{uuid.uuid4()}:{place}"


def _check(document: Json, target: Record) -> None:
    if "Schedule" not in document:
        raise InvalidRequestError("Schedule must be specified for a new scheduled action.")
    try:
        cron.check(document["Schedule"], document.get("Timezone"))
    except cron.ScheduleError as error:
        raise InvalidRequestError(str(error)) from error
    if document.get("EndTime", float("inf")) <= document.get("StartTime", float("-inf")):
        raise InvalidRequestError("EndTime must be later than StartTime.")
    bounds = document.get("ScalableTargetAction") or {}
    if not bounds:
        raise InvalidRequestError("Scalable target action must have a minimum or a maximum capacity.")
    low = bounds.get("MinCapacity", target.document["MinCapacity"] if "MaxCapacity" not in bounds else 0)
    high = bounds.get("MaxCapacity", float("inf"))
    if low < 0 or low > high:
        raise InvalidRequestError("Maximum capacity cannot be less than minimum capacity")


def delete(scaling: Scaling, request: Json) -> Json:
    """DeleteScheduledAction."""
    key = Key.of(request)
    record = model.named(scaling.store, model.ACTION, key, request["ScheduledActionName"])
    scaling.store.delete(model.ACTION, record.name)
    return {}


def describe(scaling: Scaling, request: Json) -> Json:
    """DescribeScheduledActions."""
    wanted = request.get("ScheduledActionNames")
    found = [
        record.document
        for record in scaling.store.select(model.ACTION, "ORDER BY sequence")
        if paging.fits(record.document, request) and (not wanted or record.document["ScheduledActionName"] in wanted)
    ]
    return paging.page("ScheduledActions", found, request)
