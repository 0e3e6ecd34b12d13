"""Every case: path, end, output and calls are as expected, and AWS would take every call."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.machines import calls_check, harness
from tests.machines.case_files import Case, cases


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.id)
def test_case(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = harness.run(case.machine, case.input, case.answers, monkeypatch)
    expected = case.own
    assert outcome.path == expected["path"], (outcome.error, outcome.cause)
    assert outcome.error == expected.get("error"), outcome.cause
    if isinstance(part := expected.get("cause", ""), str):
        assert part in (outcome.cause or "")
    else:
        contains(outcome.cause, part, "cause")
    if "output" in expected:
        assert outcome.output == expected["output"]
    for state, arguments in expected.get("calls", {}).items():
        made = outcome.arguments(state)
        contains(made if isinstance(arguments, list) else made[-1], arguments, state)
    taken = {state: outcome.taken.get(state, 0) for state in expected.get("answers", {})}
    assert not {state: n for state, n in taken.items() if n < len(expected["answers"][state])}, "answers without a call"
    assert [f"{call.state}: {text}" for call in outcome.calls for text in calls_check.wrong(call)] == []


def contains(actual: Any, expected: Any, where: str) -> None:
    """Fail unless all that is expected is there."""
    if isinstance(expected, dict | list) and isinstance(actual, str):
        actual = json.loads(actual)
    if isinstance(expected, dict):
        for key, value in expected.items():
            assert key in actual, f"{where}: no {key} in {actual}"
            contains(actual[key], value, f"{where}.{key}")
    elif isinstance(expected, list):
        assert len(actual) == len(expected), f"{where}: {actual}"
        for index, value in enumerate(expected):
            contains(actual[index], value, f"{where}[{index}]")
    else:
        assert actual == expected, where
