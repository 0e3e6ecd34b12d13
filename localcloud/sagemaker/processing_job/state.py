"""A processing job's states, kept and told."""

from __future__ import annotations

from typing import Any

from localcloud.sagemaker import events
from localcloud.sagemaker.context import Context
from localcloud.sagemaker.jobs import states
from localcloud.sagemaker.store import Record

KIND = "processing-job"
_DETAIL_TYPE = "SageMaker Processing Job State Change"
# The event spells these as the service's Java enums do ("FULLYREPLICATED" is in AWS's sample).
_SPELT = {
    "ManifestFile": "MANIFEST_FILE",
    "S3Prefix": "S3_PREFIX",
    "Pipe": "PIPE",
    "File": "FILE",
    "FullyReplicated": "FULLYREPLICATED",
    "ShardedByS3Key": "SHARDEDBYS3KEY",
    "Continuous": "CONTINUOUS",
    "EndOfJob": "END_OF_JOB",
    "None": "NONE",
    "Gzip": "GZIP",
}
_ENUMS = ("S3DataType", "S3InputMode", "S3DataDistributionType", "S3CompressionType", "S3UploadMode")


def enter(context: Context, name: str, status: str, **members: Any) -> Record:
    """Move the job to a status, with further members of its description, and tell it; raises as `states.enter`."""
    record = states.enter(context, KIND, name, status, members)
    tell(context, record)
    return record


def tell(context: Context, record: Record) -> None:
    """Emit the job's state: times as epoch-millisecond numbers, enums in upper case."""
    detail = events.detail_of("DescribeProcessingJobResponse", record.document, events.milliseconds)
    for member in ("NetworkConfig", "ExperimentConfig"):
        detail.setdefault(member, {})
    for item in detail.get("ProcessingInputs", []):
        _spell(item.get("S3Input", {}))
    for item in detail.get("ProcessingOutputConfig", {}).get("Outputs", []):
        _spell(item.get("S3Output", {}))
    detail["Tags"] = context.events.tags(record)
    context.events.send(_DETAIL_TYPE, record, detail)


def _spell(place: dict[str, Any]) -> None:
    for member in _ENUMS:
        if member in place:
            place[member] = _SPELT[place[member]]
