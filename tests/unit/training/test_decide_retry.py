from __future__ import annotations

import json

import pytest
from training.decide_retry import handler

REQUEST = {"TrainingJobName": "df-abcdefghij-train-a1", "RoleArn": "r"}


def decide(
    reason: str = "", error: str = "States.TaskFailed", name: str = "df-abcdefghij-train-a1", **job: str
) -> dict[str, object]:
    cause = json.dumps({"TrainingJobName": name, "TrainingJobStatus": "Failed", "FailureReason": reason} | job)
    return handler({"request": REQUEST | {"TrainingJobName": name}, "error": error, "cause": cause, "attempt": 1}, None)


@pytest.mark.parametrize(
    ("reason", "wait"),
    [
        ("CapacityError: Unable to provision requested ML compute capacity. Please retry.", 120),
        ("InternalServerError: We encountered an internal error.  Please try again.", 30),
    ],
)
def test_what_aws_failed_is_tried_again_under_the_next_name(reason: str, wait: int) -> None:
    decided = decide(reason)
    assert decided["retry"] is True
    assert decided["request"] == REQUEST | {"TrainingJobName": "df-abcdefghij-train-a2"}
    assert (decided["attempt"], decided["wait_seconds"]) == (2, wait)


def test_the_wait_grows() -> None:
    assert decide("CapacityError: none", name="df-abcdefghij-train-a2")["wait_seconds"] == 240


@pytest.mark.parametrize("name", ["df-abcdefghij-train-a3", "df-abcdefghij-train-a13"])
def test_three_tries_are_enough_in_every_attempt_of_the_run(name: str) -> None:
    decided = decide("CapacityError: none", name=name)
    assert decided["retry"] is False
    assert "after 3 tries" in str(decided["reason"])


@pytest.mark.parametrize(
    "reason",
    ["AlgorithmError: ExecuteUserScriptError: ExitCode 1", "ClientError: Data download failed: no such key"],
)
def test_what_failed_by_itself_would_fail_again(reason: str) -> None:
    assert decide(reason)["retry"] is False


def test_a_job_that_was_stopped_stays_stopped() -> None:
    assert decide(TrainingJobStatus="Stopped", SecondaryStatus="Stopped")["retry"] is False


def test_a_request_that_aws_refused_is_not_repeated() -> None:
    event = {
        "request": REQUEST,
        "error": "SageMaker.AmazonSageMakerException",
        "cause": "1 validation error detected: Value 'ml.x9.large' (Service: SageMaker, Status Code: 400)",
        "attempt": 1,
    }
    decided = handler(event, None)
    assert decided["retry"] is False
    assert decided["reason"] == "1 validation error detected: Value 'ml.x9.large'"
