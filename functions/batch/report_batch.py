"""What to record and tell about a drop to predict."""

from __future__ import annotations

from batch import outcome
from batch.models import BatchReport, ReportBatch
from dropforge.handler import takes

settings = outcome.ReportBatchSettings.read()


@takes(ReportBatch)
def handler(facts: ReportBatch) -> BatchReport:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    return outcome.report_batch(facts, settings)
