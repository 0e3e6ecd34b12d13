"""`dropforge demo`: one story, from a file dropped in S3 to a model that answers and one that is taken back."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from cli import demo_versions
from cli.stack import Stack, find_stack
from cli.timeline import StoryError, Timeline, make_queue
from localcloud import deploy
from localcloud.cloud import LocalCloud

PROJECT = "breast-cancer"
EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / PROJECT
READER = "you@example.com"
# A part of one instance is none, so a canary wants two.
DEPLOY = "deploy: {strategy: canary, rollout: {size: 50}, initial_instance_count: 2}\n"
FIRST_ROWS = 400  # of 569; the others come with the second version
ROUNDING = 1e-6  # evaluation.json has six places


@dataclass
class Story:
    """What the steps of the story hand on."""

    stack: Stack
    timeline: Timeline
    console: Console
    notices: str
    registered: dict[str, Any]
    accuracy: tuple[float, int]
    second: dict[str, Any] = field(default_factory=dict)


def run_demo(console: Console) -> None:
    """Play the story to its end on a free port and an empty state; prints as it goes.

    Raises:
        StoryError: a step did not come about; the message says which and why.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="dropforge-demo-") as home:
        console.print("Starting a local cloud of its own, for this demo only")
        cloud = LocalCloud.start(Path(home))
        try:
            deploy.deploy(cloud, say=lambda line: console.print(line, markup=False))
            story = _begin(cloud.settings.endpoint_url, console)
            ready = time.monotonic()
            _heading(console, 1, "Upload project.yaml and a data set, as a user would")
            _upload(story)
            _heading(console, 2, "The drop is claimed, frozen, planned and trained on")
            _train(story)
            _heading(console, 4, "A notice arrives; this is what its reader sees")
            _show_notice(story)
            _heading(console, 5, "Approve in the registry; the approval deploys")
            _approve(story)
            _heading(console, 6, "Ask the endpoint about rows that training never saw")
            _ask(story)
            _heading(console, 7, "More rows arrive: a second version, measured beside the live one")
            demo_versions.train_second(story, PROJECT, breast_cancer_csv())
            _heading(console, 8, "Approve it: half of the traffic first, watched by alarms, then all")
            demo_versions.approve_second(story, PROJECT)
            _heading(console, 9, "Reject it: the version before it is live again")
            demo_versions.reject_second(story, PROJECT)
            story.timeline.stop()
            _heading(console, 10, "Summary")
            _summary(story, ready - began, time.monotonic() - began)
        finally:
            cloud.stop()


def _heading(console: Console, number: int, text: str) -> None:
    console.print()
    console.rule(f"[bold]{number}. {text}", align="left")


def _begin(endpoint_url: str, console: Console) -> Story:
    stack = find_stack(endpoint_url=endpoint_url)
    sns, topic = stack.client("sns"), stack.output("NoticesTopicArn")
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint=READER)
    notices, arn = make_queue(stack.client("sqs"), "dropforge-demo-notices", "sns.amazonaws.com")
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    timeline = Timeline(stack, console)
    timeline.start()
    return Story(stack, timeline, console, notices, {}, (0.0, 0))


@cache
def breast_cancer_csv() -> bytes:
    """The Breast Cancer Wisconsin data of scikit-learn's wheel, as the example writes it: 569 rows, 30 columns."""
    return subprocess.run([sys.executable, EXAMPLE / "data.py"], check=True, capture_output=True).stdout  # noqa: S603 (ours)


def _upload(story: Story) -> None:
    s3, bucket = story.stack.client("s3"), story.stack.output("DataBucketName")
    text = (EXAMPLE / "project.yaml").read_text() + DEPLOY
    story.console.print(Panel(text.strip(), title=f"{PROJECT}/project.yaml", expand=False))
    s3.put_object(Bucket=bucket, Key=f"{PROJECT}/project.yaml", Body=text.encode())
    first = b"".join(breast_cancer_csv().splitlines(keepends=True)[: FIRST_ROWS + 1])
    s3.put_object(Bucket=bucket, Key=f"{PROJECT}/train/breast-cancer.csv", Body=first)
    story.console.print(
        f"Uploaded to s3://{bucket}/{PROJECT}/: project.yaml, train/breast-cancer.csv ({FIRST_ROWS} rows)"
    )


def _is(kind: str) -> Any:
    return lambda event: event["detail-type"] == kind and event["detail"].get("project") == PROJECT


def _train(story: Story) -> None:
    wait = story.timeline.wait_for
    wait("Waiting for the folder to be quiet", _is("Drop Completed"), seconds=120)
    _heading(story.console, 3, "Prepare, train, evaluate on unseen rows, register")
    event = wait("Preparing, training, evaluating", _is("Model Registered"), seconds=300)
    story.registered = event["detail"]
    _print_log(story, event["detail"]["run"])


def _print_log(story: Story, run: str) -> None:
    logs = story.stack.client("logs")
    group = "/aws/sagemaker/TrainingJobs"
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix=f"df-{run}-")["logStreams"]
    events = logs.get_log_events(logGroupName=group, logStreamName=streams[0]["logStreamName"])["events"]
    rounds = [event["message"].rstrip() for event in events if event["message"].startswith("[")]
    story.console.print(f"\nThe training log in CloudWatch Logs ({group}), its last boosting rounds:")
    for line in rounds[-3:]:
        story.console.print(f"    {line}", markup=False, highlight=False)


def _show_notice(story: Story) -> None:
    mail = _mail(story, "Model Registered")
    story.console.print(
        Panel(mail["body"].strip(), title=f"To: {READER}   Subject: {mail['subject']}", title_align="left")
    )


def _mail(story: Story, event: str) -> dict[str, Any]:
    """The newest e-mail about an event, once the notice has come; the queue tells when, the inbox has the letter."""
    waiting = story.console.status("Waiting for the e-mail") if story.console.is_terminal else nullcontext()
    with waiting:
        for _ in range(6):
            got = story.stack.client("sqs").receive_message(QueueUrl=story.notices, WaitTimeSeconds=20)
            for message in got.get("Messages", []):
                if json.loads(json.loads(message["Body"])["Message"])["event"] == event:
                    with urllib.request.urlopen(f"{story.stack.endpoint_url}/_dropforge/inbox", timeout=30) as answer:  # noqa: S310
                        mails = json.load(answer)["messages"]
                    return dict(next(mail for mail in reversed(mails) if mail["attributes"].get("event") == event))
    raise StoryError(f"No notice of {event!r} came within two minutes.")


def _approve(story: Story) -> None:
    arn = story.registered["model_package_arn"]
    story.console.print("What the demo does now, by boto3; with the AWS CLI it is one line:")
    story.console.print(
        f"    aws sagemaker update-model-package --model-package-arn {arn} --model-approval-status Approved",
        markup=False,
        highlight=False,
        soft_wrap=True,
    )
    story.stack.client("sagemaker").update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved")
    story.timeline.wait_for("Model, endpoint configuration, endpoint", _is("Model Deployed"), seconds=120)


def _held_out(story: Story) -> tuple[list[list[str]], list[str]]:
    s3 = story.stack.client("s3")
    bucket = story.stack.output("ArtifactsBucketName")
    key = f"{PROJECT}/runs/{story.registered['run']}/prepared/test/test.csv"
    text = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
    header, *rows = list(csv.reader(io.StringIO(text)))
    target = header.index("diagnosis")
    return [row[:target] + row[target + 1 :] for row in rows], [row[target] for row in rows]


def _ask(story: Story) -> None:
    rows, truth = _held_out(story)
    runtime = story.stack.client("sagemaker-runtime")
    body = "".join(",".join(row) + "\n" for row in rows)
    answer = runtime.invoke_endpoint(EndpointName=PROJECT, ContentType="text/csv", Accept="text/csv", Body=body)
    answers = list(csv.reader(io.StringIO(answer["Body"].read().decode())))
    table = Table("truth", "answer", "probability", title="Six of the held-out rows", box=None)
    for label, (said, probability) in list(zip(truth, answers, strict=True))[:: len(truth) // 6 or 1][:6]:
        table.add_row(label, said, f"{float(probability):.3f}")
    story.console.print(table)
    right = sum(said == label for label, (said, _) in zip(truth, answers, strict=True))
    story.accuracy = (right / len(truth), len(truth))


def _measured(story: Story) -> float:
    return float(story.registered["metrics"]["accuracy"])


def _summary(story: Story, starting: float, total: float) -> None:
    accuracy, rows = story.accuracy
    measured = _measured(story)
    agree = abs(accuracy - measured) < ROUNDING
    facts = Table(box=None, show_header=False)
    facts.add_row("Accuracy, as the endpoint answers", f"{accuracy:.4f} on {rows} held-out rows")
    facts.add_row(
        "Accuracy, as the evaluation measured", f"{measured:.4f} ({'they agree' if agree else 'THEY DIFFER'})"
    )
    for name, seconds in (story.registered.get("seconds") or {}).items():
        if seconds is not None:
            facts.add_row(f"Job: {name}", f"{seconds:.1f} s")
    facts.add_row("What this run would have cost on AWS", _cost(story.registered.get("cost")))
    facts.add_row("Cloud started and stack deployed in", f"{starting:.0f} s")
    facts.add_row("From the upload to the last answer", f"{story.timeline.elapsed():.0f} s")
    facts.add_row("All in all", f"{total:.0f} s")
    story.console.print(facts)
    if not agree:
        raise StoryError(f"The endpoint answers with accuracy {accuracy}, but evaluation measured {measured}.")


def _cost(cost: Any) -> str:
    if not isinstance(cost, dict) or cost.get("usd") in (None, "unknown"):
        return "unknown"
    return f"${float(cost['usd']):.4f} ({cost.get('basis', '')})"
