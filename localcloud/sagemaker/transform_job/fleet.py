"""The instances of a transform job: their model unpacked, their environment, logs and measurements."""

from __future__ import annotations

import threading
import uuid
from pathlib import Path
from typing import Any

import psutil

from localcloud.sagemaker.context import Context
from localcloud.sagemaker.errors import JobFailedError
from localcloud.sagemaker.jobs import archive, transfer
from localcloud.sagemaker.jobs.workspace import Workspace
from localcloud.sagemaker.metrics import Figure
from localcloud.sagemaker.transform_job.server import Container, Instance

GROUP = "/aws/sagemaker/TransformJobs"
_NAMESPACE = "/aws/sagemaker/TransformJobs"
_MEASURE_EVERY = 5.0
_STRATEGIES = {"SingleRecord": "SINGLE_RECORD", "MultiRecord": "MULTI_RECORD"}


def environment(job: dict[str, Any]) -> dict[str, str]:
    """What a container is told of the job; the last three only where the request has them (containers.md)."""
    told = {"SAGEMAKER_BATCH": "true"}
    if "MaxPayloadInMB" in job:
        told["SAGEMAKER_MAX_PAYLOAD_IN_MB"] = str(job["MaxPayloadInMB"])
    if "BatchStrategy" in job:
        told["SAGEMAKER_BATCH_STRATEGY"] = strategy_name(job["BatchStrategy"])
    if "MaxConcurrentTransforms" in job:
        told["SAGEMAKER_MAX_CONCURRENT_TRANSFORMS"] = str(job["MaxConcurrentTransforms"])
    return told


def strategy_name(strategy: str) -> str:
    """MultiRecord as containers and logs spell it: MULTI_RECORD."""
    return _STRATEGIES[strategy]


def download(space: Workspace, containers: list[dict[str, Any]]) -> list[Path | None]:
    """Each container's model archive. Raises JobFailedError."""
    found: list[Path | None] = []
    for number, container in enumerate(containers, 1):
        url = container.get("ModelDataUrl")
        if url is None:
            found.append(None)
            continue
        path = space.directory("archives") / f"model-{number}.tar.gz"
        found.append(path)
        space.downloads.one(*transfer.split(url), path)
    return found


def instance_name() -> str:
    """An instance id as log streams have it."""
    return f"i-0{uuid.uuid4().hex[:16]}"


def make(context: Context, space: Workspace, job: dict[str, Any], archives: list[Path | None], stream: str) -> Instance:
    """One instance with its files in place, not started. Raises JobFailedError."""
    served = job["_model"]
    logs = space.role.client("logs")
    containers = []
    for number, (container, path) in enumerate(zip(served["containers"], archives, strict=True), 1):
        root = space.root / "instances" / stream.rpartition("/")[2] / str(number) / "opt" / "ml"
        (root / "model").mkdir(parents=True)
        if path is not None:
            archive.unpack(path, root / "model", container["ModelDataUrl"])
        name = container.get("ContainerHostname", f"container_{number}")
        alone = len(archives) == 1
        containers.append(
            Container(
                image=container["Image"],
                root=root,
                environment={
                    **container.get("Environment", {}),
                    **job.get("Environment", {}),
                    **environment(job),
                    "AWS_REGION": context.region,
                },
                credentials=space.container_credentials(isolated=served["isolated"]),
                isolated=served["isolated"],
                log=context.logs.stream(logs, GROUP, stream if alone else f"{stream}/{name}"),
            )
        )
    return Instance(context.runtime, containers)


class Measurements:
    """CPUUtilization and MemoryUtilization of each instance, while a block runs."""

    def __init__(self, context: Context, client: Any, hosts: dict[str, Instance]) -> None:
        self._context = context
        self._client = client
        self._hosts = hosts
        self._ended = threading.Event()
        self._known: dict[int, psutil.Process] = {}
        self._thread = threading.Thread(target=self._run, name="sagemaker-transform-measure", daemon=True)

    def __enter__(self) -> None:
        """Begin to measure."""
        self._take()
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        """Measure once more, and end."""
        self._ended.set()
        self._thread.join()
        self._take()

    def _run(self) -> None:
        while not self._ended.wait(_MEASURE_EVERY):
            self._take()

    def _take(self) -> None:
        for host, instance in self._hosts.items():
            cpu = memory = 0.0
            for pid in instance.pids:
                try:
                    root = self._known.setdefault(pid, psutil.Process(pid))
                    for process in (root, *root.children(recursive=True)):
                        cpu += self._known.setdefault(process.pid, process).cpu_percent()
                        memory += process.memory_percent()
                except psutil.Error:
                    continue
            for name, value in (("CPUUtilization", cpu), ("MemoryUtilization", memory)):
                moment = self._context.clock()
                figure = Figure(self._client, _NAMESPACE, name, (("Host", host),), "Percent", moment, round(value, 3))
                self._context.metrics.add(figure)


def check_images(space: Workspace, containers: list[dict[str, Any]]) -> None:
    """Raise JobFailedError before any data moves if an image cannot be run."""
    for container in containers:
        if "Image" not in container:
            raise JobFailedError("ClientError: a container of the model has no Image")
        space.check_image(container["Image"], "serve")
