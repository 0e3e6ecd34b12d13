"""A model package's state, told."""

from __future__ import annotations

from localcloud.sagemaker import events
from localcloud.sagemaker.context import Context
from localcloud.sagemaker.store import Record

KIND = "model-package"
_DETAIL_TYPE = "SageMaker Model Package State Change"


def tell(context: Context, record: Record, changed: list[str] | None = None) -> None:
    """Emit the package: times in ISO-8601; `changed` become UpdatedModelPackageFields."""
    detail = events.detail_of("DescribeModelPackageOutput", record.document, _time)
    detail["ModelPackageName"] = record.name
    if changed:
        detail["UpdatedModelPackageFields"] = changed
    for ours in ("CreatedBy", "LastModifiedBy"):
        detail.pop(ours, None)
    if "ModelPackageVersion" not in record.document:
        detail["Tags"] = context.events.tags(record)
    context.events.send(_DETAIL_TYPE, record, detail)


def _time(moment: float) -> str:
    return events.iso(moment, "milliseconds")
