"""A training job's states, kept and told."""

from __future__ import annotations

from typing import Any

from localcloud.sagemaker import events
from localcloud.sagemaker.context import Context
from localcloud.sagemaker.jobs import states
from localcloud.sagemaker.store import Record

KIND = "training-job"
_DETAIL_TYPE = "SageMaker Training Job State Change"
_MESSAGES = {
    "Starting": "Preparing the instances for training",
    "Downloading": "Downloading input data",
    "Training": "Training image download completed. Training in progress.",
    "Uploading": "Uploading generated training model",
    "Stopping": "Stopping the training job",
    "Stopped": "Training job stopped",
    "Completed": "Training job completed",
    "Failed": "Training job failed",
    "MaxRuntimeExceeded": "Training job runtime exceeded MaxRuntimeInSeconds provided",
}


def enter(context: Context, name: str, status: str, secondary: str, **members: Any) -> Record:
    """Move the job to a status and secondary status, with further members of its description, and tell it.

    Raises what `states.guard` raises.
    """

    def change(record: Record) -> None:
        states.guard(record, status)
        now = context.clock()
        document = record.document
        document.update(members)
        record.status = document["TrainingJobStatus"] = status
        document["SecondaryStatus"] = secondary
        record.modified = document["LastModifiedTime"] = now
        _append(document["SecondaryStatusTransitions"], secondary, now)
        if secondary == "Downloading":
            # Billing begins here, not with the algorithm.
            document["TrainingStartTime"] = now
        if status in states.TERMINAL:
            _end(document, now)

    record = context.store.update(KIND, name, change)
    tell(context, record)
    return record


def tell(context: Context, record: Record) -> None:
    """Emit the job's state: times of the job as epoch-millisecond strings, of transitions as numbers."""
    detail = events.detail_of("DescribeTrainingJobResponse", record.document, events.millisecond_text)
    detail["SecondaryStatusTransitions"] = [
        events.detail_of("SecondaryStatusTransition", transition, events.milliseconds)
        for transition in record.document["SecondaryStatusTransitions"]
    ]
    detail.setdefault("VpcConfig", {})
    detail["Tags"] = context.events.tags(record)
    for absent in ("EnableNetworkIsolation", "EnableInterContainerTrafficEncryption", "BillableTimeInSeconds"):
        # The documented event does not carry these: handlers must Describe.
        detail.pop(absent, None)
    context.events.send(_DETAIL_TYPE, record, detail)


def _append(transitions: list[dict[str, Any]], secondary: str, now: float) -> None:
    if transitions:
        transitions[-1].setdefault("EndTime", now)
    message = _MESSAGES[secondary]
    transitions.append({"Status": secondary, "StartTime": now, "StatusMessage": message})
    if secondary in states.TERMINAL or secondary == "MaxRuntimeExceeded":
        transitions[-1]["EndTime"] = now


def _end(document: dict[str, Any], now: float) -> None:
    document["TrainingEndTime"] = now
    started = document.get("TrainingStartTime")
    if started is not None:
        seconds = max(1, round(now - started))
        document["TrainingTimeInSeconds"] = seconds
        # Nothing is saved here: local spot capacity is never interrupted, and costs nothing anyway.
        document["BillableTimeInSeconds"] = seconds
