"""Asynchronous endpoints: queued, answered in S3, told by SNS, scaled to zero, kept over restarts."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from localcloud.sagemaker.asynchronous.item import Item
from localcloud.sagemaker.asynchronous.outcome import Outcome, notice, topic
from localcloud.sagemaker.endpoint import fleet
from tests.unit.localcloud.sagemaker.fakes import SERVER
from tests.unit.localcloud.sagemaker.helpers import REGION, CallError, Cloud
from tests.unit.localcloud.sagemaker.test_endpoint import make_config, make_model, serve, simple, variant

PREFIX = "X-Amzn-SageMaker-"


def asynchronous(cloud: Cloud, name: str = "E", concurrent: int = 2, **output: Any) -> None:
    make_model(cloud, "m", weights="one")
    config = {
        "ClientConfig": {"MaxConcurrentInvocationsPerInstance": concurrent},
        "OutputConfig": {
            "S3OutputPath": f"s3://{cloud.bucket}/answers/",
            "S3FailurePath": f"s3://{cloud.bucket}/failures",
            **output,
        },
    }
    make_config(cloud, "c", variant("AllTraffic", "m"), AsyncInferenceConfig=config)
    serve(cloud, name, "c")


def send(cloud: Cloud, endpoint: str = "E", body: bytes = b"", **headers: str) -> dict[str, str]:
    sent = {PREFIX + name.replace("_", "-"): value for name, value in headers.items()}
    path = f"/endpoints/{endpoint}/async-invocations"
    status, answered, text = cloud.service.handle("sagemaker-runtime", "POST", path, sent, body)
    if status != 202:
        raise CallError(status, json.loads(text))
    return answered | json.loads(text)


def soon(find: Callable[[], Any], seconds: float = 20.0) -> Any:
    ends = time.monotonic() + seconds
    while True:
        found = find()
        if found:
            return found
        assert time.monotonic() < ends
        time.sleep(0.1)


def answer(cloud: Cloud, uri: str) -> bytes:
    def find() -> bytes | None:
        try:
            return cloud.get(uri)
        except ClientError:
            return None

    found: bytes = soon(find)
    return found


def scale(cloud: Cloud, count: int) -> None:
    before = len(cloud.events)
    wanted = [{"VariantName": "AllTraffic", "DesiredInstanceCount": count}]
    cloud.call("UpdateEndpointWeightsAndCapacities", EndpointName="E", DesiredWeightsAndCapacities=wanted)
    cloud.wait_endpoint("E", "IN_SERVICE", before)


def test_answers_come_to_s3(cloud: Cloud) -> None:
    asynchronous(cloud)
    described = cloud.call("DescribeEndpoint", EndpointName="E")
    assert described["AsyncInferenceConfig"]["ClientConfig"] == {"MaxConcurrentInvocationsPerInstance": 2}
    uri = cloud.put("in/rows.csv", b"1,2")
    told = send(cloud, InputLocation=uri, Content_Type="text/csv", Accept="application/json", Inference_Id="mine")
    assert told["InferenceId"] == "mine"
    output = told[PREFIX + "OutputLocation"]
    assert output.startswith(f"s3://{cloud.bucket}/answers/")
    assert output.endswith(".out")
    assert told[PREFIX + "FailureLocation"].startswith(f"s3://{cloud.bucket}/failures/")
    found = json.loads(answer(cloud, output))
    assert (found["model"], found["body"], found["type"], found["accept"]) == (
        "one", "1,2", "text/csv", "application/json",
    )  # fmt: skip


def test_inline_bodies_and_names(cloud: Cloud) -> None:
    asynchronous(cloud)
    told = send(cloud, body=b"7", S3OutputPathExtension="day/1", Filename="rows.json")
    assert told[PREFIX + "OutputLocation"] == f"s3://{cloud.bucket}/answers/day/1/rows.json"
    assert json.loads(answer(cloud, told[PREFIX + "OutputLocation"]))["body"] == "7"


def test_failures(cloud: Cloud) -> None:
    asynchronous(cloud)
    told = send(cloud, body=b"bad")
    assert answer(cloud, told[PREFIX + "FailureLocation"]) == b"unsupported thing"
    told = send(cloud, InputLocation=f"s3://{cloud.bucket}/none")
    assert b"Unable to download the input" in answer(cloud, told[PREFIX + "FailureLocation"])


def test_refusals(cloud: Cloud) -> None:
    asynchronous(cloud)
    simple(cloud, "RealTime")
    for endpoint, body, headers, words in (
        ("None", b"x", {}, r"ValidationError: Endpoint None of account \d+ not found"),
        ("RealTime", b"x", {}, "does not support this inference type"),
        ("E", b"", {}, "exactly one of Body and InputLocation"),
        ("E", b"x", {"InputLocation": "s3://b/c"}, "exactly one of Body and InputLocation"),
        ("E", b"x" * 128_001, {}, "length less than or equal to 128000"),
        ("E", b"x", {"RequestTTLSeconds": "1"}, "requestTTLSeconds.*greater than or equal to 60"),
    ):
        with pytest.raises(CallError, match=words):
            send(cloud, endpoint, body, **headers)
    with pytest.raises(CallError, match="does not support this inference type"):
        cloud.invoke("E", b"x")


def test_zero_instances_keep_the_queue_also_over_a_restart(cloud: Cloud) -> None:
    asynchronous(cloud)
    scale(cloud, 0)
    [summary] = cloud.call("DescribeEndpoint", EndpointName="E")["ProductionVariants"]
    assert (summary["CurrentInstanceCount"], summary["DesiredInstanceCount"]) == (0, 0)
    outputs = [send(cloud, body=b"%d" % number)[PREFIX + "OutputLocation"] for number in range(5)]
    soon(lambda: max(metric(cloud, "HasBacklogWithoutCapacity"), default=0) == 1)
    soon(lambda: max(metric(cloud, "ApproximateBacklogSize"), default=0) == 5)
    before = len(cloud.events)
    cloud.restart()
    soon(lambda: cloud.call("DescribeEndpoint", EndpointName="E")["EndpointStatus"] == "InService")
    assert len(cloud.events) >= before
    scale(cloud, 1)
    assert [json.loads(answer(cloud, uri))["body"] for uri in outputs] == list("01234")
    soon(lambda: min(metric(cloud, "ApproximateBacklogSize")) == 0)
    soon(lambda: metric(cloud, "InvocationsProcessed"))


def test_a_deleted_endpoint_takes_its_queue_along(cloud: Cloud) -> None:
    asynchronous(cloud)
    scale(cloud, 0)
    send(cloud, body=b"old")
    cloud.call("DeleteEndpoint", EndpointName="E")
    soon(lambda: not cloud.service.context.store.select("endpoint"))
    soon(lambda: not cloud.service.context.store.select("async-invocation"))


def test_topics_are_told(cloud: Cloud) -> None:
    sns, sqs = (boto3.client(service, region_name=REGION) for service in ("sns", "sqs"))
    arn = sns.create_topic(Name=f"topic-{uuid.uuid4().hex[:8]}")["TopicArn"]
    queue = sqs.create_queue(QueueName=f"queue-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue_arn)
    asynchronous(cloud, NotificationConfig={"SuccessTopic": arn, "ErrorTopic": arn})
    uri = cloud.put("in/rows.csv", b"1,2")
    told = send(cloud, InputLocation=uri)
    [message] = soon(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))
    heard = json.loads(json.loads(message["Body"])["Message"])
    assert heard["invocationStatus"] == "Completed"
    assert heard["requestParameters"] == {"endpointName": "E", "inputLocation": uri}
    assert heard["responseParameters"]["outputLocation"] == told[PREFIX + "OutputLocation"]
    send(cloud, body=b"fail")
    [message] = soon(lambda: sqs.receive_message(QueueUrl=queue).get("Messages"))
    assert "Received server error (500)" in json.loads(json.loads(message["Body"])["Message"])["failureReason"]


def test_notices_include_small_answers() -> None:
    config = {
        "NotificationConfig": {
            "SuccessTopic": "arn:success",
            "IncludeInferenceResponseIn": ["SUCCESS_NOTIFICATION_TOPIC"],
        }
    }
    item = Item("t", "E", 1.0, "role", "i", 1.0, "s3://b/o", None, config, {}, None, "eA==", 60, 60)
    done = Outcome(b"0.5\n", "text/csv; charset=utf-8")
    assert topic(item, done) == "arn:success"
    assert topic(item, Outcome(b"", reason="no")) is None
    answered = notice(item, done, "us-east-1", 2.5)
    assert answered["responseParameters"]["responseBody"] == {"content": "0.5\n", "encoding": "CSV"}
    assert (answered["receivedTime"], answered["eventTime"]) == ("1970-01-01T00:00:01.000Z", "1970-01-01T00:00:02.500Z")
    large = notice(item, Outcome(b"x" * 131_073, "text/csv"), "us-east-1", 2.5)
    assert "responseBody" not in large["responseParameters"]
    assert "responseBody" not in notice(item, Outcome(b"x", reason="no"), "us-east-1", 2.5).get(
        "responseParameters", {}
    )


def metric(cloud: Cloud, name: str) -> list[float]:
    cloud.service.context.metrics.flush()
    now = datetime.now(UTC)
    answered = boto3.client("cloudwatch", region_name=REGION).get_metric_statistics(
        Namespace="AWS/SageMaker", MetricName=name, Dimensions=[{"Name": "EndpointName", "Value": "E"}],
        StartTime=now - timedelta(minutes=3), EndTime=now + timedelta(minutes=1), Period=1,
        Statistics=["Minimum", "Maximum"],
    )  # fmt: skip
    return [point[kind] for point in answered["Datapoints"] for kind in ("Minimum", "Maximum")]


def test_an_update_loses_nothing(cloud: Cloud) -> None:
    asynchronous(cloud)
    outputs = [send(cloud, body=b"%d" % number)[PREFIX + "OutputLocation"] for number in range(20)]
    before = len(cloud.events)
    make_config(
        cloud, "d", variant("AllTraffic", "m", count=2),
        AsyncInferenceConfig={"OutputConfig": {"S3OutputPath": f"s3://{cloud.bucket}/later"}},
    )  # fmt: skip
    cloud.call("UpdateEndpoint", EndpointName="E", EndpointConfigName="d")
    outputs += [send(cloud, body=b"%d" % number)[PREFIX + "OutputLocation"] for number in range(20, 40)]
    cloud.wait_endpoint("E", "IN_SERVICE", before)
    told = send(cloud, body=b"40")
    assert told[PREFIX + "OutputLocation"].startswith(f"s3://{cloud.bucket}/later/")
    assert PREFIX + "FailureLocation" not in told
    outputs.append(told[PREFIX + "OutputLocation"])
    assert [json.loads(answer(cloud, uri))["body"] for uri in outputs] == [str(number) for number in range(41)]


def test_a_long_invocation_is_made_again_when_an_update_stops_its_instance(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fleet, "_DRAIN_SECONDS", 0.1)
    held = 'if body == b"long" and open("model/weights").read() == "one": print("asked"); signal.pause()'
    cloud.runtime.images["server"] = SERVER.replace("if body", f"{held}\n        if body", 1)
    asynchronous(cloud)
    told = send(cloud, body=b"long", RequestTTLSeconds="60")
    cloud.runtime.wait_for_line("asked")
    cloud.service.context.clock = lambda: time.time() + 100.0  # so long it has been worked on
    make_model(cloud, "n", weights="two")
    config = {"OutputConfig": {"S3OutputPath": f"s3://{cloud.bucket}/later"}}
    make_config(cloud, "d", variant("AllTraffic", "n"), AsyncInferenceConfig=config)
    cloud.call("UpdateEndpoint", EndpointName="E", EndpointConfigName="d")
    found = json.loads(answer(cloud, told[PREFIX + "OutputLocation"]))
    assert (found["model"], found["body"]) == ("two", "long")


def test_an_instance_that_dies_is_no_failure_of_what_waits(cloud: Cloud) -> None:
    asynchronous(cloud, concurrent=1)
    first = send(cloud, body=b"die")
    second = send(cloud, body=b"7")
    assert json.loads(answer(cloud, second[PREFIX + "OutputLocation"]))["body"] == "7"
    assert b"closed the connection" in answer(cloud, first[PREFIX + "FailureLocation"])


def test_an_update_makes_no_other_kind_of_it(cloud: Cloud) -> None:
    asynchronous(cloud)
    make_config(cloud, "direct", variant("AllTraffic", "m"))
    with pytest.raises(CallError, match="AsyncInferenceConfig parameter cannot be removed from"):
        cloud.call("UpdateEndpoint", EndpointName="E", EndpointConfigName="direct")
    serve(cloud, "F", "direct")
    with pytest.raises(CallError, match="AsyncInferenceConfig parameter cannot be added to"):
        cloud.call("UpdateEndpoint", EndpointName="F", EndpointConfigName="c")
