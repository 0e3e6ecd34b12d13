"""Recorded objects, back in the form of the events that told of them, through today's classification and grouping."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from cli.history import Execution
from cli.records import Item
from cli.replay.difference import Difference
from cli.text import moment

if TYPE_CHECKING:
    from datetime import datetime

    from intake.changes import Change, Ignored

    Read = Change | Ignored

KINDS = {("event", True): "Object Created", ("event", False): "Object Deleted"}
KINDS |= {("reconciler", True): "Object Found", ("reconciler", False): "Object Gone"}


def event_of(item: Item, bucket: str) -> dict[str, Any]:
    """The event that an object's item, or an ignored object's, was made from, as far as it is recorded."""
    via, there = str(item.get("via") or "event"), item.get("kind") != "deleted"
    thing = {"key": item["key"], "size": int(item.get("size") or 0), "etag": str(item.get("etag") or "")}
    thing |= {"sequencer": item["sequencer"]} if item.get("sequencer") else {}
    thing |= {"version-id": item["version_id"]} if item.get("version_id") else {}
    detail = {"bucket": {"name": bucket}, "object": thing, "listed_at": str(item.get("ordered_at") or item["time"])}
    return {"detail-type": KINDS[via, there], "source": "aws.s3", "time": str(item["time"]), "detail": detail}


def read(item: Item, bucket: str, config: str | None) -> Read:
    """What today's code takes an object for, under a project's rule of what completes a drop.

    Raises:
        EventUnreadableError: it is no event for today's code.
    """
    from intake.changes import Change, judged, read_event
    from intake.windows import completes

    found = read_event(event_of(item, bucket))
    return judged(found, completes(config)) if isinstance(found, Change) else found


def reclassified(items: Iterable[Item], bucket: str, config: str | None) -> list[Difference]:
    """The objects that today's code takes for something else than what was recorded."""
    found = []
    for item in items:
        recorded, today = _recorded_as(item), _read_as(item, bucket, config)
        if recorded != today:
            found.append(Difference(str(item["key"]), recorded, today))
    return found


def _recorded_as(item: Item) -> str:
    if "reason" in item:
        return f"ignored: {item['reason']}"
    place = str(item["pk"]).rpartition("#")[0]  # without its shard
    return f"{item['kind']} of {place}"


def _read_as(item: Item, bucket: str, config: str | None) -> str:
    from intake.changes import Change, EventUnreadableError, ignored_empty

    try:
        now = read(item, bucket, config)
    except EventUnreadableError as error:
        return f"unreadable: {error}"
    if "reason" in item and isinstance(now, Change) and now.kind == "empty":
        now = ignored_empty(now)  # it is told twice: what its key held is gone, and it is part of no drop itself
    return f"{now.kind} of {now.pk}" if isinstance(now, Change) else f"ignored: {now.reason}"


@dataclass
class Folder:
    """One folder's windows and objects as they were recorded.

    `config`: the project (JSON) that was in force, None: none; `pace`: how fast waiting passed.
    """

    pk: str
    config: str | None
    pace: float
    windows: list[Item] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)

    def grouping(self, read_as: Callable[[Item], Read], closes: Callable[[Any, datetime], bool]) -> dict[str, str]:
        """Which recorded object would come into which drop: its item's key and version, and the drop's opener.

        Args:
            read_as: what an item is taken for.
            closes: whether a window (its state, first and last touch) is closed before a moment.
        """
        from cli.replay.folder import play

        return play(self.pk, self._arrivals(read_as), closes)

    def _arrivals(self, read_as: Callable[[Item], Read]) -> list[tuple[datetime, str, Change]]:
        from intake.changes import Change

        openers = {str(window.get("opened_by")) for window in self.windows}
        found = []
        for item in self.items:
            change, time = read_as(item), moment(item.get("recorded_at") or item.get("time"))
            if time and isinstance(change, Change):
                found.append((time, str(item["key"]) not in openers, str(item["sk"]), change))
        return [(time, sk, change) for time, _, sk, change in sorted(found, key=lambda f: f[:3])]


def recorded_closes(folder: Folder) -> Callable[[Any, datetime], bool]:
    """Windows close when they did."""
    closed = sorted(t for window in folder.windows if (t := moment(window.get("closed_at"))))

    def closes(window: Any, now: datetime) -> bool:
        return any(window.opened <= time < now for time in closed)

    return closes


def planned_closes(config: str | None, pace: float) -> Callable[[Any, datetime], bool]:
    """Windows close when today's `plan_window` says so for a project; `pace` is how fast waiting passes there."""
    from intake.models import PlanWindow
    from intake.models import Window as Facts
    from intake.windows import plan_window

    def closes(window: Any, now: datetime) -> bool:
        facts = Facts(touched_at=window.touched.isoformat(), state=window.state)
        plan = plan_window(PlanWindow(window=facts, config=config))
        if plan.action == "wait" and (until := moment(plan.until)):
            return bool(window.touched + (until - window.touched) * pace < now)
        return plan.action != "done" and bool(window.touched < now)

    return closes


def pace_of(executions: Iterable[Execution]) -> float:
    """How fast waiting passed, from a recorded wait and what was decided: 1 on AWS, 1/60 on a laptop's cloud."""
    for execution in executions:
        for step in execution.of("lambda:invoke"):
            gave = step.gave if isinstance(step.gave, dict) else {}
            until, decided = moment(gave.get("until")), step.ended
            wait = next((w for w in execution.waits if decided and w.began and w.began >= decided and w.ended), None)
            if gave.get("action") == "wait" and until and wait and wait.began and wait.ended and until > wait.began:
                meant: timedelta = until - wait.began
                return min(1.0, (wait.ended - wait.began) / meant)
    return 1.0
