"""The least that SageMaker's job-creating operations want."""

from __future__ import annotations

from typing import Any

from .conftest import ACCOUNT

ROLE = f"arn:aws:iam::{ACCOUNT}:role/job"


def training(name: str, role: str = ROLE, **more: Any) -> dict[str, Any]:
    """Return the arguments of createTrainingJob."""
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "File"},
        "RoleArn": role,
        "OutputDataConfig": {"S3OutputPath": "s3://b/k"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        **more,
    }


def transform(name: str) -> dict[str, Any]:
    source = {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/i"}}}
    return {
        "TransformJobName": name,
        "ModelName": "m",
        "TransformInput": source,
        "TransformOutput": {"S3OutputPath": "s3://b/o"},
        "TransformResources": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
    }


def processing(name: str) -> dict[str, Any]:
    cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 5}
    return {
        "ProcessingJobName": name,
        "ProcessingResources": {"ClusterConfig": cluster},
        "RoleArn": ROLE,
        "AppSpecification": {"ImageUri": "image"},
    }


def tuning(name: str) -> dict[str, Any]:
    limits = {"MaxNumberOfTrainingJobs": 1, "MaxParallelTrainingJobs": 1}
    config = {"Strategy": "Random", "ResourceLimits": limits}
    return {"HyperParameterTuningJobName": name, "HyperParameterTuningJobConfig": config}


def labeling(name: str) -> dict[str, Any]:
    task = {
        "WorkteamArn": "arn:aws:sagemaker:us-east-1:000000000000:workteam/private-crowd/w",
        "UiConfig": {"UiTemplateS3Uri": "s3://b/u"},
        "TaskTitle": "t",
        "TaskDescription": "d",
        "NumberOfHumanWorkersPerDataObject": 1,
        "TaskTimeLimitInSeconds": 60,
    }
    return {
        "LabelingJobName": name,
        "LabelAttributeName": "l",
        "InputConfig": {"DataSource": {"S3DataSource": {"ManifestS3Uri": "s3://b/m"}}},
        "OutputConfig": {"S3OutputPath": "s3://b/o"},
        "RoleArn": ROLE,
        "HumanTaskConfig": task,
    }
