"""Whether what is live is what was asked for."""

from __future__ import annotations

from deployment import outcome
from deployment.models import CheckDeployment, DeploymentCheck
from dropforge.handler import takes


@takes(CheckDeployment)
def handler(facts: CheckDeployment) -> DeploymentCheck:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return outcome.check_deployment(facts)
