"""From the plan and the prepared data to the training request."""

from __future__ import annotations

from dropforge.handler import takes
from training import fit
from training.models import PlanTraining, TrainingPlan


@takes(PlanTraining)
def handler(facts: PlanTraining) -> TrainingPlan:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return fit.plan_training(facts)
