"""What a project's endpoint costs a month at list prices, as its project.yaml would deploy it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dropforge import prices
from dropforge.project_base import on

if TYPE_CHECKING:
    from dropforge.project import Deploy

UNKNOWN = "unknown"


def endpoint_cost(deploy: Deploy, region: str, price_list: str = "") -> dict[str, Any]:
    """`usd`: {min, max} a month, or `unknown`; `parts`: what is counted; `basis`: where the prices come from.

    A serverless endpoint is billed by use, for which no price is on our list.
    """
    if deploy.serving == "batch":
        return {"usd": {"min": 0.0, "max": 0.0}, "parts": ["no endpoint: each batch is a job of its own"], "basis": ""}
    if deploy.serving == "serverless":
        return _serverless(deploy)
    parts = [_part(deploy, kind, count, region, price_list) for kind, count in _fleets(deploy)]
    known = [part["usd"] for part in parts if part["usd"] is not None]
    usd: Any = UNKNOWN
    if len(known) == len(parts):
        usd = {name: round(sum(cost[name] for cost in known), 2) for name in ("min", "max")}
    return {"usd": usd, "parts": [part["said"] for part in parts], "basis": prices.basis(region, price_list)}


def _serverless(deploy: Deploy) -> dict[str, Any]:
    block = deploy.serverless
    kept = block.provisioned if block and on(block) else None
    said = ["serverless: billed for each request and its time, by memory; nothing while it is not asked"]
    if kept:
        said.append(f"{kept} kept warm, which is billed all the time")
    return {"usd": UNKNOWN, "parts": said, "basis": "serverless prices are not on the list"}


def _fleets(deploy: Deploy) -> list[tuple[str, int]]:
    """(instance type, instances) of each variant."""
    if not deploy.variants:
        return [(deploy.instance_type, deploy.initial_instance_count)]
    return [
        (v.instance_type or deploy.instance_type, v.initial_instance_count or deploy.initial_instance_count)
        for v in deploy.variants
    ]


def _part(deploy: Deploy, instance_type: str, count: int, region: str, price_list: str) -> dict[str, Any]:
    """One variant; with scaling from its fewest instances to its most."""
    least, most = count, count
    if deploy.scaling and on(deploy.scaling):
        night = deploy.scaling.night.min if deploy.scaling.night else deploy.scaling.min
        least, most = min(deploy.scaling.min, night), max(deploy.scaling.max, deploy.scaling.min)
    numbers = str(least) if least == most else f"{least} to {most}"
    price = prices.hourly(instance_type, "hosting", region, price_list)
    if price is None:
        return {"usd": None, "said": f"{numbers} × {instance_type}: its price in {region} is unknown"}
    cost = {"min": least * price * prices.MONTH, "max": most * price * prices.MONTH}
    return {"usd": cost, "said": f"{numbers} × {instance_type} at ${price:g} an hour"}
