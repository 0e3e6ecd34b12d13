"""Figures to CloudWatch: a training job's own metrics, and what an endpoint's traffic measures."""

from __future__ import annotations

import logging
import weakref
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.sagemaker.batching import Batcher

_log = logging.getLogger(__name__)

Dimensions = tuple[tuple[str, str], ...]


class Figure(NamedTuple):
    """One measurement; `moment` is epoch seconds, `unit` is CloudWatch's."""

    client: Any
    namespace: str
    name: str
    dimensions: Dimensions
    unit: str
    moment: float
    value: float


class MetricWriter:
    """Writes figures from one thread; figures of one metric and second travel as one datum."""

    def __init__(self) -> None:
        self._batcher: Batcher[Figure] = Batcher("metrics", self._write)
        self._denied: weakref.WeakSet[Any] = weakref.WeakSet()

    def add(self, figure: Figure) -> None:
        """Queue one figure."""
        self._batcher.add(figure)

    def flush(self) -> None:
        """Wait until the queue is written."""
        self._batcher.flush()

    def close(self) -> None:
        """Write what is queued and stop."""
        self._batcher.close()

    def _write(self, figures: list[Figure]) -> None:
        calls: dict[tuple[int, str], list[Figure]] = {}
        for figure in figures:
            calls.setdefault((id(figure.client), figure.namespace), []).append(figure)
        for (_, namespace), own in calls.items():
            client = own[0].client
            if client in self._denied:
                continue
            try:
                client.put_metric_data(Namespace=namespace, MetricData=_data(own))
            except (ClientError, BotoCoreError) as error:
                _log.warning("metrics of %s: %s", namespace, error)
                if isinstance(error, ClientError):
                    # A role that may not write stays so: its figures are lost, as on AWS.
                    self._denied.add(client)


def _data(figures: list[Figure]) -> list[dict[str, Any]]:
    data: dict[tuple[str, Dimensions, str, int], dict[float, float]] = {}
    for figure in figures:
        counts = data.setdefault((figure.name, figure.dimensions, figure.unit, int(figure.moment)), {})
        counts[figure.value] = counts.get(figure.value, 0.0) + 1.0
    return [
        {
            "MetricName": name,
            "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions],
            "Unit": unit,
            "Timestamp": second,
            "Values": list(counts),
            "Counts": list(counts.values()),
        }
        for (name, dimensions, unit, second), counts in data.items()
    ]
