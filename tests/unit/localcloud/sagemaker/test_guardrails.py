"""DeploymentConfig: traffic truly moves in steps, alarms truly roll back, AWS's refusals."""

from __future__ import annotations

import itertools
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import boto3
import psutil
import pytest

from localcloud.sagemaker.endpoint import rollout, sizes
from localcloud.sagemaker.endpoint.fleet import Fleet
from localcloud.sagemaker.endpoint.pace import Pace
from tests.unit.localcloud.sagemaker.helpers import REGION, CallError, Cloud
from tests.unit.localcloud.sagemaker.test_endpoint import make_config, make_model, serve, statuses, variant

ONE = {"Type": "INSTANCE_COUNT", "Value": 1}
HALF = {"Type": "CAPACITY_PERCENT", "Value": 50}


def blue_green(kind: str, wait: int = 60, bake: int = 0, **size: object) -> dict:
    routing = {"Type": kind, "WaitIntervalInSeconds": wait, **size}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": bake}}


def rolling(wait: int = 0, **more: object) -> dict:
    return {"RollingUpdatePolicy": {"MaximumBatchSize": ONE, "WaitIntervalInSeconds": wait, **more}}


def two(cloud: Cloud, count: int = 2) -> None:
    """An endpoint of model "one", and a configuration of model "two"."""
    for name in ("one", "two"):
        make_model(cloud, name, weights=name)
        make_config(cloud, name, variant("AllTraffic", name, count=count))
    serve(cloud, "Guarded", "one")


def update(cloud: Cloud, config: dict, to: str = "two", **more: object) -> int:
    before = len(cloud.events)
    cloud.call("UpdateEndpoint", EndpointName="Guarded", EndpointConfigName=to, DeploymentConfig=config, **more)
    return before


def alarm(name: str, state: str) -> dict:
    client = boto3.client("cloudwatch", region_name=REGION)
    client.put_metric_alarm(
        AlarmName=name, MetricName="M", Namespace="N", Statistic="Sum", Period=60, EvaluationPeriods=1, Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
    )  # fmt: skip
    client.set_alarm_state(AlarmName=name, StateValue=state, StateReason=f"because {state}")
    return {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name}]}}


def wait_baking(cloud: Cloud, after: int) -> dict:
    def baking(event: dict) -> bool:
        pending = event["detail"].get("PendingDeploymentSummary", {}).get("ProductionVariants", [{}])
        stages = [each["Status"] for each in pending[0].get("VariantStatus", [])]
        return cloud.events.index(event) >= after and "Baking" in stages

    return cloud.wait(baking)


def seen(cloud: Cloud, calls: int = 60) -> set[str]:
    return {cloud.invoke("Guarded", b"x")[1]["model"] for _ in range(calls)}


@pytest.mark.parametrize(
    "config",
    [
        blue_green("CANARY", wait=120, CanarySize=ONE),
        blue_green("LINEAR", wait=120, LinearStepSize=HALF),
        rolling(wait=120),
    ],
)
def test_both_versions_answer_while_it_bakes_then_only_the_new_one(cloud: Cloud, config: dict) -> None:
    two(cloud)
    before = update(cloud, config)
    told = wait_baking(cloud, before)
    assert told["detail-type"] == "SageMaker Endpoint Deployment State Change"
    assert "Baking for 120 seconds (WaitIntervalInSeconds)" in str(told["detail"]["PendingDeploymentSummary"])
    assert seen(cloud) == {"one", "two"}
    cloud.wait_endpoint("Guarded", "IN_SERVICE", before)
    assert seen(cloud, 20) == {"two"}
    described = cloud.call("DescribeEndpoint", EndpointName="Guarded")
    assert described["EndpointConfigName"] == "two"
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 2
    assert "PendingDeploymentSummary" not in described
    assert described["LastDeploymentConfig"] == config


def test_an_alarm_that_rings_already_starts_nothing(cloud: Cloud) -> None:
    two(cloud)
    started = len(cloud.runtime.processes)
    before = update(cloud, {**blue_green("ALL_AT_ONCE"), **alarm("rings", "ALARM")})
    cloud.wait_endpoint("Guarded", "IN_SERVICE", before)
    assert statuses(cloud, before) == ["UPDATING", "ROLLING_BACK", "IN_SERVICE"]
    described = cloud.call("DescribeEndpoint", EndpointName="Guarded")
    assert described["EndpointConfigName"] == "one"
    assert "went into ALARM state: [rings]. because ALARM" in described["FailureReason"]
    assert len(cloud.runtime.processes) == started


@pytest.mark.parametrize(
    "config",
    [blue_green("CANARY", wait=3600, CanarySize=ONE), blue_green("ALL_AT_ONCE", bake=3600), rolling(wait=3600)],
)
def test_an_alarm_while_it_bakes_rolls_back(cloud: Cloud, config: dict) -> None:
    two(cloud)
    before = update(cloud, {**config, **alarm("later", "OK")})
    wait_baking(cloud, before)
    alarm("later", "ALARM")
    cloud.wait_endpoint("Guarded", "IN_SERVICE", before)
    assert statuses(cloud, before) == ["UPDATING", "ROLLING_BACK", "IN_SERVICE"]
    assert "[later]" in cloud.call("DescribeEndpoint", EndpointName="Guarded")["FailureReason"]
    assert seen(cloud, 20) == {"one"}


def test_a_bake_ends_when_the_calls_that_began_in_it_have(
    cloud: Cloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A minute is a second here, and a slow version's first answer would come after it was left without alarms."""
    monkeypatch.setattr(rollout, "_LEAST_BAKE", 0.0)
    two(cloud)
    held = tmp_path / "held"
    os.mkfifo(held)
    before = update(cloud, {**blue_green("ALL_AT_ONCE", bake=300), **alarm("slow", "OK")})
    wait_baking(cloud, before)

    def release() -> None:
        held.write_bytes(b"")
        alarm("slow", "ALARM")

    timer = threading.Timer(7.0, release)
    timer.start()
    assert cloud.invoke("Guarded", b"hold " + bytes(held))[1]["model"] == "two"
    cloud.wait_endpoint("Guarded", "IN_SERVICE", before)
    assert statuses(cloud, before) == ["UPDATING", "ROLLING_BACK", "IN_SERVICE"]


def test_a_bake_is_not_shorter_than_figures_take_to_come() -> None:
    pace, looks = Pace(6000.0, None, threading.Event()), []
    began = time.monotonic()
    pace.wait(60, lambda: looks.append(1), least=0.6)
    assert time.monotonic() - began >= 0.6
    assert len(looks) > 2
    pace.wait(0.1, lambda: None, least=5.0)
    assert time.monotonic() - began < 5.0, "it asked for less"


def failing(*batches: int) -> Callable[..., None]:
    """`Fleet.grow` that fails in a way nobody thought of, at some of its calls."""
    grow, calls = Fleet.grow, itertools.count(1)

    def changed(fleet: Fleet, wanted: dict[str, int]) -> None:
        if next(calls) in batches:
            raise KeyError("nobody thought of this")
        grow(fleet, wanted)

    return changed


@pytest.mark.parametrize(
    ("config", "batches"),
    [(rolling(), (1,)), (rolling(), (2,)), (blue_green("ALL_AT_ONCE"), (1,))],
)
def test_whatever_is_raised_rolls_back(
    cloud: Cloud, config: dict, batches: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    two(cloud)
    monkeypatch.setattr(Fleet, "grow", failing(*batches))
    before = update(cloud, config)
    cloud.wait_endpoint("Guarded", "IN_SERVICE", before)
    assert statuses(cloud, before) == ["UPDATING", "ROLLING_BACK", "IN_SERVICE"]
    described = cloud.call("DescribeEndpoint", EndpointName="Guarded")
    assert "nobody thought of this" in described["FailureReason"]
    assert described["EndpointConfigName"] == "one"
    assert seen(cloud, 20) == {"one"}


def test_whatever_is_raised_while_it_rolls_back_is_told(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    two(cloud)
    monkeypatch.setattr(Fleet, "grow", failing(2, 3))
    before = update(cloud, rolling())
    cloud.wait_endpoint("Guarded", "UPDATE_ROLLBACK_FAILED", before)
    reason = cloud.call("DescribeEndpoint", EndpointName="Guarded")["FailureReason"]
    assert reason.startswith("The rollback failed: ")
    assert reason.count("nobody thought of this") == 2


@pytest.mark.parametrize(("step", "count"), [("grow", 3), ("shrink", 1)])
def test_whatever_a_new_capacity_raises_is_told(
    cloud: Cloud, step: str, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    two(cloud)
    monkeypatch.setattr(Fleet, step, failing(1))
    before = len(cloud.events)
    wanted = [{"VariantName": "AllTraffic", "DesiredInstanceCount": count}]
    cloud.call("UpdateEndpointWeightsAndCapacities", EndpointName="Guarded", DesiredWeightsAndCapacities=wanted)
    cloud.wait_endpoint("Guarded", "IN_SERVICE", before)
    described = cloud.call("DescribeEndpoint", EndpointName="Guarded")
    assert "nobody thought of this" in described["FailureReason"]
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 2


def test_an_update_that_a_restart_interrupts_is_taken_up(cloud: Cloud) -> None:
    two(cloud)
    before = update(cloud, blue_green("CANARY", wait=300, CanarySize=ONE))
    wait_baking(cloud, before)
    again = len(cloud.events)
    cloud.restart()
    cloud.wait_endpoint("Guarded", "IN_SERVICE", again)
    assert cloud.call("DescribeEndpoint", EndpointName="Guarded")["EndpointConfigName"] == "two"
    assert seen(cloud, 20) == {"two"}


@pytest.mark.parametrize(
    ("count", "config", "words"),
    [
        (1, blue_green("CANARY", CanarySize=ONE), "at least 2 instances"),
        (1, rolling(), "at least 2 instances"),
        (2, blue_green("CANARY", CanarySize={**ONE, "Value": 2}), "CanarySize must be between 0% and 50%"),
        (2, blue_green("LINEAR", LinearStepSize={**HALF, "Value": 5}), "LinearStepSize must be between 10% and 50%"),
        (2, {**rolling(), "AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "none"}]}}, r"\[none\]"),
    ],
)
def test_refused(cloud: Cloud, count: int, config: dict, words: str) -> None:
    two(cloud, count)
    with pytest.raises(CallError, match=words):
        update(cloud, config)
    assert cloud.call("DescribeEndpoint", EndpointName="Guarded")["EndpointStatus"] == "InService"


def test_a_variant_may_not_be_renamed_under_guardrails(cloud: Cloud) -> None:
    two(cloud)
    make_config(cloud, "renamed", variant("Other", "two", count=2))
    with pytest.raises(CallError, match="same variant names"):
        update(cloud, blue_green("ALL_AT_ONCE"), to="renamed")


@pytest.mark.parametrize(("name", "instance_type"), [("AllTraffic", "ml.m5.xlarge"), ("Other", "ml.m5.large")])
def test_a_scalable_target_neither_goes_nor_changes_its_instances(cloud: Cloud, name: str, instance_type: str) -> None:
    two(cloud)
    make_config(cloud, "three", variant(name, "two", count=2) | {"InstanceType": instance_type})
    cloud.service.context.scaled = lambda endpoint: {"AllTraffic"} if endpoint == "Guarded" else set()
    with pytest.raises(CallError, match=r'The variant\(s\) "AllTraffic" must be deregistered as scalable targets'):
        cloud.call("UpdateEndpoint", EndpointName="Guarded", EndpointConfigName="three")
    cloud.call("UpdateEndpoint", EndpointName="Guarded", EndpointConfigName="two")


def test_a_shadow_is_one_beside_one(cloud: Cloud) -> None:
    make_model(cloud, "m")
    shadow = [variant("S", "m")]
    with pytest.raises(CallError, match="exactly one variant"):
        make_config(cloud, "c", variant("A", "m"), variant("B", "m"), ShadowProductionVariants=shadow)
    make_config(cloud, "c", variant("A", "m"), ShadowProductionVariants=shadow)
    described = serve(cloud, "Shadowed", "c")
    assert described["ShadowProductionVariants"][0]["CurrentInstanceCount"] == 1


@pytest.mark.parametrize(
    ("size", "shares"),
    [
        (ONE, [0.25, 0.5, 0.75, 1.0]),
        ({"Type": "CAPACITY_PERCENT", "Value": 30}, [0.3, 0.6, 0.9, 1.0]),
    ],
)
def test_linear_steps(size: dict, shares: list[float]) -> None:
    routing = {"Type": "LINEAR", "LinearStepSize": size}
    assert sizes.steps(routing, [4]) == pytest.approx(shares)


def below(folder: Path) -> list[psutil.Process]:
    """The processes that work in a folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if str(folder) in process.cwd():
                found.append(process)
    return found


def test_nothing_is_left_running_when_the_cloud_ends_in_the_middle_of_an_update(cloud: Cloud, tmp_path: Path) -> None:
    two(cloud)
    assert below(tmp_path)
    make_config(cloud, "next", variant("AllTraffic", "two", count=2))
    cloud.call("UpdateEndpoint", EndpointName="Guarded", EndpointConfigName="next")
    cloud.service.close()
    assert below(tmp_path) == []
