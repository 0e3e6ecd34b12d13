"""Decisions that EventBridge never told, and deployments that stopped unseen: the eyes of the reconciler."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import boto3
from botocore.exceptions import ClientError
from deployment import lost
from deployment.models import FindLost
from dropforge.events import plain
from dropforge.handler import takes
from dropforge.settings import Settings

ITEMS = 50  # of the projects table in one step; the machine comes back for the rest
PACKAGES = 100  # of each status, the newest of a project
DECISIONS = 300  # the newest of a project; what is older is asked for one by one
NO_GROUP = ("ValidationException", "ResourceNotFound")


class FindLostSettings(Settings):
    """The environment of `find_lost`."""

    projects_table_name: str
    deployments_table_name: str


settings = FindLostSettings.read()
dynamodb = boto3.client("dynamodb")
sagemaker = boto3.client("sagemaker")


@takes(FindLost)
def handler(facts: FindLost) -> dict[str, Any]:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    since: datetime = dynamodb.describe_table(TableName=settings.deployments_table_name)["Table"]["CreationDateTime"]
    start = {"ExclusiveStartKey": facts.cursor} if facts.cursor else {}
    page = dynamodb.scan(
        TableName=settings.projects_table_name,
        FilterExpression="sk = :config",
        ExpressionAttributeValues={":config": {"S": "config"}},
        ProjectionExpression="pk",
        Limit=ITEMS,
        **start,
    )
    decisions, running = [], []
    for project in [item["pk"]["S"] for item in page["Items"]]:
        items = _decisions(project)
        running += lost.running(items, facts.now)
        event = lost.choose(list(_lost(project, lost.last_decisions(items), facts.now, since)))
        if event:
            decisions.append({"name": event["id"], "event": event})
    return {"decisions": decisions, "running": running, "cursor": page.get("LastEvaluatedKey")}


def _lost(project: str, known: dict[str, str], now: str, since: datetime) -> Iterator[dict[str, Any]]:
    """The project's lost decisions. The index only says where to look; the table itself says what was lost."""
    for status in lost.KINDS.values():
        for arn, created in _packages(project, status):
            # Of what is older than the table, and unknown to it, nobody can say when a person decided.
            if known.get(arn) != status and (arn in known or created >= since):
                package = sagemaker.describe_model_package(ModelPackageName=arn)
                event = lost.lost_decision(package, _items(arn), now=now, since=since)
                if event:
                    yield event


def _packages(project: str, status: str) -> list[tuple[str, datetime]]:
    """ARN and time of creation, the newest first."""
    try:
        found = sagemaker.list_model_packages(
            ModelPackageGroupName=project,
            ModelApprovalStatus=status,
            SortBy="CreationTime",
            SortOrder="Descending",
            MaxResults=PACKAGES,
        )
    except ClientError as error:
        if error.response["Error"]["Code"] in NO_GROUP:
            return []  # no run has made a model yet
        raise
    return [(str(package["ModelPackageArn"]), package["CreationTime"]) for package in found["ModelPackageSummaryList"]]


def _decisions(project: str) -> list[dict[str, Any]]:
    found = dynamodb.query(
        TableName=settings.deployments_table_name,
        IndexName="by-project",
        KeyConditionExpression="#project = :project",
        ExpressionAttributeNames={"#project": "project"},
        ExpressionAttributeValues={":project": {"S": project}},
        ScanIndexForward=False,
        Limit=DECISIONS,
    )
    return [plain(item) for item in found["Items"]]


def _items(arn: str) -> list[dict[str, Any]]:
    found = dynamodb.query(
        TableName=settings.deployments_table_name,
        KeyConditionExpression="pk = :arn",
        ExpressionAttributeValues={":arn": {"S": arn}},
        ConsistentRead=True,
    )
    return [plain(item) for item in found["Items"]]
