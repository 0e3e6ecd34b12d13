"""Whether today's code would make the same drops of what arrived in a folder."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from cli.records import Item
from cli.replay.events import Folder, planned_closes, read, recorded_closes
from cli.text import plural

if TYPE_CHECKING:
    from cli.replay.events import Read

NONE = "no drop"


def regrouped(folder: Folder, bucket: str, given: str | None) -> list[str]:
    """One sentence for each drop that would be another; none if all are the same.

    Args:
        folder: its windows and objects.
        bucket: the data bucket.
        given: the project (JSON) to decide by; None: as recorded, and windows close when they did.
    """
    as_recorded = {str(i["sk"]): str(i["drop"]) for i in folder.items if i.get("kind") == "object"}
    if given is None:
        today = folder.grouping(_reader(bucket, folder.config), recorded_closes(folder))
        return _sentences(as_recorded, today)
    before = folder.grouping(_reader(bucket, folder.config), planned_closes(folder.config, folder.pace))
    today = folder.grouping(_reader(bucket, given), planned_closes(given, folder.pace))
    # Uploads in progress hold windows open too, which a quiet period does not tell: compare like with like.
    return [] if _parts(before) == _parts(today) else _sentences(as_recorded, today)


def _reader(bucket: str, config: str | None) -> Callable[[Item], Read]:
    return lambda item: read(item, bucket, config)


def _parts(placed: dict[str, str]) -> set[frozenset[str]]:
    parts: defaultdict[str, set[str]] = defaultdict(set)
    for thing, drop in placed.items():
        parts[drop].add(thing)
    return {frozenset(part) for part in parts.values()}


def _sentences(recorded: dict[str, str], today: dict[str, str]) -> list[str]:
    split: defaultdict[str, Counter[str]] = defaultdict(Counter)
    joined: defaultdict[str, set[str]] = defaultdict(set)
    for thing, drop in recorded.items():
        group = today.get(thing, NONE)
        split[drop][group] += 1
        joined[group].add(drop)
    told = []
    for drop, into in split.items():
        if len(into) > 1 or NONE in into:
            parts = ", ".join(f"{plural(count, 'object')} in {group}" for group, count in into.items())
            told.append(f"drop {drop} would be otherwise: {parts}")
    for group, drops in joined.items():
        if len(drops) > 1 and group != NONE:
            told.append(f"drops {', '.join(sorted(drops))} would be one: {group}")
    return told


def config_in_force(given: Any) -> str | None:
    """The project that a recorded decision was made by."""
    config = given.get("config") if isinstance(given, dict) else None
    return config if isinstance(config, str) else None
