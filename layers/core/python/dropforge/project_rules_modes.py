"""What a mode excludes: serverless, asynchronous, batch. Sources: ../shared/aws/deployment.md and AWS's pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropforge.problems import Problem
from dropforge.project_base import on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dropforge.project import Deploy, Project

BESIDE = ("rollout", "variants", "ab", "shadow", "scaling", "capture", "serverless", "asynchronous")


def mode_rules(project: Project) -> Iterator[Problem]:
    """Everything that the mode in force forbids."""
    deploy = project.deploy
    yield from _one_mode(deploy)
    if deploy.serving == "serverless":
        yield from _serverless(project)
    elif deploy.serving == "batch":
        yield from _batch(project)


def _one_mode(deploy: Deploy) -> Iterator[Problem]:
    for mode, block in (("serverless", deploy.serverless), ("asynchronous", deploy.asynchronous)):
        if on(block) and deploy.mode not in (None, mode, "batch"):
            reason = f"the mode is {deploy.mode}, so this block has no use"
            yield Problem(("deploy", mode), reason, f"write `mode: {mode}`, or remove the block")
        if block is not None and not block.enabled and deploy.mode == mode:
            reason = f"is switched off, but the mode is {mode}"
            yield Problem(("deploy", mode), reason, "remove `enabled: false`, or change `mode`")
    if deploy.mode is None and on(deploy.serverless) and on(deploy.asynchronous):
        # AWS sells them as two kinds of endpoint: ServerlessConfig stands in for the instances that a queue feeds.
        reason = "an endpoint is serverless or asynchronous, not both (AWS)"
        yield Problem(("deploy", "asynchronous"), reason, "remove it, or remove `serverless`")


def _serverless(project: Project) -> Iterator[Problem]:
    deploy = project.deploy
    fix = "remove it, or remove `serverless`" if deploy.mode is None else "remove it, or change `mode`"
    excluded = (
        (on(deploy.capture), "capture", "a serverless endpoint captures no data"),
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
    yield from _concurrency(deploy)


def _concurrency(deploy: Deploy) -> Iterator[Problem]:
    serverless, scaling = deploy.serverless, deploy.scaling
    most = serverless.max_concurrency if serverless else 5
    if serverless and serverless.provisioned and serverless.provisioned > most:
        reason = f"AWS keeps at most `max_concurrency` ({most}) warm"
        yield Problem(("deploy", "serverless", "provisioned"), reason, "lower it, or raise `max_concurrency`")
    if not scaling or not on(scaling):
        return
    if not serverless or not serverless.provisioned:
        reason = "a serverless endpoint has no instances to scale, only what `serverless.provisioned` keeps warm"
        yield Problem(("deploy", "scaling"), reason, "add `provisioned: 1` under `serverless`, or remove it")
    elif scaling.max > most:
        reason = f"AWS keeps at most `max_concurrency` ({most}) warm"
        yield Problem(("deploy", "scaling", "max"), reason, f"write {most} or less, or raise `max_concurrency`")
    if scaling.metric not in (None, "concurrency"):
        reason = "what a serverless endpoint keeps warm is scaled by how much of it is in use"
        yield Problem(("deploy", "scaling", "metric"), reason, "write concurrency, or remove it")
    elif scaling.target > 100:  # noqa: PLR2004
        yield Problem(("deploy", "scaling", "target"), "is the percentage that is in use", "write 1 to 100")


def _batch(project: Project) -> Iterator[Problem]:
    deploy = project.deploy
    reason = "batch has no endpoint, only a transform job for each file"
    if deploy.strategy not in (None, "all_at_once"):
        yield Problem(("deploy", "strategy"), reason, "remove it, or change `mode`")
    for name in BESIDE:
        block = getattr(deploy, name)
        if block is not None and getattr(block, "enabled", True):
            yield Problem(("deploy", name), reason, "remove it, or change `mode`")
    if on(project.monitor):
        yield Problem(("monitor",), reason, "remove it, or change `deploy.mode`")
