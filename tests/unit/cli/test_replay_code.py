"""Today's deciding code, found and called as its deployed function would be."""

from __future__ import annotations

import json
import os
from types import SimpleNamespace
from typing import Any, cast

import pytest

from cli.functions import Functions
from cli.history import Step
from cli.replay import code
from cli.replay.code import ACTS, CannotReplayError, Code, is_deciding
from cli.replay.decisions import answer_of, with_config
from cli.service import NotRecordedError
from tests.contract.application import stacks

WINDOW = {"touched_at": "2026-11-27T10:00:00.000Z", "state": "OPEN"}
KEY = "arn:aws:kms:us-east-1:000000000000:key/of-the-deployed-function"
ENVIRONMENT = {
    "KEY_ARN": KEY,
    "MODEL_ROLE_ARN": "arn:aws:iam::000000000000:role/model",
    "NOTICES_TOPIC_ARN": "arn:aws:sns:us-east-1:000000000000:notices",
}


def _step(**more: Any) -> Step:
    return Step("arn:x", 2, "S", "lambda:invoke", {"FunctionName": "f", "Payload": {}}, None, None, 4, **more)


def _code(configuration: dict[str, Any]) -> Code:
    return Code(cast(Functions, SimpleNamespace(configuration=lambda _: configuration)))


def test_what_only_decides_is_what_the_template_gives_no_power() -> None:
    given = [p for stack in stacks() for p in stack.properties_of("AWS::Serverless::Function").values()]
    powers = {p["Handler"].removesuffix(".handler"): bool(p.get("Policies")) for p in given}
    assert {name: not is_deciding(name) for name in powers} == powers
    assert {powers["intake.list_drop"], powers["intake.judge_drop"]} == {True, False}


def test_a_decision_is_made_by_todays_code_with_the_deployed_settings() -> None:
    answer = _code({}).decide("intake.plan_window", _step(), {"window": WINDOW, "config": None})
    assert answer["output"]["until"] == "2026-11-27T10:05:00.000Z"
    package = {
        "CustomerMetadataProperties": {"dropforge:project": "p", "dropforge:run": "a" * 10},
        "ModelPackageGroupName": "p",
        "ModelPackageVersion": 1,
        "ModelApprovalStatus": "Approved",
        "InferenceSpecification": {"Containers": [{"Image": "i"}]},
    }
    before = dict(os.environ)
    deployed = _code({"Environment": {"Variables": ENVIRONMENT}})
    answer = deployed.decide("deployment.plan_deployment", _step(), {"packages": [package]})
    assert answer["output"]["endpoint_configs"][0]["KmsKeyId"] == KEY
    assert dict(os.environ) == before


def test_a_refusal_is_an_answer_too(capsys: pytest.CaptureFixture[str]) -> None:
    answer = _code({}).decide("intake.plan_window", _step(), {"window": {"state": "ODD"}})
    assert answer["error"] == "InputInvalidError"
    assert "window.touched_at" in answer["message"]
    assert capsys.readouterr().out == ""  # the handler's log lines are CloudWatch's


def test_what_acts_or_is_gone_is_not_run() -> None:
    with pytest.raises(CannotReplayError, match=ACTS):
        _code({}).decide("intake.list_drop", _step(), {})
    with pytest.raises(CannotReplayError, match=r"there is no functions/training/freeze_all\.py"):
        _code({}).decide("training.freeze_all", _step(), {})


def test_unknown_settings_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MODEL_ROLE_ARN")
    with pytest.raises(CannotReplayError, match=r"MODEL_ROLE_ARN.*its settings with it"):
        _code({}).decide("deployment.plan_deployment", _step(), {})
    with pytest.raises(CannotReplayError, match="cannot be read: AccessDenied"):
        _code({"Error": "AccessDenied"}).decide("deployment.plan_deployment", _step(), {})


def test_without_a_checkout_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr(code, "FUNCTIONS", tmp_path / "functions")
    with pytest.raises(NotRecordedError, match="make setup"):
        code.find_code()


def test_recorded_answers() -> None:
    assert answer_of(_step(output={"Payload": {"a": 1}})) == {"output": {"a": 1}}
    cause = json.dumps({"errorMessage": "m", "errorType": "DropEmptyError", "stackTrace": ["x"]})
    assert answer_of(_step(error="DropEmptyError", cause=cause)) == {"error": "DropEmptyError", "message": "m"}
    assert answer_of(_step(error="Lambda.ServiceException", cause="busy")) is None


def test_another_project_takes_the_place_of_the_recorded_one_wherever_it_is() -> None:
    old, new = '{"algorithm": "xgboost"}', '{"algorithm": "sklearn"}'
    given = {
        "config": old,
        "plan": {"context": {"config": old}},
        "list": [{"config": old}],
        "endpoint": {"config": "other"},
    }
    assert with_config(given, new) == {
        "config": new,
        "plan": {"context": {"config": new}},
        "list": [{"config": new}],
        "endpoint": {"config": "other"},
    }
    assert with_config({"config": None, "plan": {"config": None}}, new) == {"config": new, "plan": {"config": None}}
