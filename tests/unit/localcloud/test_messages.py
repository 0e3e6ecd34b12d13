"""A queue's messages are found by id, by receipt and by time, and say what changed."""

from __future__ import annotations

from typing import Any

from localcloud.glue.sqs.messages import Messages


def message(identifier: str, visible_at: float = 0.0) -> dict[str, Any]:
    return {"id": identifier, "visible_at": visible_at, "receive_count": 0, "receipt_handle": None}


def ids(found: list[dict[str, Any]]) -> list[str]:
    return [each["id"] for each in found]


def test_what_has_been_visible_longest_comes_first() -> None:
    held = Messages([message("late", 5.0), message("a", 1.0), message("b", 2.0)])
    assert ids(held.visible(10, 3.0)) == ["a", "b"]
    assert ids(held.visible(1, 3.0)) == ["a"]  # a look takes nothing out
    assert ids(held.visible(10, 9.0)) == ["a", "b", "late"]


def test_a_received_message_is_hidden_and_its_old_receipt_is_worth_nothing() -> None:
    held = Messages([message("a")])
    held.receive(held.visible(1, 1.0)[0], "first", 1.0, 31.0)
    assert held.visible(1, 2.0) == []
    assert ids(held.received()) == ["a"]
    held.receive(held.visible(1, 32.0)[0], "second", 32.0, 62.0)
    assert held.held_by("first") is None
    found = held.held_by("second")
    assert found is not None
    assert (found["receive_count"], found["first_receive_at"]) == (2, 1.0)


def test_every_change_is_told_once() -> None:
    told: list[str] = []
    held = Messages([message("a")], told.append)
    held.append(message("b"))
    held.receive(held.visible(1, 1.0)[0], "h", 1.0, 2.0)
    held.discard("a")
    held.discard("a")
    held.clear()
    assert told == ["b", "a", "a", "b"]
    assert len(held) == 0


def test_stale_entries_do_not_pile_up() -> None:
    held = Messages([message("a")])
    for moment in range(10_000):
        held.show_at(held.visible(1, moment)[0], moment)
    assert len(held._due) <= 65
    assert ids(held.visible(5, 10_000.0)) == ["a"]
