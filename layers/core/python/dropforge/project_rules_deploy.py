"""What AWS forbids together at an endpoint. Sources: ../shared/aws/deployment.md unless a comment says otherwise."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from dropforge.problems import Problem, suggestion
from dropforge.project_base import Strategy, on
from dropforge.project_deploy import Rollout
from dropforge.project_rules_experiments import experiment_rules
from dropforge.project_rules_modes import mode_rules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dropforge.project import Deploy, Project
    from dropforge.project_deploy import Night, Variant

LONGEST = 28_800
DEFAULT_SIZE = 10
# Percent of the variant's instances: botocore, TrafficRoutingConfig and RollingUpdatePolicy.
SIZES = {"canary": (1, 50), "linear": (10, 50), "rolling": (5, 50)}
BURSTABLE = ("ml.t2.", "ml.t3.", "ml.t4g.")


def deploy_rules(project: Project) -> Iterator[Problem]:
    """Everything that is wrong with `deploy`."""
    deploy = project.deploy
    yield from mode_rules(project)
    yield from experiment_rules(deploy)
    if deploy.serving == "batch":
        return
    yield from _rollout(deploy)
    if deploy.variants:
        yield from _variants(deploy.variants)
    if on(deploy.scaling) and deploy.serving != "serverless":
        yield from _scaling(deploy)


def _rollout(deploy: Deploy) -> Iterator[Problem]:
    path = ("deploy", "rollout")
    rollout = deploy.rollout if deploy.rollout and on(deploy.rollout) else Rollout()
    kind, given = deploy.moving, rollout.model_fields_set
    if kind == "rolling":
        yield from _rolling(deploy, rollout)
    elif rollout.rollback_size is not None and kind in SIZES:
        reason = "only a rolling update goes back in batches; the others switch the traffic back at once (AWS)"
        yield Problem((*path, "rollback_size"), reason, "remove it, or write `strategy: rolling`")
    if kind == "all_at_once":
        for name in ("size", "unit", "rollback_size"):
            if name in given:
                yield Problem((*path, name), "all at once has no steps", "remove it, or write `strategy: canary`")
    elif kind in SIZES and deploy.serving != "serverless":
        yield from _size(deploy, rollout)
    waits = total_wait(rollout, kind, _fewest(deploy))
    timeout = rollout.timeout or LONGEST
    if waits > timeout:
        reason = f"the waits add up to {waits} s, more than the {timeout} s after which AWS gives up and rolls back"
        name = "timeout" if "timeout" in given else "wait"
        yield Problem((*path, name), reason, "lower `wait` or `bake`, or make fewer steps")


def _rolling(deploy: Deploy, rollout: Rollout) -> Iterator[Problem]:
    path = ("deploy", "strategy")
    fix = "write `strategy: linear`, or remove what excludes it"
    if deploy.serving == "serverless":
        yield Problem(path, "AWS has no rolling updates for serverless endpoints", fix)
    if len(deploy.variants or []) > 1:
        yield Problem(path, "AWS has no rolling updates for endpoints with several variants", fix)
    if "bake" in rollout.model_fields_set:
        reason = "a rolling update replaces instances as it goes, so none wait to be taken down (AWS)"
        yield Problem(("deploy", "rollout", "bake"), reason, "remove it; `wait` is the time after each batch")


def _size(deploy: Deploy, rollout: Rollout) -> Iterator[Problem]:
    path = ("deploy", "rollout", "size") if rollout.size is not None else ("deploy", "strategy")
    low, high = SIZES[deploy.moving]
    instances = _fewest(deploy)
    if instances == 1:
        # A part of one instance is none: AWS's own check of the endpoint's capacity.
        reason = f"one instance cannot be divided: AWS refuses `{deploy.moving}` on a single instance"
        yield Problem(path, reason, "raise `initial_instance_count` to 2 or more, or write `strategy: all_at_once`")
        return
    yield from _within(path, rollout.size or DEFAULT_SIZE, rollout, (low, high), instances)
    if deploy.moving == "rolling" and rollout.rollback_size is not None:
        yield from _within(
            ("deploy", "rollout", "rollback_size"), rollout.rollback_size, rollout, (low, 100), instances
        )


def _within(
    path: tuple[str, ...], size: int, rollout: Rollout, limits: tuple[int, int], instances: int
) -> Iterator[Problem]:
    low, high = limits
    percent = size if rollout.unit == "percent" else 100 * size / instances
    if not low <= percent <= high:
        given = f"{size} percent" if rollout.unit == "percent" else f"{size} of {instances} instances"
        reason = f"{given} is outside of the {low} to {high} percent of the instances that AWS allows here"
        least, most = max(1, math.ceil(low * instances / 100)), math.floor(high * instances / 100)
        fix = f"write {low} to {high}" if rollout.unit == "percent" else f"write {least} to {most}"
        yield Problem(path, reason, fix)


def total_wait(rollout: Rollout, kind: Strategy, instances: int) -> int:
    """Seconds that a roll-out waits in all.

    Source: botocore, BlueGreenUpdatePolicy.MaximumExecutionTimeoutInSeconds ("larger than the total waiting time").
    """
    if kind not in SIZES:
        return rollout.bake
    size = rollout.size or DEFAULT_SIZE
    share = size / 100 if rollout.unit == "percent" else size / max(instances, 1)
    if kind == "canary":
        return rollout.wait + rollout.bake
    steps = math.ceil(1 / min(share, 1) - 1e-9)
    return steps * rollout.wait + (rollout.bake if kind == "linear" else 0)


def _fewest(deploy: Deploy) -> int:
    """Instances of the smallest variant: each is rolled out by itself."""
    counts = [v.initial_instance_count or deploy.initial_instance_count for v in deploy.variants or []]
    return min(counts, default=deploy.initial_instance_count)


def _variants(variants: list[Variant]) -> Iterator[Problem]:
    path = ("deploy", "variants")
    seen: set[str] = set()
    for i, variant in enumerate(variants):
        if variant.name in seen:
            yield Problem(
                (*path, i, "name"), f"{variant.name!r} is there twice", "give every variant a name of its own"
            )
        seen.add(variant.name)
    if not sum(v.weight for v in variants):
        yield Problem(path, "all weights are 0, so no variant would get a request", "give one a weight above 0")


def _scaling(deploy: Deploy) -> Iterator[Problem]:
    path, scaling = ("deploy", "scaling"), deploy.scaling
    if scaling is None:
        return
    if scaling.min > scaling.max:
        yield Problem((*path, "min"), "is greater than `max`", "swap them")
    if scaling.min == 0 and deploy.serving != "asynchronous":
        reason = "AWS scales an endpoint to no instance at all only if its requests wait in a queue"
        yield Problem((*path, "min"), reason, "write 1 or more, or add `asynchronous: {}`, or use `serverless`")
    if scaling.metric == "backlog" and deploy.serving != "asynchronous":
        reason = "only an asynchronous endpoint has a backlog"
        yield Problem((*path, "metric"), reason, "write invocations, or add `asynchronous: {}`")
    if scaling.night:
        yield from _night(deploy, scaling.night, scaling.max)
    # sagemaker dg, endpoint-auto-scaling-prerequisites.
    if deploy.instance_type.startswith(BURSTABLE):
        reason = f"AWS does not scale burstable instances such as {deploy.instance_type}"
        yield Problem(("deploy", "instance_type"), reason, "choose another type, e.g. ml.m5.large")


def _night(deploy: Deploy, night: Night, most: int) -> Iterator[Problem]:
    path = ("deploy", "scaling", "night")
    if night.min > most:
        yield Problem((*path, "min"), f"is greater than `max` ({most})", "lower it")
    if night.min == 0 and deploy.serving != "asynchronous":
        reason = "AWS scales an endpoint to no instance at all only if its requests wait in a queue"
        yield Problem((*path, "min"), reason, "write 1 or more, or use `mode: asynchronous`")
    if night.start == night.until:
        yield Problem((*path, "until"), "the night ends when it begins", "write another time")
    zones = available_timezones()  # none where the host has no list of them
    if zones and night.timezone not in zones:
        reason = f"there is no time zone {night.timezone!r}"
        yield Problem((*path, "timezone"), reason, suggestion(night.timezone, zones, "write e.g. Europe/Berlin"))
