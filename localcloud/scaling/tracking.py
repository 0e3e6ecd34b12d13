"""The alarms of target tracking, and how much capacity a policy wants. Pure."""

from __future__ import annotations

import math
from typing import Any

Json = dict[str, Any]
# Application Auto Scaling user guide: scale-out after three data points above the target, scale-in after fifteen
# minutes below nine tenths of it. The high-resolution metrics have a data point every ten seconds.
OUT_POINTS = 3
IN_MINUTES = 15
IN_SHARE = 0.9
DEFAULT_COOLDOWN = 300  # of SageMaker's variants
VARIANT = ("EndpointName", "VariantName")
# (metric, statistic, period in seconds)
PREDEFINED: dict[str, tuple[str, str, int]] = {
    "SageMakerVariantInvocationsPerInstance": ("InvocationsPerInstance", "Sum", 60),
    "SageMakerVariantConcurrentRequestsPerModelHighResolution": ("ConcurrentRequestsPerModel", "Maximum", 10),
    "SageMakerVariantProvisionedConcurrencyUtilization": ("ServerlessProvisionedConcurrencyUtilization", "Maximum", 60),
}


def metric(config: Json, endpoint: str, variant: str) -> Json:
    """The members of PutMetricAlarm that say what is watched."""
    if "PredefinedMetricSpecification" in config:
        name, statistic, period = PREDEFINED[config["PredefinedMetricSpecification"]["PredefinedMetricType"]]
        dimensions = [{"Name": key, "Value": value} for key, value in zip(VARIANT, (endpoint, variant), strict=True)]
        return {"Namespace": "AWS/SageMaker", "MetricName": name, "Dimensions": dimensions, "Statistic": statistic,
                "Period": period}  # fmt: skip
    own = config["CustomizedMetricSpecification"]
    watched = {name: own[name] for name in ("Namespace", "MetricName", "Statistic", "Unit") if name in own}
    return {**watched, "Dimensions": own.get("Dimensions", []), "Period": 60}


def alarms(config: Json, resource: str, watched: Json, policy_arn: str, ids: tuple[str, str]) -> list[Json]:
    """PutMetricAlarm requests: AlarmHigh, and AlarmLow unless scale-in is off."""
    target = float(config["TargetValue"])
    in_points = IN_MINUTES * 60 // watched["Period"]
    requests = []
    for kind, comparison, threshold, points, identifier in (
        ("AlarmHigh", "GreaterThanThreshold", target, OUT_POINTS, ids[0]),
        ("AlarmLow", "LessThanThreshold", target * IN_SHARE, in_points, ids[1]),
    ):
        name = f"TargetTracking-{resource}-{kind}-{identifier}"
        about = f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy_arn}."
        requests.append({"AlarmName": name, "AlarmDescription": about, **watched, "EvaluationPeriods": points,
                         "Threshold": threshold, "ComparisonOperator": comparison,
                         "AlarmActions": [policy_arn]})  # fmt: skip
    return requests[:1] if config.get("DisableScaleIn") else requests


def tracked(config: Json, values: list[float], current: int, *, out: bool) -> int:
    """The capacity at which each instance would have the target's share of the load.

    Out by what was measured last, in by the most that was measured, so that a dip alone removes nothing.
    """
    target = float(config["TargetValue"])
    if not values or target <= 0:
        return current
    load = sum(values[:OUT_POINTS]) / len(values[:OUT_POINTS]) if out else max(values)
    # A tiny excess is rounding, not load.
    wanted = math.ceil(round(max(1, current) * load / target, 6))
    return max(current, wanted) if out else min(current, wanted)


def stepped(config: Json, breach: float, current: int) -> int:
    """The capacity after the step that the breach (value minus threshold) falls into."""
    for step in config.get("StepAdjustments", []):
        low = step.get("MetricIntervalLowerBound", -math.inf)
        high = step.get("MetricIntervalUpperBound", math.inf)
        # Above the threshold bounds are inclusive below, under it above (user guide, "Step adjustments").
        if (low <= breach < high) if breach >= 0 else (low < breach <= high):
            return adjusted(config, step["ScalingAdjustment"], current)
    return current


def adjusted(config: Json, adjustment: int, current: int) -> int:
    """The capacity after one adjustment. A percentage is rounded away from zero below one, else towards it."""
    kind = config.get("AdjustmentType")
    if kind == "ExactCapacity":
        return int(adjustment)
    if kind == "ChangeInCapacity":
        return current + int(adjustment)
    change = current * adjustment / 100
    whole = math.trunc(change) if abs(change) >= 1 else int(math.copysign(math.ceil(abs(change)), change))
    least = int(config.get("MinAdjustmentMagnitude", 0))
    if whole and abs(whole) < least:
        whole = int(math.copysign(least, whole))
    return current + whole
