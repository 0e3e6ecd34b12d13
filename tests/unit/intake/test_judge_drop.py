from __future__ import annotations

import json
from typing import Any

import pytest
from dropforge.project_checks import Checks
from dropforge_jobs.trim import trimmed
from intake.judge import FINDINGS, NOT_OF_DATA_ERRORS, InspectionStoppedError
from intake.judge_drop import handler

from tests.unit.botocore_check import assert_valid
from tests.unit.intake.cloud import Cloud, cloud

PLACE = {"project": "adult", "channel": "train", "folder": "x", "drop": "abcdefghij"}
URI = "s3://artifacts-bucket/adult/drops/abcdefghij/objects.jsonl"
EVENT_FIELDS = {"version", "id", "project", "run", "drop", "cause"}
INSPECTION: dict[str, Any] = {
    "digest": "d" * 64,
    "content": "c" * 64,
    "uri": "s3://artifacts-bucket/adult/datasets/" + "d" * 64 + "/",
    "objects": 2,
    "bytes": 2000,
    "files": [],
    "quarantined": [],
    "quarantined_count": 0,
    "head": {"columns": ["age", "income"], "fields": 2, "header": True, "rows": [["39", "<=50K"]]},
    "profile": {"uri": "s3://a/profile.json", "html_uri": "s3://a/profile.html"},
    "table": {"format": "csv", "rows": 700, "columns": [], "columns_count": 2},
    "findings": [],
}


def finding(check: str, message: str | None = None) -> dict[str, Any]:
    rows = [{"file": "a.csv", "line": 7, "text": "39,<=50K,9"}]
    return {"check": check, "count": 1, "message": message or f"{check} was found", "fix": "mend it", "rows": rows}


def config(**checks: str) -> str:
    return json.dumps({"algorithm": "xgboost", "target": "income", "data": {"checks": checks}})


def judge(*findings: dict[str, Any], **more: Any) -> dict[str, Any]:
    inspection = more.pop("inspection", INSPECTION)
    facts = {
        "reason": "quiet period",
        "config": config(),
        "listing": {"uri": URI, "count": 2, "bytes": 2000, "force": False, "previous": None},
        "inspection": inspection and {**inspection, "findings": list(findings)},
        "cause": "arn:execution",
        "bucket": "data-bucket",
        "now": "2026-11-23T05:00:00.000Z",
    }
    return handler(PLACE | facts | more, None)


def values(judged: dict[str, Any]) -> dict[str, str]:
    """What is recorded, plain."""
    found = judged["record"]["ExpressionAttributeValues"]
    return {name[1:]: next(iter(value.values())) for name, value in found.items()}


def test_a_drop_in_which_nothing_was_found_is_accepted() -> None:
    judged = judge()
    assert (judged["outcome"], judged["stage"], judged["detail_type"]) == ("ACCEPTED", "ANNOUNCED", "Drop Completed")
    detail = judged["detail"]
    assert (detail["channel"], detail["folder"], detail["reason"]) == ("train", "x", "quiet period")
    assert detail["dataset"] == {k: INSPECTION[k] for k in ("digest", "content", "uri", "objects", "bytes", "head")}
    assert (detail["force"], detail["warnings"], detail["profile_uri"]) == (False, [], "s3://a/profile.json")
    assert (detail["id"], detail["run"], detail["cause"]) == ("abcdefghij-drop-completed", None, "arn:execution")
    assert "findings" not in detail


def test_the_dataset_is_one_that_training_takes() -> None:
    from dropforge.plan import FrozenDataset

    frozen = FrozenDataset.model_validate(judge()["detail"]["dataset"])
    assert (frozen.content, frozen.head.fields) == ("c" * 64, 2)


def test_force_goes_along() -> None:
    listing = {"uri": URI, "count": 2, "bytes": 2000, "force": True}
    assert judge(listing=listing)["detail"]["force"] is True


def test_what_a_manifest_left_out_is_told() -> None:
    listing = {"uri": URI, "count": 2, "bytes": 2000, "left_out": 3}
    (warning,) = judge(listing=listing)["detail"]["warnings"]
    assert "does not name 3 of the objects" in warning


# ---------------------------------------------------------------- the policy of data.checks
CASES = [
    (check, value)
    for check, field in Checks.model_fields.items()
    for value in ("refuse", "warn", "skip", "ignore")
    if value in str(field.annotation)
]


@pytest.mark.parametrize(("check", "value"), CASES)
def test_every_check_under_every_policy(check: str, value: str) -> None:
    judged = judge(finding(check), config=config(**{check: value}))
    if value == "refuse":
        assert (judged["outcome"], judged["detail_type"]) == ("REFUSED", "Drop Refused")
        assert judged["reason"] == f"{check} was found"
        assert judged["detail"]["findings"] == [{**finding(check), "policy": "refuse"}]
        assert judged["detail"]["profile_html"] == "s3://a/profile.html"
    else:
        assert judged["outcome"] == "ACCEPTED"
        assert judged["detail"]["warnings"] == ([] if value == "ignore" else [f"{check} was found"])


@pytest.mark.parametrize("check", Checks.model_fields)
def test_a_project_that_says_nothing_has_the_defaults(check: str) -> None:
    default = Checks.model_fields[check].default
    judged = judge(finding(check), config='{"algorithm": "xgboost", "target": "income"}')
    assert judged["outcome"] == ("REFUSED" if default == "refuse" else "ACCEPTED")
    assert bool(judged["detail"].get("warnings")) == (default == "warn")


def test_a_check_that_this_version_does_not_know_is_a_warning() -> None:
    assert judge(finding("of_a_newer_job"))["detail"]["warnings"] == ["of_a_newer_job was found"]


@pytest.mark.parametrize("channel", ["batch", "truth", "unlabelled", "features"])
def test_rows_that_nothing_is_learnt_from_have_no_target(channel: str) -> None:
    for check in ("no_target", "one_class", "mixed_target", "missing_target", "target_leakage"):
        judged = judge(finding(check), channel=channel)
        assert (judged["outcome"], judged["detail"]["warnings"]) == ("ACCEPTED", [])
    assert judge(finding("ragged_rows"), channel=channel)["outcome"] == "REFUSED"


def test_all_that_refuses_is_told_first_and_then_the_warnings() -> None:
    found = [finding("duplicate_rows"), finding("one_class"), finding("constant_column"), finding("ragged_rows")]
    judged = judge(*found)
    assert judged["reason"] == "one_class was found; ragged_rows was found"
    assert [(f["check"], f["policy"]) for f in judged["detail"]["findings"]] == [
        ("one_class", "refuse"),
        ("ragged_rows", "refuse"),
        ("duplicate_rows", "warn"),
    ]


def test_what_is_told_is_bounded() -> None:
    judged = judge(*[finding("ragged_rows", "m" * 1000)] * 20)
    assert len(judged["detail"]["findings"]) == FINDINGS
    assert len(judged["reason"]) <= 900
    assert len(judge(*[finding("drift")] * 20)["detail"]["warnings"]) == FINDINGS


def test_what_was_left_out_goes_along_with_a_refusal() -> None:
    left = {"quarantined": [{"key": "adult/train/x/b.gz", "reason": "b.gz: a bomb"}], "quarantined_count": 1}
    judged = judge(finding("unreadable_file"), inspection={**INSPECTION, **left})
    assert (judged["detail"]["quarantined"], judged["detail"]["quarantined_count"]) == (left["quarantined"], 1)


@pytest.mark.parametrize("project", [config(unreadable_file="skip"), None])
def test_a_drop_of_which_no_file_can_be_used_is_never_accepted(project: str | None) -> None:
    nothing = {**INSPECTION, "objects": 0, "bytes": 0, "uri": None, "quarantined_count": 2}
    judged = judge(finding("unreadable_file", "a.csv: its reader died"), inspection=nothing, config=project)
    assert (judged["outcome"], judged["detail_type"]) == ("REFUSED", "Drop Refused")
    assert "a.csv: its reader died" in judged["reason"]
    assert [f["check"] for f in judged["detail"]["findings"]] == ["unreadable_file"]


@pytest.mark.parametrize(
    ("project", "channel", "outcome"),
    [
        ({}, "train", "REFUSED"),
        ({}, "batch", "REFUSED"),
        ({}, "unlabelled", "ACCEPTED"),
        ({"algorithm": "sklearn"}, "train", "ACCEPTED"),
        ({"train": {"script": "fit.py"}}, "train", "ACCEPTED"),
        ({"algorithm": "sklearn", "split": {"test": 0.2}}, "train", "REFUSED"),
        (None, "train", "HELD"),
    ],
)
def test_a_drop_without_a_table_is_accepted_only_where_none_is_needed(
    project: dict[str, Any] | None, channel: str, outcome: str
) -> None:
    """A table that could not be opened at all is an unreadable file, which a project may skip."""
    checks = {"data": {"checks": {"unreadable_file": "skip"}}}
    said = None if project is None else json.dumps({"algorithm": "xgboost"} | checks | project)
    judged = judge(inspection={**INSPECTION, "table": None}, channel=channel, config=said)
    assert judged["outcome"] == outcome


# ---------------------------------------------------------------- without a project
def test_a_drop_without_a_project_waits_and_its_owner_gets_one_to_paste() -> None:
    proposal = {"yaml": "algorithm: xgboost\ntarget: income\n", "notes": ["income is the last column"]}
    judged = judge(inspection={**INSPECTION, "proposal": proposal}, config=None)
    assert (judged["outcome"], judged["stage"], judged["detail_type"]) == ("HELD", "HELD", "Project Missing")
    detail = judged["detail"]
    assert (detail["proposal"], detail["proposal_notes"]) == (proposal["yaml"], proposal["notes"])
    assert (detail["head"]["columns"], detail["bucket"]) == (["age", "income"], "data-bucket")
    assert values(judged)["state"] == "CLOSED"


def test_without_a_proposal_there_is_none() -> None:
    detail = judge(config=None)["detail"]
    assert (detail["proposal"], detail["proposal_notes"]) == (None, [])


def test_what_needs_no_project_to_be_wrong_is_refused_without_one() -> None:
    assert judge(finding("ragged_rows"), config=None)["outcome"] == "REFUSED"
    assert judge(finding("one_class"), config=None)["outcome"] == "HELD", "nobody knows the target yet"


# ---------------------------------------------------------------- without an inspection
def test_a_refusal_before_anything_was_read() -> None:
    judged = judge(refusal="the manifest names b.csv", reason="manifest", listing=None, inspection=None)
    assert (judged["outcome"], judged["reason"]) == ("REFUSED", "the manifest names b.csv")
    assert judged["detail"]["findings"] == []
    assert "objects" not in values(judged)


@pytest.mark.parametrize("reason", ["_SUCCESS", "manifest"])
def test_who_said_that_a_drop_is_complete_hears_that_it_is_empty(reason: str) -> None:
    judged = judge(reason=reason, listing={"uri": URI, "count": 0, "bytes": 0}, inspection=None)
    assert (judged["outcome"], judged["detail_type"]) == ("EMPTY", "Drop Refused")
    assert judged["reason"].startswith(f"{reason} came, but nothing arrived")


def test_files_that_came_and_went_are_nobodys_news() -> None:
    for empty in (
        {"listing": {"uri": URI, "count": 0, "bytes": 0}, "inspection": None},
        {"inspection": {**INSPECTION, "objects": 0, "bytes": 0}},
    ):
        judged = judge(**empty)
        assert (judged["outcome"], judged["detail_type"]) == ("EMPTY", None)
        assert values(judged)["state"] == "SETTLED"


@pytest.mark.parametrize(
    ("error", "cause", "said"),
    [
        ("DropTooLargeError", {"errorType": "DropTooLargeError", "errorMessage": "61 GiB: drop a sample"}, "61 GiB"),
        ("DropChangedError", {"errorType": "DropChangedError", "errorMessage": "a.csv was overwritten"}, "overwritten"),
        ("Lambda.Unknown", "RequestId: 1 Error: Runtime exited with error: signal: killed", "killed"),
        ("States.TaskFailed", {"ProcessingJobName": "j", "ExitMessage": "the disk is full"}, "the disk is full"),
        ("MemoryError", {"errorType": "MemoryError", "errorMessage": ""}, "MemoryError"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_reason(error: str, cause: Any, said: str) -> None:
    text = cause if isinstance(cause, str) else json.dumps(cause)
    judged = judge(failure={"Error": error, "Cause": text}, inspection=None)
    assert judged["outcome"] == "REFUSED"
    assert judged["reason"].startswith("it could not be read: ")
    assert said in judged["reason"]


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        *[(error, {"errorType": error, "errorMessage": "SlowDown: too fast"}) for error in NOT_OF_DATA_ERRORS],
        ("States.TaskFailed", {"ProcessingJobName": "j", "FailureReason": "CapacityError: none"}),
        ("States.TaskFailed", {"ProcessingJobName": "j", "FailureReason": "InternalServerError: try again"}),
        ("States.TaskFailed", {"ProcessingJobName": "j", "ProcessingJobStatus": "Stopped"}),
        ("OSError", {"errorType": "OSError", "errorMessage": "AccessDenied when calling GetObject"}),
    ],
)  # fmt: skip
def test_what_is_no_fault_of_the_data_refuses_nothing(error: str, cause: Any) -> None:
    with pytest.raises(InspectionStoppedError):
        judge(failure={"Error": error, "Cause": json.dumps(cause)}, inspection=None)


# ---------------------------------------------------------------- events and records
EVERY = [
    judge(),
    judge(finding("one_class")),
    judge(config=None),
    judge(refusal="the manifest names b.csv", listing=None, inspection=None),
    judge(reason="_SUCCESS", listing={"uri": URI, "count": 0, "bytes": 0}, inspection=None),
    judge(listing={"uri": URI, "count": 0, "bytes": 0}, inspection=None),
]
IDS = [f"{j['outcome']}-{j['detail_type']}" for j in EVERY]
FIELDS = {
    "Drop Completed": {"reason", "digest", "dataset", "profile_uri", "force", "warnings"},
    "Drop Refused": {"reason", "findings", "profile_html", "digest", "objects", "bytes", "quarantined"},
    "Project Missing": {"proposal", "proposal_notes", "head"},
    None: set(),
}


@pytest.mark.parametrize("judged", EVERY, ids=IDS)
def test_every_event_has_the_contracts_fields(judged: dict[str, Any]) -> None:
    detail = judged["detail"]
    assert EVENT_FIELDS | {"channel", "folder"} | FIELDS[judged["detail_type"]] <= detail.keys()
    assert (detail["version"], detail["project"], detail["drop"]) == ("1", "adult", "abcdefghij")
    assert all(isinstance(detail[name], str) and detail[name] for name in ("id", "project", "cause"))


@pytest.mark.parametrize("judged", EVERY, ids=IDS)
def test_the_record_is_an_update_that_dynamodb_takes(judged: dict[str, Any]) -> None:
    key = {"pk": {"S": "adult/train/x"}, "sk": {"S": "window#abcdefghij"}}
    assert_valid("dynamodb", "UpdateItem", {"TableName": "drops", "Key": key, **judged["record"]})
    with cloud() as here:
        assert not update(here, judged), "there is no such window"
        here.store("drops", "adult/train/x", "window#abcdefghij", drop="abcdefghij", state="CLOSED", stage="WAITING")
        assert update(here, judged)
        assert update(here, judged), "the same again"
        window = here.window()
        assert (window["outcome"], window["stage"]) == (judged["outcome"], "RECORDED")
        assert json.loads(window["announcement"]) == {
            k: judged[k] for k in ("outcome", "stage", "reason", "detail_type", "detail")
        }
        other = json.loads(json.dumps(EVERY[1]).replace("arn:execution", "arn:other"))
        assert update(here, other) == (judged["outcome"] == "HELD"), "the first outcome stands"


def test_what_the_record_says_can_be_read_as_the_channels_last_data_set() -> None:
    with cloud() as here:
        here.store(
            "drops", "adult/train/x", "window#abcdefghij", drop="abcdefghij", project="adult", channel="train",
            state="CLOSED", opened_at="2026-11-23T04:00:00.000Z",
        )  # fmt: skip
        assert update(here, EVERY[0])
        found = here.table.previous("adult", "train", "another")
        assert found == {
            "drop": "abcdefghij", "digest": "d" * 64, "uri": INSPECTION["uri"], "profile_uri": "s3://a/profile.json",
        }  # fmt: skip
        assert here.table.previous("adult", "train", "abcdefghij") is None
        assert here.table.previous("adult", "batch", "another") is None


def test_a_wide_and_faulty_drop_is_told_in_less_than_100_kb() -> None:
    rows = [{"file": "f" * 255, "line": 1, "text": "x" * 200}] * 5
    wide = {**finding("ragged_rows", "m" * 1000), "fix": "f" * 1000, "rows": rows}
    left = [{"key": "k" * 1024, "reason": "r" * 300}] * 50
    head = {"columns": [f"measure_{n:04}" for n in range(4600)], "fields": 4600, "header": True, "rows": []}
    whole = {**INSPECTION, "head": head, "quarantined": left, "quarantined_count": 50}
    inspection = trimmed({**whole, "findings": [wide] * 20})
    for checks in ("refuse", "warn"):
        for project in (config(ragged_rows=checks), None):
            judged = judge(*inspection["findings"], inspection=inspection, config=project)
            assert len(json.dumps(judged["detail"]).encode()) < 100 * 1024
            assert len(json.dumps(judged["record"]).encode()) < 400 * 1024


def update(here: Cloud, judged: dict[str, Any]) -> bool:
    key = {"pk": {"S": "adult/train/x"}, "sk": {"S": "window#abcdefghij"}}
    try:
        here.dynamodb.update_item(TableName="drops", Key=key, **judged["record"])
    except here.dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True


@pytest.mark.parametrize("check", ["schema_changed", "new_columns"])
def test_rows_to_predict_are_measured_by_the_model_and_not_by_the_last_ones(check: str) -> None:
    strict = config(schema_changed="refuse", new_columns="refuse")
    assert judge(finding(check), config=strict)["outcome"] == "REFUSED"
    judged = judge(finding(check), config=strict, channel="batch")
    assert (judged["outcome"], judged["detail"]["warnings"]) == ("ACCEPTED", [f"{check} was found"])
    assert judge(finding(check), config=config(**{check: "ignore"}), channel="batch")["detail"]["warnings"] == []
