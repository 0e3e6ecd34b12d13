from __future__ import annotations

import json
from typing import Any

import pytest
from training.explain_failure import handler


def explain(error: str, cause: object, step: str = "Prepare Data") -> dict[str, Any]:
    text = cause if isinstance(cause, str) else json.dumps(cause)
    event = {"project": "adult", "run": "abcdefghij", "drop": "abcdefghij", "attempt": 2, "step": step}
    return handler(event | {"error": error, "cause": text, "context": None}, None)


PREPARING = {
    "ProcessingJobName": "df-abcdefghij-prepare-a1",
    "ProcessingJobStatus": "Failed",
    "FailureReason": "AlgorithmError: See job logs for more information",
    "ExitMessage": "train.csv, line 7: 4 fields, but the header names 3\n",
}


def test_a_jobs_own_words_and_where_its_log_is() -> None:
    told = explain("States.TaskFailed", PREPARING)
    assert told["detail_type"] == "Run Failed"
    assert told["reason"] == "Prepare Data failed: train.csv, line 7: 4 fields, but the header names 3"
    assert told["detail"]["log_command"] == (
        "aws logs filter-log-events --log-group-name /aws/sagemaker/ProcessingJobs "
        "--log-stream-name-prefix df-abcdefghij-prepare-a1 --query 'events[].[message]' --output text"
    )
    assert (told["detail"]["id"], told["detail"]["severity"]) == ("abcdefghij-a2-run-failed", "error")


def test_the_job_within_a_nested_machine_is_found() -> None:
    training = {
        "TrainingJobName": "df-abcdefghij-train-a1",
        "TrainingJobStatus": "Failed",
        "FailureReason": "AlgorithmError: ExecuteUserScriptError: ExitCode 1 ValueError: nope",
    }
    nested = {
        "ExecutionArn": "arn:aws:states:::execution:dropforge-method-train:x",
        "Status": "FAILED",
        "Error": "States.TaskFailed",
        "Cause": json.dumps(training),
    }
    told = explain("States.TaskFailed", nested, "Train")
    assert told["reason"] == "Train failed: AlgorithmError: ExecuteUserScriptError: ExitCode 1 ValueError: nope"
    assert told["detail"]["job"] == "df-abcdefghij-train-a1"


def test_a_project_that_does_not_fit_the_data_is_told_with_its_problems() -> None:
    problems = [{"line": None, "field": "target", "reason": "'x' is not in the header", "fix": "write y"}]
    cause = {"errorType": "ProjectInvalidError", "errorMessage": json.dumps({"problems": problems}), "stackTrace": []}
    told = explain("ProjectInvalidError", cause, "Plan Run")
    assert (told["detail_type"], told["problems"], told["detail"]["problems"]) == (
        "Project Invalid",
        problems,
        problems,
    )
    assert "target: 'x' is not in the header" in told["reason"]


def test_an_error_of_ours_is_told_in_its_own_words() -> None:
    cause = {"errorType": "DropTooLargeError", "errorMessage": "code/ has 70,000,000 bytes, more than 64 MiB"}
    told = explain("DropTooLargeError", cause, "Gather Inputs")
    assert (told["detail_type"], told["severity"]) == ("Run Failed", "error")
    assert told["reason"] == "Gather Inputs failed: code/ has 70,000,000 bytes, more than 64 MiB"


@pytest.mark.parametrize(
    ("error", "cause", "said"),
    [
        ("States.Timeout", "", "longer than allowed"),
        (
            "Lambda.Unknown",
            {"errorMessage": "2026-11-23T05:00:00Z 9f Task timed out after 15.00 seconds"},
            "longer than allowed",
        ),
        (
            "S3.AccessDeniedException",
            "Access Denied (Service: S3, Status Code: 403, Request ID: 1)",
            "permission is missing: Access Denied",
        ),
        ("SageMaker.ResourceLimitExceededException", "The account-level service limit 'ml.p3' is 0", "quota"),
        (
            "States.TaskFailed",
            {"TrainingJobName": "j", "TrainingJobStatus": "Stopped", "SecondaryStatus": "MaxRuntimeExceeded"},
            "raise train.max_runtime",
        ),
        (
            "States.TaskFailed",
            {"TrainingJobName": "j", "TrainingJobStatus": "Stopped", "SecondaryStatus": "Stopped"},
            "job j was stopped",
        ),
        ("States.TaskFailed", {"TrainingJobName": "j", "FailureReason": "CapacityError: none"}, "no capacity"),
        ("States.TaskFailed", {"ExecutionArn": "a", "Status": "TIMED_OUT"}, "longer than allowed"),
        (
            "InputInvalidError",
            {"errorType": "InputInvalidError", "errorMessage": "dataset: missing"},
            "dataset: missing",
        ),
        ("States.QueryEvaluationError", "", "States.QueryEvaluationError"),
        ("", "", "no reason was given"),
        ("Odd", "[1]", "[1]"),
    ],
)
def test_every_kind_of_failure_becomes_a_sentence(error: str, cause: object, said: str) -> None:
    assert said in explain(error, cause)["reason"]


def test_a_very_long_reason_is_cut() -> None:
    assert len(explain("E", "x" * 5000)["reason"]) < 1000


def test_json_within_json_without_end_is_left_alone() -> None:
    cause = "the end"
    for _ in range(20):
        cause = json.dumps({"Error": "E", "Cause": cause})
    assert explain("E", cause)["reason"]


def test_the_last_lines_of_the_log_come_along() -> None:
    training = {"TrainingJobName": "j", "TrainingJobStatus": "Failed", "FailureReason": "AlgorithmError: ExitCode 1"}
    read = {"Error": "States.TaskFailed", "Cause": json.dumps(training), "Log": "fitting\nValueError: nope\n"}
    told = explain("States.TaskFailed", {"Error": "States.TaskFailed", "Cause": json.dumps(read)}, "Train")
    assert told["reason"] == "Train failed: AlgorithmError: ExitCode 1"
    assert told["detail"]["log"] == "fitting\nValueError: nope\n"


def test_a_script_s_own_words_are_found_in_its_log() -> None:
    reason = 'AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nErrorMessage ""\nCommand "python -- train.py"'
    training = {"TrainingJobName": "j", "TrainingJobStatus": "Failed", "FailureReason": reason}
    log = (
        "Traceback (most recent call last):\npkg.mine.TideError: gone out\n2026 toolkit ERROR ExecuteUserScriptError:\n"
    )
    read = {"Error": "States.TaskFailed", "Cause": json.dumps(training), "Log": log}
    told = explain("States.TaskFailed", {"Error": "States.TaskFailed", "Cause": json.dumps(read)}, "Train")
    assert told["reason"] == "Train failed: the script raised pkg.mine.TideError: gone out"


def test_problems_get_their_line() -> None:
    problems = [
        {"line": None, "field": "train.metrics[0].regex", "reason": "r", "fix": "f"},
        {"line": None, "field": "columns", "reason": "r", "fix": "f"},
    ]
    message = json.dumps({"problems": problems})
    cause = json.dumps({"errorType": "ProjectInvalidError", "errorMessage": message})
    facts = {"project": "p", "run": "r", "step": "Plan Run", "error": "ProjectInvalidError", "cause": cause}
    told = handler({**facts, "lines": {"train": 3, "train.metrics": 4, "target": 2}}, None)
    assert [problem["line"] for problem in told["detail"]["problems"]] == [4, None]
