from __future__ import annotations

from typing import Any

import pytest
from training.decide_recovery import handler

ARN = "arn:aws:states:us-east-1:000000000000:execution:dropforge-run:x"
ITEM = {"status": "RUNNING", "project": "adult", "attempt": 1, "execution_arn": ARN}


def decide(item: Any = ITEM, **event: Any) -> dict[str, Any]:
    said = {"executionArn": ARN, "status": "FAILED", "error": "States.Runtime", "cause": "the host went away"} | event
    return handler({"run": "abcdefghij", "item": item, "event": said}, None)


def test_a_run_that_did_not_tell_its_end_starts_again() -> None:
    decided = decide()
    assert (decided["action"], decided["attempt"], decided["name"]) == ("restart", 2, "abcdefghij-a2")
    assert "the host went away" in decided["reason"]


def test_the_item_may_be_typed_as_dynamodb_gives_it() -> None:
    typed = {"status": {"S": "RUNNING"}, "attempt": {"N": "2"}, "execution_arn": {"S": ARN}}
    assert decide(typed)["attempt"] == 3


@pytest.mark.parametrize("item", [None, ITEM | {"status": "FAILED"}, ITEM | {"status": "SUCCEEDED"}])
def test_an_end_that_was_told_needs_nothing(item: Any) -> None:
    assert decide(item)["action"] == "nothing"


def test_another_execution_that_has_the_run_is_left_alone() -> None:
    assert decide(ITEM | {"execution_arn": ARN + "2"})["action"] == "nothing"


def test_three_attempts_are_enough() -> None:
    decided = decide(ITEM | {"attempt": 3})
    assert decided["action"] == "give up"
    assert "stopped 3 times; last: the host went away" in decided["reason"]


def test_a_run_that_a_person_stopped_stays_stopped() -> None:
    decided = decide(status="ABORTED", error=None, cause=None)
    assert (decided["action"], decided["reason"]) == ("give up", "the run was stopped by hand")
