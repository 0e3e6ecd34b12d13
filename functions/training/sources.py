"""Which objects a drop has: what intake recorded, or, completed by `_SUCCESS`, what its folder holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dropforge import names
from dropforge.errors import DropEmptyError, DropSupersededError
from training.freeze import Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from training.freeze import Bucket

SUCCESS = "_SUCCESS"


class Drops:
    """Reads the drops table and the data bucket."""

    def __init__(self, dynamodb: Any, table: str, bucket: Bucket) -> None:
        self.dynamodb = dynamodb
        self.table = table
        self.bucket = bucket

    def of(self, project: str, channel: str, folder: str, drop: str, reason: str | None) -> list[Source]:
        """The drop's objects.

        Raises:
            DropEmptyError: nothing is left of it.
            DropSupersededError: all of it was overwritten by a later drop.
        """
        place = f"{project}/{channel}/" + (f"{folder}/" if folder else "")
        if reason == SUCCESS:
            sources = self._listed(place)
        else:
            sources = [s for s, of in self._recorded(project, channel, folder) if of == drop]
        if sources:
            return sources
        pointer = self._item(f"{project}/{channel}/{folder}", "current")
        if pointer and pointer["drop"]["S"] != drop:
            later = pointer["drop"]["S"]
            raise DropSupersededError(f"all its objects were overwritten by, or moved to, the later drop {later}")
        raise DropEmptyError(f"nothing to train on is left under {place}: the dropped objects were deleted")

    def latest(self, project: str, channel: str) -> list[Source]:
        """The newest drop of a channel, by the newest object in it; empty if there is none."""
        newest: dict[str, Any] | None = None
        prefix = f"{project}/{channel}/"
        for found in self.bucket.objects(prefix):
            if _is_data(found, prefix) and (newest is None or found["LastModified"] > newest["LastModified"]):
                newest = found
        if newest is None:
            return []
        folder = newest["Key"][len(prefix) :].rpartition("/")[0]
        pk = f"{project}/{channel}/{folder}"
        pointer = self._item(pk, "current")
        drop = pointer["drop"]["S"] if pointer else None
        window = self._item(pk, f"window#{drop}") if drop else None
        listed = self._listed(f"{prefix}{folder}/" if folder else prefix)
        if window and window.get("reason", {}).get("S") != SUCCESS:
            recorded = [s for s, of in self._recorded(project, channel, folder) if of == drop]
            return recorded or listed
        return listed

    def _listed(self, place: str) -> list[Source]:
        found = [o for o in self.bucket.objects(place) if _is_data(o, place) and "/" not in o["Key"][len(place) :]]
        return [Source(o["Key"][len(place) :], o["Key"], int(o["Size"])) for o in found]

    def _recorded(self, project: str, channel: str, folder: str) -> Iterator[tuple[Source, str]]:
        place = f"{project}/{channel}/" + (f"{folder}/" if folder else "")
        pages = self.dynamodb.get_paginator("query").paginate(
            TableName=self.table,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :object)",
            ExpressionAttributeValues={
                ":pk": {"S": f"{project}/{channel}/{folder}"},
                ":object": {"S": "object#"},
            },
            ConsistentRead=True,
        )
        for page in pages:
            for item in page["Items"]:
                key, size = item["key"]["S"], int(item["size"]["N"])
                name = key[len(place) :]
                if item["present"]["BOOL"] and size and names.is_data(name):
                    yield Source(name, key, size), item.get("drop", {}).get("S", "")

    def _item(self, pk: str, sk: str) -> dict[str, Any] | None:
        key = {"pk": {"S": pk}, "sk": {"S": sk}}
        found: dict[str, Any] = self.dynamodb.get_item(TableName=self.table, Key=key, ConsistentRead=True)
        return found.get("Item")


def _is_data(found: dict[str, Any], prefix: str) -> bool:
    return bool(found["Size"]) and names.is_data(found["Key"][len(prefix) :]) and not found["Key"].endswith("/")
