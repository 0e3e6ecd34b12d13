"""From a packaged candidate to its evaluating job."""

from __future__ import annotations

from dropforge.handler import takes
from evaluation import decide
from evaluation.models import EvaluationPlan, PlanEvaluation

settings = decide.PlanEvaluationSettings.read()


@takes(PlanEvaluation)
def handler(facts: PlanEvaluation) -> EvaluationPlan:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return decide.plan_evaluation(facts, settings)
