from __future__ import annotations

from typing import Any

import pytest
from deployment.check_deployment import handler
from deployment.plan_deployment import handler as plan

from tests.unit.botocore_check import assert_valid
from tests.unit.deployment.facts import PACKAGE, config, endpoint, package

PLAN = plan({"packages": [PACKAGE], "config": config(), "endpoint": None}, None)
CONFIG = PLAN["config"]


def check(live: Any = None, failure: Any = None, planned: Any = PLAN, **more: Any) -> dict[str, Any]:
    return handler({"package": PACKAGE, "plan": planned, "endpoint": live, "failure": failure} | more, None)


def test_deployed_is_the_very_configuration_in_service() -> None:
    checked = check(endpoint(CONFIG))
    assert (checked["deployed"], checked["detail_type"]) == (True, "Model Deployed")
    assert checked["detail"]["instance"] == {"type": "ml.m5.large", "count": 1}
    assert checked["detail"]["severity"] == "info"


@pytest.mark.parametrize(
    ("live", "said"),
    [
        (endpoint(FailureReason="alarm x"), "rolled back: alarm x. df-zzzzzzzzzz-v2"),
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
    assert check(endpoint(CONFIG), failure)["reason"] == "Could not access model data"
    late = {"Error": "States.Timeout", "Cause": "no answer"}
    assert "(States.Timeout)" in check(endpoint(CONFIG), late)["reason"]


def test_without_a_plan_it_is_told_all_the_same() -> None:
    checked = check(None, {"Error": "EndpointUnusableError", "Cause": "endpoint adult is Failed"}, None)
    assert (checked["deployed"], checked["detail"]["project"]) == (False, "adult")


def test_an_alarm_that_took_it_back_is_named_with_its_figure_and_the_log() -> None:
    alarm = {"AlarmName": "a-5xx", "StateValue": "ALARM", "MetricName": "Invocation5XXErrors", "Threshold": 0.05}
    quiet = alarm | {"AlarmName": "a-latency", "StateValue": "OK"}
    lines = [{"Message": f"ERROR in line {n}"} for n in range(30)]
    log = [{"events": [{"Message": "all is well"}]}, {"events": lines}]
    checked = check(endpoint(), alarms=[alarm | {"StateReason": "0.5 > 0.05"}, quiet], log=log)
    detail = checked["detail"]
    assert (checked["stage"], detail["rolled_back"], detail["live_version"]) == ("alarm", True, 2)
    assert [(a["name"], a["metric"], a["reason"]) for a in detail["alarms"]] == [
        ("a-5xx", "Invocation5XXErrors", "0.5 > 0.05")
    ]
    assert detail["log"].splitlines()[-1] == "ERROR in line 29"


def test_a_composite_alarm_is_named_with_its_reason() -> None:
    composite = {"AlarmName": "business", "StateValue": "ALARM", "StateReason": "ALARM(kpi) is true"}
    checked = check(endpoint(), alarms=[composite])
    assert "alarm business rang (ALARM(kpi) is true)" in checked["reason"]


@pytest.mark.parametrize("live", [endpoint(CONFIG), endpoint(FailureReason="{bad}, 'x' " + "y" * 400)])
def test_the_mark_is_one_that_the_registry_takes(live: Any) -> None:
    mark = check(live)["mark"]
    assert_valid("sagemaker", "UpdateModelPackage", mark)
    text = mark["CustomerMetadataProperties"]["dropforge:deployment"]
    assert len(text) <= 256
    assert set(text).isdisjoint(set(",{}"))


def test_a_first_endpoint_that_failed_is_cleaned_up_and_nothing_else() -> None:
    assert check(endpoint(CONFIG, "Failed"))["clean_up"] is True
    assert check(endpoint())["clean_up"] is False
    assert check(endpoint(CONFIG))["clean_up"] is False


def compared(**more: Any) -> dict[str, Any]:
    """A check whose plan had a comparison: the live configuration is that of both versions."""
    planned = plan(
        {"packages": [PACKAGE, package(2)], "config": config("deploy: {strategy: ab}\n"), "endpoint": endpoint()}, None
    )
    both = planned["endpoint_configs"][0]["EndpointConfigName"]
    gone = {"decision": "remove", "reason": "12 % of its answers were errors", "figures": None}
    live = endpoint(both, ProductionVariants=[{"VariantName": "AllTraffic"}, {"VariantName": "Challenger"}])
    return check(live, planned=planned, **({"experiment": gone} | more))


def test_a_challenger_that_could_not_be_removed_is_said_to_have_its_share_still() -> None:
    failed = compared(failure={"Error": "SageMaker.AmazonSageMakerException", "Cause": "no capacity"})
    assert failed["reason"] == "12 % of its answers were errors. The way back failed: no capacity"
    assert (failed["detail"]["still_compared"], failed["detail"]["rolled_back"]) == (True, False)
    assert (failed["stage"], failed["detail"]["compared_version"]) == ("experiment", 3)
    taken_back = compared()
    assert (taken_back["detail"]["still_compared"], taken_back["detail"]["rolled_back"]) == (True, False)
    assert check(endpoint(CONFIG))["detail"]["still_compared"] is False


def test_what_broke_off_a_comparison_is_told_in_words() -> None:
    caught = {"Error": "CloudWatch.CloudWatchException", "Cause": "Rate exceeded (Service: CloudWatch, Status: 400)"}
    gone = {"decision": "remove", "reason": "the comparison broke off", "figures": None, "caught": caught}
    assert compared(experiment=gone)["reason"].startswith("the comparison broke off: Rate exceeded. df-")


def test_what_serves_on_was_not_rolled_back() -> None:
    differs = {"decision": "failed", "reason": "9 of 9 answers differ", "figures": None}
    checked = check(endpoint(CONFIG), planned=PLAN | {"first": False}, verified=differs)
    assert (checked["stage"], checked["clean_up"]) == ("verification", False)
    assert (checked["detail"]["rolled_back"], checked["detail"]["clean_up"]) == (False, False)
    first = check(endpoint(CONFIG), verified=differs)
    assert (first["clean_up"], first["detail"]["clean_up"], first["detail"]["rolled_back"]) == (True, True, False)


def test_a_slow_version_is_told_with_the_unit_of_its_figure() -> None:
    alarm = {"AlarmName": "a-latency", "StateValue": "ALARM", "MetricName": "ModelLatency", "Threshold": 500_000}
    checked = check(endpoint(), alarms=[alarm])
    assert "rang (ModelLatency over 500000 microseconds)" in checked["reason"]
    assert checked["detail"]["alarms"][0]["unit"] == "microseconds"


@pytest.mark.parametrize("shadow", [False, True])
def test_a_comparison_of_an_earlier_deployment_is_told_with_its_version(shadow: bool) -> None:
    """It stands still, and this deployment, of another version, has no plan of it."""
    name, model = ("Shadow" if shadow else "Challenger"), "df-run0000007-v7"
    key = "ShadowProductionVariants" if shadow else "ProductionVariants"
    live = endpoint("df-run0000002-v2-both", **{key: [{"VariantName": name}]})
    known = {
        "EndpointConfigName": "df-run0000002-v2-both",
        "ProductionVariants": [],
        key: [{"VariantName": name, "ModelName": model}],
    }
    failed = check(live, {"Error": "EndpointUnusableError", "Cause": "no"}, None, live_config=known)
    assert (failed["detail"]["still_compared"], failed["detail"]["compared_version"]) == (True, 7)
    unknown = check(live, {"Error": "EndpointUnusableError", "Cause": "no"}, None)
    assert (unknown["detail"]["still_compared"], unknown["detail"]["compared_version"]) == (True, None)


def test_what_a_failed_rejection_leaves_is_not_marked_as_failed() -> None:
    target = {
        "action": "deploy",
        "reason": "",
        "after": "rejection",
        "decided_at": "",
        "project": "adult",
        "version": 4,
    }
    failure = {"Error": "SageMaker.SageMakerException", "Cause": "quota"}
    assert check(endpoint(), failure, target=target)["mark"] is not None  # version 3 should have come back
    assert check(endpoint(), failure, target=target | {"stays": True})["mark"] is None
    assert check(endpoint(), failure, None, target=target | {"version": 3})["mark"] is None  # the rejected one itself
