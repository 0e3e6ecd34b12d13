"""The redrive that docs/operations.md describes, by its own commands: what was given up has its effect."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.local.loop.user import User

ROOT = Path(__file__).resolve().parents[3]
TABLE = "a,b,y\n" + "".join(f"{i},{i % 7},{i % 2}\n" for i in range(40))


def commands(heading: str) -> list[str]:
    """The shell commands below a heading of the page."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    text = re.split(rf"^#+ {re.escape(heading)}$", page, flags=re.MULTILINE)[1]
    section = re.split(r"^#+ ", text, flags=re.MULTILINE)[0]
    return re.findall(r"^```sh\n(.*?)^```", section, flags=re.MULTILINE | re.DOTALL)


def operate(user: User, *blocks: str) -> str:
    """Run commands of the page in a shell, as its reader does."""
    environment = {**user.cloud.environment, "PATH": f"{ROOT / '.tools/awscli/bin'}{os.pathsep}{os.environ['PATH']}"}
    script = "\n".join([*commands("Operating a stack"), *blocks])
    shell = ["bash", "-c", script]
    done = subprocess.run(shell, check=False, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def resource(user: User, kind: str, part: str) -> str:
    """The physical name of the one resource of the nested stacks whose logical id is `part`."""
    client = user.cloud.client("cloudformation")
    found = [
        item["PhysicalResourceId"]
        for stack in client.describe_stacks()["Stacks"]
        for item in client.describe_stack_resources(StackName=stack["StackName"])["StackResources"]
        if item["LogicalResourceId"] == part and item["ResourceType"] == kind
    ]
    (name,) = found
    return str(name)


@contextmanager
def disabled(user: User, rule: str) -> Iterator[None]:
    """A rule that tells nobody."""
    events, name = user.cloud.client("events"), resource(user, "AWS::Events::Rule", rule)
    events.disable_rule(Name=name)
    try:
        yield
    finally:
        events.enable_rule(Name=name)


@contextmanager
def broken_claims(user: User) -> Iterator[None]:
    """A claim function that cannot reach its table, and a queue that gives up at once."""
    functions, sqs = user.cloud.client("lambda"), user.cloud.client("sqs")
    name, url = resource(user, "AWS::Lambda::Function", "IntakeClaimDropsFunction"), user.outputs["IntakeQueueUrl"]
    before = functions.get_function_configuration(FunctionName=name)["Environment"]
    policy = json.loads(
        sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]["RedrivePolicy"]
    )
    kept = {"RedrivePolicy": json.dumps(policy)}
    away = {"Variables": {**before["Variables"], "DROPS_TABLE_NAME": "no-such-table"}}
    try:
        sqs.set_queue_attributes(
            QueueUrl=url, Attributes={"RedrivePolicy": json.dumps(policy | {"maxReceiveCount": 1})}
        )
        functions.update_function_configuration(FunctionName=name, Environment=away)
        yield
    finally:
        functions.update_function_configuration(FunctionName=name, Environment=before)
        sqs.set_queue_attributes(QueueUrl=url, Attributes=kept)


def seen(user: User, url: str, key: str) -> dict[str, Any]:
    """The message about a key that lies in a queue, left there."""
    sqs = user.cloud.client("sqs")
    for _ in range(30):
        asked = {"WaitTimeSeconds": 2, "VisibilityTimeout": 0, "MaxNumberOfMessages": 10}
        for message in sqs.receive_message(QueueUrl=url, **asked).get("Messages", []):
            body = json.loads(message["Body"])
            if body["detail"]["object"]["key"] == key:
                return dict(body)
    raise AssertionError(f"no message about {key} in {url}")


@pytest.fixture
def alone(user: User) -> Iterator[ExitStack]:
    """Without the reconciler, which would mend it all by itself."""
    with ExitStack() as stack:
        stack.enter_context(disabled(user, "IntakeReconcileRule"))
        yield stack


@pytest.mark.usefixtures("alone")
def test_changes_that_could_not_be_claimed(user: User) -> None:
    sqs, key = user.cloud.client("sqs"), "redriven/train/t.csv"
    arn = user.outputs["IntakeQueueDeadLetterQueueArn"]
    url = sqs.get_queue_url(QueueName=arn.rsplit(":", 1)[1])["QueueUrl"]
    with broken_claims(user):
        user.upload(key, TABLE)
        seen(user, url, key)
    assert user.told("redriven") == []
    operate(user, *commands("Object changes that could not be claimed"))
    assert user.wait_event("redriven", {"Project Missing"})["detail"]["drop"]


def test_an_event_whose_machine_could_not_be_started(user: User, alone: ExitStack) -> None:
    with disabled(user, "IntakeProjectChangedRule"):
        user.upload("replayed/project.yaml", "algorithm: xgboost\ntarget: y\n")
    event = {
        "version": "0", "id": "11111111-2222-3333-4444-555555555555", "source": "aws.s3",
        "detail-type": "Object Created", "account": "000000000000", "region": user.cloud.settings.region,
        "time": "2026-11-23T08:00:00Z", "resources": [],
        "detail": {"bucket": {"name": user.outputs["DataBucketName"]},
                   "object": {"key": "replayed/project.yaml", "size": 31, "sequencer": "0061"}},
    }  # fmt: skip
    said = {"TARGET_ARN": user.outputs["IntakeProjectStateMachineArn"], "ERROR_CODE": "NO_PERMISSIONS"}
    attributes = {name: {"DataType": "String", "StringValue": value} for name, value in said.items()}
    queue = {"QueueUrl": user.outputs["DeadLetterQueueUrl"], "MessageAttributes": attributes}
    user.cloud.client("sqs").send_message(**queue, MessageBody=json.dumps(event))
    shown, replay = commands("What could not be started")
    assert "NO_PERMISSIONS" in operate(user, shown)
    operate(user, replay)
    assert user.wait_event("replayed", {"Project Changed", "Project Invalid"})["detail-type"] == "Project Changed"
    assert not user.cloud.client("sqs").receive_message(QueueUrl=queue["QueueUrl"], VisibilityTimeout=0).get("Messages")
