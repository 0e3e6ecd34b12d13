"""Which scalable targets, policies and scheduled actions an endpoint should have."""

from __future__ import annotations

from dropforge.handler import takes
from scaling import requests
from scaling.models import PlanScaling, ScalingPlan


@takes(PlanScaling)
def handler(facts: PlanScaling) -> ScalingPlan:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return requests.plan(facts)
