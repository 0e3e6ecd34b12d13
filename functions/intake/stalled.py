"""Whether a window has been left alone: no execution works on it, or its drop was announced and nobody heard. Pure."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any, Literal

from dropforge import names
from intake.windows import MANIFEST_WAIT, completes

#: How long a step may take before somebody looks. Longer than any function or job of intake's, but those of big drops.
GRACE_SECONDS = 900
GRACE = timedelta(seconds=GRACE_SECONDS)
#: An inspection of a large drop is a job of an hour at most, which may wait for its machine.
INSPECTION_SECONDS = 5_400
MAX_RESUMES = 5

Fate = Literal["restart", "verified", "leave"]


def fate(item: dict[str, Any], now: str, *, config: str | None, has_run: bool) -> Fate:
    """What to do about a window of the drops table.

    Args:
        item: plain; its `stage` is WAITING (not closed or settled), RECORDED (not told), HELD or ANNOUNCED.
        now: the time of the look.
        config: the project.yaml in force.
        has_run: whether the drop's run exists.
    """
    stage, again = item.get("stage"), int(item.get("resumes", 0)) < MAX_RESUMES
    if stage == "ANNOUNCED":
        if has_run or item["channel"] != "train" or item.get("outcome") != "ACCEPTED":
            return "verified"
        return "restart" if again and _waited(item, now) > GRACE else "leave"
    if stage == "RECORDED":
        return "restart" if again and _waited(item, now) > GRACE else "leave"
    if stage == "HELD":
        return "restart" if config and again and _waited(item, now) > GRACE else "leave"
    if not _due(item, now, config):
        return "leave"
    return "restart" if again else "leave"


def _since(item: dict[str, Any]) -> str:
    """When somebody last had this window in hand."""
    last = {"CLOSED": "closed_at", "SETTLED": "settled_at"}.get(item["state"], "touched_at")
    return max(str(item.get(name, "")) for name in ("touched_at", last, "resumed_at"))


def _waited(item: dict[str, Any], now: str) -> timedelta:
    return datetime.fromisoformat(now) - datetime.fromisoformat(_since(item))


def _due(item: dict[str, Any], now: str, config: str | None) -> bool:
    """Whether the execution that waits for this window should have come back."""
    data = (json.loads(config).get("data") or {}) if config else {}
    if item["state"] == "OPEN":
        if "quiet" not in completes(config):
            return False
        seconds = int(data.get("quiet_period", names.QUIET_PERIOD))
    else:
        seconds = {"LISTED": int(data.get("manifest_wait", MANIFEST_WAIT)), "CLOSED": INSPECTION_SECONDS}.get(
            item["state"], 0
        )
    return _waited(item, now) > timedelta(seconds=seconds + GRACE_SECONDS)


def restart_input(item: dict[str, Any]) -> list[dict[str, Any]]:
    """What starts the intake machine for this window: as the pipe does, and told to go on where another stopped."""
    keys = {"pk": {"S": item["pk"]}, "sk": {"S": item["sk"]}}
    return [{"eventName": "RESUME", "dynamodb": {"Keys": keys}}]
