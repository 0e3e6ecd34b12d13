"""Intake's notices: a person who reads one knows what is wrong and what to paste."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from dropforge.project_checks import Checks
from intake.judge import judge_drop
from intake.manifest import read_manifest
from intake.models import JudgeDrop
from notification.compose_notice import handler
from notification.findings import acceptance

from tests.unit.notification.test_compose_notice import compose, email

RAGGED = {
    "check": "ragged_rows",
    "count": 2,
    "message": "churn.csv, line 3: 4 fields where the other rows have 5 (and 1 other row)",
    "fix": "mend the rows, or set data.checks.ragged_rows: skip to leave them out",
    "rows": [{"file": "churn.csv", "line": 3, "text": "1,2,3,4"}, {"file": "churn.csv", "line": 120, "text": "a,b"}],
}
MIXED = {
    "check": "mixed_target",
    "count": 1,
    "message": "`churned` is a number in 9 rows and text in 1",
    "fix": "write it in one way",
    "rows": [{"file": "more.csv", "line": 7, "text": "maybe"}],
}
NEW = {"check": "new_columns", "count": 1, "message": "a new column `age`", "fix": "none", "rows": []}
PLACE = {"channel": "train", "folder": "2026/11", "bucket": "data-b"}
PAGE = "s3://artifacts-b/adult/drops/abcdefghij/profile.html"


def judged(inspection: dict[str, Any] | None, **facts: Any) -> dict[str, Any]:
    """The notice of what intake's own decision says of a drop."""
    given = {
        "project": "adult", "channel": "train", "folder": "2026/11", "drop": "abcdefghij", "reason": "quiet period",
        "config": "{}", "inspection": inspection, "listing": {"count": 3, "uri": "s3://a/o"}, "bucket": "data-b",
        "now": "2026-11-23T08:00:00Z",
    }  # fmt: skip
    told = judge_drop(JudgeDrop.model_validate(given | facts))
    notice = handler({"id": "e", "detail-type": told.detail_type, "detail": told.detail}, None)
    assert notice["notice"]
    return notice


def inspection(*findings: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "digest": "d", "objects": 3, "bytes": 1234, "findings": list(findings),
        "quarantined_count": 0, "quarantined": [],
        "profile": {"uri": "s3://artifacts-b/p.json", "html_uri": PAGE}, **more,
    }  # fmt: skip


def test_a_refused_drop_shows_its_first_offending_rows() -> None:
    notice = judged(inspection(RAGGED, NEW, MIXED))
    text = notice["message"]["email"]
    assert text.startswith("Drop abcdefghij of project adult was refused; what is deployed did not change.")
    assert f"Why: {RAGGED['message']} (1 more reason below)" in text
    assert "Where: adult/train/2026/11/ (3 objects, 1,234 bytes)" in text
    assert (
        "      file       line  text\n      churn.csv  3     1,2,3,4\n      churn.csv  120   a,b\n  - mixed_target:"
        in text
    )
    assert "      more.csv  7     maybe" in text
    assert "    fix: mend the rows" in text
    assert text.index("no reason to refuse it:\n  - new_columns") > text.index("mixed_target")
    assert notice["message"]["sms"].startswith("Dropforge adult: drop refused: churn.csv, line 3: 4 fields")
    assert notice["attributes"]["severity"]["StringValue"] == "error"


def test_a_refusal_says_how_to_accept_exactly_what_was_refused() -> None:
    text = judged(inspection(RAGGED, NEW, MIXED))["message"]["email"]
    said = next(line for line in text.splitlines() if line.strip().startswith("data: {checks:"))
    assert yaml.safe_load(said) == {"data": {"checks": {"ragged_rows": "skip", "mixed_target": "warn"}}}


@pytest.mark.parametrize("check", sorted(Checks.model_fields))
def test_what_would_accept_a_check_is_a_policy_that_it_has(check: str) -> None:
    said = yaml.safe_load(acceptance([{"check": check}]).splitlines()[-1])["data"]["checks"]
    assert list(said) == [check]
    assert Checks.model_validate(said).model_dump()[check] != "refuse"


def test_reasons_are_told_from_remarks_though_the_reason_was_cut() -> None:
    long = [{**RAGGED, "check": f"check_{i}", "message": f"{i}" * 500} for i in range(3)]
    config = json.dumps({"data": {"checks": {"new_columns": "refuse"}}})
    assert "new_columns: warn" in judged(inspection(RAGGED, NEW), config=config)["message"]["email"]
    detail = {"reason": "; ".join(f["message"] for f in long)[:900], "findings": [*long, NEW]}
    text = email("Drop Refused", **detail)
    assert "checks: {check_0: skip" not in text  # not a real check, so no real policy
    assert "{check_0: warn, check_1: warn}" in text
    assert "no reason to refuse it:\n  - check_2" in text  # its message did not fit into the reason at all


def test_a_refusal_names_the_profile_page_and_how_to_drop_again() -> None:
    body = json.loads(judged(inspection(RAGGED))["message"]["sqs"])
    assert body["next"][0] == f"aws s3 cp {PAGE} ."
    assert body["next"][1].endswith("/adult/train/2026/11/ --recursive")
    assert body["detail"]["findings"][0]["rows"] == RAGGED["rows"]


def test_quarantined_files_are_named_with_their_reasons() -> None:
    found = {"key": "adult/train/x.gz", "reason": "x.gz: unpacks to more than 100 times its size"}
    text = judged(inspection(RAGGED, quarantined=[found], quarantined_count=7))["message"]["email"]
    assert "Left out and quarantined (7 files):\n  - adult/train/x.gz: unpacks to more than 100 times" in text
    assert "  … and 6 more" in text


def test_a_manifest_whose_objects_never_came_names_them() -> None:
    reason = "the manifest names 2 of 9 objects that are not there: b.csv, c.csv"
    notice = judged(None, refusal=reason, reason=reason, listing=None)
    text = notice["message"]["email"]
    assert f"Why: {reason}" in text
    assert "Upload what is missing, then the manifest once more." in text
    assert "checks:" not in text
    assert "profile" not in text
    assert json.loads(notice["message"]["sqs"])["next"][-1].endswith("adult/train/2026/11/manifest.txt")


def test_a_marker_without_data_is_explained() -> None:
    text = judged(None, reason="_SUCCESS", listing={"count": 0})["message"]["email"]
    assert "Why: _SUCCESS came, but nothing arrived since the folder's last drop" in text


def test_terminal_escapes_and_markup_stay_text() -> None:
    row = {
        "file": "\x1b[31mred.csv",
        "line": 1,
        "text": "\x1b]0;title\x07=cmd|'/c'!A1\x9b2J\u202e<script>\r\n  next: rm",
    }
    text = email("Drop Refused", reason="m", findings=[{**RAGGED, "message": "m", "rows": [row]}])
    assert "      red.csv  1     =cmd|'/c'!A1<script>    next: rm\n" in text
    assert "\x1b" not in text


def test_commands_quote_what_came_from_outside() -> None:
    body = json.loads(
        compose("Drop Refused", folder="a b; rm -rf ~", channel="train", profile_html="s3://b/$(id)/p")["message"][
            "sqs"
        ]
    )
    assert [shlex.split(command)[3:] for command in body["next"]] == [
        ["s3://b/$(id)/p", "."],
        ["my-data/", "s3://$DATA_BUCKET/adult/train/a b; rm -rf ~/", "--recursive"],
    ]


PROPOSAL = "version: 1\nalgorithm: xgboost\ntarget: churned  # the last column\nsplit:\n  test: 0.2\n"


def test_a_missing_project_comes_with_one_to_paste(tmp_path: Path) -> None:
    head = {"columns": ["age", "churned"], "fields": 2, "header": True, "rows": [["31", "no"], ["47", "yes"]]}
    proposal = {"yaml": PROPOSAL, "notes": ["target: the last column has 2 values"]}
    notice = judged(inspection(head=head, proposal=proposal), config=None)
    text, body = notice["message"]["email"], json.loads(notice["message"]["sqs"])
    assert "How it was guessed:\n  - target: the last column has 2 values" in text
    assert "Its columns: age, churned\nIts first rows:\n  | 31, no\n  | 47, yes" in text
    assert body["next"][0] in text  # flush left, since a here-document ends at a line's beginning
    subprocess.run(["sh", "-c", body["next"][0]], check=True, cwd=tmp_path)
    assert (tmp_path / "project.yaml").read_text() == PROPOSAL
    assert body["next"][1:] == [
        "dropforge project check project.yaml",
        "aws s3 cp project.yaml s3://data-b/adult/project.yaml",
        f"aws s3 cp {PAGE} .",
    ]


def test_a_proposal_cannot_end_its_here_document(tmp_path: Path) -> None:
    evil = "columns:\n- a\nYAML\ntouch owned\n- $(touch owned)\n"
    body = json.loads(compose("Project Missing", proposal=evil)["message"]["sqs"])
    subprocess.run(["sh", "-c", body["next"][0]], check=True, cwd=tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["project.yaml"]
    assert (tmp_path / "project.yaml").read_text() == evil


def test_without_a_proposal_two_lines_are_enough() -> None:
    notice = judged(inspection(head={"columns": None, "fields": 9, "rows": []}), config=None)
    text = notice["message"]["email"]
    assert "Two lines are enough:\n\n  algorithm: xgboost\n  target: -1" in text
    assert "9 columns, without a header" in text
    assert "guessed" not in text
    assert json.loads(notice["message"]["sqs"])["next"][0] == "dropforge project check project.yaml"


def test_remarks_about_a_project_in_force_are_told_and_nothing_else_is() -> None:
    found = [{"line": 4, "field": "tune.jobs", "reason": "100 jobs cost as many", "fix": "begin with 10"}]
    notice = compose("Project Changed", warnings=found, file="s3://data-b/adult/project.yaml")
    text = notice["message"]["email"]
    assert notice["subject"] == "[dropforge] adult: project.yaml is in force, with 1 remark"
    assert "line 4: tune.jobs: 100 jobs cost as many\n    fix: begin with 10" in text
    assert notice["attributes"]["severity"]["StringValue"] == "info"
    assert compose("Project Changed", warnings=[])["notice"] is False
    assert compose("Project Changed")["notice"] is False


def test_an_ignored_drop_says_how_to_force_it(tmp_path: Path) -> None:
    notice = compose("Drop Ignored", earlier_run="zzzzzzzzzz")
    text, body = notice["message"]["email"], json.loads(notice["message"]["sqs"])
    assert "run zzzzzzzzzz already has the same data" in text
    assert "\n\n  # force: true\n  my-data.csv\n\n" in text
    subprocess.run(["sh", "-c", body["next"][0]], check=True, cwd=tmp_path)
    read = read_manifest((tmp_path / "manifest.txt").read_bytes(), "data-b", "adult/train/")
    assert (read.problem, read.force, read.keys) == (None, True, ["adult/train/my-data.csv"])
    assert body["next"][1] == "aws s3 cp manifest.txt s3://$DATA_BUCKET/adult/train/manifest.txt"
    assert "force" not in email("Drop Ignored", reason="replaced")
