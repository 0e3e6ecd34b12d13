"""CapacitySize: how many instances, and which share of the traffic. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

Size = dict[str, Any]


def instances(size: Size, count: int) -> int:
    """How many of `count` instances a size means, at least one."""
    if size["Type"] == "INSTANCE_COUNT":
        return min(count, int(size["Value"]))
    return max(1, min(count, math.ceil(count * float(size["Value"]) / 100)))


def share(size: Size, counts: Iterable[int]) -> float:
    """The share of the traffic (0 to 1) that the size of an endpoint with these variants means."""
    if size["Type"] == "CAPACITY_PERCENT":
        return float(min(1.0, size["Value"] / 100))
    known = list(counts)
    return min(1.0, float(size["Value"]) * len(known) / max(1, sum(known)))


def percent(size: Size, count: int) -> float:
    """The size in percent of `count` instances."""
    return float(size["Value"]) if size["Type"] == "CAPACITY_PERCENT" else 100 * size["Value"] / count


def steps(routing: dict[str, Any], counts: list[int]) -> list[float]:
    """The shares of the traffic that a blue/green update gives its new fleet, one after the other; the last is 1."""
    kind = routing["Type"]
    if kind == "CANARY":
        return [share(routing["CanarySize"], counts), 1.0]
    if kind == "LINEAR":
        step = share(routing["LinearStepSize"], counts)
        # A step of a third is taken three times, though 3 × 0.333… is less than 1.
        whole = max(1, math.ceil(1 / step - 1e-9))
        return [min(1.0, step * number) for number in range(1, whole)] + [1.0]
    return [1.0]
