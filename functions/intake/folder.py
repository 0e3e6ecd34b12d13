"""What S3 holds, told as EventBridge would have told it: what is missing in the drops table shows here."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from dropforge import names
from intake import keys
from intake.changes import Change, Recorded, judged, read_event

#: What is older was told long ago, and its record may have expired.
KNOWN_DAYS = 60
SENT_BYTES = 120_000  # of messages in one answer: a state carries 256 KiB
SENT_AT_ONCE = 10  # messages of one SendMessageBatch


class Listing:
    """Pages of ListObjectVersions: the version of each object that is in force, as an event of ours."""

    def __init__(self, s3: Any, bucket: str) -> None:
        self.s3 = s3
        self.bucket = bucket
        self.listed_at = datetime.max.replace(tzinfo=UTC)

    def pages(self, prefix: str, *, deep: bool, start: dict[str, str] | None = None) -> Iterator[tuple[list[Any], Any]]:
        """(events, where to go on) for each page; the latter is None after the last."""
        arguments: dict[str, Any] = {"Bucket": self.bucket, "Prefix": prefix}
        if not deep:
            arguments["Delimiter"] = "/"
        following = start
        while True:
            # S3 refuses an empty version marker, and one of an earlier page would leave out what is after the key.
            marker = {name: value for name, value in (following or {}).items() if value}
            page = self.s3.list_object_versions(**arguments, **marker)
            following = None
            if page.get("IsTruncated"):
                following = {"KeyMarker": page["NextKeyMarker"], "VersionIdMarker": page.get("NextVersionIdMarker", "")}
            yield list(self._events(page)), following
            if following is None:
                return

    def vanished(self, keys: list[str]) -> list[dict[str, Any]]:
        """Events for keys that no listing shows any more: deleted for good, an object leaves not even a marker."""
        at = self.listed_at
        return [found_event("Object Gone", self.bucket, {"Key": k, "LastModified": at}, at) for k in keys]

    def _events(self, page: dict[str, Any]) -> Iterator[dict[str, Any]]:
        listed_at = _date(page)
        self.listed_at = min(self.listed_at, listed_at)  # of the first page: what came since may be on none
        for kind, found in (("Object Found", page.get("Versions", [])), ("Object Gone", page.get("DeleteMarkers", []))):
            for thing in found:
                if thing["IsLatest"]:
                    yield found_event(kind, self.bucket, thing, listed_at)


def found_event(kind: str, bucket: str, thing: dict[str, Any], listed_at: datetime) -> dict[str, Any]:
    """A listed version in the form of the S3 event that should have told of it (see `changes.read_event`)."""
    described: dict[str, Any] = {"key": thing["Key"], "size": int(thing.get("Size", 0))}
    described["etag"] = str(thing.get("ETag", "")).strip('"')
    if thing.get("VersionId") not in (None, "null"):
        described["version-id"] = thing["VersionId"]
    return {
        "detail-type": kind,
        "source": "dropforge.intake",
        "time": thing["LastModified"].astimezone(UTC).isoformat(),
        "detail": {"bucket": {"name": bucket}, "listed_at": listed_at.isoformat(), "object": described},
    }


def _date(answer: dict[str, Any]) -> datetime:
    """S3's own clock: an event of the same second is not told from what the listing saw."""
    said = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date")
    return parsedate_to_datetime(said) if said else datetime.now(UTC)


def unclaimed(
    events: list[Any], recorded: dict[str, Recorded], rules: dict[str, frozenset[str]], now: datetime
) -> list[Any]:
    """Those of the events that the table does not know: S3's word counts, though it be of the same second.

    Args:
        events: of a listing.
        recorded: by key, for the keys in `events`.
        rules: what completes a drop, by project.
        now: the time of the listing.
    """
    found = []
    for event in events:
        change = read_event(event)
        if not isinstance(change, Change):
            continue
        read = judged(change, rules[change.project])
        known = recorded.get(change.key)
        old = datetime.fromisoformat(change.time) < now - timedelta(days=KNOWN_DAYS)
        never_there = change.kind == "deleted" and (known is None or not known.present)
        told = known is not None and known.identity == change.identity
        if isinstance(read, Change) and not old and not never_there and not told:
            found.append(event)
    return found


def look(table: Any, events: list[Any], rules: dict[str, frozenset[str]], recent: int = 0) -> list[Any]:
    """Those of a listing's events that the drops table (`recorded`) does not know.

    `recent`: leave out what came so many seconds before the listing; its event may be on its way.
    """
    about = changes(events)
    if not about:
        return []
    now = datetime.fromisoformat(about[0].ordered_at)
    first, last = now - timedelta(days=KNOWN_DAYS), now - timedelta(seconds=recent)
    due = [change for change in about if first <= datetime.fromisoformat(change.time) <= last]
    keys_due = {change.key for change in due}
    asked = [event for event in events if event["detail"]["object"]["key"] in keys_due]
    return unclaimed(asked, table.recorded(due), rules, now)


def until(events: list[Any], moment: str | None) -> list[Any]:
    """Those of the events that tell of what was written until then (None: all)."""
    if moment is None:
        return events
    return [event for event in events if datetime.fromisoformat(event["time"]) <= datetime.fromisoformat(moment)]


def changes(events: Iterable[Any]) -> list[Change]:
    """The events that are about data."""
    return [change for event in events if isinstance(change := read_event(event), Change)]


def messages(events: list[Any]) -> list[list[dict[str, str]]]:
    """The events as batches of SendMessageBatch entries; as many as fit, the next look finds the rest."""
    batches: list[list[dict[str, str]]] = []
    size = 0
    for number, event in enumerate(events):
        body = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
        size += len(json.dumps(body).encode()) + 40
        if size > SENT_BYTES and batches:
            break
        if number % SENT_AT_ONCE == 0:
            batches.append([])
        batches[-1].append({"Id": str(number), "MessageBody": body})
    return batches


def is_project_file(key: str) -> bool:
    """Whether a key is that of a project.yaml."""
    project, _, rest = key.partition("/")
    return rest == "project.yaml" and names.is_project(project)


def in_folder(key: str, folder: str) -> bool:
    """Whether an object lies directly in a folder (a key prefix)."""
    return key.startswith(folder) and "/" not in key[len(folder) :] and keys.why_not(key) is None
