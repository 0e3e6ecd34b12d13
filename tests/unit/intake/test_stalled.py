from __future__ import annotations

from typing import Any

import pytest
from intake import stalled
from intake.plan_window import handler as plan_window

NOW = "2026-11-23T12:00:00.000Z"
CONFIG = '{"data": {"quiet_period": 600, "manifest_wait": 7200}}'


def window(state: str = "OPEN", touched: str = "11:00:00", **more: Any) -> dict[str, Any]:
    item = {"pk": "adult/train/", "sk": "window#abcdefghij", "channel": "train", "state": state, "stage": "WAITING"}
    return item | {"touched_at": f"2026-11-23T{touched}.000Z"} | more


def fate(item: dict[str, Any], config: str | None = CONFIG, has_run: bool = False) -> str:
    return stalled.fate(item, NOW, config=config, has_run=has_run)


@pytest.mark.parametrize(
    ("state", "touched", "expected"),
    [
        ("OPEN", "11:35:01", "leave"),  # 600 s of quiet and 900 s of grace
        ("OPEN", "11:34:59", "restart"),
        ("COMPLETE", "11:45:01", "leave"),
        ("COMPLETE", "11:44:59", "restart"),
        ("LISTED", "09:45:01", "leave"),
        ("LISTED", "09:44:59", "restart"),
        ("CLOSED", "10:15:01", "leave"),
        ("CLOSED", "10:14:59", "restart"),
    ],
)
def test_a_window_whose_execution_should_have_come_back(state: str, touched: str, expected: str) -> None:
    assert fate(window(state, touched)) == expected


def test_without_a_project_the_defaults_hold() -> None:
    assert fate(window("OPEN", "11:39:59"), config=None) == "restart"
    assert fate(window("LISTED", "00:00:00"), config=None) == "leave"


@pytest.mark.parametrize("rule", ["success", "manifest"])
def test_an_open_window_that_quiet_does_not_complete_waits_for_ever(rule: str) -> None:
    config = f'{{"data": {{"complete_on": "{rule}"}}}}'
    assert fate(window("OPEN", "00:00:00"), config=config) == "leave"
    assert fate(window("COMPLETE", "00:00:00"), config=config) == "restart"


@pytest.mark.parametrize(
    "item",
    [
        window("CLOSED", "00:00:00", closed_at="2026-11-23T10:15:01.000Z"),
        window("CLOSED", "00:00:00", closed_at="2026-11-23T01:00:00.000Z", resumed_at="2026-11-23T10:15:01.000Z"),
        window("OPEN", "00:00:00", resumed_at="2026-11-23T11:35:01.000Z"),
        window("SETTLED", "00:00:00", stage="RECORDED", settled_at="2026-11-23T11:45:01.000Z"),
        window("SETTLED", "00:00:00", stage="ANNOUNCED", outcome="ACCEPTED", settled_at="2026-11-23T11:45:01.000Z"),
        window("CLOSED", "00:00:00", stage="HELD", outcome="HELD", resumed_at="2026-11-23T11:45:01.000Z"),
    ],
)
def test_what_somebody_had_in_hand_just_now_is_left_alone(item: dict[str, Any]) -> None:
    assert fate(item) == "leave"
    late = {k: "2026-11-23T09:00:00.000Z" for k in ("closed_at", "settled_at", "resumed_at") if k in item}
    assert fate(item | late) == "restart"


def test_a_held_drop_is_taken_up_when_its_project_is_there() -> None:
    held = window("CLOSED", "09:00:00", stage="HELD", outcome="HELD")
    assert fate(held, config=None) == "leave"
    assert fate(held) == "restart"


def test_an_outcome_that_nobody_told_is_told_whatever_it_is() -> None:
    for outcome in ("ACCEPTED", "REFUSED", "EMPTY"):
        assert fate(window("SETTLED", "09:00:00", stage="RECORDED", outcome=outcome, channel="batch")) == "restart"


def test_an_announced_drop_is_let_go_when_it_came_to_its_effect() -> None:
    drop = window("SETTLED", "09:00:00", stage="ANNOUNCED", outcome="ACCEPTED")
    assert fate(drop) == "restart", "no run has it"
    assert fate(drop, has_run=True) == "verified"
    assert fate(drop | {"channel": "batch"}) == "verified", "nobody has to start anything"
    assert fate(drop | {"outcome": "REFUSED"}) == "verified"


@pytest.mark.parametrize(
    "item",
    [
        window("OPEN", "09:00:00"),
        window("CLOSED", "09:00:00", stage="HELD", outcome="HELD"),
        window("SETTLED", "09:00:00", stage="RECORDED", outcome="ACCEPTED"),
        window("SETTLED", "09:00:00", stage="ANNOUNCED", outcome="ACCEPTED"),
    ],
)
def test_not_without_end(item: dict[str, Any]) -> None:
    assert fate(item | {"resumes": stalled.MAX_RESUMES - 1}) == "restart"
    assert fate(item | {"resumes": stalled.MAX_RESUMES}) == "leave"


def test_who_is_started_goes_on_where_another_stopped() -> None:
    (record,) = stalled.restart_input(window())
    assert record["dynamodb"]["Keys"] == {"pk": {"S": "adult/train/"}, "sk": {"S": "window#abcdefghij"}}
    resume = record["eventName"] == "RESUME"  # as the machine reads it
    closed = {"window": {"state": "CLOSED", "touched_at": NOW}, "resume": resume}
    assert plan_window(closed, None)["action"] == "settle"
