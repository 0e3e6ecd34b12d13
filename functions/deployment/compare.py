"""The phases of A/B and shadow: both versions at the endpoint, a comparison, then the new one alone, or the old one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deployment import requests
from deployment.counts import retained
from deployment.kinds import CHALLENGER, SHADOW
from deployment.requests import VARIANT, Places, run_of, version_of
from dropforge.project_base import on

if TYPE_CHECKING:
    from deployment.models import DeploymentPlan, PlanDeployment
    from dropforge.project import Deploy

ALL = {"ab": CHALLENGER, "shadow": SHADOW}


@dataclass(frozen=True)
class Pair:
    """The champion's package and model, and where the endpoint writes."""

    champion: dict[str, Any]
    model: str
    places: Places


def compare(facts: PlanDeployment, deploy: Deploy, plan: DeploymentPlan, pair: Pair) -> DeploymentPlan:
    """The plan of an update, with the comparison before it. The final update is the plan's own last phase."""
    package = facts.packages[0]
    both = _both(deploy, plan, pair)
    name = both["EndpointConfigName"]
    kept = retained(facts)
    # The champion's instances are scaled on during the comparison, which may take a day.
    later = retained(facts, scales=on(deploy.scaling))
    final = plan.phases[-1] | {"request": {"EndpointName": plan.project, "EndpointConfigName": plan.config, **later}}
    rollout = deploy.rollout or _rollout()
    watched = [v for v in both["ProductionVariants"] if v["VariantName"] == CHALLENGER]
    phases = [
        _start(facts, plan, both, kept),
        _experiment(deploy, plan, package, pair, both),
        *(_steps(deploy, plan, name, rollout.wait) if plan.strategy == "ab" else []),
        final,
    ]
    alarms = requests.alarm_requests(str(plan.project), name, watched, rollout)
    return plan.model_copy(
        update={
            "phases": phases,
            "fallback": [back | {"request": back["request"] | later} for back in plan.fallback],
            "endpoint_configs": [both, *plan.endpoint_configs],
            "alarms": [*alarms, *plan.alarms],
            "obsolete_alarms": [*plan.obsolete_alarms, *(alarm["AlarmName"] for alarm in alarms)],
        }
    )


def _start(facts: PlanDeployment, plan: DeploymentPlan, both: dict[str, Any], kept: dict[str, Any]) -> dict[str, Any]:
    """Both versions live. An earlier attempt's comparison that stands is begun again without an update."""
    name = both["EndpointConfigName"]
    if (facts.endpoint or {}).get("EndpointConfigName") != name:
        request = {"EndpointName": plan.project, "EndpointConfigName": name, **kept}
        return {"kind": "update", "request": request, "config": name}
    if plan.strategy == "shadow":
        return {"kind": "check", "config": name}
    weights = {v["VariantName"]: v["InitialVariantWeight"] for v in both["ProductionVariants"]}
    return _weights(plan, name, weights)


def _weights(plan: DeploymentPlan, config: str, weights: dict[str, float]) -> dict[str, Any]:
    """The phase that shares the traffic so."""
    wanted = [{"VariantName": name, "DesiredWeight": weight} for name, weight in weights.items()]
    request = {"EndpointName": plan.project, "DesiredWeightsAndCapacities": wanted}
    return {"kind": "weights", "request": request, "config": config}


def _both(deploy: Deploy, plan: DeploymentPlan, pair: Pair) -> dict[str, Any]:
    """The configuration with both versions. It is called after the champion, who is live until the end."""
    new = next(v["ModelName"] for v in plan.endpoint_configs[0]["ProductionVariants"])
    if plan.strategy == "ab":
        weight = _block(deploy, "ab").weight
        variants = [
            requests.variant_request(deploy, VARIANT, pair.model, float(100 - weight)),
            requests.variant_request(deploy, CHALLENGER, new, float(weight)),
        ]
        return requests.config_request(deploy, pair.champion, variants, pair.places)
    block = _block(deploy, "shadow")
    own = {"instance_type": block.instance_type, "count": block.initial_instance_count}
    shadow = requests.variant_request(deploy, SHADOW, new, block.sampling / 100, **own)
    champion = requests.variant_request(deploy, VARIANT, pair.model)
    capture = requests.whole_capture(pair.places)
    more = {"ShadowProductionVariants": [shadow], "DataCaptureConfig": capture}
    return requests.config_request(deploy, pair.champion, [champion], pair.places, **more)


def _experiment(
    deploy: Deploy, plan: DeploymentPlan, package: dict[str, Any], pair: Pair, both: dict[str, Any]
) -> dict[str, Any]:
    kind = plan.strategy
    settings = _block(deploy, kind).model_dump()
    champion = {"variant": VARIANT, "version": version_of(pair.champion), "run": run_of(pair.champion)}
    challenger = {"variant": ALL[kind], "version": version_of(package), "run": run_of(package)}
    place = (both.get("DataCaptureConfig") or {}).get("DestinationS3Uri")
    arn = package["ModelPackageArn"]
    given = {"kind": kind, "project": plan.project, "endpoint": plan.project, "settings": settings}
    given["model_package_arn"] = arn
    detail = {
        "run": plan.run,
        "drop": None,
        "kind": kind,
        "model_version": plan.version,
        "model_package_arn": arn,
        "champion": champion,
        "challenger": challenger,
        "weight": settings.get("weight") or settings.get("sampling"),
        "bake": settings["bake"],
        "longest": settings["longest"],
        "endpoint": plan.project,
    }
    return {
        "kind": "experiment",
        "input": {**given, "champion": champion, "challenger": challenger, "capture_uri": place},
        "detail": detail,
    }


def _steps(deploy: Deploy, plan: DeploymentPlan, config: str, wait: int) -> list[dict[str, Any]]:
    """The challenger's share on its way up, each step watched."""
    found: list[dict[str, Any]] = []
    for percent in _block(deploy, "ab").steps:
        weights = {VARIANT: 100.0 - percent, CHALLENGER: float(percent)}
        found += [_weights(plan, config, weights), {"kind": "watch", "seconds": wait}]
    return found


def _block(deploy: Deploy, kind: str) -> Any:
    from dropforge.project_experiments import AB, Shadow

    if kind == "ab":
        return deploy.ab or AB()
    return deploy.shadow or Shadow()


def _rollout() -> Any:
    from dropforge.project_deploy import Rollout

    return Rollout()
