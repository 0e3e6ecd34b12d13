"""What AWS forbids together at an endpoint. Sources: ../shared/aws/deployment.md unless a comment says otherwise."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from dropforge.problems import Problem
from dropforge.project_base import on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dropforge.project import Deploy, Project
    from dropforge.project_deploy import Rollout, Variant

LONGEST = 28_800
DEFAULT_SIZE = 10
# Percent of the variant's instances: botocore, TrafficRoutingConfig and RollingUpdatePolicy.
SIZES = {"canary": (1, 50), "linear": (10, 50), "rolling": (5, 50)}
BURSTABLE = ("ml.t2.", "ml.t3.", "ml.t4g.")
INF1 = "ml.inf1."


def deploy_rules(project: Project) -> Iterator[Problem]:
    """Everything that is wrong with `deploy`."""
    deploy = project.deploy
    if deploy.serverless and on(deploy.serverless):
        yield from _serverless(project)
    if deploy.rollout and on(deploy.rollout):
        yield from _rollout(deploy, deploy.rollout)
    if deploy.variants:
        yield from _variants(deploy.variants)
    if on(deploy.shadow):
        yield from _shadow(deploy)
    if on(deploy.scaling) and not on(deploy.serverless):
        yield from _scaling(deploy)


def _serverless(project: Project) -> Iterator[Problem]:
    deploy = project.deploy
    fix = "remove it, or remove `serverless`"
    excluded = (
        (on(deploy.capture), "capture", "AWS has no data capture for serverless endpoints"),
        (
            on(deploy.scaling),
            "scaling",
            "a serverless endpoint has no instances to scale; see `serverless.provisioned`",
        ),
        # AWS sells them as two kinds of endpoint: ServerlessConfig stands in for the instances that a queue feeds.
        (on(deploy.asynchronous), "asynchronous", "an endpoint is serverless or asynchronous, not both"),
        (len(deploy.variants or []) > 1, "variants", "a serverless endpoint serves one variant only"),
    )
    for forbidden, name, reason in excluded:
        if forbidden:
            yield Problem(("deploy", name), f"{reason} (AWS)", fix)
    for name in ("instance_type", "initial_instance_count"):
        if name in deploy.model_fields_set:
            yield Problem(("deploy", name), "a serverless endpoint has no instances (AWS)", fix)
        for i, variant in enumerate(deploy.variants or []):
            if name in variant.model_fields_set:
                yield Problem(("deploy", "variants", i, name), "a serverless endpoint has no instances (AWS)", fix)
    if project.train.network_isolation:
        reason = "AWS has no network isolation for serverless endpoints, and the model is served as it was trained"
        yield Problem(("train", "network_isolation"), reason, fix)
    if on(project.monitor):
        yield Problem(("monitor",), "AWS has no data capture, and so no monitor, for serverless endpoints", fix)
    serverless = deploy.serverless
    if serverless and serverless.provisioned and serverless.provisioned > serverless.max_concurrency:
        reason = f"AWS keeps at most `max_concurrency` ({serverless.max_concurrency}) warm"
        yield Problem(("deploy", "serverless", "provisioned"), reason, "lower it, or raise `max_concurrency`")


def _rollout(deploy: Deploy, rollout: Rollout) -> Iterator[Problem]:
    path = ("deploy", "rollout")
    kind, given = rollout.type, rollout.model_fields_set
    if kind == "rolling":
        yield from _rolling(deploy, rollout)
    elif rollout.rollback_size is not None:
        reason = "only a rolling update goes back in batches; the others switch the traffic back at once (AWS)"
        yield Problem((*path, "rollback_size"), reason, "remove it, or write `type: rolling`")
    if kind == "all_at_once":
        for name in ("size", "unit"):
            if name in given:
                yield Problem((*path, name), "all at once has no steps", "remove it, or write `type: canary`")
    elif not on(deploy.serverless):
        yield from _size(deploy, rollout)
    waits = total_wait(rollout, _fewest(deploy))
    timeout = rollout.timeout or LONGEST
    if waits > timeout:
        reason = f"the waits add up to {waits} s, more than the {timeout} s after which AWS gives up and rolls back"
        name = "timeout" if "timeout" in given else "wait"
        yield Problem((*path, name), reason, "lower `wait` or `bake`, or make fewer steps")


def _rolling(deploy: Deploy, rollout: Rollout) -> Iterator[Problem]:
    path = ("deploy", "rollout")
    fix = "write `type: linear`, or remove what excludes it"
    if on(deploy.serverless):
        yield Problem((*path, "type"), "AWS has no rolling updates for serverless endpoints", fix)
    if len(deploy.variants or []) > 1:
        yield Problem((*path, "type"), "AWS has no rolling updates for endpoints with several variants", fix)
    if "bake" in rollout.model_fields_set:
        reason = "a rolling update replaces instances as it goes, so none wait to be taken down (AWS)"
        yield Problem((*path, "bake"), reason, "remove it; `wait` is the time after each batch")


def _size(deploy: Deploy, rollout: Rollout) -> Iterator[Problem]:
    path = ("deploy", "rollout", "size" if rollout.size is not None else "type")
    low, high = SIZES[rollout.type]
    instances = _fewest(deploy)
    if instances == 1:
        # A part of one instance is none: AWS's own check of the endpoint's capacity.
        reason = f"one instance cannot be divided: AWS refuses `{rollout.type}` on a single instance"
        yield Problem(path, reason, "raise `initial_instance_count` to 2 or more, or write `type: all_at_once`")
        return
    yield from _within(path, rollout.size or DEFAULT_SIZE, rollout, (low, high), instances)
    if rollout.type == "rolling" and rollout.rollback_size is not None:
        yield from _within((*path[:2], "rollback_size"), rollout.rollback_size, rollout, (low, 100), instances)


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


def total_wait(rollout: Rollout, instances: int) -> int:
    """Seconds that a roll-out waits in all.

    Source: botocore, BlueGreenUpdatePolicy.MaximumExecutionTimeoutInSeconds ("larger than the total waiting time").
    """
    if rollout.type == "all_at_once":
        return rollout.bake
    size = rollout.size or DEFAULT_SIZE
    share = size / 100 if rollout.unit == "percent" else size / max(instances, 1)
    if rollout.type == "canary":
        return rollout.wait + rollout.bake
    steps = math.ceil(1 / min(share, 1) - 1e-9)
    return steps * rollout.wait + (rollout.bake if rollout.type == "linear" else 0)


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


def _shadow(deploy: Deploy) -> Iterator[Problem]:
    path = ("deploy", "shadow")
    # botocore, ShadowProductionVariants; sagemaker dg, shadow-tests-exclusions.
    if len(deploy.variants or []) > 1:
        reason = "AWS allows a shadow beside exactly one production variant"
        yield Problem(path, reason, "remove it, or keep one of `variants`")
    for block, name in ((deploy.serverless, "serverless"), (deploy.asynchronous, "asynchronous")):
        if on(block):
            yield Problem(path, f"AWS has no shadow tests for {name} endpoints", f"remove it, or remove `{name}`")
    for named, field in ((deploy.instance_type, path[:1]), (deploy.shadow and deploy.shadow.instance_type, path)):
        if named and named.startswith(INF1):
            yield Problem((*field, "instance_type"), "AWS has no shadow tests on Inf1 instances", "choose another type")


def _scaling(deploy: Deploy) -> Iterator[Problem]:
    path, scaling = ("deploy", "scaling"), deploy.scaling
    if scaling is None:
        return
    if scaling.min > scaling.max:
        yield Problem((*path, "min"), "is greater than `max`", "swap them")
    if scaling.min == 0 and not on(deploy.asynchronous):
        reason = "AWS scales an endpoint to no instance at all only if its requests wait in a queue"
        yield Problem((*path, "min"), reason, "write 1 or more, or add `asynchronous: {}`, or use `serverless`")
    if scaling.metric == "backlog" and not on(deploy.asynchronous):
        reason = "only an asynchronous endpoint has a backlog"
        yield Problem((*path, "metric"), reason, "write invocations, or add `asynchronous: {}`")
    # sagemaker dg, endpoint-auto-scaling-prerequisites.
    if deploy.instance_type.startswith(BURSTABLE):
        reason = f"AWS does not scale burstable instances such as {deploy.instance_type}"
        yield Problem(("deploy", "instance_type"), reason, "choose another type, e.g. ml.m5.large")
