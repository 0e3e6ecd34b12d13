"""ProductionVariants and ShadowProductionVariants as DescribeEndpoint and the events tell them."""

from __future__ import annotations

from typing import Any

from localcloud.sagemaker.endpoint.plan import Plan

Summary = dict[str, Any]


def wanted(plan: Plan) -> dict[str, list[Summary]]:
    """Before anything runs: what is desired."""
    return _members(plan, _desired)


def running(plan: Plan, counts: dict[str, int], now: float) -> dict[str, list[Summary]]:
    """Of a fleet that serves; `counts` is how many instances each variant has."""

    def summary(variant: dict[str, Any]) -> Summary:
        current: Summary = {"VariantName": variant["VariantName"], "DeployedImages": _images(variant, now)}
        current["CurrentWeight"] = variant["weight"]
        if variant.get("serverless"):
            current["CurrentServerlessConfig"] = variant["serverless"]
        else:
            current["CurrentInstanceCount"] = counts.get(variant["VariantName"], 0)
        return current | _desired(variant)

    return _members(plan, summary)


def pending(plan: Plan, start: float) -> dict[str, Any]:
    """PendingDeploymentSummary of an update that begins."""
    return {"EndpointConfigName": plan["EndpointConfigName"], "StartTime": start, **wanted(plan)}


def progressed(summary: dict[str, Any], status: dict[str, Any], counts: dict[str, int], share: float) -> None:
    """Set VariantStatus, and what has traffic by now, in a PendingDeploymentSummary."""
    for variant in (*summary["ProductionVariants"], *summary.get("ShadowProductionVariants", [])):
        variant["VariantStatus"] = [status]
        variant["CurrentWeight"] = round(variant["DesiredWeight"] * share, 4)
        if "DesiredServerlessConfig" in variant:
            variant["CurrentServerlessConfig"] = variant["DesiredServerlessConfig"]
        else:
            variant["CurrentInstanceCount"] = counts.get(variant["VariantName"], 0)


def _members(plan: Plan, summary: Any) -> dict[str, list[Summary]]:
    members = {"ProductionVariants": [summary(each) for each in plan["variants"]]}
    if plan.get("shadows"):
        members["ShadowProductionVariants"] = [summary(each) for each in plan["shadows"]]
    return members


def _desired(variant: dict[str, Any]) -> Summary:
    desired: Summary = {"VariantName": variant["VariantName"], "DesiredWeight": variant["weight"]}
    if variant.get("serverless"):
        return desired | {"DesiredServerlessConfig": variant["serverless"]}
    return desired | {"DesiredInstanceCount": variant["count"]}


def _images(variant: dict[str, Any], now: float) -> list[dict[str, Any]]:
    return [
        {"SpecifiedImage": item["image"], "ResolvedImage": item["image"], "ResolutionTime": now}
        for item in variant["containers"]
    ]
