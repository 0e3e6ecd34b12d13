from __future__ import annotations

import importlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.unit.deployment import facts

BORN = datetime(2026, 11, 20, tzinfo=UTC)
NOW = "2026-11-23T08:00:00.000Z"
TABLES = {"projects_table_name": "projects", "deployments_table_name": "deployments"}
KEY = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
INDEX = [{"AttributeName": "project", "KeyType": "HASH"}, {"AttributeName": "started_at", "KeyType": "RANGE"}]


class Registry:
    """SageMaker's, as far as it is asked."""

    def __init__(self) -> None:
        self.packages: dict[str, dict[str, Any]] = {}
        self.described: list[str] = []

    def list_model_packages(self, **asked: Any) -> dict[str, Any]:
        group, status = asked["ModelPackageGroupName"], asked["ModelApprovalStatus"]
        if group == "new":
            said = {"Error": {"Code": "ValidationException", "Message": "ModelPackageGroup new does not exist."}}
            raise ClientError(said, "ListModelPackages")
        if group == "shut":
            raise ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "ListModelPackages")
        found = [p for p in self.packages.values() if p["ModelPackageGroupName"] == group]
        return {"ModelPackageSummaryList": [p for p in found if p["ModelApprovalStatus"] == status]}

    def describe_model_package(self, **asked: Any) -> dict[str, Any]:
        self.described.append(asked["ModelPackageName"])
        return self.packages[asked["ModelPackageName"]]


class Cloud:
    """Two tables and a registry."""

    def __init__(self) -> None:
        self.dynamodb, self.registry = boto3.client("dynamodb"), Registry()
        text = [{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk", "project", "started_at")]
        index = {"IndexName": "by-project", "KeySchema": INDEX, "Projection": {"ProjectionType": "ALL"}}
        common = {"KeySchema": KEY, "BillingMode": "PAY_PER_REQUEST"}
        self.dynamodb.create_table(TableName="projects", AttributeDefinitions=text[:2], **common)
        self.dynamodb.create_table(
            TableName="deployments", AttributeDefinitions=text, GlobalSecondaryIndexes=[index], **common
        )
        self.module: Any = importlib.import_module("deployment.find_lost")
        self.module.dynamodb, self.module.sagemaker = self, self.registry
        self.module.settings = self.module.settings.model_copy(update=TABLES)
        self.query, self.scan = self.dynamodb.query, self.dynamodb.scan

    def describe_table(self, **asked: Any) -> dict[str, Any]:
        assert asked == {"TableName": "deployments"}
        return {"Table": {"CreationDateTime": BORN}}

    def put(self, table: str, **values: str) -> None:
        self.dynamodb.put_item(TableName=table, Item={k: {"S": v} for k, v in values.items()})

    def project(self, name: str) -> None:
        self.put("projects", pk=name, sk="config", config="{}")

    def package(self, version: int, status: str, changed: str, **more: Any) -> str:
        found = facts.package(version, ModelApprovalStatus=status)
        times = {"CreationTime": BORN + timedelta(hours=1), "LastModifiedTime": datetime.fromisoformat(f"{changed}Z")}
        self.registry.packages[found["ModelPackageArn"]] = found | times | more
        return str(found["ModelPackageArn"])

    def decided(self, arn: str, kind: str, changed: str, status: str = "DEPLOYED", started: str = "") -> None:
        more = {"status": status, "execution_arn": f"execution-of-{kind}", "project": "adult"}
        self.put("deployments", pk=arn, sk=f"{kind}#{changed}Z", started_at=f"{started or changed}Z", **more)

    def look(self, cursor: Any = None) -> dict[str, Any]:
        found: dict[str, Any] = self.module.handler({"cursor": cursor, "now": NOW}, None)
        return found

    def lost(self) -> list[tuple[int, str]]:
        details = [d["event"]["detail"] for d in self.look()["decisions"]]
        return [(d["ModelPackageVersion"], d["ModelApprovalStatus"]) for d in details]


@pytest.fixture
def here() -> Iterator[Cloud]:
    with mock_aws():
        made = Cloud()
        made.project("adult")
        yield made


def test_a_registry_that_agrees_with_the_table(here: Cloud) -> None:
    here.decided(here.package(1, "Approved", "2026-11-22T08:00:00"), "approval", "2026-11-22T08:00:00")
    here.decided(here.package(2, "Rejected", "2026-11-22T09:00:00"), "rejection", "2026-11-22T09:00:00")
    here.package(3, "PendingManualApproval", "2026-11-22T09:00:00")
    assert here.look() == {"decisions": [], "running": [], "cursor": None}
    assert here.registry.described == []


def test_the_input_is_what_the_event_would_have_been(here: Cloud) -> None:
    arn = here.package(3, "Approved", "2026-11-22T08:00:00.123")
    (found,) = here.look()["decisions"]
    assert found["name"] == found["event"]["id"] == "adult-v3-Approved-20261122080000123"
    assert found["event"]["source"] == "aws.sagemaker"
    assert found["event"]["resources"] == [arn]
    assert found["event"]["detail"] == {
        "ModelPackageGroupName": "adult",
        "ModelPackageVersion": 3,
        "ModelPackageArn": arn,
        "ModelApprovalStatus": "Approved",
        "LastModifiedTime": "2026-11-22T08:00:00.123Z",
        "UpdatedModelPackageFields": ["ModelApprovalStatus"],
    }


def test_what_the_table_knew_last_counts(here: Cloud) -> None:
    arn = here.package(1, "Approved", "2026-11-22T12:00:00")
    # What came late is not what was decided last.
    here.decided(arn, "rejection", "2026-11-22T10:00:00")
    here.decided(arn, "approval", "2026-11-22T08:00:00", started="2026-11-22T11:00:00")
    assert here.lost() == [(1, "Approved")]
    here.decided(arn, "approval", "2026-11-22T12:00:00", status="NOTHING")
    assert here.lost() == []


def test_a_mark_on_the_package_is_no_decision(here: Cloud) -> None:
    here.decided(here.package(1, "Approved", "2026-11-22T08:30:00"), "approval", "2026-11-22T08:00:00")
    assert here.lost() == []


def test_an_event_under_way_is_not_overtaken(here: Cloud) -> None:
    here.package(1, "Approved", "2026-11-23T07:58:00")
    assert here.lost() == []


def test_what_is_older_than_the_table_is_left_alone(here: Cloud) -> None:
    arn = here.package(1, "Approved", "2026-11-22T08:00:00", CreationTime=BORN - timedelta(days=90))
    assert here.lost() == []
    here.decided(arn, "rejection", "2026-11-21T08:00:00")  # since the table knows it, what follows counts
    assert here.lost() == [(1, "Approved")]


def test_what_dropforge_did_not_make_is_left_alone(here: Cloud) -> None:
    here.package(1, "Approved", "2026-11-22T08:00:00", CustomerMetadataProperties={})
    assert here.lost() == []


def test_the_newest_approval_comes_first_and_rejections_in_their_order(here: Cloud) -> None:
    first = here.package(1, "Rejected", "2026-11-22T08:00:00")
    second = here.package(2, "Approved", "2026-11-22T09:00:00")
    third = here.package(3, "Approved", "2026-11-22T10:00:00")
    fourth = here.package(4, "Rejected", "2026-11-22T11:00:00")
    order = []
    for _ in range(4):
        order += here.lost()
        arn = {1: first, 2: second, 3: third, 4: fourth}[order[-1][0]]
        kind = {"Approved": "approval", "Rejected": "rejection"}[order[-1][1]]
        here.decided(arn, kind, f"2026-11-22T{7 + order[-1][0]:02}:00:00")
    assert [version for version, _ in order] == [3, 2, 1, 4]
    assert here.lost() == []


def test_a_decision_that_the_index_does_not_show_is_not_lost(here: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(here.module, "DECISIONS", 1)
    here.decided(here.package(1, "Approved", "2026-11-22T08:00:00"), "approval", "2026-11-22T08:00:00")
    here.decided(here.package(2, "Approved", "2026-11-22T09:00:00"), "approval", "2026-11-22T09:00:00")
    assert here.lost() == []
    assert len(here.registry.described) == 1


def test_what_says_that_it_runs(here: Cloud) -> None:
    arn = here.package(1, "Approved", "2026-11-22T08:00:00")
    here.decided(arn, "approval", "2026-11-22T08:00:00", status="RUNNING")
    here.decided(arn, "rejection", "2026-11-22T07:00:00", status="RUNNING", started="2026-11-23T07:59:00")
    assert here.look()["running"] == ["execution-of-approval"]


def test_projects_come_page_by_page(here: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(here.module, "ITEMS", 1)
    here.project("new")
    here.put("projects", pk="adult", sk="upload", version_id="1")
    here.package(3, "Approved", "2026-11-22T08:00:00")
    cursor, decisions, looks = None, [], 0
    while looks == 0 or cursor:
        found = here.look(cursor)
        cursor, looks = found["cursor"], looks + 1
        decisions += found["decisions"]
    assert len(decisions) == 1
    assert looks >= 3


def test_a_registry_that_cannot_be_read_is_an_error(here: Cloud) -> None:
    here.project("shut")
    with pytest.raises(ClientError):
        here.look()
