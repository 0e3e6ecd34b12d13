from __future__ import annotations

import pytest
from intake.plan_window import handler

TOUCHED = "2026-11-23T05:00:00.250Z"
OPEN = {"touched_at": TOUCHED, "state": "OPEN", "drop": "abcdefghij"}


def plan(window: object, seen: str | None = None, config: str | None = None) -> dict[str, object]:
    return handler({"window": window, "config": config, "seen_touched_at": seen}, None)


def test_the_first_sight_waits_for_the_default_quiet_period() -> None:
    assert plan(OPEN) | {"reason": ""} == {
        "action": "wait",
        "until": "2026-11-23T05:05:00.250Z",
        "touched_at": TOUCHED,
        "reason": "",
    }


def test_the_project_decides_how_long_quiet_is() -> None:
    assert plan(OPEN, config='{"data": {"quiet_period": 5}}')["until"] == "2026-11-23T05:00:05.250Z"


def test_untouched_since_it_was_seen_closes() -> None:
    decided = plan(OPEN, seen=TOUCHED)
    assert (decided["action"], decided["reason"], decided["touched_at"]) == ("close", "quiet period", TOUCHED)


def test_touched_since_it_was_seen_waits_on() -> None:
    assert plan(OPEN, seen="2026-11-23T04:59:00.000Z")["until"] == "2026-11-23T05:05:00.250Z"


def test_success_closes_at_once() -> None:
    decided = plan(OPEN | {"state": "COMPLETE"})
    assert (decided["action"], decided["reason"]) == ("close", "_SUCCESS")


@pytest.mark.parametrize("window", [None, OPEN | {"state": "CLOSED"}])
def test_nothing_is_left_to_do(window: object) -> None:
    assert plan(window)["action"] == "done"
