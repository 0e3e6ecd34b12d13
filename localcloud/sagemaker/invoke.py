"""sagemaker-runtime: InvokeEndpoint."""

from __future__ import annotations

import re
from urllib.parse import unquote

from localcloud.sagemaker import patterns, wire
from localcloud.sagemaker.context import Context
from localcloud.sagemaker.endpoint.fleet import Fleet, NotReadyError, NoVariantError
from localcloud.sagemaker.endpoint.invocation import (
    LARGEST_BODY,
    Answer,
    Call,
    Invocation,
    NotReachedError,
    unavailable,
)
from localcloud.sagemaker.endpoint.server import INVOCATION_SECONDS
from localcloud.sagemaker.errors import NotHereError, ServiceError
from localcloud.sagemaker.store import ResourceMissingError

_PATH = re.compile(r"^/endpoints/([^/]+)/(invocations|async-invocations|invocations-response-stream)$")
_OPERATIONS = {
    "invocations": "InvokeEndpoint",
    "async-invocations": "InvokeEndpointAsync",
    "invocations-response-stream": "InvokeEndpointWithResponseStream",
}
_NOT_HERE = {
    "x-amzn-sagemaker-target-model": "TargetModel",
    "x-amzn-sagemaker-target-container-hostname": "TargetContainerHostname",
    "x-amzn-sagemaker-inference-component": "InferenceComponentName",
    "x-amzn-sagemaker-enable-explanations": "EnableExplanations",
    "x-amzn-sagemaker-session-id": "SessionId",
    "x-amzn-sagemaker-prefix-aware-id": "PrefixAwareId",
}
# How long a call waits for a server that is being started again before it is told to come back.
_READY_SECONDS = 20.0
_ATTEMPTS = 3


def invoke(context: Context, path: str, headers: dict[str, str], body: bytes) -> Answer:
    """Answer one call of the runtime's REST interface; raises ServiceError. Blocks up to a minute and more."""
    match = _PATH.match(path.split("?", maxsplit=1)[0])
    if match is None:
        raise ServiceError("UnknownOperationException", f"No operation of sagemaker-runtime at {path}", status=404)
    operation = _OPERATIONS[match[2]]
    if operation != "InvokeEndpoint":
        raise NotHereError(operation)
    call = Call(unquote(match[1]), headers, body)
    _check(call)
    fleet = _fleet(context, call.endpoint)
    target = headers.get("x-amzn-sagemaker-target-variant")
    for _ in range(_ATTEMPTS):
        try:
            with fleet.call(target, _READY_SECONDS) as (variant, instance):
                return Invocation(context, call, variant).run(instance)
        except NotReachedError:
            continue
        except NoVariantError as error:
            raise _invalid(f"Variant {error} not found for endpoint {call.endpoint}.") from error
        except NotReadyError as error:
            raise unavailable() from error
    raise unavailable()


def _check(call: Call) -> None:
    shape = wire.operation_model("sagemaker-runtime", "InvokeEndpoint").input_shape
    for name, member in shape.members.items():
        header = member.serialization.get("name", "").lower()
        value = call.endpoint if name == "EndpointName" else call.headers.get(header)
        if name == "Body" or value is None:
            continue
        longest, pattern = member.metadata.get("max"), member.metadata.get("pattern")
        where = f"1 validation error detected: Value at '{name[0].lower()}{name[1:]}' failed to satisfy constraint: "
        if longest is not None and len(value) > longest:
            raise _invalid(f"{where}Member must have length less than or equal to {longest}")
        if pattern is not None and not patterns.matches(pattern, value):
            raise _invalid(f"{where}Member must satisfy regular expression pattern: {pattern}")
    for header, name in _NOT_HERE.items():
        if header in call.headers:
            raise NotHereError(f"InvokeEndpoint with {name}")
    if len(call.body) > LARGEST_BODY:
        raise _invalid(
            "1 validation error detected: Value at 'body' failed to satisfy constraint: Member must have length less "
            f"than or equal to {LARGEST_BODY}"
        )


def _fleet(context: Context, name: str) -> Fleet:
    """The fleet that serves; a name must be matched with its case, other than in the control plane."""
    try:
        record = context.store.get("endpoint", name)
    except ResourceMissingError as error:
        raise _not_found(context, name) from error
    if record.name != name or record.status in ("Creating", "Failed", "Deleting"):
        raise _not_found(context, name)
    live = context.endpoints.get(name)
    # After a restart the endpoint is in service before its processes are up again.
    live.serving.wait(INVOCATION_SECONDS)
    if live.fleet is None:
        raise unavailable()
    return live.fleet


def _invalid(message: str) -> ServiceError:
    return ServiceError("ValidationError", message)


def _not_found(context: Context, name: str) -> ServiceError:
    return _invalid(f"Endpoint {name} of account {context.account} not found.")
