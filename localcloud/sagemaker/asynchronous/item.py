"""One queued invocation: made of a request of InvokeEndpointAsync, kept in the store until it has ended."""

from __future__ import annotations

import base64
import uuid
from dataclasses import dataclass
from typing import Any

from localcloud.dataplane.answers import LARGEST_INLINE, too_large
from localcloud.sagemaker import validation, wire
from localcloud.sagemaker.context import Context
from localcloud.sagemaker.endpoint import state
from localcloud.sagemaker.endpoint.plan import role
from localcloud.sagemaker.errors import InvalidRequestError, ServiceError
from localcloud.sagemaker.store import Record, ResourceMissingError

_TTL_SECONDS = 6 * 3600
_TIMEOUT_SECONDS = 15 * 60
_NOT_SERVING = ("Creating", "Deleting", "Failed")


@dataclass(frozen=True)
class Item:
    """`body` is base64 of an inline body; `config` is the OutputConfig; `made` is when the endpoint was created."""

    id: str
    endpoint: str
    made: float
    role: str
    inference_id: str
    received: float
    output: str
    failure: str | None
    config: dict[str, Any]
    headers: dict[str, str]
    input: str | None
    body: str | None
    ttl: int
    timeout: int


def make(context: Context, name: str, headers: dict[str, str], body: bytes) -> Item:
    """The item of a request; raises the runtime's ServiceError. `headers` have names in lower case."""
    request = _request(name, headers)
    source = request.get("InputLocation")
    if bool(body) == bool(source):
        raise _invalid("Provide exactly one of Body and InputLocation.")
    if len(body) > LARGEST_INLINE:
        raise _invalid(str(too_large(LARGEST_INLINE)))
    if source is not None and not source.startswith("s3://"):
        raise _invalid(f"InputLocation {source} must be an s3:// URI (Dropforge local cloud).")
    record = _endpoint(context, name)
    plan = record.document["_plan"]
    output = plan["AsyncInferenceConfig"]["OutputConfig"]
    token = str(uuid.uuid4())
    parts = [request["S3OutputPathExtension"].strip("/")] if "S3OutputPathExtension" in request else []
    failure = output.get("S3FailurePath")
    return Item(
        id=token,
        endpoint=record.name,
        made=record.created,
        role=role(plan),
        inference_id=request.get("InferenceId", token),
        received=context.clock(),
        output=_join(output["S3OutputPath"], *parts, request.get("Filename", f"{token}.out")),
        failure=_join(failure, *parts, f"{token}-error.out") if failure else None,
        config=output,
        headers=_passed_on(request),
        input=source,
        body=base64.b64encode(body).decode() if source is None else None,
        ttl=request.get("RequestTTLSeconds", _TTL_SECONDS),
        timeout=request.get("InvocationTimeoutSeconds", _TIMEOUT_SECONDS),
    )


def _request(name: str, headers: dict[str, str]) -> dict[str, Any]:
    shape = wire.operation_model("sagemaker-runtime", "InvokeEndpointAsync").input_shape
    request: dict[str, Any] = {"EndpointName": name}
    for member, its_shape in shape.members.items():
        value = headers.get(its_shape.serialization.get("name", "").lower())
        if its_shape.serialization.get("location") == "header" and value is not None:
            request[member] = _number(member, value) if its_shape.type_name == "integer" else value
    try:
        validation.validate(shape, request)
    except InvalidRequestError as error:
        raise _invalid(error.message) from error
    return request


def _number(member: str, value: str) -> int:
    try:
        return int(value)
    except ValueError as error:
        raise _invalid(f"{member} must be a whole number, not {value}.") from error


def _endpoint(context: Context, name: str) -> Record:
    try:
        record = context.store.get(state.KIND, name)
    except ResourceMissingError:
        record = None
    if record is None or record.name != name or record.status in _NOT_SERVING:
        raise _invalid(f"Endpoint {name} of account {context.account} not found.")
    if not record.document["_plan"].get("AsyncInferenceConfig"):
        raise _invalid(f"Endpoint {name} of account {context.account} does not support this inference type.")
    return record


def _passed_on(request: dict[str, Any]) -> dict[str, str]:
    """What the model's container hears of the request."""
    names = {
        "ContentType": "content-type",
        "Accept": "accept",
        "CustomAttributes": "x-amzn-sagemaker-custom-attributes",
        "InferenceId": "x-amzn-sagemaker-inference-id",
    }
    return {header: request[member] for member, header in names.items() if member in request}


def _join(path: str, *parts: str) -> str:
    return "/".join((path.rstrip("/"), *parts))


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationError", message)
