"""One batch of a pipe: which records pass its filter, what the target gets, and where a failed batch is told."""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

from localcloud.glue import callers, hooks
from localcloud.glue.eventbridge import payload

Json = dict[str, Any]
logger = logging.getLogger("dropforge.pipes")
PRINCIPAL = "pipes.amazonaws.com"
_PLACEHOLDER = re.compile(r"<([^<>]+)>")


class _Record:
    """A stream record as EventBridge's matcher wants to see an event."""

    def __init__(self, record: Json) -> None:
        self._record = record

    def envelope(self) -> Json:
        return self._record

    event_with_detail = envelope


def passes(pipe: Json, record: Json) -> bool:
    """Whether one of the pipe's filters matches the record; without filters all pass."""
    filters = ((pipe.get("SourceParameters") or {}).get("FilterCriteria") or {}).get("Filters") or []
    match = hooks.target("services.eventbridge", "_matches_pattern_view")
    return not filters or any(match(each["Pattern"], _Record(record), pipe["Name"]) for each in filters)


def send(pipe: Json, batch: list[Json]) -> None:
    """Give a batch to the target with the pipe's role. Raises what the service answers."""
    arn, parameters = pipe["Target"], pipe.get("TargetParameters") or {}
    items = [_rendered(pipe, parameters.get("InputTemplate"), record) for record in batch]
    service = arn.split(":")[2]
    name = "stepfunctions" if service == "states" else service
    client = callers.role_client(name, pipe["RoleArn"], PRINCIPAL, pipe["Arn"])
    if service == "states":
        client.start_execution(stateMachineArn=arn, input=json.dumps(items))
    elif service == "lambda":
        fire = (parameters.get("LambdaFunctionParameters") or {}).get("InvocationType") == "FIRE_AND_FORGET"
        answer = client.invoke(
            FunctionName=arn, InvocationType="Event" if fire else "RequestResponse", Payload=json.dumps(items)
        )
        if answer.get("FunctionError"):
            raise RuntimeError(answer["Payload"].read().decode("utf-8", "replace"))
    else:
        for item in items:
            _send_one(client, service, arn, parameters, item if isinstance(item, str) else json.dumps(item))


def _send_one(client: Any, service: str, arn: str, parameters: Json, text: str) -> None:
    if service == "sqs":
        queue = parameters.get("SqsQueueParameters") or {}
        options = {key: queue[key] for key in ("MessageGroupId", "MessageDeduplicationId") if key in queue}
        client.send_message(
            QueueUrl=hooks.target("services.sqs", "_queue_by_arn")(arn)["url"], MessageBody=text, **options
        )
    elif service == "sns":
        client.publish(TopicArn=arn, Message=text)
    else:
        bus = parameters.get("EventBridgeEventBusParameters") or {}
        entry = {
            "EventBusName": arn,
            "Source": bus.get("Source", "Pipe"),
            "DetailType": bus.get("DetailType", "Event from Pipe"),
            "Detail": text,
            "Resources": bus.get("Resources") or [],
        }
        answer = client.put_events(Entries=[entry])
        if answer["FailedEntryCount"]:
            raise RuntimeError(str(answer["Entries"]))


def _rendered(pipe: Json, template: str | None, record: Json) -> Any:
    if not template:
        return record
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    known = {
        "aws.pipes.pipe-arn": pipe["Arn"], "aws.pipes.pipe-name": pipe["Name"], "aws.pipes.source-arn": pipe["Source"],
        "aws.pipes.target-arn": pipe["Target"], "aws.pipes.event.ingestion-time": now, "aws.pipes.event": record,
        "aws.pipes.event.json": record,
    }  # fmt: skip
    values = {}
    for name in set(_PLACEHOLDER.findall(template)):
        found = payload.select(name, record) if name.startswith("$") else known.get(name, payload.MISSING)
        values[name] = "" if found is payload.MISSING else found
    text = hooks.target("services.eventbridge", "_render_input_template")(template, values)
    try:
        return json.loads(text)
    except ValueError:
        return text


def keep_failed(pipe: Json, batch: list[Json], condition: str, attempts: int) -> None:
    """Tell the pipe's dead-letter queue or topic which records were not delivered (not the records themselves)."""
    stream = (pipe.get("SourceParameters") or {}).get("DynamoDBStreamParameters") or {}
    arn = (stream.get("DeadLetterConfig") or {}).get("Arn")
    logger.error("pipe %s: %d record(s) given up: %s", pipe["Name"], len(batch), condition)
    if not arn:
        return
    times = [float(record["dynamodb"]["ApproximateCreationDateTime"]) for record in batch]
    message = json.dumps({
        "context": {"partnerResourceArn": pipe["Arn"], "condition": condition, "approximateInvokeCount": attempts},
        "version": "1.0",
        "timestamp": _iso(datetime.now(UTC).timestamp()),
        "DDBStreamBatchInfo": {
            "shardId": "shardId-00000000000000000000-00000000", "batchSize": len(batch), "streamArn": pipe["Source"],
            "startSequenceNumber": batch[0]["dynamodb"]["SequenceNumber"],
            "endSequenceNumber": batch[-1]["dynamodb"]["SequenceNumber"],
            "approximateArrivalOfFirstRecord": _iso(times[0]), "approximateArrivalOfLastRecord": _iso(times[-1]),
        },
    })  # fmt: skip
    service = arn.split(":")[2]
    try:
        client = callers.role_client(service, pipe["RoleArn"], PRINCIPAL, pipe["Arn"])
        if service == "sqs":
            client.send_message(QueueUrl=hooks.target("services.sqs", "_queue_by_arn")(arn)["url"], MessageBody=message)
        else:
            client.publish(TopicArn=arn, Message=message)
    except Exception:
        logger.exception("pipe %s: and its dead-letter target %s cannot be told", pipe["Name"], arn)


def _iso(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
