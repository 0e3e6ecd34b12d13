"""Endpoint configurations: which models, how many instances, which share of the traffic."""

from __future__ import annotations

from typing import Any

from localcloud.sagemaker import events, inference_modes, listing, model, tags
from localcloud.sagemaker.context import Context
from localcloud.sagemaker.errors import InvalidRequestError, NotHereError
from localcloud.sagemaker.store import Record

KIND = "endpoint-config"
_OPERATION = "CreateEndpointConfig"
_DETAIL_TYPE = "SageMaker Endpoint Config State Change"
_NOT_HERE = ("ExplainerConfig", "ExecutionRoleArn")
_VARIANT_NOT_HERE = ("InstancePools", "ManagedInstanceScaling", "CapacityReservationConfig")


def create(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Keep a configuration whose models exist."""
    for name in _NOT_HERE:
        if name in request:
            raise NotHereError(f"{_OPERATION} with {name}")
    shadows = request.get("ShadowProductionVariants", [])
    variants = [*request["ProductionVariants"], *shadows]
    names = [variant["VariantName"] for variant in variants]
    if len(set(names)) < len(names):
        raise InvalidRequestError("ProductionVariants must have unique VariantName values.")
    if shadows and (len(request["ProductionVariants"]), len(shadows)) != (1, 1):
        raise InvalidRequestError(
            "With ShadowProductionVariants there must be exactly one variant in ProductionVariants and one in "
            "ShadowProductionVariants."
        )
    for variant in variants:
        _check_variant(context, variant)
    inference_modes.check_serverless(context, request)
    inference_modes.check_asynchronous(request)
    request_tags = tags.check(request.pop("Tags", []))
    record = context.new(KIND, request["EndpointConfigName"], "InService", dict(request))
    record.document |= {"EndpointConfigArn": record.arn, "CreationTime": record.created}
    record.document.setdefault("EnableNetworkIsolation", False)
    context.insert(
        record,
        request_tags,
        InvalidRequestError(f'Cannot create already existing endpoint configuration "{record.arn}".'),
    )
    _tell(context, record)
    return {"EndpointConfigArn": record.arn}


def describe(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """The configuration as it was made."""
    return get(context, request["EndpointConfigName"]).document


def list_(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """ListEndpointConfigs."""
    return listing.page(context, _LISTING, request)


def delete(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Forget it; endpoints made with it go on serving."""
    context.store.delete(KIND, get(context, request["EndpointConfigName"]).name)
    return {}


def get(context: Context, name: str) -> Record:
    """The configuration's record, or AWS's refusal."""
    return context.get(KIND, name, f'Could not find endpoint configuration "{context.arn(KIND, name)}".')


def _check_variant(context: Context, variant: dict[str, Any]) -> None:
    for name in _VARIANT_NOT_HERE:
        if name in variant:
            raise NotHereError(f"{_OPERATION} with ProductionVariant.{name}")
    if "ModelName" not in variant:
        raise NotHereError(f"{_OPERATION} with inference components (a ProductionVariant without ModelName)")
    for name in ("InstanceType", "InitialInstanceCount"):
        if name not in variant and "ServerlessConfig" not in variant:
            raise InvalidRequestError(f"{name} is required for variant {variant['VariantName']}")
    if variant.get("InstanceType", "").startswith("ml.eia"):
        raise InvalidRequestError(f"Instance type {variant['InstanceType']} is no longer available")
    variant.setdefault("InitialVariantWeight", 1.0)
    model.get(context, variant["ModelName"])


def _tell(context: Context, record: Record) -> None:
    detail = events.detail_of("DescribeEndpointConfigOutput", record.document, events.milliseconds)
    detail["Tags"] = context.events.tags(record)
    context.events.send(_DETAIL_TYPE, record, detail)


def _summary(record: Record) -> dict[str, Any]:
    return record.document


_LISTING = listing.Listing(KIND, "EndpointConfigs", _summary, "Descending")

OPERATIONS = {
    "CreateEndpointConfig": create,
    "DescribeEndpointConfig": describe,
    "ListEndpointConfigs": list_,
    "DeleteEndpointConfig": delete,
}
