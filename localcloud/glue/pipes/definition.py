"""What a pipe is: its parameters checked as AWS checks them, kept on its record, and shown by DescribePipe."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import pipes
from ministack.services.cloudformation import provisioners

from localcloud.glue import callers, hooks

Json = dict[str, Any]
# Set by install: called when a pipe may have something to do.
on_change: Callable[[], None] = lambda: None  # noqa: E731
_KEPT = ("SourceParameters", "TargetParameters")
_REQUEST = {"Name", "Source", "Target", "RoleArn", "DesiredState", "Description", "Tags", *_KEPT}
_SOURCE = {"DynamoDBStreamParameters", "FilterCriteria"}
_STREAM = {
    "StartingPosition", "BatchSize", "MaximumRetryAttempts", "MaximumRecordAgeInSeconds", "DeadLetterConfig",
    "MaximumBatchingWindowInSeconds", "ParallelizationFactor",
}  # fmt: skip
_TARGET = {"InputTemplate", "StepFunctionStateMachineParameters", "SqsQueueParameters", "EventBridgeEventBusParameters",
           "LambdaFunctionParameters"}  # fmt: skip
_TARGETS = {"states", "sqs", "sns", "lambda", "events"}
_READ = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams")
PRINCIPAL = "pipes.amazonaws.com"


class PipeError(ValueError):
    """A pipe's definition is refused; the message names the member."""


def create(name: str, body: Json) -> Any:
    """Answer CreatePipe."""
    if name in pipes._pipes:
        return pipes._error(409, "ConflictException", f"Pipe {name} already exists.")
    try:
        pipe = _register(name, body)
    except (PipeError, callers.NotAllowedError, ValueError) as error:
        return pipes._error(400, "ValidationException", str(error))
    return pipes._json_resp(200, pipes._lifecycle_response(pipe))


def provision(logical_id: str, props: Json, stack_name: str) -> tuple[str, Json]:
    """Create an AWS::Pipes::Pipe. Raises PipeError, callers.NotAllowedError."""
    name = props.get("Name") or provisioners._physical_name(stack_name, logical_id, max_len=64)
    if name in pipes._pipes:
        raise PipeError(f"Pipe {name} already exists.")
    tags = provisioners._tag_map(props.get("Tags"))
    body = {key: props[key] for key in props if key != "Tags"}
    pipe = _register(name, {**body, "Tags": tags})
    return name, {"Arn": pipe["Arn"], "Name": name, "CurrentState": pipe["CurrentState"]}


def reprovisioned(update: Any) -> Any:
    """Wrap ministack's update of AWS::Pipes::Pipe: the parameters change in place too."""

    def run(physical_id: str, old: Json, new: Json, stack_name: str, logical_id: str | None = None) -> Any:
        if not provisioners._requires_replacement("AWS::Pipes::Pipe", old, new) and old.get("Name") == new.get("Name"):
            _check(dict(new))
        result = update(physical_id, old, new, stack_name, logical_id)
        _keep(pipes._pipes[result[0]], new)
        return result

    return run


def updated(update: Any) -> Any:
    """Wrap UpdatePipe: parameters that are given replace those that are there."""

    def run(name: str, body: Json) -> Any:
        answer = update(name, body)
        if answer[0] < 400 and name in pipes._pipes:  # noqa: PLR2004
            _keep(pipes._pipes[name], {**pipes._pipes[name], **body})
        return answer

    return run


def described(describe: Any) -> Any:
    """Wrap DescribePipe's answer: it shows the parameters."""
    return lambda pipe: {**describe(pipe), **{key: pipe[key] for key in _KEPT if pipe.get(key)}}


def _register(name: str, body: Json) -> Json:
    _check({**body, "Name": name})
    stream = (body.get("SourceParameters") or {}).get("DynamoDBStreamParameters") or {}
    # Stopped until its parameters are there: a pipe without its filter would pass everything on.
    pipe: Json = pipes.register_pipe(
        name=name, source=body["Source"], target=body["Target"], role_arn=body["RoleArn"], desired_state="STOPPED",
        starting_position=stream.get("StartingPosition", "LATEST"), tags=body.get("Tags") or {},
        description=body.get("Description") or "",
    )  # fmt: skip
    _keep(pipe, body)
    pipe["DesiredState"] = pipe["CurrentState"] = str(body.get("DesiredState") or "RUNNING").upper()
    pipes._pipes[name] = pipe
    on_change()
    return pipe


def _keep(pipe: Json, body: Json) -> None:
    for key in _KEPT:
        pipe[key] = json.loads(json.dumps(body.get(key) or {}))
    pipes._pipes[pipe["Name"]] = pipe
    on_change()


def _check(body: Json) -> None:
    name = body["Name"]
    for member in ("Source", "Target", "RoleArn"):
        if not body.get(member):
            raise PipeError(f"Pipe {name}: {member} is required.")
    _known(name, "", body, _REQUEST)
    source, target = body.get("SourceParameters") or {}, body.get("TargetParameters") or {}
    _known(name, "SourceParameters.", source, _SOURCE)
    _known(name, "SourceParameters.DynamoDBStreamParameters.", source.get("DynamoDBStreamParameters") or {}, _STREAM)
    _known(name, "TargetParameters.", target, _TARGET)
    if pipes._dynamodb_stream_source(body["Source"]) is None:
        raise PipeError(
            f"Pipe {name}: Source {body['Source']} is no DynamoDB stream; the local cloud has no other source."
        )
    service = body["Target"].split(":")[2]
    if service not in _TARGETS:
        raise PipeError(
            f"Pipe {name}: Target {body['Target']}: the local cloud delivers to {', '.join(sorted(_TARGETS))}."
        )
    invocation = (target.get("StepFunctionStateMachineParameters") or {}).get("InvocationType", "REQUEST_RESPONSE")
    if service == "states" and invocation != "FIRE_AND_FORGET":
        raise PipeError(
            f"Pipe {name}: a Standard state machine needs StepFunctionStateMachineParameters.InvocationType "
            "FIRE_AND_FORGET."
        )
    for number, criterion in enumerate((source.get("FilterCriteria") or {}).get("Filters") or []):
        reason = hooks.target("services.eventbridge", "_event_pattern_error")(criterion.get("Pattern", ""))
        if reason:
            raise PipeError(f"Pipe {name}: FilterCriteria.Filters[{number}] is not valid. Reason: {reason}")
    arn = f"arn:aws:pipes:{get_region()}:{get_account_id()}:pipe/{name}"
    callers.check_trust(body["RoleArn"], PRINCIPAL, arn)
    for action in _READ:
        # ListStreams has the streams of the table as its resource type, DescribeStream and the others the stream.
        callers.check_role(body["RoleArn"], action, body["Source"])


def _known(name: str, prefix: str, value: Json, allowed: set[str]) -> None:
    unknown = sorted(set(value) - allowed)
    if unknown:
        raise PipeError(f"Pipe {name}: the local cloud does not act on {prefix}{f', {prefix}'.join(unknown)}.")
