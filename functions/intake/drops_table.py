"""The drops table as a store of windows and objects. Items: see docs/architecture.md."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from intake.claims import Window

if TYPE_CHECKING:
    from intake.changes import Change, Ignored

_LOST = ("ConditionalCheckFailedException", "TransactionCanceledException", "TransactionConflictException")


def now() -> str:
    """This moment, as all times are stored: UTC, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class DropsTable:
    """`intake.claims.Store` on DynamoDB."""

    def __init__(self, client: Any, table: str) -> None:
        self.client = client
        self.table = table

    def sequencer(self, change: Change) -> str | None:
        """See `Store`."""
        item = self._get(change.pk, f"object#{change.key}")
        return str(item["sequencer"]["S"]) if item else None

    def current(self, pk: str) -> Window | None:
        """See `Store`. The pointer and its window are written together, so neither is ever alone."""
        pointer = self._get(pk, "current")
        item = self._get(pk, f"window#{pointer['drop']['S']}") if pointer else None
        if not item:
            return None
        completed = item.get("completed_at", {}).get("S")
        return Window(pk, item["drop"]["S"], item["state"]["S"], completed)

    def open(self, window: Window, first: Change, previous: Window | None) -> bool:
        """See `Store`."""
        moment = now()
        item = {
            "pk": window.pk,
            "sk": f"window#{window.drop}",
            "drop": window.drop,
            "project": first.project,
            "channel": first.channel,
            "folder": first.folder,
            "state": window.state,
            "opened_at": moment,
            "touched_at": moment,
            "opened_by": first.key,
        }
        if window.completed_at:
            item |= {"completed_at": window.completed_at, "reason": "_SUCCESS"}
        pointer: dict[str, Any] = {
            "TableName": self.table,
            "Item": _typed({"pk": window.pk, "sk": "current", "drop": window.drop}),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        if previous:
            pointer["ConditionExpression"] = "#drop = :previous"
            pointer["ExpressionAttributeNames"] = {"#drop": "drop"}
            pointer["ExpressionAttributeValues"] = {":previous": {"S": previous.drop}}
        made = {
            "TableName": self.table,
            "Item": _typed(item),
            "ConditionExpression": "attribute_not_exists(pk)",
        }
        return self._try(self.client.transact_write_items, TransactItems=[{"Put": pointer}, {"Put": made}])

    def touch(self, window: Window) -> bool:
        """See `Store`."""
        return self._update(window, "SET touched_at = :now", {})

    def complete(self, window: Window, marker: Change) -> bool:
        """See `Store`."""
        change = "SET touched_at = :now, #state = :complete, completed_at = :time, #reason = :reason"
        values = {":complete": "COMPLETE", ":time": marker.time, ":reason": "_SUCCESS"}
        return self._update(window, change, values, {"#reason": "reason"})

    def record(self, change: Change, drop: str | None) -> None:
        """See `Store`."""
        values: dict[str, Any] = {
            ":key": change.key,
            ":sequencer": change.sequencer,
            ":size": change.size,
            ":present": drop is not None,
        }
        fields = "#key = :key, sequencer = :sequencer, size = :size, present = :present"
        names = {"#key": "key"}
        if drop:
            fields += ", #drop = :drop"
            values[":drop"], names["#drop"] = drop, "drop"
        if change.version_id:
            fields += ", version_id = :version"
            values[":version"] = change.version_id
        names["#size"], fields = "size", fields.replace("size =", "#size =")
        self._try(
            self.client.update_item,
            TableName=self.table,
            Key=_typed({"pk": change.pk, "sk": f"object#{change.key}"}),
            UpdateExpression=f"SET {fields}",
            ConditionExpression="attribute_not_exists(pk) OR sequencer < :sequencer",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=_typed(values),
        )

    def ignore(self, ignored: Ignored) -> None:
        """Record what is part of no drop; the same again is the same item."""
        item = {
            "pk": "ignored",
            "sk": f"{ignored.project}#{ignored.key}#{ignored.sequencer}",
            "key": ignored.key,
            "reason": ignored.reason,
            "ignored_at": now(),
        }
        self.client.put_item(TableName=self.table, Item=_typed(item))

    def _get(self, pk: str, sk: str) -> dict[str, Any] | None:
        key = _typed({"pk": pk, "sk": sk})
        found: dict[str, Any] = self.client.get_item(TableName=self.table, Key=key, ConsistentRead=True)
        return found.get("Item")

    def _update(self, window: Window, change: str, values: dict[str, str], names: dict[str, str] | None = None) -> bool:
        return self._try(
            self.client.update_item,
            TableName=self.table,
            Key=_typed({"pk": window.pk, "sk": f"window#{window.drop}"}),
            UpdateExpression=change,
            ConditionExpression="#state = :open",
            ExpressionAttributeNames={"#state": "state", **(names or {})},
            ExpressionAttributeValues=_typed({":now": now(), ":open": "OPEN", **values}),
        )

    @staticmethod
    def _try(call: Any, **arguments: Any) -> bool:
        """Whether the conditional write was done; other errors are raised."""
        try:
            call(**arguments)
        except ClientError as error:
            if error.response["Error"]["Code"] in _LOST:
                return False
            raise
        return True


def _typed(item: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: _value(value) for name, value in item.items()}


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"N": str(value)} if isinstance(value, int) else {"S": value}
