"""Deployment's first decision: what an approval changes."""

from __future__ import annotations

from typing import Any

from deployment.models import DeploymentPlan, PlanDeployment
from dropforge import names
from dropforge.errors import DropforgeError
from dropforge.project import Deploy, Project
from dropforge.settings import Settings

VARIANT = "AllTraffic"


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
