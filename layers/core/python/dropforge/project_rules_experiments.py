"""What goes with a strategy that compares two versions (`ab`, `shadow`), and what with none.

Sources: botocore (ShadowProductionVariants), sagemaker dg (shadow-tests-exclusions).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dropforge.problems import Problem
from dropforge.project_base import on

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dropforge.project import Deploy
    from dropforge.project_experiments import AB

INF1 = "ml.inf1."


def experiment_rules(deploy: Deploy) -> Iterator[Problem]:
    """Everything that is wrong with an experiment."""
    yield from _one_strategy(deploy)
    if deploy.moving == "ab":
        yield from _beside(deploy, "ab")
        yield from _ab(deploy, deploy.ab)
    if deploy.moving == "shadow":
        yield from _beside(deploy, "shadow")
        yield from _inf1(deploy)
    for name, block in (("ab", deploy.ab), ("shadow", deploy.shadow)):
        if block and on(block) and block.bake > block.longest:
            yield Problem(("deploy", name, "bake"), "is longer than `longest`", "lower it, or raise `longest`")


def _one_strategy(deploy: Deploy) -> Iterator[Problem]:
    for name, block in (("ab", deploy.ab), ("shadow", deploy.shadow)):
        if on(block) and deploy.strategy not in (None, name):
            reason = f"the strategy is {deploy.strategy}, so this block has no use"
            yield Problem(("deploy", name), reason, f"write `strategy: {name}`, or remove the block")
        if block is not None and not block.enabled and deploy.strategy == name:
            reason = f"is switched off, but the strategy is {name}"
            yield Problem(("deploy", name), reason, "remove `enabled: false`, or change `strategy`")
    if deploy.strategy is None and on(deploy.ab) and on(deploy.shadow):
        yield Problem(
            ("deploy", "shadow"), "a version goes beside the live one in one way only", "keep `ab` or `shadow`"
        )


def _beside(deploy: Deploy, name: str) -> Iterator[Problem]:
    path = ("deploy", name if getattr(deploy, name) is not None else "strategy")
    if len(deploy.variants or []) > 1:
        reasons = {
            "ab": "an A/B comparison is between the live version and the new one, and `variants` are others",
            "shadow": "AWS allows a shadow beside exactly one production variant",
        }
        yield Problem(path, reasons[name], "remove it, or keep one of `variants`")
    if deploy.serving == "serverless":
        reasons = {
            "ab": "a serverless endpoint serves one variant only (AWS)",
            "shadow": "AWS has no shadow tests for serverless endpoints",
        }
        yield Problem(path, reasons[name], "remove it, or remove `serverless`")
    if deploy.serving == "asynchronous":
        reasons = {
            "ab": "an asynchronous endpoint does not tell which variant answered",
            "shadow": "AWS has no shadow tests for asynchronous endpoints",
        }
        yield Problem(path, reasons[name], "remove it, or remove `asynchronous`")
    rollout = deploy.rollout
    for field in ("size", "unit", "rollback_size"):
        if rollout and on(rollout) and field in rollout.model_fields_set:
            reason = f"the strategy {name} moves the traffic in steps of its own"
            yield Problem(("deploy", "rollout", field), reason, "remove it, or write `strategy: canary`")


def _ab(deploy: Deploy, ab: AB | None) -> Iterator[Problem]:
    if ab is None:
        return
    path = ("deploy", "ab", "steps")
    if sorted(set(ab.steps)) != ab.steps:
        yield Problem(path, "must grow from step to step", "write e.g. [25, 50, 100]")
    elif "steps" in ab.model_fields_set and ab.steps[0] <= ab.weight:
        reason = f"the first step is not above the `weight` of {ab.weight} that the new version has already"
        yield Problem(path, reason, "begin higher")


def _inf1(deploy: Deploy) -> Iterator[Problem]:
    shadow = deploy.shadow
    places = ((deploy.instance_type, ("deploy",)), (shadow and shadow.instance_type, ("deploy", "shadow")))
    for named, path in places:
        if named and named.startswith(INF1):
            yield Problem((*path, "instance_type"), "AWS has no shadow tests on Inf1 instances", "choose another type")
