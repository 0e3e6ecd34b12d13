"""Deployment's decisions: what an approval changes, and whether it did."""

from __future__ import annotations

from typing import Any

from deployment.models import (
    CheckDeployment,
    DecideRecovery,
    DeploymentCheck,
    DeploymentPlan,
    PlanDeployment,
    RecoveryDecision,
)
from dropforge import events, names
from dropforge.errors import DropforgeError
from dropforge.failures import understand
from dropforge.project import Deploy, Project
from dropforge.settings import Settings

VARIANT = "AllTraffic"
MAX_ATTEMPTS = 3
TOLD = "DeploymentFailedError"  # the machine's own ending, after the notice


class EndpointUnusableError(DropforgeError):
    """The endpoint is in a state that no update leaves; a person has to delete it."""


class PlanDeploymentSettings(Settings):
    """The environment of `plan_deployment`."""

    key_arn: str
    model_role_arn: str


def plan_deployment(facts: PlanDeployment, settings: PlanDeploymentSettings) -> DeploymentPlan:
    """Create or update the project's endpoint, unless the package is not ours, not approved, or live already.

    Raises:
        EndpointUnusableError: the endpoint failed to be created, or is being deleted.
    """
    package = facts.package
    said = package.get("CustomerMetadataProperties") or {}
    project, run = said.get("dropforge:project"), said.get("dropforge:run")
    if not project or not run or project != package.get("ModelPackageGroupName"):
        return DeploymentPlan(action="none", reason="the package was not made by Dropforge")
    if package.get("ModelApprovalStatus") != "Approved":
        return DeploymentPlan(action="none", reason=f"the package is {package.get('ModelApprovalStatus')} now")
    deploy = Project.model_validate_json(facts.config).deploy if facts.config else Deploy()
    if not deploy.enabled:
        return DeploymentPlan(action="none", reason="project.yaml has deploy.enabled: false")
    version = int(package["ModelPackageVersion"])
    model = names.model_name(run, version)
    config = names.endpoint_config_name(run, version, deploy.instance_type, deploy.initial_instance_count)
    action, reason = _action(facts, project, config)
    tags = names.tags(project, run)
    return DeploymentPlan(
        action=action,
        reason=reason,
        project=project,
        run=run,
        version=version,
        model=_model(package, model, settings, tags),
        endpoint_config=_endpoint_config(config, model, deploy, settings, tags),
        endpoint=_endpoint(action, project, config, facts.endpoint, tags),
    )


def _action(facts: PlanDeployment, project: str, config: str) -> tuple[Any, str]:
    endpoint = facts.endpoint
    if endpoint is None:
        return "create", f"the project has no endpoint {project} yet"
    status, live = endpoint["EndpointStatus"], endpoint.get("EndpointConfigName")
    pending = (endpoint.get("PendingDeploymentSummary") or {}).get("EndpointConfigName")
    if facts.attempt > 1 and config in (live, pending):
        return "check", "an earlier attempt has asked for it"
    if live == config and status == "InService":
        return "none", f"{config} is live already"
    if status in ("Failed", "Deleting"):
        raise EndpointUnusableError(
            f"endpoint {project} is {status}: {endpoint.get('FailureReason') or 'no reason given'}. Delete it with "
            f"`aws sagemaker delete-endpoint --endpoint-name {project}` and approve the package again."
        )
    return "update", f"the endpoint serves {live}"


def _model(
    package: dict[str, Any], name: str, settings: PlanDeploymentSettings, tags: list[dict[str, str]]
) -> dict[str, Any]:
    container = package["InferenceSpecification"]["Containers"][0]
    isolated = (package.get("CustomerMetadataProperties") or {}).get("dropforge:isolated") != "false"
    return {
        "ModelName": name,
        "PrimaryContainer": {k: container[k] for k in ("Image", "ModelDataUrl", "Environment") if k in container},
        "ExecutionRoleArn": settings.model_role_arn,
        "EnableNetworkIsolation": isolated,
        "Tags": tags,
    }


def _endpoint_config(
    name: str, model: str, deploy: Deploy, settings: PlanDeploymentSettings, tags: list[dict[str, str]]
) -> dict[str, Any]:
    variant = {
        "VariantName": VARIANT,
        "ModelName": model,
        "InstanceType": deploy.instance_type,
        "InitialInstanceCount": deploy.initial_instance_count,
        "InitialVariantWeight": 1.0,
    }
    request: dict[str, Any] = {"EndpointConfigName": name, "ProductionVariants": [variant], "Tags": tags}
    if not names.has_local_storage(deploy.instance_type):
        request["KmsKeyId"] = settings.key_arn
    return request


def _endpoint(
    action: str, project: str, config: str, endpoint: dict[str, Any] | None, tags: list[dict[str, str]]
) -> dict[str, Any]:
    request: dict[str, Any] = {"EndpointName": project, "EndpointConfigName": config}
    if action == "create":
        return request | {"Tags": tags}
    if endpoint and _is_scaled(endpoint):
        # Somebody scaled the variant: keep their count. Weights and capture are the new configuration's.
        excluded = [{"VariantPropertyType": kind} for kind in ("DesiredWeight", "DataCaptureConfig")]
        return request | {"RetainAllVariantProperties": True, "ExcludeRetainedVariantProperties": excluded}
    return request


def _is_scaled(endpoint: dict[str, Any]) -> bool:
    configured = names.configured_count(str(endpoint.get("EndpointConfigName")))
    variants = endpoint.get("ProductionVariants") or []
    return configured is not None and any(
        v.get("VariantName") == VARIANT and v.get("DesiredInstanceCount") not in (None, configured) for v in variants
    )


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
        instance=_instance(plan),
        log_command=None if deployed else f"aws logs tail /aws/sagemaker/Endpoints/{project} --since 1d",
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


def _instance(plan: DeploymentPlan | None) -> dict[str, Any] | None:
    if not plan or not plan.endpoint_config:
        return None
    variant = plan.endpoint_config["ProductionVariants"][0]
    return {"type": variant["InstanceType"], "count": variant["InitialInstanceCount"]}


def decide_recovery(facts: DecideRecovery) -> RecoveryDecision:
    """A deployment that ended without telling how starts again, unless a person stopped it."""
    name, status, error = (facts.event.get(k) for k in ("name", "status", "error"))
    attempt = int(facts.approval.get("attempt") or 1)
    if status == "FAILED" and error == TOLD:
        return RecoveryDecision(action="nothing", attempt=attempt, reason="its end was told")
    said = understand(error, facts.event.get("cause"))
    if status == "ABORTED":
        return RecoveryDecision(action="give up", attempt=attempt, reason="the deployment was stopped by hand")
    if attempt >= MAX_ATTEMPTS:
        reason = f"the deployment stopped {attempt} times; last: {said.reason}"
        return RecoveryDecision(action="give up", attempt=attempt, reason=reason)
    again = attempt + 1
    reason = f"attempt {attempt} stopped: {said.reason}"
    return RecoveryDecision(action="restart", attempt=again, name=names.next_execution(str(name), again), reason=reason)
