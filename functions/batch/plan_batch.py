"""The exact requests that predict a staged drop."""

from __future__ import annotations

from batch import decide
from batch.models import BatchPlan, PlanBatch
from dropforge.handler import takes

settings = decide.PlanBatchSettings.read()


@takes(PlanBatch)
def handler(facts: PlanBatch) -> BatchPlan:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return decide.plan_batch(facts, settings)
