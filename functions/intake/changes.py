"""From an event to a change of a drop, or to the reason why it is none. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from dropforge import names
from intake import keys
from intake.decide import pad_sequencer

EMPTY = "empty: an object of zero bytes holds no data"
NOT_A_MARKER = "the project completes its drops otherwise (data.complete_on), so this marker means nothing"
Kind = Literal["object", "success", "manifest", "empty", "deleted"]
Via = Literal["event", "reconciler"]


class EventUnreadableError(ValueError):
    """Neither an S3 event as EventBridge sends it, nor a finding of our reconciler."""


@dataclass(frozen=True)
class Change:
    """An object that came or went. One of zero bytes (`empty`) holds nothing, but what its key held before is gone.

    `sequencer` is padded, and empty if the reconciler found the object; `time` is S3's, `ordered_at` that of the event
    or, found by the reconciler, of the listing (both UTC, milliseconds). `permanent`: one version was deleted, not the
    object hidden behind a delete marker.
    """

    project: str
    channel: str
    folder: str
    key: str
    kind: Kind
    sequencer: str
    size: int
    version_id: str | None
    time: str
    ordered_at: str
    etag: str = ""
    via: Via = "event"
    permanent: bool = False

    @property
    def pk(self) -> str:
        """What is one drop at a time: a project's channel's folder."""
        return f"{self.project}/{self.channel}/{self.folder}"

    @property
    def identity(self) -> str:
        """What tells this change from every other change of its key."""
        # A bucket whose versioning was suspended gives no version; what is listed again is the same nevertheless.
        return f"{self.kind == 'deleted'}/{self.version_id or self.sequencer or f'{self.time}/{self.etag}'}"


@dataclass(frozen=True)
class Ignored:
    """An object that is part of no drop, and why."""

    project: str
    key: str
    sequencer: str
    reason: str
    time: str = ""
    size: int = 0


@dataclass(frozen=True)
class Recorded:
    """What the drops table says of a key: the last change of it, and the drop it is in (none: it is gone)."""

    identity: str
    sequencer: str
    ordered_at: str
    version_id: str | None
    drop: str | None
    present: bool
    via: Via = "event"


def read_event(event: Any) -> Change | Ignored:
    """What `Object Created` and `Object Deleted` of S3, and `Object Found` and `Object Gone` of ours, mean for intake.

    Raises:
        EventUnreadableError: a field is missing or malformed.
    """
    try:
        detail, thing, kind_of = event["detail"], event["detail"]["object"], str(event["detail-type"])
        created = {"Object Created": True, "Object Found": True, "Object Deleted": False, "Object Gone": False}[kind_of]
        found = kind_of in ("Object Found", "Object Gone")
        key, size = str(thing["key"]), int(thing.get("size") or 0)
        key.encode()
        sequencer = "" if found else pad_sequencer(str(thing.get("sequencer") or ""))
        time = _stamp(event["time"])
        ordered_at = _stamp(detail["listed_at"]) if found else time
        version, etag = thing.get("version-id"), str(thing.get("etag") or "")
    except (KeyError, TypeError, ValueError) as error:
        raise EventUnreadableError(f"not an S3 event: {type(error).__name__}: {error}") from error
    project, channel, folder, name = keys.parts(key)
    reason = keys.why_not(key)
    kind: Kind = "object"
    if not created:
        kind = "deleted"
    elif name == keys.SUCCESS:
        kind = "success"
    elif size == 0:
        kind = "empty"
    elif keys.is_manifest(name):
        kind = "manifest"
    if reason:
        known = project if names.is_project(project) else "-"
        return Ignored(known, key, sequencer or ordered_at, reason, time, size)
    permanent = not created and detail.get("deletion-type") == "Permanently Deleted"
    via: Via = "reconciler" if found else "event"
    return Change(
        project, channel, folder, key, kind, sequencer, size, version, time, ordered_at, etag, via, permanent
    )  # fmt: skip


def _stamp(time: str) -> str:
    return datetime.fromisoformat(time).astimezone(UTC).isoformat(timespec="milliseconds")


def ignored_empty(change: Change) -> Ignored:
    """An empty object, as what is part of no drop."""
    return Ignored(change.project, change.key, change.sequencer or change.ordered_at, EMPTY, change.time)


def judged(change: Change, completes: frozenset[str]) -> Change | Ignored:
    """The change under the project's rule of what completes a drop (`success`, `manifest`)."""
    name = keys.parts(change.key)[3]
    if change.kind == "manifest" and "manifest" not in completes and name not in keys.MANIFESTS:
        return Change(**{**change.__dict__, "kind": "object"})  # an augmented manifest, say, is data
    if change.kind in ("success", "manifest") and change.kind not in completes:
        return Ignored(change.project, change.key, change.sequencer, NOT_A_MARKER, change.time, change.size)
    return change


def is_newer(change: Change, known: Recorded | Change | None) -> bool:
    """Whether the change came after what is known of its key: events arrive in any order and more than once.

    S3's sequencers order the changes of a key, but what the reconciler found has none: it counts as of the moment of
    its listing. In the same second the listing loses; was it the later one, the next listing says so again.
    """
    if change.permanent and change.version_id and (known is None or change.version_id != known.version_id):
        return False  # some older version of the key went, which is in no open drop
    if known is None:
        return True
    if change.identity == known.identity:
        return False
    if change.sequencer and known.sequencer:
        return change.sequencer > known.sequencer
    return change.ordered_at > known.ordered_at


def newest(changes: Iterable[Change]) -> list[Change]:
    """The last change of each key, sorted by key; the deletion of one version is a change of its own."""
    last: dict[tuple[str, str | None], Change] = {}
    for change in changes:
        place = (change.key, change.version_id if change.permanent else None)
        known = last.get(place)
        if known is None or is_newer(change, known):
            last[place] = change
    return sorted(last.values(), key=lambda c: (c.key, c.permanent))
