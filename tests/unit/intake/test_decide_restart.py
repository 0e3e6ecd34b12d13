from __future__ import annotations

import json
from typing import Any

import pytest
from intake.decide_restart import handler

KEYS = {"pk": {"S": "adult/train/"}, "sk": {"S": "window#abcdefghij"}}
RECORD = [{"eventName": "INSERT", "dynamodb": {"Keys": KEYS, "NewImage": {"state": {"S": "OPEN"}}}}]


def decide(name: str, status: str, given: Any = RECORD) -> dict[str, Any]:
    event = {"name": name, "status": status, "executionArn": "arn", "input": json.dumps(given)}
    return handler({"event": event}, None)


def test_a_stopped_machine_starts_again_under_a_name_that_says_so() -> None:
    decided = decide("5e1f-uuid", "FAILED")
    assert (decided["action"], decided["name"], decided["attempt"]) == ("restart", "5e1f-uuid-a2", 2)
    assert decide("5e1f-uuid-a2", "TIMED_OUT")["name"] == "5e1f-uuid-a3"


@pytest.mark.parametrize("event", ["INSERT", "MODIFY", "RESUME"])
def test_it_goes_on_with_its_window_even_if_that_was_closed(event: str) -> None:
    given = [RECORD[0] | {"eventName": event}]
    assert decide("5e1f-uuid", "FAILED", given)["input"] == [{"eventName": "RESUME", "dynamodb": {"Keys": KEYS}}]


def test_a_project_file_is_read_again_by_the_event_that_told_of_it() -> None:
    event = {"id": "1", "detail": {"object": {"key": "adult/project.yaml"}}}
    assert decide("5e1f-uuid", "FAILED", event)["input"] == event


def test_not_without_end() -> None:
    assert decide("5e1f-uuid-a3", "FAILED")["action"] == "nothing"


def test_not_against_a_person() -> None:
    assert decide("5e1f-uuid", "ABORTED")["action"] == "nothing"
