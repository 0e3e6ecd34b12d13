"""One processing job, from its inputs in S3 to its outputs in S3."""

from __future__ import annotations

from typing import Any

from localcloud.sagemaker.errors import JobFailedError, JobStoppedError
from localcloud.sagemaker.jobs import places, transfer
from localcloud.sagemaker.jobs.run import JobRun
from localcloud.sagemaker.jobs.workspace import HOST, Workspace, killed_by
from localcloud.sagemaker.processing_job import state
from localcloud.sagemaker.runtime import Request

_GROUP = "/aws/sagemaker/ProcessingJobs"
_CONFIGURATION = (
    "ProcessingJobArn",
    "ProcessingJobName",
    "AppSpecification",
    "Environment",
    "ProcessingInputs",
    "ProcessingOutputConfig",
    "ProcessingResources",
    "RoleArn",
    "StoppingCondition",
)


class ProcessingRun(JobRun):
    """From the inputs to the outputs, in one container."""

    def begin(self) -> None:
        """See JobRun."""
        state.enter(self.context, self.name, "InProgress")

    def work(self) -> None:
        """See JobRun."""
        self.space = space = Workspace(self.context, self.record, self.job["RoleArn"], _GROUP)
        space.check_image(self.job["AppSpecification"]["ImageUri"], "process")
        for item in self.job.get("ProcessingInputs", []):
            self.control.check()
            self._download(space, item["S3Input"])
        for item in self._outputs():
            places.local(space.root, item["S3Output"]["LocalPath"]).mkdir(parents=True, exist_ok=True)
        self._write_configuration(space)
        state.enter(self.context, self.name, "InProgress", ProcessingStartTime=self.context.clock())
        code = self._process(space)
        self._finish(space, code)

    def _download(self, space: Workspace, source: dict[str, Any]) -> None:
        target = places.local(space.root, source["LocalPath"])
        target.mkdir(parents=True, exist_ok=True)
        fetch = space.downloads.manifest if source["S3DataType"] == "ManifestFile" else space.downloads.prefix
        fetch(source["S3Uri"], target, gunzip=source.get("S3CompressionType") == "Gzip")

    def _write_configuration(self, space: Workspace) -> None:
        space.directory("output")
        described = {name: self.job[name] for name in _CONFIGURATION if name in self.job}
        space.write_json("config/processingjobconfig.json", described)
        instance_type = self.job["ProcessingResources"]["ClusterConfig"]["InstanceType"]
        space.write_json(
            "config/resourceconfig.json",
            {"current_host": HOST, "hosts": [HOST], "current_instance_type": instance_type},
        )

    def _process(self, space: Workspace) -> int:
        app = self.job["AppSpecification"]
        isolated = self.job.get("NetworkConfig", {}).get("EnableNetworkIsolation", False)
        environment = {
            **self.job.get("Environment", {}),
            "PROCESSING_JOB_NAME": self.name,
            "PROCESSING_JOB_ARN": self.record.arn,
            "AWS_REGION": self.context.region,
        }
        request = Request(
            image=app["ImageUri"],
            kind="process",
            root=space.root,
            environment=environment,
            on_line=space.log.write,
            entrypoint=[*app.get("ContainerEntrypoint", []), *app.get("ContainerArguments", [])],
            network_isolation=isolated,
            credentials=space.container_credentials(isolated=isolated),
        )
        return space.run(self.control, request, self.job["StoppingCondition"]["MaxRuntimeInSeconds"])

    def _finish(self, space: Workspace, code: int) -> None:
        message = space.read_text("output/message")
        if message:
            self.job["ExitMessage"] = message
        if self.control.reason == "closing":
            raise JobStoppedError(self.name)
        # Outputs are uploaded however the container ended, as AWS does with EndOfJob.
        kms = self.job.get("ProcessingOutputConfig", {}).get("KmsKeyId")
        for item in self._outputs():
            target = item["S3Output"]
            source = places.local(space.root, target["LocalPath"])
            transfer.upload_tree(space.s3, source, target["S3Uri"], transfer.encryption(kms))
        if self.control.reason is not None:
            self.stopped()
        elif code:
            cause = killed_by(code)
            raise JobFailedError(
                f"AlgorithmError: {cause}, exit code: {code}"
                if cause
                else f"AlgorithmError: See job logs for more information, exit code: {code}"
            )
        else:
            self._end("Completed")

    def _outputs(self) -> list[dict[str, Any]]:
        outputs: list[dict[str, Any]] = self.job.get("ProcessingOutputConfig", {}).get("Outputs", [])
        return outputs

    def failed(self, reason: str) -> None:
        """See JobRun."""
        self._end("Failed", FailureReason=reason)

    def stopped(self) -> None:
        """See JobRun."""
        members = {}
        if self.control.reason == "runtime":
            seconds = self.job["StoppingCondition"]["MaxRuntimeInSeconds"]
            members["FailureReason"] = f"ClientError: The job ran longer than MaxRuntimeInSeconds ({seconds})."
        self._end("Stopped", **members)

    def _end(self, status: str, **members: Any) -> None:
        if "ExitMessage" in self.job:
            members["ExitMessage"] = self.job["ExitMessage"]
        state.enter(self.context, self.name, status, **members)
