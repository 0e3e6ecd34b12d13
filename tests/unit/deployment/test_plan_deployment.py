from __future__ import annotations

from typing import Any

import pytest
from deployment.decide import EndpointUnusableError
from deployment.plan_deployment import handler

from tests.unit.botocore_check import assert_valid
from tests.unit.deployment.facts import CONFIG, PACKAGE, config, endpoint


def plan(package: Any = PACKAGE, text: str = "", live: Any = None, attempt: int = 1) -> dict[str, Any]:
    return handler({"package": package, "config": config(text), "endpoint": live, "attempt": attempt}, None)


def test_the_first_model_creates_the_endpoint() -> None:
    planned = plan()
    assert planned["action"] == "create"
    for operation, key in (
        ("CreateModel", "model"),
        ("CreateEndpointConfig", "endpoint_config"),
        ("CreateEndpoint", "endpoint"),
    ):
        assert_valid("sagemaker", operation, planned[key])
    assert planned["model"]["ModelName"] == "df-abcdefghij-v3"
    assert "ImageDigest" not in planned["model"]["PrimaryContainer"]
    assert planned["model"]["EnableNetworkIsolation"] is True
    assert planned["endpoint"]["EndpointName"] == "adult"
    assert planned["endpoint_config"]["EndpointConfigName"] == CONFIG


def test_the_next_updates_it() -> None:
    planned = plan(live=endpoint())
    assert planned["action"] == "update"
    assert planned["endpoint"] == {"EndpointName": "adult", "EndpointConfigName": CONFIG}
    assert_valid("sagemaker", "UpdateEndpoint", planned["endpoint"])


def test_a_count_that_somebody_scaled_is_kept() -> None:
    planned = plan(live=endpoint(count=4))
    assert planned["endpoint"]["RetainAllVariantProperties"] is True
    assert_valid("sagemaker", "UpdateEndpoint", planned["endpoint"])
    assert "RetainAllVariantProperties" not in plan(live=endpoint("somebody-elses", count=4))["endpoint"]


def test_the_project_says_on_what_it_runs() -> None:
    planned = plan(text="deploy: {instance_type: ml.m5d.large, initial_instance_count: 2}\n", live=endpoint(CONFIG))
    assert planned["action"] == "update"
    variant = planned["endpoint_config"]["ProductionVariants"][0]
    assert (variant["InstanceType"], variant["InitialInstanceCount"]) == ("ml.m5d.large", 2)
    assert "KmsKeyId" not in planned["endpoint_config"]


def test_a_script_that_brings_packages_may_reach_them() -> None:
    said = PACKAGE["CustomerMetadataProperties"] | {"dropforge:isolated": "false"}
    assert plan(PACKAGE | {"CustomerMetadataProperties": said})["model"]["EnableNetworkIsolation"] is False


@pytest.mark.parametrize(
    ("package", "text", "live", "reason"),
    [
        (PACKAGE | {"CustomerMetadataProperties": {}}, "", None, "not made by Dropforge"),
        (PACKAGE | {"CustomerMetadataProperties": None}, "", None, "not made by Dropforge"),
        (PACKAGE | {"ModelPackageGroupName": "other"}, "", None, "not made by Dropforge"),
        (PACKAGE | {"ModelApprovalStatus": "Rejected"}, "", None, "is Rejected now"),
        (PACKAGE, "deploy: {enabled: false}\n", None, "deploy.enabled"),
        (PACKAGE, "", endpoint(CONFIG), "live already"),
    ],
)
def test_nothing_to_deploy(package: Any, text: str, live: Any, reason: str) -> None:
    planned = plan(package, text, live)
    assert planned["action"] == "none"
    assert reason in planned["reason"]


@pytest.mark.parametrize(
    "live",
    [
        endpoint(CONFIG),
        endpoint(CONFIG, "Creating"),
        endpoint(status="Updating", PendingDeploymentSummary={"EndpointConfigName": CONFIG}),
    ],
)
def test_a_recovered_deployment_only_checks_what_was_asked_before(live: Any) -> None:
    assert plan(live=live, attempt=2)["action"] == "check"


def test_a_recovered_deployment_that_had_not_asked_yet_asks() -> None:
    assert plan(live=endpoint(), attempt=2)["action"] == "update"


@pytest.mark.parametrize("status", ["Failed", "Deleting"])
def test_an_endpoint_that_no_update_leaves_is_told_with_the_command(status: str) -> None:
    with pytest.raises(EndpointUnusableError, match="delete-endpoint --endpoint-name adult"):
        plan(live=endpoint(status=status))


def test_a_project_that_is_gone_deploys_with_defaults() -> None:
    planned = handler({"package": PACKAGE, "config": None, "endpoint": None}, None)
    assert planned["endpoint_config"]["EndpointConfigName"] == CONFIG
