"""The service models, and answers serialised from them."""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.loaders
import botocore.model


@cache
def service_model(service: str) -> Any:
    """botocore's ServiceModel of `sagemaker` or `sagemaker-runtime`."""
    description = botocore.loaders.Loader().load_service_model(service, "service-2")
    return botocore.model.ServiceModel(description, service)


@cache
def operation_model(service: str, operation: str) -> Any:
    """The operation's model; raises botocore's OperationNotFoundError for a name that AWS has not."""
    return service_model(service).operation_model(operation)


def serialise(shape: Any, value: Any) -> Any:
    """The members of `value` that the shape knows; timestamps as epoch seconds to the millisecond."""
    kind = shape.type_name
    if kind == "structure":
        return {
            name: serialise(member, value[name])
            for name, member in shape.members.items()
            if value.get(name) is not None
        }
    if kind == "list":
        return [serialise(shape.member, item) for item in value]
    if kind == "map":
        return {key: serialise(shape.value, item) for key, item in value.items()}
    return round(float(value), 3) if kind == "timestamp" else value


def shape_of(name: str) -> Any:
    """A shape of the `sagemaker` model by its name."""
    return service_model("sagemaker").shape_for(name)
