"""Batch's last decision: what to say about how a drop was predicted, or why it was not."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from batch.models import BatchReport, DecideRecovery, EarlierBatch, ReportBatch
from dropforge import events, prices
from dropforge.failures import LONGEST_REASON, understand
from dropforge.recovery import RecoveryDecision, again_or_not
from dropforge.settings import Settings

TOLD = "BatchFailedError"  # the machine's own ending, after the notice
LOG_LIMIT = 4_000
#: A line of a transform job's data log: when, which object, what.
SAID = re.compile(r"\[sagemaker logs\]: [^\s:]+/[^\s:]+: ?(.*)")


class ReportBatchSettings(Settings):
    """The environment of `report_batch`; `PRICES` is JSON."""

    prices: str = ""


def report_batch(facts: ReportBatch, settings: ReportBatchSettings) -> BatchReport:
    """Predicted, failed with a reason that can be acted on, or held until a model is approved."""
    fields: dict[str, Any] = {
        "model_version": facts.choice.version if facts.choice else None,
        "model_package_arn": facts.choice.model_package_arn if facts.choice else None,
        "chosen": facts.choice.reason if facts.choice else None,
        "rows_in": (facts.staged or {}).get("rows"),
    }
    if facts.failure:
        return _failed(facts, fields)
    if facts.choice and facts.choice.model_package_arn is None:
        return _report(facts, "HELD", facts.choice.reason, fields)
    if facts.earlier and facts.earlier.status in ("RUNNING", "SUCCEEDED"):
        return _ignored(facts, facts.earlier, fields)
    result, staged = facts.result or {}, facts.staged or {}
    seconds, cost = _cost(facts, settings)
    refused = int(result.get("refused", 0)) + int(staged.get("skipped", 0))
    reason = f"{result.get('rows', 0)} rows were predicted by version {fields['model_version']}"
    fields |= {
        "files": result.get("files"),
        "rows_out": result.get("rows"),
        "rows_refused": refused,
        "refused": result.get("errors", []),
        "output_uri": result.get("output_uri"),
        "job": _job_name(facts),
        "seconds": seconds,
        "cost": cost,
    }
    return _report(facts, "SUCCEEDED", reason, fields)


def _ignored(facts: ReportBatch, earlier: EarlierBatch, fields: dict[str, Any]) -> BatchReport:
    has, version = "was predicted" if earlier.status == "SUCCEEDED" else "is being predicted", fields["model_version"]
    reason = f"drop {earlier.drop} has the same rows and {has} by the same version {version}"
    fields |= {"earlier_drop": earlier.drop, "output_uri": earlier.detail.get("output_uri")}
    return _report(facts, "IGNORED", reason, fields)


def _failed(facts: ReportBatch, fields: dict[str, Any]) -> BatchReport:
    failure = facts.failure or {}
    found = understand(failure.get("Error"), failure.get("Cause"))
    reason, log = found.reason, (facts.log or "")[-LOG_LIMIT:]
    said = _said(log) if "job logs" in reason else None
    if said:
        reason = f"the model failed: {said}"[:LONGEST_REASON]
    fields |= {"job": found.job, "log": log or None, "log_command": found.log_command}
    return _report(facts, "FAILED", reason, fields)


def _said(log: str) -> str | None:
    """What the model answered by a job's data log: on the line that says `Message:`, or on the one after it."""
    texts = [match[1] for line in log.splitlines() if (match := SAID.search(line))]
    for at, text in enumerate(texts):
        if text.startswith("Message:"):
            return next((t for t in (text.removeprefix("Message:").strip(), *texts[at + 1 :]) if t), None)
    return next((text for text in reversed(texts) if '"error' in text), None)


_KINDS: dict[str, tuple[Any, str]] = {
    "SUCCEEDED": ("Batch Completed", "info"),
    "FAILED": ("Batch Failed", "error"),
    "HELD": ("Batch Held", "warning"),
    "IGNORED": ("Batch Ignored", "info"),
}


def _report(facts: ReportBatch, status: Any, reason: str, fields: dict[str, Any]) -> BatchReport:
    kind, severity = _KINDS[status]
    run = ((facts.package or {}).get("CustomerMetadataProperties") or {}).get("dropforge:run")
    detail = events.detail(
        kind,
        facts.drop,
        f"a{facts.attempt}",
        project=facts.project,
        run=run,
        drop=facts.drop,
        cause=facts.cause,
        reason=reason,
        severity="warning" if fields.get("rows_refused") else severity,
        **fields,
    )
    return BatchReport(status=status, reason=reason, detail_type=kind, detail=detail)


def _job_name(facts: ReportBatch) -> str | None:
    return facts.plan.job["TransformJobName"] if facts.plan else None


def _cost(facts: ReportBatch, settings: ReportBatchSettings) -> tuple[dict[str, float], dict[str, Any]]:
    """How long the job ran, and what its instances cost meanwhile at list prices."""
    job = facts.job or {}
    seconds = _moment(job.get("TransformEndTime")) - _moment(job.get("TransformStartTime"))
    resources = facts.plan.job["TransformResources"] if facts.plan else {}
    hours = seconds / prices.HOUR * resources.get("InstanceCount", 1)
    # Transform instances are listed as processing ones are: the same price on AWS's page.
    usd = prices.cost(hours, str(resources.get("InstanceType")), "processing", facts.region, settings.prices)
    basis = prices.basis(facts.region, settings.prices)
    return {"transform": round(seconds, 1)}, {"usd": "unknown" if usd is None else round(usd, 4), "basis": basis}


def _moment(value: Any) -> float:
    """Seconds since the epoch: of milliseconds, as `.sync` gives times, or of text, as the SDK does."""
    if isinstance(value, str):
        return datetime.fromisoformat(value).timestamp()
    return float(value or 0) / 1000


def decide_recovery(facts: DecideRecovery) -> RecoveryDecision:
    """A batch that ended without telling how starts again, unless a person stopped it.

    Its next attempt is called as an approval would call it, so that only one of the two starts it.
    """
    attempt = int(facts.drop.get("attempt") or 1)
    if facts.event.get("status") == "FAILED" and facts.event.get("error") == TOLD:
        return RecoveryDecision(action="nothing", attempt=attempt, reason="its end was told")
    return again_or_not("batch", facts.event, attempt, str(facts.drop["drop"]))
