"""From a frozen drop to the plan of its run."""

from __future__ import annotations

from dropforge.handler import takes
from dropforge.plan import RunPlan
from training import decide
from training.models import PlanRun

settings = decide.PlanRunSettings.read()


@takes(PlanRun)
def handler(facts: PlanRun) -> RunPlan:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return decide.plan_run(facts, settings)
