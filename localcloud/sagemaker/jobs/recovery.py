"""After a restart: what ran before has no process any more."""

from __future__ import annotations

from typing import Any

from localcloud.sagemaker import processing_job, training_job, transform_job
from localcloud.sagemaker.context import Context

_REASON = "InternalServerError: The local cloud was stopped while this job ran. Please try again."


def recover(context: Context) -> None:
    """Fail the jobs that were under way (Stopped if they were stopping) and tell it."""
    for record in context.store.select("training-job", "AND status IN ('InProgress', 'Stopping')"):
        status, members = _outcome(record.status)
        training_job.enter(context, record.name, status, status, **members)
    for record in context.store.select("processing-job", "AND status IN ('InProgress', 'Stopping')"):
        status, members = _outcome(record.status)
        processing_job.enter(context, record.name, status, **members)
    for record in context.store.select("transform-job", "AND status IN ('InProgress', 'Stopping')"):
        status, members = _outcome(record.status)
        transform_job.enter(context, record.name, status, **members)


def _outcome(status: str) -> tuple[str, dict[str, Any]]:
    return ("Stopped", {}) if status == "Stopping" else ("Failed", {"FailureReason": _REASON})
