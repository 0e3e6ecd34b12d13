"""`dropforge runs` against a runs table of moto's."""

from __future__ import annotations

import io
from collections.abc import Iterator

import boto3
import pytest
from moto import mock_aws
from rich.console import Console

from cli.runs import list_runs, print_runs
from cli.stack import Stack, StackNotFoundError, find_stack


@pytest.fixture
def stack(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    session = boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="eu-west-1")
    with mock_aws():
        dynamodb = session.client("dynamodb")
        dynamodb.create_table(
            TableName="runs",
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                {"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk", "project", "started_at")
            ],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "by-project",
                    "KeySchema": [
                        {"AttributeName": "project", "KeyType": "HASH"},
                        {"AttributeName": "started_at", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        )
        for pk, project, started, more in (
            (
                "aaaaaaaaaa",
                "churn",
                "2026-11-23T08:00:00.000Z",
                {"status": {"S": "SUCCEEDED"}, "ended_at": {"S": "2026-11-23T08:01:05.000Z"}},
            ),
            ("bbbbbbbbbb", "other", "2026-11-23T09:00:00.000Z", {"status": {"S": "RUNNING"}}),
            (
                "cccccccccc",
                "churn",
                "2026-11-23T10:00:00.000Z",
                {"status": {"S": "FAILED"}, "reason": {"S": "[torn] row"}},
            ),
        ):
            item = {"pk": {"S": pk}, "sk": {"S": "run"}, "project": {"S": project}, "started_at": {"S": started}}
            dynamodb.put_item(TableName="runs", Item={**item, **more})
        dynamodb.put_item(TableName="runs", Item={"pk": {"S": "dataset#churn#f"}, "sk": {"S": "claim"}})
        yield Stack(session, None, {"RunsTableName": "runs"})


def test_newest_first_and_only_runs(stack: Stack) -> None:
    assert [run["pk"] for run in list_runs(stack, None, 10)] == ["cccccccccc", "bbbbbbbbbb", "aaaaaaaaaa"]
    assert [run["pk"] for run in list_runs(stack, "churn", 1)] == ["cccccccccc"]


def test_prints_how_each_ended(stack: Stack) -> None:
    out = io.StringIO()
    print_runs(stack, "churn", 10, Console(file=out, width=100))
    assert "1 min 05 s" in out.getvalue()
    assert "[torn] row" in out.getvalue()
    out = io.StringIO()
    print_runs(stack, "nobody", 10, Console(file=out))
    assert out.getvalue() == "No runs of project nobody yet.\n"


def test_missing_output_says_what_to_do(stack: Stack) -> None:
    with pytest.raises(StackNotFoundError, match="deploy this version"):
        stack.output("Nothing")


def test_no_cloud_says_what_to_do() -> None:
    with pytest.raises(StackNotFoundError, match="make up"):
        find_stack(endpoint_url="http://127.0.0.1:9")
