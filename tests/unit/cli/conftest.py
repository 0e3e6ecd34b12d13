"""What the service recorded in one real evening on a laptop's cloud (see record.py), behind ordinary boto3 clients.

Tables and files are moto's; Step Functions, SageMaker and Lambda answer from the recording, before a call leaves.
"""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from cli.history import Step
from cli.service import Service, look_at
from cli.stack import Stack
from tests.unit.cli.record import RECORDING

KEYS = {
    "Drops": (("pk", "sk"), ("by-project", "project", "opened_at")),
    "Projects": (("pk", "sk"), None),
    "Runs": (("pk", "sk"), ("by-project", "project", "started_at")),
    "Deployments": (("pk", "sk"), ("by-project", "project", "started_at")),
    "Notices": (("pk",), None),
}
LOADER = botocore.session.Session().get_component("data_loader")
DESCRIBED = ("DescribeTrainingJob", "DescribeProcessingJob", "DescribeModelPackage")
LISTED = {
    "ListTrainingJobs": "TrainingJobSummaries",
    "ListProcessingJobs": "ProcessingJobSummaries",
    "ListModelPackages": "ModelPackageSummaryList",
}


class World:
    """A stack whose records a test may change. `calls` has every operation that was asked for."""

    def __init__(self, recorded: dict[str, Any]) -> None:
        self.recorded = recorded
        self.histories: dict[str, list[dict[str, Any]]] = recorded["histories"]
        self.functions: dict[str, dict[str, Any]] = recorded["functions"]
        self.calls: list[str] = []
        core = botocore.session.Session()
        core.register_component("data_loader", LOADER)  # the models of five services take a second to read
        self.session = boto3.Session("test", "test", region_name="us-east-1", botocore_session=core)
        self.stack = Stack(self.session, None, recorded["outputs"])
        self._fill()
        self._answer("sfn.GetExecutionHistory", self._history)
        self._answer("lambda.GetFunctionConfiguration", self._function)
        for operation in DESCRIBED:
            self._answer(f"sagemaker.{operation}", self._described)
        for operation in LISTED:
            self._answer(f"sagemaker.{operation}", self._listed)
        self.session.events.register("before-call", lambda model, **_: self.calls.append(str(model.name)))

    @property
    def service(self) -> Service:
        """As the commands see it."""
        return look_at(self.stack)

    def _fill(self) -> None:
        client, s3 = self.session.client("dynamodb"), self.session.client("s3")
        for name, (keys, index) in KEYS.items():
            table = self.recorded["outputs"][f"{name}TableName"]
            make_table(client, table, keys, index)
            for item in self.recorded["tables"].get(name, []):
                client.put_item(TableName=table, Item=item)
        for output in ("DataBucketName", "ArtifactsBucketName"):
            s3.create_bucket(Bucket=self.recorded["outputs"][output])
        for key, text in self.recorded["files"].items():
            s3.put_object(Bucket=self.recorded["outputs"]["ArtifactsBucketName"], Key=key, Body=text.encode())

    def put(self, table: str, **item: Any) -> None:
        """Put an item of plain strings, numbers and booleans."""
        kinds = {str: "S", int: "N", bool: "BOOL"}
        typed = {k: {kinds[type(v)]: str(v) if type(v) is int else v} for k, v in item.items()}
        name = self.recorded["outputs"][f"{table}TableName"]
        self.session.client("dynamodb").put_item(TableName=name, Item=typed)

    def answer(self, step: Step, answer: dict[str, Any]) -> None:
        """Record another answer of a function: `{"output": …}` or `{"error": …, "message": …}`."""
        (event,) = [e for e in self.histories[step.execution] if e["id"] == step.answer]
        details = {"resourceType": "lambda", "resource": "invoke"}
        for name in [name for name in event if name.endswith("EventDetails")]:
            del event[name]
        if "output" in answer:
            event["type"], output = "TaskSucceeded", json.dumps({"Payload": answer["output"]})
            event["taskSucceededEventDetails"] = {**details, "output": output}
        else:
            cause = json.dumps({"errorType": answer["error"], "errorMessage": answer["message"]})
            event["type"] = "TaskFailed"
            event["taskFailedEventDetails"] = {**details, "error": answer["error"], "cause": cause}

    def upload(self, key: str) -> None:
        """Put an object into the data bucket."""
        bucket = self.recorded["outputs"]["DataBucketName"]
        self.session.client("s3").put_object(Bucket=bucket, Key=key, Body=b"x")

    def windows(self, project: str) -> list[dict[str, Any]]:
        """The project's windows, newest first."""
        return list(self.service.records.windows(project))

    def _answer(self, operation: str, answer: Callable[[str, dict[str, Any]], dict[str, Any]]) -> None:
        def call(model: Any, params: dict[str, Any], **_: Any) -> Any:
            body = params["body"]
            request = json.loads(body) if isinstance(body, str | bytes) and body else {"url": params["url"]}
            try:
                return SimpleNamespace(status_code=200), answer(str(model.name), request)
            except ClientError as error:
                return SimpleNamespace(status_code=400), dict(error.response)

        self.session.events.register(f"before-call.{operation}", call)

    def _history(self, _: str, request: dict[str, Any]) -> dict[str, Any]:
        found = self.histories.get(request["executionArn"])
        if found is None:
            raise ClientError({"Error": {"Code": "ExecutionDoesNotExist", "Message": "gone"}}, "GetExecutionHistory")
        events = copy.deepcopy(found)
        for event in events:
            event["timestamp"] = datetime.fromisoformat(str(event["timestamp"]).replace("Z", "+00:00"))
        return {"events": events}

    def _function(self, _: str, request: dict[str, Any]) -> dict[str, Any]:
        name = next((n for n in self.functions if n.rsplit(":", 1)[-1] in request["url"]), None)
        if name is None:
            raise ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "gone"}}, "GetFunction")
        return self.functions[name]

    def _described(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        for told in self.recorded["sagemaker"]:
            if told["operation"] == operation and told["request"] == request:
                return dict(told["answer"])
        raise ClientError({"Error": {"Code": "ValidationException", "Message": "Could not find it"}}, operation)

    def _listed(self, operation: str, request: dict[str, Any]) -> dict[str, Any]:
        described = f"Describe{operation.removeprefix('List').removesuffix('s')}"
        found = [told["answer"] for told in self.recorded["sagemaker"] if told["operation"] == described]
        found = [a for a in found if str(request.get("NameContains", "")) in json.dumps(a)]
        return {LISTED[operation]: found if "NameContains" in request else []}


def make_table(client: Any, name: str, keys: tuple[str, ...], index: tuple[str, str, str] | None) -> None:
    """A table with the keys of template.yaml, and its index by project."""
    attributes = [*keys, *(index[1:] if index else ())]
    more: dict[str, Any] = {}
    if index:
        schema = [{"AttributeName": n, "KeyType": k} for n, k in zip(index[1:], ("HASH", "RANGE"), strict=True)]
        more = {
            "GlobalSecondaryIndexes": [
                {"IndexName": index[0], "KeySchema": schema, "Projection": {"ProjectionType": "ALL"}}
            ]
        }
    client.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in attributes],
        KeySchema=[
            {"AttributeName": n, "KeyType": k} for n, k in zip(keys, ("HASH", "RANGE")[: len(keys)], strict=True)
        ],
        **more,
    )


@pytest.fixture(scope="session")
def recording() -> dict[str, Any]:
    """The evening as it was written down."""
    return dict(json.loads(gzip.decompress(RECORDING.read_bytes())))


@pytest.fixture
def world(recording: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """The evening, for one test to look at and to change."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        yield World(copy.deepcopy(recording))


@pytest.fixture
def empty(recording: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A stack in which nothing has happened yet."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    nothing = {"tables": {}, "files": {}, "histories": {}, "functions": {}, "sagemaker": []}
    with mock_aws():
        yield World({"outputs": recording["outputs"], **nothing})
