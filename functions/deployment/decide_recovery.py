"""Whether a deployment that stopped starts again."""

from __future__ import annotations

from deployment import outcome
from deployment.models import DecideRecovery, RecoveryDecision
from dropforge.handler import takes


@takes(DecideRecovery)
def handler(facts: DecideRecovery) -> RecoveryDecision:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return outcome.decide_recovery(facts)
