"""What AWS refuses of serverless and asynchronous endpoint configurations."""

from __future__ import annotations

from typing import Any

from localcloud.sagemaker import model
from localcloud.sagemaker.context import Context
from localcloud.sagemaker.errors import InvalidRequestError, NotHereError

_GIGABYTE = 1024
_INSTANCE_MEMBERS = ("InstanceType", "InitialInstanceCount")


def check_serverless(context: Context, request: dict[str, Any]) -> None:
    """Raise InvalidRequestError for what a configuration with a serverless variant cannot have."""
    variants = [*request["ProductionVariants"], *request.get("ShadowProductionVariants", [])]
    if not any("ServerlessConfig" in each for each in variants):
        return
    if len(variants) > 1:
        raise InvalidRequestError("Serverless endpoints support exactly one production variant and no shadow variants.")
    for name in ("DataCaptureConfig", "AsyncInferenceConfig", "VpcConfig"):
        if name in request:
            raise InvalidRequestError(f"{name} is not supported for serverless endpoints.")
    [variant] = variants
    _check_sizes(variant)
    served = model.get(context, variant["ModelName"]).document
    if len(model.containers_of(context, served)) > 1:
        raise InvalidRequestError("Serverless endpoints do not support inference pipelines: the model has containers.")
    if request.get("EnableNetworkIsolation") or served["EnableNetworkIsolation"]:
        raise InvalidRequestError("Serverless endpoints do not support network isolation.")
    if "VpcConfig" in served:
        raise InvalidRequestError("Serverless endpoints do not support models with a VpcConfig.")


def check_concurrency(name: str, config: dict[str, Any]) -> None:
    """Raise InvalidRequestError if more would be kept warm than may run."""
    if config.get("ProvisionedConcurrency", 0) > config["MaxConcurrency"]:
        raise InvalidRequestError(
            f"ProvisionedConcurrency {config['ProvisionedConcurrency']} of variant {name} must be at most its "
            f"MaxConcurrency, {config['MaxConcurrency']}."
        )


def check_asynchronous(request: dict[str, Any]) -> None:
    """Raise InvalidRequestError for what a configuration with AsyncInferenceConfig cannot have."""
    config = request.get("AsyncInferenceConfig")
    if config is None:
        return
    if request.get("ShadowProductionVariants"):
        raise InvalidRequestError("AsyncInferenceConfig cannot be given together with ShadowProductionVariants.")
    output = config["OutputConfig"]
    if not output.get("S3OutputPath"):
        raise InvalidRequestError("AsyncInferenceConfig.OutputConfig needs S3OutputPath.")
    for name in ("S3OutputPath", "S3FailurePath"):
        if output.get(name, "s3://").startswith("https://"):
            raise NotHereError(f"CreateEndpointConfig with an https:// {name}")


def _check_sizes(variant: dict[str, Any]) -> None:
    name, config = variant["VariantName"], variant["ServerlessConfig"]
    for member in _INSTANCE_MEMBERS:
        if member in variant:
            raise InvalidRequestError(f"{member} cannot be given together with ServerlessConfig for variant {name}.")
    if config["MemorySizeInMB"] % _GIGABYTE:
        raise InvalidRequestError(
            f"MemorySizeInMB {config['MemorySizeInMB']} of variant {name} must be one of 1024, 2048, 3072, 4096, 5120 "
            "and 6144."
        )
    check_concurrency(name, config)
