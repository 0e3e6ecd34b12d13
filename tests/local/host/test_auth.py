"""A role can do in SageMaker what its policy says, and nothing else."""

from __future__ import annotations

from typing import Any

import botocore.exceptions
import cbor2
import pytest

from localcloud.cloud import LocalCloud
from localcloud.glue import auth, auth_cloudwatch

from .roles import role_client

REGION, ACCOUNT = "us-east-1", "000000000000"
ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}"
JOB: dict[str, Any] = {
    "TrainingJobName": "df-Job",
    "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/job",
    "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    "EnableNetworkIsolation": True,
    "Tags": [{"Key": "Project", "Value": "churn"}],
}


def needed(operation: str, **parameters: Any) -> list[tuple[str, str]]:
    return [(r.action, r.resource) for r in auth.requirements(operation, parameters, REGION, ACCOUNT)]


def test_a_training_job_needs_the_job_the_role_and_tagging() -> None:
    found = auth.requirements("CreateTrainingJob", JOB, REGION, ACCOUNT)
    job = f"{ARN}:training-job/df-job"
    assert [(r.action, r.resource) for r in found] == [
        ("sagemaker:CreateTrainingJob", job),
        ("iam:PassRole", JOB["RoleArn"]),
        ("sagemaker:AddTags", job),
    ]
    context = found[0].context
    assert context["sagemaker:instancetypes"] == ["ml.m5.large"]
    assert context["sagemaker:networkisolation"] == "true"
    assert context["sagemaker:maxruntimeinseconds"] == "60"
    assert (context["aws:requesttag/project"], context["aws:tagkeys"]) == ("churn", ["Project"])
    assert found[1].context["iam:passedtoservice"] == "sagemaker.amazonaws.com"
    assert found[2].context["sagemaker:taggingaction"] == "CreateTrainingJob"


def test_a_transform_job_tells_its_model() -> None:
    """It passes no role: the model has one."""
    request = {"TransformJobName": "df-T", "ModelName": "df-M", "TransformResources": {"InstanceType": "ml.m5.large"}}
    [found] = auth.requirements("CreateTransformJob", request, REGION, ACCOUNT)
    assert (found.action, found.resource) == ("sagemaker:CreateTransformJob", f"{ARN}:transform-job/df-t")
    assert found.context["sagemaker:modelarn"] == f"{ARN}:model/df-m"
    assert found.context["sagemaker:instancetypes"] == ["ml.m5.large"]


@pytest.mark.parametrize(
    ("operation", "parameters", "resources"),
    [
        ("ListTrainingJobs", {}, ["*"]),
        ("DescribeModelPackage", {"ModelPackageName": f"{ARN}:model-package/a/1"}, [f"{ARN}:model-package/a/1"]),
        ("CreateModelPackage", {"ModelPackageGroupName": "A"}, [f"{ARN}:model-package/a/*"]),
        (
            "CreateEndpoint",
            {"EndpointName": "e", "EndpointConfigName": "c"},
            [f"{ARN}:endpoint/e", f"{ARN}:endpoint-config/c"],
        ),
        ("UpdateModelPackage", {"ModelPackageArn": f"{ARN}:model-package/a/1"}, [f"{ARN}:model-package/a/1"]),
        ("ListTags", {"ResourceArn": f"{ARN}:model/m"}, [f"{ARN}:model/m"]),
    ],
)
def test_resources(operation: str, parameters: dict[str, Any], resources: list[str]) -> None:
    assert [resource for _, resource in needed(operation, **parameters)] == resources


def denied(call: Any, action: str, **parameters: Any) -> None:
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        call(**parameters)
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
    assert action in caught.value.response["Error"]["Message"]


def test_actions_and_resources_are_enforced(cloud: LocalCloud) -> None:
    own = {"Action": "sagemaker:*ModelPackageGroup", "Resource": f"{ARN}:model-package-group/mine"}
    user = role_client(cloud, "sagemaker", "groups-user", own)
    user.create_model_package_group(ModelPackageGroupName="mine")
    assert user.describe_model_package_group(ModelPackageGroupName="mine")
    denied(user.create_model_package_group, "CreateModelPackageGroup", ModelPackageGroupName="others")
    denied(user.list_models, "ListModels")
    tags = [{"Key": "a", "Value": "b"}]
    denied(user.create_model_package_group, "AddTags", ModelPackageGroupName="mine", Tags=tags)


def test_condition_keys_and_pass_role_are_enforced(cloud: LocalCloud) -> None:
    training = {
        "Action": "sagemaker:CreateTrainingJob",
        "Resource": f"{ARN}:training-job/*",
        "Condition": {"ForAllValues:StringLike": {"sagemaker:InstanceTypes": ["ml.m5.*"]}},
    }
    tagging = {"Action": "sagemaker:AddTags", "Resource": f"{ARN}:training-job/*"}
    passing = {
        "Action": "iam:PassRole",
        "Resource": JOB["RoleArn"],
        "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
    }
    complete = {
        **JOB,
        "AlgorithmSpecification": {
            "TrainingImage": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5",
            "TrainingInputMode": "File",
        },
        "OutputDataConfig": {"S3OutputPath": "s3://nowhere/out"},
    }
    user = role_client(cloud, "sagemaker", "training-user", training, tagging, passing)
    denied(user.create_training_job, "iam:PassRole", **complete)
    expensive = {**complete, "ResourceConfig": {**JOB["ResourceConfig"], "InstanceType": "ml.p5.48xlarge"}}
    denied(user.create_training_job, "CreateTrainingJob", **expensive)


def test_invoke_endpoint_is_enforced(cloud: LocalCloud) -> None:
    own = {"Action": "sagemaker:InvokeEndpoint", "Resource": f"{ARN}:endpoint/mine"}
    user = role_client(cloud, "sagemaker-runtime", "invoke-user", own)
    denied(user.invoke_endpoint, "InvokeEndpoint", EndpointName="others", Body=b"1")
    with pytest.raises(botocore.exceptions.ClientError, match="mine"):  # allowed, but not there
        user.invoke_endpoint(EndpointName="mine", Body=b"1")


@pytest.mark.parametrize(
    "group", [{"logGroupName": "/g"}, {"logGroupIdentifier": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/g:*"}]
)
def test_reading_a_log_is_judged_on_its_stream(group: dict[str, str]) -> None:
    found = auth_cloudwatch.log_stream_arn({**group, "logStreamName": "a/1"}, REGION, ACCOUNT)
    assert found == f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/g:log-stream:a/1"


@pytest.mark.parametrize(
    ("body", "parameters"),
    [
        (b'{"Namespace": "/aws/sagemaker/X"}', {}),
        (cbor2.dumps({"Namespace": "/aws/sagemaker/X"}), {}),
        (b"Namespace=x", {"Namespace": ["/aws/sagemaker/X"]}),
    ],
)
def test_the_namespace_of_metrics_in_each_protocol(body: bytes, parameters: dict[str, list[str]]) -> None:
    assert auth_cloudwatch.metric_namespace(body, parameters) == "/aws/sagemaker/X"
    assert auth_cloudwatch.metric_namespace(b"\xff", {}) == ""
