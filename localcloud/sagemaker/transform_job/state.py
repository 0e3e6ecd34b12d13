"""A transform job's states, kept and told."""

from __future__ import annotations

from typing import Any

from localcloud.sagemaker import events
from localcloud.sagemaker.context import Context
from localcloud.sagemaker.jobs import states
from localcloud.sagemaker.store import Record

KIND = "transform-job"
_DETAIL_TYPE = "SageMaker Transform Job State Change"


def enter(context: Context, name: str, status: str, **members: Any) -> Record:
    """Move the job to a status, with further members of its description, and tell it; raises as `states.enter`."""
    record = states.enter(context, KIND, name, status, members)
    tell(context, record)
    return record


def tell(context: Context, record: Record) -> None:
    """Emit the job's state: times as ISO text, seconds only, and the members as the API spells them."""
    detail = events.detail_of("DescribeTransformJobResponse", record.document, _seconds)
    detail["Tags"] = context.events.tags(record)
    context.events.send(_DETAIL_TYPE, record, detail)


def _seconds(moment: float) -> str:
    return events.iso(moment, "seconds")
