"""Whether a drop is accepted, refused, or waits for its project.yaml: the policy of `data.checks`. Pure."""

from __future__ import annotations

import json
from typing import Any

from dropforge import events
from dropforge.project_checks import Checks
from intake.models import JudgeDrop, Judgement

FINDINGS = 10
LONGEST_REASON = 900
#: Only what a model learns from has a target; the other channels hold rows without one, or its values alone.
WITH_TARGET = ("train", "validation")
OF_LEARNING = frozenset({"one_class", "too_few_rows"})
#: What a model takes decides about rows to predict, not what was last dropped to be predicted: at most a warning.
OF_SCHEMA = frozenset({"schema_changed", "new_columns"})
OF_TARGET = frozenset({"no_target", "one_class", "mixed_target", "missing_target", "target_leakage"})


#: Kinds of failure that are not the data's fault: another attempt, when AWS or the operator has mended it, may do.
NOT_OF_DATA = ("capacity", "internal", "permission", "quota", "stopped")
#: Errors of ours and of botocore by which a function says so, as Step Functions names them.
NOT_OF_DATA_ERRORS = (
    "InputInvalidError",
    "SettingsError",
    "ClientError",
    "ConnectTimeoutError",
    "ConnectionClosedError",
    "ConnectionError",
    "EndpointConnectionError",
    "IncompleteReadError",
    "ReadTimeoutError",
    "ResponseStreamingError",
    "SSLError",
)


class InspectionStoppedError(Exception):
    """AWS failed an inspection, not the data; the recover machine tries again, and the alarm has told the operator."""


def judge_drop(facts: JudgeDrop) -> Judgement:
    """The outcome of a drop that was closed.

    Raises:
        InspectionStoppedError: the inspection failed for a reason that the data have no part in.
    """
    if facts.refusal:
        return _told(facts, "REFUSED", facts.refusal, "Drop Refused", findings=[])
    if facts.failure:
        reason = f"it could not be read: {_why(facts.failure)}"
        return _told(facts, "REFUSED", reason, "Drop Refused", findings=[])
    if not (facts.listing or {}).get("count") or not _anything(facts.inspection or {}):
        return _empty(facts)
    return _by_policy(facts, facts.inspection or {})


def _by_policy(facts: JudgeDrop, inspection: dict[str, Any]) -> Judgement:
    by_severity = _by_severity(facts, inspection)
    refused, skipped = by_severity["refuse"], by_severity["skip"]
    if refused:
        reason = _said(refused)
        return _told(facts, "REFUSED", reason, "Drop Refused", findings=[*refused, *by_severity["warn"]])
    if not inspection.get("objects") or (_needs_table(facts) and inspection.get("table") is None):
        reason = f"no file of it can be used: {_said(skipped) or 'all were left out'}"
        return _told(facts, "REFUSED", reason, "Drop Refused", findings=skipped)
    if facts.config is None:
        proposal = inspection.get("proposal") or {}
        more = {"proposal": proposal.get("yaml"), "proposal_notes": proposal.get("notes", [])}
        reason = "there is no valid project.yaml yet"
        return _told(facts, "HELD", reason, "Project Missing", head=inspection.get("head"), **more)
    warned = [*_left_out(facts), *(str(f["message"]) for f in (*by_severity["warn"], *skipped))]
    return _told(
        facts,
        "ACCEPTED",
        facts.reason,
        "Drop Completed",
        dataset={k: inspection.get(k) for k in ("digest", "content", "uri", "objects", "bytes", "head")},
        force=bool((facts.listing or {}).get("force")),
        warnings=warned[:FINDINGS],
    )


def _needs_table(facts: JudgeDrop) -> bool:
    """Whether what was dropped must be rows: a script without `split` knows best what its bytes mean."""
    if facts.config is None or facts.channel == "unlabelled":
        return False
    project = json.loads(facts.config)
    script = project["algorithm"] == "sklearn" or (project.get("train") or {}).get("script")
    return not script or bool(project.get("split"))


def _said(findings: list[dict[str, Any]]) -> str:
    return "; ".join(str(f["message"]) for f in findings)[:LONGEST_REASON]


def _left_out(facts: JudgeDrop) -> list[str]:
    """What arrived with the drop and is not named by its manifest: in no drop until a later manifest names it."""
    count = int((facts.listing or {}).get("left_out") or 0)
    told = f"the manifest does not name {count} of the objects that came with it: name them in a later one, or"
    return [f"{told} upload them again"] if count else []


def _by_severity(facts: JudgeDrop, inspection: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    data = json.loads(facts.config).get("data") or {} if facts.config else {}
    chosen = Checks.model_validate(data.get("checks") or {}).model_dump()
    found: dict[str, list[dict[str, Any]]] = {"refuse": [], "warn": [], "skip": [], "ignore": []}
    for finding in inspection.get("findings", []):
        check = str(finding["check"])
        does_not_apply = check in OF_TARGET and (facts.config is None or facts.channel not in WITH_TARGET)
        does_not_apply = does_not_apply or (check in OF_LEARNING and facts.channel != "train")
        policy = "ignore" if does_not_apply else chosen.get(check, "warn")
        if policy == "refuse" and check in OF_SCHEMA and facts.channel == "batch":
            policy = "warn"
        found[policy].append({**finding, "policy": policy})
    return found


def _anything(inspection: dict[str, Any]) -> bool:
    return bool(inspection.get("objects") or inspection.get("findings") or inspection.get("quarantined_count"))


def _empty(facts: JudgeDrop) -> Judgement:
    """Nothing is left. Who called a drop complete hears of it; a file that came and went is nobody's news."""
    if facts.reason in ("_SUCCESS", "manifest"):
        reason = f"{facts.reason} came, but nothing arrived since the folder's last drop"
        return _told(facts, "EMPTY", reason, "Drop Refused", findings=[])
    return _told(facts, "EMPTY", "every object was deleted before the drop was complete", None)


def _why(failure: dict[str, str]) -> str:
    from dropforge.failures import understand

    found = understand(failure.get("Error"), failure.get("Cause"))
    if found.kind in NOT_OF_DATA or failure.get("Error") in NOT_OF_DATA_ERRORS:
        raise InspectionStoppedError(found.reason)
    return found.reason


def _told(facts: JudgeDrop, outcome: Any, reason: str, detail_type: Any, **more: Any) -> Judgement:
    inspection = facts.inspection or {}
    kind = detail_type or "Drop Empty"
    findings = more.pop("findings", None)
    profile = inspection.get("profile") or {}
    detail = events.detail(
        kind,
        facts.drop,
        project=facts.project,
        run=None,
        drop=facts.drop,
        cause=facts.cause,
        channel=facts.channel,
        folder=facts.folder,
        bucket=facts.bucket,
        reason=reason,
        digest=inspection.get("digest"),
        objects=inspection.get("objects"),
        bytes=inspection.get("bytes"),
        profile_uri=profile.get("uri"),
        profile_html=profile.get("html_uri"),
        **more,
    )
    if findings is not None:
        quarantined = {k: inspection.get(k) for k in ("quarantined", "quarantined_count")}
        detail |= {"findings": findings[:FINDINGS], **quarantined}
    state, stage = ("CLOSED", "HELD") if outcome == "HELD" else ("SETTLED", "ANNOUNCED")
    said = {"outcome": outcome, "stage": stage, "reason": reason, "detail_type": detail_type, "detail": detail}
    return Judgement(**said, record=_record(facts, state, said))


def _record(facts: JudgeDrop, state: str, said: dict[str, Any]) -> dict[str, Any]:
    """The UpdateItem of the window, but for its table and key. Only that a drop is held may change later.

    It stays in stage RECORDED until it was announced, so that a stop in between is found.
    """
    inspection, listing = facts.inspection or {}, facts.listing or {}
    profile = inspection.get("profile") or {}
    values: dict[str, Any] = {
        "state": state,
        "stage": "RECORDED",
        "outcome": said["outcome"],
        "outcome_reason": said["reason"],
        "settled_at": facts.now,
        "settled_by": facts.cause,
        "resumes": 0,
        "announcement": json.dumps(said, ensure_ascii=False, separators=(",", ":")),
        "objects": listing.get("uri"),
        "digest": inspection.get("digest"),
        "content": inspection.get("content"),
        "uri": inspection.get("uri"),
        "count": inspection.get("objects"),
        "bytes": inspection.get("bytes"),
        "profile_uri": profile.get("uri"),
    }
    given = {name: value for name, value in values.items() if value is not None}
    typed = {f":{n}": {"N": str(v)} if isinstance(v, int) else {"S": v} for n, v in given.items()}
    return {
        "UpdateExpression": "SET " + ", ".join(f"#{name} = :{name}" for name in given),
        "ConditionExpression": "attribute_exists(pk) AND (attribute_not_exists(#outcome) OR #outcome = :held "
        "OR #settled_by = :settled_by)",
        "ExpressionAttributeNames": {f"#{name}": name for name in given},
        "ExpressionAttributeValues": typed | {":held": {"S": "HELD"}},
    }
