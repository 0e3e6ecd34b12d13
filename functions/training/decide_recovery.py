"""Whether a run that stopped starts again."""

from __future__ import annotations

from dropforge.handler import takes
from dropforge.recovery import RecoveryDecision
from training import outcome
from training.models import DecideRecovery


@takes(DecideRecovery)
def handler(facts: DecideRecovery) -> RecoveryDecision:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return outcome.decide_recovery(facts)
