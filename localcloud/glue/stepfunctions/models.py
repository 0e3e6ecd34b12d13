"""AWS's names and shapes: botocore's models, seen through the AWS SDK for Java, as Step Functions sees them."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from functools import cache
from typing import Any

import botocore.session
from botocore.model import OperationModel, ServiceModel, Shape

from localcloud.glue.stepfunctions.expressions import compact

session = botocore.session.Session()

# Services whose name in an ARN is not botocore's without its hyphens.
_CLIENTS = {
    "sfn": "stepfunctions",
    "eventbridge": "events",
    "cloudwatchlogs": "logs",
    "costexplorer": "ce",
    "elasticloadbalancingv2": "elbv2",
    "cloudwatchevents": "events",
    "cognitoidentityprovider": "cognito-idp",
    "iotdataplane": "iot-data",
    "marketplacemetering": "meteringmarketplace",
    "resourcegroupstaggingapi": "resourcegroupstaggingapi",
    "servicecatalogappregistry": "servicecatalog-appregistry",
}
# Words of the Java SDK's naming rule (its Utils.splitOnWordBoundaries).
_BOUNDARIES = [
    (re.compile(r"[^A-Za-z0-9]+"), " "),
    (re.compile(r"(?<=[a-z])(?=[A-Z][a-zA-Z0-9])"), " "),
    (re.compile(r"([A-Z]+)([A-Z][a-z])"), r"\1 \2"),
    (re.compile(r"([0-9])([a-zA-Z])"), r"\1 \2"),
]


@cache
def client_name(service: str) -> str | None:
    """Return botocore's name of a service by its name in an aws-sdk ARN, None if there is none."""
    available = session.get_available_services()
    if service in _CLIENTS:
        return _CLIENTS[service]
    return next((name for name in available if name.replace("-", "") == service), None)


@cache
def service_model(client: str) -> ServiceModel:
    """Return botocore's model of a service."""
    return session.get_service_model(client)


@cache
def operation(client: str, action: str) -> str:
    """Return the API's name of a camelCase action, "" if the service has none."""
    wanted = action.lower()
    return next((name for name in service_model(client).operation_names if name.lower() == wanted), "")


def pascal(name: str) -> str:
    """Return a name as the Java SDK writes its classes: DynamoDB -> DynamoDb, SFN -> Sfn."""
    for pattern, replacement in _BOUNDARIES:
        name = pattern.sub(replacement, name)
    return "".join(word[:1].upper() + word[1:].lower() for word in name.split())


@cache
def java_member(structure: str, name: str) -> str:
    """Return a member's name in arguments and results of aws-sdk integrations: ETag, Ss, Bool; NULL is Nul."""
    if (structure, name) == ("AttributeValue", "NULL"):
        return "Nul"
    head = re.match(r"[A-Z]*", name)
    run = len(head.group()) if head else 0
    # Java lower-cases a leading acronym (SSEKMSKeyId -> ssekmsKeyId), then Step Functions capitalises.
    keep = run - 1 if 1 < run < len(name) and name[run].islower() else run
    name = name[:keep].lower() + name[keep:]
    return name[:1].upper() + name[1:]


def exception_name(shape_name: str) -> str:
    """Return a modelled error's class in the Java SDK: NoSuchKey -> NoSuchKeyException."""
    if shape_name.endswith("Exception"):
        return pascal(shape_name)
    return pascal(shape_name.removesuffix("Fault")) + "Exception"


# Newer models of S3 and EventBridge have these shapes for operations of other APIs; elsewhere they arrive as the
# service's base exception (S3.S3Exception, as public catchers expect).
_ONLY_WHERE_LISTED = {"AccessDenied", "AccessDeniedException"}


def modelled_error(client: str, operation_name: str, code: str) -> str | None:
    """Return the class of the error that a service models under this code, None if it models none."""
    model = service_model(client)
    shapes = list(model.operation_model(operation_name).error_shapes)
    if code not in _ONLY_WHERE_LISTED:
        shapes += model.error_shapes
    for shape in shapes:
        if code in (shape.name, shape.error_code):
            return exception_name(shape.name)
    return None


def request(model: OperationModel, arguments: dict[str, Any]) -> dict[str, Any]:
    """Return botocore's parameters for a state's Arguments. Raises KeyError for a field that does not exist.

    Step Functions writes what a string field gets as JSON if it is no string, and *every* blob as JSON: a
    string Body of s3:putObject is stored with its quotation marks (seen on AWS).
    """
    if model.input_shape is None:
        if arguments:
            raise KeyError(next(iter(arguments)))
        return {}
    converted: dict[str, Any] = _to_wire(model.input_shape, arguments, "")
    return converted


def _to_wire(shape: Shape, value: Any, path: str) -> Any:
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict) and not getattr(shape, "is_document_type", False):
        return _structure_to_wire(shape, value, path)
    if kind == "list" and isinstance(value, list):
        return [_to_wire(shape.member, item, f"{path}[{i}]") for i, item in enumerate(value)]
    if kind == "map" and isinstance(value, dict):
        return {k: _to_wire(shape.value, item, f"{path}.{k}") for k, item in value.items()}
    if kind == "blob":
        return compact(value).encode()
    if kind == "string" and not isinstance(value, str) and value is not None:
        return compact(value)
    return value


def _structure_to_wire(shape: Shape, value: dict[str, Any], path: str) -> dict[str, Any]:
    # The API's own spelling is accepted too, capitalised (BOOL, SS, StateMachineArn).
    names = {name[:1].upper() + name[1:]: name for name in shape.members}
    names |= {java_member(shape.name, name): name for name in shape.members}
    converted = {}
    for key, item in value.items():
        if key not in names:
            raise KeyError(f"{path}.{key}".lstrip("."))
        if item is not None:
            name = names[key]
            converted[name] = _to_wire(shape.members[name], item, f"{path}.{key}")
    return converted


def response(model: OperationModel, result: dict[str, Any], *, optimised: bool) -> dict[str, Any]:
    """Return a task's result for what botocore returned, without its ResponseMetadata.

    aws-sdk integrations: Java's member names, ISO-8601 times. Optimised ones: the API's names capitalised,
    times in epoch milliseconds. A streaming body is read as text.
    """
    result = {key: value for key, value in result.items() if key != "ResponseMetadata"}
    if model.output_shape is None:
        return {}
    converted: dict[str, Any] = _from_wire(model.output_shape, result, optimised)
    return converted


def _from_wire(shape: Shape, value: Any, optimised: bool) -> Any:
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict) and not getattr(shape, "is_document_type", False):
        return {
            (name[:1].upper() + name[1:]) if optimised else java_member(shape.name, name): _from_wire(
                shape.members[name], item, optimised
            )
            for name, item in value.items()
            if name in shape.members
        }
    if kind == "list":
        return [_from_wire(shape.member, item, optimised) for item in value]
    if kind == "map":
        return {key: _from_wire(shape.value, item, optimised) for key, item in value.items()}
    return _scalar(value, optimised)


def _scalar(value: Any, optimised: bool) -> Any:
    if isinstance(value, datetime):
        moment = value.astimezone(UTC)
        if optimised:
            return round(moment.timestamp() * 1000)
        text = moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
        return text.replace("+00:00", "Z")
    if hasattr(value, "read"):
        return value.read().decode("utf-8", errors="replace")
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    return value
