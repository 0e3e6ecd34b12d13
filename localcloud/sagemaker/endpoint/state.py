"""An endpoint's states, kept and told."""

from __future__ import annotations

import re
from typing import Any

from localcloud.sagemaker import events
from localcloud.sagemaker.context import Context
from localcloud.sagemaker.endpoint.fleet import Fleet
from localcloud.sagemaker.endpoint.plan import Plan
from localcloud.sagemaker.store import Record

KIND = "endpoint"
_DETAIL_TYPE = "SageMaker Endpoint State Change"
BUSY = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")


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
        record.status = document["EndpointStatus"] = status
        record.modified = document["LastModifiedTime"] = context.clock()

    record = context.store.update(KIND, name, change)
    tell(context, record)
    return record


def tell(context: Context, record: Record) -> None:
    """Emit the endpoint: status in UPPER_SNAKE, times as epoch-millisecond numbers."""
    detail = events.detail_of("DescribeEndpointOutput", record.document, events.milliseconds)
    detail["EndpointStatus"] = re.sub(r"(?<!^)(?=[A-Z])", "_", record.status).upper()
    detail["Tags"] = context.events.tags(record)
    context.events.send(_DETAIL_TYPE, record, detail)


def wanted(plan: Plan) -> list[dict[str, Any]]:
    """ProductionVariants before anything runs: what is desired."""
    return [
        {
            "VariantName": variant["VariantName"],
            "DesiredWeight": variant["weight"],
            "DesiredInstanceCount": variant["count"],
        }
        for variant in plan["variants"]
    ]


def running(context: Context, fleet: Fleet) -> list[dict[str, Any]]:
    """ProductionVariants of a fleet that serves."""
    now = context.clock()
    return [
        {
            "VariantName": variant["VariantName"],
            "DeployedImages": [
                {"SpecifiedImage": item["image"], "ResolvedImage": item["image"], "ResolutionTime": now}
                for item in variant["containers"]
            ],
            "CurrentWeight": variant["weight"],
            "DesiredWeight": variant["weight"],
            "CurrentInstanceCount": fleet.count(variant["VariantName"]),
            "DesiredInstanceCount": variant["count"],
        }
        for variant in fleet.plan["variants"]
    ]
