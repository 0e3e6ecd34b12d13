"""The local cloud's XGBoost endpoint: two weighted variants, with capture of every call or without."""

from __future__ import annotations

import json
from typing import Any

from localcloud.cloud import LocalCloud

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5"
BUCKET = "endpoint"
# The root user's signature is not looked at.
_CREDENTIAL = "test/20260101/us-east-1/sagemaker/aws4_request"
HEADERS = [
    "Content-Type: text/csv",
    f"Authorization: AWS4-HMAC-SHA256 Credential={_CREDENTIAL}, SignedHeaders=host, Signature=0",
]


def make_role(cloud: LocalCloud, name: str = "serving") -> str:
    """A role for models, which may read and write everything in S3 and write logs; its ARN."""
    trust = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"}, "Action": "sts:AssumeRole"}
    rights = {"Effect": "Allow", "Action": ["s3:*", "logs:*", "cloudwatch:*"], "Resource": "*"}
    iam = cloud.client("iam")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({"Statement": [trust]}))["Role"]
    document = {"Version": "2012-10-17", "Statement": [rights]}
    iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(document))
    return str(role["Arn"])


def make_models(cloud: LocalCloud, archive: bytes, names: tuple[str, ...] = ("a", "b")) -> None:
    """Models in SageMaker, all of one archive."""
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="model.tar.gz", Body=archive)
    role = make_role(cloud)
    for name in names:
        container = {"Image": IMAGE, "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz"}
        cloud.client("sagemaker").create_model(ModelName=name, ExecutionRoleArn=role, PrimaryContainer=container)


def variant(name: str, model: str, weight: float = 1.0, count: int = 1) -> dict[str, Any]:
    """A variant for a configuration."""
    return {
        "VariantName": name,
        "ModelName": model,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": count,
        "InitialVariantWeight": weight,
    }


def capture_config(percent: int = 100) -> dict[str, Any]:
    """Capture of both sides, as CSV."""
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": percent,
        "DestinationS3Uri": f"s3://{BUCKET}/captured",
        "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
        "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"]},
    }


def serve(cloud: LocalCloud, name: str, variants: list[dict[str, Any]], **more: Any) -> str:
    """Create an endpoint of these variants and wait for it; the URL of its invocations."""
    client = cloud.client("sagemaker")
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=variants, **more)
    client.create_endpoint(EndpointName=name, EndpointConfigName=name)
    client.get_waiter("endpoint_in_service").wait(EndpointName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
    return f"{cloud.settings.runtime_url}/endpoints/{name}/invocations"
