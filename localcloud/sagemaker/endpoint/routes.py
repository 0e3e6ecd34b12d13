"""What the router is told of a fleet. Pure."""

from __future__ import annotations

from typing import Any

from localcloud.sagemaker.endpoint.plan import Plan, is_asynchronous, role
from localcloud.sagemaker.router import RouteFleet, RouteInstance, RouteTable, RouteVariant

Ready = dict[str, tuple[RouteInstance, ...]]


def table(endpoint: str, fleets: list[RouteFleet], plan: Plan) -> RouteTable:
    """An endpoint's table; `plan` is that of any of its fleets."""
    return RouteTable(endpoint=endpoint, fleets=tuple(fleets), asynchronous=is_asynchronous(plan))


def fleet(plan: Plan, share: float, ready: Ready) -> RouteFleet:
    """A fleet with the instances that can be called now."""
    variants = tuple(_variant(each, ready) for each in plan["variants"])
    shadows = plan.get("shadows") or []
    return RouteFleet(
        config=plan["EndpointConfigName"],
        share=share,
        variants=variants,
        shadow=_variant(shadows[0], ready) if shadows else None,
        shadow_percent=_shadow_percent(plan["variants"][0], shadows[0]) if shadows else 0,
        capture=_capture(plan),
    )


def _variant(plan: dict[str, Any], ready: Ready) -> RouteVariant:
    serverless = plan.get("serverless")
    return RouteVariant(
        name=plan["VariantName"],
        weight=plan["weight"],
        instances=ready.get(plan["VariantName"], ()),
        model=plan.get("model", ""),
        max_concurrency=serverless["MaxConcurrency"] if serverless else None,
        on_demand=bool(serverless),
    )


def _shadow_percent(production: dict[str, Any], shadow: dict[str, Any]) -> float:
    """The share of calls that is copied: the shadow's weight over the production variant's."""
    if production["weight"] <= 0:
        return 0.0
    return float(100 * min(1.0, shadow["weight"] / production["weight"]))


def _capture(plan: Plan) -> dict[str, Any] | None:
    config = plan.get("DataCaptureConfig")
    return {**config, "role": role(plan)} if config and config.get("EnableCapture") else None
