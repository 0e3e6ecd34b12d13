"""The figures of a run."""

from __future__ import annotations

from typing import Any

from dropforge.handler import takes
from dropforge.settings import Settings
from training import outcome
from training.models import SummariseRun


class SummariseRunSettings(Settings):
    """`PRICES` may override the price list (JSON in the form of prices.json)."""

    prices: str = ""


settings = SummariseRunSettings.read()


@takes(SummariseRun)
def handler(facts: SummariseRun) -> dict[str, Any]:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return outcome.summarise_run(facts, settings.prices)
