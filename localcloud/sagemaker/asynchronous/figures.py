"""What CloudWatch is told of queues: namespace AWS/SageMaker, in the service's own name."""

from __future__ import annotations

from collections.abc import Iterator

from localcloud.sagemaker.asynchronous.item import Item
from localcloud.sagemaker.asynchronous.outcome import Outcome
from localcloud.sagemaker.context import Context
from localcloud.sagemaker.metrics import Dimensions, Figure

_NAMESPACE = "AWS/SageMaker"
_MILLISECONDS = 1000.0
Row = tuple[str, str, float]


def queue(context: Context, endpoint: str, size: int, instances: int, oldest: float) -> None:
    """Tell of one queue: its size with what is being processed, and the age of the oldest in seconds."""
    rows = [
        ("ApproximateBacklogSize", "Count", float(size)),
        ("ApproximateBacklogSizePerInstance", "Count", size / max(1, instances)),
        ("HasBacklogWithoutCapacity", "Count", float(size > 0 and instances == 0)),
        ("ApproximateAgeOfOldestRequest", "Seconds", oldest),
    ]
    _add(context, (("EndpointName", endpoint),), rows)


def ended(context: Context, item: Item, outcome: Outcome, started: float) -> None:
    """Tell of one invocation; it was taken from the queue at `started`."""
    rows = list(_of(item, outcome, started, context.clock()))
    _add(context, (("EndpointName", item.endpoint),), rows)
    if outcome.variant:
        _add(context, (("EndpointName", item.endpoint), ("VariantName", outcome.variant)), rows)


def _of(item: Item, outcome: Outcome, started: float, now: float) -> Iterator[Row]:
    if outcome.expired:
        yield "ExpiredRequests", "Count", 1.0
        return
    yield "InvocationsProcessed", "Count", 1.0
    yield "InvocationFailures", "Count", float(outcome.reason is not None)
    yield "TimeInBacklog", "Milliseconds", (started - item.received) * _MILLISECONDS
    yield "TotalProcessingTime", "Milliseconds", (now - item.received) * _MILLISECONDS


def _add(context: Context, dimensions: Dimensions, rows: list[Row]) -> None:
    client, now = context.aws.own("cloudwatch"), context.clock()
    for name, unit, value in rows:
        context.metrics.add(Figure(client, _NAMESPACE, name, dimensions, unit, now, value))
