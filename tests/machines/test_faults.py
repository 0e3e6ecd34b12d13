"""Every task of every machine fails once in a way that nobody expects: the machine must still end by itself.

What a Catch leads to may use only what was assigned by then; an expression that finds nothing would end the execution
in the middle, with nothing recorded and nobody told.
"""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.glue.stepfunctions.errors import StateError
from tests.machines import calls_check, harness
from tests.machines.case_files import Case, cases

ERROR, CAUSE = "Odd.FaultException", "an odd fault (Service: Odd, Status Code: 400, Request ID: 1)"
FAULT = {"throw": {"Error": ERROR, "Cause": CAUSE}}
# A model that waits for approval is no failure to tell; what cannot be explained or recorded is the recover machine's.
UNTOLD_RUN = {"Explain Failure", "Record Failure", "Record Success", "Announce Success"}


def faults() -> list[Any]:
    """Each task once, in the first case that comes to it."""
    found: dict[tuple[str, str], Case] = {}
    for case in cases():
        tasks = {name for name, state in harness.states(case.machine).items() if state["Type"] == "Task"}
        for name in case.own["path"]:
            if name in tasks:
                found.setdefault((case.machine, name), case)
    return [pytest.param(case, state, id=f"{name}-{state}") for (name, state), case in sorted(found.items())]


def quiet(call: harness.Call) -> Any:
    """A write that succeeds; what is read and is not in the case fails too."""
    if call.resource.service in ("dynamodb", "events"):
        return {}
    raise StateError(ERROR, CAUSE)


@pytest.mark.parametrize(("case", "state"), faults())
def test_a_machine_survives_a_fault(case: Case, state: str, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = harness.run(case.machine, case.input, {**case.answers, state: [FAULT]}, monkeypatch, quiet)
    assert state in outcome.path
    assert outcome.error != "States.QueryEvaluationError", outcome.cause
    ends = {name for name, body in harness.states(case.machine).items() if body["Type"] in {"Succeed", "Fail"}}
    assert outcome.path[-1] in ends
    assert [f"{call.state}: {text}" for call in outcome.calls for text in calls_check.wrong(call)] == []
    if case.machine == "training_run" and state not in UNTOLD_RUN:
        assert outcome.path[-2:] == ["Announce Failure", "Run Failed"]
    # What its Catch hands to `Check Deployment` is told; the rest is the recover machine's, or does no harm.
    catches = harness.states("deployment").get(state, {}).get("Catch") or [{}]
    if case.machine == "deployment" and (catches[-1].get("Next"), "failure" in catches[-1].get("Assign", {})) == (
        "Check Deployment",
        True,
    ):
        assert outcome.path[-3:] == ["Announce Deployment", "Deployed?", "Model Not Deployed"]
