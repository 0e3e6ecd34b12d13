from __future__ import annotations

from typing import Any

import pytest
from batch.decide_recovery import handler


def decide(attempt: int | None = None, **event: Any) -> dict[str, Any]:
    said = {"name": "uuid", "status": "FAILED", "error": "States.Runtime", "cause": "the host went away"} | event
    return handler({"event": said, "drop": {"drop": "abcdefghij"} | ({"attempt": attempt} if attempt else {})}, None)


def test_it_starts_again() -> None:
    assert decide() | {"reason": ""} == {"action": "restart", "attempt": 2, "name": "abcdefghij-a2", "reason": ""}
    assert decide(2, name="abcdefghij-a2")["name"] == "abcdefghij-a3"


def test_an_end_that_was_told_needs_nothing() -> None:
    assert decide(error="BatchFailedError")["action"] == "nothing"


@pytest.mark.parametrize(("attempt", "event"), [(3, {}), (1, {"status": "ABORTED", "error": None, "cause": None})])
def test_it_is_given_up(attempt: int, event: dict[str, Any]) -> None:
    assert decide(attempt, **event)["action"] == "give up"
