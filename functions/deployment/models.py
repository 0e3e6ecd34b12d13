"""What deployment's functions take and give."""

from __future__ import annotations

from typing import Any, Literal

from dropforge.handler import Decision, Facts


class PlanDeployment(Facts):
    """An approved package (DescribeModelPackage), and the endpoint as it is (DescribeEndpoint; null: none)."""

    package: dict[str, Any]
    config: str | None = None
    endpoint: dict[str, Any] | None = None
    attempt: int = 1


class DeploymentPlan(Decision):
    """What to do with the endpoint, and the exact requests.

    `check`: an earlier attempt asked SageMaker already; only wait, check and tell.
    """

    action: Literal["create", "update", "check", "none"]
    reason: str
    project: str | None = None
    run: str | None = None
    version: int | None = None
    model: dict[str, Any] | None = None
    endpoint_config: dict[str, Any] | None = None
    endpoint: dict[str, Any] | None = None


class CheckDeployment(Facts):
    """What was asked for, what the endpoint is now, and what a state caught (null: nothing)."""

    package: dict[str, Any] | None = None
    plan: DeploymentPlan | None = None
    endpoint: dict[str, Any] | None = None
    failure: dict[str, Any] | None = None


class DeploymentCheck(Decision):
    """Whether what is live is what was asked for."""

    deployed: bool
    reason: str
    detail_type: Literal["Model Deployed", "Deployment Failed"]
    detail: dict[str, Any]


class DecideRecovery(Facts):
    """The detail of a deployment execution's status event, and of the approval that started it."""

    event: dict[str, Any]
    approval: dict[str, Any]
