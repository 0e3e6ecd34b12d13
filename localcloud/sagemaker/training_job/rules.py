"""What AWS refuses in CreateTrainingJob beyond the model, and what is not built here."""

from __future__ import annotations

from typing import Any

from localcloud.sagemaker import instances
from localcloud.sagemaker.context import Context
from localcloud.sagemaker.errors import InvalidRequestError, NotHereError
from localcloud.sagemaker.jobs import places, scraper, transfer

_OPERATION = "CreateTrainingJob"
_NOT_HERE = ("ServerlessJobConfig", "ModelPackageConfig", "MlflowConfig", "RemoteDebugConfig")
_LONGEST_RUN = 28 * 24 * 3600
# "ml.m5.large" is the model's; these members make no sense without one another.
_DEFAULT_RUN = 24 * 3600


def check(context: Context, request: dict[str, Any]) -> None:
    """Raise InvalidRequestError or NotHereError with the field and the fix."""
    for name in _NOT_HERE:
        if name in request:
            raise NotHereError(f"{_OPERATION} with {name}")
    for name in ("AlgorithmSpecification", "ResourceConfig", "StoppingCondition"):
        if name not in request:
            raise InvalidRequestError(f"{name} is a required parameter of {_OPERATION}")
    _check_algorithm(context, request)
    _check_resources(request["ResourceConfig"])
    _check_channels(request)
    _check_outputs(request)
    _check_stopping(request)


def _check_algorithm(context: Context, request: dict[str, Any]) -> None:
    algorithm = request["AlgorithmSpecification"]
    if ("TrainingImage" in algorithm) == ("AlgorithmName" in algorithm):
        raise InvalidRequestError("Specify either TrainingImage or AlgorithmName in AlgorithmSpecification, not both")
    if "AlgorithmName" in algorithm:
        raise NotHereError(f"{_OPERATION} with AlgorithmName")
    if "ContainerArguments" in algorithm and "ContainerEntrypoint" not in algorithm:
        raise NotHereError(f"{_OPERATION} with ContainerArguments but no ContainerEntrypoint")
    image = algorithm["TrainingImage"]
    if not image or any(character.isspace() for character in image):
        raise InvalidRequestError(f"Invalid image URI '{image}': AlgorithmSpecification.TrainingImage is malformed")
    definitions = algorithm.get("MetricDefinitions", [])
    if definitions and context.runtime.metric_definitions(image, request.get("HyperParameters", {})) is not None:
        raise InvalidRequestError(
            "You can't override the metric definitions for Amazon SageMaker algorithms. Please retry the request "
            "without specifying metric definitions."
        )
    scraper.check(definitions)


def _check_resources(resources: dict[str, Any]) -> None:
    for name in ("InstanceGroups", "InstancePreferences", "TrainingPlanArn"):
        if name in resources:
            raise NotHereError(f"{_OPERATION} with ResourceConfig.{name}")
    for name in ("InstanceType", "InstanceCount", "VolumeSizeInGB"):
        if not resources.get(name):
            raise InvalidRequestError(f"ResourceConfig.{name} is required and must be positive")
    instances.check_volume_key(resources.get("VolumeKmsKeyId"), [resources["InstanceType"]])
    if resources["InstanceCount"] > 1:
        raise NotHereError(f"{_OPERATION} with ResourceConfig.InstanceCount > 1")


def _check_channels(request: dict[str, Any]) -> None:
    channels = request.get("InputDataConfig", [])
    names = [channel["ChannelName"] for channel in channels]
    if len(set(names)) < len(names):
        raise InvalidRequestError("InputDataConfig has two channels of the same ChannelName")
    for channel in channels:
        mode = channel.get("InputMode", request["AlgorithmSpecification"]["TrainingInputMode"])
        if mode == "Pipe":
            raise NotHereError(f"{_OPERATION} with TrainingInputMode Pipe")
        source = channel["DataSource"].get("S3DataSource")
        if source is None:
            raise NotHereError(f"{_OPERATION} with a DataSource other than S3DataSource")
        if source["S3DataType"] not in ("S3Prefix", "ManifestFile"):
            raise NotHereError(f"{_OPERATION} with S3DataType {source['S3DataType']}")
        _check_uri(source["S3Uri"], "S3DataSource.S3Uri")


def _check_outputs(request: dict[str, Any]) -> None:
    _check_uri(request["OutputDataConfig"]["S3OutputPath"], "OutputDataConfig.S3OutputPath")
    checkpoints = request.get("CheckpointConfig")
    if checkpoints:
        _check_uri(checkpoints["S3Uri"], "CheckpointConfig.S3Uri")
        places.check(checkpoints.get("LocalPath", "/opt/ml/checkpoints"), "CheckpointConfig.LocalPath")


def _check_stopping(request: dict[str, Any]) -> None:
    stopping = request["StoppingCondition"]
    longest = stopping.setdefault("MaxRuntimeInSeconds", _DEFAULT_RUN)
    if longest > _LONGEST_RUN:
        raise InvalidRequestError(f"MaxRuntimeInSeconds {longest} exceeds the maximum of {_LONGEST_RUN} seconds")
    wait = stopping.get("MaxWaitTimeInSeconds")
    spot = request.get("EnableManagedSpotTraining", False)
    if spot and wait is None:
        raise InvalidRequestError(
            "Invalid MaxWaitTimeInSeconds. It must be present when EnableManagedSpotTraining is true, and must be "
            "equal to or greater than MaxRuntimeInSeconds"
        )
    if not spot and wait is not None:
        raise InvalidRequestError(
            "Invalid MaxWaitTimeInSeconds. MaxWaitTimeInSeconds is supported only when EnableManagedSpotTraining "
            "is true"
        )
    if spot and wait < longest:
        raise InvalidRequestError(
            f"Invalid MaxWaitTimeInSeconds. It must be equal to or greater than MaxRuntimeInSeconds: {wait} < {longest}"
        )
    if spot and request["ResourceConfig"].get("KeepAlivePeriodInSeconds"):
        raise InvalidRequestError("KeepAlivePeriodInSeconds is not supported with EnableManagedSpotTraining")


def _check_uri(uri: str, field: str) -> None:
    if not transfer.is_s3(uri):
        raise InvalidRequestError(f"{field} '{uri}' must be an S3 URI (s3://bucket/prefix)")
