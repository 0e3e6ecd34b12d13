"""From an S3 event to a change of a drop, or to the reason why it is none. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from dropforge import names
from intake.decide import pad_sequencer

SUCCESS = "_SUCCESS"
HIDDEN = "hidden or temporary: a name in its path starts with . or _, or ends as a temporary file's does"
Kind = Literal["object", "success", "deleted"]


class EventUnreadableError(ValueError):
    """Not an S3 event as EventBridge sends it."""


@dataclass(frozen=True)
class Change:
    """An object that came or went. `sequencer` is padded, `time` is S3's (UTC, milliseconds)."""

    project: str
    channel: str
    folder: str
    key: str
    kind: Kind
    sequencer: str
    size: int
    version_id: str | None
    time: str

    @property
    def pk(self) -> str:
        """What is one drop at a time: a project's channel's folder."""
        return f"{self.project}/{self.channel}/{self.folder}"


@dataclass(frozen=True)
class Ignored:
    """An object that is part of no drop, and why."""

    project: str
    key: str
    sequencer: str
    reason: str


def read_event(event: Any) -> Change | Ignored:
    """What an `Object Created` or `Object Deleted` event means for intake.

    Raises:
        EventUnreadableError: a field is missing or malformed.
    """
    try:
        thing, created = event["detail"]["object"], event["detail-type"] == "Object Created"
        key, size = str(thing["key"]), int(thing.get("size") or 0)
        sequencer, version = pad_sequencer(str(thing.get("sequencer") or "")), thing.get("version-id")
        time = datetime.fromisoformat(event["time"]).astimezone(UTC).isoformat(timespec="milliseconds")
    except (KeyError, TypeError, ValueError) as error:
        raise EventUnreadableError(f"not an S3 event: {type(error).__name__}: {error}") from error
    project, _, rest = key.partition("/")
    channel, _, below = rest.partition("/")
    folder, _, name = below.rpartition("/")
    reason = _why_not(key, project, channel, below)
    kind: Kind = "object"
    if not created:
        kind = "deleted"
    elif name == SUCCESS:
        kind = "success"
    elif size == 0:
        reason = reason or "empty: an object of zero bytes holds no data"
    if reason:
        return Ignored(project if names.is_project(project) else "-", key, sequencer, reason)
    return Change(project, channel, folder, key, kind, sequencer, size, version, time)


def _why_not(key: str, project: str, channel: str, below: str) -> str | None:
    name = below.rpartition("/")[2]
    reasons = (
        (not names.is_project(project), f"{project!r} is no project's name: data belongs under <project>/<channel>/"),
        (key == f"{project}/project.yaml", "project.yaml: read by a machine of its own"),
        (channel == "code", "code: taken along by the project's next run"),
        (channel not in names.CHANNELS, f"{channel!r} is no channel ({', '.join(names.CHANNELS)})"),
        (not name, "not an object in a channel, but a folder's own marker or beside it"),
        (name != SUCCESS and not names.is_data(below), HIDDEN),
    )
    return next((reason for applies, reason in reasons if applies), None)


def newest(changes: Iterable[Change]) -> list[Change]:
    """The last change of each key, by S3's own order: events arrive in any order and more than once."""
    last: dict[str, Change] = {}
    for change in changes:
        known = last.get(change.key)
        if known is None or known.sequencer < change.sequencer:
            last[change.key] = change
    return sorted(last.values(), key=lambda c: c.key)
