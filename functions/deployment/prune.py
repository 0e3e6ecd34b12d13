"""Deployment's last decision: which configurations and models nothing refers to any more."""

from __future__ import annotations

import json
from typing import Any

from deployment import history, requests
from deployment.kinds import variants_of
from deployment.models import PlanPruning, Pruning
from dropforge import events, names
from dropforge.settings import Settings

MOST = 20  # of one execution; the next deployment's finds the rest
Request = dict[str, Any]


class PlanPruningSettings(Settings):
    """The environment of `plan_pruning`."""

    keep_configurations: int


def plan_pruning(facts: PlanPruning, settings: PlanPruningSettings) -> Pruning:
    """Without knowing what endpoints use: is there anything to look for? Knowing it: what goes.

    What was served last stays, each configuration counted once, since a rejection goes back to it. Of the rest goes
    what no endpoint has or is getting. A model stays as long as a configuration that stays refers to it.
    """
    noted = _noted(facts)
    kept = set(_served(facts)[: settings.keep_configurations])
    beyond = [name for name in noted if name not in kept]
    if not beyond:
        return Pruning(action="none", reason="what was made is among what was served last")
    if facts.used is None:
        return Pruning(action="look", reason=f"{len(beyond)} configurations are beyond what is kept")
    used = {name for endpoint in facts.used for name in endpoint.configs}
    going = [name for name in beyond if name not in used][:MOST]
    if not going:
        return Pruning(action="none", reason="what is beyond is in use")
    staying = {model for name, request in noted.items() if name not in going for model in _models(request)}
    staying |= {model for endpoint in facts.used for model in endpoint.models}
    # An endpoint whose configuration somebody deleted: its name still says the version, as that of a model does.
    versions = {names.configured_version(name) for name in used - noted.keys()} - {None}
    models = dict.fromkeys(model for name in going for model in _models(noted[name]))
    free = [m for m in models if m not in staying and names.configured_version(f"{m}-x") not in versions]
    configs = [{"name": name, "alarms": _alarms(name, noted[name])} for name in going]
    reason = f"{len(going)} configurations that nothing uses, beyond the last {settings.keep_configurations} served"
    return Pruning(action="prune", reason=reason, endpoint_configs=configs, models=free)


def _noted(facts: PlanPruning) -> dict[str, Request]:
    """CreateEndpointConfig requests of the project's deployments, by name."""
    items = [events.plain(item) for item in facts.configs]
    return {str(item["sk"]).partition("#")[2]: json.loads(item["request"]) for item in items}


def _served(facts: PlanPruning) -> list[str]:
    """What was live, the latest first, each once."""
    return list(dict.fromkeys(str(item["endpoint_config"]) for item in history.served(facts.history)))


def _models(request: Request) -> list[str]:
    return [variant["ModelName"] for variant in variants_of(request)]


def _alarms(config: str, request: Request) -> list[str]:
    return [f"{config}-{v['VariantName']}-{kind}" for v in variants_of(request) for kind in requests.ALARMS]
