from __future__ import annotations

import json
from typing import Any

import pytest
from evaluation import champion
from evaluation.choose_champion import handler
from evaluation.decide_gate import handler as decide_gate

from tests.unit.training.facts import config

GROUP = "arn:aws:sagemaker:us-east-1:000000000000:model-package/adult"
EXECUTION = "arn:aws:states:us-east-1:000000000000:execution:dropforge-evaluation:abcdefghij-a1"
APPROVED = [{"ModelPackageArn": f"{GROUP}/{n}", "ModelPackageVersion": n} for n in (3, 7, 5)]


def chosen(endpoint: dict[str, Any] | None = None, approved: Any = APPROVED) -> dict[str, Any]:
    facts = {"project": "adult", "execution_arn": EXECUTION, "endpoint": endpoint, "approved": approved}
    return handler(facts, None)


@pytest.mark.parametrize("name", ["df-abcdefghij-v2-n1-ml-m5-large", "df-abcdefghij-v2-0123abcd"])
def test_what_is_live_is_the_champion_whatever_is_approved(name: str) -> None:
    found = chosen({"EndpointStatus": "InService", "EndpointConfigName": name})
    assert (found["package_arn"], found["version"], found["live"]) == (f"{GROUP}/2", 2, True)


@pytest.mark.parametrize("endpoint", [None, {"EndpointStatus": "Failed", "EndpointConfigName": "df-abcdefghij-v2-x"}])
def test_without_a_live_one_it_is_the_newest_that_is_approved(endpoint: dict[str, Any] | None) -> None:
    found = chosen(endpoint)
    assert (found["package_arn"], found["live"]) == (f"{GROUP}/7", False)
    assert chosen(endpoint, [])["package_arn"] is None


def test_what_somebody_else_deployed_cannot_be_measured() -> None:
    found = chosen({"EndpointStatus": "InService", "EndpointConfigName": "mine"})
    assert (found["package_arn"], found["live"]) == (None, True)
    assert "Dropforge did not make" in found["reason"]


def figures(accuracy: float, unseen: float | None = None, rows: int = 100) -> str:
    def section(value: float) -> dict[str, Any]:
        return {"accuracy": {"value": value}, "accuracy_best_constant_classifier": {"value": 0.5}}

    found: dict[str, Any] = {"dataset": {"rows": 200}, "binary_classification_metrics": section(accuracy)}
    if unseen is not None:
        found["overlap"] = {"checked": True, "seen": 200 - rows, "rows": 200}
        found["overlap"]["unseen"] = {"dataset": {"rows": rows}, "binary_classification_metrics": section(unseen)}
    return json.dumps(found)


def gate(theirs: Any, ours: str, evaluate: str = "{beat_champion: true}", **more: Any) -> dict[str, Any]:
    text = f"algorithm: xgboost\ntarget: income\nevaluate: {evaluate}\n"
    known = {"version": 2, "live": True, "figures": theirs, **more}
    facts = {"project": "adult", "run": "abcdefghij", "config": config(text), "evaluation": ours, "champion": known}
    return decide_gate(facts, None)


def test_rows_that_the_champion_knew_are_left_out_if_enough_are_left() -> None:
    found = gate(figures(0.95, 0.8), figures(0.9, 0.85))
    assert found["passed"] is True
    assert found["champion"]["metrics"] == {"accuracy": [0.8, 0.85]}
    assert (found["champion"]["on"], found["champion"]["rows"]) == ("unseen", 100)
    few = gate(figures(0.95, 0.8, rows=29), figures(0.9, 0.85, rows=29))
    assert few["champion"]["metrics"] == {"accuracy": [0.95, 0.9]}
    assert few["passed"] is False


@pytest.mark.parametrize(("theirs", "ours", "passed"), [(0.8, 0.9, True), (0.9, 0.9, False), (0.95, 0.9, False)])
def test_a_champion_must_be_beaten_if_the_project_says_so(theirs: float, ours: float, passed: bool) -> None:
    assert gate(figures(theirs), figures(ours))["passed"] is passed
    found = gate(figures(theirs), figures(ours), "{}")
    assert found["passed"] is True
    assert len(found["reasons"]) == 1


def test_both_gates_give_their_reasons() -> None:
    found = gate(figures(0.95), figures(0.9), "{beat_champion: true, metric: accuracy, min: 0.99}")
    assert found["reasons"] == [
        "accuracy 0.9 is below the 0.99 that evaluate.min asks for",
        "accuracy 0.9 is no better than the 0.95 of the champion (version 2)",
    ]


def test_less_is_better_of_errors() -> None:
    told = {"compared": True, "version": 2, "metrics": {"rmse": [2.0, 1.0], "r2": [0.2, 0.1]}}
    assert champion.beats(told, "rmse")[0] is True
    assert champion.beats(told, "r2")[0] is False


def test_what_changed_in_the_data_is_passed_on_or_the_reason_why_nobody_knows() -> None:
    data = {"drop": "aaaaaaaaaa", "rows": [10, 20], "moved": []}
    found = gate({}, figures(0.9), data=data)
    assert found["champion"]["data"] == data
    failure = {"Error": "ProfileMissingError", "Cause": '{"errorMessage": "there is no profile of drop aaaaaaaaaa"}'}
    found = gate({}, figures(0.9), data={"failure": failure})
    assert found["champion"]["data"] == {"reason": "there is no profile of drop aaaaaaaaaa"}


def test_a_champion_that_cannot_be_measured_stands_in_nobody_s_way() -> None:
    cause = json.dumps(
        {"ProcessingJobName": "df-x", "ProcessingJobStatus": "Failed", "ExitMessage": "it lacks a column"}
    )
    found = gate({}, figures(0.9), failure={"Error": "States.TaskFailed", "Cause": cause})
    assert found["passed"] is True
    assert found["champion"]["compared"] is False
    assert found["champion"]["reason"] == "it lacks a column"
    assert "evaluate.beat_champion decided nothing: it lacks a column" in found["reasons"][-1]
