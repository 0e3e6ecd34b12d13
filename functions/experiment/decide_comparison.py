"""Whether a new version beside the live one is promoted, removed, or watched for longer."""

from __future__ import annotations

from dropforge.handler import takes
from experiment import comparison
from experiment.models import Comparison, DecideComparison


@takes(DecideComparison)
def handler(facts: DecideComparison) -> Comparison:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return comparison.decide_comparison(facts)
