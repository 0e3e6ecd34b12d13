"""Properties that ministack's provisioners leave out, applied through the services' own operations."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ministack.services import dynamodb, eventbridge, lambda_svc, s3, sns

from localcloud.glue.cloudformation import buckets
from localcloud.glue.lambdas import mapping

Json = dict[str, Any]
Apply = Callable[[str, Json, Json], None]


class RefusedPropertyError(ValueError):
    """A service refused what a property asks for; the message is the service's."""


@dataclass(frozen=True)
class Supplement:
    """``apply(physical id, properties, previous properties)`` acts on ``properties``, after the provisioner."""

    properties: frozenset[str]
    apply: Apply


def _check(answer: tuple[int, Any, Any], what: str) -> None:
    status, _, body = answer
    if status >= 400:  # noqa: PLR2004
        text = body.decode("utf-8", "replace") if isinstance(body, bytes) else str(body)
        raise RefusedPropertyError(f"{what}: {text}")


def _bucket(name: str, props: Json, previous: Json) -> None:
    for prop, (operation, member, convert) in buckets.CONFIGURATIONS.items():
        if prop in props:
            body = buckets.request_body(operation, name, member, convert(props[prop]))
            put = getattr(s3, buckets.HANDLERS[prop][0])
            _check(put(name, body), f"AWS::S3::Bucket {prop}")
        elif prop in previous and buckets.HANDLERS[prop][1]:
            getattr(s3, buckets.HANDLERS[prop][1])(name)


def _table(name: str, props: Json, previous: Json) -> None:
    ttl = props.get("TimeToLiveSpecification")
    if ttl and ttl != previous.get("TimeToLiveSpecification"):
        answer = dynamodb._update_ttl(
            {
                "TableName": name,
                "TimeToLiveSpecification": {
                    "AttributeName": ttl.get("AttributeName", ""),
                    "Enabled": _true(ttl.get("Enabled")),
                },
            }
        )
        _check(answer, "AWS::DynamoDB::Table TimeToLiveSpecification")
    recovery = props.get("PointInTimeRecoverySpecification") or {}
    wanted = {"PointInTimeRecoveryEnabled": _true(recovery.get("PointInTimeRecoveryEnabled"))}
    _check(
        dynamodb._update_continuous_backups({"TableName": name, "PointInTimeRecoverySpecification": wanted}),
        "AWS::DynamoDB::Table PointInTimeRecoverySpecification",
    )
    encryption = props.get("SSESpecification")
    if encryption and encryption != previous.get("SSESpecification"):
        wanted = {
            **encryption,
            "Enabled": _true(encryption.get("SSEEnabled")),
            "SSEType": encryption.get("SSEType", "KMS"),
        }
        answer = dynamodb._update_table({"TableName": name, "SSESpecification": wanted})
        _check(answer, "AWS::DynamoDB::Table SSESpecification")


def _function(name: str, props: Json, previous: Json) -> None:
    func = lambda_svc._functions[name]
    if not func.get("code_zip"):
        code = json.dumps(props.get("Code", {}))
        raise RefusedPropertyError(f"AWS::Lambda::Function Code: nothing can be read at {code}")
    target = props.get("DeadLetterConfig")
    if target != previous.get("DeadLetterConfig"):
        error = lambda_svc._validate_dead_letter_config(target)
        if error:
            _check(error, "AWS::Lambda::Function DeadLetterConfig")
        func["config"]["DeadLetterConfig"] = target or {}
    reserved = props.get("ReservedConcurrentExecutions")
    func["concurrency"] = None if reserved is None else int(reserved)
    if "LoggingConfig" in props:
        default = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{name}"}
        func["config"]["LoggingConfig"] = {**default, **props["LoggingConfig"]}


def _rule(name: str, props: Json, previous: Json) -> None:
    pattern = props.get("EventPattern")
    if pattern:
        reason = eventbridge._event_pattern_error(pattern if isinstance(pattern, str) else json.dumps(pattern))
        if reason:
            raise RefusedPropertyError(f"AWS::Events::Rule EventPattern is not valid. Reason: {reason}")
    schedule = props.get("ScheduleExpression")
    if schedule and not eventbridge._validate_schedule_expression(schedule):
        raise RefusedPropertyError(f"AWS::Events::Rule ScheduleExpression {schedule!r} is not valid.")
    for target in props.get("Targets") or []:
        error = eventbridge._validate_target_arn(target)
        if error:
            _check(error, f"AWS::Events::Rule target {target.get('Id')}")


def _mapping(esm_id: str, props: Json, previous: Json) -> None:
    record = lambda_svc._esms[esm_id]
    mapping.check_role(record["FunctionName"], record["EventSourceArn"])
    record["Enabled"] = _true(props.get("Enabled", True))
    record["State"] = "Enabled" if record["Enabled"] else "Disabled"
    for name in ("MaximumBatchingWindowInSeconds", "BatchSize"):
        if name in props:
            record[name] = int(props[name])


def _true(value: Any) -> bool:
    return str(value).lower() == "true"


def _topic(arn: str, props: Json, previous: Json) -> None:
    """The policy that CreateTopic gives: the owner only. EventBridge needs a policy of its own, as on AWS."""
    attributes = sns._topics[arn]["attributes"]
    policy = json.loads(attributes.get("Policy") or "{}")
    if policy.get("Id") == "__default_policy_ID":
        owner = {"StringEquals": {"AWS:SourceOwner": attributes["Owner"]}}
        policy["Statement"] = [{**statement, "Condition": owner} for statement in policy["Statement"]]
        attributes["Policy"] = json.dumps(policy)


SUPPLEMENTS: dict[str, Supplement] = {
    "AWS::S3::Bucket": Supplement(frozenset(buckets.CONFIGURATIONS), _bucket),
    "AWS::DynamoDB::Table": Supplement(
        frozenset({"TimeToLiveSpecification", "PointInTimeRecoverySpecification", "SSESpecification"}), _table
    ),
    "AWS::Lambda::Function": Supplement(
        frozenset({"DeadLetterConfig", "ReservedConcurrentExecutions", "LoggingConfig"}), _function
    ),
    "AWS::SNS::Topic": Supplement(frozenset(), _topic),
    "AWS::Events::Rule": Supplement(frozenset({"EventPattern", "ScheduleExpression", "Targets"}), _rule),
    "AWS::Lambda::EventSourceMapping": Supplement(frozenset({"Enabled"}), _mapping),
}
