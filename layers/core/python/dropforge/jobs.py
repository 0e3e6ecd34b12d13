"""CreateProcessingJob requests for our own job code, which runs in an AWS framework image."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from dropforge import names
from dropforge.settings import Settings

INPUT = "/opt/ml/processing/input"
OUTPUT = "/opt/ml/processing/output"
VOLUME_GB = 30
MAX_RUNTIME = 3600


class JobSettings(Settings):
    """What a function needs to plan jobs of ours; `jobs_prefix` is the S3 URI above `dropforge_jobs/`."""

    artifacts_bucket_name: str
    jobs_prefix: str
    key_arn: str


@dataclass(frozen=True)
class Job:
    """One of our jobs: `module` of `dropforge_jobs`, run on `inputs` (name to S3 URI), writing to `output`."""

    name: str
    module: str
    image: str
    output_name: str
    output_uri: str
    instance_type: str
    role_arn: str
    inputs: dict[str, str] = field(default_factory=dict)
    isolated: bool = True


def processing_request(job: Job, settings: JobSettings, tags: list[dict[str, str]]) -> dict[str, Any]:
    """The exact CreateProcessingJob request."""
    inputs = {"code": settings.jobs_prefix, **job.inputs}
    cluster: dict[str, Any] = {
        "InstanceCount": 1,
        "InstanceType": job.instance_type,
        "VolumeSizeInGB": VOLUME_GB,
    }
    if not names.has_local_storage(job.instance_type):
        cluster["VolumeKmsKeyId"] = settings.key_arn
    return {
        "ProcessingJobName": job.name,
        "RoleArn": job.role_arn,
        "AppSpecification": {
            "ImageUri": job.image,
            "ContainerEntrypoint": ["python3", "-m", f"dropforge_jobs.{job.module}"],
        },
        "Environment": {"PYTHONPATH": f"{INPUT}/code"},
        "ProcessingInputs": [_input(name, uri) for name, uri in inputs.items()],
        "ProcessingOutputConfig": {
            "KmsKeyId": settings.key_arn,
            "Outputs": [
                {
                    "OutputName": job.output_name,
                    "S3Output": {"S3Uri": job.output_uri, "LocalPath": OUTPUT, "S3UploadMode": "EndOfJob"},
                }
            ],
        },
        "ProcessingResources": {"ClusterConfig": cluster},
        "StoppingCondition": {"MaxRuntimeInSeconds": MAX_RUNTIME},
        "NetworkConfig": {"EnableNetworkIsolation": job.isolated},
        "Tags": tags,
    }


def _input(name: str, uri: str) -> dict[str, Any]:
    return {
        "InputName": name,
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": f"{INPUT}/{name}",
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
            "S3CompressionType": "None",
        },
    }
