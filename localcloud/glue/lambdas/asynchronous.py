"""Asynchronous invocations: accepted on disk, tried three times, then the DLQ and the destinations.

Lambda developer guide, "How Lambda handles errors and retries with asynchronous invocation" and "Capturing
records of Lambda asynchronous invocations". Waits of one and two minutes are divided by the time scale.
"""

from __future__ import annotations

import json
import logging
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from localcloud.glue import callers, hooks
from localcloud.glue.outbox import Again, Outbox, Parcel

Json = dict[str, Any]
logger = logging.getLogger("dropforge.lambda")
KIND = "lambda"
_WAITS = (60.0, 120.0)  # seconds before the first and the second retry
_MAX_AGE = 6 * 3600
_PRINCIPAL = "lambda.amazonaws.com"


class Asynchronous:
    """The queue in front of every function, and where its failures go."""

    def __init__(self, outbox: Outbox, time_scale: float) -> None:
        self._outbox = outbox
        self._scale = time_scale
        outbox.register(KIND, self.deliver)

    def accept(self, func: Json, event: Any) -> str:
        """Queue an event for a function (ministack's ``invoke_async_with_retry``). Returns the request id."""
        config = func.get("config") or func
        request_id = str(uuid.uuid4())
        body = {
            "function": config["FunctionArn"],
            "version": config.get("Version", "$LATEST"),
            "event": event,
            "request": request_id,
        }
        self._outbox.add(KIND, body)
        return request_id

    def deliver(self, parcel: Parcel) -> None:
        """Invoke once; raises ``Again`` while retries remain."""
        func = _function(parcel.body["function"])
        if func is None:
            logger.warning("%s is gone: its event is dropped", parcel.body["function"])
            return
        settings = _settings(func)
        max_age = float(settings.get("MaximumEventAgeInSeconds") or _MAX_AGE) / self._scale
        age = time.time() - parcel.accepted
        result = hooks.target("services.lambda_svc", "_execute_function_with_config_scope")(func, parcel.body["event"])
        if not result.get("error"):
            self._tell(parcel, func, "Success", result)
            return
        retries = settings.get("MaximumRetryAttempts")
        retries = len(_WAITS) if retries is None else int(retries)
        if result.get("throttle") and age < max_age:  # not counted as an attempt: Lambda tries for six hours
            raise Again(1 / self._scale, "throttled")
        if parcel.attempts < retries:
            wait = _WAITS[min(parcel.attempts, len(_WAITS) - 1)] / self._scale
            if age + wait < max_age:
                raise Again(wait, "function error")
        exhausted = parcel.attempts >= retries
        self._dead_letter(parcel, func, result)
        condition = "RetriesExhausted" if exhausted else "EventAgeExceeded"
        self._tell(parcel, func, condition, result)

    def _dead_letter(self, parcel: Parcel, func: Json, result: Json) -> None:
        arn = (func["config"].get("DeadLetterConfig") or {}).get("TargetArn")
        if not arn:
            return
        body = result.get("body")
        message = str(body.get("errorMessage", ""))[:1024] if isinstance(body, dict) else ""
        attributes = {
            "RequestID": {"DataType": "String", "StringValue": parcel.body["request"]},
            "ErrorCode": {"DataType": "Number", "StringValue": "200"},
            "ErrorMessage": {"DataType": "String", "StringValue": message or "-"},
        }
        self._send(func, arn, json.dumps(parcel.body["event"]), attributes, "")

    def _tell(self, parcel: Parcel, func: Json, condition: str, result: Json) -> None:
        """Send the record of an invocation that is over to its destination."""
        failed = condition != "Success"
        destinations = _settings(func).get("DestinationConfig") or {}
        arn = (destinations.get("OnFailure" if failed else "OnSuccess") or {}).get("Destination")
        if not arn:
            return
        context: Json = {"statusCode": 200, "executedVersion": func["config"].get("Version", "$LATEST")}
        if failed:
            context["functionError"] = result.get("function_error") or "Unhandled"
        record = {
            "version": "1.0",
            "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "requestContext": {
                "requestId": parcel.body["request"], "functionArn": f"{_unqualified(parcel.body['function'])}:$LATEST",
                "condition": condition, "approximateInvokeCount": parcel.attempts + 1,
            },
            "requestPayload": parcel.body["event"], "responseContext": context, "responsePayload": result.get("body"),
        }  # fmt: skip
        detail_type = f"Lambda Function Invocation Result - {'Failure' if failed else 'Success'}"
        self._send(func, arn, json.dumps(record), {}, detail_type)

    def _send(self, func: Json, arn: str, body: str, attributes: Json, detail_type: str) -> None:
        """Send with the function's own role, as Lambda does. What is refused is logged and counted."""
        role, service = func["config"]["Role"], arn.split(":")[2]
        try:
            client = callers.role_client(service, role, _PRINCIPAL, func["config"]["FunctionArn"])
            if service == "sqs":
                client.send_message(QueueUrl=_queue_url(arn), MessageBody=body, MessageAttributes=attributes)
            elif service == "sns":
                client.publish(TopicArn=arn, Message=body, MessageAttributes=attributes)
            elif service == "lambda":
                client.invoke(FunctionName=arn, InvocationType="Event", Payload=body.encode())
            else:
                entry = {"Source": "lambda", "DetailType": detail_type, "Detail": body, "EventBusName": arn,
                         "Resources": [f"{_unqualified(func['config']['FunctionArn'])}:$LATEST", arn]}  # fmt: skip
                client.put_events(Entries=[entry])
        except Exception as error:
            name = func["config"]["FunctionName"]
            logger.error("%s: its failed event could not be sent to %s: %s", name, arn, error)  # noqa: TRY400
            hooks.target("services.cloudwatch", "record_metric")(
                "AWS/Lambda", "DeadLetterErrors", 1, "Count", {"FunctionName": name}
            )


def _settings(func: Json) -> Json:
    """The function's event invoke configuration; {} where there is none."""
    return func.get("event_invoke_config") or (func.get("event_invoke_configs") or {}).get("$LATEST") or {}


def _unqualified(arn: str) -> str:
    return ":".join(arn.split(":")[:7])


def _queue_url(arn: str) -> str:
    queue = hooks.target("services.sqs", "_queue_by_arn")(arn)
    if queue is None:
        raise LookupError(f"there is no queue {arn}")
    return str(queue["url"])


def _function(arn: str) -> Json | None:
    lambda_svc = hooks.module("services.lambda_svc")
    func, config, _ = lambda_svc._get_func_record_for_ref(arn)
    if not func or not config:
        return None
    record: Json = lambda_svc._execution_record_for_config(func, config)
    # A version's record carries code and configuration only; where failures go belongs to the function.
    return {**func, **record}
