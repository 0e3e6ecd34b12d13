"""From a package whose approval changed to the version that is to be served."""

from __future__ import annotations

from deployment import target
from deployment.models import ChooseTarget, Target
from dropforge.handler import takes


@takes(ChooseTarget)
def handler(facts: ChooseTarget) -> Target:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return target.choose_target(facts)
