"""What to tell about a run that failed."""

from __future__ import annotations

from dropforge.handler import takes
from training import outcome
from training.models import ExplainFailure, Explanation


@takes(ExplainFailure)
def handler(facts: ExplainFailure) -> Explanation:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return outcome.explain_failure(facts)
