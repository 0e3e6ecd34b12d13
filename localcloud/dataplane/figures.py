"""What the traffic measures, second by second, told to the host, which puts it into CloudWatch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

from localcloud.dataplane.tables import Variant

_DIGITS = 2
_CLIENT, _SERVER = range(400, 500), range(1, 500)


def collect(variants: Iterable[Variant]) -> list[dict[str, Any]]:
    """The figures since the last time, of the variants that had calls; one row for each."""
    rows = []
    for variant in variants:
        ended, variant.ended = variant.ended, []
        peak, variant.peak = variant.peak, variant.under_way
        if ended or peak:
            rows.append(_row(variant, ended, peak))
    return rows


def _row(variant: Variant, ended: list[tuple[int | None, int, int]], peak: int) -> dict[str, Any]:
    statuses = [status for _, _, status in ended]
    reached = [(model, overhead) for model, overhead, _ in ended if model is not None]
    return {
        "endpoint": variant.endpoint,
        "config": variant.config,
        "variant": variant.name,
        "instances": len(variant.instances),
        "peak": peak,
        "calls": len(ended),
        "4xx": sum(status in _CLIENT for status in statuses),
        # A time-out (0) and a connection that broke off count as the server's fault.
        "5xx": sum(status not in _SERVER for status in statuses),
        "model_errors": sum(status != 200 for status in statuses),  # noqa: PLR2004
        "model": _counted(model for model, _ in reached),
        "overhead": _counted(overhead for _, overhead in reached),
    }


def _counted(values: Iterable[int]) -> list[tuple[int, int]]:
    """The values with their counts; three significant digits, because CloudWatch takes few distinct values."""
    return list(Counter(_short(value) for value in values).items())


def _short(value: int) -> int:
    return value if value < 1000 else round(value, _DIGITS + 1 - len(str(value)))  # noqa: PLR2004
