"""What AWS refuses of a DeploymentConfig, by itself and against the variants that it would update."""

from __future__ import annotations

from typing import Any

from localcloud.sagemaker.endpoint import sizes
from localcloud.sagemaker.endpoint.plan import Plan, is_asynchronous, is_serverless
from localcloud.sagemaker.errors import InvalidRequestError

_SIZES = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}
# In percent of a variant's instances.
_BOUNDS = {"CanarySize": (0, 50), "LinearStepSize": (10, 50), "MaximumBatchSize": (5, 50)}


def check_deployment(config: dict[str, Any] | None) -> None:
    """Raise InvalidRequestError for a DeploymentConfig that contradicts itself."""
    if config is None:
        return
    blue_green, rolling = config.get("BlueGreenUpdatePolicy"), config.get("RollingUpdatePolicy")
    if (blue_green is None) == (rolling is None):
        raise InvalidRequestError("DeploymentConfig needs either BlueGreenUpdatePolicy or RollingUpdatePolicy.")
    if blue_green is None:
        return
    routing = blue_green["TrafficRoutingConfiguration"]
    for kind, member in _SIZES.items():
        if routing["Type"] == kind and member not in routing:
            raise InvalidRequestError(f"{member} is required when TrafficRoutingConfiguration.Type is {kind}.")
        if routing["Type"] != kind and member in routing:
            raise InvalidRequestError(f"{member} is allowed only when TrafficRoutingConfiguration.Type is {kind}.")


def check_update(config: dict[str, Any] | None, current: Plan, wanted: Plan) -> None:
    """Raise InvalidRequestError for an update that AWS refuses with these variants before and after."""
    if is_serverless(wanted) and not is_serverless(current):
        raise InvalidRequestError("An instance-based endpoint cannot be updated to a serverless endpoint.")
    if is_asynchronous(wanted) != is_asynchronous(current):
        # Of "removed" the sentence is quoted in aws/sagemaker-python-sdk#3124; that AWS adds none either is assumed.
        done = "removed from" if is_asynchronous(current) else "added to"
        raise InvalidRequestError(f"The AsyncInferenceConfig parameter cannot be {done} this endpoint.")
    if config is None:
        return
    _check_names(current, wanted)
    if "RollingUpdatePolicy" in config:
        _check_rolling(config["RollingUpdatePolicy"], current, wanted)
        return
    routing = config["BlueGreenUpdatePolicy"]["TrafficRoutingConfiguration"]
    member = _SIZES.get(routing["Type"])
    if member is None:
        return
    if is_serverless(wanted):
        if routing[member]["Type"] == "INSTANCE_COUNT":
            raise InvalidRequestError(f"{member} of Type INSTANCE_COUNT is not supported for serverless variants.")
        return
    for variant in wanted["variants"]:
        _check_size(member, routing[member], variant, f"TrafficRoutingConfiguration.Type {routing['Type']}")


def check_scaled(scaled: set[str], current: Plan, wanted: Plan) -> None:
    """Raise InvalidRequestError if a scalable target would go, or have another instance type.

    Developer guide, "endpoint-scaling-update"; the sentence is the one that people quote.
    """
    after = {each["VariantName"]: each["instance_type"] for each in wanted["variants"]}
    before = {each["VariantName"]: each["instance_type"] for each in current["variants"]}
    held = sorted(name for name in scaled & before.keys() if after.get(name) != before[name])
    if held:
        raise InvalidRequestError(
            f'The variant(s) "{", ".join(held)}" must be deregistered as scalable targets with AWS Auto Scaling before '
            "they can be removed or have their instance type updated."
        )


def _check_names(current: Plan, wanted: Plan) -> None:
    before = {each["VariantName"] for each in current["variants"]}
    after = {each["VariantName"] for each in wanted["variants"]}
    if before != after:
        raise InvalidRequestError(
            f"DeploymentConfig needs the same variant names before and after the update: [{', '.join(sorted(before))}] "
            f"became [{', '.join(sorted(after))}]."
        )


def _check_rolling(policy: dict[str, Any], current: Plan, wanted: Plan) -> None:
    if is_serverless(wanted) or is_serverless(current):
        raise InvalidRequestError("RollingUpdatePolicy is not supported for serverless endpoints.")
    if len(wanted["variants"]) > 1 or wanted.get("shadows") or current.get("shadows"):
        raise InvalidRequestError("RollingUpdatePolicy is not supported for endpoints with multiple variants.")
    _check_size("MaximumBatchSize", policy["MaximumBatchSize"], wanted["variants"][0], "RollingUpdatePolicy")


def _check_size(member: str, size: dict[str, Any], variant: dict[str, Any], what: str) -> None:
    count, name = variant["count"], variant["VariantName"]
    if count < 2:  # noqa: PLR2004
        raise InvalidRequestError(f"{what} needs at least 2 instances; variant {name} has {count}. Use ALL_AT_ONCE.")
    low, high = _BOUNDS[member]
    percent = sizes.percent(size, count)
    if not low <= percent <= high:
        raise InvalidRequestError(
            f"{member} must be between {low}% and {high}% of the variant's total instance count: {size['Value']} "
            f"({size['Type']}) is {percent:g}% of the {count} instance(s) of variant {name}."
        )
