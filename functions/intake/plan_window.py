"""Whether a window waits on, is looked at closely, or is done."""

from __future__ import annotations

from dropforge.handler import takes
from intake import windows
from intake.models import PlanWindow, WindowPlan


@takes(PlanWindow)
def handler(facts: PlanWindow) -> WindowPlan:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return windows.plan_window(facts)
