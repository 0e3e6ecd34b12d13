"""A hundred changes of an endpoint under load: not one request fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.local.load.conftest import RATE, Serving

pytestmark = pytest.mark.slow

ROUNDS, CHANGES = 10, 100
_HALF = {"Type": "CAPACITY_PERCENT", "Value": 50}


def _blue_green(kind: str, wait: int = 60, **size: Any) -> dict[str, Any]:
    routing = {"Type": kind, "WaitIntervalInSeconds": wait, **size}
    return {"BlueGreenUpdatePolicy": {"TrafficRoutingConfiguration": routing}}


ALL_AT_ONCE = _blue_green("ALL_AT_ONCE", 0)
CANARY = _blue_green("CANARY", CanarySize=_HALF)
LINEAR = _blue_green("LINEAR", LinearStepSize=_HALF)
ROLLING = {"RollingUpdatePolicy": {"MaximumBatchSize": _HALF, "WaitIntervalInSeconds": 60}}


def _round(serving: Serving, name: str) -> int:
    """Ten changes, which end where they began: two variants of one instance each."""
    changes: list[Callable[[], None]] = [
        lambda: serving.rescale(name, A={"DesiredWeight": 3.0}),
        lambda: serving.rescale(name, A={"DesiredWeight": 0.0}, B={"DesiredWeight": 1.0}),
        lambda: serving.rescale(name, A={"DesiredWeight": 1.0}),
        lambda: serving.rescale(name, A={"DesiredInstanceCount": 2}),
        lambda: serving.change(name, "pair-2", ALL_AT_ONCE),
        lambda: serving.change(name, "solo-1"),
        lambda: serving.change(name, "solo-2", CANARY),
        lambda: serving.change(name, "solo-1", LINEAR),
        lambda: serving.change(name, "solo-2", ROLLING),
        lambda: serving.change(name, "pair-1"),
    ]
    for change in changes:
        change()
    return len(changes)


def test_hundred_changes_fail_no_request(serving: Serving, endpoint: Callable[[str], str]) -> None:
    """Weights, capacities, all at once, canary, linear, rolling, again and again."""
    name = endpoint("pair-1")
    with serving.under_load(name) as load:
        changes = sum(_round(serving, name) for _ in range(ROUNDS))
    assert changes == CHANGES
    assert load.found["failed"] == 0, str(load)
    # The load went on all the while: requests did not wait for changes to end.
    assert load.found["requests"] > 0.5 * RATE * load.found["seconds"], str(load)
