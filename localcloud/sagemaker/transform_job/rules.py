"""What AWS refuses in CreateTransformJob beyond the model, and what is not built here."""

from __future__ import annotations

from typing import Any

from localcloud.sagemaker import instances, model
from localcloud.sagemaker.context import Context
from localcloud.sagemaker.errors import InvalidRequestError, NotHereError
from localcloud.sagemaker.jobs import transfer
from localcloud.sagemaker.transform_job import jsonpath, records

_OPERATION = "CreateTransformJob"
_LARGEST_PAYLOAD_MB = 100
DEFAULT_PAYLOAD_MB = 6


def check(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """The model that the job will run. Raises InvalidRequestError or NotHereError with the field and the fix."""
    served = model.get(context, request["ModelName"]).document
    source, target = request["TransformInput"], request["TransformOutput"]
    _check_source(source)
    if not transfer.is_s3(target["S3OutputPath"]):
        raise _malformed("TransformOutput.S3OutputPath", target["S3OutputPath"])
    capture = request.get("DataCaptureConfig", {}).get("DestinationS3Uri")
    if capture is not None and not transfer.is_s3(capture):
        raise _malformed("DataCaptureConfig.DestinationS3Uri", capture)
    resources = request["TransformResources"]
    instances.check_volume_key(resources.get("VolumeKmsKeyId"), [resources["InstanceType"]])
    _check_payload(request, source.get("SplitType", "None"))
    _check_processing(request, source, target)
    return {
        "role": served["ExecutionRoleArn"],
        "isolated": served["EnableNetworkIsolation"],
        "alone": "PrimaryContainer" in served,
        "containers": model.containers_of(context, served),
    }


def _check_source(source: dict[str, Any]) -> None:
    place = source["DataSource"].get("S3DataSource")
    if place is None:
        raise NotHereError(f"{_OPERATION} with a DataSource other than S3DataSource")
    if place["S3DataType"] not in ("S3Prefix", "ManifestFile"):
        raise InvalidRequestError(f"S3DataType {place['S3DataType']} is not supported for transform jobs.")
    if not transfer.is_s3(place["S3Uri"]):
        raise _malformed("TransformInput.DataSource.S3DataSource.S3Uri", place["S3Uri"])
    if source.get("SplitType") in ("RecordIO", "TFRecord"):
        raise NotHereError(f"{_OPERATION} with SplitType {source['SplitType']}")


def _check_payload(request: dict[str, Any], split: str) -> None:
    payload = request.get("MaxPayloadInMB", DEFAULT_PAYLOAD_MB)
    concurrent = request.get("MaxConcurrentTransforms", 0)
    if payload > _LARGEST_PAYLOAD_MB:
        raise InvalidRequestError(f"MaxPayloadInMB {payload} cannot be greater than {_LARGEST_PAYLOAD_MB}.")
    if payload * concurrent > _LARGEST_PAYLOAD_MB:
        raise InvalidRequestError(
            f"MaxConcurrentTransforms * MaxPayloadInMB must not exceed {_LARGEST_PAYLOAD_MB} MB, but it is "
            f"{concurrent} * {payload} MB."
        )
    if payload == 0 and split != "None":
        raise InvalidRequestError(f"MaxPayloadInMB 0 (streaming) requires SplitType None, but it is {split}.")


def _check_processing(request: dict[str, Any], source: dict[str, Any], target: dict[str, Any]) -> None:
    processing = request.get("DataProcessing", {})
    named = any("GenerateInferenceId" in part for part in (request.get("DataCaptureConfig", {}),))
    joined = processing.get("JoinSource", "None") == "Input"
    filtered = [name for name in ("InputFilter", "OutputFilter") if processing.get(name, "$") != "$"]
    for name in filtered:
        try:
            jsonpath.parse(processing[name])
        except jsonpath.PathError as error:
            raise InvalidRequestError(f"DataProcessing.{name} '{processing[name]}' is invalid: {error}") from error
    if not (joined or filtered or named):
        return
    kinds = {"TransformInput.ContentType": source.get("ContentType"), "TransformOutput.Accept": target.get("Accept")}
    for field, kind in kinds.items():
        if records.form_of(kind) is None and not (field.endswith("Accept") and kind is None):
            raise InvalidRequestError(
                f"DataProcessing needs {field} to be one of {', '.join(records.FORMS)}, but it is {kind!r}."
            )
    split, assembly = source.get("SplitType", "None"), target.get("AssembleWith", "None")
    if joined and split != assembly:
        raise InvalidRequestError(
            f"JoinSource Input needs AssembleWith to match SplitType, but AssembleWith is {assembly} and SplitType is "
            f"{split}."
        )


def _malformed(field: str, uri: str) -> InvalidRequestError:
    return InvalidRequestError(f"{field} '{uri}' must be an S3 URI (s3://bucket/prefix)")
