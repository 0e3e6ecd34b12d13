from __future__ import annotations

from typing import Any

import pytest
from deployment.plan_deployment import handler

from tests.unit.botocore_check import assert_valid
from tests.unit.deployment.facts import PACKAGE, config, endpoint
from tests.unit.deployment.test_plan_deployment import package

AB = "deploy: {ab: {weight: 20, steps: [50, 100]}, rollout: {wait: 60}}\n"
SHADOW = "deploy: {strategy: shadow, shadow: {sampling: 25}}\n"


def plan(text: str, live: Any = None, packages: Any = None) -> dict[str, Any]:
    found = packages or [PACKAGE, package(2)]
    facts = {"packages": found, "config": config(text), "endpoint": live or endpoint(), "live_config": None}
    return handler(facts, None)


@pytest.mark.parametrize("text", [AB, SHADOW])
def test_every_request_is_one_that_sagemaker_takes(text: str) -> None:
    planned = plan(text)
    for request in planned["endpoint_configs"]:
        assert_valid("sagemaker", "CreateEndpointConfig", request)
    for request in planned["models"]:
        assert_valid("sagemaker", "CreateModel", request)
    for request in planned["alarms"]:
        assert_valid("cloudwatch", "PutMetricAlarm", request)
    operations = {"update": "UpdateEndpoint", "weights": "UpdateEndpointWeightsAndCapacities"}
    for phase in (*planned["phases"], *planned["fallback"]):
        if phase["kind"] in operations:
            assert_valid("sagemaker", operations[phase["kind"]], phase["request"])


def test_a_challenger_gets_its_share_is_compared_and_then_all_step_by_step() -> None:
    planned = plan(AB)
    both, alone = planned["endpoint_configs"]
    assert {v["VariantName"]: v["InitialVariantWeight"] for v in both["ProductionVariants"]} == {
        "AllTraffic": 80.0,
        "Challenger": 20.0,
    }
    kinds = [phase["kind"] for phase in planned["phases"]]
    assert kinds == ["update", "experiment", "weights", "watch", "weights", "watch", "update"]
    assert "DeploymentConfig" not in planned["phases"][0]["request"], "AWS wants the same variants before and after"
    given = planned["phases"][1]["input"]
    assert (given["kind"], given["champion"]["version"], given["challenger"]["version"]) == ("ab", 2, 3)
    told = planned["phases"][1]["detail"]
    assert given["model_package_arn"] == told["model_package_arn"] == PACKAGE["ModelPackageArn"]
    assert planned["phases"][-1]["config"] == planned["config"] == alone["EndpointConfigName"]
    assert planned["fallback"][0]["config"] == "df-zzzzzzzzzz-v2-0123456789"


def test_a_shadow_gets_a_copy_and_everything_is_kept_for_the_comparison() -> None:
    planned = plan(SHADOW)
    both = planned["endpoint_configs"][0]
    (shadow,) = both["ShadowProductionVariants"]
    assert (shadow["VariantName"], shadow["InitialVariantWeight"]) == ("Shadow", 0.25)
    assert both["DataCaptureConfig"]["InitialSamplingPercentage"] == 100
    assert planned["phases"][1]["input"]["capture_uri"] == both["DataCaptureConfig"]["DestinationS3Uri"]
    assert [phase["kind"] for phase in planned["phases"]] == ["update", "experiment", "update"]


@pytest.mark.parametrize("text", [AB, SHADOW])
def test_without_another_version_there_is_nothing_to_compare_and_the_notice_says_so(text: str) -> None:
    first = handler({"packages": [PACKAGE], "config": config(text), "endpoint": None}, None)
    assert (first["strategy"], [p["kind"] for p in first["phases"]]) == ("all_at_once", ["create"])
    assert "no other version" in first["warnings"][0]


def test_a_rejection_is_no_occasion_for_an_experiment() -> None:
    facts = {
        "packages": [package(2), PACKAGE],
        "config": config(AB),
        "endpoint": endpoint("df-abcdefghij-v3-0123456789"),
    }
    planned = handler({**facts, "after": "rejection"}, None)
    assert [p["kind"] for p in planned["phases"]] == ["update"]
    assert planned["warnings"] == []


@pytest.mark.parametrize("text", [AB, SHADOW])
def test_counts_that_are_scaled_during_the_comparison_are_kept_at_its_end(text: str) -> None:
    scaled = text.replace("deploy: {", "deploy: {scaling: {max: 4}, ")
    planned = plan(scaled)
    first, *rest = [p["request"] for p in (*planned["phases"], *planned["fallback"]) if p["kind"] == "update"]
    assert "RetainAllVariantProperties" not in first
    assert all(request["RetainAllVariantProperties"] for request in rest)
    fixed = [p["request"] for p in (*plan(text)["phases"], *plan(text)["fallback"]) if p["kind"] == "update"]
    assert not any("RetainAllVariantProperties" in request for request in fixed)
