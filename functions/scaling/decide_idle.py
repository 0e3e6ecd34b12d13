"""Whether an endpoint is idle, and what follows from it."""

from __future__ import annotations

from dropforge.handler import takes
from dropforge.settings import Settings
from scaling import idle
from scaling.models import DecideIdle, Idleness


class DecideIdleSettings(Settings):
    """`PRICES` may override the price list (JSON in the form of prices.json)."""

    prices: str = ""


SETTINGS = DecideIdleSettings.read()


@takes(DecideIdle)
def handler(facts: DecideIdle) -> Idleness:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return idle.decide(facts, SETTINGS.prices)
