from __future__ import annotations

from intake.decide_restart import handler


def decide(name: str, status: str) -> dict[str, object]:
    return handler({"event": {"name": name, "status": status, "executionArn": "arn"}}, None)


def test_a_stopped_machine_starts_again_under_a_name_that_says_so() -> None:
    decided = decide("5e1f-uuid", "FAILED")
    assert (decided["action"], decided["name"], decided["attempt"]) == ("restart", "5e1f-uuid-a2", 2)
    assert decide("5e1f-uuid-a2", "TIMED_OUT")["name"] == "5e1f-uuid-a3"


def test_not_without_end() -> None:
    assert decide("5e1f-uuid-a3", "FAILED")["action"] == "nothing"


def test_not_against_a_person() -> None:
    assert decide("5e1f-uuid", "ABORTED")["action"] == "nothing"
