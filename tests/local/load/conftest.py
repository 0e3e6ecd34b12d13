"""Two XGBoost models in the local cloud, configurations of them, and a load from another process."""

from __future__ import annotations

import contextlib
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

from benchmarks import served_endpoint, served_model
from localcloud.cloud import LocalCloud
from localcloud.settings import REPOSITORY

# Bounded: what is asked is whether every request is answered, on a laptop that is also busy with the changes.
CONNECTIONS, RATE = 8, 80
_CHANGE_SECONDS = 120.0
_CONNECT_SECONDS = 30.0
CONFIGS = {
    "pair-1": [served_endpoint.variant("A", "a"), served_endpoint.variant("B", "b")],
    "pair-2": [served_endpoint.variant("A", "b"), served_endpoint.variant("B", "a")],
    "solo-1": [served_endpoint.variant("A", "a", count=2)],
    "solo-2": [served_endpoint.variant("A", "b", count=2)],
    "one": [served_endpoint.variant("A", "a")],
}


@dataclass
class Load:
    """What became of the requests; there is something only after `under_load`."""

    found: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return ", ".join(f"{key} {value}" for key, value in self.found.items() if value != [])


class Serving:
    """An endpoint of the local cloud, seen through the SageMaker API alone."""

    def __init__(self, cloud: LocalCloud, body: Path) -> None:
        self.cloud = cloud
        self.client = cloud.client("sagemaker")
        self._body = body

    def create(self, name: str, config: str) -> None:
        """An endpoint in service."""
        self.client.create_endpoint(EndpointName=name, EndpointConfigName=config)
        self.settled(name)

    def settled(self, name: str) -> dict[str, Any]:
        """The endpoint once nothing is under way; it must be in service."""
        deadline = time.monotonic() + _CHANGE_SECONDS
        while (found := self.client.describe_endpoint(EndpointName=name))["EndpointStatus"] in ("Creating", "Updating"):
            assert time.monotonic() < deadline, found
            time.sleep(0.1)
        assert found["EndpointStatus"] == "InService", found
        return dict(found)

    def change(self, name: str, config: str, deployment: dict[str, Any] | None = None) -> None:
        """UpdateEndpoint, until it is done."""
        more = {"DeploymentConfig": deployment} if deployment else {}
        self.client.update_endpoint(EndpointName=name, EndpointConfigName=config, **more)
        found = self.settled(name)
        assert found["EndpointConfigName"] == config, found.get("FailureReason")

    def rescale(self, name: str, **wanted: dict[str, Any]) -> None:
        """UpdateEndpointWeightsAndCapacities of these variants, until it is done."""
        items = [{"VariantName": variant, **what} for variant, what in wanted.items()]
        self.client.update_endpoint_weights_and_capacities(EndpointName=name, DesiredWeightsAndCapacities=items)
        self.settled(name)

    def ask(self, name: str, times: int) -> None:
        """So many answers to requests of the test's own; raises botocore's ClientError."""
        runtime = self.cloud.client("sagemaker-runtime")
        for _ in range(times):
            runtime.invoke_endpoint(EndpointName=name, ContentType="text/csv", Body=self._body.read_bytes())

    @contextlib.contextmanager
    def under_load(self, name: str) -> Iterator[Load]:
        """Requests from another process all the while; its figures are there afterwards."""
        url = f"{self.cloud.settings.runtime_url}/endpoints/{name}/invocations"
        command = [sys.executable, "-m", "benchmarks.load", url, "--body", str(self._body)]
        command += ["--connections", str(CONNECTIONS), "--rate", str(RATE)]
        command += [part for header in served_endpoint.HEADERS for part in ("--header", header)]
        pipe = subprocess.PIPE
        load = Load()
        with subprocess.Popen(command, cwd=REPOSITORY, stdin=pipe, stdout=pipe, text=True) as process:
            try:
                _await_connected(process)
                yield load
            finally:
                output, _ = process.communicate(timeout=_CHANGE_SECONDS)
        load.found = json.loads(output)
        print(f"\n{name}: {load}")


def _await_connected(process: subprocess.Popen[str]) -> None:
    seen = psutil.Process(process.pid)
    deadline = time.monotonic() + _CONNECT_SECONDS
    while sum(each.status == psutil.CONN_ESTABLISHED for each in seen.net_connections()) < CONNECTIONS:
        assert time.monotonic() < deadline, "the load has not begun"
        time.sleep(0.1)


@pytest.fixture(scope="session")
def serving(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Serving:
    """Models and configurations, once."""
    served_endpoint.make_models(cloud, served_model.archive(served_model.train()))
    client = cloud.client("sagemaker")
    for name, variants in CONFIGS.items():
        client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants)
    body = tmp_path_factory.mktemp("load") / "row.csv"
    body.write_text(",".join(map(str, served_model.row())) + "\n")
    return Serving(cloud, body)


@pytest.fixture
def endpoint(request: pytest.FixtureRequest, serving: Serving) -> Iterator[Callable[[str], str]]:
    """Makes an endpoint of the configuration; it is deleted afterwards."""
    name = re.sub("[^a-z0-9]+", "-", request.node.name.removeprefix("test_")).strip("-")

    def make(config: str) -> str:
        serving.create(name, config)
        return name

    yield make
    serving.client.delete_endpoint(EndpointName=name)
