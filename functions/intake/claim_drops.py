"""S3 events, by way of a queue, become drops. The exception of design 1: a function that may write the drops table."""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any

import boto3
from aws_lambda_powertools.logging import Logger
from aws_lambda_powertools.metrics import Metrics, MetricUnit
from dropforge.settings import Settings
from intake.changes import Change, EventUnreadableError, Ignored, read_event
from intake.claims import claim
from intake.drops_table import DropsTable


class ClaimDropsSettings(Settings):
    """The environment of `claim_drops`."""

    drops_table_name: str


settings = ClaimDropsSettings.read()
logger = Logger(service="dropforge")
metrics = Metrics(namespace="Dropforge", service="intake")
table = DropsTable(boto3.client("dynamodb"), settings.drops_table_name)


@metrics.log_metrics
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Claim a batch; the messages of a folder that could not be claimed come back, and only they.

    Returns:
        `{"batchItemFailures": [{"itemIdentifier": message id}]}`.
    """
    failed: set[str] = set()
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
        elif not _ignore(read):
            failed.add(message)
    for pk, taken in folders.items():
        if not _claim(pk, [change for _, change in taken]):
            failed.update(message for message, _ in taken)
    return {"batchItemFailures": [{"itemIdentifier": message} for message in sorted(failed)]}


def _claim(pk: str, changes: list[Change]) -> bool:
    try:
        claim(changes, table)
    except Exception:  # whatever it was, the other folders of the batch go on, and these messages come back
        logger.exception("not claimed", folder=pk)
        metrics.add_metric("ClaimsFailed", MetricUnit.Count, len(changes))
        return False
    logger.info("claimed", folder=pk, changes=len(changes))
    metrics.add_metric("ChangesClaimed", MetricUnit.Count, len(changes))
    return True


def _ignore(ignored: Ignored) -> bool:
    logger.info("ignored", key=ignored.key, reason=ignored.reason)
    metrics.add_metric("ObjectsIgnored", MetricUnit.Count, 1)
    try:
        table.ignore(ignored)
    except Exception:  # as above
        logger.exception("not recorded", key=ignored.key)
        return False
    return True
