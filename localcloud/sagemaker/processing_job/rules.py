"""What AWS refuses in CreateProcessingJob beyond the model, and what is not built here."""

from __future__ import annotations

from typing import Any

from localcloud.sagemaker import instances
from localcloud.sagemaker.errors import InvalidRequestError, NotHereError
from localcloud.sagemaker.jobs import places, transfer

_OPERATION = "CreateProcessingJob"
_DEFAULT_RUN = 24 * 3600


def check(request: dict[str, Any]) -> None:
    """Raise InvalidRequestError or NotHereError with the field and the fix."""
    cluster = request["ProcessingResources"]["ClusterConfig"]
    if "InstancePreferences" in cluster:
        raise NotHereError(f"{_OPERATION} with ClusterConfig.InstancePreferences")
    for name in ("InstanceType", "InstanceCount"):
        if name not in cluster:
            raise InvalidRequestError(f"ClusterConfig.{name} is required")
    instances.check_volume_key(cluster.get("VolumeKmsKeyId"), [cluster["InstanceType"]])
    if cluster["InstanceCount"] > 1:
        raise NotHereError(f"{_OPERATION} with ClusterConfig.InstanceCount > 1")
    image = request["AppSpecification"]["ImageUri"]
    if not image or any(character.isspace() for character in image):
        raise InvalidRequestError(f"Invalid image URI '{image}': AppSpecification.ImageUri is malformed")
    if "ContainerArguments" in request["AppSpecification"] and "ContainerEntrypoint" not in request["AppSpecification"]:
        raise NotHereError(f"{_OPERATION} with ContainerArguments but no ContainerEntrypoint")
    _check_inputs(request.get("ProcessingInputs", []))
    _check_outputs(request.get("ProcessingOutputConfig", {}).get("Outputs", []))
    request.setdefault("StoppingCondition", {"MaxRuntimeInSeconds": _DEFAULT_RUN})


def _check_inputs(inputs: list[dict[str, Any]]) -> None:
    _check_names([item["InputName"] for item in inputs], "ProcessingInputs has two entries with InputName")
    for item in inputs:
        if "DatasetDefinition" in item:
            raise NotHereError(f"{_OPERATION} with ProcessingInputs.DatasetDefinition")
        source = item.get("S3Input")
        if source is None:
            raise InvalidRequestError(f"ProcessingInput '{item['InputName']}' needs an S3Input")
        if source.get("S3InputMode") == "Pipe":
            raise NotHereError(f"{_OPERATION} with S3InputMode Pipe")
        if item.get("AppManaged"):
            raise NotHereError(f"{_OPERATION} with AppManaged inputs")
        if "LocalPath" not in source:
            raise InvalidRequestError(f"ProcessingInput '{item['InputName']}': S3Input.LocalPath is required")
        _check_s3(source, f"ProcessingInput '{item['InputName']}': S3Input")


def _check_outputs(outputs: list[dict[str, Any]]) -> None:
    _check_names([item["OutputName"] for item in outputs], "ProcessingOutputConfig has two entries with OutputName")
    for item in outputs:
        if item.get("AppManaged") or "FeatureStoreOutput" in item:
            raise NotHereError(f"{_OPERATION} with AppManaged or FeatureStoreOutput outputs")
        target = item.get("S3Output")
        if target is None or "LocalPath" not in target:
            raise InvalidRequestError(f"ProcessingOutput '{item['OutputName']}' needs an S3Output with a LocalPath")
        if target["S3UploadMode"] == "Continuous":
            raise NotHereError(f"{_OPERATION} with S3UploadMode Continuous")
        _check_s3(target, f"ProcessingOutput '{item['OutputName']}': S3Output")


def _check_s3(place: dict[str, Any], where: str) -> None:
    if not transfer.is_s3(place["S3Uri"]):
        raise InvalidRequestError(f"{where}.S3Uri '{place['S3Uri']}' must be an S3 URI (s3://bucket/prefix)")
    places.check(place["LocalPath"], f"{where}.LocalPath")


def _check_names(names: list[str], message: str) -> None:
    for name in names:
        if names.count(name) > 1:
            raise InvalidRequestError(f"{message} '{name}'")
