"""The drops table's items: keys, attributes, and how they read back. Pure; docs/architecture.md lists them."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from intake.changes import Change, Ignored, Recorded
from intake.claims import Window

#: One partition takes 1,000 writes a second; a burst into one folder is spread over so many.
SHARDS = 16
_SORT_KEY_BYTES = 900  # DynamoDB takes 1,024, and the key's prefix needs some of them


def shard(key: str) -> str:
    """`00` to `15`, the same for the same key."""
    return f"{int(hashlib.sha256(key.encode()).hexdigest()[:8], 16) % SHARDS:02}"


def shards(pk: str) -> list[str]:
    """The partitions that a folder's objects are spread over."""
    return [f"{pk}#{number:02}" for number in range(SHARDS)]


def fitting(key: str) -> str:
    """The key, or if it is too long for a sort key, its digest."""
    return key if len(key.encode()) <= _SORT_KEY_BYTES else f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"


def object_place(pk: str, key: str) -> tuple[str, str]:
    """(pk, sk) of an object's item."""
    return f"{pk}#{shard(key)}", f"object#{fitting(key)}"


def stamp(moment: datetime) -> str:
    """A time as all are stored: UTC, milliseconds, Z."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def opened(window: Window, first: Change, moment: str) -> dict[str, Any]:
    """A new window's item."""
    item: dict[str, Any] = {
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
    if window.previous:
        item |= {"previous": window.previous}
        item |= {"previous_completed_at": window.previous_completed_at} if window.previous_completed_at else {}
    if window.manifest:
        item |= {"manifest": window.manifest}
        item |= {"manifest_version": first.version_id} if first.version_id else {}
    return item


def entry(change: Change, drop: str | None, *, present: bool, at: datetime, kept_days: int) -> dict[str, Any]:
    """An object's item, without its keys."""
    item: dict[str, Any] = {
        "key": change.key,
        "kind": change.kind,
        "identity": change.identity,
        "sequencer": change.sequencer,
        "ordered_at": change.ordered_at,
        "time": change.time,
        "size": change.size,
        "etag": change.etag,
        "present": present,
        "via": change.via,
        "recorded_at": stamp(at),
        "ttl": expiry(at, kept_days),
    }
    return item | ({"drop": drop} if drop else {}) | ({"version_id": change.version_id} if change.version_id else {})


def ignored(thing: Ignored, at: datetime, kept_days: int) -> dict[str, Any]:
    """The item of an object that is part of no drop."""
    return {
        "pk": f"ignored#{thing.project}#{shard(thing.key)}",
        "sk": f"{fitting(thing.key)}#{thing.sequencer}",
        "key": thing.key,
        "reason": thing.reason,
        "time": thing.time,
        "size": thing.size,
        "ignored_at": stamp(at),
        "ttl": expiry(at, kept_days),
    }


def expiry(at: datetime, days: int) -> int:
    """The TTL attribute: epoch seconds."""
    return int((at + timedelta(days=days)).timestamp())


def recorded(item: dict[str, Any]) -> Recorded:
    """An object's item as the algorithm sees it."""
    return Recorded(
        identity=item["identity"]["S"],
        sequencer=item["sequencer"]["S"],
        ordered_at=item["ordered_at"]["S"],
        version_id=item.get("version_id", {}).get("S"),
        drop=item.get("drop", {}).get("S"),
        present=item["present"]["BOOL"],
        via=item["via"]["S"],
    )


def window(pk: str, item: dict[str, Any]) -> Window:
    """A window's item as the algorithm sees it."""
    may_have = ("completed_at", "manifest", "previous", "previous_completed_at")
    return Window(pk, item["drop"]["S"], item["state"]["S"], **{n: item[n]["S"] for n in may_have if n in item})


def plain(item: dict[str, Any]) -> dict[str, Any]:
    """An item of DynamoDB's form as plain values."""
    return {name: _plain(value) for name, value in item.items()}


def _plain(value: dict[str, Any]) -> Any:
    ((kind, inner),) = value.items()
    return int(inner) if kind == "N" else inner


def typed(item: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """An item in DynamoDB's form."""
    return {name: _value(value) for name, value in item.items()}


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"BOOL": value}
    return {"N": str(value)} if isinstance(value, int) else {"S": value}
