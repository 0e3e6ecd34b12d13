from __future__ import annotations

from typing import Any

import pytest
from deployment.check_deployment import handler
from deployment.plan_deployment import handler as plan

from tests.unit.deployment.facts import CONFIG, PACKAGE, config, endpoint

PLAN = plan({"package": PACKAGE, "config": config(), "endpoint": None}, None)


def check(live: Any = None, failure: Any = None, planned: Any = PLAN) -> dict[str, Any]:
    return handler({"package": PACKAGE, "plan": planned, "endpoint": live, "failure": failure}, None)


def test_deployed_is_the_very_configuration_in_service() -> None:
    checked = check(endpoint(CONFIG))
    assert (checked["deployed"], checked["detail_type"]) == (True, "Model Deployed")
    assert checked["detail"]["instance"] == {"type": "ml.m5.large", "count": 1}
    assert checked["detail"]["severity"] == "info"


@pytest.mark.parametrize(
    ("live", "said"),
    [
        (endpoint(FailureReason="alarm x"), "rolled back: alarm x; the endpoint still serves df-zzzzzzzzzz-v2"),
        (endpoint(CONFIG, "Failed", FailureReason="The container did not pass the ping"), "Failed: The container"),
        (endpoint(CONFIG, "Creating"), "still Creating"),
        (endpoint(CONFIG, "UpdateRollbackFailed"), "UpdateRollbackFailed"),
        (None, "before the endpoint was asked for"),
    ],
)
def test_anything_else_is_a_failure_that_says_why(live: Any, said: str) -> None:
    checked = check(live)
    assert (checked["deployed"], checked["detail_type"]) == (False, "Deployment Failed")
    assert said in checked["reason"]
    assert "/aws/sagemaker/Endpoints/adult" in checked["detail"]["log_command"]


def test_what_a_state_caught_wins() -> None:
    failure = {"Error": "SageMaker.AmazonSageMakerException", "Cause": "Could not access model data"}
    assert (
        check(endpoint(CONFIG), failure)["reason"] == "Could not access model data (SageMaker.AmazonSageMakerException)"
    )


def test_without_a_plan_it_is_told_all_the_same() -> None:
    checked = check(None, {"Error": "EndpointUnusableError", "Cause": "endpoint adult is Failed"}, None)
    assert (checked["deployed"], checked["detail"]["project"]) == (False, "adult")
