from __future__ import annotations

import json
from typing import Any

import pytest
from intake.plan_window import handler
from intake.windows import RULES, completes

TOUCHED = "2026-11-23T05:00:00.250Z"
OPEN = {"touched_at": TOUCHED, "state": "OPEN", "drop": "abcdefghij"}


def config(**data: Any) -> str:
    return json.dumps({"data": data})


def plan(window: object, seen: str | None = None, config: str | None = None, resume: bool = False) -> dict[str, Any]:
    return handler({"window": window, "config": config, "seen_touched_at": seen, "resume": resume}, None)


def test_the_first_sight_waits_for_the_default_quiet_period() -> None:
    planned = plan(OPEN)
    assert (planned["action"], planned["until"], planned["touched_at"]) == ("wait", "2026-11-23T05:05:00.250Z", TOUCHED)


def test_the_project_decides_how_long_quiet_is() -> None:
    assert plan(OPEN, config=config(quiet_period=5))["until"] == "2026-11-23T05:00:05.250Z"


def test_untouched_since_it_was_seen_is_looked_at_closely() -> None:
    decided = plan(OPEN, seen=TOUCHED)
    assert (decided["action"], decided["reason"], decided["touched_at"]) == ("check", "quiet period", TOUCHED)


def test_touched_since_it_was_seen_waits_on() -> None:
    assert plan(OPEN, seen="2026-11-23T04:59:00.000Z")["until"] == "2026-11-23T05:05:00.250Z"


@pytest.mark.parametrize(("state", "reason"), [("COMPLETE", "_SUCCESS"), ("LISTED", "manifest")])
def test_what_somebody_called_complete_is_looked_at_at_once(state: str, reason: str) -> None:
    decided = plan(OPEN | {"state": state})
    assert (decided["action"], decided["reason"]) == ("check", reason)


@pytest.mark.parametrize("complete_on", ["success", "manifest"])
def test_quiet_means_nothing_where_the_project_says_so(complete_on: str) -> None:
    decided = plan(OPEN, seen=TOUCHED, config=config(complete_on=complete_on))
    assert decided["action"] == "done"
    assert complete_on in decided["reason"]


@pytest.mark.parametrize("complete_on", ["any", "quiet"])
def test_quiet_completes_where_the_project_says_so(complete_on: str) -> None:
    assert plan(OPEN, seen=TOUCHED, config=config(complete_on=complete_on))["action"] == "check"


@pytest.mark.parametrize("window", [None, OPEN | {"state": "CLOSED"}, OPEN | {"state": "SETTLED"}])
def test_nothing_is_left_to_do(window: object) -> None:
    assert plan(window)["action"] == "done"


@pytest.mark.parametrize(("state", "action"), [("CLOSED", "settle"), ("SETTLED", "announce")])
def test_who_is_told_to_go_on_goes_on_where_another_stopped(state: str, action: str) -> None:
    decided = plan(OPEN | {"state": state, "reason": "_SUCCESS"}, resume=True)
    assert (decided["action"], decided["reason"]) == (action, "_SUCCESS")


def test_going_on_with_a_window_that_is_open_is_what_any_execution_does() -> None:
    assert plan(OPEN, resume=True) == plan(OPEN)
    assert plan(None, resume=True)["action"] == "done"


def test_every_rule_of_a_project_is_known() -> None:
    from dropforge.project import Data

    assert set(RULES) == set(Data.model_fields["complete_on"].annotation.__args__)  # type: ignore[union-attr]
    assert completes(None) == completes(config()) == completes('{"data": null}') == RULES["any"]
