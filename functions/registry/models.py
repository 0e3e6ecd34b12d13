"""What registry's function takes and gives."""

from __future__ import annotations

from typing import Any

from dropforge.handler import Decision, Facts
from pydantic import Field


class PlanPackage(Facts):
    """A candidate that passed its gate; `context` is the run's, `evaluation` the evaluation machine's output."""

    project: str
    run: str
    drop: str | None = None
    attempt: int = 1
    digest: str
    fingerprint: str | None = None
    model_data_url: str
    training_job_arn: str
    evaluation: dict[str, Any] = Field(default_factory=dict)
    summary: dict[str, Any] = Field(default_factory=dict)
    context: dict[str, Any]
    cause: str | None = None


class PackagePlan(Decision):
    """The exact requests for the group and the version, and the event's detail."""

    group: dict[str, Any]
    package: dict[str, Any]
    detail: dict[str, Any]
