from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from experiment.measures import POINTS, traffic
from experiment.plan_measurement import handler
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.botocore_check import complaints

SINCE = "2026-11-23T08:00:30.123Z"
START = int(datetime.fromisoformat(SINCE).timestamp() * 1000)


def plan(seconds: int = 3600) -> dict[str, Any]:
    sides = {"champion": {"variant": "AllTraffic", "version": 3}, "challenger": {"variant": "Challenger", "version": 4}}
    return handler({"endpoint": "churn", "since": SINCE, "now": START + seconds * 1000, **sides}, None)["request"]


def test_both_variants_are_measured_since_the_comparison_began() -> None:
    request = plan()
    assert [q["Id"] for q in request["MetricDataQueries"]] == [
        f"{side}_{name}" for side in ("champion", "challenger") for name in ("calls", "errors", "latency")
    ]
    last = request["MetricDataQueries"][-1]["MetricStat"]
    assert last == {
        "Metric": {
            "Namespace": "AWS/SageMaker",
            "MetricName": "ModelLatency",
            "Dimensions": [
                {"Name": "EndpointName", "Value": "churn"},
                {"Name": "VariantName", "Value": "Challenger"},
            ],
        },
        "Period": 60,
        "Stat": "p90",
    }
    assert (request["StartTime"], request["EndTime"]) == ("2026-11-23T08:00:00Z", "2026-11-23T09:01:30Z")
    assert complaints("cloudwatch", "GetMetricData", request) == []


@given(st.integers(0, 2_592_000))
def test_a_state_carries_the_points_however_long_it_takes(seconds: int) -> None:
    request = plan(seconds)
    period = request["MetricDataQueries"][0]["MetricStat"]["Period"]
    assert period % 60 == 0
    assert (seconds + 60) / period <= POINTS + 1


def result(name: str, *points: tuple[str, float]) -> dict[str, Any]:
    return {"Id": f"challenger_{name}", "Timestamps": [p[0] for p in points], "Values": [p[1] for p in points]}


def test_figures_of_the_periods_together() -> None:
    found = traffic(
        [
            result("calls", ("a", 90.0), ("b", 10.0)),
            result("errors", ("b", 5.0)),
            result("latency", ("a", 1000.0), ("b", 11000.0)),
            {"Id": "champion_calls", "Timestamps": ["a"], "Values": [7.0]},
        ],
        "challenger",
    )
    assert found.model_dump() == {"calls": 100, "errors": 5, "errors_percent": 5.0, "latency_ms": 2.0}


@pytest.mark.parametrize("metrics", [[], [result("calls"), result("latency")], [result("latency", ("a", 5.0))]])
def test_no_calls(metrics: list[dict[str, Any]]) -> None:
    expected = {"calls": 0, "errors": 0, "errors_percent": 0.0, "latency_ms": None}
    assert traffic(metrics, "challenger").model_dump() == expected
