"""Create, Describe, List, Stop and Delete ProcessingJob."""

from __future__ import annotations

from typing import Any

from localcloud.sagemaker import listing, tags
from localcloud.sagemaker.context import Context
from localcloud.sagemaker.errors import ResourceInUseError
from localcloud.sagemaker.jobs import states
from localcloud.sagemaker.processing_job import rules, state
from localcloud.sagemaker.processing_job.runner import ProcessingRun
from localcloud.sagemaker.store import Record


def create(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Accept the job and start it; the answer comes before it runs."""
    rules.check(request)
    request_tags = tags.check(request.pop("Tags", []))
    name = request["ProcessingJobName"]
    record = context.new(state.KIND, name, "InProgress", dict(request))
    record.document |= {
        "ProcessingJobArn": record.arn,
        "ProcessingJobStatus": "InProgress",
        "CreationTime": record.created,
        "LastModifiedTime": record.created,
    }
    context.check_role(request["RoleArn"])
    taken = ResourceInUseError(
        "Processing job names must be unique within an AWS account and region, and a processing job with this "
        f"name already exists ({record.arn})"
    )
    context.insert(record, request_tags, taken)
    context.jobs.start(record.arn, lambda control: ProcessingRun(context, record, control).run())
    return {"ProcessingJobArn": record.arn}


def describe(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """The job as it is now."""
    return _get(context, request).document


def list_(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """ListProcessingJobs."""
    return listing.page(context, _LISTING, request)


def stop(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Status Stopping, SIGTERM, and after 120 seconds SIGKILL."""
    record = _get(context, request)
    states.stop(context, record, lambda: state.enter(context, record.name, "Stopping"))
    return {}


def delete(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Forget a job that has ended; its name is free again."""
    record = _get(context, request)
    if not states.is_over(record):
        raise ResourceInUseError(
            f"Processing job {record.arn} is in status {record.status}; only jobs that are Completed, Failed or "
            "Stopped can be deleted."
        )
    context.store.delete(state.KIND, record.name)
    return {}


def _get(context: Context, request: dict[str, Any]) -> Record:
    name = request["ProcessingJobName"]
    return context.get(state.KIND, name, f"Could not find requested job with name: {name}")


def _summary(record: Record) -> dict[str, Any]:
    return record.document


_LISTING = listing.Listing(state.KIND, "ProcessingJobSummaries", _summary)

OPERATIONS = {
    "CreateProcessingJob": create,
    "DescribeProcessingJob": describe,
    "ListProcessingJobs": list_,
    "StopProcessingJob": stop,
    "DeleteProcessingJob": delete,
}
