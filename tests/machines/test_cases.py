"""Every case file: input and AWS's answers in; path, end, output and calls out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.machines import harness


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in harness.ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("path", harness.cases(), ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_case(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = yaml.safe_load(path.read_text())
    outcome = harness.run(path.parent.name, case["input"], case.get("answers", {}), monkeypatch)
    assert (outcome.error, outcome.cause if outcome.error == "States.QueryEvaluationError" else None) == (
        case.get("error"),
        None,
    ), outcome.cause
    assert outcome.path == case["path"], (outcome.cause, outcome.calls)
    for state, expected in case.get("calls", {}).items():
        _contains(outcome.calls[state][-1], expected, state)
    if "output" in case:
        assert outcome.output == case["output"]


def _contains(actual: Any, expected: Any, where: str) -> None:
    if isinstance(expected, dict):
        for key, value in expected.items():
            assert key in actual, f"{where}: no {key} in {actual}"
            _contains(actual[key], value, f"{where}.{key}")
    elif isinstance(expected, list):
        assert len(actual) == len(expected), f"{where}: {actual}"
        for index, value in enumerate(expected):
            _contains(actual[index], value, f"{where}[{index}]")
    else:
        assert actual == expected, where


def test_every_machine_has_a_case_for_every_ending() -> None:
    missing = []
    for file in sorted((harness.ROOT / "statemachines").glob("*.asl.yaml")):
        name = file.name.removesuffix(".asl.yaml")
        states = harness.definition(name)["States"]
        ends = {state for state, body in states.items() if body["Type"] in {"Succeed", "Fail"}}
        seen = {yaml.safe_load(path.read_text())["path"][-1] for path in harness.cases() if path.parent.name == name}
        missing += [f"{name}: {end}" for end in sorted(ends - seen)]
    assert not missing
