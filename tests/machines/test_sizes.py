"""What a wide project carries through its machines fits into them: 256 KiB per state and per function."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dropforge.project_read import read_project
from training.head import SAMPLE_BYTES, read_head

from tests.machines import harness
from tests.machines.case_files import cases

LIMIT = 256 * 1024  # "Quotas" of the Step Functions developer guide: input or output of a task, state or execution
NAMES = [f"measure_{n:04}" for n in range(4600)]  # as many as a project.yaml of 64 KiB can name


@pytest.mark.parametrize("named", ["in project.yaml", "in the header"])
def test_a_wide_table_fits_into_the_machines(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "algorithm: xgboost\ntarget: measure_0000\n"
    if named == "in project.yaml":
        text += "columns: [" + ", ".join(NAMES) + "]\n"
    assert len(text.encode()) <= 65_536
    head = read_head(f"{','.join(NAMES)}\n{','.join('1.5' for _ in NAMES)}\n".encode()[:SAMPLE_BYTES], whole=False)
    run = _run("training_run", _changed(text, head.model_dump()), monkeypatch)
    assert run.path[-1] == "Run Succeeded", run.cause
    evaluation = _run("evaluation", {}, monkeypatch, run.arguments("Evaluate Candidate")[0]["Input"])
    assert evaluation.path[-1] == "Evaluated", evaluation.cause
    sizes = {call.state: len(json.dumps(call.arguments)) for call in run.calls + evaluation.calls}
    assert {state: size for state, size in sizes.items() if size >= LIMIT} == {}


def _changed(text: str, head: Any) -> dict[str, Any]:
    """The answers of the plain case, with another project.yaml and the head of another file."""
    answers = _case("training_run").answers
    config = read_project(text).model_dump_json(exclude_none=True)
    frozen = answers["Freeze Drop"][0]["return"]["Payload"] | {"head": head}
    return {
        "Read Project": [{"return": {"Item": {"config": {"S": config}}}}],
        "Freeze Drop": [{"return": {"Payload": frozen}}],
    }


def _case(machine: str) -> Any:
    name = {"training_run": "training_run-succeeds", "evaluation": "evaluation-passes"}[machine]
    return next(case for case in cases() if case.id == name)


def _run(machine: str, answers: Any, monkeypatch: pytest.MonkeyPatch, given: Any = None) -> harness.Outcome:
    case = _case(machine)
    return harness.run(machine, given or case.input, case.answers | answers, monkeypatch)
