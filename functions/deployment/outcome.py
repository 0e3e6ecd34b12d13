"""Deployment's decisions about what ended: is it live, and if it stopped, again or not."""

from __future__ import annotations

from typing import Any

from deployment.models import CheckDeployment, DecideRecovery, DeploymentCheck, DeploymentPlan
from dropforge import events
from dropforge.failures import show_log, understand
from dropforge.recovery import RecoveryDecision, again_or_not

TOLD = "DeploymentFailedError"  # the machine's own ending, after the notice


def check_deployment(facts: CheckDeployment) -> DeploymentCheck:
    """Deployed only if the endpoint is in service with the very configuration that was asked for."""
    package, plan, endpoint = facts.package or {}, facts.plan, facts.endpoint or {}
    wanted = plan.endpoint_config["EndpointConfigName"] if plan and plan.endpoint_config else None
    deployed, reason = _judge(facts, wanted)
    said = package.get("CustomerMetadataProperties") or {}
    project = (plan.project if plan else None) or str(package.get("ModelPackageGroupName", ""))
    run = (plan.run if plan else None) or said.get("dropforge:run")
    kind: Any = "Model Deployed" if deployed else "Deployment Failed"
    detail = events.detail(
        kind,
        project,
        run,
        project=project,
        run=run,
        drop=said.get("dropforge:drop"),
        reason=reason,
        severity="info" if deployed else "error",
        endpoint=project,
        endpoint_status=endpoint.get("EndpointStatus"),
        endpoint_config=endpoint.get("EndpointConfigName"),
        requested_endpoint_config=wanted,
        model_version=package.get("ModelPackageVersion"),
        instance=_instance(plan, endpoint if deployed else {}),
        log_command=None if deployed else show_log(f"/aws/sagemaker/Endpoints/{project}"),
    )
    return DeploymentCheck(deployed=deployed, reason=reason, detail_type=kind, detail=detail)


def _judge(facts: CheckDeployment, wanted: str | None) -> tuple[bool, str]:
    endpoint = facts.endpoint or {}
    status, live = endpoint.get("EndpointStatus"), endpoint.get("EndpointConfigName")
    said = endpoint.get("FailureReason")
    why = f": {said}" if said else ""
    if facts.failure:
        found = understand(facts.failure.get("Error"), facts.failure.get("Cause"))
        return False, f"{found.reason} ({found.error})" if found.error else found.reason
    if wanted is None or not endpoint:
        return False, "the deployment ended before the endpoint was asked for"
    if status == "InService" and live == wanted:
        return True, f"endpoint {endpoint.get('EndpointName')} serves {live}"
    if status == "InService":
        return False, f"SageMaker rolled back{why}; the endpoint still serves {live}"
    if status in ("Creating", "Updating", "SystemUpdating", "RollingBack"):
        return False, f"the endpoint is still {status} after the longest time that a deployment waits{why}"
    return False, f"the endpoint is {status}{why}"


def _instance(plan: DeploymentPlan | None, live: dict[str, Any]) -> dict[str, Any] | None:
    """What was asked for; the count is the live one, which an update keeps if somebody scaled the endpoint."""
    if not plan or not plan.endpoint_config:
        return None
    variant = plan.endpoint_config["ProductionVariants"][0]
    counts = {v.get("VariantName"): v.get("CurrentInstanceCount") for v in live.get("ProductionVariants") or []}
    count = counts.get(variant["VariantName"]) or variant["InitialInstanceCount"]
    return {"type": variant["InstanceType"], "count": count}


def decide_recovery(facts: DecideRecovery) -> RecoveryDecision:
    """A deployment that ended without telling how starts again, unless a person stopped it."""
    name, status, error = (facts.event.get(k) for k in ("name", "status", "error"))
    attempt = int(facts.approval.get("attempt") or 1)
    if status == "FAILED" and error == TOLD:
        return RecoveryDecision(action="nothing", attempt=attempt, reason="its end was told")
    return again_or_not("deployment", facts.event, attempt, str(name))
