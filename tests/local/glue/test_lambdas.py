"""Functions under the real runtime client: errors, environment, layers, roles, time, logs, the cap."""

from __future__ import annotations

import io
import json
import threading
import uuid
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.local.glue.conftest import ACCOUNT, Cloud, archive


def test_the_class_of_an_exception_survives(cloud: Cloud) -> None:
    name = cloud.function("""
        class ProjectInvalidError(ValueError): ...
        def handler(event, context):
            raise ProjectInvalidError(f"bad {event['project']}")
    """)
    body, error = cloud.invoke(name, {"project": "p"})
    assert error == "Unhandled"
    assert (body["errorType"], body["errorMessage"]) == ("ProjectInvalidError", "bad p")
    assert body["stackTrace"]


def test_a_handler_that_cannot_be_imported_says_so_as_aws_does(cloud: Cloud) -> None:
    body, _ = cloud.invoke(cloud.function("import no_such_module_here\ndef handler(e, c): ..."))
    assert body["errorType"] == "Runtime.ImportModuleError"
    assert "no_such_module_here" in body["errorMessage"]


def test_the_environment_is_lambdas_and_the_functions_own(cloud: Cloud) -> None:
    name = cloud.function(
        """
        import os
        def handler(event, context):
            return {"env": dict(os.environ), "request": context.aws_request_id, "arn": context.invoked_function_arn,
                    "left": context.get_remaining_time_in_millis(), "group": context.log_group_name,
                    "stream": context.log_stream_name, "memory": context.memory_limit_in_mb}
        """,
        Environment={"Variables": {"TABLE": "t"}}, MemorySize=256,
    )  # fmt: skip
    body, error = cloud.invoke(name)
    assert error is None
    env = body["env"]
    assert env["TABLE"] == "t"
    assert (env["AWS_LAMBDA_FUNCTION_NAME"], env["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]) == (name, "256")
    assert env["AWS_EXECUTION_ENV"] == "AWS_Lambda_python3.13"
    assert env["AWS_ENDPOINT_URL"] == cloud.url
    assert not [key for key in env if key.startswith(("DROPFORGE", "MINISTACK", "PYTEST"))]
    assert body["arn"].endswith(f":function:{name}")
    assert 5000 < body["left"] <= 10_000
    assert (body["group"], body["memory"]) == (f"/aws/lambda/{name}", "256")
    assert body["stream"] == env["AWS_LAMBDA_LOG_STREAM_NAME"]


def test_a_function_acts_with_its_own_role_and_no_more(cloud: Cloud) -> None:
    bucket = f"b-{uuid.uuid4().hex[:10]}"
    cloud.client("s3").create_bucket(Bucket=bucket)
    cloud.client("s3").put_object(Bucket=bucket, Key="k", Body=b"v")
    name = cloud.function(
        """
        import boto3
        def handler(event, context):
            s3 = boto3.client("s3")
            if event["write"]:
                s3.put_object(Bucket=event["bucket"], Key="new", Body=b"")
            return s3.get_object(Bucket=event["bucket"], Key="k")["Body"].read().decode()
        """,
        allow=({"Effect": "Allow", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{bucket}/*"},),
    )
    assert cloud.invoke(name, {"bucket": bucket, "write": False}) == ("v", None)
    body, error = cloud.invoke(name, {"bucket": bucket, "write": True})
    assert error == "Unhandled"
    assert body["errorType"] == "AccessDenied"
    assert "s3:PutObject" in body["errorMessage"]


def _layer(cloud: Cloud, files: dict[str, str]) -> str:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        for path, text in files.items():
            bundle.writestr(path, text)
    answer = cloud.client("lambda").publish_layer_version(
        LayerName=f"l-{uuid.uuid4().hex[:8]}", Content={"ZipFile": buffer.getvalue()}
    )
    return str(answer["LayerVersionArn"])


def test_pure_layers_are_used_and_layers_for_another_platform_are_not(cloud: Cloud) -> None:
    pure = _layer(cloud, {"python/ours.py": "where = 'layer'"})
    wheel = "Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: cp313-cp313-manylinux_2_28_sparc64\n"
    foreign = _layer(cloud, {
        "python/pydantic/__init__.py": "raise ImportError('compiled for another platform')",
        "python/fast-1.0.dist-info/WHEEL": wheel,
    })  # fmt: skip
    name = cloud.function(
        "import ours, pydantic\ndef handler(e, c): return [ours.where, pydantic.VERSION]", Layers=[pure, foreign]
    )
    body, error = cloud.invoke(name)
    assert error is None, body
    assert body[0] == "layer"
    cloud.until(lambda: "fast-1.0 does not fit this machine" in cloud.log.read_text())


def test_a_function_without_the_core_layer_cannot_import_it(cloud: Cloud) -> None:
    body, _ = cloud.invoke(cloud.function("import dropforge\ndef handler(e, c): ..."))
    assert body["errorType"] == "Runtime.ImportModuleError"


def test_the_timeout_is_kept_and_the_next_invocation_works(cloud: Cloud) -> None:
    name = cloud.function(
        "import threading\ndef handler(e, c):\n    e and threading.Event().wait()\n    return 'ok'", Timeout=1
    )
    body, error = cloud.invoke(name, True)
    assert error == "Unhandled"
    assert "Task timed out after 1.00 seconds" in body["errorMessage"]
    assert cloud.invoke(name, False) == ("ok", None)


def test_output_goes_to_the_functions_log_stream_with_its_request(cloud: Cloud) -> None:
    name = cloud.function("""
        import logging
        def handler(event, context):
            print("printed", event)
            logging.getLogger().error("logged")
            return [context.log_stream_name, context.aws_request_id]
    """)
    (stream, request), _ = cloud.invoke(name, 1)
    again, _ = cloud.invoke(name, 2)
    assert again[0] == stream, "a warm environment keeps its stream"
    events = cloud.client("logs").get_log_events(logGroupName=f"/aws/lambda/{name}", logStreamName=stream)["events"]
    text = "\n".join(event["message"] for event in events)
    assert f"START RequestId: {request}" in text
    assert "printed 1" in text
    assert "[ERROR]" in text
    assert text.index("printed 1") < text.index(f"END RequestId: {request}") < text.index("printed 2")
    assert "Init Duration" in text.split("printed 2")[0]
    assert "Init Duration" not in text.split("printed 2")[1]


def test_json_logs_go_to_the_configured_group(cloud: Cloud) -> None:
    group = f"/dropforge/{uuid.uuid4().hex[:8]}"
    cloud.client("logs").create_log_group(logGroupName=group)
    name = cloud.function(
        """
        import logging
        def handler(event, context):
            logging.getLogger().warning("careful")
            return context.log_group_name
        """,
        LoggingConfig={"LogFormat": "JSON", "LogGroup": group},
    )
    assert cloud.invoke(name) == (group, None)
    records = [json.loads(e["message"]) for e in cloud.client("logs").filter_log_events(logGroupName=group)["events"]]
    kinds = [record.get("type") or record["level"] for record in records]
    assert kinds == ["platform.start", "WARNING", "platform.report"]
    assert records[1]["message"] == "careful"
    assert records[1]["requestId"] == records[0]["record"]["requestId"]
    assert records[2]["record"]["metrics"]["initDurationMs"] > 0


def test_two_hundred_cold_callers_wait_for_eight_processes(cloud: Cloud, tmp_path: Path) -> None:
    name = cloud.function(
        """
        import os, time
        open(f'{os.environ["OUT"]}/{os.getpid()}', 'w')
        def handler(event, context):
            time.sleep(0.02)
            return 1
        """,
        Environment={"Variables": {"OUT": str(tmp_path)}},
    )
    client = cloud.client("lambda")
    answers: list[Any] = []

    def call() -> None:
        answers.append(json.loads(client.invoke(FunctionName=name, Payload=b"{}")["Payload"].read()))

    client.meta.config.max_pool_connections = 200
    callers = [threading.Thread(target=call) for _ in range(200)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(60)
    assert answers == [1] * 200
    assert 1 <= len(list(tmp_path.iterdir())) <= 8


def test_new_code_serves_the_next_invocation(cloud: Cloud) -> None:
    name = cloud.function("def handler(e, c): return 'old'")
    assert cloud.invoke(name)[0] == "old"
    cloud.client("lambda").update_function_code(FunctionName=name, ZipFile=archive("def handler(e, c): return 'new'"))
    assert cloud.invoke(name)[0] == "new"


FAILING = "def handler(e, c): raise KeyError(e['n'])"


def _count(cloud: Cloud, name: str) -> int:
    events = cloud.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}")["events"]
    return sum(event["message"].startswith("START") for event in events)


@pytest.mark.parametrize("where", ["dlq", "destination"])
def test_a_failed_event_is_tried_three_times_and_then_kept(cloud: Cloud, where: str) -> None:
    url, arn = cloud.queue()
    send = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}
    options = {"DeadLetterConfig": {"TargetArn": arn}} if where == "dlq" else {}
    name = cloud.function(FAILING, allow=(send,), **options)
    if where == "destination":
        cloud.client("lambda").put_function_event_invoke_config(
            FunctionName=name, DestinationConfig={"OnFailure": {"Destination": arn}}
        )
    cloud.client("lambda").invoke(FunctionName=name, InvocationType="Event", Payload=b'{"n": 7}')
    message = cloud.receive(url, 20)
    assert _count(cloud, name) == 3
    body = json.loads(message["Body"])
    if where == "dlq":
        assert body == {"n": 7}
        attributes = {key: value["StringValue"] for key, value in message["MessageAttributes"].items()}
        assert attributes["ErrorCode"] == "200"
        assert attributes["ErrorMessage"] == "7"
        assert attributes["RequestID"]
    else:
        assert body["requestContext"]["condition"] == "RetriesExhausted"
        assert body["requestContext"]["approximateInvokeCount"] == 3
        assert body["requestContext"]["functionArn"] == f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}:$LATEST"
        assert (body["requestPayload"], body["responsePayload"]["errorType"]) == ({"n": 7}, "KeyError")
