from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from notification.compose_notice import handler
from notification.decide import compose_notice
from notification.models import BusEvent
from notification.texts import TEXTS

ARN = "arn:aws:sagemaker:us-east-1:000000000000:model-package/adult/3"
COMMON = {
    "version": "1",
    "id": "abcdefghij-x",
    "project": "adult",
    "run": "abcdefghij",
    "drop": "abcdefghij",
    "cause": "c",
}
FIGURES = {
    "metrics": {"accuracy": 0.85123, "accuracy_best_constant_classifier": 0.76, "auc": 0.9},
    "gate": {"metric": "accuracy", "value": 0.85123, "threshold": 0.76},
    "rows": {"train": 22_000, "test": 6_000},
    "seconds": {"prepare": 30, "train": 61.5, "evaluate": None},
    "cost": {"usd": 0.0123, "basis": "list prices of 2026-11-23"},
    "warnings": ["3 rows have no 'income'"],
}


def compose(kind: str, **detail: Any) -> dict[str, Any]:
    event = {
        "id": "e-1",
        "source": "dropforge.x",
        "detail-type": kind,
        "region": "us-east-1",
        "detail": COMMON | detail,
    }
    return handler(event, None)


def email(kind: str, **detail: Any) -> str:
    text: str = compose(kind, **detail)["message"]["email"]
    return text


def test_the_approval_message_is_worth_reading() -> None:
    notice = compose(
        "Model Registered", model_version=3, model_package_arn=ARN, reasons=["accuracy 0.85 is better"], **FIGURES
    )
    text = notice["message"]["email"]
    assert f"aws sagemaker update-model-package --model-package-arn {ARN} --model-approval-status Approved" in text
    assert "--model-approval-status Rejected" in text
    assert "  accuracy                             0.85123" in text
    assert "best_constant" not in text
    assert "(rows: 22,000 train, 6,000 test)" in text
    assert "Jobs: prepare 30 s, train 61.5 s. Cost: about $0.01, by list prices of 2026-11-23." in text
    assert "3 rows have no 'income'" in text
    assert notice["message"]["sms"] == "Dropforge adult: model v3 waits for approval. accuracy 0.85123"
    assert notice["subject"] == "[dropforge] adult: model version 3 waits for your approval"
    assert notice["attributes"]["event"] == {"DataType": "String", "StringValue": "Model Registered"}
    assert {n: a["StringValue"] for n, a in notice["attributes"].items()} == {
        "project": "adult", "event": "Model Registered", "severity": "info",
    }  # fmt: skip


def test_machines_get_json() -> None:
    body = json.loads(compose("Run Failed", reason="x", log_command="aws logs tail g")["message"]["sqs"])
    assert (body["event"], body["severity"], body["detail"]["reason"]) == ("Run Failed", "error", "x")
    assert body["next"] == ["aws logs tail g"]


@pytest.mark.parametrize(
    ("kind", "detail", "said"),
    [
        (
            "Candidate Rejected",
            {"reasons": ["accuracy 0.7 is below the 0.9"]},
            ["rejected by its gate", "accuracy 0.7 is below"],
        ),
        (
            "Run Failed",
            {"reason": "Train failed: boom", "log_command": "aws logs tail /g"},
            ["Why: Train failed: boom", "aws logs tail /g"],
        ),
        (
            "Project Missing",
            {"channel": "train", "folder": "", "bucket": "data-b"},
            ["algorithm: xgboost", "aws s3 cp project.yaml s3://data-b/adult/project.yaml"],
        ),
        ("Drop Ignored", {"earlier_run": "zzzzzzzzzz"}, ["run zzzzzzzzzz already has the same data"]),
        ("Drop Ignored", {"reason": "replaced"}, ["started no run: replaced."]),
        (
            "Model Deployed",
            {"endpoint": "adult", "model_version": 3, "instance": {"type": "ml.m5.large", "count": 1}},
            ["invoke-endpoint --endpoint-name adult", "1 × ml.m5.large", "delete-endpoint"],
        ),
        (
            "Deployment Failed",
            {
                "reason": "rolled back",
                "endpoint_config": "old",
                "endpoint_status": "InService",
                "model_package_arn": ARN,
            },
            ["Why: rolled back", "The endpoint serves old (InService)", f"{ARN} --model-approval-status Approved"],
        ),
        ("Deployment Failed", {"reason": "no", "endpoint_config": None}, ["There is no endpoint."]),
    ],
)
def test_each_says_what_happened_why_and_what_to_do(kind: str, detail: dict[str, Any], said: list[str]) -> None:
    text = email(kind, **detail)
    assert all(part in text for part in said), text


def test_a_failed_run_shows_the_last_lines_of_its_log() -> None:
    text = email("Run Failed", reason="ExitCode 1", log="\n".join(f"line {i}" for i in range(50)) + "\n")
    assert "The last lines of its log:\n  | line 30\n" in text
    assert text.count("  | line") == 20
    assert "log:" not in email("Run Failed", reason="ExitCode 1")


def test_an_invalid_project_names_line_field_reason_and_fix() -> None:
    problems = [
        {"line": 2, "field": "targe", "reason": "unknown key", "fix": "did you mean `target`?"},
        {"line": None, "field": "", "reason": "odd", "fix": "mend it"},
    ]
    text = email("Project Invalid", problems=problems, file="s3://data-b/adult/project.yaml")
    assert "line 2: targe: unknown key\n    fix: did you mean `target`?" in text
    assert "aws s3 cp project.yaml s3://data-b/adult/project.yaml" in text
    assert "2 problems" in compose("Project Invalid", problems=problems)["subject"]
    assert "1 problem" in compose("Project Invalid", problems=problems[:1])["subject"]


@pytest.mark.parametrize("kind", ["Run Succeeded", "Drop Completed", "Project Changed", "Something New"])
def test_what_only_rules_need_is_no_notice(kind: str) -> None:
    assert compose(kind)["notice"] is False


def test_the_happening_is_the_claim_not_its_delivery() -> None:
    assert compose("Run Failed")["id"] == "abcdefghij-x"
    event = {"id": "e-1", "detail-type": "Run Failed", "detail": {}}
    assert handler(event, None)["id"] == "e-1"


def test_an_unknown_cost_is_unknown() -> None:
    assert "Cost: unknown." in email("Candidate Rejected", **FIGURES | {"cost": {"usd": "unknown", "basis": "b"}})


def test_what_does_not_fit_sns_is_cut() -> None:
    notice = compose("Run Failed", reason="é" * 300_000)
    assert sum(len(m.encode()) for m in notice["message"].values()) < 256 * 1024
    assert json.loads(notice["message"]["sqs"])["detail"]["run"] == "abcdefghij"


FIELDS = re.findall(
    r"\w+",
    """project run drop reason model_version endpoint file channel folder bucket reasons problems warnings findings
rows check count message fix line text field key quarantined quarantined_count proposal proposal_notes head columns
fields profile_html digest objects bytes earlier_run metrics gate metric value cost usd basis seconds instance type
log log_command model_package_arn endpoint_config endpoint_status mode strategy stage after variants name weight
serverless MemorySizeInMB previous_version live_version rejected_version still_live verified experiment alarms threshold
champion challenger version bake longest kind rolled_back live compared overlap checked seen on deployment rollout
endpoint_cost parts min max enabled size unit wait max_errors max_latency clean_up still_compared""",
)
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=300), st.just("\x1b[2J\x1b]0;owned\x07"),
    st.just("\ud800 \u202e"), st.just(10**400), st.sampled_from(FIELDS),
)  # fmt: skip
DETAIL = st.recursive(
    VALUES,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.sampled_from(FIELDS), inner, max_size=6),
    max_leaves=30,
)


@settings(deadline=None)  # one with 300 times everything takes a while
@given(
    st.sampled_from(sorted(set(TEXTS) - {"Project Changed"})),
    st.dictionaries(st.sampled_from(FIELDS) | st.text(max_size=10), DETAIL, max_size=12),
    st.sampled_from([1, 1, 1, 300]),
)
def test_any_detail_gives_a_notice_that_fits_its_protocols(kind: str, detail: dict[str, Any], times: int) -> None:
    large = {k: v * times if isinstance(v, str | list) else v for k, v in detail.items()}
    notice = compose_notice(BusEvent.model_validate({"id": "e", "detail-type": kind, "detail": large}))
    assert notice.subject.isascii()
    assert notice.subject.isprintable()
    assert 0 < len(notice.subject) < 100
    assert 0 < len(notice.message["sms"]) <= 160
    assert set(notice.message) == {"default", "email", "sms", "sqs", "lambda", "http", "https"}
    assert len(json.dumps(json.dumps(notice.message, ensure_ascii=False), ensure_ascii=False).encode()) < 256 * 1024
    assert json.loads(notice.message["http"])["event"] == kind
    assert all(a["StringValue"] for a in notice.attributes.values())
    letter = notice.message["email"]
    assert all(c == "\n" or not unicodedata.category(c).startswith("C") for c in letter), ascii(letter)


@pytest.mark.parametrize("kind", sorted(set(TEXTS) - {"Project Changed"}))
def test_what_is_not_known_is_never_none(kind: str) -> None:
    letter = handler({"id": "e", "detail-type": kind, "detail": {}}, None)["message"]["email"]
    assert "None" not in letter
    assert (
        letter == handler({"id": "e", "detail-type": kind, "detail": dict.fromkeys(COMMON)}, None)["message"]["email"]
    )


def test_what_to_do_next_is_never_cut_off() -> None:
    findings = [{"check": "ragged_rows", "message": "m" * 500, "fix": "f" * 500, "rows": []}] * 40
    notice = compose("Drop Refused", channel="train", folder="", reason="r", findings=findings, bucket="b")
    assert notice["message"]["email"].endswith("aws s3 cp my-data/ s3://b/adult/train/ --recursive")
    body = json.loads(notice["message"]["sqs"])
    assert body["next"] == ["aws s3 cp my-data/ s3://b/adult/train/ --recursive"]
    assert (body["left_out"], body["detail"]["reason"]) == (["findings"], "r")
