"""Which model a candidate is compared with."""

from __future__ import annotations

from dropforge.handler import takes
from evaluation import champion
from evaluation.models import Champion, ChooseChampion


@takes(ChooseChampion)
def handler(facts: ChooseChampion) -> Champion:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return champion.choose_champion(facts)
