"""Whether a window that looks complete closes."""

from __future__ import annotations

from dropforge.handler import takes
from intake import windows
from intake.models import PlanClose, WindowPlan


@takes(PlanClose)
def handler(facts: PlanClose) -> WindowPlan:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return windows.plan_close(facts)
