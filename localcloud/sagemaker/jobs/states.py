"""What the states of all kinds of jobs have in common."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud.sagemaker.context import Context
from localcloud.sagemaker.errors import InvalidRequestError, JobOverError, JobStoppedError
from localcloud.sagemaker.store import Record

TERMINAL = ("Completed", "Failed", "Stopped")


def is_over(record: Record) -> bool:
    """Whether the job has ended, one way or another."""
    return record.status in TERMINAL


def guard(record: Record, status: str) -> None:
    """Raise JobStoppedError for progress of a job that is Stopping, JobOverError for any change of one that ended."""
    if is_over(record):
        raise JobOverError(record.status)
    if record.status == "Stopping" and status == "InProgress":
        raise JobStoppedError(record.name)


def enter(context: Context, kind: str, name: str, status: str, members: dict[str, Any]) -> Record:
    """Move a `processing-job` or `transform-job` to a status, with further members of its description.

    Raises what `guard` raises.
    """
    family = kind.removesuffix("-job").capitalize()

    def change(record: Record) -> None:
        guard(record, status)
        document = record.document
        record.modified = document["LastModifiedTime"] = context.clock()
        record.status = document[f"{family}JobStatus"] = status
        document.update(members)
        if status in TERMINAL:
            document[f"{family}EndTime"] = record.modified

    return context.store.update(kind, name, change)


def stop(context: Context, record: Record, stopping: Callable[[], object]) -> None:
    """Stop a job: `stopping` moves it to that status. Raises InvalidRequestError for one that has ended."""
    try:
        if record.status != "Stopping":
            stopping()
    except JobOverError as error:
        kind = record.kind.replace("-", " ")
        message = f"The request was rejected because the {kind} is in status {error}."
        raise InvalidRequestError(message) from error
    context.jobs.stop(record.arn)
