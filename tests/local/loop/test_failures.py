"""Failure is part of the story: each case ends in one clear notice or in no effect, never in a stuck execution."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from intake.items import shard

from tests.local.loop.user import ENDINGS, User

XGBOOST = "algorithm: xgboost\ntarget: y\n"
SCRIPT = "algorithm: sklearn\ntarget: y\ntrain: {script: train.py}\n"
RAISES = "raise RuntimeError('the tide went out')\n"
KILLED = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n"
TABLE = "a,b,y\n" + "".join(f"{i * 37 % 101},{i % 13},{'yes' if i % 13 > 6 else 'no'}\n" for i in range(300))
# project -> (project.yaml, other files, the ending, what the notice must say)
CASES: dict[str, tuple[str, dict[str, str], str, list[str]]] = {
    "script-raises": (SCRIPT, {"code/train.py": RAISES, "train/t.csv": TABLE}, "Run Failed", ["the tide went out"]),
    "script-killed": (SCRIPT, {"code/train.py": KILLED, "train/t.csv": TABLE}, "Run Failed", ["Train failed"]),
    "torn-row": (XGBOOST, {"train/t.csv": TABLE + "1,2\n"}, "Drop Refused", ["ragged_rows", "t.csv", "302"]),
    "no-such-instance": (
        XGBOOST + "train: {instance_type: ml.m5.gigantic}\n",
        {"train/t.csv": TABLE},
        "Project Invalid",
        ['"line": 3', "train.instance_type", "ml.m5.gigantic"],
    ),
    "no-such-column": (
        "algorithm: xgboost\ntarget: z\n",
        {"train/t.csv": TABLE},
        "Drop Refused",
        ["no_target", "z"],
    ),
    "bad-yaml": ("algorithm: xgboost\n  target: y\n", {}, "Project Invalid", ['"line": 2']),
    "unknown-key": ("algoritm: xgboost\ntarget: y\n", {}, "Project Invalid", ['"line": 1', "algoritm", "algorithm"]),
    "one-class": (XGBOOST, {"train/t.csv": "a,y\n" + "1,x\n2,x\n" * 9}, "Drop Refused", ["one_class"]),
    "no-project": ("", {"train/t.csv": TABLE}, "Project Missing", ["project.yaml"]),
}


@pytest.fixture(scope="module")
def uploaded(user: User) -> None:
    for project, (text, files, _, _) in CASES.items():
        if text:
            user.upload(f"{project}/project.yaml", text)
        for key, body in files.items():
            user.upload(f"{project}/{key}", body)


@pytest.mark.usefixtures("uploaded")
@pytest.mark.parametrize("project", CASES)
def test_one_clear_notice(project: str, user: User) -> None:
    _, _, ending, words = CASES[project]
    ended = user.wait_event(project, ENDINGS)
    assert ended["detail-type"] == ending, ended["detail"]
    notice = user.wait_notice(project, ending)
    text = json.dumps(notice, ensure_ascii=False)
    assert all(word in text for word in words), text
    assert [n["event"] for n in user.notices(project)].count(ending) == 1
    assert not _running(user, project)


def _running(user: User, project: str) -> list[dict[str, Any]]:
    return [item for item in user.runs(project) if item["status"] == "RUNNING"]


def test_data_that_waited_starts_when_a_project_arrives(user: User) -> None:
    user.upload("patient/train/t.csv", TABLE)
    user.wait_event("patient", {"Project Missing"})
    user.upload("patient/project.yaml", XGBOOST)
    assert user.wait_event("patient", ENDINGS - {"Project Missing"})["detail-type"] == "Model Registered"


def test_key_with_spaces_and_unicode(user: User) -> None:
    user.upload("odd-keys/project.yaml", XGBOOST)
    user.upload("odd-keys/train/März 2026/mes données (1)+#%41.csv", TABLE)
    assert user.wait_event("odd-keys", ENDINGS)["detail-type"] == "Model Registered"


def test_success_file_closes_at_once_and_empty_objects_have_no_effect(user: User) -> None:
    user.upload("marked/project.yaml", XGBOOST + "data: {quiet_period: 86400}\n")  # longer than anybody waits here
    user.upload("marked/train/2026/", b"")
    user.upload("marked/train/2026/part-0.csv", TABLE)
    user.upload("marked/train/2026/_SUCCESS", b"")
    completed = user.wait_event("marked", {"Drop Completed"})
    assert completed["detail"]["reason"] == "_SUCCESS"
    assert user.wait_event("marked", ENDINGS)["detail-type"] == "Model Registered"
    user.upload("hollow/project.yaml", XGBOOST)
    user.upload("hollow/train/nothing.csv", b"")
    assert "zero bytes" in _ignored(user, "hollow/train/nothing.csv")
    assert user.told("hollow").count("Drop Completed") == 0


def _ignored(user: User, key: str) -> str:
    """The recorded reason why an object was ignored, once it is there (within 30 s)."""
    project = key.split("/", 1)[0]
    waiter = user.cloud.client("dynamodb").get_waiter("table_exists")
    table = user.outputs["DropsTableName"]
    for _ in range(150):
        items = user.cloud.client("dynamodb").query(
            TableName=table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
            ExpressionAttributeValues={":pk": {"S": f"ignored#{project}#{shard(key)}"}, ":sk": {"S": f"{key}#"}},
        )["Items"]
        if items:
            return str(items[0]["reason"]["S"])
        waiter.wait(TableName=table, WaiterConfig={"Delay": 1, "MaxAttempts": 1})
    raise AssertionError(f"nothing was recorded as ignored for {key}")


def test_the_same_event_three_times_is_one_run(user: User) -> None:
    user.upload("thrice/project.yaml", XGBOOST)
    user.upload("thrice/train/t.csv", TABLE)
    key = {"key": "thrice/train/t.csv", "size": len(TABLE), "etag": "0" * 32, "sequencer": "0055AED6DCD90281E5"}
    event = {
        "version": "0",
        "id": str(uuid.uuid4()),
        "detail-type": "Object Created",
        "source": "aws.s3",
        "account": "000000000000",
        "time": "2026-11-23T08:00:00Z",
        "region": "us-east-1",
        "resources": [f"arn:aws:s3:::{user.outputs['DataBucketName']}"],
        "detail": {
            "version": "0",
            "bucket": {"name": user.outputs["DataBucketName"]},
            "object": key,
            "reason": "PutObject",
        },
    }
    sqs = user.cloud.client("sqs")
    (queue,) = (url for url in sqs.list_queues()["QueueUrls"] if url.endswith("-intake") or "IntakeQueue-" in url)
    for _ in range(3):
        sqs.send_message(QueueUrl=queue, MessageBody=json.dumps(event))
    assert user.wait_event("thrice", ENDINGS)["detail-type"] == "Model Registered"
    user.upload("thrice/train/t.csv", TABLE)  # the same content once more: told, not trained again
    again = user.wait_event("thrice", {"Drop Ignored"})
    assert again["detail"]["earlier_run"] == next(r["pk"] for r in user.runs("thrice") if r["status"] == "SUCCEEDED")
    assert sorted(item["status"] for item in user.runs("thrice")) == ["IGNORED", "SUCCEEDED"]
