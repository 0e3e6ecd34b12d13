"""Whether a candidate passes its gate."""

from __future__ import annotations

from dropforge.handler import takes
from evaluation import gate
from evaluation.models import DecideGate, Gate


@takes(DecideGate)
def handler(facts: DecideGate) -> Gate:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return gate.decide_gate(facts)
