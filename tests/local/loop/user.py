"""What a user of the stack does, and what they hear of it: uploads, approvals, invocations; events and notices."""

from __future__ import annotations

import csv
import io
import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import BotoCoreError, ClientError

from cli.timeline import make_queue
from localcloud.cloud import LocalCloud

Event = dict[str, Any]
ENDINGS = {
    "Model Registered",
    "Candidate Rejected",
    "Run Failed",
    "Project Invalid",
    "Drop Ignored",
    "Project Missing",
    "Drop Refused",
}
FAILURES = {"Run Failed", "Project Invalid", "Deployment Failed", "Candidate Rejected"}


class User:
    """One user of a deployed stack; follows the bus and the notices from the moment it is made."""

    def __init__(self, cloud: LocalCloud, outputs: dict[str, str], name: str) -> None:
        self.cloud, self.outputs = cloud, outputs
        sqs = cloud.client("sqs")
        self._changed = threading.Condition()
        self._done = threading.Event()
        self._events: list[Event] = []
        self._notices: list[Event] = []
        events, arn = make_queue(sqs, f"{name}-events", "events.amazonaws.com")
        bus = outputs["BusName"]
        rule = {"Name": f"{name}-events", "EventBusName": bus}
        cloud.client("events").put_rule(**rule, EventPattern=json.dumps({"source": [{"prefix": "dropforge."}]}))
        cloud.client("events").put_targets(Rule=rule["Name"], EventBusName=bus, Targets=[{"Id": "queue", "Arn": arn}])
        notices, arn = make_queue(sqs, f"{name}-notices", "sns.amazonaws.com")
        cloud.client("sns").subscribe(TopicArn=outputs["NoticesTopicArn"], Protocol="sqs", Endpoint=arn)
        for url, keep in ((events, self._keep_event), (notices, self._keep_notice)):
            threading.Thread(target=self._follow, args=(url, keep), daemon=True).start()

    def _follow(self, url: str, keep: Callable[[Any], None]) -> None:
        sqs = self.cloud.client("sqs")
        while not self._done.is_set():
            try:
                got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=10)
            except (ClientError, BotoCoreError):  # a test killed the cloud; it may come back
                self._done.wait(0.2)
                continue
            for message in got.get("Messages", []):
                with self._changed:
                    keep(json.loads(message["Body"]))
                    self._changed.notify_all()
                with suppress(ClientError, BotoCoreError):
                    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])

    def kill_and_restart(self) -> None:
        """A power cut, and the same cloud again."""
        self.cloud.kill()
        self.cloud = self.cloud.restart()

    def leave(self) -> None:
        """Stop following; the cloud may go."""
        self._done.set()

    def _keep_event(self, body: Event) -> None:
        self._events.append(body)

    def _keep_notice(self, body: Event) -> None:
        self._notices.append(json.loads(body["Message"]))

    def upload(self, key: str, body: bytes | str) -> None:
        """Put an object into the data bucket."""
        data = body.encode() if isinstance(body, str) else body
        self.cloud.client("s3").put_object(Bucket=self.outputs["DataBucketName"], Key=key, Body=data)

    def read(self, key: str) -> str:
        """An object of the artifacts bucket, as text."""
        found = self.cloud.client("s3").get_object(Bucket=self.outputs["ArtifactsBucketName"], Key=key)
        return str(found["Body"].read().decode())

    def wait_event(self, project: str, kinds: set[str], seconds: float = 120) -> Event:
        """The first event of the project of one of these detail-types."""

        def find() -> Event | None:
            ours = (e for e in self._events if e["detail"].get("project") == project and e["detail-type"] in kinds)
            return next(ours, None)

        return self._wait(find, seconds, lambda: f"none of {kinds} for {project}; events: {self.told(project)}")

    def wait_notice(self, project: str, event: str, seconds: float = 30) -> Event:
        """The notice, in its form for machines, about an event of the project."""

        def find() -> Event | None:
            return next((n for n in self.notices(project) if n["event"] == event), None)

        return self._wait(find, seconds, lambda: f"no notice of {event} for {project}; got {self.notices(project)}")

    def _wait(self, find: Callable[[], Event | None], seconds: float, explain: Callable[[], str]) -> Event:
        deadline = time.monotonic() + seconds
        with self._changed:
            while (found := find()) is None:
                left = deadline - time.monotonic()
                assert left > 0, explain()
                self._changed.wait(left)
        return found

    def told(self, project: str) -> list[str]:
        """Detail-types of the project's events so far."""
        return [e["detail-type"] for e in self._events if e["detail"].get("project") == project]

    def notices(self, project: str) -> list[Event]:
        """All notices about the project so far."""
        return [n for n in self._notices if n["detail"].get("project") == project]

    def runs(self, project: str) -> list[dict[str, Any]]:
        """The project's items of the runs table."""
        pages = (
            self.cloud.client("dynamodb")
            .get_paginator("query")
            .paginate(
                TableName=self.outputs["RunsTableName"],
                IndexName="by-project",
                KeyConditionExpression="#project = :project",
                ExpressionAttributeNames={"#project": "project"},
                ExpressionAttributeValues={":project": {"S": project}},
            )
        )
        plain = TypeDeserializer().deserialize
        return [{k: plain(v) for k, v in item.items()} for page in pages for item in page["Items"]]

    def approve(self, arn: str) -> None:
        """Approve a model package, as any tool does."""
        self.cloud.client("sagemaker").update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")

    def ask(self, endpoint: str, rows: list[list[str]]) -> list[list[str]]:
        """Invoke an endpoint with CSV rows; returns its CSV answers."""
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        answer = self.cloud.client("sagemaker-runtime").invoke_endpoint(
            EndpointName=endpoint, ContentType="text/csv", Accept="text/csv", Body=text.getvalue().encode()
        )
        return list(csv.reader(io.StringIO(answer["Body"].read().decode())))
