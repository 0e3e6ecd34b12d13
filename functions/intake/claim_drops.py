"""S3 events, by way of a queue, become drops. The exception of design 1: a function that may write the drops table."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import boto3
from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit
from dropforge.settings import Settings
from intake.changes import Change, EventUnreadableError, Ignored, ignored_empty, judged, read_event
from intake.claims import claim
from intake.drops_table import DropsTable
from intake.windows import completes


class ClaimDropsSettings(Settings):
    """The environment of `claim_drops`."""

    drops_table_name: str
    projects_table_name: str


settings = ClaimDropsSettings.read()
logger = Logger(service="dropforge")
metrics = Metrics(namespace="Dropforge", service="intake")
dynamodb = boto3.client("dynamodb")
table = DropsTable(dynamodb, settings.drops_table_name)


@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Claim a batch; the messages of a folder that could not be claimed come back, and only they.

    Returns:
        `{"batchItemFailures": [{"itemIdentifier": message id}]}`.
    """
    failed: set[str] = set()
    ignored: list[tuple[str, Ignored]] = []
    folders: dict[str, list[tuple[str, Change]]] = defaultdict(list)
    for record in event["Records"]:
        message = record["messageId"]
        try:
            read = read_event(json.loads(record["body"]))
        except (EventUnreadableError, ValueError) as error:
            logger.warning("unreadable", message_id=message, reason=str(error))
            failed.add(message)
            continue
        if isinstance(read, Change):
            folders[read.pk].append((message, read))
        else:
            ignored.append((message, read))
    for pk, taken in folders.items():
        if not _claim(pk, taken, ignored):
            failed.update(message for message, _ in taken)
    failed.update(message for message, thing in ignored if not _ignore(thing))
    return {"batchItemFailures": [{"itemIdentifier": message} for message in sorted(failed)]}


def _claim(pk: str, taken: list[tuple[str, Change]], ignored: list[tuple[str, Ignored]]) -> bool:
    try:
        rule = completes(_config(pk.split("/", 1)[0]))
        read = [(message, judged(change, rule)) for message, change in taken]
        changes = [change for _, change in read if isinstance(change, Change)]
        claim(changes, table)
    except Exception:  # whatever it was, the other folders of the batch go on, and these messages come back
        logger.exception("not claimed", folder=pk)
        metrics.add_metric("ClaimsFailed", MetricUnit.Count, len(taken))
        return False
    for message, thing in read:
        if isinstance(thing, Ignored):
            ignored.append((message, thing))
        elif thing.kind == "empty":
            ignored.append((message, ignored_empty(thing)))
    logger.info("claimed", folder=pk, changes=len(changes))
    metrics.add_metric("ChangesClaimed", MetricUnit.Count, len(changes))
    return True


def _config(project: str) -> str | None:
    """The project.yaml in force, as JSON."""
    key = {"pk": {"S": project}, "sk": {"S": "config"}}
    found = dynamodb.get_item(TableName=settings.projects_table_name, Key=key, ProjectionExpression="config")
    return str(found["Item"]["config"]["S"]) if found.get("Item") else None


def _ignore(ignored: Ignored) -> bool:
    logger.info("ignored", key=ignored.key, reason=ignored.reason)
    metrics.add_metric("ObjectsIgnored", MetricUnit.Count, 1)
    try:
        table.ignore(ignored)
    except Exception:  # as above
        logger.exception("not recorded", key=ignored.key)
        return False
    return True
