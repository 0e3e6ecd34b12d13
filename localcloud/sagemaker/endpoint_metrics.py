"""What the traffic of endpoints measured, to CloudWatch's namespace AWS/SageMaker in the service's own name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from localcloud.sagemaker.context import Context
from localcloud.sagemaker.metrics import Dimensions, Distribution

_NAMESPACE = "AWS/SageMaker"
Counts = dict[float, float]


def write(context: Context, told: dict[str, Any]) -> None:
    """Queue what the router told of one second (`dataplane.figures`)."""
    client = context.aws.own("cloudwatch")
    for row in told["rows"]:
        for dimensions in _dimensions(row):
            for name, unit, counts in _metrics(row):
                if counts:
                    figure = Distribution(client, _NAMESPACE, name, dimensions, unit, told["moment"], counts)
                    context.metrics.add(figure)


def _dimensions(row: dict[str, Any]) -> tuple[Dimensions, Dimensions]:
    """The variant's, and with its configuration: blue and green are told apart by the latter while both serve."""
    endpoint, variant = ("EndpointName", row["endpoint"]), ("VariantName", row["variant"])
    return (endpoint, variant), (endpoint, ("EndpointConfigName", row["config"]), variant)


def _metrics(row: dict[str, Any]) -> Iterator[tuple[str, str, Counts]]:
    calls = row["calls"]
    yield "Invocations", "Count", _times(1.0, calls)
    # Each call counts for its part of the instances.
    yield "InvocationsPerInstance", "None", _times(1.0 / max(1, row["instances"]), calls)
    for name, errors in (
        ("Invocation4XXErrors", row["4xx"]),
        ("Invocation5XXErrors", row["5xx"]),
        ("InvocationModelErrors", row["model_errors"]),
    ):
        # The zeros are told too: the average is the rate of errors.
        yield name, "Count", _times(0.0, calls - errors) | _times(1.0, errors)
    for name, values in (("ModelLatency", row["model"]), ("OverheadLatency", row["overhead"])):
        yield name, "Microseconds", {float(value): float(count) for value, count in values}
    # Of each copy of the model, so that more instances lower it.
    yield "ConcurrentRequestsPerModel", "Count", _times(row["peak"] / max(1, row["instances"]), 1)


def _times(value: float, count: int) -> Counts:
    return {value: float(count)} if count > 0 else {}
