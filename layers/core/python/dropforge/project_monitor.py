"""`monitor` of a project.yaml: what is watched after deployment, and what a violation does."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dropforge.project_base import Engine, Instance, Section, Switched, Word

Reaction = Literal["notify", "retrain", "roll_back"]


class Watch(Switched):
    """Base of every monitor."""

    on_violation: Reaction = Field(default="notify", description="What a violation does; a notice comes always.")


class DataQuality(Watch):
    """Whether requests still look like the training data."""

    threshold: float = Field(default=0.1, gt=0, le=1, description="Distance from which a column has drifted.")


class ModelQuality(Watch):
    """Whether answers are still right, once the truth is known."""

    metric: Word | None = Field(default=None, description="By default that of `evaluate`, or accuracy, or r2.")
    min: float | None = Field(default=None, description="The metric must be at least this.")
    max: float | None = Field(default=None, description="The metric must be at most this.")


class BiasDrift(Watch):
    """Whether the groups of `evaluate.bias` are still treated alike."""


class AttributionDrift(Watch):
    """Whether answers still come from the same columns."""

    threshold: float = Field(
        default=0.9, gt=0, le=1, description="nDCG of the columns' ranking below which it drifted."
    )


class Truth(Section):
    """How what really happened comes: dropped under `truth/`."""

    delay: int = Field(
        default=86_400, ge=0, le=31_536_000, description="Seconds until the truth about a request is known."
    )


class Governor(Section):
    """Keeps retraining from chasing its own tail."""

    cooldown: int = Field(default=86_400, ge=0, le=31_536_000, description="Seconds between two retrainings.")
    per_day: int = Field(default=1, ge=1, le=24, description="Retrainings a day at most.")


class Monitor(Switched):
    """What is watched at the endpoint; it needs `deploy.capture`."""

    engine: Engine = Field(
        default="builtin", description="`managed` is Model Monitor, which AWS closed to new accounts."
    )
    schedule: str = Field(
        default="hourly", min_length=1, max_length=256, description="`hourly`, `daily`, or AWS's cron."
    )
    instance_type: Instance = Field(default="ml.m5.large", description="For the monitors' jobs.")
    data_quality: DataQuality | None = Field(default=None, description="Requests against the training data.")
    model_quality: ModelQuality | None = Field(default=None, description="Answers against the truth.")
    bias_drift: BiasDrift | None = Field(default=None, description="Groups against one another.")
    attribution_drift: AttributionDrift | None = Field(default=None, description="Reasons against those at training.")
    truth: Truth | None = Field(default=None, description="How the truth comes; for model quality and bias.")
    retraining: Governor | None = Field(default=None, description="Limits to `on_violation: retrain`.")
