"""Whether a live endpoint serves the model that was evaluated."""

from __future__ import annotations

from dropforge.handler import takes
from experiment import decide
from experiment.models import DecideVerification, Experiment


@takes(DecideVerification)
def handler(facts: DecideVerification) -> Experiment:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return decide.decide_verification(facts)
