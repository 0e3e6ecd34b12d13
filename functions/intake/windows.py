"""When a drop is complete: intake's decisions about a window. Pure."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from dropforge import names
from intake.models import PlanClose, PlanWindow, Window, WindowPlan

#: How a drop may be completed, by `data.complete_on`.
RULES = {
    "any": frozenset({"quiet", "success", "manifest"}),
    "quiet": frozenset({"quiet"}),
    "success": frozenset({"success"}),
    "manifest": frozenset({"manifest"}),
}
COMPLETED_BY = {"COMPLETE": "_SUCCESS", "LISTED": "manifest"}
MANIFEST_WAIT = 86_400
#: An upload that is older was given up by whoever began it; S3 deletes it after a week.
UPLOAD_HOURS = 24
SETTLING_SECONDS = 30
CLAIM_SECONDS = 10
MAX_LOOKS = 40
SHOWN = 5


class ClaimsStuckError(Exception):
    """Objects of a drop cannot be recorded; the recover machine tries again, and the alarm has told the operator."""


def completes(config: str | None) -> frozenset[str]:
    """What completes a drop of a project: some of `quiet`, `success` and `manifest`."""
    return RULES[str(_data(config).get("complete_on", "any"))]


def plan_window(facts: PlanWindow) -> WindowPlan:
    """Look closer at what is complete, or was quiet for its project's quiet period; else say when to look again."""
    window = facts.window
    if window is None or (window.state in ("CLOSED", "SETTLED") and not facts.resume):
        return WindowPlan(action="done", reason="closed already" if window else "no such window")
    if window.state in ("CLOSED", "SETTLED"):
        action: Any = "settle" if window.state == "CLOSED" else "announce"
        return WindowPlan(action=action, touched_at=window.touched_at, reason=window.reason or "quiet period")
    if window.state in COMPLETED_BY:
        return WindowPlan(action="check", touched_at=window.touched_at, reason=COMPLETED_BY[window.state])
    if "quiet" not in completes(facts.config):
        awaited = " or ".join(sorted(completes(facts.config)))
        return WindowPlan(action="done", reason=f"the project completes its drops by {awaited}")
    if facts.seen_touched_at == window.touched_at:
        return WindowPlan(action="check", touched_at=window.touched_at, reason="quiet period")
    seconds = int(_data(facts.config).get("quiet_period", names.QUIET_PERIOD))
    return _wait(window, window.touched_at, seconds, f"quiet for {seconds} s until then")


def plan_close(facts: PlanClose) -> WindowPlan:
    """Close, unless S3 knows of more objects, or of an upload in progress, or a manifest names what is not there.

    Raises:
        ClaimsStuckError: looked again and again, and objects in S3 are still not recorded.
    """
    window, seen = facts.window, facts.seen
    if seen.unclaimed:
        if facts.looks >= MAX_LOOKS:
            raise ClaimsStuckError(f"{seen.unclaimed} objects in S3 are not recorded after {facts.looks} looks")
        told = f"{seen.unclaimed} objects in S3 are not recorded yet"
        if facts.unclaimed_before is None or seen.unclaimed < facts.unclaimed_before:
            return _wait(window, facts.now, SETTLING_SECONDS, f"{told}; their events may be on their way")
        return _wait(window, facts.now, CLAIM_SECONDS, f"{told}; claimed without their events", action="claim")
    if facts.reason == "manifest":
        return _by_manifest(facts)
    held = [u for u in seen.uploads if _age_hours(u.initiated, facts.now) < UPLOAD_HOURS]
    if held and facts.reason != "_SUCCESS":
        seconds = int(_data(facts.config).get("quiet_period", names.QUIET_PERIOD))
        return _wait(window, facts.now, seconds, f"held open: {held[0].key} is being uploaded in parts")
    return WindowPlan(action="close", touched_at=window.touched_at, reason=facts.reason)


def _by_manifest(facts: PlanClose) -> WindowPlan:
    manifest = facts.seen.manifest
    if manifest is None or manifest.problem:
        said = manifest.problem if manifest else "it is gone"
        return WindowPlan(action="refuse", touched_at=facts.window.touched_at, reason=f"manifest: {said}")
    if not manifest.missing_count:
        return WindowPlan(action="close", touched_at=facts.window.touched_at, reason="manifest")
    missing = ", ".join(manifest.missing[:SHOWN]) + (", …" if manifest.missing_count > SHOWN else "")
    told = f"the manifest names {manifest.missing_count} of {manifest.count} objects that are not there: {missing}"
    limit = int(_data(facts.config).get("manifest_wait", MANIFEST_WAIT))
    touched = _moment(facts.window.touched_at)
    if _moment(facts.now) >= touched + timedelta(seconds=limit) or facts.waited:
        return WindowPlan(action="refuse", touched_at=facts.window.touched_at, reason=told)
    plan = _wait(facts.window, facts.window.touched_at, limit, told)
    return plan.model_copy(update={"final": True})


def _wait(window: Window, since: str, seconds: int, reason: str, action: str = "wait") -> WindowPlan:
    until = _moment(since) + timedelta(seconds=seconds)
    stamp = until.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return WindowPlan(action=action, until=stamp, touched_at=window.touched_at, reason=reason)  # type: ignore[arg-type]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _age_hours(initiated: str, now: str) -> float:
    return (_moment(now) - _moment(initiated)) / timedelta(hours=1)


def _data(config: str | None) -> dict[str, Any]:
    data: dict[str, Any] = (json.loads(config).get("data") or {}) if config else {}
    return data
