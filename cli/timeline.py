"""The events of the loop, printed as they happen: one queue behind two rules, read as any user could."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from cli.stack import Stack

Event = dict[str, Any]
SOURCES = ["aws.s3", "aws.sagemaker"]
TOLD = {"model.tar.gz", "evaluation.json", "preparation.json"}
FAILURES = {"Run Failed", "Project Invalid", "Deployment Failed", "Candidate Rejected"}


class StoryError(Exception):
    """The story did not go on as it should; says what was waited for and what happened instead."""


def make_queue(sqs: Any, name: str, sender: str) -> tuple[str, str]:
    """(URL, ARN) of a new queue that a service, for instance `events.amazonaws.com`, may send to."""
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {"Effect": "Allow", "Principal": {"Service": sender}, "Action": "sqs:SendMessage", "Resource": arn}
    policy = {"Version": "2012-10-17", "Statement": [allow]}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})
    return url, arn


class Timeline:
    """Follows the default bus and the bus `dropforge` through an SQS queue of its own."""

    def __init__(self, stack: Stack, console: Console) -> None:
        """Make the queue and the rules; call `start` before the first upload."""
        self._console = console
        self._sqs = stack.client("sqs")
        self._events: list[Event] = []
        self._changed = threading.Condition()
        self._stop = threading.Event()
        self._last: tuple[str, str] | None = None
        self._started = time.monotonic()
        self._queue, arn = make_queue(self._sqs, "dropforge-demo-timeline", "events.amazonaws.com")
        self._route(stack.client("events"), stack.output("BusName"), arn)
        self._thread = threading.Thread(target=self._follow, name="timeline", daemon=True)

    def _route(self, events: Any, bus: str, arn: str) -> None:
        patterns = {"default": {"source": SOURCES}, bus: {"source": [{"prefix": "dropforge."}]}}
        for name, pattern in patterns.items():
            events.put_rule(Name="dropforge-demo-timeline", EventBusName=name, EventPattern=json.dumps(pattern))
            events.put_targets(Rule="dropforge-demo-timeline", EventBusName=name, Targets=[{"Id": "queue", "Arn": arn}])

    def start(self) -> None:
        """Follow from now on; times are printed relative to this moment."""
        self._started = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """Stop following."""
        self._stop.set()
        self._thread.join(timeout=10)

    def elapsed(self) -> float:
        """Seconds since `start`."""
        return time.monotonic() - self._started

    def _follow(self) -> None:
        while not self._stop.is_set():
            got = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10, WaitTimeSeconds=2)
            for message in got.get("Messages", []):
                event = json.loads(message["Body"])
                line = describe(event)
                if line and line != self._last:
                    self._last = line
                    self._console.print(
                        f"[dim]{self.elapsed():6.1f} s[/dim]  [cyan]{line[0]:<10}[/cyan] {line[1]}",
                        highlight=False,
                    )
                with self._changed:
                    self._events.append(event)
                    self._changed.notify_all()
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"])

    def wait_for(self, doing: str, wanted: Callable[[Event], bool], *, seconds: float) -> Event:
        """The first event that is wanted, seen already or still to come; progress is shown meanwhile.

        Args:
            doing: what is going on, for the progress line.
            wanted: says whether an event is the one.
            seconds: how long at most.

        Raises:
            StoryError: it did not come in time, or the loop told of a failure first.
        """
        deadline = time.monotonic() + seconds
        columns = (
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self._console, transient=True, disable=not self._console.is_terminal) as bar:
            bar.add_task(doing, total=None)
            with self._changed:
                while True:
                    for event in self._events:
                        if wanted(event):
                            return event
                        if event["detail-type"] in {
                            "Run Failed",
                            "Project Invalid",
                            "Deployment Failed",
                            "Candidate Rejected",
                        }:
                            raise StoryError(f"{event['detail-type']}: {json.dumps(event['detail'], indent=2)}")
                    if not self._changed.wait(timeout=max(0.0, deadline - time.monotonic())):
                        raise StoryError(f"{doing}: nothing came within {seconds:.0f} s.")


def describe(event: Event) -> tuple[str, str] | None:
    """(who, what) of an event in a few words; None for what is only noise to a reader."""
    detail = event["detail"]
    kind = event["detail-type"]
    if event["source"] == "aws.s3":
        return _object(kind, detail["object"]["key"])
    if event["source"].startswith("dropforge."):
        return ("Dropforge", f"{kind} ({event['source'].removeprefix('dropforge.')})")
    for name, status in (
        ("TrainingJobName", "SecondaryStatus"),
        ("ProcessingJobName", "ProcessingJobStatus"),
        ("EndpointName", "EndpointStatus"),
    ):
        if name in detail and status in detail:
            return (
                "SageMaker",
                f"{kind.removesuffix(' State Change').removeprefix('SageMaker ')} {detail[name]}: {detail[status]}",
            )
    if "ModelPackageArn" in detail:
        package = detail["ModelPackageArn"].rsplit("model-package/", maxsplit=1)[-1]
        return ("SageMaker", f"Model package {package}: {detail.get('ModelApprovalStatus')}")
    return None


def _object(kind: str, key: str) -> tuple[str, str] | None:
    """Users' objects as they are; of ours only what a reader waits for."""
    project, _, rest = key.partition("/")
    if project == "dropforge":
        return None
    if rest.startswith(("datasets/", "runs/")):
        *_, folder, name = key.split("/")
        return ("S3", f"{kind}: {project}/…/{folder}/{name}") if name in TOLD else None
    return ("S3", f"{kind}: {key}")
