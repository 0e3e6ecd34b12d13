"""What docs/exactly-once.md promises, of a world that has come to rest."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from intake import keys
from intake.windows import completes

from tests.soak.world import World


def broken(world: World) -> list[str]:
    """Every promise that does not hold, in words."""
    lists = listed(world)
    windows = {w["drop"]: w for folder in world.store.windows.values() for w in folder.values()}
    return [
        *world.wrong,
        *_at_rest(world, windows),
        *_fixed(world),
        *_once(world, lists, windows),
        *_none_missing(world, lists, windows),
        *_as_looked(world, lists, windows),
        *_effects(world, windows),
        *_contents(world),
    ]


def listed(world: World) -> dict[str, dict[str, str]]:
    """Version by key, for each drop that was listed."""
    found = {}
    for key, bodies in world.s3.artifacts.items():
        objects = [json.loads(line) for line in bodies[0].splitlines()]
        found[key.split("/")[2]] = {o["key"]: o["version_id"] for o in objects}
    return found


def _at_rest(world: World, windows: dict[str, Any]) -> list[str]:
    """Every window has its outcome, or waits for what only a person can give."""
    found = [f"{len(world.dead)} dead letters"] if world.dead else []
    for drop, window in windows.items():
        config = world.configs.get(window["project"])
        waits = (window["state"] == "OPEN" and "quiet" not in completes(config)) or (
            window.get("outcome") == "HELD" and config is None
        )
        if window["state"] != "SETTLED" and not waits:
            found.append(f"{drop} is {window['state']} {window.get('outcome')}, and nobody works on it")
    return found


def _fixed(world: World) -> list[str]:
    """A drop's list never changes."""
    return [f"{key} was written as {bodies}" for key, bodies in world.s3.artifacts.items() if len(set(bodies)) > 1]


def _once(world: World, lists: Any, windows: Any) -> list[str]:
    """No version is in two drops, but where a manifest names it again, or S3 brought it back."""
    places = Counter(
        (key, version)
        for drop, objects in lists.items()
        for key, version in objects.items()
        if windows[drop]["reason"] != "manifest"
    )
    return [f"{place} is in {n} drops" for place, n in places.items() if n > 1 and place[0] not in _restored(world)]


def _restored(world: World) -> set[str]:
    return {key for key, _ in world.s3.gone}


def _none_missing(world: World, lists: Any, windows: Any) -> list[str]:
    """What is in force now is in a drop, or ignored with its reason."""
    found = []
    for key in world.s3.versions:
        version, (_, _, _, name) = world.s3.current(key), keys.parts(key)
        if version is None or name == keys.SUCCESS or keys.is_manifest(name):
            continue
        ignored = any(k == key for k, _ in world.store.ignored)
        item = world.store.objects.get(key)
        window = windows.get(item.get("drop")) if item else None
        if keys.why_not(key) or not version.body:
            if not ignored and (key not in world.untold or not keys.why_not(key)):
                found.append(f"{key} is ignored, and nothing says why")
        elif any(objects.get(key) == version.id for objects in lists.values()):
            continue
        elif item is None or item.get("version_id") != version.id or window is None:
            found.append(f"{key} {version.id} is in no drop: {item}")
        elif window["drop"] in lists and not ignored and not _left_out(world, window):
            found.append(f"{key} {version.id} was taken into {window['drop']}, whose list is {lists[window['drop']]}")
    return found


def _left_out(world: World, window: Any) -> bool:
    """Whether the drop's manifest did not name all that came with it, and its owner was told."""
    said = world.s3.metadata[f"{window['project']}/drops/{window['drop']}/objects.jsonl"]
    return window["reason"] == "manifest" and int(said["left-out"]) > 0


def _as_looked(world: World, lists: Any, windows: Any) -> list[str]:
    """A drop that was quiet holds what was in force at the last look, and nothing else; a window's look sees all."""
    found = []
    for drop, closed in world.closed.items():
        if closed["refused"] or drop not in lists:
            continue
        data = {k: v for k, v in closed["looked"].items() if not keys.why_not(k) and not _is_marker(k)}
        for key, version in lists[drop].items():
            if closed["reason"] == "quiet period" and data.get(key) != version:
                found.append(f"{drop} holds {key} {version}, but at the last look there was {data}")
        for key, version in data.items():
            item = world.store.objects.get(key)
            known = any(o.get(key) == version for o in lists.values()) or (item and item.get("version_id") == version)
            if not known and (key, version) not in _superseded(world, key):
                found.append(f"{key} {version} was there when {drop} closed, and is in no drop")
    return found


def _superseded(world: World, key: str) -> set[tuple[str, str]]:
    """Versions that are not in force any more, so that a later window need not have them."""
    current = world.s3.current(key)
    return {(key, v.id) for v in world.s3.versions.get(key, []) if v is not current} | world.s3.gone


def _is_marker(key: str) -> bool:
    name = keys.parts(key)[3]
    return name == keys.SUCCESS or keys.is_manifest(name)


def _effects(world: World, windows: dict[str, Any]) -> list[str]:
    """A drop for training that was accepted has one run, any other drop none."""
    wanted = {d for d, w in windows.items() if w.get("outcome") == "ACCEPTED" and w["channel"] == "train"}
    found = [f"{drop} was accepted, and has no run" for drop in wanted - set(world.runs)]
    found += [f"{run} runs, though its drop was not accepted" for run in set(world.runs) - wanted]
    found += [f"{run} has not ended" for run, item in world.runs.items() if item["status"] == "RUNNING"]
    times = Counter(run for run, *_ in world.trained)
    return found + [f"{run} trained {n} times" for run, n in times.items() if n > 1]


def _contents(world: World) -> list[str]:
    """The same content is trained once, but by force."""
    times = Counter((project, content) for _, project, content, force in world.trained if not force)
    return [f"{what} trained {n} times" for what, n in times.items() if n > 1]
