"""Requests are refused as AWS refuses them; what is acknowledged stays."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.sagemaker import wire
from localcloud.scaling.service import OPERATIONS, SERVICE
from tests.unit.localcloud.scaling.helpers import INSTANCES, VARIANT, CallError, Cloud

TRACKING = {"TargetValue": 10.0, "PredefinedMetricSpecification": {
    "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"}}  # fmt: skip


@pytest.mark.parametrize(("change", "words"), [
    ({"MinCapacity": 5}, "Maximum capacity cannot be less"),
    ({"MinCapacity": -1}, "must not be negative"),
    ({"MinCapacity": 0}, "at least 1"),
    ({"ResourceId": "endpoint/other/variant/AllTraffic"}, "could not find endpoint other"),
    ({"ResourceId": "churn"}, "Unsupported service namespace"),
    ({"ScalableDimension": "ecs:service:DesiredCount"}, "Unsupported service namespace"),
    ({"ServiceNamespace": "nowhere"}, "Member must satisfy enum value set"),
])  # fmt: skip
def test_targets_that_aws_refuses(cloud: Cloud, change: dict[str, Any], words: str) -> None:
    with pytest.raises(CallError, match=words) as error:
        cloud.call("RegisterScalableTarget", **{**VARIANT, "MinCapacity": 1, "MaxCapacity": 4, **change})
    assert error.value.code == "ValidationException"


def test_a_new_target_needs_both_capacities_and_an_old_one_neither(cloud: Cloud) -> None:
    with pytest.raises(CallError, match="must be specified"):
        cloud.call("RegisterScalableTarget", **VARIANT, MinCapacity=1)
    arn = cloud.register(1, 4)
    assert cloud.call("RegisterScalableTarget", **VARIANT, MaxCapacity=6)["ScalableTargetARN"] == arn
    (target,) = cloud.call("DescribeScalableTargets", ServiceNamespace="sagemaker")["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (1, 6)
    assert target["RoleARN"].endswith("AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint")
    assert set(target["SuspendedState"].values()) == {False}


@pytest.mark.parametrize(("operation", "request_"), [
    ("DeregisterScalableTarget", {}),
    ("DeleteScalingPolicy", {"PolicyName": "p"}),
    ("DeleteScheduledAction", {"ScheduledActionName": "a"}),
    ("PutScalingPolicy", {"PolicyName": "p", "PolicyType": "TargetTrackingScaling",
                          "TargetTrackingScalingPolicyConfiguration": TRACKING}),
    ("PutScheduledAction", {"ScheduledActionName": "a", "Schedule": "rate(1 hour)",
                            "ScalableTargetAction": {"MinCapacity": 1}}),
])  # fmt: skip
def test_what_is_not_registered_is_not_found(cloud: Cloud, operation: str, request_: dict[str, Any]) -> None:
    with pytest.raises(CallError) as error:
        cloud.call(operation, **VARIANT, **request_)
    assert error.value.code == "ObjectNotFoundException"


def test_tracking_makes_two_alarms_and_keeps_their_names(cloud: Cloud) -> None:
    cloud.register()
    first = cloud.track(100)
    high, low = (cloud.monitor.put[alarm["AlarmName"]] for alarm in first["Alarms"])
    assert high["AlarmName"].startswith("TargetTracking-endpoint/churn/variant/AllTraffic-AlarmHigh-")
    assert (high["Threshold"], high["EvaluationPeriods"], high["Period"]) == (100, 3, 60)
    assert (low["Threshold"], low["EvaluationPeriods"], low["ComparisonOperator"]) == (90, 15, "LessThanThreshold")
    assert high["AlarmActions"] == [first["PolicyARN"]]
    assert high["Dimensions"] == [{"Name": "EndpointName", "Value": "churn"},
                                  {"Name": "VariantName", "Value": "AllTraffic"}]  # fmt: skip
    second = cloud.track(200)
    assert second == first
    assert cloud.monitor.put[high["AlarmName"]]["Threshold"] == 200
    cloud.track(200, DisableScaleIn=True)
    assert list(cloud.monitor.put) == [high["AlarmName"]]
    cloud.call("DeleteScalingPolicy", **VARIANT, PolicyName="track")
    assert cloud.monitor.put == {}


STEPS = [{"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 1}]


@pytest.mark.parametrize(("policy", "words"), [
    ({"PolicyType": "TargetTrackingScaling"}, "needs TargetTrackingScalingPolicyConfiguration"),
    ({"PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": {"TargetValue": 1}},
     "Exactly one of"),
    ({"PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": {
        "TargetValue": 1, "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
    }}, "is not supported for"),
    ({"PolicyType": "TargetTrackingScaling", "TargetTrackingScalingPolicyConfiguration": {
        "TargetValue": 1, "CustomizedMetricSpecification": {"Namespace": "N"}}}, "MetricName, Statistic"),
    ({"PolicyType": "StepScaling", "StepScalingPolicyConfiguration": {"AdjustmentType": "ChangeInCapacity"}},
     "at least one step"),
    ({"PolicyType": "StepScaling", "StepScalingPolicyConfiguration": {
        "AdjustmentType": "ChangeInCapacity",
        "StepAdjustments": [*STEPS, {"MetricIntervalLowerBound": 20, "ScalingAdjustment": 2}]}}, "have a gap"),
])  # fmt: skip
def test_policies_that_aws_refuses(cloud: Cloud, policy: dict[str, Any], words: str) -> None:
    cloud.register()
    with pytest.raises(CallError, match=words):
        cloud.call("PutScalingPolicy", **VARIANT, PolicyName="p", **policy)


def test_one_metric_is_tracked_by_one_policy(cloud: Cloud) -> None:
    cloud.register()
    cloud.track(name="first")
    with pytest.raises(CallError, match="Only one TargetTrackingScaling policy"):
        cloud.track(name="second")


@pytest.mark.parametrize("expression", ["cron(* * * *)", "cron(0 25 * * ? *)", "cron(0 0 1 * 1 *)", "rate(0 hours)",
                                        "rate(1 hours)", "hourly", "at(noon)"])  # fmt: skip
def test_schedules_that_are_none(cloud: Cloud, expression: str) -> None:
    cloud.register()
    with pytest.raises(CallError, match="is not valid"):
        cloud.schedule("a", expression, ScalableTargetAction={"MinCapacity": 1})


def test_a_scheduled_action_is_put_described_changed_and_deleted(cloud: Cloud) -> None:
    cloud.register()
    cloud.schedule("a", "rate(1 hour)", ScalableTargetAction={"MinCapacity": 2})
    cloud.call("PutScheduledAction", **VARIANT, ScheduledActionName="a", Timezone="Europe/Berlin")
    (action,) = cloud.call("DescribeScheduledActions", ServiceNamespace="sagemaker")["ScheduledActions"]
    assert (action["Schedule"], action["Timezone"]) == ("rate(1 hour)", "Europe/Berlin")
    with pytest.raises(CallError, match="time zone"):
        cloud.call("PutScheduledAction", **VARIANT, ScheduledActionName="a", Timezone="Mars/Olympus")
    cloud.call("DeleteScheduledAction", **VARIANT, ScheduledActionName="a")
    assert cloud.call("DescribeScheduledActions", ServiceNamespace="sagemaker")["ScheduledActions"] == []


def test_deregistering_takes_all_along(cloud: Cloud) -> None:
    cloud.register()
    cloud.track()
    cloud.schedule("a", "rate(1 hour)", ScalableTargetAction={"MinCapacity": 2})
    cloud.call("DeregisterScalableTarget", **VARIANT)
    assert cloud.monitor.put == {}
    for operation, member in (("DescribeScalingPolicies", "ScalingPolicies"),
                              ("DescribeScheduledActions", "ScheduledActions")):  # fmt: skip
        assert cloud.call(operation, ServiceNamespace="sagemaker")[member] == []


def test_tags(cloud: Cloud) -> None:
    arn = cloud.register(Tags={"team": "churn"})
    with pytest.raises(CallError, match="TagResource API"):
        cloud.register(Tags={"team": "other"})
    cloud.call("TagResource", ResourceARN=arn, Tags={"a": "b"})
    cloud.call("UntagResource", ResourceARN=arn, TagKeys=["team"])
    assert cloud.call("ListTagsForResource", ResourceARN=arn)["Tags"] == {"a": "b"}
    with pytest.raises(CallError) as error:
        cloud.call("ListTagsForResource", ResourceARN=f"{arn[:-1]}x")
    assert error.value.code == "ResourceNotFoundException"


def test_acknowledged_is_kept(cloud: Cloud) -> None:
    cloud.register(2, 5)
    cloud.track()
    cloud.restart()
    found = cloud.call("DescribeScalableTargets", ServiceNamespace="sagemaker", ScalableDimension=INSTANCES,
                       ResourceIds=[VARIANT["ResourceId"]])  # fmt: skip
    (target,) = found["ScalableTargets"]
    assert target["MinCapacity"] == 2
    (policy,) = cloud.call("DescribeScalingPolicies", **VARIANT)["ScalingPolicies"]
    assert policy["PolicyName"] == "track"


def test_pages(cloud: Cloud) -> None:
    for name in "abc":
        cloud.variants.counts[name, "V"] = 1
        cloud.call("RegisterScalableTarget", **{**VARIANT, "ResourceId": f"endpoint/{name}/variant/V"},
                   MinCapacity=1, MaxCapacity=2)  # fmt: skip
    first = cloud.call("DescribeScalableTargets", ServiceNamespace="sagemaker", MaxResults=2)
    rest = cloud.call("DescribeScalableTargets", ServiceNamespace="sagemaker", NextToken=first["NextToken"])
    assert [len(page["ScalableTargets"]) for page in (first, rest)] == [2, 1]
    with pytest.raises(CallError) as error:
        cloud.call("DescribeScalableTargets", ServiceNamespace="sagemaker", NextToken="x")
    assert error.value.code == "InvalidNextTokenException"


def test_only_forecasts_are_left_out(cloud: Cloud) -> None:
    missing = set(wire.service_model(SERVICE).operation_names) - OPERATIONS.keys()
    assert missing == {"GetPredictiveScalingForecast"}
