from __future__ import annotations

from typing import Any

import pytest
from deployment.kinds import EndpointUnusableError
from deployment.plan_deployment import handler
from dropforge import names

from tests.unit.botocore_check import assert_valid
from tests.unit.deployment.facts import PACKAGE, config, endpoint, package

MODES = {
    "real_time": "",
    "serverless": "deploy: {serverless: {memory: 4096, max_concurrency: 7, provisioned: 2}}\n",
    "asynchronous": "deploy: {asynchronous: {max_concurrent: 4}}\n",
    "captured": "deploy: {capture: {sampling: 30, mode: input}}\n",
    "several": "deploy: {variants: [{name: a, model: live, weight: 9}, {name: b, model: latest}]}\n",
}
STRATEGIES = {
    "all_at_once": "deploy: {rollout: {bake: 60}}\n",
    "canary": "deploy: {strategy: canary, initial_instance_count: 2, rollout: {size: 50, wait: 60, timeout: 900}}\n",
    "linear": "deploy: {strategy: linear, initial_instance_count: 4, rollout: {size: 1, unit: instances}}\n",
    "rolling": "deploy: {strategy: rolling, initial_instance_count: 4, rollout: {size: 25, rollback_size: 50}}\n",
}


def plan(text: str = "", live: Any = None, packages: Any = (PACKAGE,), **more: Any) -> dict[str, Any]:
    return handler({"packages": list(packages), "config": config(text), "endpoint": live} | more, None)


def valid(planned: dict[str, Any]) -> None:
    """AWS would take every request of a plan."""
    kinds = {"create": "CreateEndpoint", "update": "UpdateEndpoint"}
    for operation, requests in (("CreateModel", "models"), ("CreateEndpointConfig", "endpoint_configs")):
        for request in planned[requests]:
            assert_valid("sagemaker", operation, request)
    for alarm in planned["alarms"]:
        assert_valid("cloudwatch", "PutMetricAlarm", alarm)
    for phase in planned["phases"]:
        assert_valid("sagemaker", kinds[phase["kind"]], phase["request"])


def test_the_first_model_creates_the_endpoint() -> None:
    planned = plan()
    assert (planned["action"], planned["version"], planned["previous_version"]) == ("create", 3, None)
    valid(planned)
    (model,), (made,), (phase,) = planned["models"], planned["endpoint_configs"], planned["phases"]
    assert (model["ModelName"], model["EnableNetworkIsolation"]) == ("df-abcdefghij-v3", True)
    assert "ImageDigest" not in model["PrimaryContainer"]
    assert made["EndpointConfigName"] == planned["config"] == phase["config"]
    assert (phase["kind"], phase["request"]["EndpointName"]) == ("create", "adult")


@pytest.mark.parametrize("text", [*MODES.values(), *STRATEGIES.values()], ids=[*MODES, *STRATEGIES])
@pytest.mark.parametrize("live", [None, endpoint()], ids=["first", "next"])
def test_every_mode_and_strategy_is_what_aws_takes(text: str, live: Any) -> None:
    planned = plan(text, live, [PACKAGE, package(2)])
    assert planned["action"] == ("update" if live else "create")
    valid(planned)
    assert len(planned["config"]) <= 63
    assert names.configured_version(planned["config"]) == ("abcdefghij", 3)


@pytest.mark.parametrize(("strategy", "text"), STRATEGIES.items())
def test_the_strategy_is_aws_s_guardrail_with_our_alarms(strategy: str, text: str) -> None:
    planned = plan(text, endpoint())
    guard = planned["phases"][0]["request"]["DeploymentConfig"]
    assert planned["strategy"] == strategy
    assert [a["AlarmName"] for a in guard["AutoRollbackConfiguration"]["Alarms"]] == [
        a["AlarmName"] for a in planned["alarms"]
    ]
    policy = guard.get("BlueGreenUpdatePolicy", {}).get("TrafficRoutingConfiguration", {})
    assert policy.get("Type", "ROLLING") == strategy.upper()


def test_alarms_watch_the_new_instances_alone_and_silence_is_no_fault() -> None:
    planned = plan("deploy: {rollout: {max_errors: 2, max_latency: 250, alarms: [mine]}}\n", endpoint())
    errors, slow = planned["alarms"]
    for alarm in (errors, slow):
        of = {d["Name"]: d["Value"] for d in alarm["Dimensions"]}
        assert of == {"EndpointName": "adult", "VariantName": "AllTraffic", "EndpointConfigName": planned["config"]}
        assert alarm["TreatMissingData"] == "notBreaching"
    assert (errors["MetricName"], errors["Statistic"], errors["Threshold"]) == ("Invocation5XXErrors", "Average", 0.02)
    # ModelLatency is in microseconds.
    assert (slow["MetricName"], slow["ExtendedStatistic"], slow["Threshold"]) == ("ModelLatency", "p90", 250_000)
    named = planned["phases"][0]["request"]["DeploymentConfig"]["AutoRollbackConfiguration"]["Alarms"]
    assert {"AlarmName": "mine"} in named
    assert planned["watched_alarms"] == ["mine"]


def test_a_configuration_s_name_says_all_that_differs() -> None:
    texts = [*MODES.values(), "deploy: {initial_instance_count: 2}\n", "deploy: {instance_type: ml.c5.large}\n"]
    found = [plan(text, packages=[PACKAGE, package(2)])["config"] for text in texts]
    assert len(set(found)) == len(texts)
    assert found == [plan(text, packages=[PACKAGE, package(2)])["config"] for text in texts]
    assert plan("deploy: {rollout: {bake: 9}}\n")["config"] == plan()["config"], "how it came is no part of it"


def test_a_rejection_goes_back_at_once_and_no_alarm_brings_the_rejected_one_back() -> None:
    text = STRATEGIES["canary"].replace("rollout: {", "rollout: {alarms: [kpi], ", 1)
    assert plan(text, endpoint())["watched_alarms"] == ["kpi"]
    planned = plan(text, endpoint(), after="rejection")
    assert planned["watched_alarms"] == [], "one of them may be why it was rejected"
    assert planned["strategy"] == "all_at_once"
    assert "DeploymentConfig" not in planned["phases"][0]["request"]


def test_other_variants_move_without_guardrails() -> None:
    planned = plan(MODES["several"], endpoint(), [PACKAGE, package(2)])
    assert "DeploymentConfig" not in planned["phases"][0]["request"], "AWS wants the same variants before and after"
    variants = {v["VariantName"]: v["ModelName"] for v in planned["endpoint_configs"][0]["ProductionVariants"]}
    assert variants == {"a": "df-run0000002-v2", "b": "df-abcdefghij-v3"}


def test_renamed_variants_are_not_called_a_canary() -> None:
    text = "deploy: {strategy: canary, initial_instance_count: 2, variants: [{name: a, model: latest}]}\n"
    planned = plan(text, endpoint())
    assert planned["strategy"] == "all_at_once"
    assert "variants (a) are called otherwise than the live ones (AllTraffic)" in planned["warnings"][0]
    same = plan("deploy: {strategy: canary, initial_instance_count: 2}\n", endpoint(count=2))
    assert (same["strategy"], same["warnings"]) == ("canary", [])
    back = plan(text, endpoint(), after="rejection")
    assert back["warnings"] == []


def scaled(configured: int, desired: int) -> dict[str, Any]:
    before = {
        "EndpointConfigName": "df-zzzzzzzzzz-v2-0123456789",
        "EndpointConfigArn": "arn:aws:sagemaker:us-east-1:000000000000:endpoint-config/a",
        "CreationTime": "2026-11-20T09:00:00Z",
        "ProductionVariants": [{"VariantName": "AllTraffic", "InitialInstanceCount": configured}],
    }
    return plan(live=endpoint(count=desired), live_config=before)["phases"][0]["request"]


def test_a_count_that_was_scaled_is_kept_and_nothing_else_is() -> None:
    request = scaled(1, 4)
    assert request["RetainAllVariantProperties"] is True
    kinds = {p["VariantPropertyType"] for p in request["ExcludeRetainedVariantProperties"]}
    assert kinds == {"DesiredWeight", "DataCaptureConfig"}
    assert "RetainAllVariantProperties" not in scaled(2, 2)


def test_a_serverless_model_is_not_isolated_and_has_a_name_of_its_own() -> None:
    (model,) = plan(MODES["serverless"])["models"]
    assert (model["ModelName"], model["EnableNetworkIsolation"]) == ("df-abcdefghij-v3-s", False)


def test_a_script_that_brings_packages_may_reach_them() -> None:
    said = PACKAGE["CustomerMetadataProperties"] | {"dropforge:isolated": "false"}
    planned = plan(packages=[PACKAGE | {"CustomerMetadataProperties": said}])
    assert planned["models"][0]["EnableNetworkIsolation"] is False


def test_instances_with_disks_of_their_own_take_no_key() -> None:
    assert "KmsKeyId" not in plan("deploy: {instance_type: ml.m5d.large}\n")["endpoint_configs"][0]
    assert "KmsKeyId" in plan()["endpoint_configs"][0]


def test_answers_and_captures_go_below_the_project() -> None:
    (queued,), (captured,) = (plan(MODES[mode])["endpoint_configs"] for mode in ("asynchronous", "captured"))
    assert "/adult/async/" in queued["AsyncInferenceConfig"]["OutputConfig"]["S3OutputPath"]
    assert captured["DataCaptureConfig"]["DestinationS3Uri"].endswith("/adult/capture")
    assert captured["DataCaptureConfig"]["CaptureOptions"] == [{"CaptureMode": "Input"}]


def test_a_notice_for_each_answer_of_a_queue_if_wanted() -> None:
    (quiet,), (told,) = (
        plan(f"deploy: {{asynchronous: {{notify: {word}}}}}\n")["endpoint_configs"] for word in ("false", "true")
    )
    assert "NotificationConfig" not in quiet["AsyncInferenceConfig"]["OutputConfig"]
    topics = told["AsyncInferenceConfig"]["OutputConfig"]["NotificationConfig"]
    assert set(topics) == {"SuccessTopic", "ErrorTopic"}
    assert all(":sns:" in arn for arn in topics.values())


def test_batch_has_no_endpoint() -> None:
    planned = plan("deploy: {mode: batch}\n")
    assert (planned["action"], planned["phases"]) == ("none", [])
    assert "batch" in planned["reason"]


def test_what_is_live_already_changes_nothing() -> None:
    planned = plan(live=endpoint(plan()["config"]))
    assert planned["action"] == "none"
    assert "live already" in planned["reason"]


@pytest.mark.parametrize("status", ["InService", "Creating"])
def test_a_recovered_deployment_only_checks_what_was_asked_before(status: str) -> None:
    asked = plan()["config"]
    assert plan(live=endpoint(asked, status), attempt=2)["action"] == "check"
    pending = endpoint(status="Updating", PendingDeploymentSummary={"EndpointConfigName": asked})
    assert plan(live=pending, attempt=2)["action"] == "check"


def test_a_recovered_deployment_that_had_not_asked_yet_asks() -> None:
    assert plan(live=endpoint(), attempt=2)["action"] == "update"


@pytest.mark.parametrize("status", ["Failed", "Deleting"])
def test_an_endpoint_that_no_update_leaves_is_told_with_the_command(status: str) -> None:
    with pytest.raises(EndpointUnusableError, match="delete-endpoint --endpoint-name adult"):
        plan(live=endpoint(status=status))


INSTANCES = {"VariantName": "AllTraffic", "InstanceType": "ml.c5.large", "InitialInstanceCount": 3}
SERVERLESS = {"VariantName": "AllTraffic", "ServerlessConfig": {"MemorySizeInMB": 3072, "MaxConcurrency": 9}}
LIVE = {
    "real_time": {"ProductionVariants": [INSTANCES]},
    "asynchronous": {"ProductionVariants": [INSTANCES], "AsyncInferenceConfig": {"OutputConfig": {}}},
    "serverless": {"ProductionVariants": [SERVERLESS]},
}
IMPOSSIBLE = [
    (live, wanted)
    for live in LIVE
    for wanted in LIVE
    if live != wanted and (live, wanted) != ("serverless", "real_time")
]


@pytest.mark.parametrize(("live", "wanted"), IMPOSSIBLE)
def test_an_endpoint_of_another_kind_is_not_asked_to_change_but_told_how(live: str, wanted: str) -> None:
    with pytest.raises(EndpointUnusableError, match=f"Write `mode: {live}`.*delete-endpoint --endpoint-name adult"):
        plan(MODES[wanted], endpoint(), live_config=LIVE[live])


@pytest.mark.parametrize(("live", "wanted"), IMPOSSIBLE)
def test_a_version_that_comes_back_is_served_as_the_endpoint_is(live: str, wanted: str) -> None:
    planned = plan(MODES[wanted], endpoint(), live_config=LIVE[live], after="rejection")
    valid(planned)
    assert (planned["action"], planned["mode"]) == ("update", live)
    (made,) = planned["endpoint_configs"]
    (variant,) = made["ProductionVariants"]
    kept = LIVE[live]["ProductionVariants"][0]
    assert variant == kept | {"ModelName": variant["ModelName"], "InitialVariantWeight": 1.0}
    assert ("AsyncInferenceConfig" in made) == (live == "asynchronous")
    assert "as the endpoint was" in planned["warnings"][0]


def test_a_version_comes_back_although_project_yaml_says_batch_by_now() -> None:
    planned = plan("deploy: {mode: batch}\n", endpoint(), live_config=LIVE["real_time"], after="rejection")
    assert (planned["action"], planned["mode"]) == ("update", "real_time")
    assert plan("deploy: {mode: batch}\n", endpoint(), live_config=LIVE["real_time"])["action"] == "none"


def test_variants_of_a_rejected_version_get_the_one_that_comes_back() -> None:
    text = "deploy: {variants: [{name: a, model: live}, {name: b, model: 9}, {name: c, model: latest}]}\n"
    planned = plan(text, endpoint("df-run0000009-v9-0123456789"), after="rejection")
    (made,) = planned["endpoint_configs"]
    assert {v["ModelName"] for v in made["ProductionVariants"]} == {"df-abcdefghij-v3"}


def test_a_serverless_endpoint_can_get_instances() -> None:
    planned = plan("", endpoint(), live_config=LIVE["serverless"])
    assert (planned["action"], planned["mode"], planned["warnings"]) == ("update", "real_time", [])


def test_a_project_that_is_gone_deploys_with_defaults() -> None:
    assert handler({"packages": [PACKAGE], "config": None, "endpoint": None}, None)["config"] == plan()["config"]


def deployed(version: int, config_name: str, day: int) -> dict[str, Any]:
    """An item of the history."""
    arn = f"{PACKAGE['ModelPackageArn'].rpartition('/')[0]}/{version}"
    item = {"sk": f"deployed#2026-11-0{day}", "package_arn": arn, "endpoint_config": config_name}
    return {key: {"S": value} for key, value in item.items()}


def test_another_attempt_can_go_back_to_what_was_served_before() -> None:
    name = plan()["config"]
    items = [deployed(1, "df-run0000001-v1-aaaaaaaaaa", 1), deployed(2, "df-run0000002-v2-aaaaaaaaaa", 2)]
    again = plan("", endpoint(name), attempt=2, items=items)
    assert (again["action"], again["first"]) == ("check", False)
    assert [phase["config"] for phase in again["fallback"]] == ["df-run0000002-v2-aaaaaaaaaa"]
    first = plan("", endpoint(name), attempt=2)
    assert (first["action"], first["first"], first["fallback"]) == ("check", True, [])


@pytest.mark.parametrize("strategy", ["ab", "shadow"])
def test_a_comparison_that_was_interrupted_is_made_again(strategy: str) -> None:
    """Its configuration is called after the champion, so nobody takes the challenger for the live version."""
    text, packages = f"deploy: {{strategy: {strategy}}}\n", [PACKAGE, package(2)]
    own = "df-run0000002-v2-0123456789"
    planned = plan(text, endpoint(own), packages)
    beside = planned["phases"][0]["config"]
    assert beside.startswith("df-run0000002-v2-")
    assert planned["fallback"][0]["config"] == own
    again = plan(text, endpoint(beside), packages, attempt=2, items=[deployed(2, own, 1)])
    assert (again["strategy"], again["phases"][0]["config"]) == (strategy, beside)
    assert [p["kind"] for p in again["phases"]][:2] == [{"ab": "weights", "shadow": "check"}[strategy], "experiment"]
    if strategy == "ab":
        assert_valid("sagemaker", "UpdateEndpointWeightsAndCapacities", again["phases"][0]["request"])
    assert again["fallback"][0]["config"] == own
    assert again["warnings"] == []


@pytest.mark.parametrize("strategy", ["ab", "shadow"])
def test_scaled_counts_are_kept_through_a_comparison_and_on_the_way_back(strategy: str) -> None:
    live_config = {"ProductionVariants": [{**INSTANCES, "InitialInstanceCount": 1}]}
    packages = [PACKAGE, package(2)]
    planned = plan(
        f"deploy: {{strategy: {strategy}}}\n",
        endpoint("df-run0000002-v2-0123456789", count=5),
        packages,
        live_config=live_config,
    )
    updates = [p["request"] for p in (*planned["phases"], *planned["fallback"]) if p["kind"] == "update"]
    assert len(updates) == 3
    assert all(request["RetainAllVariantProperties"] for request in updates)
    for request in updates:
        assert_valid("sagemaker", "UpdateEndpoint", request)


@pytest.mark.parametrize(
    ("before", "back"), [("none", []), ("df-run0000001-v1-aaaaaaaaaa", ["df-run0000001-v1-aaaaaaaaaa"])]
)
def test_another_attempt_knows_what_was_live_before_the_first(before: str, back: list[str]) -> None:
    """Version 2 was served too, but its endpoint was deleted since, or it was rejected."""
    name = plan()["config"]
    wanted = {"sk": "wanted", "package_arn": PACKAGE["ModelPackageArn"], "before": before}
    items = [{key: {"S": value} for key, value in wanted.items()}, deployed(2, "df-run0000002-v2-aaaaaaaaaa", 2)]
    again = plan("", endpoint(name), attempt=2, items=items)
    assert [phase["config"] for phase in again["fallback"]] == back
    assert again["first"] is (before == "none")


def test_what_another_decision_noted_says_nothing_of_this_one() -> None:
    other = {"sk": "wanted", "package_arn": "another", "before": "none"}
    items = [{key: {"S": value} for key, value in other.items()}, deployed(2, "df-run0000002-v2-aaaaaaaaaa", 2)]
    assert plan("", endpoint(plan()["config"]), attempt=2, items=items)["first"] is False


def test_a_version_that_is_not_approved_any_more_gets_no_traffic() -> None:
    text = "deploy: {variants: [{name: a, model: latest}, {name: b, model: 2}]}\n"
    planned = plan(text, None, [PACKAGE, package(2, ModelApprovalStatus="Rejected")])
    (made,) = planned["endpoint_configs"]
    assert {v["ModelName"] for v in made["ProductionVariants"]} == {"df-abcdefghij-v3"}
    assert planned["warnings"] == ["version 2 is Rejected, so it gets no traffic"]


@pytest.mark.parametrize("strategy", ["ab", "shadow"])
def test_a_rejected_live_version_is_no_champion(strategy: str) -> None:
    text, packages = f"deploy: {{strategy: {strategy}}}\n", [PACKAGE, package(2, ModelApprovalStatus="Rejected")]
    planned = plan(text, endpoint("df-run0000002-v2-0123456789"), packages)
    assert (planned["strategy"], [p["kind"] for p in planned["phases"]]) == ("all_at_once", ["update"])
    assert planned["warnings"][0] == "version 2 is Rejected, so it gets no traffic"


def test_what_is_live_already_is_scaled_as_project_yaml_says_now() -> None:
    text = "deploy: {scaling: {max: 4}}\n"
    rescaled = plan(text, endpoint(plan(text)["config"]))
    assert (rescaled["action"], rescaled["rescale"]["variants"][0]["scaling"]["max"]) == ("none", 4)
    assert plan("", endpoint(plan()["config"]))["rescale"]["variants"][0]["scaling"] is None
    assert plan("", endpoint())["rescale"] is None
