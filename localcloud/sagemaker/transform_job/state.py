"""A transform job's states, kept and told."""

from __future__ import annotations

from typing import Any

from localcloud.sagemaker import events
from localcloud.sagemaker.context import Context
from localcloud.sagemaker.errors import JobOverError, JobStoppedError
from localcloud.sagemaker.store import Record

KIND = "transform-job"
_DETAIL_TYPE = "SageMaker Transform Job State Change"
_TERMINAL = ("Completed", "Failed", "Stopped")


def is_over(record: Record) -> bool:
    """Whether the job has ended, one way or another."""
    return record.status in _TERMINAL


def enter(context: Context, name: str, status: str, **members: Any) -> Record:
    """Move the job to a status, with further members of its description, and tell it.

    Raises JobStoppedError for progress of a job that is Stopping, JobOverError for any change of one that ended.
    """

    def change(record: Record) -> None:
        if is_over(record):
            raise JobOverError(record.status)
        if record.status == "Stopping" and status == "InProgress":
            raise JobStoppedError(name)
        document = record.document
        record.modified = document["LastModifiedTime"] = context.clock()
        record.status = document["TransformJobStatus"] = status
        document.update(members)
        if status in _TERMINAL:
            document["TransformEndTime"] = record.modified

    record = context.store.update(KIND, name, change)
    tell(context, record)
    return record


def tell(context: Context, record: Record) -> None:
    """Emit the job's state: times as ISO text, seconds only, and the members as the API spells them."""
    detail = events.detail_of("DescribeTransformJobResponse", record.document, _seconds)
    detail["Tags"] = context.events.tags(record)
    context.events.send(_DETAIL_TYPE, record, detail)


def _seconds(moment: float) -> str:
    return events.iso(moment, "seconds")
