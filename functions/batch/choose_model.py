"""Which model predicts a drop."""

from __future__ import annotations

from batch import decide
from batch.models import ChooseModel, ModelChoice
from dropforge.handler import takes


@takes(ChooseModel)
def handler(facts: ChooseModel) -> ModelChoice:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return decide.choose_model(facts)
