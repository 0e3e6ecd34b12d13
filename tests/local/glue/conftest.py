"""One local cloud for these tests, and how they talk to it."""

from __future__ import annotations

import io
import json
import textwrap
import threading
import uuid
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localcloud.cloud import LocalCloud

ROOT = Path(__file__).resolve().parents[3]
ACCOUNT = "000000000000"


class Cloud:
    """The session's local cloud, with what these tests make in it."""

    def __init__(self, local: LocalCloud) -> None:
        self.local = local
        self.url = local.settings.endpoint_url
        self.log = local.settings.log_file
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        if service not in self._clients:
            self._clients[service] = self.local.client(service)
        return self._clients[service]

    @staticmethod
    def until(check: Callable[[], Any], seconds: float = 15) -> Any:
        """Return the first true answer; fails after so many seconds. Looks 50 times a second."""
        looks = threading.Event()
        for _ in range(int(seconds * 50)):
            if found := check():
                return found
            looks.wait(0.02)
        raise AssertionError(f"not within {seconds} s: {getattr(check, '__name__', check)}")

    def role(self, service: str, *statements: dict[str, Any]) -> str:
        """A role that a service may assume, with these statements (and nothing else)."""
        name = f"r-{uuid.uuid4().hex[:10]}"
        trust = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
        }
        arn = self.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
            self.client("iam").put_role_policy(RoleName=name, PolicyName="p", PolicyDocument=document)
        return str(arn)

    def function(self, source: str, *, allow: tuple[dict[str, Any], ...] = (), **options: Any) -> str:
        """A Python function; returns its name. ``allow`` are its role's statements."""
        name = f"f-{uuid.uuid4().hex[:10]}"
        role = self.role("lambda.amazonaws.com", *allow)
        settings = {"Runtime": "python3.13", "Handler": "index.handler", "Timeout": 10, **options}
        self.client("lambda").create_function(
            FunctionName=name, Role=role, Code={"ZipFile": archive(source)}, **settings
        )
        return name

    def invoke(self, name: str, event: Any = None) -> tuple[Any, str | None]:
        answer = self.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event))
        return json.loads(answer["Payload"].read()), answer.get("FunctionError")

    def queue(self, statements: tuple[dict[str, Any], ...] = (), **attributes: str) -> tuple[str, str]:
        """A queue: its URL and ARN. ``statements`` become its policy (Resource and Action are filled in)."""
        name = f"q-{uuid.uuid4().hex[:10]}"
        arn = f"arn:aws:sqs:us-east-1:{ACCOUNT}:{name}"
        if statements:
            filled = [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn, **each} for each in statements]
            attributes["Policy"] = json.dumps({"Version": "2012-10-17", "Statement": filled})
        return self.client("sqs").create_queue(QueueName=name, Attributes=attributes)["QueueUrl"], arn

    def receive(self, url: str, seconds: float = 15) -> dict[str, Any]:
        """The next message of a queue, deleted."""

        def look() -> Any:
            answer = self.client("sqs").receive_message(
                QueueUrl=url, MessageAttributeNames=["All"], AttributeNames=["All"], WaitTimeSeconds=0
            )
            return answer.get("Messages")

        message = self.until(look, seconds)[0]
        self.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return dict(message)


def archive(source: str, name: str = "index.py") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as bundle:
        bundle.writestr(name, textwrap.dedent(source))
    return buffer.getvalue()


EVENTS = {"Principal": {"Service": "events.amazonaws.com"}}
LAMBDA_LOGS = {"Effect": "Allow", "Action": "logs:*", "Resource": "*"}


@pytest.fixture(scope="session")
def cloud(cloud: LocalCloud) -> Cloud:
    return Cloud(cloud)
