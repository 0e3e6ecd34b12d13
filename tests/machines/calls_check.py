"""Is a task's call one that AWS takes? From botocore's models, and from what those do not say."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from moto.dynamodb.parsing.reserved_keywords import ReservedKeywords

from localcloud.glue.stepfunctions import models
from localcloud.glue.stepfunctions.resources import Resource
from tests.machines.harness import Call
from tests.unit.botocore_check import complaints

# What Step Functions takes as JSON and hands on as text ("connect-eventbridge", "connect-stepfunctions").
JSON_MEMBERS = {("events", "Detail"), ("states", "Input")}
EXPRESSIONS = (
    "ConditionExpression", "FilterExpression", "KeyConditionExpression", "ProjectionExpression", "UpdateExpression",
)  # fmt: skip
SYNTAX = {"SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "IN", "BETWEEN"}
EVENT_FIELDS = {"version", "id", "project", "run", "drop", "cause"}
PROTOCOLS = {"default", "email", "email-json", "sms", "sqs", "lambda", "http", "https", "application", "firehose"}
ENTRY_LIMIT, MESSAGE_LIMIT = 1024 * 1024, 256 * 1024


def wrong(call: Call) -> list[str]:
    """What AWS, or a reader of the event, would complain about; empty if nothing."""
    if call.resource.service == "lambda":
        return []
    shape = models.service_model(call.resource.client).operation_model(call.resource.operation).input_shape
    request = wire(shape, call.arguments, call.resource)
    found = complaints(call.resource.client, call.resource.operation, request)
    further = {"dynamodb": _dynamodb, "events": _events, "s3": _s3, "sns": _sns, "states": _states}
    check = further.get(call.resource.service)
    return found + (list(check(call.arguments)) if check else [])


def wire(shape: Any, value: Any, resource: Resource) -> Any:
    """Arguments as the API has them: its own spelling, JSON where Step Functions writes JSON."""
    if shape.type_name == "structure" and isinstance(value, dict):
        names = {name[:1].upper() + name[1:]: name for name in shape.members}
        return {names.get(key, key): _member(shape, names.get(key), key, value[key], resource) for key in value}
    if shape.type_name == "list" and isinstance(value, list):
        return [wire(shape.member, item, resource) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: wire(shape.value, item, resource) for key, item in value.items()}
    return json.dumps(value) if shape.type_name == "blob" else value


def _member(shape: Any, name: str | None, key: str, value: Any, resource: Resource) -> Any:
    if name is None:
        return value
    if (resource.service, key) in JSON_MEMBERS and resource.kind == "optimised":
        return json.dumps(value)
    return wire(shape.members[name], value, resource)


def _dynamodb(arguments: dict[str, Any]) -> Iterator[str]:
    """DynamoDB refuses reserved words, what an expression uses and nobody defines, and what is defined and unused."""
    text = " ".join(arguments.get(name, "") for name in EXPRESSIONS)
    for mark, member in (("#", "ExpressionAttributeNames"), (":", "ExpressionAttributeValues")):
        used, defined = set(re.findall(rf"{mark}\w+", text)), set(arguments.get(member, {}))
        yield from (f"{name} is not defined" for name in used - defined)
        yield from (f"{name} is not used" for name in defined - used)
    for word in re.findall(r"(?<![#:\w])[A-Za-z_]\w*(?!\w*\()", text):
        if word.upper() in ReservedKeywords.get_reserved_keywords() and word not in SYNTAX:
            yield f"{word} is a reserved word"
    values = [*arguments.get("Item", {}).values(), *arguments.get("ExpressionAttributeValues", {}).values()]
    for value in values:
        if len(value) != 1:
            yield f"{value} must have one type"
        if not re.fullmatch(r"-?\d+(\.\d+)?", value.get("N", "0")):
            yield f"{value} is no number"
    for name, value in (arguments.get("Key") or arguments.get("Item") or {}).items():
        if name in ("pk", "sk") and not value["S"]:
            yield f"the key {name} is empty"


def _events(arguments: dict[str, Any]) -> Iterator[str]:
    """Our events have six fields; EventBridge takes entries of less than 1 MB."""
    for entry in arguments["Entries"]:
        detail = entry["Detail"]
        yield from (f"Detail has no {name}" for name in EVENT_FIELDS - detail.keys())
        for name in ("id", "project", "cause"):
            if not isinstance(detail.get(name), str) or not detail[name]:
                yield f"Detail's {name} is not a text"
        if len(json.dumps(entry).encode()) >= ENTRY_LIMIT:
            yield "the entry is too large"


def _s3(arguments: dict[str, Any]) -> Iterator[str]:
    if isinstance(arguments.get("Body"), str):
        yield "Body is a text: Step Functions would store it with quotation marks"


def _sns(arguments: dict[str, Any]) -> Iterator[str]:
    """`MessageStructure: json` ("SNS API reference, Publish") and what a subject may be."""
    message = json.loads(arguments["Message"])
    if "default" not in message:
        yield "Message has no default"
    yield from (f"Message has {name}, which is no protocol" for name in message.keys() - PROTOCOLS)
    yield from (f"Message.{name} is no text" for name, text in message.items() if not isinstance(text, str))
    if len(arguments["Message"].encode()) > MESSAGE_LIMIT:
        yield "Message is too large"
    if not re.fullmatch(r"[!-~][ -~]{0,98}", arguments["Subject"]):
        yield f"Subject {arguments['Subject']!r} is not 1 to 99 characters of ASCII"


def _states(arguments: dict[str, Any]) -> Iterator[str]:
    """StartExecution: names that CloudWatch Logs can have too; without one the execution has a UUID."""
    if "Name" in arguments and not re.fullmatch(r"[A-Za-z0-9_-]{1,80}", arguments["Name"]):
        yield f"Name {arguments['Name']!r} cannot name an execution"
