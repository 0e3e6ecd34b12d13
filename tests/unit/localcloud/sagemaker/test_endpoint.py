"""Endpoints: real server processes, from creation through updates to deletion."""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from localcloud.sagemaker.endpoint import instance, server
from localcloud.sagemaker.endpoint.fleet import Fleet
from localcloud.sagemaker.runtime import Request
from tests.unit.localcloud.sagemaker.fakes import FakeProcess
from tests.unit.localcloud.sagemaker.helpers import ROLE, CallError, Cloud


def make_model(cloud: Cloud, name: str, image: str = "server", weights: str = "W", **environment: str) -> None:
    uri = cloud.put_archive(f"models/{name}/model.tar.gz", weights=weights)
    container = {"Image": image, "ModelDataUrl": uri, "Environment": environment}
    cloud.call("CreateModel", ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer=container)


def variant(name: str, model: str, count: int = 1, weight: float = 1.0) -> dict:
    return {
        "VariantName": name,
        "ModelName": model,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": count,
        "InitialVariantWeight": weight,
    }


def make_config(cloud: Cloud, name: str, *variants: dict, **more: object) -> None:
    cloud.call("CreateEndpointConfig", EndpointConfigName=name, ProductionVariants=list(variants), **more)


def serve(cloud: Cloud, name: str, config: str) -> dict:
    cloud.call("CreateEndpoint", EndpointName=name, EndpointConfigName=config)
    cloud.wait_endpoint(name, "IN_SERVICE")
    return cloud.call("DescribeEndpoint", EndpointName=name)


def simple(cloud: Cloud, name: str = "Endpoint") -> None:
    make_model(cloud, "model-1", weights="one")
    make_config(cloud, "config-1", variant("AllTraffic", "model-1"))
    serve(cloud, name, "config-1")


def statuses(cloud: Cloud, after: int) -> list[str]:
    changes = [event for event in cloud.events[after:] if event["detail-type"] == "SageMaker Endpoint State Change"]
    return [event["detail"]["EndpointStatus"] for event in changes]


def test_serves(cloud: Cloud) -> None:
    simple(cloud)
    described = cloud.call("DescribeEndpoint", EndpointName="Endpoint")
    assert described["EndpointStatus"] == "InService"
    assert described["EndpointArn"].endswith(":endpoint/endpoint")
    [summary] = described["ProductionVariants"]
    assert (summary["CurrentInstanceCount"], summary["CurrentWeight"]) == (1, 1.0)
    headers, answer = cloud.invoke(
        "Endpoint", b"1,2", Content_Type="text/csv", Accept="application/json",
        X_Amzn_SageMaker_Custom_Attributes="trace",
    )  # fmt: skip
    assert (answer["model"], answer["body"], answer["type"], answer["accept"]) == (
        "one", "1,2", "text/csv", "application/json",
    )  # fmt: skip
    assert answer["key"]
    assert headers["x-Amzn-Invoked-Production-Variant"] == "AllTraffic"
    assert headers["X-Amzn-SageMaker-Custom-Attributes"] == "trace-back"
    assert headers["Content-Type"] == "application/json"


def test_statuses_are_told(cloud: Cloud) -> None:
    simple(cloud)
    cloud.call("DeleteEndpoint", EndpointName="Endpoint")
    cloud.wait_endpoint("Endpoint", "DELETING")
    told = [e["detail"]["EndpointStatus"] for e in cloud.events if "EndpointStatus" in e["detail"]]
    assert told == ["CREATING", "IN_SERVICE", "DELETING"]


def test_deletion_stops_the_process(cloud: Cloud) -> None:
    simple(cloud)
    cloud.call("DeleteEndpoint", EndpointName="Endpoint")
    assert cloud.runtime.processes[-1].wait(20) is not None


def test_deletion_stops_what_an_update_could_not_end(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    simple(cloud)
    make_config(cloud, "config-2", variant("AllTraffic", "model-1"))
    retire, failed = Fleet.retire, threading.Event()

    def fail(fleet: Fleet) -> None:
        if not failed.is_set():
            failed.set()
            raise RuntimeError("can't start new thread")
        retire(fleet)

    monkeypatch.setattr(Fleet, "retire", fail)
    before = len(cloud.events)
    cloud.call("UpdateEndpoint", EndpointName="Endpoint", EndpointConfigName="config-2")
    cloud.wait_endpoint("Endpoint", "IN_SERVICE", before)
    assert failed.wait(20)
    cloud.call("DeleteEndpoint", EndpointName="Endpoint")
    assert None not in [each.wait(20) for each in cloud.runtime.processes]


def test_a_name_that_is_free_again_is_not_taken_for_the_deleted_endpoint(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    simple(cloud)
    store, endpoints = cloud.service.context.store, cloud.service.context.endpoints
    delete = store.delete

    def delete_and_create(kind: str, name: str) -> None:
        delete(kind, name)
        monkeypatch.undo()
        cloud.call("CreateEndpoint", EndpointName=name, EndpointConfigName="config-1")

    monkeypatch.setattr(store, "delete", delete_and_create)
    before = len(cloud.events)
    cloud.call("DeleteEndpoint", EndpointName="Endpoint")
    cloud.wait_endpoint("Endpoint", "IN_SERVICE", before)
    assert [live.fleet is not None for live in endpoints.all()] == [True]
    assert cloud.invoke("Endpoint", b"x")[1]["model"] == "one"


def test_container_errors_are_model_errors(cloud: Cloud) -> None:
    simple(cloud)
    with pytest.raises(CallError, match="ModelError") as raised:
        cloud.invoke("Endpoint", b"bad")
    assert raised.value.status == 424
    assert raised.value.body["OriginalStatusCode"] == 415
    assert raised.value.body["OriginalMessage"] == "unsupported thing"
    assert raised.value.message.startswith(
        'Received client error (415) from primary with message "unsupported thing". See https://us-east-1.console'
    )
    with pytest.raises(CallError, match=r"Received server error \(500\) from primary") as raised:
        cloud.invoke("Endpoint", b"fail")
    assert raised.value.body["OriginalStatusCode"] == 500


def test_unknown_endpoint_and_case(cloud: Cloud) -> None:
    simple(cloud)
    for name in ("nobody", "endpoint"):
        with pytest.raises(CallError, match=rf"ValidationError: Endpoint {name} of account \d+ not found\."):
            cloud.invoke(name, b"x")


def test_body_limit(cloud: Cloud) -> None:
    simple(cloud)
    with pytest.raises(CallError, match="length less than or equal to 6291456"):
        cloud.invoke("Endpoint", b"x" * 6_291_457)
    assert cloud.invoke("Endpoint", b"x" * 1_000_000)


def test_dead_server_is_started_again(cloud: Cloud) -> None:
    simple(cloud)
    _, first = cloud.invoke("Endpoint", b"x")
    os.kill(first["pid"], signal.SIGKILL)
    cloud.runtime.processes[0].wait()
    _, second = answer_after_restart(cloud)
    assert second["pid"] != first["pid"]


def test_a_hung_server_is_started_again(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in (("_LOOK_EVERY", 0.05), ("_PING_SECONDS", 0.5), ("_HUNG_GRACE", 0.1)):
        monkeypatch.setattr(server, name, seconds)
    simple(cloud)
    _, first = cloud.invoke("Endpoint", b"x")
    os.kill(first["pid"], signal.SIGSTOP)
    assert cloud.runtime.processes[0].wait(20) == -signal.SIGKILL
    _, second = answer_after_restart(cloud)
    assert second["pid"] != first["pid"]


def answer_after_restart(cloud: Cloud) -> tuple[dict, dict]:
    """As an SDK does: 503 is repeated."""
    for _ in range(50):
        try:
            return cloud.invoke("Endpoint", b"x")
        except CallError as error:
            if error.status not in (503, 424):
                raise
    raise AssertionError("the server did not come back")


def test_weights_and_target_variant(cloud: Cloud) -> None:
    make_model(cloud, "a", weights="A")
    make_model(cloud, "b", weights="B")
    make_config(cloud, "both", variant("A", "a", weight=1.0), variant("B", "b", weight=0.0))
    serve(cloud, "Two", "both")
    assert {cloud.invoke("Two", b"x")[1]["model"] for _ in range(10)} == {"A"}
    headers, answer = cloud.invoke("Two", b"x", X_Amzn_SageMaker_Target_Variant="B")
    assert (answer["model"], headers["x-Amzn-Invoked-Production-Variant"]) == ("B", "B")
    with pytest.raises(CallError, match="Variant C not found"):
        cloud.invoke("Two", b"x", X_Amzn_SageMaker_Target_Variant="C")
    before = len(cloud.events)
    wanted = [{"VariantName": "A", "DesiredWeight": 0.0}, {"VariantName": "B", "DesiredWeight": 2.0}]
    cloud.call("UpdateEndpointWeightsAndCapacities", EndpointName="Two", DesiredWeightsAndCapacities=wanted)
    cloud.wait_endpoint("Two", "IN_SERVICE", before)
    assert {cloud.invoke("Two", b"x")[1]["model"] for _ in range(10)} == {"B"}


def test_capacity(cloud: Cloud) -> None:
    simple(cloud)
    before = len(cloud.events)
    wanted = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 2}]
    cloud.call("UpdateEndpointWeightsAndCapacities", EndpointName="Endpoint", DesiredWeightsAndCapacities=wanted)
    cloud.wait_endpoint("Endpoint", "IN_SERVICE", before)
    assert len({cloud.invoke("Endpoint", b"x")[1]["pid"] for _ in range(40)}) == 2
    [summary] = cloud.call("DescribeEndpoint", EndpointName="Endpoint")["ProductionVariants"]
    assert summary["CurrentInstanceCount"] == 2


def test_capacity_that_cannot_be_started_is_told_and_the_endpoint_serves_on(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    simple(cloud)
    before = len(cloud.events)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(instance, "make", full)
    wanted = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 2}]
    cloud.call("UpdateEndpointWeightsAndCapacities", EndpointName="Endpoint", DesiredWeightsAndCapacities=wanted)
    cloud.wait_endpoint("Endpoint", "IN_SERVICE", before)
    described = cloud.call("DescribeEndpoint", EndpointName="Endpoint")
    assert described["EndpointStatus"] == "InService"
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 1
    assert cloud.invoke("Endpoint", b"x")[1]["pid"]
    cloud.call("DeleteEndpoint", EndpointName="Endpoint")


def test_a_pipeline_that_starts_only_in_part_leaves_no_process(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    containers = [{"Image": "server"}, {"Image": "server", "Environment": {"WHO": "second"}}]
    cloud.call("CreateModel", ModelName="pipe", ExecutionRoleArn=ROLE, Containers=containers)
    make_config(cloud, "pipe", variant("AllTraffic", "pipe"))
    serve(cloud, "Pipe", "pipe")
    start = cloud.runtime.start

    def fail(request: Request) -> FakeProcess:
        if request.environment.get("WHO"):
            raise OSError(11, "Resource temporarily unavailable")
        return start(request)

    monkeypatch.setattr(cloud.runtime, "start", fail)
    before = len(cloud.events)
    wanted = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 2}]
    cloud.call("UpdateEndpointWeightsAndCapacities", EndpointName="Pipe", DesiredWeightsAndCapacities=wanted)
    cloud.wait_endpoint("Pipe", "IN_SERVICE", before)
    assert [each.wait(0) is None for each in cloud.runtime.processes] == [True, True, False]
    assert len(list(cloud.home.glob("endpoints/Pipe/*/AllTraffic/0*"))) == 1


def test_pipeline(cloud: Cloud) -> None:
    containers = [{"Image": "server", "Environment": {"WHO": who}} for who in ("first", "second")]
    cloud.call("CreateModel", ModelName="pipe", ExecutionRoleArn=ROLE, Containers=containers)
    make_config(cloud, "pipe", variant("AllTraffic", "pipe"))
    serve(cloud, "Pipe", "pipe")
    _, answer = cloud.invoke("Pipe", b"x", Content_Type="text/csv")
    assert answer["who"] == "second"
    assert answer["type"] == "application/json"
    assert '"who": "first"' in answer["body"]


def test_creation_fails_when_the_container_exits(cloud: Cloud) -> None:
    make_model(cloud, "broken", image="exits")
    make_config(cloud, "broken", variant("AllTraffic", "broken"))
    cloud.call("CreateEndpoint", EndpointName="Broken", EndpointConfigName="broken")
    cloud.wait_endpoint("Broken", "FAILED")
    described = cloud.call("DescribeEndpoint", EndpointName="Broken")
    assert described["FailureReason"] == (
        "The primary container for production variant AllTraffic did not pass the ping health check. Please check "
        "CloudWatch logs for this endpoint."
    )
    with pytest.raises(CallError, match="DeleteEndpoint is the only operation"):
        cloud.call("UpdateEndpoint", EndpointName="Broken", EndpointConfigName="broken")
    assert list(cloud.home.glob("endpoints/Broken/*")) == []
    cloud.call("DeleteEndpoint", EndpointName="Broken")


def test_update_moves_the_traffic(cloud: Cloud) -> None:
    simple(cloud)
    make_model(cloud, "model-2", weights="two")
    make_config(cloud, "config-2", variant("AllTraffic", "model-2"))
    before = len(cloud.events)
    cloud.call("UpdateEndpoint", EndpointName="Endpoint", EndpointConfigName="config-2")
    assert cloud.call("DescribeEndpoint", EndpointName="Endpoint")["EndpointConfigName"] in ("config-1", "config-2")
    cloud.wait_endpoint("Endpoint", "IN_SERVICE", before)
    assert cloud.call("DescribeEndpoint", EndpointName="Endpoint")["EndpointConfigName"] == "config-2"
    assert cloud.invoke("Endpoint", b"x")[1]["model"] == "two"
    assert cloud.runtime.processes[0].wait(20) is not None


def test_failed_update_leaves_the_old_fleet(cloud: Cloud) -> None:
    simple(cloud)
    make_model(cloud, "broken", image="exits")
    make_config(cloud, "broken", variant("AllTraffic", "broken"))
    before = len(cloud.events)
    cloud.call("UpdateEndpoint", EndpointName="Endpoint", EndpointConfigName="broken")
    cloud.wait_endpoint("Endpoint", "IN_SERVICE", before)
    assert statuses(cloud, before) == ["UPDATING", "ROLLING_BACK", "IN_SERVICE"]
    described = cloud.call("DescribeEndpoint", EndpointName="Endpoint")
    assert described["EndpointConfigName"] == "config-1"
    assert "did not pass the ping health check" in described["FailureReason"]
    assert cloud.invoke("Endpoint", b"x")[1]["model"] == "one"


def test_retains_variant_properties(cloud: Cloud) -> None:
    simple(cloud)
    before = len(cloud.events)
    wanted = [{"VariantName": "AllTraffic", "DesiredInstanceCount": 2, "DesiredWeight": 3.0}]
    cloud.call("UpdateEndpointWeightsAndCapacities", EndpointName="Endpoint", DesiredWeightsAndCapacities=wanted)
    cloud.wait_endpoint("Endpoint", "IN_SERVICE", before)
    make_config(cloud, "config-2", variant("AllTraffic", "model-1"))
    before = len(cloud.events)
    cloud.call(
        "UpdateEndpoint", EndpointName="Endpoint", EndpointConfigName="config-2", RetainAllVariantProperties=True,
        ExcludeRetainedVariantProperties=[{"VariantPropertyType": "DesiredWeight"}],
    )  # fmt: skip
    cloud.wait_endpoint("Endpoint", "IN_SERVICE", before)
    [summary] = cloud.call("DescribeEndpoint", EndpointName="Endpoint")["ProductionVariants"]
    assert (summary["CurrentInstanceCount"], summary["CurrentWeight"]) == (2, 1.0)


def test_serves_after_its_parts_are_deleted_and_after_a_restart(cloud: Cloud) -> None:
    simple(cloud)
    cloud.call("DeleteEndpointConfig", EndpointConfigName="config-1")
    cloud.call("DeleteModel", ModelName="model-1")
    assert cloud.invoke("Endpoint", b"x")[1]["model"] == "one"
    cloud.restart()
    assert cloud.call("DescribeEndpoint", EndpointName="Endpoint")["EndpointStatus"] == "InService"
    assert cloud.invoke("Endpoint", b"x")[1]["model"] == "one"


def test_busy_endpoint_is_refused(cloud: Cloud) -> None:
    cloud.runtime.images["slow"] = "import signal; print('up'); signal.pause()"
    make_model(cloud, "slow", image="slow")
    make_config(cloud, "slow", variant("AllTraffic", "slow"))
    cloud.call("CreateEndpoint", EndpointName="Slow", EndpointConfigName="slow")
    for operation, more in (("DeleteEndpoint", {}), ("UpdateEndpoint", {"EndpointConfigName": "slow"})):
        with pytest.raises(CallError, match='Cannot update in-progress endpoint "arn:'):
            cloud.call(operation, EndpointName="Slow", **more)
    with pytest.raises(CallError, match='Cannot create already existing endpoint "arn:'):
        cloud.call("CreateEndpoint", EndpointName="SLOW", EndpointConfigName="slow")


def test_model_data_is_checked(cloud: Cloud) -> None:
    container = {"Image": "server", "ModelDataUrl": f"s3://{cloud.bucket}/none/model.tar.gz"}
    with pytest.raises(CallError, match="Could not find model data at s3://"):
        cloud.call("CreateModel", ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer=container)


def test_broken_archive_fails_the_endpoint(cloud: Cloud) -> None:
    uri = cloud.put("broken/model.tar.gz", b"not a tar")
    container = {"Image": "server", "ModelDataUrl": uri}
    cloud.call("CreateModel", ModelName="m", ExecutionRoleArn=ROLE, PrimaryContainer=container)
    make_config(cloud, "c", variant("AllTraffic", "m"))
    cloud.call("CreateEndpoint", EndpointName="E", EndpointConfigName="c")
    cloud.wait_endpoint("E", "FAILED")
    reason = cloud.call("DescribeEndpoint", EndpointName="E")["FailureReason"]
    assert "Failed to extract model data archive" in reason
    assert uri in reason


@pytest.mark.parametrize(
    "more",
    [
        {"ExecutionRoleArn": ROLE},
    ],
)
def test_config_not_here(cloud: Cloud, more: dict) -> None:
    make_model(cloud, "m")
    with pytest.raises(CallError, match="not implemented here"):
        make_config(cloud, "c", variant("A", "m"), **more)


def test_config_needs_its_model(cloud: Cloud) -> None:
    with pytest.raises(CallError, match=r'ValidationException: Could not find model "arn:aws:sagemaker:.*:model/none"'):
        make_config(cloud, "c", variant("A", "none"))


def blue_green(kind: str, **more: object) -> dict:
    return {
        "BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": {"Type": kind, "WaitIntervalInSeconds": 0, **more}}
    }


@pytest.mark.parametrize(
    ("config", "words"),
    [
        (blue_green("CANARY"), "CanarySize is required"),
        (blue_green("ALL_AT_ONCE", CanarySize={"Type": "INSTANCE_COUNT", "Value": 1}), "CanarySize is allowed only"),
        ({}, "needs either BlueGreenUpdatePolicy or RollingUpdatePolicy"),
    ],
)
def test_deployment_config(cloud: Cloud, config: dict, words: str) -> None:
    make_model(cloud, "m")
    make_config(cloud, "c", variant("A", "m"))
    with pytest.raises(CallError) as raised:
        cloud.call("CreateEndpoint", EndpointName="E", EndpointConfigName="c", DeploymentConfig=config)
    assert words in raised.value.message


def test_invocation_metrics(cloud: Cloud) -> None:
    import boto3

    simple(cloud, "Measured")
    cloud.invoke("Measured", b"x")
    with pytest.raises(CallError):
        cloud.invoke("Measured", b"bad")
    cloud.service.context.router.flush()
    cloud.service.context.metrics.flush()
    metrics = boto3.client("cloudwatch", region_name="us-east-1").list_metrics(
        Namespace="AWS/SageMaker", Dimensions=[{"Name": "EndpointName", "Value": "Measured"}]
    )["Metrics"]
    names = {"Invocations", "Invocation4XXErrors", "Invocation5XXErrors", "ModelLatency", "OverheadLatency"}
    names |= {"InvocationsPerInstance", "InvocationModelErrors", "ConcurrentRequestsPerModel"}
    assert {metric["MetricName"] for metric in metrics} == names


def test_no_call_is_lost_while_the_traffic_moves(cloud: Cloud) -> None:
    simple(cloud)
    make_model(cloud, "model-2", weights="two")
    make_config(cloud, "config-2", variant("AllTraffic", "model-2", count=2))
    moved = threading.Event()

    def call() -> set[str]:
        seen = set()
        while not moved.is_set():
            seen.add(cloud.invoke("Endpoint", b"x")[1]["model"])
        return seen

    with ThreadPoolExecutor(3) as pool:
        callers = [pool.submit(call) for _ in range(3)]
        before = len(cloud.events)
        try:
            cloud.call("UpdateEndpoint", EndpointName="Endpoint", EndpointConfigName="config-2")
            cloud.wait_endpoint("Endpoint", "IN_SERVICE", before)
            cloud.runtime.processes[0].wait(20)
        finally:
            moved.set()
        assert {model for caller in callers for model in caller.result()} == {"one", "two"}
