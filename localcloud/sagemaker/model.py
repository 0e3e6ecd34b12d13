"""Models: one container, or a pipeline of up to 15."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.sagemaker import events, listing, model_package, tags
from localcloud.sagemaker.context import Context
from localcloud.sagemaker.errors import InvalidRequestError, NotHereError
from localcloud.sagemaker.jobs import transfer
from localcloud.sagemaker.store import Record

KIND = "model"
_DETAIL_TYPE = "SageMaker Model State Change"
_NOT_HERE = ("ModelDataSource", "AdditionalModelDataSources", "InferenceSpecificationName")


def create(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Keep a model after seeing that its role can be assumed and its data read, as AWS does."""
    containers = _containers(request)
    for container in containers:
        _check_container(context, container)
    request_tags = tags.check(request.pop("Tags", []))
    record = context.new(KIND, request["ModelName"], "InService", dict(request))
    record.document |= {"ModelArn": record.arn, "CreationTime": record.created}
    record.document.setdefault("EnableNetworkIsolation", False)
    _check_access(context, request, containers)
    context.insert(record, request_tags, InvalidRequestError(f'Cannot create already existing model "{record.arn}".'))
    _tell(context, record)
    return {"ModelArn": record.arn}


def describe(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """The model as it was made."""
    return get(context, request["ModelName"]).document


def list_(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """ListModels."""
    return listing.page(context, _LISTING, request)


def delete(context: Context, request: dict[str, Any]) -> dict[str, Any]:
    """Forget the model; endpoints that serve it go on serving."""
    context.store.delete(KIND, get(context, request["ModelName"]).name)
    return {}


def get(context: Context, name: str) -> Record:
    """The model's record, or AWS's refusal."""
    return context.get(KIND, name, f'Could not find model "{context.arn(KIND, name)}".')


def containers_of(context: Context, document: dict[str, Any]) -> list[dict[str, Any]]:
    """The model's containers with Image, ModelDataUrl and Environment resolved from model packages."""
    resolved = []
    for container in _containers(document):
        if "ModelPackageName" in container:
            package = model_package.find(context, container["ModelPackageName"])
            for inner in package.document["InferenceSpecification"]["Containers"]:
                environment = inner.get("Environment", {}) | container.get("Environment", {})
                resolved.append(inner | {"Environment": environment})
        else:
            resolved.append(container)
    return resolved


def _containers(request: dict[str, Any]) -> list[dict[str, Any]]:
    primary, several = request.get("PrimaryContainer"), request.get("Containers")
    if (primary is None) == (not several):
        raise InvalidRequestError("Specify either PrimaryContainer or Containers, and exactly one of them.")
    mode = request.get("InferenceExecutionConfig", {}).get("Mode", "Serial")
    if mode == "Direct":
        raise NotHereError("CreateModel with InferenceExecutionConfig.Mode Direct")
    return [primary] if primary is not None else list(several or [])


def _check_container(context: Context, container: dict[str, Any]) -> None:
    for name in _NOT_HERE:
        if name in container:
            raise NotHereError(f"CreateModel with ContainerDefinition.{name}")
    if container.get("Mode") == "MultiModel":
        raise NotHereError("CreateModel with ContainerDefinition.Mode MultiModel")
    if ("Image" in container) == ("ModelPackageName" in container):
        raise InvalidRequestError("A ContainerDefinition needs either Image or ModelPackageName.")
    if "ModelPackageName" in container:
        if "ModelDataUrl" in container:
            raise InvalidRequestError("ModelDataUrl cannot be given together with ModelPackageName.")
        _check_package(model_package.find(context, container["ModelPackageName"]))
    url = container.get("ModelDataUrl")
    if url is not None and not (transfer.is_s3(url) and url.endswith(".tar.gz")):
        raise InvalidRequestError(f"ModelDataUrl '{url}' must be an S3 URI of one .tar.gz archive")


def _check_package(package: Record) -> None:
    if "InferenceSpecification" not in package.document:
        raise InvalidRequestError(f"Model package {package.arn} has no InferenceSpecification.")
    if "ModelPackageVersion" in package.document and package.document["ModelApprovalStatus"] != "Approved":
        raise InvalidRequestError(
            f"Model package {package.arn} has ModelApprovalStatus {package.document['ModelApprovalStatus']}; it must "
            "be Approved to deploy the model."
        )


def _check_access(context: Context, request: dict[str, Any], containers: list[dict[str, Any]]) -> None:
    role = request.get("ExecutionRoleArn")
    if role is None:
        raise InvalidRequestError("ExecutionRoleArn is required")
    context.check_role(role)
    urls = [container["ModelDataUrl"] for container in containers if "ModelDataUrl" in container]
    if not urls:
        return
    s3 = context.aws.role(role).client("s3")
    for url in urls:
        bucket, key = transfer.split(url)
        try:
            s3.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            raise InvalidRequestError(_no_access(url, role, context.region, error)) from error
        except BotoCoreError as error:
            raise InvalidRequestError(f"Could not access model data at {url}: {error}") from error


def _no_access(url: str, role: str, region: str, error: ClientError) -> str:
    if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:  # noqa: PLR2004
        return f"Could not find model data at {url}."
    return (
        f'Could not access model data at {url}. Please ensure that the role "{role}" exists and that its trust '
        'relationship policy allows the action "sts:AssumeRole" for the service principal "sagemaker.amazonaws.com". '
        f'Also ensure that the role has "s3:GetObject" permissions and that the object is located in {region}.'
    )


def _tell(context: Context, record: Record) -> None:
    detail = events.detail_of("DescribeModelOutput", record.document, events.milliseconds)
    detail["Tags"] = context.events.tags(record)
    context.events.send(_DETAIL_TYPE, record, detail)


def _summary(record: Record) -> dict[str, Any]:
    return record.document


_LISTING = listing.Listing(KIND, "Models", _summary, "Descending")

OPERATIONS = {"CreateModel": create, "DescribeModel": describe, "ListModels": list_, "DeleteModel": delete}
