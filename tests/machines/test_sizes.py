"""What a wide project carries through its machines fits into them: 256 KiB per state and per function."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dropforge.project_read import read_project
from dropforge_jobs.trim import MOST_BYTES, trimmed

from tests.machines import harness
from tests.machines.case_files import cases

LIMIT = 256 * 1024  # "Quotas" of the Step Functions developer guide: input or output of a task, state or execution
DETAIL_LIMIT = 100 * 1024  # half of what a state takes: an event travels through other people's rules and queues too
ITEM_LIMIT = 400 * 1024  # DynamoDB's
NAMES = [f"measure_{n:04}" for n in range(4600)]  # as many as a project.yaml of 64 KiB can name
ROW = ["1.5"] * len(NAMES)


@pytest.mark.parametrize("named", ["in project.yaml", "in the header"])
def test_a_wide_table_fits_into_the_machines(named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "algorithm: xgboost\ntarget: measure_0000\n"
    if named == "in project.yaml":
        text += "columns: [" + ", ".join(NAMES) + "]\n"
    assert len(text.encode()) <= 65_536
    head = _inspection()["head"]
    assert head["fields"] == len(NAMES)
    run = _run("training_run", _changed(text, head), monkeypatch)
    assert run.path[-1] == "Run Succeeded", run.cause
    evaluation = _run("evaluation", {}, monkeypatch, run.arguments("Evaluate Candidate")[0]["Input"])
    assert evaluation.path[-1] == "Evaluated", evaluation.cause
    assert _too_large(run.calls + evaluation.calls) == {}


def test_what_an_inspection_of_a_wide_drop_found_fits_into_intake(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "algorithm: xgboost\ntarget: measure_0000\ncolumns: [" + ", ".join(NAMES) + "]\n"
    config = read_project(text).model_dump_json(exclude_none=True)
    lines = {f"columns[{n}]": 3 for n in range(len(NAMES))}
    found = _inspection()
    assert len(json.dumps(found)) <= MOST_BYTES
    changed = {
        "Read Project": [{"return": {"Item": {"config": {"S": config}, "lines": {"S": json.dumps(lines)}}}}],
        "Inspect Drop": [{"return": {"Payload": found}}],
    }
    intake = _run("intake", changed, monkeypatch)
    assert intake.path[-1] == "Drop Settled", intake.cause
    assert _too_large(intake.calls) == {}
    detail = intake.arguments("Announce Outcome")[0]["Entries"][0]["Detail"]
    assert len(json.dumps(detail).encode()) <= DETAIL_LIMIT
    assert len(json.dumps(intake.arguments("Record Outcome")[0]).encode()) <= ITEM_LIMIT // 2
    started = _run("training_run", _changed(text, detail["dataset"]["head"]), monkeypatch, {"detail": detail})
    assert started.path[-1] == "Run Succeeded", started.cause
    assert _too_large(started.calls) == {}


def _too_large(calls: list[harness.Call]) -> dict[str, int]:
    sizes = {call.state: len(json.dumps(call.arguments)) for call in calls}
    return {state: size for state, size in sizes.items() if size >= LIMIT}


def _inspection() -> dict[str, Any]:
    """What inspecting a wide and faulty table gives, cut as the inspecting function cuts it."""
    whole = _case("intake").answers["Inspect Drop"][0]["return"]["Payload"]
    rows = [{"file": "a.csv", "line": n, "text": "x" * 200} for n in range(5)]
    finding = {"check": "duplicate_rows", "count": 9, "message": "m" * 1000, "fix": "f" * 1000, "rows": rows}
    head = {"columns": NAMES, "fields": len(NAMES), "header": True, "rows": [ROW, ROW]}
    columns = [{"name": name, "kind": "number"} for name in NAMES]
    table = {**whole["table"], "columns": columns, "columns_count": len(NAMES)}
    return trimmed({**whole, "head": head, "table": table, "findings": [finding] * 20})


def _changed(text: str, head: Any) -> dict[str, Any]:
    """The answers of the plain case, with another project.yaml and the head of another file."""
    answers = _case("training_run").answers
    config = read_project(text).model_dump_json(exclude_none=True)
    gathered = answers["Gather Inputs"][0]["return"]["Payload"] | {"head": head}
    return {
        "Read Project": [{"return": {"Item": {"config": {"S": config}}}}],
        "Gather Inputs": [{"return": {"Payload": gathered}}],
    }


def _case(machine: str) -> Any:
    plain = {"training_run": "succeeds", "evaluation": "passes", "intake": "quiet_period"}
    return next(case for case in cases() if case.id == f"{machine}-{plain[machine]}")


def _run(machine: str, answers: Any, monkeypatch: pytest.MonkeyPatch, given: Any = None) -> harness.Outcome:
    case = _case(machine)
    return harness.run(machine, given or case.input, case.answers | answers, monkeypatch)
