from __future__ import annotations

import json
from typing import Any

import pytest
from dropforge import events
from dropforge.errors import DropTooLargeError, InputInvalidError
from dropforge.handler import Facts, takes
from pydantic import BaseModel


class Asked(Facts):
    run: str
    number: int


class Answer(BaseModel):
    twice: int
    secret: dict[str, str] = {"a": "b"}


@takes(Asked)
def twice(facts: Asked) -> Answer:
    if facts.number == 0:
        raise DropTooLargeError("nothing")
    return Answer(twice=facts.number * 2)


def test_parses_calls_and_gives_plain_json() -> None:
    assert twice({"run": "abcdefghij", "number": 2, "new": "ignored"}, None) == {"twice": 4, "secret": {"a": "b"}}


def test_an_event_that_does_not_fit_says_where() -> None:
    with pytest.raises(InputInvalidError, match=r"Asked does not fit: number: Field required"):
        twice({"run": "abcdefghij"}, None)


def test_a_refusal_keeps_its_own_name() -> None:
    with pytest.raises(DropTooLargeError):
        twice({"run": "r", "number": 0}, None)


def test_every_line_of_the_log_names_the_run_and_no_content(
    capsys: pytest.CaptureFixture[str], monkeypatch: Any
) -> None:
    import sys

    from dropforge.handler import logger

    monkeypatch.setattr(logger.registered_handler, "stream", sys.stdout)
    twice({"run": "abcdefghij", "number": 2}, None)
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (line["correlation_id"], line["result"]) == ("abcdefghij", {"twice": 4})


def test_an_event_has_the_common_fields_and_an_id_that_a_repeat_has_again() -> None:
    made = events.detail("Run Failed", "abcdefghij", "a1", project="adult", run="abcdefghij", reason="x")
    assert made == events.detail("Run Failed", "abcdefghij", "a1", project="adult", run="abcdefghij", reason="x")
    assert made["id"] == "abcdefghij-a1-run-failed"
    assert set(made) == {"version", "id", "project", "run", "drop", "cause", "reason"}


def test_typed_items_become_plain() -> None:
    typed = {"a": {"S": "x"}, "n": {"N": "2"}, "f": {"N": "2.5"}, "b": {"BOOL": True}, "z": {"NULL": True}}
    typed |= {"l": {"L": [{"S": "y"}]}, "m": {"M": {"k": {"N": "1"}}}}
    plain = {"a": "x", "n": 2, "f": 2.5, "b": True, "z": None, "l": ["y"], "m": {"k": 1}}
    assert events.plain(typed) == plain
    assert events.plain(plain) == plain
