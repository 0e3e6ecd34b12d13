from __future__ import annotations

from typing import Any

from registry.plan_package import handler

from tests.unit.botocore_check import assert_valid
from tests.unit.training.facts import DIGEST, RUN, trained_plan

EVALUATION = {
    "passed": True,
    "metric": "accuracy",
    "value": 0.85,
    "threshold": 0.76,
    "reasons": ["accuracy 0.85 is better than the 0.76 of always answering the most frequent class"],
    "metrics": {"accuracy": 0.85},
    "evaluation_uri": f"s3://artifacts-bucket/adult/runs/{RUN}/evaluation/evaluation.json",
    "job": None,
}


def plan(**changes: Any) -> dict[str, Any]:
    event = {
        "project": "adult",
        "run": RUN,
        "drop": RUN,
        "attempt": 1,
        "digest": DIGEST,
        "fingerprint": "f" * 64,
        "model_data_url": f"s3://artifacts-bucket/adult/runs/{RUN}/package/model.tar.gz",
        "training_job_arn": "arn:aws:sagemaker:us-east-1:000000000000:training-job/df-abcdefghij-train-a1",
        "evaluation": EVALUATION,
        "summary": {"rows": {"train": 700, "test": 200}},
        "context": trained_plan()["context"],
        "cause": "x",
    }
    return handler(event | changes, None)


def test_the_requests_are_exact() -> None:
    planned = plan()
    assert_valid("sagemaker", "CreateModelPackageGroup", planned["group"])
    assert_valid("sagemaker", "CreateModelPackage", planned["package"])
    package = planned["package"]
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    assert "Tags" not in package
    said = package["CustomerMetadataProperties"]
    assert said["dropforge:dataset-digest"] == DIGEST
    assert (said["dropforge:run"], said["dropforge:isolated"], said["dropforge:value"]) == (RUN, "true", "0.85")
    assert package["MetadataProperties"]["GeneratedBy"].endswith("df-abcdefghij-train-a1")
    assert package["InferenceSpecification"]["Containers"][0]["Environment"]["SAGEMAKER_PROGRAM"] == "inference.py"


def test_a_repeat_asks_for_the_same_package() -> None:
    assert plan()["package"]["ClientToken"] == plan(attempt=2)["package"]["ClientToken"]


def test_what_a_property_may_not_hold_is_replaced() -> None:
    context = trained_plan()["context"] | {"problem": "a,b{c}" + "x" * 300}
    planned = plan(context=context)
    assert planned["package"]["CustomerMetadataProperties"]["dropforge:problem"].startswith("a-b-c-x")
    assert_valid("sagemaker", "CreateModelPackage", planned["package"])


def test_without_an_evaluation_there_are_no_model_metrics() -> None:
    planned = plan(evaluation={"reasons": ["not\nmeasured"], "evaluation_uri": None})
    assert "ModelMetrics" not in planned["package"]
    assert_valid("sagemaker", "CreateModelPackage", planned["package"])


def test_the_event_says_what_was_registered() -> None:
    detail = plan()["detail"]
    assert (detail["id"], detail["version"], detail["cause"]) == (f"{RUN}-a1-model-registered", "1", "x")
    assert detail["gate"] == {"metric": "accuracy", "value": 0.85, "threshold": 0.76}
