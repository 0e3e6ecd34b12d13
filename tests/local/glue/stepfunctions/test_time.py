"""Compressed time: waits, retries and timeouts shrink; timeouts keep a floor, for the work is real."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from localcloud.glue.stepfunctions.clock import Clock, Deadline, Scope
from localcloud.glue.stepfunctions.errors import CancelledError, ExecutionTimedOutError

from .conftest import Cloud


def test_the_arithmetic() -> None:
    clock = Clock(scale=60, timeout_floor=10)
    assert clock.pause(300) == 5
    assert clock.pause(-1) == 0
    assert [clock.limit(s) for s in (5, 60, 600, 3600)] == [5, 10, 10, 60]
    assert Clock(1, 10).limit(3) == 3


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Cloud]:
    cloud = Cloud(tmp_path, scale=600, floor=0.2)
    yield cloud
    cloud.stop()


def test_minutes_pass_in_an_instant(quick: Cloud) -> None:
    later = (datetime.now(UTC) + timedelta(minutes=5)).isoformat()
    states = {
        "A": {"Type": "Wait", "Seconds": 300, "Next": "B"},
        "B": {"Type": "Wait", "Timestamp": later, "Next": "T"},
        "T": {
            "Type": "Task",
            "Resource": "arn:aws:states:::lambda:invoke",
            "Arguments": {"FunctionName": "nowhere"},
            "End": True,
            "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 100, "BackoffRate": 1.0, "MaxAttempts": 3}],
        },
    }
    began = time.monotonic()
    assert quick.run(states)["error"] == "Lambda.ResourceNotFoundException"
    assert 1.4 < time.monotonic() - began < 6


def test_a_scope_wakes_what_waits_below_it() -> None:
    outer = Scope()
    inner = outer.child()
    seen: list[type] = []

    def sleep() -> None:
        try:
            inner.sleep(60)
        except CancelledError as error:
            seen.append(type(error))

    thread = threading.Thread(target=sleep)
    thread.start()
    outer.cancel()
    thread.join(5)
    assert seen == [CancelledError]
    with pytest.raises(CancelledError):
        outer.child().check()


def test_a_deadline_ends_waits_and_calls() -> None:
    scope = Scope(deadline=Deadline(0.05))
    with pytest.raises(ExecutionTimedOutError):
        scope.sleep(60)
    release = threading.Event()
    with pytest.raises(TimeoutError):
        Scope().call(lambda: release.wait(60), Deadline(0.05))
    release.set()
    with pytest.raises(ZeroDivisionError):
        Scope().call(lambda: 1 // 0, Deadline(None))
    assert Scope().call(lambda: 1, Deadline(5)) == 1


def test_a_wait_passes_at_real_speed_while_the_cloud_is_behind() -> None:
    began = time.monotonic()

    def behind_for_half_a_second() -> float:
        return min(time.monotonic() - began, 0.5)

    Clock(60, 10, behind_for_half_a_second).wait(Scope(), 30)
    # Half a second of the thirty passed at real speed, the others in 29.5 / 60 s.
    assert 0.95 < time.monotonic() - began < 5


def test_a_wait_that_is_over_does_not_sleep() -> None:
    Clock(1, 10).wait(Scope(), -5)
