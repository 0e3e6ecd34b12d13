"""Where a drop is inspected: by a function, or, too large for one, by the same module as a Processing job."""

from __future__ import annotations

from dropforge.handler import takes
from intake import inspections
from intake.models import InspectionPlan, PlanInspection

settings = inspections.PlanInspectionSettings.read()


@takes(PlanInspection)
def handler(facts: PlanInspection) -> InspectionPlan:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return inspections.plan_inspection(facts, settings)
