"""Create, Describe, List and Stop TransformJob (the API deletes none)."""

from __future__ import annotations

from typing import Any

from localcloud.sagemaker import listing, tags
from localcloud.sagemaker.context import Context
from localcloud.sagemaker.errors import ResourceInUseError
from localcloud.sagemaker.jobs import states
from localcloud.sagemaker.store import Record
from localcloud.sagemaker.transform_job import rules, state
from localcloud.sagemaker.transform_job.runner import TransformRun


def create(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Accept the job and start it; the answer comes before it runs."""
    served = rules.check(context, request)
    request_tags = tags.check(request.pop("Tags", []))
    record = context.new(state.KIND, request["TransformJobName"], "InProgress", dict(request))
    record.document |= {
        "TransformJobArn": record.arn,
        "TransformJobStatus": "InProgress",
        "CreationTime": record.created,
        "LastModifiedTime": record.created,
        # A job goes on when its model is deleted meanwhile.
        "_model": served,
    }
    taken = ResourceInUseError(
        "Job name must be unique within an AWS account and region, and a transform job with this name already "
        f"exists ({record.arn})"
    )
    context.insert(record, request_tags, taken)
    context.jobs.start(record.arn, lambda control: TransformRun(context, record, control).run())
    return {"TransformJobArn": record.arn}


def describe(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """The job as it is now."""
    return _get(context, request).document


def list_(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """ListTransformJobs."""
    return listing.page(context, _LISTING, request)


def stop(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Status Stopping, and no further call of the model."""
    record = _get(context, request)
    states.stop(context, record, lambda: state.enter(context, record.name, "Stopping"))
    return {}


def _get(context: Context, request: dict[str, Any]) -> Record:
    name = request["TransformJobName"]
    return context.get(state.KIND, name, f"Could not find requested job with name: {name}")


def _summary(record: Record) -> dict[str, Any]:
    return record.document


_LISTING = listing.Listing(state.KIND, "TransformJobSummaries", _summary, "Descending")

OPERATIONS = {
    "CreateTransformJob": create,
    "DescribeTransformJob": describe,
    "ListTransformJobs": list_,
    "StopTransformJob": stop,
}
