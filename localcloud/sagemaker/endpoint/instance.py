"""One instance of a variant: its containers in a row, each on its own port."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.sagemaker.aws import RoleSession
from localcloud.sagemaker.context import Context
from localcloud.sagemaker.endpoint.pace import limit
from localcloud.sagemaker.endpoint.server import Server, ServerSpec
from localcloud.sagemaker.errors import DeploymentFailedError, JobFailedError
from localcloud.sagemaker.jobs import archive, transfer
from localcloud.sagemaker.router import RouteInstance


class Instance:
    """The servers of one instance; a pipeline has several."""

    def __init__(self, servers: list[Server], directory: Path) -> None:
        self.id = directory.name
        self.servers = servers
        self.ended = False
        self._directory = directory

    @property
    def ready(self) -> bool:
        """Whether every container answers."""
        return all(server.ready.is_set() for server in self.servers)

    def start(self) -> None:
        """Start all processes; raises DeploymentFailedError."""
        for server in self.servers:
            server.start()

    def wait_ready(self) -> None:
        """Wait for all processes; raises DeploymentFailedError."""
        for server in self.servers:
            server.wait_ready()
        for server in self.servers:
            server.watch()

    @property
    def route(self) -> RouteInstance:
        """Where the router finds it."""
        ports = tuple(server.port for server in self.servers)
        return RouteInstance(self.id, ports, tuple(server.spec.name for server in self.servers))

    def doubt(self) -> None:
        """Somebody could not connect to it."""
        for server in self.servers:
            server.doubt()

    def stop(self, grace: float) -> None:
        """End all processes and remove their files."""
        self.ended = True
        for server in self.servers:
            server.stop(grace)
        shutil.rmtree(self._directory, ignore_errors=True)


def download(role: RoleSession, containers: list[dict[str, Any]], directory: Path, seconds: float) -> list[Path | None]:
    """Each container's model archive, once per fleet and variant; raises DeploymentFailedError."""
    s3 = role.client("s3")
    ends = time.monotonic() + seconds
    found: list[Path | None] = []
    for number, container in enumerate(containers, 1):
        if container["data"] is None:
            found.append(None)
            continue
        path = directory / f"model-{number}.tar.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        bucket, key = transfer.split(container["data"])
        try:
            transfer.download_object(s3, bucket, key, path)
        except (ClientError, BotoCoreError) as error:
            raise DeploymentFailedError(
                f'Failed to download model data for container "{_label(container, number)}" from URL: '
                f'"{container["data"]}". Please ensure that there is an object located at the URL and that the role '
                "passed to CreateModel has permissions to download the object."
            ) from error
        if time.monotonic() > ends:
            raise DeploymentFailedError(
                f'Model data download timed out for container "{_label(container, number)}" from URL: '
                f'"{container["data"]}". Please raise ModelDataDownloadTimeoutInSeconds.'
            )
        found.append(path)
    return found


@dataclass(frozen=True)
class Blueprint:
    """What all instances of one variant are made from: its plan, its role, its models' archives."""

    endpoint: str
    variant: dict[str, Any]
    role: RoleSession
    archives: list[Path | None]


def make(context: Context, blueprint: Blueprint, directory: Path, changed: Callable[[], None]) -> Instance:
    """An instance with its files in place, not started; raises DeploymentFailedError."""
    variant, role = blueprint.variant, blueprint.role
    logs = role.client("logs")
    isolated = variant["isolated"]
    several = len(blueprint.archives) > 1
    servers = []
    for number, (container, path) in enumerate(zip(variant["containers"], blueprint.archives, strict=True), 1):
        root = directory / str(number) / "opt" / "ml"
        (root / "model").mkdir(parents=True)
        if path is not None:
            _extract(path, root / "model", container, number)
        stream = f"{variant['VariantName']}/i-{directory.name}"
        stream += f"/{container['name']}" if several else ""
        spec = ServerSpec(
            name=container["name"],
            variant=variant["VariantName"],
            image=container["image"],
            root=root,
            environment=container["environment"] | {"AWS_REGION": context.region},
            credentials={} if isolated else role.environment(),
            isolated=isolated,
            health_seconds=limit(variant["health_seconds"], context.time_scale),
            log=context.logs.stream(logs, f"/aws/sagemaker/Endpoints/{blueprint.endpoint}", stream),
        )
        servers.append(Server(context.runtime, spec, changed, partial(context.router.hangs, directory.name)))
    return Instance(servers, directory)


def _extract(path: Path, target: Path, container: dict[str, Any], number: int) -> None:
    try:
        archive.unpack(path, target, container["data"])
    except JobFailedError as error:
        raise DeploymentFailedError(
            f'Failed to extract model data archive from URL "{container["data"]}" for container '
            f'"{_label(container, number)}": {error}. Please ensure that the object located at the URL is a valid '
            "tar.gz archive."
        ) from error


def _label(container: dict[str, Any], number: int) -> str:
    return f"container_{number}" if container["name"] == "primary" else str(container["name"])
