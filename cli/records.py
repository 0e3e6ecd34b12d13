"""What the service recorded, read as it lies: the tables, and the files beside a drop. Items: docs/architecture.md."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from botocore.exceptions import ClientError
from dropforge.events import plain
from dropforge.names import split_uri

from cli.stack import Stack

Item = dict[str, Any]
SHARDS = 16
WORKERS = 8
BATCH = 100  # keys of one BatchGetItem
MISSING = ("NoSuchKey", "404", "NoSuchBucket", "AccessDenied")


class Records:
    """Reads the tables and the artifacts bucket of one stack."""

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._dynamodb = stack.client("dynamodb")
        self._s3 = stack.client("s3")

    # ------------------------------------------------------------------------------------------------------- drops
    def windows(self, project: str, *, channel: str | None = None, since: str | None = None) -> Iterator[Item]:
        """A project's windows, newest first."""
        condition, values = "#project = :project", {":project": {"S": project}}
        names = {"#project": "project"}
        if since:
            condition, values = f"{condition} AND opened_at >= :since", values | {":since": {"S": since}}
        more: Item = {}
        if channel:
            names, values = names | {"#channel": "channel"}, values | {":channel": {"S": channel}}
            more = {"FilterExpression": "#channel = :channel"}
        return self._query(
            "DropsTableName",
            IndexName="by-project",
            KeyConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
            ScanIndexForward=False,
            **more,
        )

    def window(self, project: str, drop: str) -> Item | None:
        """The window of one drop."""
        found = next((item for item in self.windows(project) if item["drop"] == drop), None)
        return self._get("DropsTableName", found["pk"], found["sk"]) or found if found else None

    def objects(self, window: Item) -> list[Item]:
        """Every item that has something to say about the window's drop: its objects as they are, and what has left it.

        `sk` tells them apart: `object#…` is the key's last change, `moved#<drop>#…` an earlier one that the drop keeps.
        What came and went between two looks at the queue has no drop; it counts by its time.
        """
        places = [f"{window['pk']}#{number:02}" for number in range(SHARDS)]
        with ThreadPoolExecutor(WORKERS) as pool:
            found = pool.map(lambda pk: list(self._objects_in(pk, window)), places)
        return [item for some in found for item in some]

    def _objects_in(self, pk: str, window: Item) -> Iterator[Item]:
        begins = "pk = :pk AND begins_with(sk, :begin)"
        values = {":pk": {"S": pk}, ":begin": {"S": f"moved#{window['drop']}#"}}
        yield from self._query("DropsTableName", KeyConditionExpression=begins, ExpressionAttributeValues=values)
        values = {":pk": {"S": pk}, ":begin": {"S": "object#"}, ":drop": {"S": str(window["drop"])}}
        without = "attribute_not_exists(#drop) AND recorded_at BETWEEN :opened AND :closed"
        values |= {":opened": {"S": str(window["opened_at"])}, ":closed": {"S": str(window.get("closed_at") or "9")}}
        yield from self._query(
            "DropsTableName",
            KeyConditionExpression=begins,
            FilterExpression=f"#drop = :drop OR ({without})",
            ExpressionAttributeNames={"#drop": "drop"},
            ExpressionAttributeValues=values,
        )

    def ignored(self, project: str) -> list[Item]:
        """What was recorded as part of no drop, oldest first; of a name that no project can have, by its prefix."""

        def read(pk: str) -> list[Item]:
            condition, values = "pk = :pk", {":pk": {"S": pk}}
            if pk.startswith("ignored#-#"):
                condition, values = f"{condition} AND begins_with(sk, :sk)", values | {":sk": {"S": f"{project}/"}}
            return list(
                self._query("DropsTableName", KeyConditionExpression=condition, ExpressionAttributeValues=values)
            )

        places = [f"ignored#{name}#{number:02}" for name in (project, "-") for number in range(SHARDS)]
        with ThreadPoolExecutor(WORKERS) as pool:
            found = [item for some in pool.map(read, places) for item in some]
        return sorted(found, key=lambda item: str(item.get("ignored_at", "")))

    # ------------------------------------------------------------------------------------- projects, runs and the rest
    def config(self, project: str) -> Item | None:
        """The project's file in force."""
        return self._get("ProjectsTableName", project, "config")

    def projects(self) -> list[str]:
        """Every first folder of the data bucket: a project, or what was meant as one."""
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._stack.output("DataBucketName"), Delimiter="/"
        )
        return sorted(found["Prefix"].rstrip("/") for page in pages for found in page.get("CommonPrefixes", []))

    def run(self, run: str) -> Item | None:
        """One run's item."""
        return self._get("RunsTableName", run, "run")

    def runs(self, project: str) -> Iterator[Item]:
        """A project's runs, newest first."""
        found = self._query(
            "RunsTableName",
            IndexName="by-project",
            KeyConditionExpression="#project = :project",
            ExpressionAttributeNames={"#project": "project"},
            ExpressionAttributeValues={":project": {"S": project}},
            ScanIndexForward=False,
        )
        return (item for item in found if item.get("sk") == "run")

    def runs_of(self, drops: Iterable[str]) -> dict[str, Item]:
        """The runs of these drops, by drop: a run is called like its drop."""
        keys = [{"pk": {"S": drop}, "sk": {"S": "run"}} for drop in dict.fromkeys(drops)]
        return {str(item["pk"]): item for item in self._batch("RunsTableName", keys)}

    def deployments(self, package_arn: str) -> list[Item]:
        """The approvals of a model package that deployed it or tried to, oldest first."""
        values = {":pk": {"S": package_arn}}
        found = self._query("DeploymentsTableName", KeyConditionExpression="pk = :pk", ExpressionAttributeValues=values)
        return sorted(found, key=lambda item: str(item.get("started_at", "")))

    def decisions(self, project: str) -> Iterator[Item]:
        """The approvals and rejections of a project's versions, the newest first."""
        return self._query(
            "DeploymentsTableName",
            IndexName="by-project",
            KeyConditionExpression="#project = :project",
            ExpressionAttributeNames={"#project": "project"},
            ExpressionAttributeValues={":project": {"S": project}},
            ScanIndexForward=False,
        )

    def notices(self, ids: Iterable[str]) -> dict[str, Item]:
        """The notices that were told of these events, by the event's id."""
        keys = [{"pk": {"S": told}} for told in dict.fromkeys(ids)]
        return {str(item["pk"]): item for item in self._batch("NoticesTableName", keys)}

    # ------------------------------------------------------------------------------------------------------- files
    def file(self, uri: Any) -> bytes | None:
        """An object of the artifacts bucket; None if there is no such object (any more)."""
        if not uri:
            return None
        bucket, key = split_uri(str(uri))
        try:
            body: bytes = self._s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        except ClientError as error:
            if error.response["Error"]["Code"] in MISSING:
                return None
            raise
        return body

    def lines(self, uri: Any) -> list[Item]:
        """A file of one JSON object a line, e.g. `objects.jsonl`."""
        return [json.loads(line) for line in (self.file(uri) or b"").splitlines() if line.strip()]

    # ------------------------------------------------------------------------------------------------------ DynamoDB
    def table(self, output: str) -> str:
        """A table's name, by the stack's output."""
        return self._stack.output(output)

    def _query(self, table: str, **arguments: Any) -> Iterator[Item]:
        pages = self._dynamodb.get_paginator("query").paginate(TableName=self.table(table), **arguments)
        return (plain(item) for page in pages for item in page["Items"])

    def _get(self, table: str, pk: str, sk: str) -> Item | None:
        key = {"pk": {"S": pk}, "sk": {"S": sk}}
        found = self._dynamodb.get_item(TableName=self.table(table), Key=key, ConsistentRead=True).get("Item")
        return dict(plain(found)) if found else None

    def _batch(self, table: str, keys: list[Item]) -> Iterator[Item]:
        name = self.table(table)
        for start in range(0, len(keys), BATCH):
            wanted = {name: {"Keys": keys[start : start + BATCH]}}
            while wanted:
                answer = self._dynamodb.batch_get_item(RequestItems=wanted)
                yield from (plain(item) for item in answer["Responses"].get(name, []))
                wanted = answer.get("UnprocessedKeys") or {}
