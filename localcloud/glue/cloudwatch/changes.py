"""What follows from an alarm's change of state: the event on the default bus, and its actions."""

from __future__ import annotations

import json
import logging
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from localcloud.glue import callers, hooks

Json = dict[str, Any]
logger = logging.getLogger("dropforge.alarms")
_ACTIONS = {"ALARM": "AlarmActions", "OK": "OKActions", "INSUFFICIENT_DATA": "InsufficientDataActions"}
_states: dict[str, Json] = {}  # alarm ARN: its state as the last event told it


def stamp(epoch: float) -> str:
    """CloudWatch's timestamps in alarm records: milliseconds and +0000."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "+0000"


def reason_data(alarm: Json, values: list[float | None]) -> Json:
    """The StateReasonData of an evaluation; ``values`` newest first."""
    now = time.time()
    return {
        "version": "1.0", "queryDate": stamp(now), "startDate": stamp(now - int(alarm.get("Period") or 60)),
        "statistic": alarm.get("ExtendedStatistic") or alarm.get("Statistic"), "period": alarm.get("Period"),
        "threshold": alarm.get("Threshold"),
        "recentDatapoints": [value for value in reversed(values) if value is not None],
    }  # fmt: skip


def announced(record: Any) -> Any:
    """Wrap ministack's ``_record_history``, through which every change of state goes."""

    def recorded(name: str, old: str, new: str, reason: str, *rest: Any, **named: Any) -> None:
        record(name, old, new, reason, *rest, **named)
        cloudwatch = hooks.module("services.cloudwatch")
        alarm = cloudwatch._alarms.get(name) or cloudwatch._composite_alarms.get(name)
        if alarm is not None and old != new:
            _publish(alarm, old, new, reason)

    return recorded


def _publish(alarm: Json, old: str, new: str, reason: str) -> None:
    now = time.time()
    state = {"value": new, "reason": reason, "timestamp": stamp(now)}
    if alarm.get("StateReasonData"):
        state["reasonData"] = alarm["StateReasonData"]
    arn = alarm["AlarmArn"]
    created = alarm.get("AlarmConfigurationUpdatedTimestamp")
    first = {"value": old, "reason": "Unchecked: Initial alarm creation",
             "timestamp": stamp(float(created) if isinstance(created, (int, float)) else now)}  # fmt: skip
    previous = _states.get(arn)
    detail = {
        "alarmName": alarm["AlarmName"], "state": state,
        "previousState": previous if previous and previous["value"] == old else first,
        "configuration": _configuration(alarm),
    }  # fmt: skip
    _states[arn] = state
    entry = {"Source": "aws.cloudwatch", "DetailType": "CloudWatch Alarm State Change", "Resources": [arn],
             "Detail": json.dumps(detail)}  # fmt: skip
    hooks.target("services.eventbridge", "_put_events")({"Entries": [entry]}, allow_aws_source=True)


def _configuration(alarm: Json) -> Json:
    described = {"description": alarm["AlarmDescription"]} if alarm.get("AlarmDescription") else {}
    if "AlarmRule" in alarm:
        return {"alarmRule": alarm["AlarmRule"], **described}
    metric: Json = {"namespace": alarm.get("Namespace"), "name": alarm.get("MetricName"),
                    "dimensions": {each["Name"]: each["Value"] for each in alarm.get("Dimensions") or []}}  # fmt: skip
    statistic = alarm.get("ExtendedStatistic") or alarm.get("Statistic")
    # The id belongs to the alarm, so it is the same in each of its events.
    identifier = str(uuid.uuid5(uuid.NAMESPACE_URL, alarm["AlarmArn"]))
    metric_stat = {"metric": metric, "period": alarm.get("Period"), "stat": statistic}
    return {**described, "metrics": [{"id": identifier, "metricStat": metric_stat, "returnData": True}]}


def act(alarm: Json, old: str, new: str, reason: str) -> None:
    """Run the actions of the new state: SNS topics and functions whose policies let CloudWatch in."""
    if not alarm.get("ActionsEnabled", True):
        return
    for arn in alarm.get(_ACTIONS.get(new, "")) or []:
        try:
            if arn.split(":")[2] == "sns":
                _notify(alarm, arn, old, new, reason)
            elif arn.split(":")[2] == "lambda":
                _invoke(alarm, arn, new)
            elif arn.split(":")[2] == "autoscaling":
                pass  # localcloud/scaling looks for alarms that ring, as long as they do
            else:
                logger.error("alarm %s: action %s is not supported by the local cloud", alarm["AlarmName"], arn)
        except Exception as error:
            logger.error("alarm %s: action %s failed: %s", alarm["AlarmName"], arn, error)  # noqa: TRY400


def _notify(alarm: Json, topic: str, old: str, new: str, reason: str) -> None:
    callers.check_service("sns:Publish", topic, "cloudwatch.amazonaws.com", alarm["AlarmArn"])
    region, account = alarm["AlarmArn"].split(":")[3:5]
    message = {
        "AlarmName": alarm["AlarmName"], "AlarmDescription": alarm.get("AlarmDescription") or None,
        "AWSAccountId": account, "NewStateValue": new, "NewStateReason": reason, "StateChangeTime": stamp(time.time()),
        "Region": "US East (N. Virginia)" if region == "us-east-1" else region, "AlarmArn": alarm["AlarmArn"],
        "OldStateValue": old, "OKActions": alarm.get("OKActions") or [],
        "AlarmActions": alarm.get("AlarmActions") or [],
        "InsufficientDataActions": alarm.get("InsufficientDataActions") or [],
        "Trigger": {
            "MetricName": alarm.get("MetricName"), "Namespace": alarm.get("Namespace"), "StatisticType": "Statistic",
            "Statistic": (alarm.get("Statistic") or "").upper(), "Unit": alarm.get("Unit"),
            "Dimensions": [{"value": d["Value"], "name": d["Name"]} for d in alarm.get("Dimensions") or []],
            "Period": alarm.get("Period"), "EvaluationPeriods": alarm.get("EvaluationPeriods"),
            "ComparisonOperator": alarm.get("ComparisonOperator"), "Threshold": alarm.get("Threshold"),
            "TreatMissingData": alarm.get("TreatMissingData") or "missing", "EvaluateLowSampleCountPercentile": "",
        },
    }  # fmt: skip
    subject = f'{new}: "{alarm["AlarmName"]}" in {message["Region"]}'[:100]
    hooks.target("services.sns", "publish_internal")(topic, json.dumps(message), subject)


def _invoke(alarm: Json, arn: str, new: str) -> None:
    callers.check_service("lambda:InvokeFunction", arn, "lambda.alarms.cloudwatch.amazonaws.com", alarm["AlarmArn"])
    lambda_svc = hooks.module("services.lambda_svc")
    func, config, _ = lambda_svc._get_func_record_for_ref(arn)
    if not func or not config:
        raise LookupError(f"there is no function {arn}")
    region, account = alarm["AlarmArn"].split(":")[3:5]
    data = {"alarmName": alarm["AlarmName"], "state": {"value": new, "reason": alarm.get("StateReason", "")},
            "configuration": _configuration(alarm)}  # fmt: skip
    event = {"source": "aws.cloudwatch", "alarmArn": alarm["AlarmArn"], "accountId": account, "region": region,
             "time": stamp(time.time()), "alarmData": data}  # fmt: skip
    lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(func, config), event)
