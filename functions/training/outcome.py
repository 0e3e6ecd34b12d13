"""Training's decisions about what ended: again or not, what to tell, what it took."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Literal

from dropforge import events, names, prices
from dropforge.failures import understand
from dropforge.problems import with_lines
from dropforge.recovery import RecoveryDecision, again_or_not
from training.models import (
    DecideRecovery,
    DecideRetry,
    ExplainFailure,
    Explanation,
    RetryDecision,
    SummariseRun,
)

MAX_TRIES = 3
FIRST_WAIT = {"capacity": 120, "internal": 30}
UNKNOWN = "unknown"
Kind = Literal["Run Failed", "Project Invalid"]


def decide_retry(facts: DecideRetry) -> RetryDecision:
    """A job that AWS failed is tried again under its next name; one that failed by itself would fail again."""
    failure = understand(facts.error, facts.cause)
    name = facts.request["TrainingJobName"]
    tried = names.job_try(name)
    wait = FIRST_WAIT.get(failure.kind)
    if wait is None or tried >= MAX_TRIES:
        why = failure.reason if wait is None else f"after {tried} tries: {failure.reason}"
        return RetryDecision(retry=False, request=facts.request, attempt=facts.attempt, wait_seconds=0, reason=why)
    request = {**facts.request, "TrainingJobName": names.next_job_name(name)}
    return RetryDecision(
        retry=True,
        request=request,
        attempt=facts.attempt + 1,
        wait_seconds=wait * 2 ** (tried - 1),
        reason=failure.reason,
    )


def explain_failure(facts: ExplainFailure) -> Explanation:
    """One readable sentence about why a run failed, and the event that tells it."""
    failure = understand(facts.error, facts.cause)
    problems = None if failure.problems is None else with_lines(failure.problems, facts.lines)
    kind: Kind = "Run Failed" if problems is None else "Project Invalid"
    reason = f"{facts.step} failed: {failure.reason}"
    fields: dict[str, Any] = {
        "reason": reason,
        "step": facts.step,
        "error": failure.error,
        "severity": "error",
        "attempt": facts.attempt,
    }
    if problems is not None:
        fields["problems"] = problems
    if failure.log:
        fields["log"] = failure.log
    if failure.log_command:
        fields |= {"job": failure.job, "log_group": failure.log_group, "log_command": failure.log_command}
    detail = events.detail(
        kind, facts.run, f"a{facts.attempt}", project=facts.project, run=facts.run, drop=facts.drop, **fields
    )
    return Explanation(detail_type=kind, reason=reason, severity="error", problems=problems, detail=detail)


def decide_recovery(facts: DecideRecovery) -> RecoveryDecision:
    """A run that ended without telling how starts again, unless a person stopped it or it has had its attempts."""
    item = events.plain(facts.item) if facts.item else None
    if item is None:
        return _unclaimed(facts)
    attempt = int(item.get("attempt", 1))
    if item.get("status") != "RUNNING":
        reason = f"the run is {item.get('status')}, so its end was told"
        return RecoveryDecision(action="nothing", attempt=attempt, reason=reason)
    theirs, ours = item.get("execution_arn"), facts.event.get("executionArn")
    # A later attempt than the item's stopped before its own claim: nobody else has the run.
    if theirs != ours and facts.attempt <= attempt:
        return RecoveryDecision(action="nothing", attempt=attempt, reason="another execution has this run")
    return again_or_not("run", facts.event, max(attempt, facts.attempt), facts.run)


def _unclaimed(facts: DecideRecovery) -> RecoveryDecision:
    """It stopped before it claimed its run: the same attempt again, under a name that counts the starts.

    A higher attempt would take the run from an execution that claims it meanwhile.
    """
    name = str(facts.event["name"])
    decided = again_or_not("run", facts.event, names.execution_attempt(name), name)
    return decided.model_copy(update={"attempt": facts.attempt})


def summarise_run(facts: SummariseRun, price_list: str = "") -> dict[str, Any]:
    """The figures of a run: what was measured, how long each job took, what that cost at list prices."""
    found = json.loads(facts.preparation) if facts.preparation else {}
    evaluation = facts.evaluation or {}
    region = facts.context.get("region", "")
    jobs = {
        "prepare": _processing(facts.prepare_job),
        "train": _training(facts.trained),
        "evaluate": _processing(evaluation.get("job")),
        "compare": _processing(evaluation.get("champion_job")),
    }
    used = {name: job for name, job in jobs.items() if job}
    dollars = [_dollars(job, region, price_list) for job in used.values()]
    usd: float | str = UNKNOWN if None in dollars else round(sum(d for d in dollars if d is not None), 4)
    return {
        "metrics": evaluation.get("metrics") or {},
        "gate": {k: evaluation.get(k) for k in ("metric", "value", "threshold")},
        "problem": found.get("problem"),
        "rows": found.get("rows"),
        "learnt": found.get("learnt"),
        "champion": evaluation.get("champion"),
        "warnings": [*facts.data_warnings[:5], *(found.get("warnings") or [])[:5]],
        "digest": facts.dataset.digest,
        "objects": facts.dataset.objects,
        "bytes": facts.dataset.bytes,
        "seconds": {name: job["seconds"] for name, job in used.items()},
        "cost": {"usd": usd, "basis": prices.basis(region, price_list)},
    }


def _processing(job: dict[str, Any] | None) -> dict[str, Any] | None:
    if not job:
        return None
    cluster = (job.get("ProcessingResources") or {}).get("ClusterConfig") or {}
    return {
        "seconds": _seconds(job.get("ProcessingStartTime"), job.get("ProcessingEndTime")),
        "instance_type": cluster.get("InstanceType"),
        "count": cluster.get("InstanceCount", 1),
        "use": "processing",
    }


def _training(trained: dict[str, Any]) -> dict[str, Any]:
    seconds = trained.get("billable_seconds")
    return {
        "seconds": trained.get("training_seconds") if seconds is None else seconds,
        "instance_type": trained.get("instance_type"),
        "count": trained.get("instance_count") or 1,
        "use": "training",
    }


def _seconds(start: Any, end: Any) -> float | None:
    """Between two times as integrations give them: epoch seconds or milliseconds, or ISO-8601."""
    if start is None or end is None:
        return None
    return round(_epoch(end) - _epoch(start), 1)


def _epoch(time: Any) -> float:
    if isinstance(time, str) and not time.replace(".", "", 1).isdigit():
        return datetime.fromisoformat(time).timestamp()
    number = float(time)
    return number / 1000 if number > 1e11 else number  # noqa: PLR2004 (the year 5138 in seconds, 1973 in milliseconds)


def _dollars(job: dict[str, Any], region: str, price_list: str) -> float | None:
    if job["seconds"] is None or not job["instance_type"]:
        return None
    hours = job["seconds"] * job["count"] / prices.HOUR
    return prices.cost(hours, job["instance_type"], job["use"], region, price_list)
