"""From two variants of an endpoint to the request for their figures."""

from __future__ import annotations

from dropforge.handler import takes
from experiment import measures
from experiment.models import Measurement, PlanMeasurement


@takes(PlanMeasurement)
def handler(facts: PlanMeasurement) -> Measurement:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return measures.plan_measurement(facts)
