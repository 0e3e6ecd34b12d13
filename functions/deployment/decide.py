"""Deployment's second decision: what changes on the endpoint, in order."""

from __future__ import annotations

from typing import Any

from deployment import history, requests
from deployment.compare import Pair, compare
from deployment.counts import fewest, retained, scaling_of
from deployment.kinds import EndpointUnusableError, fit
from deployment.models import DeploymentPlan, PlanDeployment
from deployment.requests import VARIANT, run_of, version_of
from deployment.target import deploy_of
from dropforge import names
from dropforge.project import Deploy
from dropforge.project_base import on
from dropforge.settings import Settings

ALONE = "there is no other version to compare it with, so it is served all at once"
IN_PARTS = ("canary", "linear", "rolling")  # AWS refuses them on a single instance
COMPARED = ("ab", "shadow")
APPROVED = "Approved"
RENAMED = (
    "its variants ({}) are called otherwise than the live ones ({}). AWS moves traffic in parts, and lets alarms take "
    "it back, only where the names are the same: so all of it moves at once"
)


class PlanDeploymentSettings(Settings):
    """The environment of `plan_deployment`."""

    artifacts_bucket_name: str
    key_arn: str
    model_role_arn: str
    notices_topic_arn: str


def plan_deployment(facts: PlanDeployment, settings: PlanDeploymentSettings) -> DeploymentPlan:
    """The models, the configuration, the alarms and the calls that make the first package the one that is served.

    Raises:
        EndpointUnusableError: the endpoint failed to be created, is being deleted, or is of another kind.
    """
    facts, left_out = _approved_only(facts)
    package = facts.packages[0]
    deploy, remarks = fit(facts, deploy_of(facts.config))
    project = str(package["ModelPackageGroupName"])
    serverless = deploy.serving == "serverless"
    models = {
        version_of(p): requests.model_request(
            p, settings.model_role_arn, names.tags(project, run_of(p)), serverless=serverless
        )
        for p in facts.packages
    }
    packages = {version_of(p): p for p in facts.packages}
    live = names.configured_version((facts.endpoint or {}).get("EndpointConfigName"))
    # What is rejected must not come along under the name of the live version.
    beside = live[1] if live and facts.after == "approval" else None
    variants = _variants(deploy, models, version_of(package), beside)
    place = f"s3://{settings.artifacts_bucket_name}/{project}/"
    where = requests.Places(place, settings.key_arn, settings.notices_topic_arn)
    config = requests.config_request(deploy, package, variants, where)
    used = {v["ModelName"] for v in variants}
    champion = live is not None and live[1] in models and live[1] != version_of(package)
    alone = deploy.moving in COMPARED and not champion
    strategy = "all_at_once" if facts.after == "rejection" or alone else deploy.moving
    plan = DeploymentPlan(
        action="none",
        reason="",
        project=project,
        run=run_of(package),
        version=version_of(package),
        mode=deploy.serving,
        strategy=strategy,
        previous_version=live[1] if live else None,
        models=[m for m in models.values() if m["ModelName"] in used or strategy in COMPARED],
        endpoint_configs=[config],
        config=config["EndpointConfigName"],
        scaling=deploy.scaling.model_dump(by_alias=True) if on(deploy.scaling) and deploy.scaling else None,
        verify=deploy.serving in ("real_time", "serverless") and not deploy.variants and facts.after == "approval",
        warnings=[*remarks, *left_out, *([ALONE] if alone and facts.after == "approval" else [])],
    )
    if deploy.serving == "batch":
        return plan.model_copy(update={"action": "none", "reason": "project.yaml has deploy.mode: batch"})
    plan = _decide(facts, deploy, plan, config)
    if plan.action == "update" and strategy in COMPARED and live:
        return compare(facts, deploy, plan, Pair(packages[live[1]], models[live[1]]["ModelName"], where))
    return plan


def _approved_only(facts: PlanDeployment) -> tuple[PlanDeployment, list[str]]:
    """Without versions beside the first that are not approved (any more), and what to say of those."""
    first, *others = facts.packages
    status = {version_of(p): p.get("ModelApprovalStatus", APPROVED) for p in others}
    kept = [p for p in others if status[version_of(p)] == APPROVED]
    told = [f"version {number} is {said}, so it gets no traffic" for number, said in status.items() if said != APPROVED]
    return facts.model_copy(update={"packages": [first, *kept]}), told


def _decide(facts: PlanDeployment, deploy: Deploy, plan: DeploymentPlan, config: dict[str, Any]) -> DeploymentPlan:
    rollout = deploy.rollout or _defaults()
    name, project = config["EndpointConfigName"], str(plan.project)
    alarms = requests.alarm_requests(project, name, config["ProductionVariants"], rollout)
    if deploy.serving == "asynchronous" and "max_latency" not in rollout.model_fields_set:
        alarms = [alarm for alarm in alarms if alarm["MetricName"] != "ModelLatency"]  # long answers are its purpose
    obsolete = _obsolete(facts, name)
    # An alarm of the project may be why somebody rejects: it must not keep the rejected version.
    watched = list(rollout.alarms) if facts.after == "approval" else []
    plan = plan.model_copy(update={"alarms": alarms, "watched_alarms": watched, "obsolete_alarms": obsolete})
    endpoint = facts.endpoint
    if endpoint is None:
        request = {"EndpointName": project, "EndpointConfigName": name, "Tags": config["Tags"]}
        phases = [{"kind": "create", "request": request, "config": name}]
        reason = f"the project has no endpoint {project} yet"
        changes: dict[str, Any] = {"action": "create", "reason": reason, "phases": phases, "first": True}
        return plan.model_copy(update={**changes, "strategy": "all_at_once"})
    status, live = endpoint["EndpointStatus"], endpoint.get("EndpointConfigName")
    pending = (endpoint.get("PendingDeploymentSummary") or {}).get("EndpointConfigName")
    if facts.attempt > 1 and name in (live, pending):
        former = history.before(facts.items, facts.packages[0]["ModelPackageArn"])
        changes = {
            "action": "check",
            "reason": "an earlier attempt has asked for it",
            "phases": [{"kind": "check", "config": name}],
            "fallback": [_back(facts, plan, former)] if former else [],
            "first": former is None,
        }
        return plan.model_copy(update=changes)
    if live == name and status == "InService":
        changes = {"reason": f"{name} is live already", "rescale": scaling_of(plan, endpoint)}
        return plan.model_copy(update=changes)
    if status in ("Failed", "Deleting"):
        raise EndpointUnusableError(
            f"endpoint {project} is {status}: {endpoint.get('FailureReason') or 'no reason given'}. Delete it with "
            f"`aws sagemaker delete-endpoint --endpoint-name {project}` and approve the package again."
        )
    if facts.after == "approval" and plan.strategy not in COMPARED and (before := _other_names(facts, config)):
        told = RENAMED.format(", ".join(v["VariantName"] for v in config["ProductionVariants"]), ", ".join(before))
        plan = plan.model_copy(update={"strategy": "all_at_once", "warnings": [*plan.warnings, told]})
    phases = [{"kind": "update", "request": _update(facts, plan, rollout, config), "config": name}]
    former = history.alone(facts.items, str(live))
    changes = {
        "action": "update",
        "reason": f"the endpoint serves {live}",
        "phases": phases,
        "fallback": [_back(facts, plan, former)],
        "unscale": _unscale(facts, config),
    }
    return plan.model_copy(update=changes)


def _update(facts: PlanDeployment, plan: DeploymentPlan, rollout: Any, config: dict[str, Any]) -> dict[str, Any]:
    """UpdateEndpoint. Guardrails want the same variant names before and after; without them AWS moves all at once."""
    request: dict[str, Any] = {"EndpointName": plan.project, "EndpointConfigName": config["EndpointConfigName"]}
    # A rejected version must go at once, and no alarm may bring it back.
    if facts.after == "approval" and not _other_names(facts, config):
        alarms = plan.watched_alarms + [alarm["AlarmName"] for alarm in plan.alarms]
        request["DeploymentConfig"] = requests.deployment_config(plan.strategy, rollout, alarms[:10])
    if not (plan.strategy in IN_PARTS and fewest(facts) == 1):
        request |= retained(facts)
    return request


def _other_names(facts: PlanDeployment, config: dict[str, Any]) -> list[str]:
    """The live variants, if they are called otherwise than the wanted ones."""
    before = sorted(str(v.get("VariantName")) for v in (facts.endpoint or {}).get("ProductionVariants") or [])
    return before if before != sorted(v["VariantName"] for v in config["ProductionVariants"]) else []


def _back(facts: PlanDeployment, plan: DeploymentPlan, config: str) -> dict[str, Any]:
    """The phase that brings a former configuration back."""
    request = {"EndpointName": plan.project, "EndpointConfigName": config, **retained(facts)}
    return {"kind": "update", "request": request, "config": config}


def _variants(
    deploy: Deploy, models: dict[int, dict[str, Any]], version: int, live: int | None
) -> list[dict[str, Any]]:
    """One variant with everything, or those that project.yaml names."""
    if not deploy.variants:
        return [requests.variant_request(deploy, VARIANT, models[version]["ModelName"])]
    found = []
    for variant in deploy.variants:
        number = {"latest": version, "live": live or version}.get(str(variant.model), variant.model)
        model = models.get(int(number), models[version])["ModelName"]  # a rejected one did not come along
        own = {"instance_type": variant.instance_type, "count": variant.initial_instance_count}
        found.append(requests.variant_request(deploy, variant.name, model, variant.weight, **own))
    return found


def _obsolete(facts: PlanDeployment, config: str) -> list[str]:
    """Our alarms of the configuration that is live until now."""
    live = str((facts.endpoint or {}).get("EndpointConfigName") or config)
    variants = [v.get("VariantName") for v in (facts.endpoint or {}).get("ProductionVariants") or []]
    ours = live != config and names.configured_version(live) is not None
    return [f"{live}-{v}-{kind}" for v in variants for kind in requests.ALARMS] if ours else []


def _unscale(facts: PlanDeployment, config: dict[str, Any]) -> list[str]:
    """Live variants that go, or get other instances."""
    before = {v["VariantName"]: v for v in (facts.live_config or {}).get("ProductionVariants") or []}
    after = {v["VariantName"]: v for v in config["ProductionVariants"]}
    kinds = ("InstanceType", "ServerlessConfig")
    same = {n for n, v in before.items() if n in after and all(v.get(k) == after[n].get(k) for k in kinds)}
    return sorted(before.keys() - same)


def _defaults() -> Any:
    from dropforge.project_deploy import Rollout

    return Rollout()
