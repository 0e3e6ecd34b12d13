"""Whether a deployment that stopped starts again."""

from __future__ import annotations

from deployment import outcome
from deployment.models import DecideRecovery
from dropforge.handler import takes
from dropforge.recovery import RecoveryDecision


@takes(DecideRecovery)
def handler(facts: DecideRecovery) -> RecoveryDecision:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return outcome.decide_recovery(facts)
