"""Whether a failed training job is tried again."""

from __future__ import annotations

from dropforge.handler import takes
from training import outcome
from training.models import DecideRetry, RetryDecision


@takes(DecideRetry)
def handler(facts: DecideRetry) -> RetryDecision:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return outcome.decide_retry(facts)
