from __future__ import annotations

from typing import Any

import pytest
from training.decide_recovery import handler

ARN = "arn:aws:states:us-east-1:000000000000:execution:dropforge-run:x"
ITEM = {"status": "RUNNING", "project": "adult", "attempt": 1, "execution_arn": ARN}


def decide(item: Any = ITEM, attempt: int = 1, **event: Any) -> dict[str, Any]:
    said = {
        "executionArn": ARN,
        "name": "x",
        "status": "FAILED",
        "error": "States.Runtime",
        "cause": "the host went away",
    } | event
    return handler({"run": "abcdefghij", "attempt": attempt, "item": item, "event": said}, None)


def test_a_run_that_did_not_tell_its_end_starts_again() -> None:
    decided = decide()
    assert (decided["action"], decided["attempt"], decided["name"]) == ("restart", 2, "abcdefghij-a2")
    assert "the host went away" in decided["reason"]


def test_the_item_may_be_typed_as_dynamodb_gives_it() -> None:
    typed = {"status": {"S": "RUNNING"}, "attempt": {"N": "2"}, "execution_arn": {"S": ARN}}
    assert decide(typed)["attempt"] == 3


@pytest.mark.parametrize("item", [ITEM | {"status": "FAILED"}, ITEM | {"status": "SUCCEEDED"}])
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


UUIDS = "6a7e8feb-b491-4cf7-a9f1-bf3703467718_315c1398-40ff-a850-213b-a58730601751"  # EventBridge's own name


@pytest.mark.parametrize(
    ("stopped", "again"), [("0a1b", "0a1b-a2"), ("0a1b-a2", "0a1b-a3"), (UUIDS, f"{UUIDS[:70]}-a2")]
)
def test_a_run_that_stopped_before_its_claim_starts_again_as_what_it_was(stopped: str, again: str) -> None:
    decided = decide(None, name=stopped)
    assert (decided["action"], decided["attempt"], decided["name"]) == ("restart", 1, again)


@pytest.mark.parametrize("event", [{"name": "0a1b-a3"}, {"status": "ABORTED", "error": None, "cause": None}])
def test_a_run_without_a_claim_does_not_start_for_ever(event: dict[str, Any]) -> None:
    assert decide(None, **event)["action"] == "give up"


def test_a_second_attempt_that_stopped_before_its_claim_is_followed_by_a_third() -> None:
    decided = decide(attempt=2, executionArn=ARN + "2", name="abcdefghij-a2")
    assert (decided["action"], decided["attempt"], decided["name"]) == ("restart", 3, "abcdefghij-a3")
    assert decide(attempt=3, executionArn=ARN + "3", name="abcdefghij-a3")["action"] == "give up"
