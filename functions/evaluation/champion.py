"""Which model serves already, and whether a candidate is better than it on the same rows. Pure."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from dropforge.failures import understand
from evaluation.models import Champion, ChooseChampion

#: A configuration of ours names the version that it serves.
SERVES = re.compile(r"df-[a-z0-9]{10}-v(\d+)(?:-|$)")
SERVING = ("InService", "Updating", "SystemUpdating", "RollingBack", "UpdateRollbackFailed")
CONSTANT = "_best_constant_classifier"
#: Of fewer rows that the champion did not learn from nothing can be told.
ENOUGH_ROWS = 30
MOST_METRICS = 12
DIGITS = 6
#: Metrics of which less is better.
ERRORS = ("mae", "mse", "rmse", "log_loss", "false_positive_rate", "false_negative_rate")


def choose_champion(facts: ChooseChampion) -> Champion:
    """The version that the endpoint serves; without one, the newest that is approved."""
    _, partition, _, region, account, *_ = facts.execution_arn.split(":")
    group = f"arn:{partition}:sagemaker:{region}:{account}:model-package/{facts.project}"
    endpoint = facts.endpoint or {}
    live = SERVES.match(str(endpoint.get("EndpointConfigName")))
    if endpoint.get("EndpointStatus") in SERVING and live:
        return Champion(package_arn=f"{group}/{live[1]}", version=int(live[1]), live=True, reason="it is live")
    if endpoint.get("EndpointStatus") in SERVING:
        reason = f"Dropforge did not make what the endpoint serves: {endpoint.get('EndpointConfigName')}"
        return Champion(live=True, reason=reason)
    approved = [p for p in facts.approved if p.get("ModelApprovalStatus", "Approved") == "Approved"]
    newest = max(approved, key=lambda p: int(p.get("ModelPackageVersion") or 0), default=None)
    if newest is None:
        return Champion(reason="there is no model before it")
    version = int(newest["ModelPackageVersion"])
    return Champion(package_arn=newest["ModelPackageArn"], version=version, reason="it is the newest that is approved")


def compare(champion: dict[str, Any], candidate: str | None, metric: str | None) -> dict[str, Any]:
    """What can be said of the champion beside the candidate; `compared` tells whether anything can.

    `champion`: what was planned of it, with its figures.json as text or the failure that a state caught.
    """
    told = {key: champion.get(key) for key in ("version", "live", "run", "metric", "value")}
    told = {"compared": False, **told, "data": _data(champion.get("data"))}
    if champion.get("failure"):
        return {**told, "reason": _reason(champion["failure"])}
    if not candidate or not champion.get("figures"):
        return {**told, "reason": champion.get("reason") or "it was not measured"}
    theirs, ours = json.loads(champion["figures"]), json.loads(candidate)
    overlap = theirs.get("overlap") or {}
    on, rows = "all", (ours.get("dataset") or {}).get("rows")
    unseen = [figures.get("overlap", {}).get("unseen") for figures in (theirs, ours)]
    if all(unseen) and unseen[1]["dataset"]["rows"] >= ENOUGH_ROWS:
        on, (theirs, ours), rows = "unseen", unseen, unseen[1]["dataset"]["rows"]
    pairs = _pairs(_metrics(theirs), _metrics(ours), metric)
    return {
        **told,
        "compared": bool(pairs),
        "reason": "" if pairs else "no metric was measured of both",
        "on": on,
        "rows": rows,
        "overlap": {key: overlap.get(key) for key in ("checked", "seen", "rows", "reason")},
        "metrics": pairs,
    }


def _data(data: dict[str, Any] | None) -> dict[str, Any] | None:
    """What changed in the data, or the reason for which nobody knows."""
    return {"reason": _reason(data["failure"])} if data and data.get("failure") else data


def _reason(failure: dict[str, Any]) -> str:
    return understand(failure.get("Error"), failure.get("Cause")).reason


def beats(champion: dict[str, Any], metric: str | None) -> tuple[bool, str]:
    """Whether the candidate is better by the metric; what could not be compared stands in nobody's way."""
    pair = champion.get("metrics", {}).get(metric) if champion.get("compared") and metric else None
    name = f"champion (version {champion.get('version')})"
    if pair is None:
        why = champion.get("reason") or f"{metric} was not measured of both"
        return True, f"the {name} could not be compared, so evaluate.beat_champion decided nothing: {why}"
    theirs, ours = pair
    better = ours < theirs if metric in ERRORS else ours > theirs
    return better, f"{metric} {ours:g} is {'better' if better else 'no better'} than the {theirs:g} of the {name}"


def _metrics(figures: dict[str, Any]) -> dict[str, float]:
    section: dict[str, Any] = next((value for key, value in figures.items() if key.endswith("_metrics")), {})
    found = {k: v.get("value") for k, v in section.items() if isinstance(v, dict) and not k.endswith(CONSTANT)}
    return {k: round(float(v), DIGITS) for k, v in found.items() if isinstance(v, int | float) and math.isfinite(v)}


def _pairs(theirs: dict[str, float], ours: dict[str, float], metric: str | None) -> dict[str, list[float]]:
    """[champion's, candidate's] by metric: the gate's first, the rates (which others say too) last."""
    both = [name for name in ours if name in theirs]
    ordered = sorted(both, key=lambda name: (name != metric, name.endswith("_rate")))
    return {name: [theirs[name], ours[name]] for name in ordered[:MOST_METRICS]}
