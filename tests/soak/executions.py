"""The machines in outline: their steps, with the real decisions. The real machines: tests/machines/stateful."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Generator
from typing import Any

from botocore.exceptions import ClientError
from dropforge.errors import DropChangedError
from intake import check_window, find_missed, items, judge, list_drop, windows
from intake.models import CheckWindow, FindMissed, FolderSeen, JudgeDrop, ListDrop, PlanClose, PlanWindow

from tests.soak.s3 import S3
from tests.soak.world import World

Steps = Generator[str, None, None]
PLACE = ("project", "channel", "folder", "drop", "manifest", "manifest_version")


def intake(world: World, name: str, given: Any) -> Steps:
    """statemachines/intake.asl.yaml."""
    record = given[0]
    pk, drop = record["dynamodb"]["Keys"]["pk"]["S"], record["dynamodb"]["Keys"]["sk"]["S"].removeprefix("window#")
    resume = record["eventName"] == "RESUME"
    patient = record["dynamodb"].get("OldImage", {}).get("state", {}).get("S") != "LISTED"
    seen, looks, before = None, 1, None
    while True:
        window = world.store.windows[pk][drop]
        config = world.configs.get(window["project"])
        facts = {"window": window, "config": config, "seen_touched_at": seen, "resume": resume}
        plan = windows.plan_window(PlanWindow.model_validate(facts))
        yield ""
        if plan.action == "done":
            return
        if plan.action == "announce":
            judgement = json.loads(window["announcement"])
            yield from _tell(world, pk, judgement, window, held=True)
            return
        if plan.action == "settle":
            refusal = window["reason"] if window.get("closing") == "refuse" else None
            yield from _settle(world, name, window, reason=window["reason"], refusal=refusal, held=True)
            return
        if plan.action == "wait":
            yield str(plan.until)
            seen = plan.touched_at
            continue
        completed = window.get("completed_at")
        found = world.call(
            check_window,
            CheckWindow(**_place(window), reason=plan.reason, config=config, completed_at=completed),
        )
        looked = _in_force(world, window)
        yield ""
        close = windows.plan_close(
            PlanClose(
                window=window,
                reason=plan.reason,
                config=config,
                seen=FolderSeen.model_validate({k: found[k] for k in ("unclaimed", "uploads", "manifest")}),
                now=items.stamp(world.now),
                looks=looks,
                unclaimed_before=before,
                waited=seen == window["touched_at"],
            )
        )
        looks, before = looks + 1, found["unclaimed"] or None
        if close.action == "wait" and close.final and not patient:
            return
        if close.action in ("wait", "claim"):
            if close.action == "claim":
                _send(world, found["entries"])
            yield str(close.until)
            seen = close.touched_at
            continue
        now = world.store.windows[pk][drop]
        if now["state"] in ("CLOSED", "SETTLED") or now["touched_at"] != close.touched_at:
            yield ""
            continue
        closed = {"state": "CLOSED", "reason": close.reason, "closed_at": items.stamp(world.now), "closed_by": name}
        world.store.update(pk, drop, **closed, closing=close.action, resumes=0)
        world.note(name, "closes", drop, close.reason, looked)
        world.closed[drop] = {"looked": looked, "reason": close.reason, "refused": close.action == "refuse"}
        yield ""
        refusal = close.reason if close.action == "refuse" else None
        yield from _settle(world, name, window, reason=close.reason, refusal=refusal, held=False)
        return


def _settle(world: World, name: str, window: Any, *, reason: str, refusal: str | None, held: bool) -> Steps:
    drop, project = window["drop"], window["project"]
    pk = f"{project}/{window['channel']}/{window['folder']}"
    listing, inspection, failure = None, None, None
    if refusal is None:
        listing = world.call(list_drop, ListDrop(**_place(window), reason=reason))
        yield ""
    while True:
        config = world.configs.get(project)
        if listing and listing["count"]:
            try:
                inspection = inspect(world.s3, project, listing)
            except DropChangedError as error:
                failure = {"Error": "DropChangedError", "Cause": str(error)}
            yield ""
        facts = {"listing": listing, "inspection": inspection, "failure": failure, "config": config}
        judgement = judge.judge_drop(
            JudgeDrop.model_validate(
                {
                    **_place(window),
                    **facts,
                    "reason": reason,
                    "refusal": refusal,
                    "cause": name,
                    "now": items.stamp(world.now),
                }
            )
        ).model_dump(mode="json")
        yield ""
        if judgement["outcome"] != "HELD":
            break
        world.held[project, drop] = (pk, f"window#{drop}")
        yield ""
        if project not in world.configs:
            break
        held = True
    if _record_outcome(world, pk, drop, judgement["record"]):
        yield ""
        yield from _tell(world, pk, judgement, window, held=held)


def _record_outcome(world: World, pk: str, drop: str, record: Any) -> bool:
    item = world.store.windows[pk][drop]
    values = {k: items.plain({k: v})[k] for k, v in record["ExpressionAttributeValues"].items()}
    assert record["ConditionExpression"] == (
        "attribute_exists(pk) AND (attribute_not_exists(#outcome) OR #outcome = :held OR #settled_by = :settled_by)"
    )
    if item.get("outcome") not in (None, "HELD") and item["settled_by"] != values[":settled_by"]:
        return False
    world.note("settles", drop, values[":outcome"], values[":outcome_reason"])
    world.store.update(pk, drop, **{n: values[f":{n}"] for n in record["ExpressionAttributeNames"].values()})
    return True


def _tell(world: World, pk: str, judgement: Any, window: Any, *, held: bool) -> Steps:
    if judgement["detail_type"]:
        world.announce(judgement["detail_type"], judgement["detail"])
        yield ""
    if world.store.windows[pk][window["drop"]].get("stage") == "RECORDED":
        world.store.update(pk, window["drop"], stage=judgement["stage"])
        yield ""
    if held and judgement["outcome"] != "HELD":
        world.held.pop((window["project"], window["drop"]), None)


def inspect(s3: S3, project: str, listing: Any) -> dict[str, Any]:
    """What `inspect_drop` says, of bytes that are no table."""
    bucket, _, key = listing["uri"].removeprefix("s3://").partition("/")
    listed = [json.loads(line) for line in s3.get_object(bucket, key)["Body"].read().splitlines()]
    try:
        read = [(o["name"], s3.get_object(s3.data_bucket, o["key"], o["version_id"])["Body"].read()) for o in listed]
    except ClientError as error:
        raise DropChangedError(f"an object was deleted after the drop was listed: {error}") from error
    contents = [hashlib.sha256(body).hexdigest() for _, body in read]
    content = hashlib.sha256("".join(contents).encode()).hexdigest()
    digest = hashlib.sha256(json.dumps([n for n, _ in read] + contents).encode()).hexdigest()
    bad = [n for n, body in read if body.startswith(b"bad")]
    finding = {"check": "unreadable_file", "count": len(bad), "message": f"{bad}", "fix": "", "rows": []}
    return {
        "digest": digest,
        "content": content,
        "uri": f"s3://{bucket}/{project}/datasets/{digest}/",
        "objects": len(read),
        "bytes": sum(len(b) for _, b in read),
        "findings": [finding] if bad else [],
        "table": {"format": "csv"},
        "head": {"columns": None, "fields": 2, "header": False, "rows": []},
    }


def training(world: World, name: str, given: Any) -> Steps:
    """The claims of statemachines/training_run.asl.yaml; what comes after them succeeds."""
    detail = given["detail"]
    run, project, attempt = detail["drop"], detail["project"], detail.get("attempt", 1)
    item = world.runs.get(run)
    if item and item["attempt"] >= attempt:
        return
    world.runs[run] = {"attempt": attempt, "status": "RUNNING", "execution_arn": name}
    yield ""
    content = detail["dataset"]["content"]
    claim = world.datasets.get((project, content))
    failed = claim and world.runs[claim["run"]]["status"] == "FAILED"
    if claim and claim["run"] != run and not failed and not detail["force"]:
        world.runs[run]["status"] = "IGNORED"
        return
    world.datasets[project, content] = {"run": run}
    yield ""
    world.trained.append((run, project, content, bool(detail["force"])))
    world.runs[run]["status"] = "SUCCEEDED"


def reconcile(world: World, name: str, given: Any) -> Steps:
    """statemachines/intake_reconcile.asl.yaml."""
    cursor = None
    while True:
        found = world.call(find_missed, FindMissed(cursor=cursor, now=items.stamp(world.now)))
        cursor = found["cursor"]
        yield ""
        _send(world, found["entries"])
        yield ""
        for window in found["restart"]:
            pk, drop = window["pk"], window["drop"]
            world.store.update(pk, drop, resumes=world.store.windows[pk][drop].get("resumes", 0) + 1)
            yield ""
            world.execute("intake", window["input"])
        for window in found["verified"]:
            if "outcome" in world.store.windows[window["pk"]][window["drop"]]:
                world.store.windows[window["pk"]][window["drop"]].pop("stage", None)
            yield ""
        if cursor is None:
            return


def _send(world: World, entries: list[list[dict[str, str]]]) -> None:
    world.messages += [{"body": json.loads(e["MessageBody"]), "receives": 0} for some in entries for e in some]


def _place(window: Any) -> dict[str, Any]:
    return {k: window[k] for k in PLACE if k in window}


def _in_force(world: World, window: Any) -> dict[str, str]:
    """The version in force of each object of the folder, by key."""
    place = f"{window['project']}/{window['channel']}/" + (f"{window['folder']}/" if window["folder"] else "")
    found = {k: world.s3.current(k) for k in world.s3.versions if k.startswith(place) and "/" not in k[len(place) :]}
    return {key: version.id for key, version in found.items() if version and version.body}


MACHINES = {"intake": intake, "training": training, "reconcile": reconcile}
