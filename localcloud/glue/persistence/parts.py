"""How a large record is split into parts, so that a change costs what changed and not what is there.

A part is (name, value, version): it is written if its value is another object than before, or its version
differs. The part HEAD is what remains of the record; it is always compared by its pickle.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from localcloud.glue.persistence.tracked import ALL, Marks, Tracked, only_reading
from localcloud.glue.sqs.messages import Messages

HEAD = ""
Part = tuple[Any, Any, Any]


@dataclass(frozen=True)
class Split:
    """How the records of a store are taken apart and put together.

    `head` returns the record without its parts; `parts` all of them; `join` puts a record back together.
    `size`: how many parts there are, for records whose parts are only added at the end and dropped from the
    front (histories, streams); `parts` yields those newest first.
    `by_key`: returns one part, or None if it is gone; then only parts noted as changed are looked at.
    `track`: called with (store, key, record) before a comparison: it makes sure that changes of parts are noted.
    """

    head: Callable[[Any], Any]
    parts: Callable[[Any], Iterable[Part]]
    join: Callable[[Any, dict[Any, Any]], Any]
    size: Callable[[Any], int] | None = None
    by_key: Callable[[Any, Any], Part | None] | None = None
    track: Callable[[Any, Any, Any], None] | None = None


def _without(record: dict[str, Any], *names: str) -> dict[str, Any]:
    return {k: v for k, v in list(record.items()) if k not in names}


def _messages(queue: dict[str, Any]) -> Iterable[Part]:
    for message in list(queue["messages"]):
        yield message["id"], message, message["receive_count"]


def _message(queue: dict[str, Any], identifier: str) -> Part | None:
    message = queue["messages"].get(identifier)
    return None if message is None else (identifier, message, message["receive_count"])


def _track_messages(store: Any, key: Any, queue: dict[str, Any]) -> None:
    """Let the queue note which messages came, went or were received, so that a commit need not look at the others."""
    held = queue["messages"]
    if isinstance(held, Messages) and held.owner is store:
        return

    def changed(identifier: str) -> None:
        with only_reading(False):
            store.note_part(key, identifier)

    queue["messages"] = held = Messages(held, changed, store)
    for identifier in {*(message["id"] for message in held), *(n for n in store.known.get(key, {}) if n != HEAD)}:
        store.note_part(key, identifier)


def _join_messages(head: dict[str, Any], parts: dict[Any, Any]) -> dict[str, Any]:
    messages = list(parts.values())
    for message in messages:
        if message["receive_count"]:  # it was in flight: whoever had it is dead, so it is visible again
            message["visible_at"], message["receipt_handle"] = 0.0, None
    return {**head, "messages": messages}


def _items(table: dict[str, Any]) -> Iterable[Part]:
    for partition, rows in list(table["items"].items()):
        for sort, item in list(rows.items()):
            yield (partition, sort), item, None


def _item(table: dict[str, Any], key: tuple[Any, Any]) -> Part | None:
    item = table["items"].get(key[0], {}).get(key[1])
    return None if item is None else (key, item, None)


def _join_items(head: dict[str, Any], parts: dict[Any, Any]) -> dict[str, Any]:
    items: dict[Any, dict[Any, Any]] = defaultdict(dict)
    for (partition, sort), item in parts.items():
        items[partition][sort] = item
    return {**head, "items": items}


def _objects(bucket: dict[str, Any]) -> Iterable[Part]:
    for key, record in list(dict.items(bucket["objects"])):
        yield key, record, None


def _object(bucket: dict[str, Any], key: str) -> Part | None:
    record = dict.get(bucket["objects"], key)
    return None if record is None else (key, record, None)


class _PartMarks(Marks):
    """Passes the marks of a record's inner dictionary on as noted parts of that record."""

    def __init__(self, store: Any, key: Any) -> None:
        super().__init__()
        self.outer = store
        self.key = key

    def add(self, store: str, key: Any) -> None:
        """Note a part, or every part there is."""
        names = [key] if key is not ALL else list(dict.keys(self.outer.data.peek(self.key)["objects"]))
        for name in names:
            self.outer.note_part(self.key, name)


def _track_objects(store: Any, key: Any, bucket: dict[str, Any]) -> None:
    if type(bucket["objects"]) is not Tracked:
        for name in bucket["objects"]:
            store.note_part(key, name)
        bucket["objects"] = Tracked(store.name, _PartMarks(store, key), bucket["objects"])


def _events(execution: dict[str, Any]) -> Iterable[Part]:
    for event in reversed(list(execution.get("events") or [])):
        yield event["id"], event, None


def _stream(records: list[dict[str, Any]]) -> Iterable[Part]:
    for record in reversed(list(records)):
        yield record["dynamodb"]["SequenceNumber"], record, None


def _log_events(group: dict[str, Any]) -> Iterable[Part]:
    for name, stream in list(group["streams"].items()):
        yield (name,), _without(stream, "events"), repr(_without(stream, "events"))
        for number, event in enumerate(list(stream.get("events") or [])):
            yield (name, number), event, None


def _join_log_events(head: dict[str, Any], parts: dict[Any, Any]) -> dict[str, Any]:
    streams: dict[str, Any] = {}
    for part, value in parts.items():
        if len(part) == 1:
            streams[part[0]] = {**value, "events": []}
    for part, value in parts.items():
        if len(part) > 1 and part[0] in streams:
            streams[part[0]]["events"].append(value)
    return {**head, "streams": streams}


WHOLE = Split(head=lambda record: record, parts=lambda record: (), join=lambda head, parts: head)

SPLITS: dict[str, Split] = {
    "s3._buckets": Split(
        head=lambda bucket: _without(bucket, "objects"),
        parts=_objects,
        join=lambda head, parts: {**head, "objects": parts},
        by_key=_object,
        track=_track_objects,
    ),
    "dynamodb._tables": Split(
        head=lambda table: _without(table, "items", "_index_members"),
        parts=_items,
        join=_join_items,
        by_key=_item,
    ),
    "dynamodb._stream_records": Split(
        head=lambda records: [], parts=_stream, join=lambda head, parts: list(parts.values()), size=len
    ),
    "sqs._queues": Split(
        head=lambda queue: _without(queue, "messages"),
        parts=_messages,
        join=_join_messages,
        by_key=_message,
        track=_track_messages,
    ),
    "stepfunctions._executions": Split(
        head=lambda execution: _without(execution, "events"),
        parts=_events,
        join=lambda head, parts: {**head, "events": list(parts.values())},
        size=lambda execution: len(execution.get("events") or ()),
    ),
    "cloudwatch_logs._log_groups": Split(
        head=lambda group: _without(group, "streams"), parts=_log_events, join=_join_log_events
    ),
}
