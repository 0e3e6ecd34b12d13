"""What docs/exactly-once.md promises, of the tables of a cloud that has come to rest (tests/soak has them all)."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from intake import items, keys
from intake.windows import completes

from tests.machines.stateful import wiring
from tests.machines.stateful.cloud import Cloud


def broken(cloud: Cloud) -> list[str]:
    """Every promise that does not hold, in words."""
    tables = {name: [items.plain(_simple(i)) for i in cloud.dynamo.scan(name)] for name in wiring.TABLES.values()}
    windows = {i["drop"]: i for i in tables[wiring.DROPS] if i["sk"].startswith("window#")}
    configs = {i["pk"]: i["config"] for i in tables[wiring.PROJECTS] if i["sk"] == "config"}
    runs = {i["pk"]: i for i in tables[wiring.RUNS] if i["sk"] == "run"}
    return [
        *cloud.wrong,
        *_at_rest(cloud, windows, configs),
        *_held(tables[wiring.PROJECTS], windows),
        *_fixed(cloud),
        *_none_missing(cloud, tables[wiring.DROPS], windows),
        *_effects(cloud, windows, runs),
    ]


def _simple(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if not set(value) & {"M", "L"}}


def _at_rest(cloud: Cloud, windows: dict[str, Any], configs: dict[str, str]) -> list[str]:
    """Every window has its outcome and was told, or waits for what only a person can give."""
    found = [f"{len(cloud.dead)} dead letters"] if cloud.dead else []
    for drop, window in windows.items():
        config = configs.get(window["project"])
        waits = window["state"] == "OPEN" and "quiet" not in completes(config)
        held = window.get("outcome") == "HELD" and config is None
        if not (window["state"] == "SETTLED" or waits or held):
            found.append(f"{drop} is {window['state']} {window.get('outcome')}, and nobody works on it")
        if window["state"] == "SETTLED" and window.get("stage") is not None:
            found.append(f"{drop} is settled, and still in stage {window['stage']}")
    return found


def _held(projects: list[dict[str, Any]], windows: dict[str, Any]) -> list[str]:
    """Nothing is held that has its outcome."""
    held = [i["drop"] for i in projects if i["sk"].startswith("held#")]
    return [f"{drop} is held, and {windows[drop]['outcome']}" for drop in held if windows[drop]["outcome"] != "HELD"]


def _lists(cloud: Cloud) -> dict[str, dict[str, str]]:
    """Version by key, for each drop that was listed."""
    found = {}
    for key, bodies in cloud.s3.artifacts.items():
        objects = [json.loads(line) for line in bodies[0].splitlines()]
        found[key.split("/")[2]] = {o["key"]: o["version_id"] for o in objects}
    return found


def _fixed(cloud: Cloud) -> list[str]:
    """A drop's list is written once."""
    return [f"{key} was written as {bodies}" for key, bodies in cloud.s3.artifacts.items() if len(bodies) > 1]


def _none_missing(cloud: Cloud, drops: list[dict[str, Any]], windows: dict[str, Any]) -> list[str]:
    """What is in force is in one drop (in more if a manifest names it again, or S3 brought it back), or ignored."""
    found, lists = [], _lists(cloud)
    ignored = {i["key"] for i in drops if i["pk"].startswith("ignored#")}
    objects = {i["key"]: i for i in drops if i["sk"].startswith("object#")}
    for key in cloud.s3.versions:
        version, name = cloud.s3.current(key), keys.parts(key)[3]
        if version is None or name == keys.SUCCESS or keys.is_manifest(name) or keys.why_not(key):
            continue
        if not version.body:
            found += [] if key in ignored else [f"{key} is empty, and nothing says that it is ignored"]
            continue
        places = [d for d, listed in lists.items() if listed.get(key) == version.id]
        often = [d for d in places if windows[d]["reason"] != "manifest"]
        if len(often) > 1 and not any(k == key for k, _ in cloud.s3.gone):
            found.append(f"{key} {version.id} is in {often}")
        window = windows.get(objects.get(key, {}).get("drop", ""), {})
        waits = window.get("drop") not in lists or window["reason"] == "manifest"
        if not places and not (objects.get(key, {}).get("version_id") == version.id and window and waits):
            found.append(f"{key} {version.id} is in no drop")
    return found


def _effects(cloud: Cloud, windows: dict[str, Any], runs: dict[str, Any]) -> list[str]:
    """A drop for training that was accepted has one run, any other none; the same content is trained once."""
    wanted = {d for d, w in windows.items() if w.get("outcome") == "ACCEPTED" and w["channel"] == "train"}
    found = [f"{drop} was accepted, and has no run" for drop in wanted - set(runs)]
    found += [f"{run} runs, though its drop was not accepted" for run in set(runs) - wanted]
    found += [f"{run} is {item['status']}" for run, item in runs.items() if item["status"] == "RUNNING"]
    times = Counter(run for run, *_ in cloud.trained)
    found += [f"{run} trained {n} times" for run, n in times.items() if n > 1]
    contents = Counter(fingerprint for _, fingerprint, force in cloud.trained if not force)
    return found + [f"the same content trained {n} times" for n in contents.values() if n > 1]
