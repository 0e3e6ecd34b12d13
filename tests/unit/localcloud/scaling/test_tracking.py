"""How much capacity a load needs."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.scaling import cron, tracking

loads = st.floats(0, 1e6)
targets = st.floats(0.1, 1e6)


@given(load=loads, target=targets, current=st.integers(1, 100))
def test_what_is_wanted_carries_the_load_and_no_less_would(load: float, target: float, current: int) -> None:
    config = {"TargetValue": target}
    out = tracking.tracked(config, [load] * 3, current, out=True)
    total = load * current
    assert out >= current
    if out > current:
        assert out * target >= total * (1 - 1e-6)
        assert (out - 1) * target <= total * (1 + 1e-6)


@given(values=st.lists(loads, max_size=15), target=targets, current=st.integers(0, 100))
def test_in_never_grows_and_out_never_shrinks(values: list[float], target: float, current: int) -> None:
    config = {"TargetValue": target}
    assert tracking.tracked(config, values, current, out=False) <= current
    assert tracking.tracked(config, values, current, out=True) >= current


STEPS = [
    {"MetricIntervalUpperBound": -10, "ScalingAdjustment": -2},
    {"MetricIntervalLowerBound": -10, "MetricIntervalUpperBound": 0, "ScalingAdjustment": -1},
    {"MetricIntervalLowerBound": 0, "MetricIntervalUpperBound": 10, "ScalingAdjustment": 1},
    {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 3},
]


@pytest.mark.parametrize(("breach", "wanted"), [(0, 6), (9, 6), (10, 8), (-5, 4), (-10, 3), (-20, 3)])
def test_the_step_that_the_breach_falls_into(breach: float, wanted: int) -> None:
    config = {"AdjustmentType": "ChangeInCapacity", "StepAdjustments": STEPS}
    assert tracking.stepped(config, breach, 5) == wanted


@pytest.mark.parametrize(("kind", "adjustment", "least", "wanted"), [
    ("ExactCapacity", 3, 0, 3), ("PercentChangeInCapacity", 50, 0, 15), ("PercentChangeInCapacity", 1, 0, 11),
    ("PercentChangeInCapacity", 25, 4, 14), ("PercentChangeInCapacity", -33, 0, 7),
])  # fmt: skip
def test_adjustments(kind: str, adjustment: int, least: int, wanted: int) -> None:
    config = {"AdjustmentType": kind, "MinAdjustmentMagnitude": least}
    assert tracking.adjusted(config, adjustment, 10) == wanted


def at(text: str, zone: str = "UTC") -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


@pytest.mark.parametrize(("expression", "zone", "since", "until", "due"), [
    ("cron(0 22 * * ? *)", "Europe/Berlin", "2026-07-01T19:59", "2026-07-01T20:01", "2026-07-01T20:00"),
    ("cron(0 22 * * ? *)", "Europe/Berlin", "2026-01-01T20:59", "2026-01-01T21:01", "2026-01-01T21:00"),
    ("cron(0 22 * * ? *)", None, "2026-01-01T20:59", "2026-01-01T21:01", None),
    ("cron(0/15 8-18 ? * MON-FRI *)", None, "2026-01-02T08:14", "2026-01-02T08:16", "2026-01-02T08:15"),
    ("cron(0/15 8-18 ? * MON-FRI *)", None, "2026-01-03T08:14", "2026-01-03T08:16", None),
    ("cron(0 0 ? JAN SUN 2026)", None, "2026-01-03T23:59", "2026-01-04T00:00", "2026-01-04T00:00"),
    ("rate(2 hours)", None, "2026-01-01T01:59", "2026-01-01T02:01", "2026-01-01T02:00"),
    ("rate(2 hours)", None, "2026-01-01T02:00", "2026-01-01T03:59", None),
    ("at(2026-01-01T08:00:00)", "Asia/Tokyo", "2025-12-31T22:59", "2025-12-31T23:01", "2025-12-31T23:00"),
])  # fmt: skip
def test_when_a_schedule_is_due(expression: str, zone: str | None, since: str, until: str, due: str | None) -> None:
    cron.check(expression, zone)
    found = cron.last_due(expression, zone, at("2026-01-01T00:00"), at(since), at(until))
    assert found == (at(due) if due else None)
