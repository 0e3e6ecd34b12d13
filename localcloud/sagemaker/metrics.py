"""Figures to CloudWatch: a training job's own metrics, and what an endpoint's traffic measures."""

from __future__ import annotations

import logging
import weakref
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.sagemaker.batching import Batcher

_log = logging.getLogger(__name__)
#: Of a role; anything else, such as a fault of the service, passes.
DENIED = ("AccessDenied", "AccessDeniedException", "InvalidClientTokenId", "UnrecognizedClientException")

Dimensions = tuple[tuple[str, str], ...]
Item = TypeVar("Item")
# CloudWatch's limits of one datum and of one call.
_MOST_VALUES = 150
_MOST_DATA = 500


class Figure(NamedTuple):
    """One measurement; `moment` is epoch seconds, `unit` is CloudWatch's."""

    client: Any
    namespace: str
    name: str
    dimensions: Dimensions
    unit: str
    moment: float
    value: float


class Distribution(NamedTuple):
    """Many measurements of one metric at one moment: values with their counts."""

    client: Any
    namespace: str
    name: str
    dimensions: Dimensions
    unit: str
    moment: float
    counts: dict[float, float]


class MetricWriter:
    """Writes figures from one thread; figures of one metric and second travel as one datum."""

    def __init__(self) -> None:
        self._batcher: Batcher[Figure | Distribution] = Batcher("metrics", self._write)
        self._denied: weakref.WeakSet[Any] = weakref.WeakSet()

    def add(self, figure: Figure | Distribution) -> None:
        """Queue a figure, or many of one metric."""
        self._batcher.add(figure)

    def flush(self) -> None:
        """Wait until the queue is written."""
        self._batcher.flush()

    def close(self) -> None:
        """Write what is queued and stop."""
        self._batcher.close()

    def _write(self, figures: list[Figure | Distribution]) -> None:
        calls: dict[tuple[int, str], list[Figure | Distribution]] = {}
        for figure in figures:
            calls.setdefault((id(figure.client), figure.namespace), []).append(figure)
        for (_, namespace), own in calls.items():
            client = own[0].client
            if client in self._denied:
                continue
            try:
                for data in _calls(_data(own)):
                    client.put_metric_data(Namespace=namespace, MetricData=data)
            except (ClientError, BotoCoreError) as error:
                _log.warning("metrics of %s: %s", namespace, error)
                if isinstance(error, ClientError) and error.response["Error"]["Code"] in DENIED:
                    # A role that may not write stays so: its figures are lost, as on AWS.
                    self._denied.add(client)


def _data(figures: list[Figure | Distribution]) -> list[dict[str, Any]]:
    data: dict[tuple[str, Dimensions, str, int], dict[float, float]] = {}
    for figure in figures:
        counts = data.setdefault((figure.name, figure.dimensions, figure.unit, int(figure.moment)), {})
        for value, count in figure.counts.items() if isinstance(figure, Distribution) else [(figure.value, 1.0)]:
            counts[value] = counts.get(value, 0.0) + count
    return [
        {
            "MetricName": name,
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions],
            "Unit": unit,
            "Timestamp": second,
            "Values": [value for value, _ in part],
            "Counts": [count for _, count in part],
        }
        for (name, dimensions, unit, second), counts in data.items()
        for part in batched(list(counts.items()), _MOST_VALUES)
    ]


def _calls(data: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    return batched(data, _MOST_DATA)


def batched(items: list[Item], size: int) -> Iterator[list[Item]]:
    """The items in lists of `size`, the last one shorter."""
    return (items[start : start + size] for start in range(0, len(items), size))
