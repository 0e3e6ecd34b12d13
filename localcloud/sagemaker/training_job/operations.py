"""Create, Describe, List, Stop and Delete TrainingJob."""

from __future__ import annotations

from typing import Any

from localcloud.sagemaker import listing, tags
from localcloud.sagemaker.context import Context
from localcloud.sagemaker.errors import NotHereError, ResourceInUseError
from localcloud.sagemaker.jobs import states
from localcloud.sagemaker.store import Record
from localcloud.sagemaker.training_job import rules, state
from localcloud.sagemaker.training_job.runner import TrainingRun

_MISSING = "Requested resource not found."


def create(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Accept the job and start it; the answer comes before it runs."""
    rules.check(context, request)
    request_tags = tags.check(request.pop("Tags", []))
    name = request["TrainingJobName"]
    record = context.new(state.KIND, name, "InProgress", _document(context, request))
    arn = record.arn
    record.document |= {
        "TrainingJobArn": arn,
        "CreationTime": record.created,
        "LastModifiedTime": record.created,
    }
    context.check_role(request["RoleArn"])
    taken = ResourceInUseError(
        "Training job names must be unique within an AWS account and region, and a training job with this name "
        f"already exists ({arn})"
    )
    context.insert(record, request_tags, taken)
    context.jobs.start(arn, lambda control: TrainingRun(context, record, control).run())
    return {"TrainingJobArn": arn}


def describe(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """The job as it is now."""
    return context.get(state.KIND, request["TrainingJobName"], _MISSING).document


def list_(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """ListTrainingJobs."""
    for name in ("WarmPoolStatusEquals", "TrainingPlanArnEquals"):
        if name in request:
            raise NotHereError(f"ListTrainingJobs with {name}")
    return listing.page(context, _LISTING, request)


def stop(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Status Stopping, SIGTERM, and after 120 seconds SIGKILL."""
    name = request["TrainingJobName"]
    record = context.get(state.KIND, name, _MISSING)
    states.stop(context, record, lambda: state.enter(context, name, "Stopping", "Stopping"))
    return {}


def delete(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Forget a job that has ended; its name is free again."""
    record = context.get(state.KIND, request["TrainingJobName"], _MISSING)
    if not states.is_over(record):
        raise ResourceInUseError(
            f"Training job {record.arn} is in status {record.status}; only jobs that are Completed, Failed or "
            "Stopped can be deleted."
        )
    context.store.delete(state.KIND, record.name)
    return {}


def _document(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    document = dict(request)
    document["TrainingJobStatus"], document["SecondaryStatus"] = "InProgress", "Starting"
    document["SecondaryStatusTransitions"] = []
    document["ProfilingStatus"] = "Disabled"
    for flag in ("EnableNetworkIsolation", "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining"):
        document.setdefault(flag, False)
    document["OutputDataConfig"].setdefault("KmsKeyId", "")
    document["OutputDataConfig"].setdefault("CompressionType", "GZIP")
    algorithm = document["AlgorithmSpecification"]
    own = context.runtime.metric_definitions(algorithm["TrainingImage"], request.get("HyperParameters", {}))
    if own is not None:
        algorithm["MetricDefinitions"] = own
    algorithm.setdefault("EnableSageMakerMetricsTimeSeries", own is not None)
    return document


def _summary(record: Record) -> dict[str, Any]:
    return record.document


_LISTING = listing.Listing(state.KIND, "TrainingJobSummaries", _summary)

OPERATIONS = {
    "CreateTrainingJob": create,
    "DescribeTrainingJob": describe,
    "ListTrainingJobs": list_,
    "StopTrainingJob": stop,
    "DeleteTrainingJob": delete,
}
