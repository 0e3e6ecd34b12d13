"""Decisions that meet each other, answers that are lost, calls that are refused in the middle: what is live then."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.glue.stepfunctions.errors import StateError
from tests.machines import harness
from tests.machines.harness import Call
from tests.machines.stateful.endpoint_world import GROUP, World, busy, config_of, refused, throttled

LATER = "2026-11-23T10:00:05.000Z"
BOTH = {"AllTraffic": "df-run0000001-v1", "Challenger": "df-run0000002-v2"}


def version_live(world: World) -> list[str]:
    """The models that the endpoint serves."""
    assert world.endpoint is not None
    config = world.configs[world.endpoint["EndpointConfigName"]]
    return [variant["ModelName"] for variant in config["ProductionVariants"]]


def three(patch: pytest.MonkeyPatch, **deploy: Any) -> World:
    """Version 0 was served, version 1 is live and rejected, version 2 is approved."""
    world = World(patch, {0: "Approved", 1: "Rejected", 2: "Approved"}, **deploy)
    world.served(0, day=1)
    world.served(1, day=2)
    return world


def test_a_rejection_that_let_a_newer_approval_go_first_comes_after_its_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = three(monkeypatch)
    world.at["Read Wanted", 1] = lambda _: world.claim(2, LATER, "RUNNING")
    world.at["Read Wanted Meanwhile", 1] = lambda _: world.claim(2, LATER, "FAILED")
    outcome = world.run(1, "Rejected")
    assert "Let Another Go First" in outcome.path
    assert outcome.path[-1] == "Model Deployed"
    assert version_live(world) == ["df-run0000000-v0"]


def test_a_rejection_whose_event_comes_after_a_newer_approval_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    world = three(monkeypatch)
    world.claim(2, LATER, "RUNNING")
    world.claim(2, LATER, "FAILED")
    assert world.run(1, "Rejected").path[-1] == "Model Deployed"
    assert version_live(world) == ["df-run0000000-v0"]


def test_a_rejected_version_does_not_stay_beside_the_one_that_went_first(monkeypatch: pytest.MonkeyPatch) -> None:
    variants = [{"name": "a", "model": "latest"}, {"name": "b", "model": "live"}]
    world = three(monkeypatch, variants=variants)
    world.claim(2, LATER, "RUNNING")

    def deployed(_: Call) -> None:
        world.claim(2, LATER, "DEPLOYED")
        world.served(2, day=3, a="df-run0000002-v2", b="df-run0000001-v1")

    world.at["Read Wanted", 1] = deployed
    assert world.run(1, "Rejected").path[-1] == "Model Deployed"
    assert set(version_live(world)) == {"df-run0000002-v2"}
    assert world.told()["stays"] is True


def test_an_update_whose_answer_was_lost_is_waited_for_verified_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, {1: "Approved", 2: "Approved"})
    world.served(1)

    def lost(call: Call) -> None:
        assert world.endpoint is not None
        world.endpoint |= {"EndpointStatus": "Updating", "PendingDeploymentSummary": call.arguments}
        raise StateError("SageMaker.SdkClientException", "Read timed out")

    world.at["Update Endpoint", 1] = lost
    world.at["Update Endpoint"] = busy
    world.at["Wait For Endpoint", 1] = lambda _: world.serve(str(list(world.configs)[-1]))
    outcome = world.run(2, "Approved")
    assert "Verify Endpoint" in outcome.path
    assert world.told()["type"] == "Model Deployed"
    assert world.item("project#churn", "wanted")["before"] == config_of(1)


def test_an_attempt_that_finds_nothing_to_do_ends_the_claim_of_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, {1: "Approved", 2: "Approved"}, enabled=False)
    time = "2026-11-23T10:00:00.000Z"
    world.claim(2, time, "RUNNING")
    world.dynamo.update_item(
        TableName="dropforge-deploymentstable",
        Key={"pk": {"S": f"{GROUP}/2"}, "sk": {"S": f"approval#{time}"}},
        UpdateExpression="SET attempt = :one",
        ExpressionAttributeValues={":one": {"N": "1"}},
    )
    assert world.run(2, "Approved", time, attempt=2).path[-1] == "Nothing To Do"
    assert world.item(f"{GROUP}/2", f"approval#{time}")["status"] == "NOTHING"


def test_a_rejection_is_not_lost_to_a_throttled_look(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, {1: "Approved", 2: "Rejected"})
    world.served(1, **BOTH)
    world.at["Describe Live Config", 1] = throttled
    assert world.run(2, "Rejected").path[-1] == "Model Deployed"
    assert version_live(world) == ["df-run0000001-v1"]
    world.at["Describe Live Config"] = throttled
    assert world.run(2, "Rejected").error == "SageMaker.SageMakerException", "the recover machine tries again"


@pytest.mark.parametrize("state", ["Look At Alarms", "Shift Weights", "Create Model"])
def test_a_comparison_that_stands_goes_if_it_cannot_be_made_again(monkeypatch: pytest.MonkeyPatch, state: str) -> None:
    """Its execution was stopped. The next attempt fails before it compared anything."""
    world = World(monkeypatch, {1: "Approved", 2: "Approved"}, strategy="ab", rollout={"alarms": ["complaints"]})
    first = world.run(1, "Approved")
    assert first.path[-1] == "Model Deployed"
    world.at["Announce Experiment"] = lambda _: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        world.run(2, "Approved", LATER)
    assert len(version_live(world)) == 2
    world.at = {state: refused if state != "Look At Alarms" else _rings}
    outcome = world.run(2, "Approved", LATER, attempt=2)
    assert version_live(world) == ["df-run0000001-v1"], outcome.path
    told = world.told()
    assert (told["type"], told["still_compared"], told["live_version"]) == ("Deployment Failed", False, 1)
    assert "the comparison broke off" in told["reason"]


def test_an_update_that_fails_leaves_another_ones_comparison_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Version 2's was stopped by hand; version 3 would have taken over as a canary."""
    world = World(monkeypatch, {1: "Approved", 2: "Approved", 3: "Approved"})
    world.served(1, **BOTH)
    world.at["Update Endpoint"] = refused
    assert "Go Back" not in world.run(3, "Approved").path
    assert len(version_live(world)) == 2
    assert (world.told()["still_compared"], world.told()["compared_version"]) == (True, 2)
    assert world.told()["reason"].startswith("You have exceeded a quota")


def _rings(_: Call) -> Any:
    return {"MetricAlarms": [{"AlarmName": "complaints", "StateValue": "ALARM"}], "CompositeAlarms": []}


def test_the_way_back_that_is_busy_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, {1: "Approved", 2: "Approved"}, strategy="ab")
    world.run(1, "Approved")
    world.at["Experiment"] = lambda _: {"Status": "SUCCEEDED", "Output": {"decision": "remove", "reason": "worse"}}
    for call in range(2, 10):  # each state asks four times
        world.at["Update Endpoint", call] = busy
    outcome = world.run(2, "Approved", LATER)
    assert outcome.path.count("Wait For Others") == 2
    assert outcome.path.count("Experiment") == 1
    assert version_live(world) == ["df-run0000001-v1"]


def test_a_way_back_that_is_refused_is_asked_for_once_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, {1: "Approved", 2: "Approved"}, strategy="ab")
    world.run(1, "Approved")
    world.at["Experiment"] = lambda _: {"Status": "SUCCEEDED", "Output": {"decision": "remove", "reason": "worse"}}
    world.at |= {"Update Endpoint": refused, ("Update Endpoint", 1): lambda _: None}
    outcome = world.run(2, "Approved", LATER)
    assert outcome.path.count("Go Back") == 1
    told = world.told()
    assert (told["still_compared"], told["compared_version"], told["stage"]) == (True, 2, "experiment")
    assert told["reason"].startswith("worse. The way back failed: You have exceeded a quota")


def test_an_unscaled_endpoint_is_not_left_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another one's change comes between, and the version is rejected meanwhile."""
    world = World(monkeypatch, {1: "Approved", 2: "Approved"}, instance_type="ml.c5.large", scaling={"max": 3})
    world.served(1)

    def rejected(call: Call) -> None:
        world.packages[2] = "Rejected"
        busy(call)

    world.at["Update Endpoint", 1] = rejected
    outcome = world.run(2, "Approved")
    assert "Unscale Variants" in outcome.path
    assert "Scale Variants" in outcome.path


def test_an_endpoint_that_is_changing_is_deleted_later(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, {1: "Rejected"}, on_reject="delete")
    world.served(1)
    assert world.endpoint is not None
    world.endpoint["EndpointStatus"] = "Updating"
    world.at["Describe Endpoint", 3] = lambda _: world.serve(config_of(1))
    world.at["Retire Endpoint", 1] = busy
    outcome = world.run(1, "Rejected")
    assert outcome.path.count("Let It Settle") == 2
    assert (world.endpoint, world.told()["type"]) == (None, "Endpoint Retired")


def test_an_endpoint_that_is_being_deleted_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, {1: "Approved", 2: "Approved"})
    world.served(1)
    assert world.endpoint is not None
    world.endpoint["EndpointStatus"] = "Deleting"

    def gone(_: Call) -> None:
        world.endpoint = None

    world.at["Describe Endpoint", 3] = gone
    assert world.run(2, "Approved").path[-1] == "Model Deployed"
    assert version_live(world) == ["df-run0000002-v2"]


def test_a_turn_is_waited_for_as_long_as_a_comparison_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, {1: "Approved", 2: "Approved"})
    world.served(1)
    turn = {"pk": {"S": "project#churn"}, "sk": {"S": "turn"}, "execution_arn": {"S": "x:other"}}
    world.dynamo.put_item(TableName="dropforge-deploymentstable", Item=turn)
    outcome = world.run(2, "Approved")
    waits = outcome.path.count("Wait For Turn")
    assert sum(60 if n < 30 else 300 if n < 90 else 3600 if n < 200 else 7200 for n in range(1, waits)) > 29 * 86_400
    assert world.told()["reason"] == "Other deployments of this project have not ended for a month."
    kinds = {name: state["Type"] for name, state in harness.states("deployment").items()}
    assert sum(5 if kinds[name] == "Task" else 2 for name in outcome.path) < 20_000, "AWS ends it after 25,000 events"


def test_what_somebody_deleted_is_not_told_as_live(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, {1: "Approved", 2: "Approved"})
    world.served(1)

    def gone(_: Call) -> None:
        world.endpoint = None
        raise StateError("SageMaker.AmazonSageMakerException", 'Could not find endpoint "churn".')

    world.at["Update Endpoint"] = gone
    outcome = world.run(2, "Approved")
    told = world.told()
    assert (told["endpoint_status"], told["live_version"]) == (None, None)
    assert "Scale Variants" not in outcome.path


def _stopped(_: Call) -> None:
    raise KeyboardInterrupt


OTHERWISE = {"decision": "failed", "reason": "9 of 9 answers differ", "figures": None}


@pytest.mark.parametrize("existed", [True, False])
def test_another_attempt_goes_back_to_what_was_live_before_the_first(
    monkeypatch: pytest.MonkeyPatch, existed: bool
) -> None:
    """Version 1 was served once; whether its endpoint was still there when version 2 came is not in the history."""
    world = World(monkeypatch, {1: "Approved", 2: "Approved"})
    world.served(1)
    if not existed:
        world.endpoint = None
    world.at["Wait For Endpoint"] = _stopped
    with pytest.raises(KeyboardInterrupt):
        world.run(2, "Approved")
    assert version_live(world) == ["df-run0000002-v2"]
    world.at = {"Verify Endpoint": lambda _: {"Status": "SUCCEEDED", "Output": OTHERWISE}}
    world.run(2, "Approved", attempt=2)
    if existed:
        assert version_live(world) == ["df-run0000001-v1"]
        assert "It was taken back" in world.told()["reason"]
    else:
        assert world.endpoint is None
        assert (world.told()["clean_up"], world.told()["live_version"]) == (True, 2)


def test_each_phase_has_all_of_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, {1: "Approved", 2: "Approved"}, strategy="shadow")
    world.served(1)

    def updating(_: Call) -> Any:
        looks = world.count["Describe Endpoint Now"]
        return (world.endpoint or {}) | {"EndpointStatus": "InService" if looks % 100 == 0 else "Updating"}

    world.at["Describe Endpoint Now"] = updating
    assert world.run(2, "Approved").path[-1] == "Model Deployed"
    assert world.count["Describe Endpoint Now"] == 200


def test_another_ones_change_is_waited_for_two_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(monkeypatch, {1: "Approved", 2: "Approved"})
    world.served(1)
    world.at["Update Endpoint"] = busy
    world.at["Describe Endpoint"] = lambda _: (world.endpoint or {}) | {"EndpointStatus": "Updating"}
    outcome = world.run(2, "Approved")
    assert outcome.path.count("Let It Settle") == 120
    assert "in-progress" in world.told()["reason"]
    assert version_live(world) == ["df-run0000001-v1"]


def test_a_configuration_of_an_endpoint_that_went_meanwhile_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It was asynchronous, which no update changes; but it is gone at the turn."""
    world = World(monkeypatch, {1: "Approved", 2: "Approved"})
    world.served(1)
    world.configs[config_of(1)]["AsyncInferenceConfig"] = {"OutputConfig": {}}

    def gone(_: Call) -> None:
        world.endpoint = None

    world.at["Describe Endpoint", 2] = gone
    assert world.run(2, "Approved").path[-1] == "Model Deployed"
