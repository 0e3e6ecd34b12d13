"""One transform job, from its model and input in S3 to the output in S3."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from localcloud.sagemaker import events
from localcloud.sagemaker.errors import JobFailedError
from localcloud.sagemaker.jobs import transfer
from localcloud.sagemaker.jobs.run import JobRun
from localcloud.sagemaker.jobs.workspace import Workspace
from localcloud.sagemaker.logs import LogStream
from localcloud.sagemaker.transform_job import capture, fleet, records, rules, state
from localcloud.sagemaker.transform_job.conversion import Conversion, FileFailedError
from localcloud.sagemaker.transform_job.payloads import Splitting
from localcloud.sagemaker.transform_job.server import Fleet, Instance

_TIMEOUT_SECONDS, _RETRIES = 600, 3


@dataclass
class _File:
    """One object of the input; `fault` says why it has no output."""

    bucket: str
    key: str
    name: str
    fault: str | None = None
    done: bool = False


@dataclass(frozen=True)
class _Host:
    """One instance with what belongs to it: where its data log goes, and its calls in flight."""

    instance: Instance
    data_log: LogStream
    calls: Executor
    number: int
    files: list[_File] = field(default_factory=list)


class TransformRun(JobRun):
    """From the input to the output, on as many instances as there are files for."""

    def begin(self) -> None:
        """See JobRun."""
        state.enter(self.context, self.name, "InProgress")

    def work(self) -> None:
        """See JobRun."""
        served = self.job["_model"]
        self.space = space = Workspace(self.context, self.record, served["role"], fleet.GROUP)
        fleet.check_images(space, served["containers"])
        place = self.job["TransformInput"]["DataSource"]["S3DataSource"]
        files = [_File(*found) for found in space.downloads.find(place["S3Uri"], place["S3DataType"])]
        archives = fleet.download(space, served["containers"])
        # Instances that would have no file do nothing on AWS; here they are not started.
        count = max(1, min(self.job["TransformResources"]["InstanceCount"], len(files)))
        streams = [f"{self.name}/{fleet.instance_name()}-{round(self.context.clock())}" for _ in range(count)]
        instances = [fleet.make(self.context, space, self.job, archives, stream) for stream in streams]
        group = Fleet(instances)
        try:
            self._start(group)
            hosts = dict(zip(streams, instances, strict=True))
            with fleet.Measurements(self.context, space.role.client("cloudwatch"), hosts):
                self._transform(space, hosts, files)
        finally:
            group.stop(1.0)
        self._finish(space, files)

    def _start(self, group: Fleet) -> None:
        for instance in group.instances:
            instance.start()
        self.control.attach(group)
        for instance in group.instances:
            instance.wait_ready(self.control)
        state.enter(self.context, self.name, "InProgress", TransformStartTime=self.context.clock())

    def _transform(self, space: Workspace, hosts: dict[str, Instance], files: list[_File]) -> None:
        conversion = self._conversion(next(iter(hosts.values())).parameters())
        logs = space.role.client("logs")
        with ThreadPoolExecutor(len(hosts)) as instances:
            waiting = []
            for number, (stream, instance) in enumerate(hosts.items()):
                data_log = self.context.logs.stream(logs, fleet.GROUP, f"{stream}/data-log")
                data_log.write(self._said(_described(conversion)))
                calls = ThreadPoolExecutor(conversion.concurrent, thread_name_prefix="transform-call")
                host = _Host(instance, data_log, calls, number, files[number :: len(hosts)])
                waiting.append(instances.submit(self._serve, space, conversion, host))
            for each in waiting:
                each.result()
        self.control.check()

    def _serve(self, space: Workspace, conversion: Conversion, host: _Host) -> None:
        """Convert one instance's files; several at a time, so that small ones keep all calls busy too."""
        counter, lock = itertools.count(), threading.Lock()

        def convert(file: _File) -> None:
            with lock:
                number = next(counter)
            self.control.check()
            folder = space.directory(f"files/{host.number}")
            self._convert(space, conversion, host, file, folder / f"{number}")

        try:
            with ThreadPoolExecutor(conversion.concurrent) as readers:
                list(readers.map(convert, host.files))
        finally:
            host.calls.shutdown(cancel_futures=True)
            host.data_log.flush()

    def _convert(self, space: Workspace, conversion: Conversion, host: _Host, file: _File, base: Path) -> None:
        source, target = base.with_suffix(".in"), base.with_suffix(".out")
        compressed = self.job["TransformInput"].get("CompressionType") == "Gzip"
        try:
            space.downloads.one(file.bucket, file.key, source, gunzip=compressed)
            conversion.convert(host.instance, host.calls, source, target)
            kms = self.job["TransformOutput"].get("KmsKeyId")
            transfer.upload_file(space.s3, target, self._output(file), transfer.encryption(kms))
            file.done = True
        except FileFailedError as failure:
            file.fault = f"{failure.fault}: See job logs for more information"
            for line in failure.lines:
                host.data_log.write(self._said(f"{file.bucket}/{file.key}: {line}"))
        except JobFailedError as error:
            file.fault = str(error)
            host.data_log.write(self._said(f"{file.bucket}/{file.key}: {error}"))
        finally:
            source.unlink(missing_ok=True)
            target.unlink(missing_ok=True)

    def _conversion(self, said: dict[str, Any]) -> Conversion:
        """The request decides, then what the container says at /execution-parameters, then SageMaker."""
        job, source, target = self.job, self.job["TransformInput"], self.job["TransformOutput"]
        client = job.get("ModelClientConfig", {})
        strategy = job.get("BatchStrategy") or _strategy(said.get("BatchStrategy"))
        payload = job.get("MaxPayloadInMB", said.get("MaxPayloadInMB", rules.DEFAULT_PAYLOAD_MB))
        started = events.iso(self.context.clock(), "seconds")
        headers = {"Content-Type": source.get("ContentType", "application/octet-stream")}
        if target.get("Accept"):
            headers["Accept"] = target["Accept"]
        return Conversion(
            splitting=Splitting(source.get("SplitType") == "Line", strategy == "MultiRecord", int(payload)),
            processing=records.make(job, started),
            headers=headers,
            add_newline=target.get("AssembleWith") == "Line",
            seconds=client.get("InvocationsTimeoutInSeconds", _TIMEOUT_SECONDS),
            retries=client.get("InvocationsMaxRetries", _RETRIES),
            concurrent=int(job.get("MaxConcurrentTransforms") or said.get("MaxConcurrentTransforms") or 1),
            check=self.control.check,
        )

    def _finish(self, space: Workspace, files: list[_File]) -> None:
        self.control.check()
        if config := self.job.get("DataCaptureConfig"):
            done = [file for file in files if file.done]
            given = [f"s3://{file.bucket}/{file.key}" for file in done]
            made = [self._output(file) for file in done]
            capture.write(space.s3, config, self.context.clock(), {"input": given, "output": made})
        if fault := next((file.fault for file in files if file.fault), None):
            raise JobFailedError(fault)
        state.enter(self.context, self.name, "Completed")

    def _output(self, file: _File) -> str:
        return f"{self.job['TransformOutput']['S3OutputPath'].rstrip('/')}/{file.name}.out"

    def _said(self, text: str) -> str:
        moment = events.iso(self.context.clock(), "milliseconds").removesuffix("Z")
        return f"{moment}:[sagemaker logs]: {text}"

    def failed(self, reason: str) -> None:
        """See JobRun."""
        state.enter(self.context, self.name, "Failed", FailureReason=reason)

    def stopped(self) -> None:
        """See JobRun."""
        state.enter(self.context, self.name, "Stopped")


def _strategy(said: Any) -> str:
    return "SingleRecord" if str(said).upper() in ("SINGLE_RECORD", "SINGLERECORD") else "MultiRecord"


def _described(conversion: Conversion) -> str:
    strategy = fleet.strategy_name("MultiRecord" if conversion.splitting.several else "SingleRecord")
    return (
        f"MaxConcurrentTransforms={conversion.concurrent}, MaxPayloadInMB={conversion.splitting.megabytes}, "
        f"BatchStrategy={strategy}"
    )
