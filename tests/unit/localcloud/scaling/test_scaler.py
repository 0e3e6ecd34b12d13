"""Variants grow and shrink as alarms, bounds and schedules say, and every change is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.localcloud.scaling.helpers import VARIANT, Cloud

SAMPLE = Path(__file__).parent / "samples" / "scaled_to_max.json"  # of the EventBridge reference


def test_out_by_the_load_and_in_again(cloud: Cloud) -> None:
    cloud.register(1, 4)
    cloud.track(100, ScaleOutCooldown=60, ScaleInCooldown=300)
    cloud.monitor.ring("AlarmHigh", 250, 260, 240)
    cloud.look()
    assert cloud.count == 3
    newest = cloud.activities()[0]
    assert newest["StatusCode"] == "Successful"
    assert newest["Description"] == "Setting desired instance count to 3."
    assert "-AlarmHigh-" in newest["Cause"]
    assert newest["Cause"].endswith("in state ALARM triggered policy track")
    cloud.monitor.ring("AlarmLow", *[10.0] * 15)
    cloud.look(400)
    assert cloud.count == 1


def test_the_most_is_the_most_and_told_as_an_event(cloud: Cloud) -> None:
    cloud.register(1, 3)
    cloud.track(10)
    cloud.monitor.ring("AlarmHigh", 900, 900, 900)
    cloud.look()
    assert cloud.count == 3
    (event,) = cloud.events
    assert event["source"] == "aws.application-autoscaling"
    detail = event["detail"]
    assert (detail["oldDesiredCapacity"], detail["newDesiredCapacity"], detail["scaledToMax"]) == (1, 3, True)
    assert detail["resourceId"] == VARIANT["ResourceId"]
    cloud.look(1000)
    assert cloud.variants.wanted == [3]
    assert len(cloud.activities()) == 1
    (told,) = [a for a in cloud.activities(IncludeNotScaledActivities=True) if "NotScaledReasons" in a]
    assert told["NotScaledReasons"] == [{"Code": "AlreadyAtMaxCapacity", "MaxCapacity": 3}]


def test_the_event_has_the_members_of_awss_sample(cloud: Cloud) -> None:
    cloud.register(1, 2)
    cloud.track(10)
    cloud.monitor.ring("AlarmHigh", 900, 900, 900)
    cloud.look()
    sample = json.loads(SAMPLE.read_text())
    assert cloud.events[0].keys() == sample.keys()
    assert cloud.events[0]["detail"].keys() == sample["detail"].keys()


def test_cool_downs_hold_back_but_a_larger_need_does_not_wait(cloud: Cloud) -> None:
    cloud.register(1, 10)
    cloud.track(100, ScaleOutCooldown=300, ScaleInCooldown=300)
    cloud.monitor.ring("AlarmHigh", 150, 150, 150)
    cloud.look()
    assert cloud.count == 2
    cloud.look(10)
    assert cloud.count == 2
    cloud.monitor.ring("AlarmHigh", 300, 300, 300)
    cloud.look(10)
    assert cloud.count == 6
    cloud.monitor.ring("AlarmHigh", 110, 110, 110)
    cloud.look(10)
    assert cloud.count == 6
    cloud.look(300)
    assert cloud.count == 7
    cloud.monitor.ring("AlarmLow", 50)
    cloud.look(10)
    assert cloud.count == 4
    cloud.look(10)
    assert cloud.count == 4
    cloud.look(300)
    assert cloud.count == 2


def test_cool_downs_pass_faster_in_scaled_time(tmp_path: Path) -> None:
    cloud = Cloud(tmp_path, time_scale=60)
    cloud.register(1, 4)
    cloud.track(100, ScaleOutCooldown=300)
    cloud.monitor.ring("AlarmHigh", 150, 150, 150)
    cloud.look()
    cloud.look(4)
    assert cloud.count == 2
    cloud.look(2)
    assert cloud.count == 3
    cloud.service.close()


@pytest.mark.parametrize(("low", "high", "count", "wanted"), [(2, 4, 1, 2), (1, 3, 5, 3), (1, 3, 2, 2)])
def test_bounds_that_are_set_hold_at_once(cloud: Cloud, low: int, high: int, count: int, wanted: int) -> None:
    cloud.variants.counts["churn", "AllTraffic"] = count
    cloud.register(low, high)
    cloud.look()
    assert cloud.count == wanted
    causes = [activity["Cause"] for activity in cloud.activities()]
    expected = [f"minimum capacity was set to {low} and maximum capacity was set to {high}"]
    assert causes == (expected if wanted != count else [])


def test_nobody_scales_an_endpoint_that_is_being_changed(cloud: Cloud) -> None:
    cloud.register()
    cloud.track()
    cloud.monitor.ring("AlarmHigh", 300, 300, 300)
    cloud.variants.hold = True
    cloud.look()
    assert cloud.variants.wanted == []
    cloud.variants.hold, cloud.variants.busy = False, True
    cloud.look()
    assert cloud.activities() == []
    cloud.variants.busy = False
    cloud.look()
    assert cloud.count == 3


def test_what_sagemaker_refuses_is_told_once_a_minute(cloud: Cloud) -> None:
    cloud.register()
    cloud.track()
    cloud.monitor.ring("AlarmHigh", 300, 300, 300)
    cloud.variants.refusal = "no more instances"
    cloud.look(looks=5)
    (failed,) = cloud.activities()
    assert failed["StatusCode"] == "Failed"
    assert failed["StatusMessage"].endswith("Reason: no more instances")
    cloud.variants.refusal = ""
    cloud.look(60)
    assert cloud.count == 3


def test_a_change_that_was_rolled_back_has_failed(cloud: Cloud) -> None:
    cloud.register()
    cloud.track()
    cloud.monitor.ring("AlarmHigh", 300, 300, 300)
    cloud.look(looks=1)
    cloud.variants.counts["churn", "AllTraffic"] = 1
    cloud.monitor.values = {}
    cloud.look(looks=1)
    assert [a["StatusCode"] for a in cloud.activities()] == ["Failed"]


def test_an_activity_is_finished_after_a_restart(cloud: Cloud) -> None:
    cloud.register()
    cloud.track()
    cloud.monitor.ring("AlarmHigh", 300, 300, 300)
    cloud.look(looks=1)
    cloud.restart()
    cloud.look(looks=1)
    assert [a["StatusCode"] for a in cloud.activities()] == ["Successful"]


def test_suspended_ways_are_not_gone(cloud: Cloud) -> None:
    cloud.register(1, 4, SuspendedState={"DynamicScalingOutSuspended": True})
    cloud.track()
    cloud.monitor.ring("AlarmHigh", 300, 300, 300)
    cloud.look()
    assert cloud.count == 1
    cloud.call("RegisterScalableTarget", **VARIANT, SuspendedState={"DynamicScalingOutSuspended": False})
    cloud.look()
    assert cloud.count == 3


def test_an_endpoint_that_is_gone_is_deregistered_with_its_alarms(cloud: Cloud) -> None:
    cloud.register()
    cloud.track()
    cloud.variants.counts.clear()
    cloud.look()
    assert cloud.call("DescribeScalableTargets", ServiceNamespace="sagemaker")["ScalableTargets"] == []
    assert cloud.monitor.put == {}


def test_without_traffic_zeros_are_told(cloud: Cloud) -> None:
    cloud.register()
    cloud.track()
    cloud.look(looks=1)
    assert cloud.monitor.zeros == ["InvocationsPerInstance"]


def step(cloud: Cloud, name: str, threshold: float, config: dict[str, Any]) -> None:
    arn = cloud.call("PutScalingPolicy", **VARIANT, PolicyName=name, PolicyType="StepScaling",
                     StepScalingPolicyConfiguration=config)["PolicyARN"]  # fmt: skip
    cloud.monitor.put_alarm({"AlarmName": name, "Threshold": threshold, "AlarmActions": [arn]})


def test_a_users_alarm_starts_a_step_policy(cloud: Cloud) -> None:
    cloud.variants.empty.add("churn")
    cloud.variants.counts["churn", "AllTraffic"] = 0
    cloud.register(0, 5)
    steps = [{"MetricIntervalLowerBound": 0, "ScalingAdjustment": 1}]
    step(cloud, "backlog", 1.0, {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": steps, "Cooldown": 60})
    cloud.monitor.values = {"backlog": [1.0]}
    cloud.look()
    assert cloud.count == 1
    cloud.look(10)
    assert cloud.count == 1
    cloud.look(60)
    assert cloud.count == 2
    (policy,) = cloud.call("DescribeScalingPolicies", ServiceNamespace="sagemaker")["ScalingPolicies"]
    assert [alarm["AlarmName"] for alarm in policy["Alarms"]] == ["backlog"]


def test_the_neediest_of_several_policies_is_followed(cloud: Cloud) -> None:
    cloud.register(1, 10)
    cloud.track()
    own = {"Namespace": "Own", "MetricName": "Queue", "Statistic": "Average"}
    cloud.call("PutScalingPolicy", **VARIANT, PolicyName="own", PolicyType="TargetTrackingScaling",
               TargetTrackingScalingPolicyConfiguration={"TargetValue": 10,
                                                         "CustomizedMetricSpecification": own})  # fmt: skip
    high = [name for name in cloud.monitor.put if "-AlarmHigh-" in name]
    cloud.monitor.values = {high[0]: [200.0] * 3, high[1]: [50.0] * 3}
    cloud.look()
    assert cloud.count == 5
    low = [name for name in cloud.monitor.put if "-AlarmLow-" in name]
    cloud.monitor.values = {low[0]: [0.0]}
    cloud.look(1000)
    assert cloud.count == 5, "one of the two has not said that it needs less"
    cloud.monitor.values = {low[0]: [0.0], low[1]: [8.0]}
    cloud.look()
    assert cloud.count == 4


def test_night_and_morning(cloud: Cloud) -> None:
    cloud.variants.counts["churn", "AllTraffic"] = 3
    cloud.register(3, 6)
    cloud.schedule("night", "cron(0 22 * * ? *)", Timezone="Europe/Berlin",
                   ScalableTargetAction={"MinCapacity": 1, "MaxCapacity": 2})  # fmt: skip
    cloud.schedule("day", "cron(0 6 * * ? *)", Timezone="Europe/Berlin",
                   ScalableTargetAction={"MinCapacity": 3, "MaxCapacity": 6})  # fmt: skip
    cloud.scheduled += 20.5 * 3600
    cloud.look()
    assert cloud.count == 3
    cloud.scheduled += 3600
    cloud.look()
    assert cloud.count == 2
    assert cloud.activities()[0]["Cause"].startswith("scheduled action name night was triggered")
    cloud.scheduled += 8 * 3600
    cloud.look()
    assert cloud.count == 3
    (target,) = cloud.call("DescribeScalableTargets", ServiceNamespace="sagemaker")["ScalableTargets"]
    assert (target["MinCapacity"], target["MaxCapacity"]) == (3, 6)
