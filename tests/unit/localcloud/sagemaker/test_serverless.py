"""Serverless endpoints: started by calls, stopped when idle, with as many calls at a time as they may have."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.unit.localcloud.sagemaker.helpers import CallError, Cloud
from tests.unit.localcloud.sagemaker.test_endpoint import make_config, make_model, serve, variant

SLOW = """
import http.server, json, os, time
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *a): pass
    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self): self.answer(b"")
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(1.5)
        self.answer(json.dumps({"pid": os.getpid()}).encode())
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["SAGEMAKER_BIND_TO_PORT"])), Handler).serve_forever()
"""


def on_demand(model: str, most: int = 2, **more: int) -> dict[str, Any]:
    config = {"MemorySizeInMB": 2048, "MaxConcurrency": most, **more}
    return {"VariantName": "AllTraffic", "ModelName": model, "ServerlessConfig": config}


def running(cloud: Cloud) -> int:
    return sum(1 for each in cloud.runtime.processes if each.wait(0) is None)


def wait_running(cloud: Cloud, count: int) -> None:
    ends = time.monotonic() + 20
    while running(cloud) != count:
        assert time.monotonic() < ends, running(cloud)
        time.sleep(0.1)


def test_starts_on_demand_and_stops_when_idle(cloud: Cloud) -> None:
    make_model(cloud, "m", weights="one")
    make_config(cloud, "c", on_demand("m"))
    described = serve(cloud, "E", "c")
    [summary] = described["ProductionVariants"]
    assert summary["CurrentServerlessConfig"] == {"MemorySizeInMB": 2048, "MaxConcurrency": 2}
    assert "CurrentInstanceCount" not in summary
    assert cloud.invoke("E", b"x")[1]["model"] == "one"
    wait_running(cloud, 0)
    assert cloud.invoke("E", b"x")[1]["model"] == "one"
    assert running(cloud) == 1


def test_more_calls_than_max_concurrency_are_throttled(cloud: Cloud) -> None:
    cloud.runtime.images["slow"] = SLOW
    make_model(cloud, "m", image="slow")
    make_config(cloud, "c", on_demand("m", 2))
    serve(cloud, "E", "c")
    pids, codes, lock = set(), [], threading.Lock()

    def call(_: int) -> None:
        try:
            pid = cloud.invoke("E", b"x")[1]["pid"]
        except CallError as error:
            with lock:
                codes.append((error.code, error.status))
        else:
            with lock:
                pids.add(pid)

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(call, range(3)))
    assert codes == [("ThrottlingException", 429)]
    # The second call waited for the first one's instance, or for one of its own.
    assert 1 <= len(pids) <= 2


def test_provisioned_instances_stay(cloud: Cloud) -> None:
    make_model(cloud, "m")
    make_config(cloud, "c", on_demand("m", 3))
    serve(cloud, "E", "c")
    wait_running(cloud, 0)
    before = len(cloud.events)
    wanted = {"VariantName": "AllTraffic", "ServerlessUpdateConfig": {"MaxConcurrency": 4, "ProvisionedConcurrency": 1}}
    cloud.call("UpdateEndpointWeightsAndCapacities", EndpointName="E", DesiredWeightsAndCapacities=[wanted])
    cloud.wait_endpoint("E", "IN_SERVICE", before)
    config = {"MemorySizeInMB": 2048, "MaxConcurrency": 4, "ProvisionedConcurrency": 1}
    [summary] = cloud.call("DescribeEndpoint", EndpointName="E")["ProductionVariants"]
    assert (summary["CurrentServerlessConfig"], summary["DesiredServerlessConfig"]) == (config, config)
    assert running(cloud) == 1
    time.sleep(7)
    assert running(cloud) == 1
    cloud.restart()
    assert cloud.invoke("E", b"x")


@pytest.mark.parametrize(
    ("change", "more", "words"),
    [
        ({"InitialInstanceCount": 1}, {}, "InitialInstanceCount cannot be given together with ServerlessConfig"),
        ({"ServerlessConfig": {"MemorySizeInMB": 1500, "MaxConcurrency": 1}}, {}, "must be one of 1024"),
        (
            {"ServerlessConfig": {"MemorySizeInMB": 1024, "MaxConcurrency": 1, "ProvisionedConcurrency": 2}},
            {},
            "must be at most its MaxConcurrency",
        ),
        ({}, {"EnableNetworkIsolation": True}, "do not support network isolation"),
        (
            {},
            {
                "DataCaptureConfig": {
                    "EnableCapture": True,
                    "InitialSamplingPercentage": 100,
                    "DestinationS3Uri": "s3://b/c",
                    "CaptureOptions": [{"CaptureMode": "Input"}],
                }
            },
            "DataCaptureConfig is not supported for serverless",
        ),
    ],
)
def test_what_aws_refuses(cloud: Cloud, change: dict, more: dict, words: str) -> None:
    make_model(cloud, "m")
    with pytest.raises(CallError, match=words):
        make_config(cloud, "c", on_demand("m") | change, **more)


def test_no_updates_from_instances_to_serverless(cloud: Cloud) -> None:
    make_model(cloud, "m")
    make_config(cloud, "instances", variant("AllTraffic", "m"))
    make_config(cloud, "serverless", on_demand("m"))
    serve(cloud, "E", "instances")
    with pytest.raises(CallError, match="cannot be updated to a serverless"):
        cloud.call("UpdateEndpoint", EndpointName="E", EndpointConfigName="serverless")
    wanted = {"VariantName": "AllTraffic", "ServerlessUpdateConfig": {"MaxConcurrency": 4}}
    with pytest.raises(CallError, match="not supported for instance-based variant"):
        cloud.call("UpdateEndpointWeightsAndCapacities", EndpointName="E", DesiredWeightsAndCapacities=[wanted])
    assert cloud.invoke("E", b"x")


def test_updates_to_another_configuration_and_to_instances(cloud: Cloud) -> None:
    make_model(cloud, "m", weights="one")
    make_model(cloud, "n", weights="two")
    make_config(cloud, "one", on_demand("m"))
    make_config(cloud, "two", on_demand("n", 3))
    make_config(cloud, "instances", variant("AllTraffic", "m"))
    serve(cloud, "E", "one")
    wait_running(cloud, 0)
    size = {"Type": "CAPACITY_PERCENT", "Value": 30}
    canary = {"Type": "CANARY", "WaitIntervalInSeconds": 60, "CanarySize": size}
    for config, answer in (("two", "two"), ("instances", "one")):
        before = len(cloud.events)
        guardrails = {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": canary}} if config == "two" else None
        more = {"DeploymentConfig": guardrails} if guardrails else {}
        cloud.call("UpdateEndpoint", EndpointName="E", EndpointConfigName=config, **more)
        cloud.wait_endpoint("E", "IN_SERVICE", before)
        assert cloud.call("DescribeEndpoint", EndpointName="E")["EndpointConfigName"] == config
        assert cloud.invoke("E", b"x")[1]["model"] == answer
    [summary] = cloud.call("DescribeEndpoint", EndpointName="E")["ProductionVariants"]
    assert summary["CurrentInstanceCount"] == 1
    assert "CurrentServerlessConfig" not in summary
    wait_running(cloud, 1)
