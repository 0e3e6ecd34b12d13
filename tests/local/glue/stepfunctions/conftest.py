"""One cloud for the tests of this folder, and short ways to make a machine, run it and look at it."""

from __future__ import annotations

import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config

ROOT = Path(__file__).resolve().parents[4]
ACCOUNT = "000000000000"
RULES = f"arn:aws:events:us-east-1:{ACCOUNT}:rule/StepFunctionsGetEventsFor*"


def _trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


class Cloud:
    """A running cloud (see cloud.py) and clients of its root user."""

    def __init__(self, home: Path, scale: float = 1, floor: float = 0.2) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._arguments = [str(home), str(scale), str(floor)]
        self.client = cache(self._client)
        self.announced: list[str] = []
        self.start()

    def start(self) -> None:
        module = "tests.local.glue.stepfunctions.cloud"
        command = [sys.executable, "-m", module, str(self.port), *self._arguments]
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout
        for line in self._process.stdout:
            if line.startswith("ready"):
                self.announced = line.split()[1:]
                return
        raise RuntimeError(f"the cloud ended with {self._process.wait()}")

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(20)
        if self._process.stdout:
            self._process.stdout.close()

    def _client(self, service: str) -> Any:
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        config = Config(retries={"total_max_attempts": 1}, s3={"addressing_style": "path"}, inject_host_prefix=False)
        url = f"http://127.0.0.1:{self.port}"
        return boto3.client(service, endpoint_url=url, region_name="us-east-1", config=config, **keys)

    # --- machines ---

    def role(self, *statements: dict[str, Any], service: str = "states.amazonaws.com") -> str:
        """Make a role with these statements; return its ARN."""
        name = f"role-{uuid.uuid4().hex[:8]}"
        role = self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=_trust(service))
        document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
        if statements:
            self.client("iam").put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document)
        return str(role["Role"]["Arn"])

    def machine(self, states: dict[str, Any], *statements: dict[str, Any], **fields: Any) -> str:
        """Make a machine that starts at the first state; without statements its role may do everything."""
        statements = statements or (allow("*", "*"),)
        more = {k: fields.pop(k) for k in ("type",) if k in fields}
        definition = {"QueryLanguage": "JSONata", "StartAt": next(iter(states)), "States": states, **fields}
        made = self.client("stepfunctions").create_state_machine(
            name=f"m-{uuid.uuid4().hex[:8]}", definition=json.dumps(definition), roleArn=self.role(*statements), **more
        )
        return str(made["stateMachineArn"])

    def start_execution(self, machine: str, value: Any = None) -> str:
        answer = self.client("stepfunctions").start_execution(stateMachineArn=machine, input=json.dumps(value or {}))
        return str(answer["executionArn"])

    def finished(self, execution: str, seconds: float = 20) -> dict[str, Any]:
        """Wait for the end of an execution; return its description, its output as JSON."""
        client = self.client("stepfunctions")
        description = wait(
            lambda: (d := client.describe_execution(executionArn=execution))["status"] != "RUNNING" and d, seconds
        )
        if description.get("output"):
            description["output"] = json.loads(description["output"])
        return dict(description)

    def run(
        self, states: dict[str, Any], value: Any = None, *statements: dict[str, Any], **fields: Any
    ) -> dict[str, Any]:
        """Make a machine, run it to its end; return the execution's description."""
        return self.finished(self.start_execution(self.machine(states, *statements, **fields), value))

    def output(self, states: dict[str, Any], value: Any = None, *statements: dict[str, Any]) -> Any:
        """Run a machine that must succeed; return its output."""
        description = self.run(states, value, *statements)
        assert description["status"] == "SUCCEEDED", description
        return description["output"]

    def error(self, states: dict[str, Any], value: Any = None) -> tuple[str, str]:
        """Run a machine that must fail; return its error and cause."""
        description = self.run(states, value)
        assert description["status"] == "FAILED", description
        return description["error"], description.get("cause", "")

    def history(self, execution: str) -> list[dict[str, Any]]:
        events = self.client("stepfunctions").get_execution_history(executionArn=execution, maxResults=1000)["events"]
        return list(events)

    # --- what machines work on ---

    def listen(self, pattern: dict[str, Any], bus: str = "default") -> str:
        """Make a rule that sends events to a new queue; return the queue's URL."""
        url, arn = self.queue()
        name = arn.rsplit(":", 1)[-1]
        self.client("events").put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps(pattern))
        self.client("events").put_targets(Rule=name, EventBusName=bus, Targets=[{"Id": "q", "Arn": arn}])
        return url

    def table(self) -> str:
        name = f"t-{uuid.uuid4().hex[:8]}"
        self.client("dynamodb").create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        )
        return name

    def bucket(self) -> str:
        name = f"b-{uuid.uuid4().hex[:8]}"
        self.client("s3").create_bucket(Bucket=name)
        return name

    def queue(self) -> tuple[str, str]:
        """Make a queue; return its URL and ARN."""
        url = self.client("sqs").create_queue(QueueName=f"q-{uuid.uuid4().hex[:8]}")["QueueUrl"]
        attributes = self.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        arn = attributes["Attributes"]["QueueArn"]
        statement = {**allow("sqs:SendMessage", arn), "Principal": "*"}
        self.client("sqs").set_queue_attributes(
            QueueUrl=url, Attributes={"Policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}
        )
        return url, arn

    def messages(self, url: str, count: int = 1, seconds: float = 10) -> list[Any]:
        """Wait for messages of a queue; return their bodies as JSON."""
        found: list[Any] = []

        def look() -> bool:
            answer = self.client("sqs").receive_message(QueueUrl=url, MaxNumberOfMessages=10)
            for message in answer.get("Messages", []):
                self.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                found.append(json.loads(message["Body"]))
            return len(found) >= count

        wait(look, seconds)
        return found

    def function(self, code: str) -> str:
        """Make a Python function from the text of its module (`def handler(event, context)`); return its ARN."""
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as zipped:
            zipped.writestr("main.py", code)
        made = self.client("lambda").create_function(
            FunctionName=f"f-{uuid.uuid4().hex[:8]}",
            Runtime="python3.13",
            Handler="main.handler",
            Role=self.role(service="lambda.amazonaws.com"),
            Code={"ZipFile": archive.getvalue()},
            Timeout=20,
        )
        return str(made["FunctionArn"])

    def finish_job(self, arn: str, status: str = "Completed") -> None:
        """End a job of the fake SageMaker, as soon as it exists."""
        client = self.client("sagemaker")
        wait(lambda: client.list_tags(ResourceArn=arn)["Tags"][0]["Value"] == "True")
        client.add_tags(ResourceArn=arn, Tags=[{"Key": "finish", "Value": status}])


def task(resource: str, arguments: Any, **fields: Any) -> dict[str, Any]:
    """Return the states of a machine of one task: `arn:aws:states:::<resource>`."""
    arn = f"arn:aws:states:::{resource}"
    return {"T": {"Type": "Task", "Resource": arn, "Arguments": arguments, "End": True, **fields}}


def allow(action: Any, resource: Any, **condition: Any) -> dict[str, Any]:
    """Return an Allow statement."""
    return {
        "Effect": "Allow",
        "Action": action,
        "Resource": resource,
        **({"Condition": condition} if condition else {}),
    }


def wait(look: Callable[[], Any], seconds: float = 10) -> Any:
    """Look until something is found, and return it; fail after some seconds."""
    end = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < end, f"still waiting after {seconds} s"
        time.sleep(0.01)
    return found


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    running = Cloud(tmp_path_factory.mktemp("cloud"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def table(cloud: Cloud) -> str:
    return cloud.table()


@pytest.fixture(scope="module")
def bucket(cloud: Cloud) -> str:
    return cloud.bucket()
