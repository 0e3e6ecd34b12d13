"""What an endpoint serves: a snapshot of its configuration and models, which may be deleted while it serves."""

from __future__ import annotations

from typing import Any

from localcloud.sagemaker import model
from localcloud.sagemaker.context import Context
from localcloud.sagemaker.store import Record

Plan = dict[str, Any]
_HEALTH_SECONDS = 8 * 60


def make(context: Context, config: Record) -> Plan:
    """The plan of a configuration; raises InvalidRequestError if a model is gone."""
    return {
        "EndpointConfigName": config.name,
        "DataCaptureConfig": config.document.get("DataCaptureConfig"),
        "variants": [
            _variant(context, variant, isolated=config.document["EnableNetworkIsolation"])
            for variant in config.document["ProductionVariants"]
        ],
    }


def retain(plan: Plan, current: Plan, excluded: list[dict[str, str]]) -> None:
    """RetainAllVariantProperties: variants that stay keep their counts and weights, unless excluded."""
    skipped = {item["VariantPropertyType"] for item in excluded}
    earlier = {variant["VariantName"]: variant for variant in current["variants"]}
    for variant in plan["variants"]:
        before = earlier.get(variant["VariantName"])
        if before is None:
            continue
        if "DesiredInstanceCount" not in skipped:
            variant["count"] = before["count"]
        if "DesiredWeight" not in skipped:
            variant["weight"] = before["weight"]
    if "DataCaptureConfig" not in skipped and current.get("DataCaptureConfig"):
        plan["DataCaptureConfig"] = current["DataCaptureConfig"]


def _variant(context: Context, variant: dict[str, Any], *, isolated: bool) -> dict[str, Any]:
    served = model.get(context, variant["ModelName"]).document
    containers = model.containers_of(context, served)
    alone = "PrimaryContainer" in served and len(containers) == 1
    return {
        "VariantName": variant["VariantName"],
        "weight": variant["InitialVariantWeight"],
        "count": variant["InitialInstanceCount"],
        "instance_type": variant["InstanceType"],
        "role": served["ExecutionRoleArn"],
        "isolated": isolated or served["EnableNetworkIsolation"],
        "health_seconds": variant.get("ContainerStartupHealthCheckTimeoutInSeconds", _HEALTH_SECONDS),
        "containers": [
            {
                "name": "primary" if alone else container.get("ContainerHostname", f"container_{number}"),
                "image": container["Image"],
                "data": container.get("ModelDataUrl"),
                "environment": container.get("Environment", {}),
            }
            for number, container in enumerate(containers, 1)
        ],
    }
