"""Alarms: judged as documented, on their own dimensions, with AWS's event and their topic."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from localcloud.glue.cloudwatch.evaluate import Rule, judge
from tests.local.glue.conftest import ACCOUNT, EVENTS, Cloud


@pytest.mark.parametrize(("treat", "datapoints", "values", "state", "expected"), [
    ("notBreaching", 1, [None], "INSUFFICIENT_DATA", "OK"),
    ("breaching", 1, [None], "OK", "ALARM"),
    ("missing", 1, [None], "OK", "INSUFFICIENT_DATA"),
    ("ignore", 1, [None], "ALARM", None),
    ("missing", 1, [2.0], "OK", "ALARM"),
    ("missing", 1, [0.0], "ALARM", "OK"),
    ("missing", 2, [2.0, 0.0, 2.0], "OK", "ALARM"),
    ("missing", 3, [2.0, 0.0, 2.0], "ALARM", "OK"),
    ("notBreaching", 2, [2.0, None, None], "OK", "OK"),
    ("breaching", 2, [2.0, None, 0.0], "OK", "ALARM"),
    ("ignore", 2, [2.0, None], "ALARM", None),
])  # fmt: skip
def test_an_alarm_is_judged_as_documented(
    treat: str, datapoints: int, values: list[float | None], state: str, expected: str | None
) -> None:
    rule = Rule("GreaterThanThreshold", 1.0, datapoints, treat)
    assert judge(rule, values, state).state == expected


def _events(cloud: Cloud, alarm: str) -> str:
    """A queue that gets an alarm's events from the default bus."""
    url, arn = cloud.queue((EVENTS,))
    pattern = {"source": ["aws.cloudwatch"], "detail": {"alarmName": [alarm]}}
    cloud.client("events").put_rule(Name=alarm, EventPattern=json.dumps(pattern))
    cloud.client("events").put_targets(Rule=alarm, Targets=[{"Id": "q", "Arn": arn}])
    return url


def _alarm(cloud: Cloud, name: str, **options: Any) -> None:
    given = {
        "AlarmName": name, "Statistic": "Maximum", "Period": 60, "EvaluationPeriods": 1, "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching", **options,
    }  # fmt: skip
    cloud.client("cloudwatch").put_metric_alarm(**{key: value for key, value in given.items() if value is not None})


def _shape(value: Any) -> Any:
    """Names and types, without values."""
    if isinstance(value, dict):
        return {key: _shape(item) for key, item in value.items()}
    return [_shape(value[0])] if isinstance(value, list) and value else type(value).__name__


_STATE = {"reason": "str", "reasonData": "str", "timestamp": "str", "value": "str"}
# The names and types of AWS's own example of the event (EventBridge reference, CloudWatch alarms).
SHAPE = {
    "version": "str", "id": "str", "detail-type": "str", "source": "str", "account": "str", "time": "str",
    "region": "str",
    "resources": ["str"],
    "detail": {
        "alarmName": "str",
        "configuration": {
            "description": "str",
            "metrics": [{
                "id": "str", "returnData": "bool",
                "metricStat": {
                    "metric": {"dimensions": {"QueueName": "str"}, "name": "str", "namespace": "str"},
                    "period": "int", "stat": "str",
                },
            }],
        },
        "previousState": _STATE,
        "state": _STATE,
    },
}  # fmt: skip


def test_a_message_in_a_dead_letter_queue_raises_the_alarm_with_awss_event_and_tells_the_topic(cloud: Cloud) -> None:
    name = f"a-{uuid.uuid4().hex[:8]}"
    events = _events(cloud, name)
    dlq, dlq_arn = cloud.queue()
    sns = cloud.client("sns")
    topic = sns.create_topic(Name=name)["TopicArn"]
    mine = {"StringEquals": {"aws:SourceAccount": ACCOUNT}}
    alarms = {"Service": "cloudwatch.amazonaws.com"}
    statement = {"Effect": "Allow", "Principal": alarms, "Action": "sns:Publish", "Resource": topic, "Condition": mine}
    policy = {"Statement": [statement]}
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=json.dumps(policy))
    inbox, inbox_arn = cloud.queue(({"Principal": {"Service": "sns.amazonaws.com"}},))
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=inbox_arn)
    _alarm(cloud, name, Namespace="AWS/SQS", MetricName="ApproximateNumberOfMessagesVisible", AlarmActions=[topic],
           AlarmDescription="A dead letter.",
           Dimensions=[{"Name": "QueueName", "Value": dlq_arn.rsplit(":", 1)[1]}])  # fmt: skip
    first = json.loads(cloud.receive(events)["Body"])["detail"]
    assert (first["previousState"]["value"], first["state"]["value"]) == ("INSUFFICIENT_DATA", "OK")
    cloud.client("sqs").send_message(QueueUrl=dlq, MessageBody="dead")
    event = json.loads(cloud.receive(events)["Body"])
    assert _shape(event) == SHAPE
    assert event["detail-type"] == "CloudWatch Alarm State Change"
    assert event["detail"]["previousState"]["value"] == "OK"
    assert json.loads(event["detail"]["state"]["reasonData"])["recentDatapoints"] == [1.0]
    notice = json.loads(json.loads(cloud.receive(inbox)["Body"])["Message"])
    assert (notice["AlarmName"], notice["NewStateValue"], notice["OldStateValue"]) == (name, "ALARM", "OK")
    cloud.client("sqs").purge_queue(QueueUrl=dlq)
    back = json.loads(cloud.receive(events)["Body"])["detail"]
    assert (back["previousState"]["value"], back["state"]["value"]) == ("ALARM", "OK")


def test_an_alarm_on_one_functions_errors_does_not_hear_of_anothers(cloud: Cloud) -> None:
    failing = cloud.function("def handler(e, c): raise RuntimeError")
    quiet = cloud.function("def handler(e, c): ...")
    names = {name: f"a-{name}" for name in (failing, quiet)}
    queues = {name: _events(cloud, alarm) for name, alarm in names.items()}
    for name, alarm in names.items():
        _alarm(cloud, alarm, Namespace="AWS/Lambda", MetricName="Errors", Statistic="Sum",
               Dimensions=[{"Name": "FunctionName", "Value": name}])  # fmt: skip
        cloud.receive(queues[name])  # INSUFFICIENT_DATA to OK
    cloud.invoke(failing)
    cloud.invoke(quiet)
    assert json.loads(cloud.receive(queues[failing])["Body"])["detail"]["state"]["value"] == "ALARM"
    state = cloud.client("cloudwatch").describe_alarms(AlarmNames=[names[quiet]])["MetricAlarms"][0]["StateValue"]
    assert state == "OK"


FAIL = json.dumps(
    {"QueryLanguage": "JSONata", "StartAt": "No", "States": {"No": {"Type": "Fail", "Error": "E", "Cause": "c"}}}
)


def test_a_failed_execution_raises_its_machines_alarm(cloud: Cloud) -> None:
    name = f"a-{uuid.uuid4().hex[:8]}"
    sfn = cloud.client("stepfunctions")
    machine = sfn.create_state_machine(name=name, definition=FAIL, roleArn=cloud.role("states.amazonaws.com"))[
        "stateMachineArn"
    ]
    _alarm(cloud, name, Namespace="AWS/States", MetricName="ExecutionsFailed", Statistic="Sum", Period=300,
           Dimensions=[{"Name": "StateMachineArn", "Value": machine}])  # fmt: skip
    sfn.start_execution(stateMachineArn=machine)

    def alarmed() -> bool:
        found = cloud.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"][0]
        return bool(found["StateValue"] == "ALARM")

    cloud.until(alarmed)


def _put(cloud: Cloud, name: str, values: list[float], counts: list[float], ago: float = 0, **more: Any) -> None:
    moment = datetime.now(UTC) - timedelta(seconds=ago)
    datum = {"MetricName": name, "Timestamp": moment, "Values": values, "Counts": counts, **more}
    cloud.client("cloudwatch").put_metric_data(Namespace="Own", MetricData=[datum])


def _state(cloud: Cloud, name: str) -> str:
    found: str = cloud.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"][0]["StateValue"]
    return found


def test_a_percentile_counts_each_value_as_often_as_it_was_seen(cloud: Cloud) -> None:
    name = f"a-{uuid.uuid4().hex[:8]}"
    both = [{"Name": "A", "Value": name}, {"Name": "B", "Value": "b"}]
    for statistic, threshold in (("p90", 50.0), ("p99", 50.0)):
        _alarm(cloud, f"{name}-{statistic}", Namespace="Own", MetricName=name, Period=600, ExtendedStatistic=statistic,
               Statistic=None, Threshold=threshold, Dimensions=both)  # fmt: skip
    _put(cloud, name, [1.0, 100.0], [950.0, 50.0], Dimensions=both)
    _put(cloud, name, [1000.0], [1000.0], Dimensions=both[:1])
    cloud.until(lambda: _state(cloud, f"{name}-p99") == "ALARM")
    assert _state(cloud, f"{name}-p90") == "OK"
    stat = {"Metric": {"Namespace": "Own", "MetricName": name, "Dimensions": both}, "Period": 60}
    now = datetime.now(UTC)
    queries = [{"Id": kind.lower(), "MetricStat": {**stat, "Stat": kind}} for kind in ("Average", "p99")]
    found = cloud.client("cloudwatch").get_metric_data(
        MetricDataQueries=queries, StartTime=now - timedelta(minutes=5), EndTime=now + timedelta(minutes=1)
    )["MetricDataResults"]
    assert [result["Values"] for result in found] == [[pytest.approx(5.95)], [100.0]]


def test_data_that_comes_late_is_not_missing(cloud: Cloud) -> None:
    name = f"a-{uuid.uuid4().hex[:8]}"
    _alarm(cloud, name, Namespace="Own", MetricName=name, EvaluationPeriods=3, TreatMissingData="missing")
    # A period of a minute lasts a second here; the newest two are empty.
    for ago in (2.5, 3.5, 4.5):
        _put(cloud, name, [1.0], [1.0], ago=ago)
    assert _state(cloud, name) == "ALARM"


def test_a_machine_puts_and_deletes_alarms(cloud: Cloud) -> None:
    name = f"a-{uuid.uuid4().hex[:8]}"
    request = {"AlarmName": name, "Namespace": "Own", "MetricName": name, "ExtendedStatistic": "p90", "Period": 10,
               "EvaluationPeriods": 2, "Threshold": 1.5, "ComparisonOperator": "GreaterThanThreshold",
               "Dimensions": [{"Name": "A", "Value": "a"}, {"Name": "B", "Value": "b"}]}  # fmt: skip
    call = "arn:aws:states:::aws-sdk:cloudwatch:"
    names = {"AlarmNames": [name]}
    states = {
        "Put": {"Type": "Task", "Resource": f"{call}putMetricAlarm", "Arguments": request, "Next": "Describe"},
        "Describe": {"Type": "Task", "Resource": f"{call}describeAlarms", "Arguments": names,
                     "Assign": {"found": "{% $states.result.MetricAlarms[0] %}"}, "Next": "Delete"},
        "Delete": {"Type": "Task", "Resource": f"{call}deleteAlarms", "Arguments": names,
                   "Output": "{% $found %}", "End": True},
    }  # fmt: skip
    sfn = cloud.client("stepfunctions")
    everything = {"Effect": "Allow", "Action": "cloudwatch:*", "Resource": "*"}
    machine = sfn.create_state_machine(
        name=name, roleArn=cloud.role("states.amazonaws.com", everything),
        definition=json.dumps({"QueryLanguage": "JSONata", "StartAt": "Put", "States": states}),
    )["stateMachineArn"]  # fmt: skip
    execution = sfn.start_execution(stateMachineArn=machine)["executionArn"]
    ended = cloud.until(lambda: (d := sfn.describe_execution(executionArn=execution))["status"] != "RUNNING" and d)
    assert ended["status"] == "SUCCEEDED", ended
    found = json.loads(ended["output"])
    assert {key: found[key] for key in request} == request
    assert cloud.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"] == []
