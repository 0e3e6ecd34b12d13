"""What evaluation's functions take and give."""

from __future__ import annotations

from typing import Any

from dropforge.handler import Decision, Facts
from pydantic import Field


class PlanEvaluation(Facts):
    """A packaged candidate; `context` is the run's, `preparation` is the preparing job's summary.json as text."""

    project: str
    run: str
    attempt: int = Field(default=1, ge=1)
    config: str
    model_data_url: str
    preparation: str | None = None
    context: dict[str, Any]


class EvaluationPlan(Decision):
    """The evaluating job, its settings, where its report and its figures will be; all null without held-out rows."""

    request: dict[str, Any] | None = None
    settings: dict[str, str] | None = None
    evaluation: dict[str, str] | None = None
    figures: dict[str, str] | None = None
    reason: str


class DecideGate(Facts):
    """What was measured: `evaluation` is figures.json as text, `training_metrics` the training job's final ones."""

    project: str
    run: str
    config: str
    evaluation: str | None = None
    training_metrics: list[dict[str, Any]] = Field(default_factory=list)
    context: dict[str, Any] = Field(default_factory=dict)


class Gate(Decision):
    """Whether the candidate may be registered, and every reason for or against."""

    passed: bool
    metric: str | None = None
    value: float | None = None
    threshold: float | None = None
    reasons: list[str]
    metrics: dict[str, float]
