"""The first part of a timeline: what arrived, what was ignored, and when and why the window closed."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from typing import Any

from dropforge.names import QUIET_PERIOD

from cli.history import Execution
from cli.records import Item
from cli.service import Service
from cli.text import clock, decoded, moment, plural, size
from cli.why.decisions import decision_lines, failed_acts
from cli.why.story import Fact, Line

EXAMPLES = 3
KINDS = ("object", "deleted", "empty")  # not the markers
LAST_IGNORED = 200
BEFORE = timedelta(minutes=1)  # a marker or a temporary file often comes just before the first object
VIA = {"event": "by S3's event", "reconciler": "by listing the bucket, for no event came"}


def place(window: Item) -> str:
    """`train/2026-11` of a window."""
    return "/".join(part for part in (str(window["channel"]), str(window.get("folder") or "")) if part)


def window_place(service: Service, window: Item) -> str:
    """Where a window's item lies."""
    return f"table {service.records.table('DropsTableName')} · {window['pk']} · {window['sk']}"


def arrived(service: Service, window: Item) -> list[Line]:
    """The objects: those that the drop took, and those that were in it for a time."""
    listed = service.records.lines(window.get("objects"))
    known = [item for item in service.records.objects(window) if item.get("kind", "object") in KINDS]
    mine = _of_drop(known, str(window["drop"]))
    taken = listed or [item for item in mine if item.get("present")]
    fact = Fact(str(window["objects"]) if listed else f"{window_place(service, window)} (object#…)")
    lines = [_opened(service, window), *_first_and_last(taken, fact)]
    if taken:
        total = sum(int(item.get("size") or 0) for item in taken)
        versions = sum(1 for item in taken if item.get("version_id"))
        largest = max(taken, key=lambda item: int(item.get("size") or 0))
        what = f"{plural(len(taken), 'object')}, {size(total)}; largest {_name(largest)} ({size(largest['size'])})"
        what += f"; {plural(versions, 'S3 version')} recorded" if versions else ""
        last = max((t for item in taken if (t := moment(item.get("time")))), default=None)
        lines.append(Line(what, "intake", last, fact, _via(taken, mine)))
    else:
        lines.append(Line("no object is left in the drop", "intake", moment(window.get("closed_at")), fact))
    lines += _left(known, window, {str(item["key"]) for item in taken})
    return lines


def _of_drop(known: list[Item], drop: str) -> list[Item]:
    """The newest item of each key that the drop has or had."""
    newest: dict[str, Item] = {}
    for item in known:
        same = newest.get(str(item["key"]))
        if item.get("drop") == drop and (same is None or _order(same) < _order(item)):
            newest[str(item["key"])] = item
    return list(newest.values())


def _order(item: Item) -> str:
    return str(item.get("ordered_at") or item.get("time") or item.get("sequencer") or "")


def _opened(service: Service, window: Item) -> Line:
    what = f"{shown(str(window.get('opened_by')))} opened the window of {place(window)}: drop {window['drop']}"
    return Line(what, "intake", moment(window.get("opened_at")), Fact(window_place(service, window), outputs=window))


def _first_and_last(taken: list[Item], fact: Fact) -> list[Line]:
    timed = sorted((item for item in taken if moment(item.get("time"))), key=lambda item: str(item["time"]))
    if len(timed) < 2:  # noqa: PLR2004 (one object is its own first and last)
        return []
    return [
        Line(f"{word} object: {_name(item)} ({size(item.get('size') or 0)})", _teller(item), moment(item["time"]), fact)
        for word, item in (("first", timed[0]), ("last", timed[-1]))
    ]


def _teller(item: Item) -> str:
    found = item.get("via") == "reconciler" or item.get("sequencer") == ""
    return "reconciler" if found else "EventBridge"


def _via(taken: list[Item], mine: list[Item]) -> tuple[str, ...]:
    """How the objects became known; the list of a drop has no `via`, its items do for as long as they are kept."""
    by_key = {str(item["key"]): item for item in mine}
    counted = Counter("reconciler" if _teller(by_key.get(str(i["key"]), i)) == "reconciler" else "event" for i in taken)
    return tuple(f"{plural(number, 'object')} {VIA[via]}" for via, number in counted.most_common())


def _left(known: list[Item], window: Item, taken: set[str]) -> list[Line]:
    """What was deleted before the window closed, and what a later change did to objects of the drop."""
    drop = window["drop"]
    # An empty object that took the place of none has no drop; what came and went between two looks has none either.
    mine = [i for i in known if i.get("drop", drop if i.get("kind") == "deleted" else None) == drop]
    gone = [i for i in mine if not i.get("present") and str(i["key"]) not in taken]
    moved = [i for i in known if str(i["sk"]).startswith("moved#") and str(i["key"]) in taken]
    lines = []
    if gone:
        last = max((t for item in gone if (t := moment(item.get("time")))), default=None)
        what = f"{plural(len(gone), 'object')} deleted (or overwritten by nothing) before the window closed"
        lines.append(Line(what, "you", last, _items(gone), _examples(gone)))
    if moved:
        what = f"{plural(len(moved), 'object')} overwritten or deleted since; the drop keeps the version that it took"
        lines.append(Line(what, "you", None, _items(moved), _examples(moved)))
    return lines


def _items(items: list[Item]) -> Fact:
    return Fact(f"{items[0]['pk']} · {items[0]['sk']}" + (" …" if len(items) > 1 else ""), outputs=items[:EXAMPLES])


def _examples(items: list[Item]) -> tuple[str, ...]:
    names = ", ".join(_name(item) for item in items[:EXAMPLES])
    more = len(items) - EXAMPLES
    return (f"{names}{f' and {more:,} more' if more > 0 else ''}",)


def _name(item: Item) -> str:
    """A key's last part."""
    return shown(str(item["key"]).rpartition("/")[2] or str(item["key"]))


def shown(key: str) -> str:
    """A key with what a terminal would obey or hide made visible."""
    return key if key.isprintable() else ascii(key)[1:-1]


def ignored(service: Service, project: str, window: Item | None) -> list[Line]:
    """What is part of no drop, by reason: in the window's time, or without a window the last ones."""
    found = service.records.ignored(project)
    if window:
        begin = moment(window.get("opened_at"))
        end = moment(window.get("closed_at"))
        found = [item for item in found if _between(item, begin, end)]
    else:
        found = found[-LAST_IGNORED:]
    groups: defaultdict[str, list[Item]] = defaultdict(list)
    for item in found:
        groups[str(item.get("reason"))].append(item)
    lines = []
    for reason, items in sorted(groups.items(), key=lambda group: -len(group[1])):
        what = f"{plural(len(items), 'object')}: {reason}"
        lines.append(Line(what, "intake", moment(items[0].get("ignored_at")), _items(items), _examples_of_keys(items)))
    return lines


def _between(item: Item, begin: Any, end: Any) -> bool:
    time = moment(item.get("ignored_at"))
    return bool(time and begin and begin - BEFORE <= time and (end is None or time <= end))


def _examples_of_keys(items: list[Item]) -> tuple[str, ...]:
    keys = ", ".join(shown(str(item["key"])) for item in items[:EXAMPLES])
    more = len(items) - EXAMPLES
    return (f"{keys}{f' and {more:,} more' if more > 0 else ''}",)


def closing(service: Service, window: Item, executions: list[Execution]) -> list[Line]:
    """Intake's decisions about the window, and how it ended."""
    before = {"intake.judge_drop"}  # told in a section of its own
    lines = [li for e in executions for li in (*decision_lines(service, e, leave_out=before), *failed_acts(e))]
    fact = Fact(window_place(service, window), outputs=window)
    if window.get("completed_at"):
        what = f"_SUCCESS came: the drop is complete as of {clock(window['completed_at'])}"
        lines.append(Line(what, "you", moment(window["completed_at"]), fact))
    if window.get("manifest"):
        lines.append(Line(f"{shown(str(window['manifest']))} says which objects make up the drop", "you", None, fact))
    if window.get("closed_at"):
        what = f"window closed: {window.get('reason')}"
        lines.append(Line(what, "Step Functions", moment(window["closed_at"]), fact))
    else:
        what = f"the window is {window['state']}: last touched {clock(window.get('touched_at'))}, not closed yet"
        lines.append(Line(what, "intake", moment(window.get("touched_at")), fact, _awaited(service, window)))
    return lines


def _awaited(service: Service, window: Item) -> tuple[str, ...]:
    """What an open window waits for, by the project in force."""
    config = decoded((service.records.config(str(window["project"])) or {}).get("config"))
    data = (config.get("data") or {}) if isinstance(config, dict) else {}
    quiet, by = data.get("quiet_period", QUIET_PERIOD), data.get("complete_on", "any")
    return (f"project.yaml: complete_on {by}, quiet_period {quiet} s",)
