"""An endpoint's states, kept and told."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from localcloud.sagemaker import events
from localcloud.sagemaker.context import Context
from localcloud.sagemaker.store import Record

KIND = "endpoint"
_STATE_CHANGE = "SageMaker Endpoint State Change"
_DEPLOYMENT_CHANGE = "SageMaker Endpoint Deployment State Change"
BUSY = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")
# What an endpoint may be updated from.
UPDATABLE = ("InService", "UpdateRollbackFailed")
_LONGEST_REASON = 1024


def missing(context: Context, name: str) -> str:
    """AWS's words for an endpoint that does not exist."""
    return f'Could not find endpoint "{context.arn(KIND, name)}".'


def get(context: Context, name: str) -> Record:
    """The endpoint's record, or AWS's refusal."""
    return context.get(KIND, name, missing(context, name))


def enter(context: Context, name: str, status: str, *drop: str, **members: Any) -> Record:
    """Move the endpoint to a status; `drop` names members of its description that go, `members` are set."""

    def change(record: Record) -> None:
        document = record.document
        for member in drop:
            document.pop(member, None)
        document.update(members)
        if "FailureReason" in members:
            document["FailureReason"] = members["FailureReason"][:_LONGEST_REASON]
        record.status = document["EndpointStatus"] = status
        record.modified = document["LastModifiedTime"] = context.clock()

    record = context.store.update(KIND, name, change)
    tell(context, record)
    return record


def progress(context: Context, name: str, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the description of a deployment that goes on, and tell of it."""

    def apply(record: Record) -> None:
        change(record.document)
        record.modified = record.document["LastModifiedTime"] = context.clock()

    tell_deployment(context, context.store.update(KIND, name, apply))


def tell(context: Context, record: Record) -> None:
    """Emit the endpoint: status in UPPER_SNAKE, times as epoch-millisecond numbers."""
    context.events.send(_STATE_CHANGE, record, _detail(context, record))


def tell_deployment(context: Context, record: Record) -> None:
    """Emit the endpoint with what its deployment is doing (VariantStatus)."""
    context.events.send(_DEPLOYMENT_CHANGE, record, _detail(context, record))


def _detail(context: Context, record: Record) -> dict[str, Any]:
    detail = events.detail_of("DescribeEndpointOutput", record.document, events.milliseconds)
    detail["EndpointStatus"] = re.sub(r"(?<!^)(?=[A-Z])", "_", record.status).upper()
    detail["Tags"] = context.events.tags(record)
    return detail
