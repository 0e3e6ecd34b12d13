"""One training job, from its channels in S3 to model.tar.gz."""

from __future__ import annotations

from typing import Any

from localcloud.sagemaker.errors import JobFailedError, JobStoppedError
from localcloud.sagemaker.jobs import archive, places, transfer
from localcloud.sagemaker.jobs.checkpoints import Checkpoints
from localcloud.sagemaker.jobs.run import JobRun
from localcloud.sagemaker.jobs.scraper import Scraper
from localcloud.sagemaker.jobs.workspace import Workspace, killed_by
from localcloud.sagemaker.metrics import Figure
from localcloud.sagemaker.runtime import Request
from localcloud.sagemaker.training_job import configuration, state

_GROUP = "/aws/sagemaker/TrainingJobs"


class TrainingRun(JobRun):
    """From the channels to model.tar.gz and the final metrics."""

    scraper: Scraper | None = None

    def begin(self) -> None:
        """See JobRun."""
        self._enter("Starting")

    def work(self) -> None:
        """See JobRun."""
        self.space = space = Workspace(self.context, self.record, self.job["RoleArn"], _GROUP)
        space.check_image(self._image, "train")
        self._enter("Downloading")
        self._download(space)
        configuration.write(space, self.job)
        checkpoints = self._checkpoints(space)
        if checkpoints:
            checkpoints.open()
        self._enter("Training")
        try:
            code = self._train(space)
        finally:
            if checkpoints:
                checkpoints.close()
        self._finish(space, code)

    def _download(self, space: Workspace) -> None:
        for channel in self.job.get("InputDataConfig", []):
            self.control.check()
            source = channel["DataSource"]["S3DataSource"]
            target = space.directory(f"input/data/{channel['ChannelName']}")
            fetch = space.downloads.manifest if source["S3DataType"] == "ManifestFile" else space.downloads.prefix
            fetch(source["S3Uri"], target, gunzip=channel.get("CompressionType") == "Gzip")

    def _checkpoints(self, space: Workspace) -> Checkpoints | None:
        config = self.job.get("CheckpointConfig")
        if not config:
            return None
        directory = places.local(space.root, config.get("LocalPath", "/opt/ml/checkpoints"))
        kms = self.job["OutputDataConfig"].get("KmsKeyId")
        return Checkpoints(space.s3, space.downloads, config["S3Uri"], directory, kms)

    def _train(self, space: Workspace) -> int:
        algorithm = self.job["AlgorithmSpecification"]
        cloudwatch = space.role.client("cloudwatch")
        dimensions = (("TrainingJobName", self.name),)

        def found(name: str, value: float, moment: float) -> None:
            figure = Figure(cloudwatch, _GROUP, name, dimensions, "None", moment, value)
            self.context.metrics.add(figure)

        self.scraper = scraper = Scraper(algorithm.get("MetricDefinitions", []), self.context.clock, found)

        def on_line(line: str) -> None:
            space.log.write(line)
            scraper.read(line)

        isolated = self.job["EnableNetworkIsolation"]
        request = Request(
            image=self._image,
            kind="train",
            root=space.root,
            environment=self._environment(),
            on_line=on_line,
            entrypoint=[*algorithm.get("ContainerEntrypoint", []), *algorithm.get("ContainerArguments", [])],
            network_isolation=isolated,
            credentials=space.container_credentials(isolated=isolated),
        )
        return space.run(self.control, request, self.job["StoppingCondition"]["MaxRuntimeInSeconds"])

    def _environment(self) -> dict[str, str]:
        return {
            **self.job.get("Environment", {}),
            "TRAINING_JOB_NAME": self.name,
            "TRAINING_JOB_ARN": self.record.arn,
            "AWS_REGION": self.context.region,
        }

    def _finish(self, space: Workspace, code: int) -> None:
        """Upload what the container left and end: a failed container's output is kept as well, as AWS does."""
        stopping = self.control.reason is not None
        if self.control.reason == "closing":
            raise JobStoppedError(self.name)
        if code and not stopping:
            self._upload(space, only_output=True)
            raise JobFailedError(_algorithm_error(space.read_text("output/failure"), code))
        self._enter("Uploading", "Stopping" if self.control.reason == "asked" else "InProgress")
        self._upload(space, only_output=False)
        if stopping:
            self.stopped()
        else:
            self._end("Completed", "Completed")

    def _upload(self, space: Workspace, *, only_output: bool) -> None:
        config = self.job["OutputDataConfig"]
        base = f"{config['S3OutputPath'].rstrip('/')}/{self.name}/output"
        extra = transfer.encryption(config.get("KmsKeyId"))
        plain = config["CompressionType"] == "NONE"
        parts = [("output/data", "output.tar.gz", "output")]
        if not only_output:
            parts.insert(0, ("model", "model.tar.gz", "model"))
        for directory, packed, folder in parts:
            source = space.directory(directory)
            if plain:
                transfer.upload_tree(space.s3, source, f"{base}/{folder}", extra)
            elif folder == "model" or any(source.iterdir()):
                file = space.root.parent / packed
                archive.pack(source, file)
                transfer.upload_file(space.s3, file, f"{base}/{packed}", extra)
        if not only_output:
            artifact = f"{base}/model/" if plain else f"{base}/model.tar.gz"
            self.job["ModelArtifacts"] = {"S3ModelArtifacts": artifact}

    def _enter(self, secondary: str, status: str = "InProgress") -> None:
        state.enter(self.context, self.name, status, secondary)

    def stopped(self) -> None:
        """See JobRun."""
        exceeded = self.control.reason == "runtime"
        self._end("Stopped", "MaxRuntimeExceeded" if exceeded else "Stopped")

    def failed(self, reason: str) -> None:
        """See JobRun."""
        self._end("Failed", "Failed", FailureReason=reason)

    def _end(self, status: str, secondary: str, **members: Any) -> None:
        if self.scraper and self.scraper.final():
            members["FinalMetricDataList"] = self.scraper.final()
            self.context.metrics.flush()
        if "ModelArtifacts" in self.job:  # without a model there is no member: not {}, which SDK v3 cannot read
            members["ModelArtifacts"] = self.job["ModelArtifacts"]
        state.enter(self.context, self.name, status, secondary, **members)

    @property
    def _image(self) -> str:
        image: str = self.job["AlgorithmSpecification"]["TrainingImage"]
        return image


def _algorithm_error(failure: str, code: int) -> str:
    """`AlgorithmError: <failure file or what killed it>, exit code: N`; the end stays within 1,024 characters."""
    end = f", exit code: {code}"
    return f"AlgorithmError: {(failure.strip() or killed_by(code))[: 1024 - 16 - len(end)]}{end}"
