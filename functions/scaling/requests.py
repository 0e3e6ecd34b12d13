"""Scaling's requests. Pure.

Names are the same at every deployment, so that what is put replaces what an earlier deployment put.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scaling.models import PlanScaling, ScalingPlan, Variant

if TYPE_CHECKING:
    from dropforge.project_deploy import Night, Scaling

Json = dict[str, Any]
INSTANCES = "sagemaker:variant:DesiredInstanceCount"
PROVISIONED = "sagemaker:variant:DesiredProvisionedConcurrency"
POLICY, WAKER, NIGHT, DAY = "dropforge-target", "dropforge-wake", "dropforge-night", "dropforge-day"
# By what is measured when project.yaml says nothing.
USUAL = {"real_time": "invocations", "serverless": "concurrency", "asynchronous": "backlog"}
PREDEFINED = {
    ("real_time", "invocations"): "SageMakerVariantInvocationsPerInstance",
    ("asynchronous", "invocations"): "SageMakerVariantInvocationsPerInstance",
    ("real_time", "concurrency"): "SageMakerVariantConcurrentRequestsPerModelHighResolution",
    ("asynchronous", "concurrency"): "SageMakerVariantConcurrentRequestsPerModelHighResolution",
    ("serverless", "concurrency"): "SageMakerVariantProvisionedConcurrencyUtilization",
}


def plan(facts: PlanScaling) -> ScalingPlan:
    """What to deregister and what to register; a variant that is `gone` is registered by no means."""
    stay = [v for v in facts.variants if v.name not in facts.gone]
    wanted = [(v, v.scaling) for v in stay if v.scaling is not None and v.scaling.enabled]
    names = {v.name for v, _ in wanted}
    dropped = [*dict.fromkeys([*facts.gone, *(v.name for v in stay if v.name not in names)])]
    endpoint = facts.endpoint
    return ScalingPlan(
        alarms_gone=[_alarm_name(endpoint, name) for name in dropped],
        # Of both dimensions: nobody knows what the variant was before.
        targets_gone=[_key(endpoint, name, kind) for name in dropped for kind in (INSTANCES, PROVISIONED)],
        targets=[_of(endpoint, v) | {"MinCapacity": s.min, "MaxCapacity": s.max} for v, s in wanted],
        policies=[_of(endpoint, v) | _tracking(endpoint, v, s) for v, s in wanted],
        nights=[_of(endpoint, v) | action for v, s in wanted if s.night for action in _nights(s, s.night)],
        nights_gone=[
            _of(endpoint, v) | {"ScheduledActionName": name} for v, s in wanted if not s.night for name in (NIGHT, DAY)
        ],
        wakers=[_waker(endpoint, v) for v, s in wanted if v.mode == "asynchronous" and _sleeps(s)],
        registered=[v.name for v, _ in wanted],
        deregistered=dropped,
    )


def _key(endpoint: str, variant: str, dimension: str) -> Json:
    return {"ServiceNamespace": "sagemaker", "ResourceId": f"endpoint/{endpoint}/variant/{variant}",
            "ScalableDimension": dimension}  # fmt: skip


def _of(endpoint: str, variant: Variant) -> Json:
    return _key(endpoint, variant.name, PROVISIONED if variant.mode == "serverless" else INSTANCES)


def _sleeps(scaling: Scaling) -> bool:
    return scaling.min == 0 or (scaling.night is not None and scaling.night.min == 0)


def _tracking(endpoint: str, variant: Variant, scaling: Scaling) -> Json:
    metric = scaling.metric or USUAL[variant.mode]
    config: Json = {"TargetValue": scaling.target, "ScaleInCooldown": scaling.scale_in,
                    "ScaleOutCooldown": scaling.scale_out}  # fmt: skip
    if metric == "backlog":
        # SageMaker developer guide, "async-inference-autoscale".
        config["CustomizedMetricSpecification"] = {
            "Namespace": "AWS/SageMaker", "MetricName": "ApproximateBacklogSizePerInstance", "Statistic": "Average",
            "Dimensions": [{"Name": "EndpointName", "Value": endpoint}],
        }  # fmt: skip
    else:
        config["PredefinedMetricSpecification"] = {"PredefinedMetricType": PREDEFINED[variant.mode, metric]}
    if variant.mode == "serverless":
        config["TargetValue"] = scaling.target / 100  # AWS's utilization is 0 to 1
    return {"PolicyName": POLICY, "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": config}  # fmt: skip


def _nights(scaling: Scaling, night: Night) -> list[Json]:
    return [
        {"ScheduledActionName": name, "Schedule": f"cron({int(clock[3:])} {int(clock[:2])} * * ? *)",
         "Timezone": night.timezone, "ScalableTargetAction": {"MinCapacity": least}}
        for name, clock, least in ((NIGHT, night.start, night.min), (DAY, night.until, scaling.min))
    ]  # fmt: skip


def _waker(endpoint: str, variant: Variant) -> Json:
    """The first instance: with none, a backlog per instance is no number, and nothing would be tracked."""
    step = {"AdjustmentType": "ChangeInCapacity", "MetricAggregationType": "Average", "Cooldown": 300,
            "StepAdjustments": [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}]}  # fmt: skip
    alarm = {
        "AlarmName": _alarm_name(endpoint, variant.name),
        "AlarmDescription": f"Requests wait at {endpoint}, and it has no instance: starts the first.",
        "Namespace": "AWS/SageMaker", "MetricName": "HasBacklogWithoutCapacity", "Statistic": "Average", "Period": 60,
        "Dimensions": [{"Name": "EndpointName", "Value": endpoint}], "EvaluationPeriods": 2, "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold", "TreatMissingData": "missing",
    }  # fmt: skip
    policy = _of(endpoint, variant) | {"PolicyName": WAKER, "PolicyType": "StepScaling",
                                       "StepScalingPolicyConfiguration": step}  # fmt: skip
    return {"policy": policy, "alarm": alarm}


def _alarm_name(endpoint: str, variant: str) -> str:
    return f"df-wake/{endpoint}/{variant}"
