"""Scaling's other decision: is an endpoint idle, who is told, and when does it go. Pure."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from dropforge import events, names
from dropforge.endpoint_cost import endpoint_cost
from dropforge.project import Budget, Deploy, Project
from dropforge.project_base import on
from scaling.models import DecideIdle, Idleness

if TYPE_CHECKING:
    from collections.abc import Mapping

USUAL_HOURS = 72  # without budget.idle_hours
GRACE = timedelta(hours=24)  # between the warning and the deletion


def decide(facts: DecideIdle, price_list: str = "") -> Idleness:
    """A first look that finds it idle warns; one a day later, if project.yaml says so, has it deleted."""
    project = Project.model_validate_json(facts.config) if facts.config else None
    deploy, budget = (project.deploy, project.budget) if project else (Deploy(), Budget())
    spell = events.plain(facts.spell) if facts.spell else None
    hours = budget.idle_hours or USUAL_HOURS
    busy = _busy(facts, deploy, timedelta(hours=hours))
    if busy:
        return Idleness(action="clear" if spell else "none", reason=busy)
    deletes = budget.on_idle == "delete"
    action, reason, after = _due(facts, spell, deletes=deletes)
    if action == "none":
        return Idleness(action="none", reason=reason)
    kept = {
        "endpoint_config": str(facts.endpoint.get("EndpointConfigName")),
        "warned_at": facts.now if action == "warn" or not spell else str(spell["warned_at"]),
        "delete_after": after.isoformat() if after else None,
        "asked_at": facts.now if action == "delete" else None,
    }
    told = _detail(facts, kept, action)
    told |= {
        "hours": hours,
        "since": (moment(facts.now) - timedelta(hours=hours)).isoformat(),
        "usd_per_month": endpoint_cost(deploy, facts.region, price_list)["usd"],
        "instance": {"type": deploy.instance_type, "count": _instances(facts.endpoint)},
    }
    return Idleness(action=action, reason=reason, spell=kept, detail=told)


def moment(value: Any) -> datetime:
    """A time as EventBridge and the `aws-sdk` integrations write it, or in milliseconds."""
    if isinstance(value, int | float):
        return datetime.fromtimestamp(value / 1000, UTC)
    found = datetime.fromisoformat(str(value))
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _busy(facts: DecideIdle, deploy: Deploy, hours: timedelta) -> str:
    """Why the endpoint is not idle, or costs nothing when it is; empty: it is idle."""
    endpoint = facts.endpoint
    sleeps = on(deploy.scaling) and deploy.scaling is not None and deploy.scaling.min == 0
    young = moment(facts.now) - moment(endpoint.get("CreationTime")) < hours
    reasons = {
        f"it is {endpoint.get('EndpointStatus')}": endpoint.get("EndpointStatus") != "InService",
        "Dropforge did not make what it serves": not names.configured_version(endpoint.get("EndpointConfigName")),
        "a serverless endpoint costs nothing while it is idle": any(
            v.get("CurrentServerlessConfig") for v in endpoint.get("ProductionVariants") or []
        ),
        "it sleeps by itself": sleeps and endpoint.get("AsyncInferenceConfig") is not None,
        "it has no instance": not _instances(endpoint),
        "it was asked": facts.invocations > 0,
        "it is younger than that": young,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _is_of(spell: Mapping[str, Any], endpoint: Mapping[str, Any]) -> bool:
    """Whether somebody was told of this endpoint, with what it serves, and not of one of the same name that is gone."""
    same = spell.get("endpoint_config") == endpoint.get("EndpointConfigName")
    return same and moment(spell["warned_at"]) >= moment(endpoint.get("CreationTime"))


def _due(facts: DecideIdle, spell: Mapping[str, Any] | None, *, deletes: bool) -> tuple[Any, str, datetime | None]:
    """(action, why, when it may be deleted) of an idle endpoint. Nobody's endpoint goes who was not warned of that."""
    now = moment(facts.now)
    after = now + GRACE if deletes else None
    if not spell or not _is_of(spell, facts.endpoint):
        return "warn", "nobody was told yet", after
    if not deletes:
        return "none", "the warning was sent", None
    if not spell.get("delete_after"):
        return "warn", "the warning did not speak of deletion", after
    if now < moment(spell["delete_after"]):
        return "none", "the warning was sent less than a day ago", None
    if spell.get("asked_at") and now - moment(spell["asked_at"]) < GRACE:
        return "none", "its deletion was asked for less than a day ago", None
    return "delete", "it stayed idle for a day after the warning", moment(spell["delete_after"])


def _detail(facts: DecideIdle, kept: dict[str, Any], action: str) -> dict[str, Any]:
    run, version = names.configured_version(facts.endpoint.get("EndpointConfigName")) or (None, None)
    name = str(facts.endpoint.get("EndpointName"))
    return events.detail(
        "Endpoint Idle",
        # A repeat of the same hour's look has the same id, so that a notice is sent once. Not of the same day's: a
        # second warning may be the first that speaks of deletion.
        *(name, kept["endpoint_config"], facts.now[:13], action),
        project=facts.project,
        run=run,
        cause=facts.cause,
        model_version=version,
        endpoint=name,
        endpoint_config=kept["endpoint_config"],
        variants=[str(v.get("VariantName")) for v in facts.endpoint.get("ProductionVariants") or []],
        invocations=int(facts.invocations),
        warned_at=kept["warned_at"],
        action=action,
        delete_after=kept["delete_after"],
    )


def _instances(endpoint: Mapping[str, Any]) -> int:
    variants = endpoint.get("ProductionVariants") or []
    return sum(int(v.get("DesiredInstanceCount") or v.get("CurrentInstanceCount") or 0) for v in variants)
