"""What the demo's timeline says of AWS's events."""

from __future__ import annotations

import pytest

from cli.timeline import describe


def _event(source: str, kind: str, **detail: object) -> dict[str, object]:
    return {"source": source, "detail-type": kind, "detail": detail}


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            _event("aws.s3", "Object Created", object={"key": "p/train/a b é.csv"}),
            ("S3", "Object Created: p/train/a b é.csv"),
        ),
        (_event("aws.s3", "Object Created", object={"key": "dropforge/0a/dropforge_jobs/x.py"}), None),
        (_event("aws.s3", "Object Created", object={"key": "p/datasets/0a/x.csv"}), None),
        (
            _event("aws.s3", "Object Created", object={"key": "p/runs/r/training/df-r-train-a1/output/model.tar.gz"}),
            ("S3", "Object Created: p/…/output/model.tar.gz"),
        ),
        (
            _event(
                "aws.sagemaker",
                "SageMaker Training Job State Change",
                TrainingJobName="df-x-train-a1",
                SecondaryStatus="Training",
            ),
            ("SageMaker", "Training Job df-x-train-a1: Training"),
        ),
        (
            _event("aws.sagemaker", "SageMaker Endpoint State Change", EndpointName="p", EndpointStatus="IN_SERVICE"),
            ("SageMaker", "Endpoint p: IN_SERVICE"),
        ),
        (
            _event(
                "aws.sagemaker",
                "SageMaker Model Package State Change",
                ModelPackageArn="arn:aws:sagemaker:us-east-1:111122223333:model-package/p/2",
                ModelApprovalStatus="Approved",
            ),
            ("SageMaker", "Model package p/2: Approved"),
        ),
        (_event("dropforge.intake", "Drop Completed", project="p"), ("Dropforge", "Drop Completed (intake)")),
        (_event("aws.sagemaker", "SageMaker Image State Change"), None),
    ],
)
def test_describe(event: dict[str, object], line: tuple[str, str] | None) -> None:
    assert describe(event) == line
