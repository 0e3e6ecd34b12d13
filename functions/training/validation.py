"""The data set that a run is validated on: the newest accepted drop of the channel `validation`."""

from __future__ import annotations

from typing import Any

from dropforge.plan import Frozen


def latest_validation(dynamodb: Any, table: str, project: str) -> Frozen | None:
    """The frozen copy that intake recorded last; None if there never was one."""
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        IndexName="by-project",
        KeyConditionExpression="#project = :project",
        FilterExpression="channel = :validation AND outcome = :accepted",
        ExpressionAttributeNames={"#project": "project"},
        ExpressionAttributeValues={
            ":project": {"S": project},
            ":validation": {"S": "validation"},
            ":accepted": {"S": "ACCEPTED"},
        },
        ScanIndexForward=False,
    )
    for page in pages:
        for item in page["Items"]:
            return Frozen(digest=item["digest"]["S"], uri=item["uri"]["S"], content=item["content"]["S"])
    return None
