"""What is told of a drop to predict."""

from __future__ import annotations

import json
from typing import Any

from batch.report_batch import handler

CHOICE = {"model_package_arn": "arn:3", "version": 3, "reason": "endpoint adult serves it"}
FACTS = {"project": "adult", "drop": "abcdefghij", "cause": "e", "region": "us-east-1", "choice": CHOICE}
JOB = {
    "TransformJobName": "df-abcdefghij-batch-a1",
    "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 2},
}


def report(**facts: Any) -> dict[str, Any]:
    return handler(FACTS | facts, None)


def test_what_was_predicted_is_counted_and_priced() -> None:
    found = report(
        staged={"rows": 10, "skipped": 2},
        plan={"model": {}, "job": JOB},
        job={"TransformStartTime": 0, "TransformEndTime": 3_600_000},
        result={"files": 1, "rows": 9, "refused": 1, "errors": ["a"], "output_uri": "s3://a/b/"},
    )
    detail = found["detail"]
    assert (found["status"], found["detail_type"]) == ("SUCCEEDED", "Batch Completed")
    assert (detail["rows_in"], detail["rows_out"], detail["rows_refused"]) == (10, 9, 3)
    assert detail["seconds"] == {"transform": 3600.0}
    assert 0.2 < detail["cost"]["usd"] < 0.3
    assert detail["severity"] == "warning"


def test_without_a_model_it_is_held() -> None:
    found = report(choice={"model_package_arn": None, "version": None, "reason": "no model is approved"})
    assert (found["status"], found["detail"]["reason"]) == ("HELD", "no model is approved")


def test_a_failed_job_is_explained_by_its_data_log() -> None:
    cause = {"TransformJobName": "df-abcdefghij-batch-a1", "TransformJobStatus": "Failed"}
    cause["FailureReason"] = "ClientError: See job logs for more information"
    log = '2026-11-23T09:00:14.1:[sagemaker logs]: bucket/a.csv: {"error": "could not convert"}'
    found = report(failure={"Error": "States.TaskFailed", "Cause": json.dumps(cause)}, log=log)
    assert found["status"] == "FAILED"
    assert "could not convert" in found["reason"]
    assert "--log-group-name /aws/sagemaker/TransformJobs" in found["detail"]["log_command"]


def test_a_message_may_be_on_the_line_after() -> None:
    cause = {"TransformJobName": "df-a", "TransformJobStatus": "Failed"}
    cause["FailureReason"] = "AlgorithmError: See job logs for more information"
    object_ = "2026-11-27T19:21:53.618:[sagemaker logs]: bucket/flowers/batch/abcdefghij/input/000000.csv:"
    parts = [" AlgorithmError: 500", "", " Message:", " ValueError: X has 2 features", " <html>"]
    log = "\n".join(f"{object_}{part}" for part in parts)
    found = report(failure={"Error": "States.TaskFailed", "Cause": json.dumps(cause)}, log=log)
    assert found["reason"] == "the model failed: ValueError: X has 2 features"
    one_line = report(
        failure={"Error": "States.TaskFailed", "Cause": json.dumps(cause)},
        log=f"{object_} Message: odd\n{object_} more",
    )
    assert one_line["reason"] == "the model failed: odd"


def test_a_stopped_job_says_so() -> None:
    cause = {"TransformJobName": "df-abcdefghij-batch-a1", "TransformJobStatus": "Stopped"}
    found = report(failure={"Error": "States.TaskFailed", "Cause": json.dumps(cause)})
    assert found["reason"] == "job df-abcdefghij-batch-a1 was stopped"


def test_the_same_rows_are_not_predicted_again() -> None:
    found = report(earlier={"drop": "zzzzzzzzzz", "status": "SUCCEEDED", "detail": {"output_uri": "s3://a/b/"}})
    assert (found["status"], found["detail_type"]) == ("IGNORED", "Batch Ignored")
    assert found["reason"] == "drop zzzzzzzzzz has the same rows and was predicted by the same version 3"
    assert found["detail"]["output_uri"] == "s3://a/b/"
    underway = report(earlier={"drop": "zzzzzzzzzz", "status": "RUNNING"})
    assert "is being predicted" in underway["reason"]


def test_rows_that_failed_before_are_told_by_how_they_went_now() -> None:
    result = {"files": 1, "rows": 9, "refused": 0, "output_uri": "s3://a/c/"}
    found = report(earlier={"drop": "zzzzzzzzzz", "status": "FAILED"}, result=result)
    assert (found["status"], found["detail"]["output_uri"]) == ("SUCCEEDED", "s3://a/c/")
