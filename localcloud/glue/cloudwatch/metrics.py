"""Metrics that AWS's services publish and ministack's do not: the depth of watched queues, executions' ends."""

from __future__ import annotations

import json
import time
from typing import Any

from localcloud.glue import hooks
from localcloud.glue.persistence.tracked import only_reading

Json = dict[str, Any]
_KEPT = 5000  # samples of a queue, and of any metric that a service publishes: more than an alarm looks at
_KEPT_DATA = 30_000  # of one that is put: minutes of an endpoint's latencies, or hours of its calls
_SLACK = 1000
_ENDS = {
    "RUNNING": "ExecutionsStarted",
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}


def bounded(record: Any) -> Any:
    """Wrap ministack's ``record_metric``: it keeps every sample for ever, and a burst has tens of thousands."""
    cloudwatch = hooks.module("services.cloudwatch")
    for name in ("_metric_bucket", "_dims_key"):
        hooks.target("services.cloudwatch", name)

    def run(namespace: str, name: str, value: float, unit: str = "None", dimensions: Json | None = None) -> None:
        record(namespace, name, value, unit, dimensions)
        samples = cloudwatch._metric_bucket((namespace, name, cloudwatch._dims_key(dimensions or {})))
        if len(samples) > _KEPT + _SLACK:
            del samples[:-_KEPT]

    return run


def bounded_data(store: Any) -> Any:
    """Wrap ministack's ``_store_datum``, which PutMetricData uses: endpoints under load tell thousands a minute."""
    cloudwatch = hooks.module("services.cloudwatch")

    def run(namespace: str, name: str, dims: Json, *rest: Any) -> None:
        store(namespace, name, dims, *rest)
        samples = cloudwatch._metric_bucket((namespace, name, cloudwatch._dims_key(dims)))
        if len(samples) > _KEPT_DATA + _SLACK:
            del samples[:-_KEPT_DATA]

    return run


def sample(alarm: Json) -> None:
    """Record what an alarm on a queue watches. An empty queue is told once; SQS falls silent too."""
    if alarm.get("Namespace") != "AWS/SQS":
        return
    name = next((each["Value"] for each in alarm.get("Dimensions") or [] if each["Name"] == "QueueName"), "")
    sqs, cloudwatch = hooks.module("services.sqs"), hooks.module("services.cloudwatch")
    with only_reading():
        queue = sqs._queues.get(sqs._queue_name_to_url.get(name, ""))
    if queue is None:
        return
    value = _measure(queue, alarm["MetricName"])
    if value is None:
        return
    with only_reading():
        bucket = cloudwatch._metric_bucket(("AWS/SQS", alarm["MetricName"], cloudwatch._dims_key({"QueueName": name})))
    if value or (bucket and bucket[-1]["Value"]):
        cloudwatch.record_metric("AWS/SQS", alarm["MetricName"], value, "Count", {"QueueName": name})
        del bucket[:-_KEPT]


def _measure(queue: Json, metric: str) -> float | None:
    now = time.time()
    with hooks.target("services.sqs", "_queues_lock"):
        messages = list(queue["messages"])
    visible = [m for m in messages if m.get("visible_at", 0) <= now]
    if metric == "ApproximateNumberOfMessagesVisible":
        return float(len(visible))
    if metric == "ApproximateNumberOfMessagesNotVisible":
        return float(sum(m.get("visible_at", 0) > now and m.get("receive_count", 0) > 0 for m in messages))
    if metric == "ApproximateAgeOfOldestMessage":
        return max((now - m["sent_at"] for m in messages), default=0.0)
    return None


def count_execution(event: Json) -> None:
    """Count an execution's change of status, seen as the event that Step Functions publishes of it."""
    if event["Source"] != "aws.states" or event["DetailType"] != "Step Functions Execution Status Change":
        return
    detail = json.loads(event["Detail"])
    metric = _ENDS.get(detail.get("status", ""))
    if metric is None:
        return
    record = hooks.target("services.cloudwatch", "record_metric")
    dimensions = {"StateMachineArn": detail["stateMachineArn"]}
    record("AWS/States", metric, 1, "Count", dimensions)
    if detail.get("stopDate") and detail.get("startDate"):
        duration = float(detail["stopDate"]) - float(detail["startDate"])
        record("AWS/States", "ExecutionTime", duration, "Milliseconds", dimensions)
