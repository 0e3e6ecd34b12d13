"""Deployment's decisions about what ended: is it live, why not, and if it stopped, again or not."""

from __future__ import annotations

from typing import Any

from deployment import told
from deployment.counts import scaling_of
from deployment.models import CheckDeployment, DecideRecovery, DeploymentCheck
from dropforge import events, names
from dropforge.failures import show_log, understand
from dropforge.recovery import RecoveryDecision, again_or_not

TOLD = "DeploymentFailedError"  # the machine's own ending, after the notice
MARK = "dropforge:deployment"
MOVING = ("Creating", "Updating", "SystemUpdating", "RollingBack")


def check_deployment(facts: CheckDeployment) -> DeploymentCheck:
    """Deployed only if the endpoint is in service with the very configuration that was asked for."""
    package, plan, endpoint = facts.package or {}, facts.plan, facts.endpoint or {}
    wanted = plan.config if plan else None
    deployed, stage, reason = _judge(facts, wanted)
    said = package.get("CustomerMetadataProperties") or {}
    project = (plan.project if plan else None) or str(package.get("ModelPackageGroupName", ""))
    run = (plan.run if plan else None) or said.get("dropforge:run")
    back = facts.target is not None and facts.target.after == "rejection"
    stays = facts.target is not None and facts.target.stays
    rejected = facts.target.version if back and facts.target else None
    compared, beside = told.beside(facts)
    kind: Any = ("Model Rolled Back" if back else "Model Deployed") if deployed else "Deployment Failed"
    rung = [] if deployed else [told.of_alarm(alarm) for alarm in told.rung(facts)]
    live = names.configured_version(endpoint.get("EndpointConfigName"))
    detail = events.detail(
        kind,
        project,
        run,
        project=project,
        run=run,
        drop=said.get("dropforge:drop"),
        reason=reason,
        severity="info" if deployed and not back else "warning" if deployed else "error",
        stage=stage,
        mode=plan.mode if plan else None,
        strategy=plan.strategy if plan else None,
        endpoint=project,
        endpoint_status=endpoint.get("EndpointStatus"),
        endpoint_config=endpoint.get("EndpointConfigName"),
        requested_endpoint_config=wanted,
        model_version=package.get("ModelPackageVersion"),
        rejected_version=rejected,
        stays=stays,
        live_version=live[1] if live else None,
        previous_version=plan.previous_version if plan else None,
        still_compared=not deployed and compared,
        compared_version=beside,
        rolled_back=not deployed
        and endpoint.get("EndpointStatus") == "InService"
        and endpoint.get("EndpointConfigName") != wanted
        and not compared
        and stage in ("alarm", "health", "experiment", "verification"),
        after=facts.target.after if facts.target else "approval",
        variants=told.variants(plan, endpoint if deployed else {}),
        instance=told.instance(plan, endpoint if deployed else {}),
        failure_reason=endpoint.get("FailureReason") if not deployed else None,
        verified=facts.verified.get("figures") if facts.verified else None,
        experiment=facts.experiment.get("figures") if facts.experiment else None,
        scaling_asked=plan.scaling if plan else None,
        alarms=rung,
        warnings=_warnings(facts),
        log=None if deployed else told.last_lines(facts.log),
        log_command=None if deployed else show_log(f"/aws/sagemaker/Endpoints/{project}"),
    )
    created = plan is not None and plan.first
    clean_up = not deployed and created and (endpoint.get("EndpointStatus") == "Failed" or stage == "verification")
    return DeploymentCheck(
        deployed=deployed,
        reason=reason,
        stage=stage,
        clean_up=clean_up,
        # A rejected version, or one that is live, is not the one that this failed for.
        mark=None
        if back and (stays or package.get("ModelPackageVersion") == rejected)
        else _mark(package, deployed, reason),
        scaling=None if clean_up or plan is None else scaling_of(plan, endpoint),
        detail_type=kind,
        detail=detail | {"clean_up": clean_up},
    )


def _judge(facts: CheckDeployment, wanted: str | None) -> tuple[bool, str | None, str]:
    """(deployed, the stage at which it failed, why)."""
    endpoint = facts.endpoint or {}
    status, live = endpoint.get("EndpointStatus"), endpoint.get("EndpointConfigName")
    said = endpoint.get("FailureReason")
    why = f": {str(said).rstrip('.')}" if said else ""
    if facts.failure:
        return False, *_caught(facts, facts.failure)
    if wanted is None or not endpoint:
        return False, "internal", "the deployment ended before the endpoint was asked for"
    if status == "InService" and live == wanted:
        return _answers(facts, live)
    if status == "InService":
        return _taken_back(facts, live, why)
    if status in MOVING:
        disliked = f"{before}. " if (before := _disliked(facts)) else ""
        longest = "the longest time that a deployment waits"
        return False, "timeout", f"{disliked}the endpoint is still {status} after {longest}{why}"
    return False, "health", f"the endpoint is {status}{why}"


def _caught(facts: CheckDeployment, failure: dict[str, Any]) -> tuple[str, str]:
    """The stage at which a state failed, and why."""
    found = understand(failure.get("Error"), failure.get("Cause"))
    # A person needs the name of an error only where it says more than the words do: States.Timeout.
    named = found.error if str(found.error).startswith("States.") else None
    said = f"{found.reason} ({named})" if named else found.reason
    if before := _disliked(facts):
        return "verification" if _differs(facts) else "experiment", f"{before}. The way back failed: {said}"
    return "refused" if found.error in ("AlarmRingingError", "EndpointUnusableError") else "start", said


def _taken_back(facts: CheckDeployment, live: Any, why: str) -> tuple[bool, str, str]:
    """Something else is live than what was asked for: by whom, and why."""
    if why_not := _disliked(facts):
        differs = _differs(facts)
        so = f"It was taken back: {live} serves again" if differs else f"{live} serves on"
        return False, "verification" if differs else "experiment", f"{why_not}. {so}"
    rung = [told.in_words(alarm) for alarm in told.rung(facts)]
    if rung:
        return False, "alarm", f"SageMaker rolled back, because {' and '.join(rung)}. {live} serves on"
    return False, "health", f"SageMaker rolled back{why}. {live} serves on"


def _answers(facts: CheckDeployment, live: Any) -> tuple[bool, str | None, str]:
    """What is asked for is live; are its answers those that were evaluated?"""
    if _differs(facts) and facts.verified:
        first = facts.plan is not None and facts.plan.first
        return (
            False,
            "verification",
            f"{facts.verified['reason']}. "
            + ("Nothing was served before, so the endpoint is deleted" if first else "It serves on"),
        )
    if facts.target and facts.target.after == "rejection":
        return True, None, facts.target.reason
    return True, None, f"endpoint {(facts.endpoint or {}).get('EndpointName')} serves {live}"


def _disliked(facts: CheckDeployment) -> str | None:
    """Why the new version was to go, where it was; without a full stop."""
    said = _why_not(facts)
    return said.rstrip(".") if said else None


def _why_not(facts: CheckDeployment) -> str | None:
    if facts.experiment and facts.experiment.get("decision") != "promote":
        said, caught = str(facts.experiment.get("reason")), facts.experiment.get("caught")
        return f"{said}: {understand(caught.get('Error'), caught.get('Cause')).reason}" if caught else said
    return str((facts.verified or {}).get("reason")) if _differs(facts) else None


def _differs(facts: CheckDeployment) -> bool:
    return (facts.verified or {}).get("decision") == "failed"


def _warnings(facts: CheckDeployment) -> list[str]:
    found = list(facts.plan.warnings) if facts.plan else []
    unknown = (facts.verified or {}).get("decision") == "unknown"
    return [*found, str((facts.verified or {}).get("reason"))] if unknown else found


def _mark(package: dict[str, Any], deployed: bool, reason: str) -> dict[str, Any] | None:
    """UpdateModelPackage: what became of it, in the registry. Values take 256 characters, no commas or braces."""
    arn = package.get("ModelPackageArn")
    if not arn:
        return None
    text = "deployed" if deployed else f"failed: {reason}"
    plain = "".join(c if c.isascii() and (c.isalnum() or c in " .:/=+-@_") else "-" for c in text)[:256]
    return {"ModelPackageArn": arn, "CustomerMetadataProperties": {MARK: plain.strip()}}


def decide_recovery(facts: DecideRecovery) -> RecoveryDecision:
    """A deployment that ended without telling how starts again, unless a person stopped it."""
    name, status, error = (facts.event.get(k) for k in ("name", "status", "error"))
    attempt = int(facts.approval.get("attempt") or 1)
    if status == "FAILED" and error == TOLD:
        return RecoveryDecision(action="nothing", attempt=attempt, reason="its end was told")
    return again_or_not("deployment", facts.event, attempt, str(name))
