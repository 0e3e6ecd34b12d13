"""What an endpoint's scaling is planned to be; every request is one that AWS takes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scaling.plan_scaling import handler

from tests.unit.botocore_check import complaints

OPERATIONS = {"targets_gone": "DeregisterScalableTarget", "targets": "RegisterScalableTarget",
              "policies": "PutScalingPolicy", "nights": "PutScheduledAction",
              "nights_gone": "DeleteScheduledAction"}  # fmt: skip
NAMES = st.sampled_from(["AllTraffic", "Challenger", "Shadow"])
CLOCKS = st.tuples(st.integers(0, 23), st.integers(0, 59)).map(lambda t: f"{t[0]:02}:{t[1]:02}")
NIGHTS = st.fixed_dictionaries({"min": st.integers(0, 3), "from": CLOCKS, "until": CLOCKS})
BLOCKS = st.fixed_dictionaries(
    {"enabled": st.booleans(), "min": st.integers(0, 3), "max": st.integers(3, 9), "target": st.integers(1, 100),
     "night": st.none() | NIGHTS}
)  # fmt: skip
MODES = st.sampled_from(["real_time", "serverless", "asynchronous"])
VARIANTS = st.lists(
    st.fixed_dictionaries({"name": NAMES, "mode": MODES, "scaling": st.none() | BLOCKS}),
    unique_by=lambda v: str(v["name"]),
)


def plan(*variants: dict[str, Any], gone: tuple[str, ...] = ()) -> dict[str, Any]:
    return handler({"project": "churn", "endpoint": "churn", "variants": list(variants), "gone": list(gone)}, None)


def variant(mode: str = "real_time", **scaling: Any) -> dict[str, Any]:
    return {"name": "AllTraffic", "mode": mode, "scaling": scaling}


def tracked(found: dict[str, Any]) -> dict[str, Any]:
    (policy,) = found["policies"]
    config: dict[str, Any] = policy["TargetTrackingScalingPolicyConfiguration"]
    return config


@pytest.mark.parametrize(
    ("mode", "metric", "kind", "target"),
    [
        ("real_time", None, "SageMakerVariantInvocationsPerInstance", 50),
        ("real_time", "concurrency", "SageMakerVariantConcurrentRequestsPerModelHighResolution", 50),
        ("serverless", None, "SageMakerVariantProvisionedConcurrencyUtilization", 0.5),
        ("asynchronous", "invocations", "SageMakerVariantInvocationsPerInstance", 50),
    ],
)
def test_what_is_tracked(mode: str, metric: str | None, kind: str, target: float) -> None:
    found = tracked(plan(variant(mode, metric=metric, target=50)))
    assert found["PredefinedMetricSpecification"] == {"PredefinedMetricType": kind}
    assert (found["TargetValue"], found["ScaleInCooldown"], found["ScaleOutCooldown"]) == (target, 300, 60)


def test_a_serverless_variant_has_another_dimension() -> None:
    assert plan(variant("serverless"))["targets"][0]["ScalableDimension"].endswith(":DesiredProvisionedConcurrency")


def test_a_backlog_is_the_endpoints() -> None:
    own = tracked(plan(variant("asynchronous")))["CustomizedMetricSpecification"]
    assert own["MetricName"] == "ApproximateBacklogSizePerInstance"
    assert own["Dimensions"] == [{"Name": "EndpointName", "Value": "churn"}]


@pytest.mark.parametrize(
    ("mode", "scaling", "wakes"),
    [
        ("asynchronous", {"min": 0}, True),
        ("asynchronous", {"min": 1, "night": {"min": 0}}, True),
        ("asynchronous", {"min": 1}, False),
        ("real_time", {"min": 1}, False),
    ],
)
def test_only_what_may_sleep_is_woken(mode: str, scaling: dict[str, Any], wakes: bool) -> None:
    assert bool(plan(variant(mode, **scaling))["wakers"]) == wakes


def test_the_night_begins_and_ends() -> None:
    found = plan(
        variant(min=2, max=6, night={"min": 1, "from": "22:05", "until": "06:00", "timezone": "Europe/Berlin"})
    )
    said = [(a["Schedule"], a["Timezone"], a["ScalableTargetAction"]) for a in found["nights"]]
    assert said == [
        ("cron(5 22 * * ? *)", "Europe/Berlin", {"MinCapacity": 1}),
        ("cron(0 6 * * ? *)", "Europe/Berlin", {"MinCapacity": 2}),
    ]
    assert found["nights_gone"] == []


def test_without_a_night_an_earlier_one_goes() -> None:
    assert {a["ScheduledActionName"] for a in plan(variant())["nights_gone"]} == {"dropforge-night", "dropforge-day"}


def test_gone_is_stronger_than_wanted() -> None:
    found = plan(variant(), gone=("AllTraffic",))
    assert (found["registered"], found["deregistered"], found["targets"]) == ([], ["AllTraffic"], [])


@given(VARIANTS, st.lists(NAMES, max_size=2))
def test_every_variant_is_on_one_side_and_every_request_is_valid(variants: list[Any], gone: list[str]) -> None:
    found = plan(*variants, gone=tuple(gone))
    assert {*found["registered"], *found["deregistered"]} == {*gone, *(v["name"] for v in variants)}
    assert not {*found["registered"]} & {*found["deregistered"]}
    for member, operation in OPERATIONS.items():
        for request in found[member]:
            assert complaints("application-autoscaling", operation, request) == []
    for waker in found["wakers"]:
        assert complaints("application-autoscaling", "PutScalingPolicy", waker["policy"]) == []
        assert complaints("cloudwatch", "PutMetricAlarm", waker["alarm"]) == []
