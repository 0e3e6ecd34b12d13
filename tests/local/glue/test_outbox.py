"""Promises: kept over restarts, repeated on demand, forgotten when done; and EventBridge's use of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from localcloud.glue.outbox import Again, Outbox, Parcel
from tests.local.glue.conftest import Cloud

until = Cloud.until


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.sqlite"


@pytest.fixture
def outbox(path: Path) -> Iterator[Outbox]:
    made = Outbox(path)
    yield made
    made.close()


def test_a_parcel_is_delivered_and_forgotten(outbox: Outbox, path: Path) -> None:
    got: list[Any] = []
    outbox.register("k", lambda parcel: got.append(parcel.body))
    outbox.start()
    outbox.add("k", {"n": 1})
    until(lambda: got == [{"n": 1}])
    until(lambda: outbox.pending() == 0)
    outbox.close()
    again = Outbox(path)
    again.register("k", lambda parcel: got.append("twice"))
    again.start()
    assert again.pending() == 0
    assert got == [{"n": 1}]


def test_what_was_accepted_before_a_crash_is_delivered_after_it(path: Path) -> None:
    first = Outbox(path)
    first.register("k", lambda parcel: None)
    for number in range(3):
        first.add("k", {"n": number})  # never started, never closed: the process died
    got: list[int] = []
    second = Outbox(path)
    second.register("k", lambda parcel: got.append(parcel.body["n"]))
    second.start()
    until(lambda: sorted(got) == [0, 1, 2])
    second.close()


def test_a_delivery_that_asks_for_it_comes_again_and_knows_its_number(outbox: Outbox) -> None:
    attempts: list[int] = []

    def deliver(parcel: Parcel) -> None:
        attempts.append(parcel.attempts)
        if parcel.attempts < 2:
            raise Again(0.05)

    outbox.register("k", deliver)
    outbox.start()
    began = time.monotonic()
    outbox.add("k", {})
    until(lambda: attempts == [0, 1, 2])
    assert time.monotonic() - began >= 0.1


def test_a_slow_kind_does_not_hold_up_another(outbox: Outbox) -> None:
    free, quick = threading.Event(), threading.Event()
    outbox.register("slow", lambda parcel: free.wait(10) and None)
    outbox.register("quick", lambda parcel: quick.set())
    outbox.start()
    for _ in range(100):
        outbox.add("slow", {})
    outbox.add("quick", {})
    assert quick.wait(5)
    free.set()


class _Sent:
    """Stands in for eventbridge.targets: fails as often as told."""

    def __init__(self, failures: int) -> None:
        self.calls, self.failures = 0, failures
        self.dead: list[dict[str, str]] = []

    def send(self, body: Any) -> None:
        from localcloud.glue.eventbridge.targets import TargetError

        self.calls += 1
        if self.calls <= self.failures:
            raise TargetError("THROTTLING", "too many")

    def send_to_queue(self, arn: str, text: str, rule: str, attributes: dict[str, str]) -> None:
        self.dead.append({"arn": arn, **attributes})


@pytest.mark.parametrize(("failures", "policy", "calls", "condition"), [
    (2, {}, 3, ""),
    (9, {"MaximumRetryAttempts": 2}, 3, "MaximumRetryAttempts"),
    (9, {"MaximumRetryAttempts": 0}, 1, "MaximumRetryAttempts"),
    (99, {"MaximumEventAgeInSeconds": 60}, None, "MaximumEventAgeInSeconds"),
])  # fmt: skip
def test_a_target_is_tried_as_its_retry_policy_says(  # noqa: PLR0917
    outbox: Outbox,
    monkeypatch: pytest.MonkeyPatch,
    failures: int,
    policy: dict[str, int],
    calls: int | None,
    condition: str,
) -> None:
    from localcloud.glue.eventbridge import delivery, targets

    sent = _Sent(failures)
    monkeypatch.setattr(targets, "send", sent.send)
    monkeypatch.setattr(targets, "send_to_queue", sent.send_to_queue)
    deliveries = delivery.Deliveries(outbox, time_scale=60)
    monkeypatch.setattr(deliveries, "_count", lambda body, metric: None)
    outbox.start()
    target = {"Arn": "arn:target", "RetryPolicy": policy, "DeadLetterConfig": {"Arn": "arn:dlq"}}
    outbox.add("event", {"target": target, "rule": "arn:rule", "name": "r", "bus": "default", "event": "{}"})
    settled: Callable[[], Any] = lambda: sent.dead or sent.calls > failures  # noqa: E731
    until(settled)
    until(lambda: outbox.pending() == 0)
    if calls is not None:
        assert sent.calls == calls
    if condition:
        dead = sent.dead[0]
        assert (dead["arn"], dead["RULE_ARN"], dead["TARGET_ARN"]) == ("arn:dlq", "arn:rule", "arn:target")
        assert (dead["ERROR_CODE"], dead["EXHAUSTED_RETRY_CONDITION"]) == ("THROTTLING", condition)
        assert dead["RETRY_ATTEMPTS"] == str(sent.calls - 1)
    else:
        assert not sent.dead
