"""What CloudWatch knows of two variants of an endpoint: the request, and what its answer means."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from dropforge.handler import Decision
from experiment.models import Measurement, PlanMeasurement

NAMESPACE = "AWS/SageMaker"
#: The metric and statistic of each figure.
FIGURES = {
    "calls": ("Invocations", "Sum"),
    "errors": ("Invocation5XXErrors", "Sum"),
    "latency": ("ModelLatency", "p90"),
}
SIDES = ("champion", "challenger")
# A state carries 256 KiB: so many points for each figure at most.
POINTS = 100
MINUTE = 60


class Traffic(Decision):
    """One variant's calls, how many of them failed, and how long nine of ten answers of the model took."""

    calls: int = 0
    errors: int = 0
    errors_percent: float = 0.0
    latency_ms: float | None = None


def plan_measurement(facts: PlanMeasurement) -> Measurement:
    """Ask for both variants' figures in periods that are whole minutes, whatever the time between."""
    since = datetime.fromisoformat(facts.since).astimezone(UTC).replace(second=0, microsecond=0)
    until = datetime.fromtimestamp(facts.now / 1000, UTC) + timedelta(minutes=1)
    minutes = max(1, -(-int((until - since).total_seconds()) // (POINTS * MINUTE)))
    queries = [
        {"Id": f"{side}_{name}", "MetricStat": _stat(facts, side, name, minutes * MINUTE)}
        for side in SIDES
        for name in FIGURES
    ]
    form = "%Y-%m-%dT%H:%M:%SZ"
    times = {"StartTime": since.strftime(form), "EndTime": until.strftime(form)}
    return Measurement(request={"MetricDataQueries": queries, **times, "ScanBy": "TimestampAscending"})


def _stat(facts: PlanMeasurement, side: str, name: str, period: int) -> dict[str, Any]:
    metric, statistic = FIGURES[name]
    variant = getattr(facts, side).variant
    dimensions = [{"Name": "EndpointName", "Value": facts.endpoint}, {"Name": "VariantName", "Value": variant}]
    described = {"Namespace": NAMESPACE, "MetricName": metric, "Dimensions": dimensions}
    return {"Metric": described, "Period": period, "Stat": statistic}


def traffic(metrics: list[dict[str, Any]], side: str) -> Traffic:
    """A side's figures from MetricDataResults; a percentile of the whole is that of its periods, by their calls."""
    found = {
        name: dict(zip(result.get("Timestamps", []), result.get("Values", []), strict=True))
        for result in metrics
        for name in FIGURES
        if result["Id"] == f"{side}_{name}"
    }
    calls, errors = (sum(found.get(name, {}).values()) for name in ("calls", "errors"))
    weights = {moment: found.get("calls", {}).get(moment, 0) for moment in found.get("latency", {})}
    total = sum(weights.values())
    mean = sum(found["latency"][moment] * weight for moment, weight in weights.items()) / total if total else None
    return Traffic(
        calls=round(calls),
        errors=round(errors),
        errors_percent=round(100 * errors / calls, 2) if calls else 0.0,
        latency_ms=None if mean is None else round(mean / 1000, 2),
    )
