"""Instances that somebody, or a scaling policy, gave the live variants."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deployment.models import DeploymentPlan, PlanDeployment


def retained(facts: PlanDeployment, *, scales: bool = False) -> dict[str, Any]:
    """What an UpdateEndpoint says so that scaled counts are kept; weights and capture are the new configuration's.

    `scales`: they may be scaled by the time of the update.
    """
    if not scales and not _is_scaled(facts):
        return {}
    excluded = [{"VariantPropertyType": kind} for kind in ("DesiredWeight", "DataCaptureConfig")]
    return {"RetainAllVariantProperties": True, "ExcludeRetainedVariantProperties": excluded}


def scaling_of(plan: DeploymentPlan, endpoint: dict[str, Any]) -> dict[str, Any] | None:
    """What the scaling machine takes: every live variant, scaled or not."""
    if endpoint.get("EndpointStatus") != "InService":
        return None
    names = [str(v.get("VariantName")) for v in endpoint.get("ProductionVariants") or []]
    variants = [{"name": name, "mode": plan.mode, "scaling": plan.scaling} for name in names]
    return {"project": plan.project, "endpoint": endpoint.get("EndpointName"), "variants": variants, "gone": []}


def _is_scaled(facts: PlanDeployment) -> bool:
    """Whether a variant has another count than its configuration gave it."""
    configured = {
        v["VariantName"]: v.get("InitialInstanceCount")
        for v in (facts.live_config or {}).get("ProductionVariants") or []
    }
    return any(
        configured.get(v.get("VariantName")) not in (None, v.get("DesiredInstanceCount"))
        and v.get("DesiredInstanceCount") is not None
        for v in (facts.endpoint or {}).get("ProductionVariants") or []
    )


def fewest(facts: PlanDeployment) -> int:
    """Instances of the smallest variant as it is now."""
    counts = [v.get("DesiredInstanceCount") or 1 for v in (facts.endpoint or {}).get("ProductionVariants") or []]
    return min(counts, default=1)
