"""Facts that deployment's tests start from."""

from __future__ import annotations

from typing import Any

from dropforge.project_read import read_project

RUN = "abcdefghij"
ARN = "arn:aws:sagemaker:us-east-1:000000000000:model-package/adult/3"
PACKAGE: dict[str, Any] = {
    "ModelPackageGroupName": "adult",
    "ModelPackageVersion": 3,
    "ModelPackageArn": ARN,
    "ModelApprovalStatus": "Approved",
    "InferenceSpecification": {
        "Containers": [
            {
                "Image": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.2-0",
                "ImageDigest": "sha256:" + "0" * 64,
                "ModelDataUrl": "s3://artifacts-bucket/adult/runs/abcdefghij/package/model.tar.gz",
                "Environment": {"SAGEMAKER_PROGRAM": "inference.py"},
            }
        ]
    },
    "CustomerMetadataProperties": {
        "dropforge:project": "adult",
        "dropforge:run": RUN,
        "dropforge:drop": RUN,
        "dropforge:isolated": "true",
    },
}


def package(version: int, **more: Any) -> dict[str, Any]:
    """A version of the group `adult`; each of a run of its own."""
    run = f"run000000{version}"
    said = PACKAGE["CustomerMetadataProperties"] | {"dropforge:run": run, "dropforge:drop": run}
    arn = f"{ARN.rpartition('/')[0]}/{version}"
    return PACKAGE | {"ModelPackageVersion": version, "ModelPackageArn": arn, "CustomerMetadataProperties": said} | more


def config(text: str = "") -> str:
    return read_project("algorithm: xgboost\ntarget: income\n" + text).model_dump_json(exclude_none=True)


def endpoint(
    live: str = "df-zzzzzzzzzz-v2-0123456789", status: str = "InService", count: int = 1, **more: Any
) -> dict[str, Any]:
    variant = {"VariantName": "AllTraffic", "DesiredInstanceCount": count, "CurrentInstanceCount": count}
    base = {
        "EndpointName": "adult",
        "EndpointConfigName": live,
        "EndpointStatus": status,
        "ProductionVariants": [variant],
    }
    return base | more
