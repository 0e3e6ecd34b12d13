"""What scaling's function takes and gives."""

from __future__ import annotations

from typing import Any, Literal

from dropforge.handler import Decision, Facts
from dropforge.project_deploy import Scaling


class Variant(Facts):
    """A variant that is live, and how project.yaml wants it scaled (null: not at all)."""

    name: str
    mode: Literal["real_time", "serverless", "asynchronous"] = "real_time"
    scaling: Scaling | None = None


class PlanScaling(Facts):
    """A live endpoint, its variants, and those that an update is about to drop or to give other instances."""

    project: str
    endpoint: str
    variants: list[Variant] = []
    gone: list[str] = []


class ScalingPlan(Decision):
    """Requests of Application Auto Scaling and CloudWatch, whole, in the order of the members.

    `wakers`: {policy, alarm}, the alarm without the action that the policy's ARN will be.
    """

    alarms_gone: list[str]
    targets_gone: list[dict[str, Any]]
    targets: list[dict[str, Any]]
    policies: list[dict[str, Any]]
    nights: list[dict[str, Any]]
    nights_gone: list[dict[str, Any]]
    wakers: list[dict[str, Any]]
    registered: list[str]
    deregistered: list[str]


class DecideIdle(Facts):
    """An endpoint, how often it was asked within its idle hours, and what was said about it before.

    `endpoint`: DescribeEndpoint; `config`: the project's; `spell`: the item that the last look kept, typed or plain.
    """

    project: str
    now: str
    region: str = ""
    cause: str | None = None
    config: str | None = None
    endpoint: dict[str, Any]
    invocations: float
    spell: dict[str, Any] | None = None


class Idleness(Decision):
    """`warn` and `delete` are announced with `detail` and kept as `spell`; `clear`: it is not idle any more."""

    action: Literal["none", "warn", "delete", "clear"]
    reason: str
    spell: dict[str, str | None] | None = None
    detail: dict[str, Any] | None = None
