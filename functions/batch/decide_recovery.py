"""Whether a batch that stopped starts again."""

from __future__ import annotations

from batch import outcome
from batch.models import DecideRecovery
from dropforge.handler import takes
from dropforge.recovery import RecoveryDecision


@takes(DecideRecovery)
def handler(facts: DecideRecovery) -> RecoveryDecision:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return outcome.decide_recovery(facts)
