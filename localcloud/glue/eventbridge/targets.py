"""One delivery to one target, under the permissions that AWS asks for: a role for state machines, the resource's
own policy for queues, topics and functions."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from collections.abc import Callable
from typing import Any

import botocore.exceptions

from localcloud.glue import callers, hooks

Json = dict[str, Any]
PRINCIPAL = "events.amazonaws.com"
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AuthorizationError", "NotAuthorized"})
_GONE = frozenset({"StateMachineDoesNotExist", "ResourceNotFoundException", "ResourceNotFound"})
_INVALID = frozenset({"InvalidExecutionInput", "ValidationException", "InvalidArn"})


class TargetError(RuntimeError):
    """A delivery failed and may work later. ``code`` is EventBridge's ERROR_CODE."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class HopelessError(TargetError):
    """A delivery failed in a way that a retry does not mend: EventBridge sends it to the DLQ at once."""


def send(body: Json) -> None:
    """Deliver one parcel's event. Raises HopelessError, TargetError."""
    arn = body["target"]["Arn"]
    text = body["event"] if body["input"] is None else body["input"]
    try:
        _BY_SERVICE[arn.split(":")[2]](body, arn, text)
    except callers.NotAllowedError as error:
        raise HopelessError("NO_PERMISSIONS", str(error)) from error


def _state_machine(body: Json, arn: str, text: str) -> None:
    role = body["target"].get("RoleArn")
    if not role:
        raise HopelessError("NO_PERMISSIONS", f"target {arn} has no RoleArn")
    principal = "scheduler.amazonaws.com" if ":scheduler:" in body["rule"] else PRINCIPAL
    client = callers.role_client("stepfunctions", role, principal, body["rule"])
    event_id = json.loads(body["event"]).get("id") or "event"
    try:
        # The name belongs to the parcel: a delivery repeated after a crash finds its execution.
        client.start_execution(stateMachineArn=arn, name=f"{event_id}_{body['token']}"[:80], input=text)
    except client.exceptions.ExecutionAlreadyExists:
        return
    except botocore.exceptions.ClientError as error:
        raise _translated(error) from error


def _translated(error: botocore.exceptions.ClientError) -> TargetError:
    code = error.response["Error"]["Code"]
    if code in _DENIED:
        return HopelessError("NO_PERMISSIONS", str(error))
    if code in _GONE:
        return HopelessError("NO_RESOURCE", str(error))
    if code in _INVALID:
        return HopelessError("SDK_CLIENT_ERROR", str(error))
    return TargetError("ERROR_FROM_TARGET", str(error))


def _function(body: Json, arn: str, text: str) -> None:
    lambda_svc = hooks.module("services.lambda_svc")
    func, config, name = lambda_svc._get_func_record_for_ref(arn)
    if not func or not config:
        raise HopelessError("NO_RESOURCE", f"there is no function {name}")
    callers.check_service("lambda:InvokeFunction", arn, PRINCIPAL, body["rule"])
    try:
        event = json.loads(text)
    except ValueError as error:
        raise HopelessError("INVALID_JSON", f"the input of {arn} is not JSON: {error}") from error
    lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(func, config), event)


def _queue(body: Json, arn: str, text: str) -> None:
    send_to_queue(arn, text, body["rule"], {}, body["target"].get("SqsParameters") or {})


def send_to_queue(arn: str, text: str, rule: str, attributes: dict[str, str], parameters: Json | None = None) -> None:
    """Put a message into a queue whose policy lets EventBridge do so for this rule.

    Raises HopelessError, callers.NotAllowedError."""
    sqs = hooks.module("services.sqs")
    queue = sqs._queue_by_arn(arn)
    if queue is None:
        raise HopelessError("NO_RESOURCE", f"there is no queue {arn}")
    callers.check_service("sqs:SendMessage", arn, PRINCIPAL, rule)
    typed = {key: {"DataType": "String", "StringValue": value or "-"} for key, value in attributes.items()}
    request: Json = {"MessageBody": text, "MessageAttributes": typed}
    if queue.get("is_fifo"):
        request["MessageGroupId"] = (parameters or {}).get("MessageGroupId")
        request["MessageDeduplicationId"] = hashlib.sha256(text.encode()).hexdigest()
    try:
        sqs._act_send_message(request, queue["url"])
    except sqs._Err as error:
        raise HopelessError("SDK_CLIENT_ERROR", f"{arn}: {error}") from error


def _topic(body: Json, arn: str, text: str) -> None:
    sns = hooks.module("services.sns")
    if sns.topic_policy_for_arn(arn) is None:
        raise HopelessError("NO_RESOURCE", f"there is no topic {arn}")
    callers.check_service("sns:Publish", arn, PRINCIPAL, body["rule"])
    try:
        sns.publish_internal(arn, text, "")
    except sns.SnsPublishError as error:
        raise HopelessError("SDK_CLIENT_ERROR", str(error)) from error


def _bus(body: Json, arn: str, text: str) -> None:
    events = hooks.module("services.eventbridge")
    spec = hooks.target("core.arn", "parse_arn")(arn)
    if spec.resource.partition("/")[2] not in events._event_buses:
        raise HopelessError("NO_RESOURCE", f"there is no event bus {arn}")
    record = body["record"]
    path = set(record.get("_DispatchPath") or [])
    rule = {"Name": body["name"], "EventBusName": body["bus"]}
    events._dispatch_to_event_bus(spec, record, rule, path, body["input"])


def _log_group(body: Json, arn: str, text: str) -> None:
    logs = hooks.module("services.cloudwatch_logs")
    name = arn.split(":log-group:", 1)[1].removesuffix(":*")
    group = logs._log_groups.get(name)
    if group is None:
        raise HopelessError("NO_RESOURCE", f"there is no log group {name}")
    now = int(time.time() * 1000)
    stream = {
        "events": [], "uploadSequenceToken": "1", "creationTime": now, "firstEventTimestamp": None,
        "lastEventTimestamp": None, "lastIngestionTime": None,
    }  # fmt: skip
    logs._append_log_events(stream, [{"timestamp": now, "message": text, "ingestionTime": now}])
    group["streams"][str(uuid.uuid4())] = stream


_BY_SERVICE: dict[str, Callable[[Json, str, str], None]] = {
    "states": _state_machine,
    "lambda": _function,
    "sqs": _queue,
    "sns": _topic,
    "events": _bus,
    "logs": _log_group,
}
