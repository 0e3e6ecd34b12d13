"""Scaling policies: target tracking, whose alarms are made here, and step scaling, whose alarms are the user's."""

from __future__ import annotations

import uuid
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from localcloud.sagemaker.errors import InvalidRequestError, NotHereError, ServiceError
from localcloud.sagemaker.store import Record
from localcloud.scaling import model, paging, tracking
from localcloud.scaling.model import Key

if TYPE_CHECKING:
    from localcloud.scaling.service import Scaling

Json = dict[str, Any]
STEP, TRACKING = "StepScaling", "TargetTrackingScaling"
_CONFIGS = {
    STEP: "StepScalingPolicyConfiguration",
    TRACKING: "TargetTrackingScalingPolicyConfiguration",
    "PredictiveScaling": "PredictiveScalingPolicyConfiguration",
}
_MOST = 50
_DIMENSION_OF = {
    "SageMakerVariantInvocationsPerInstance": model.INSTANCES,
    "SageMakerVariantConcurrentRequestsPerModelHighResolution": model.INSTANCES,
    "SageMakerVariantProvisionedConcurrencyUtilization": model.PROVISIONED,
}


def put(scaling: Scaling, request: Json) -> Json:
    """PutScalingPolicy: make or replace. What was given of an earlier version does not stay."""
    key = Key.of(request)
    key.variant()
    model.target(scaling.store, key)
    name = request["PolicyName"]
    earlier = next((p for p in model.belonging(scaling.store, model.POLICY, key) if p.document["PolicyName"] == name),
                   None)  # fmt: skip
    kind = request.get("PolicyType") or (earlier.document["PolicyType"] if earlier else STEP)
    config = _checked(kind, request, key)
    _check_others(scaling, key, kind, config, name)
    if earlier and earlier.document["PolicyType"] != kind:
        raise InvalidRequestError(f"The type of policy {name} cannot be changed from {earlier.document['PolicyType']}.")
    policy = {**key.members, "PolicyName": name, "PolicyType": kind, _CONFIGS[kind]: config}
    return _store(scaling, key, policy, earlier)


def _store(scaling: Scaling, key: Key, policy: Json, earlier: Record | None) -> Json:
    now, name = scaling.clock(), policy["PolicyName"]
    arn = policy["PolicyARN"] = earlier.arn if earlier else _arn(scaling, key, name)
    alarms, gone = _make_alarms(scaling, key, policy, earlier)
    policy |= {"CreationTime": earlier.created if earlier else now, "_alarms": alarms}
    if earlier:
        scaling.store.update(model.POLICY, earlier.name, lambda record: _replace(record, policy))
    else:
        scaling.store.insert(Record(model.POLICY, f"{key.text}|{name}", arn, policy["PolicyType"], now, now, policy))
    scaling.monitor.delete_alarms(gone)
    return {"PolicyARN": arn, "Alarms": alarms}


def _replace(record: Record, document: Json) -> None:
    record.document = document


def _make_alarms(scaling: Scaling, key: Key, policy: Json, earlier: Record | None) -> tuple[list[Json], list[str]]:
    """(the alarms of target tracking, names of those that are not needed any more)."""
    if policy["PolicyType"] != TRACKING:
        return [], []
    config, arn = policy[_CONFIGS[TRACKING]], policy["PolicyARN"]
    before = [alarm["AlarmName"] for alarm in earlier.document["_alarms"]] if earlier else []
    watched = tracking.metric(config, *key.variant())
    # A policy keeps the names of its alarms for as long as it is there.
    high, low = (
        next((name[-36:] for name in before if f"-{way}-" in name), str(uuid.uuid4()))
        for way in ("AlarmHigh", "AlarmLow")
    )
    requests = tracking.alarms(config, key.resource, watched, arn, (high, low))
    made = [{"AlarmName": each["AlarmName"], "AlarmARN": scaling.monitor.put_alarm(each)} for each in requests]
    names = {alarm["AlarmName"] for alarm in made}
    return made, [name for name in before if name not in names]


def _arn(scaling: Scaling, key: Key, name: str) -> str:
    place = f"resource/{key.namespace}/{key.resource}:policyName/{name}"
    return f"arn:aws:autoscaling:{scaling.region}:{scaling.account}:scalingPolicy:{uuid.uuid4()}:{place}"


def _checked(kind: str, request: Json, key: Key) -> Json:
    if kind == "PredictiveScaling":
        raise NotHereError("PutScalingPolicy with PredictiveScaling")
    given = [name for name in _CONFIGS.values() if name in request]
    if given != [_CONFIGS[kind]]:
        raise InvalidRequestError(f"A policy of type {kind} needs {_CONFIGS[kind]}, and no other configuration.")
    config: Json = request[_CONFIGS[kind]]
    if kind == STEP:
        _check_steps(config)
    else:
        _check_tracking(config, key)
    return config


def _check_tracking(config: Json, key: Key) -> None:
    own, predefined = config.get("CustomizedMetricSpecification"), config.get("PredefinedMetricSpecification")
    if (own is None) == (predefined is None):
        raise InvalidRequestError("Exactly one of CustomizedMetricSpecification and PredefinedMetricSpecification "
                                  "must be specified.")  # fmt: skip
    if any(config.get(name, 0) < 0 for name in ("ScaleInCooldown", "ScaleOutCooldown")):
        raise InvalidRequestError("A cooldown must not be negative.")
    if config["TargetValue"] <= 0:
        raise InvalidRequestError("TargetValue must be greater than 0.")
    if predefined is not None:
        kind = predefined["PredefinedMetricType"]
        if _DIMENSION_OF.get(kind) != key.dimension:
            raise InvalidRequestError(f"Predefined metric type {kind} is not supported for {key.dimension}.")
        return
    assert own is not None
    if "Metrics" in own:
        raise NotHereError("PutScalingPolicy with metric math")
    missing = [name for name in ("Namespace", "MetricName", "Statistic") if name not in own]
    if missing:
        raise InvalidRequestError(f"CustomizedMetricSpecification needs {', '.join(missing)}.")


def _check_steps(config: Json) -> None:
    steps = config.get("StepAdjustments") or []
    if not steps or "AdjustmentType" not in config:
        raise InvalidRequestError("A step scaling policy needs AdjustmentType and at least one step adjustment.")
    spans = sorted((s.get("MetricIntervalLowerBound", float("-inf")), s.get("MetricIntervalUpperBound", float("inf")))
                   for s in steps)  # fmt: skip
    if any(low >= high for low, high in spans):
        raise InvalidRequestError("The lower bound of a step adjustment must be less than its upper bound.")
    if any(first[1] != second[0] for first, second in pairwise(spans)):
        raise InvalidRequestError("Step adjustment intervals can't overlap or have a gap between them.")
    if config.get("MinAdjustmentMagnitude") is not None and config["AdjustmentType"] != "PercentChangeInCapacity":
        raise InvalidRequestError("MinAdjustmentMagnitude is supported for PercentChangeInCapacity only.")


def _check_others(scaling: Scaling, key: Key, kind: str, config: Json, name: str) -> None:
    others = [p.document for p in model.belonging(scaling.store, model.POLICY, key) if p.document["PolicyName"] != name]
    if len(others) >= _MOST:
        raise ServiceError("LimitExceededException", f"A scalable target can have {_MOST} scaling policies at most.")
    metric = config.get("PredefinedMetricSpecification") or config.get("CustomizedMetricSpecification")
    for other in others:
        watched = other.get(_CONFIGS[TRACKING], {})
        if kind == TRACKING and metric in (watched.get("PredefinedMetricSpecification"),
                                           watched.get("CustomizedMetricSpecification")):  # fmt: skip
            raise InvalidRequestError(
                "Only one TargetTrackingScaling policy for a given metric specification is allowed."
            )


def delete(scaling: Scaling, request: Json) -> Json:
    """DeleteScalingPolicy, with the alarms that were made for it."""
    key = Key.of(request)
    record = model.named(scaling.store, model.POLICY, key, request["PolicyName"])
    scaling.monitor.delete_alarms([alarm["AlarmName"] for alarm in record.document["_alarms"]])
    scaling.store.delete(model.POLICY, record.name)
    return {}


def describe(scaling: Scaling, request: Json) -> Json:
    """DescribeScalingPolicies, with the alarms that start them."""
    wanted = request.get("PolicyNames")
    found = []
    for record in scaling.store.select(model.POLICY, "ORDER BY sequence"):
        document = record.document
        if paging.fits(document, request) and (not wanted or document["PolicyName"] in wanted):
            found.append(document | {"Alarms": document["_alarms"] or scaling.monitor.alarms(record.arn)})
    return paging.page("ScalingPolicies", found, request)
