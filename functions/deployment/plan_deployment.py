"""From an approved package to what changes on its project's endpoint."""

from __future__ import annotations

from deployment import decide
from deployment.models import DeploymentPlan, PlanDeployment
from dropforge.handler import takes

settings = decide.PlanDeploymentSettings.read()


@takes(PlanDeployment)
def handler(facts: PlanDeployment) -> DeploymentPlan:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return decide.plan_deployment(facts, settings)
