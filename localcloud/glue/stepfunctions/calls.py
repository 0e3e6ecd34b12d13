"""One API call of a task: arguments in, result out, errors under the names that Step Functions gives them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from localcloud.glue.stepfunctions import models
from localcloud.glue.stepfunctions.errors import PAYLOAD_LIMIT, StateError
from localcloud.glue.stepfunctions.expressions import compact
from localcloud.glue.stepfunctions.identity import Identity
from localcloud.glue.stepfunctions.resources import Resource


@dataclass(frozen=True)
class Names:
    """How the errors of a service are called: prefix, class of what is not modelled, "Service:" in causes."""

    prefix: str
    base: str
    service: str


# Optimised integrations use the AWS SDK for Java 1, whose names are not regular.
_OPTIMISED = {
    "dynamodb": Names("DynamoDB", "AmazonDynamoDBException", "AmazonDynamoDBv2"),
    "sns": Names("SNS", "AmazonSNSException", "AmazonSNS"),
    "sqs": Names("SQS", "AmazonSQSException", "AmazonSQS"),
    "events": Names("EventBridge", "AmazonEventBridgeException", "AmazonEventBridge"),
    "states": Names("StepFunctions", "AWSStepFunctionsException", "AWSStepFunctions"),
    "sagemaker": Names("SageMaker", "AmazonSageMakerException", "AmazonSageMaker"),
    "lambda": Names("Lambda", "AWSLambdaException", "AWSLambda"),
}
# HEAD requests have no body, hence no code: the SDK knows what is missing by the operation.
_HEAD = {"HeadObject": "NoSuchKey", "HeadBucket": "NoSuchBucket"}


def names(resource: Resource) -> Names:
    """Return how errors of this integration are called."""
    if resource.kind != "sdk":
        return _OPTIMISED[resource.service]
    prefix = models.pascal(str(models.service_model(resource.client).metadata["serviceId"]))
    return Names(prefix, f"{prefix}Exception", prefix)


def call(identity: Identity, resource: Resource, arguments: dict[str, Any]) -> dict[str, Any]:
    """Make the call that a Resource names and return the task's result. Raises StateError."""
    result = invoke(identity, resource, resource.operation, arguments)
    model = models.service_model(resource.client).operation_model(resource.operation)
    _check_stream(resource, result)
    converted = models.response(model, result, optimised=resource.kind != "sdk")
    if resource.kind != "sdk" and resource.service != "events":
        converted |= metadata(result)
    return converted


def invoke(identity: Identity, resource: Resource, operation: str, arguments: Any) -> dict[str, Any]:
    """Call an operation of the resource's service; return what botocore returned. Raises StateError."""
    model = models.service_model(resource.client).operation_model(operation)
    if not isinstance(arguments, dict):
        raise StateError("States.Runtime", f"{resource.arn}: Arguments must be an object, not {compact(arguments)}")
    try:
        parameters = models.request(model, arguments)
        client = identity.client(resource.client)
        answer: dict[str, Any] = getattr(client, xform_name(operation))(**parameters)
    except KeyError as error:
        raise StateError(
            "States.Runtime",
            f"The Arguments '{compact(arguments)}' could not be used to start the Task: "
            f"[The field {error.args[0]!r} is not supported by Step Functions]",
        ) from error
    except ParamValidationError as error:
        raise StateError(
            "States.Runtime",
            f"The Arguments '{compact(arguments)}' could not be used to start the Task: [{error}]",
        ) from error
    except ClientError as error:
        raise failure(resource, operation, error) from error
    except BotoCoreError as error:
        raise StateError(f"{names(resource).prefix}.SdkClientException", str(error)) from error
    return answer


def failure(resource: Resource, operation: str, error: ClientError) -> StateError:
    """Return the task failure for an error response, e.g. S3.NoSuchKeyException or DynamoDb.DynamoDbException."""
    named = names(resource)
    code = str(error.response.get("Error", {}).get("Code", ""))
    code = _HEAD.get(operation, code) if code == "404" else code
    code = code.rsplit("#", 1)[-1]
    status = error.response["ResponseMetadata"].get("HTTPStatusCode")
    request_id = error.response["ResponseMetadata"].get("RequestId", "-")
    message = error.response.get("Error", {}).get("Message", "")
    if resource.kind == "sdk":
        details = f"Service: {named.service}, Status Code: {status}, Request ID: {request_id}"
    else:
        details = (
            f"Service: {named.service}; Status Code: {status}; Error Code: {code}; "
            f"Request ID: {request_id}; Proxy: null"
        )
    name = models.modelled_error(resource.client, operation, code) or named.base
    return StateError(f"{named.prefix}.{name}", f"{message} ({details})")


def metadata(result: dict[str, Any]) -> dict[str, Any]:
    """Return what the SDK for Java 1 adds to a result."""
    answer = result.get("ResponseMetadata", {})
    headers = dict(answer.get("HTTPHeaders", {}))
    return {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {key: [value] for key, value in headers.items()},
            "HttpHeaders": headers,
            "HttpStatusCode": answer.get("HTTPStatusCode"),
        },
        "SdkResponseMetadata": {"RequestId": answer.get("RequestId")},
    }


def _check_stream(resource: Resource, result: dict[str, Any]) -> None:
    length = result.get("ContentLength")
    if any(hasattr(value, "read") for value in result.values()) and (length or 0) > PAYLOAD_LIMIT:
        raise too_large(resource)


def too_large(resource: Resource) -> StateError:
    """Return the failure of a task whose result does not fit into a state."""
    return StateError(
        "States.DataLimitExceeded",
        f"The state/task '{resource.history['resourceType']}' returned a result with a size exceeding the "
        "maximum number of bytes service limit.",
    )
