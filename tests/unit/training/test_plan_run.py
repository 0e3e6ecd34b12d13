from __future__ import annotations

import json

import pytest
from dropforge.errors import ProjectInvalidError
from training.plan_run import handler

from tests.unit.botocore_check import assert_valid
from tests.unit.training.facts import BUILT_IN, RUN, SCRIPT, code, dataset, plan_run_event, planned


def problems(text: str, **changes: object) -> list[dict[str, str]]:
    with pytest.raises(ProjectInvalidError) as caught:
        planned(text, **changes)
    found: list[dict[str, str]] = json.loads(str(caught.value))["problems"]
    return found


def test_the_handler_gives_a_plan_for_three_lines() -> None:
    plan = handler(plan_run_event(), None)
    assert plan["method"] == "train"
    assert_valid("sagemaker", "CreateProcessingJob", plan["prepare"])
    assert plan["prepare"]["ProcessingJobName"] == f"df-{RUN}-prepare-a1"
    assert plan["prepare"]["NetworkConfig"] == {"EnableNetworkIsolation": True}
    inputs = {i["InputName"]: i["S3Input"] for i in plan["prepare"]["ProcessingInputs"]}
    assert inputs["code"]["S3Uri"] == "s3://artifacts-bucket/dropforge/0123456789abcdef/"
    assert inputs["settings"]["S3Uri"] == plan["settings"]["uri"]
    assert set(inputs) == {"code", "dataset", "settings"}
    assert plan["preparation"]["key"] == f"adult/runs/{RUN}/prepared/summary.json"


def test_the_settings_say_what_the_preparing_job_reads() -> None:
    said = json.loads(planned(BUILT_IN + "split: {by: {time: age}, test: 0.3}\n")["settings"]["body"])
    assert said["target"] == "income"
    assert said["split"] == {"test": 0.3, "validation": 0.1, "seed": 42, "by": {"time": "age"}, "stratify": False}
    assert said["passthrough"] is False
    assert json.loads(planned()["settings"]["body"])["split"]["stratify"] is True


@pytest.mark.parametrize(
    ("policy", "said"), [("refuse", "refuse"), ("warn", "skip"), ("skip", "skip"), ("ignore", "skip")]
)
def test_the_project_says_what_becomes_of_ragged_rows(policy: str, said: str) -> None:
    """What the inspection let pass, the preparing job must not refuse."""
    text = BUILT_IN + f"data: {{checks: {{ragged_rows: {policy}}}}}\n"
    assert json.loads(planned(text)["settings"]["body"])["data"] == {"on_ragged": said}
    assert json.loads(planned()["settings"]["body"])["data"] == {"on_ragged": "refuse"}


def test_a_validation_drop_is_an_input() -> None:
    held_out = {"digest": "e" * 64, "uri": "s3://artifacts-bucket/adult/datasets/e/"}
    inputs = planned(dataset=dataset(validation=held_out))["prepare"]["ProcessingInputs"]
    assert [i["S3Input"]["S3Uri"] for i in inputs if i["InputName"] == "validation"] == [held_out["uri"]]


def test_the_second_attempt_has_job_names_of_its_own() -> None:
    assert planned(attempt=2)["prepare"]["ProcessingJobName"] == f"df-{RUN}-prepare-a11"


def test_a_script_without_split_gets_the_dropped_bytes() -> None:
    plan = planned(SCRIPT, code=code("train.py"))
    assert plan["prepare"] is None
    assert plan["settings"] is None
    assert plan["context"]["isolated"] is True


def test_a_script_that_brings_packages_may_reach_them() -> None:
    assert planned(SCRIPT, code=code("train.py", "requirements.txt"))["context"]["isolated"] is False
    closed = planned(SCRIPT + "train: {network_isolation: true}\n", code=code("train.py", "requirements.txt"))
    assert closed["context"]["isolated"] is True


def test_a_script_with_split_is_prepared_row_by_row() -> None:
    plan = planned(SCRIPT + "target: income\nsplit: {test: 0.2}\n", code=code("train.py"))
    assert json.loads(plan["settings"]["body"])["passthrough"] is True


@pytest.mark.parametrize(
    ("text", "changes", "field", "fix"),
    [
        ("algorithm: xgboost\ntarget: incme\n", {}, "target", "income"),
        ("algorithm: xgboost\ntarget: 3\n", {}, "target", "0 to 2"),
        ("algorithm: xgboost\ntarget: -4\n", {}, "target", "-1"),
        ("algorithm: xgboost\ntarget: a\ncolumns: [a, b]\n", {}, "columns", "every column"),
        (SCRIPT, {}, "train.script", "s3://data-bucket/adult/code/train.py"),
        (SCRIPT + "train: {script: fit.py}\n", {"code": code("train.py")}, "train.script", "fit.py"),
        (BUILT_IN + "budget: {run_usd: 0.1}\n", {}, "budget.run_usd", "raise it"),
        (
            BUILT_IN + "budget: {run_usd: 9}\ntrain: {instance_type: ml.p3.2xlarge}\n",
            {},
            "budget.run_usd",
            "add the price",
        ),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_paid(
    text: str, changes: dict[str, object], field: str, fix: str
) -> None:
    (found,) = problems(text, **changes)
    assert found["field"] == field
    assert fix in found["fix"]


def test_a_name_for_a_headerless_column_is_refused_with_its_first_line() -> None:
    head = {"columns": None, "fields": 3, "header": False, "rows": [["39", "Male", "<=50K"]]}
    (found,) = problems(BUILT_IN, dataset=dataset(head=head))
    assert "39, Male, <=50K" in found["fix"]


def test_a_name_in_the_first_line_is_a_header_whatever_was_guessed() -> None:
    head = {"columns": None, "fields": 3, "header": False, "rows": [["age", "sex", "income"]]}
    assert planned(dataset=dataset(head=head))["prepare"]


def test_where_the_head_says_nothing_the_job_decides() -> None:
    assert planned("algorithm: xgboost\ntarget: nowhere\n", dataset=dataset(head={}))["prepare"]


def test_an_image_must_still_be_allowed() -> None:
    own = "111122223333.dkr.ecr.us-east-1.amazonaws.com/mine:1"
    text = SCRIPT + f"train: {{image: '{own}'}}\n"
    assert planned(text, code=code("train.py"))["context"]["image_uri"] == own


def test_a_budget_that_suffices_is_no_hindrance() -> None:
    assert planned(BUILT_IN + "budget: {run_usd: 1}\n")["prepare"]
