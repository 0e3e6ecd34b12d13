"""What an endpoint serves: a snapshot of its configuration and models, which may be deleted while it serves."""

from __future__ import annotations

from typing import Any

from localcloud.sagemaker import model
from localcloud.sagemaker.context import Context
from localcloud.sagemaker.store import Record

Plan = dict[str, Any]
# AWS's defaults, in seconds.
_HEALTH_SECONDS = 8 * 60
_DOWNLOAD_SECONDS = 20 * 60


def make(context: Context, config: Record) -> Plan:
    """The plan of a configuration; raises InvalidRequestError if a model is gone."""
    document = config.document
    isolated = document["EnableNetworkIsolation"]
    return {
        "EndpointConfigName": config.name,
        "DataCaptureConfig": document.get("DataCaptureConfig"),
        "AsyncInferenceConfig": document.get("AsyncInferenceConfig"),
        "variants": [_variant(context, each, isolated) for each in document["ProductionVariants"]],
        "shadows": [_variant(context, each, isolated) for each in document.get("ShadowProductionVariants", [])],
    }


def everything(plan: Plan) -> list[dict[str, Any]]:
    """The production variants, then the shadow ones."""
    return [*plan["variants"], *plan.get("shadows", [])]


def counts(plan: Plan) -> dict[str, int]:
    """How many instances each variant has from the start; a serverless one has its provisioned ones."""
    return {each["VariantName"]: warm(each) if each.get("serverless") else each["count"] for each in everything(plan)}


def warm(variant: dict[str, Any]) -> int:
    """How many instances of a serverless variant are never stopped."""
    return int(variant["serverless"].get("ProvisionedConcurrency", 0))


def is_serverless(plan: Plan) -> bool:
    """Whether the variants are started on demand."""
    return any(each.get("serverless") for each in plan["variants"])


def is_asynchronous(plan: Plan) -> bool:
    """Whether calls go through a queue and S3."""
    return bool(plan.get("AsyncInferenceConfig"))


def role(plan: Plan) -> str:
    """The role that SageMaker looks at alarms, captures and answers asynchronous calls with: the first model's."""
    arn: str = plan["variants"][0]["role"]
    return arn


def retain(plan: Plan, current: Plan, excluded: list[dict[str, str]]) -> None:
    """RetainAllVariantProperties: variants that stay keep their counts and weights, unless excluded."""
    skipped = {item["VariantPropertyType"] for item in excluded}
    earlier = {variant["VariantName"]: variant for variant in everything(current)}
    for variant in everything(plan):
        before = earlier.get(variant["VariantName"])
        if before is None:
            continue
        if "DesiredInstanceCount" not in skipped and None not in (before["count"], variant["count"]):
            variant["count"] = before["count"]
        if "DesiredWeight" not in skipped:
            variant["weight"] = before["weight"]
    if "DataCaptureConfig" not in skipped and current.get("DataCaptureConfig"):
        plan["DataCaptureConfig"] = current["DataCaptureConfig"]


def _variant(context: Context, variant: dict[str, Any], isolated: bool) -> dict[str, Any]:
    served = model.get(context, variant["ModelName"]).document
    containers = model.containers_of(context, served)
    alone = "PrimaryContainer" in served and len(containers) == 1
    return {
        "VariantName": variant["VariantName"],
        "model": variant["ModelName"],
        "weight": variant["InitialVariantWeight"],
        "count": variant.get("InitialInstanceCount"),
        "instance_type": variant.get("InstanceType"),
        "serverless": variant.get("ServerlessConfig"),
        "role": served["ExecutionRoleArn"],
        "isolated": isolated or served["EnableNetworkIsolation"],
        "health_seconds": variant.get("ContainerStartupHealthCheckTimeoutInSeconds", _HEALTH_SECONDS),
        "download_seconds": variant.get("ModelDataDownloadTimeoutInSeconds", _DOWNLOAD_SECONDS),
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
