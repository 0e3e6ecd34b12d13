"""The drops table as a store of windows and objects. Items: see docs/architecture.md."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from botocore.exceptions import ClientError
from intake import items
from intake.changes import Change, Ignored, Recorded
from intake.claims import ACCEPTING, Entry, Window
from intake.items import typed

_LOST = ("ConditionalCheckFailedException", "TransactionCanceledException", "TransactionConflictException")
_BATCH = 100  # keys of one BatchGetItem
_WORKERS = 8
_KEPT_DAYS = 90  # as long as S3 keeps old versions; repeats come within days
WAITING = "WAITING"


def now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


class DropsTable:
    """`intake.claims.Store` on DynamoDB."""

    def __init__(self, client: Any, table: str) -> None:
        self.client = client
        self.table = table

    def recorded(self, changes: list[Change]) -> dict[str, Recorded]:
        """See `Store`."""
        keys = {items.object_place(c.pk, c.key): c.key for c in changes}
        found: dict[str, Recorded] = {}
        for some in _batched(keys, _BATCH):
            for item in self._get_all([{"pk": pk, "sk": sk} for pk, sk in some]):
                found[item["key"]["S"]] = items.recorded(item)
        return found

    def current(self, pk: str) -> Window | None:
        """See `Store`. The pointer and its window are written together, so neither is ever alone."""
        pointer = self._get(pk, "current")
        return self.window(pk, pointer["drop"]["S"]) if pointer else None

    def window(self, pk: str, drop: str) -> Window | None:
        """See `Store`."""
        item = self._get(pk, f"window#{drop}")
        return items.window(pk, item) if item else None

    def open(self, window: Window, first: Change, previous: Window | None) -> bool:
        """See `Store`."""
        item = items.opened(window, first, items.stamp(now())) | {"stage": WAITING}
        pointer: dict[str, Any] = {
            "TableName": self.table,
            "Item": typed({"pk": window.pk, "sk": "current", "drop": window.drop}),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        if previous:
            pointer["ConditionExpression"] = "#drop = :previous"
            pointer["ExpressionAttributeNames"] = {"#drop": "drop"}
            pointer["ExpressionAttributeValues"] = {":previous": {"S": previous.drop}}
        made = {"TableName": self.table, "Item": typed(item), "ConditionExpression": "attribute_not_exists(pk)"}
        return self._try(self.client.transact_write_items, TransactItems=[{"Put": pointer}, {"Put": made}])

    def touch(self, window: Window) -> bool:
        """See `Store`."""
        return self._update(window, "SET touched_at = :now", {}, (window.state,))

    def complete(self, window: Window, marker: Change) -> bool:
        """See `Store`."""
        change = "SET touched_at = :now, #state = :complete, completed_at = :time, #reason = :reason"
        values = {":complete": "COMPLETE", ":time": marker.time, ":reason": "_SUCCESS"}
        return self._update(window, change, values, ACCEPTING, {"#reason": "reason"})

    def list_by(self, window: Window, manifest: Change) -> bool:
        """See `Store`."""
        change = "SET touched_at = :now, #state = :listed, manifest = :key"
        values = {":listed": "LISTED", ":key": manifest.key}
        if manifest.version_id:
            change, values = f"{change}, manifest_version = :version", values | {":version": manifest.version_id}
        return self._update(window, change, values, ACCEPTING)

    def record(self, entries: list[Entry]) -> list[Entry]:
        """See `Store`. Keys are spread over partitions, each of which takes 1,000 writes a second."""
        if len(entries) == 1:
            return [] if self._record(entries[0]) else entries
        with ThreadPoolExecutor(_WORKERS) as pool:
            done = list(pool.map(self._record, entries))
        return [entry for entry, ok in zip(entries, done, strict=True) if not ok]

    def _record(self, entry: Entry) -> bool:
        change, known = entry.change, entry.known
        pk, sk = items.object_place(change.pk, change.key)
        if known and entry.keep:
            self._keep(pk, sk, known, f"moved#{known.drop}#{items.fitting(change.key)}")
        condition: dict[str, Any] = {"ConditionExpression": "attribute_not_exists(pk)"}
        if known:
            condition = {
                "ConditionExpression": "#identity = :known",
                "ExpressionAttributeNames": {"#identity": "identity"},
                "ExpressionAttributeValues": {":known": {"S": known.identity}},
            }
        drop = entry.drop if entry.drop or not known or entry.keep else known.drop
        item = items.entry(change, drop, present=entry.drop is not None, at=now(), kept_days=_KEPT_DAYS)
        item |= {"pk": pk, "sk": sk}
        return self._try(self.client.put_item, TableName=self.table, Item=typed(item), **condition)

    def _keep(self, pk: str, sk: str, known: Recorded, name: str) -> None:
        """Leave a copy of the object's item in the drop that it was part of; the same again is the same copy."""
        item = self._get(pk, sk)
        if item and item["identity"]["S"] == known.identity:
            copy = item | {"sk": {"S": name}}
            self._try(
                self.client.put_item, TableName=self.table, Item=copy, ConditionExpression="attribute_not_exists(pk)"
            )

    def items_of(self, pk: str, keys: list[str]) -> dict[str, dict[str, Any]]:
        """The plain items of these keys that are there, by key."""
        places = [items.object_place(pk, key) for key in keys]
        found: dict[str, dict[str, Any]] = {}
        for some in _batched(places, _BATCH):
            for item in self._get_all([{"pk": p, "sk": s} for p, s in some]):
                if item["present"]["BOOL"]:
                    found[item["key"]["S"]] = items.plain(item)
        return found

    def items_in(self, pk: str, drop: str) -> list[dict[str, Any]]:
        """The plain items of the objects that a drop holds, those that a later drop has replaced included."""
        with ThreadPoolExecutor(_WORKERS) as pool:
            found = [item for some in pool.map(lambda p: self._in(p, drop), items.shards(pk)) for item in some]
        newest: dict[str, dict[str, Any]] = {}
        for item in found:
            if item["key"] not in newest or newest[item["key"]]["ordered_at"] < item["ordered_at"]:
                newest[item["key"]] = item
        return [item for item in newest.values() if item["kind"] == "object"]

    def keys_in(self, pk: str, drop: str) -> list[str]:
        """The keys of what a drop holds now."""
        with ThreadPoolExecutor(_WORKERS) as pool:
            found = pool.map(lambda p: list(self._query(p, "object#", drop, "#key")), items.shards(pk))
            return [str(item["key"]) for some in found for item in some]

    def _in(self, pk: str, drop: str) -> Iterable[dict[str, Any]]:
        for begin in ("object#", f"moved#{drop}#"):
            yield from self._query(pk, begin, drop)

    def _query(self, pk: str, begin: str, drop: str, projection: str | None = None) -> Iterable[dict[str, Any]]:
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :begin)",
            FilterExpression="#drop = :drop AND present = :yes",
            ExpressionAttributeNames={"#drop": "drop"} | ({"#key": "key"} if projection else {}),
            ExpressionAttributeValues=typed({":pk": pk, ":begin": begin, ":drop": drop, ":yes": True}),
            ConsistentRead=True,
            **({"ProjectionExpression": projection} if projection else {}),
        )
        for page in pages:
            yield from map(items.plain, page["Items"])

    def previous(self, project: str, channel: str, drop: str) -> dict[str, str] | None:
        """The channel's last accepted data set before `drop`: `{drop, digest, uri, profile_uri}`."""
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            IndexName="by-project",
            KeyConditionExpression="#project = :project",
            FilterExpression="channel = :channel AND outcome = :accepted AND #drop <> :drop",
            ExpressionAttributeNames={"#project": "project", "#drop": "drop"},
            ExpressionAttributeValues=typed(
                {":project": project, ":channel": channel, ":accepted": "ACCEPTED", ":drop": drop}
            ),
            ScanIndexForward=False,
        )
        item = next((items.plain(i) for page in pages for i in page["Items"]), None)
        return {k: item[k] for k in ("drop", "digest", "uri", "profile_uri") if k in item} if item else None

    def staged(self, stage: str, before: str, limit: int) -> list[dict[str, Any]]:
        """The plain items of windows in a stage (see `stalled.fate`) that nothing has touched since `before`."""
        pages = self.client.get_paginator("query").paginate(
            TableName=self.table,
            IndexName="by-stage",
            KeyConditionExpression="stage = :stage AND touched_at < :before",
            ExpressionAttributeValues=typed({":stage": stage, ":before": before}),
        )
        return [items.plain(item) for item in islice((i for page in pages for i in page["Items"]), limit)]

    def ignore(self, ignored: Ignored) -> None:
        """Record what is part of no drop; the same again is the same item."""
        self.client.put_item(TableName=self.table, Item=typed(items.ignored(ignored, now(), _KEPT_DAYS)))

    def _get(self, pk: str, sk: str) -> dict[str, Any] | None:
        key = typed({"pk": pk, "sk": sk})
        found: dict[str, Any] = self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True)
        return found.get("Item")

    def _get_all(self, keys: list[dict[str, str]]) -> Iterable[dict[str, Any]]:
        wanted = {self.table: {"Keys": [typed(k) for k in keys], "ConsistentRead": True}}
        while wanted:
            answer = self.client.batch_get_item(RequestItems=wanted)
            yield from answer["Responses"].get(self.table, [])
            wanted = answer.get("UnprocessedKeys") or {}

    def _update(
        self,
        window: Window,
        change: str,
        values: dict[str, str],
        states: tuple[str, ...],
        names: dict[str, str] | None = None,
    ) -> bool:
        allowed = {f":state{i}": state for i, state in enumerate(states)}
        return self._try(
            self.client.update_item,
            TableName=self.table,
            Key=typed({"pk": window.pk, "sk": f"window#{window.drop}"}),
            UpdateExpression=change,
            ConditionExpression=f"#state IN ({', '.join(allowed)})",
            ExpressionAttributeNames={"#state": "state", **(names or {})},
            ExpressionAttributeValues=typed({":now": items.stamp(now()), **allowed, **values}),
        )

    @staticmethod
    def _try(call: Callable[..., Any], **arguments: Any) -> bool:
        """Whether the conditional write was done; other errors are raised."""
        try:
            call(**arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] in _LOST:
                return False
            raise
        return True


def _batched(keys: Iterable[tuple[str, str]], size: int) -> Iterable[list[tuple[str, str]]]:
    whole = list(keys)
    return (whole[i : i + size] for i in range(0, len(whole), size))
