"""Whether an intake machine that stopped starts again."""

from __future__ import annotations

from dropforge.handler import takes
from intake import decide
from intake.models import DecideRestart, RestartDecision


@takes(DecideRestart)
def handler(facts: DecideRestart) -> RestartDecision:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return decide.decide_restart(facts)
