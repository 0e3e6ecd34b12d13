"""Whether a drop is accepted, refused, or waits for its project.yaml."""

from __future__ import annotations

from dropforge.handler import takes
from intake import judge
from intake.models import JudgeDrop, Judgement


@takes(JudgeDrop)
def handler(facts: JudgeDrop) -> Judgement:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return judge.judge_drop(facts)
