"""From what a project's deployments made to what of it may go."""

from __future__ import annotations

from deployment import prune
from deployment.models import PlanPruning, Pruning
from dropforge.handler import takes

settings = prune.PlanPruningSettings.read()


@takes(PlanPruning)
def handler(facts: PlanPruning) -> Pruning:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return prune.plan_pruning(facts, settings)
