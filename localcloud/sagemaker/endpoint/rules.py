"""What of a DeploymentConfig is served here: everything else is refused, not ignored."""

from __future__ import annotations

from typing import Any

from localcloud.sagemaker.errors import InvalidRequestError, NotHereError


def check_deployment(operation: str, config: dict[str, Any] | None) -> None:
    """Raise InvalidRequestError for what AWS refuses, NotHereError for what is not built here."""
    if config is None:
        return
    blue_green, rolling = config.get("BlueGreenUpdatePolicy"), config.get("RollingUpdatePolicy")
    if (blue_green is None) == (rolling is None):
        raise InvalidRequestError("DeploymentConfig needs either BlueGreenUpdatePolicy or RollingUpdatePolicy.")
    if rolling is not None:
        raise NotHereError(f"{operation} with RollingUpdatePolicy")
    assert blue_green is not None
    routing = blue_green["TrafficRoutingConfiguration"]
    _check_routing(routing)
    if routing["Type"] != "ALL_AT_ONCE":
        raise NotHereError(f"{operation} with TrafficRoutingConfiguration.Type {routing['Type']}")
    if blue_green.get("TerminationWaitInSeconds"):
        raise NotHereError(f"{operation} with TerminationWaitInSeconds above 0")
    if config.get("AutoRollbackConfiguration", {}).get("Alarms"):
        raise NotHereError(f"{operation} with AutoRollbackConfiguration")


def _check_routing(routing: dict[str, Any]) -> None:
    sizes = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}
    for kind, member in sizes.items():
        if routing["Type"] == kind and member not in routing:
            raise InvalidRequestError(f"{member} is required when TrafficRoutingConfiguration.Type is {kind}.")
        if routing["Type"] != kind and member in routing:
            raise InvalidRequestError(f"{member} is allowed only when TrafficRoutingConfiguration.Type is {kind}.")
