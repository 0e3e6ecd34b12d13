"""What evaluation's functions take and give."""

from __future__ import annotations

from typing import Any

from dropforge.handler import Decision, Facts
from pydantic import Field


class ChooseChampion(Facts):
    """The project's endpoint (DescribeEndpoint; null: none) and its approved packages (ListModelPackages).

    `execution_arn` is the machine's: it names the account and region of the packages.
    """

    project: str
    execution_arn: str
    endpoint: dict[str, Any] | None = None
    approved: list[dict[str, Any]] = Field(default_factory=list)


class Champion(Decision):
    """The model that a candidate is compared with; none without `package_arn`, for the reason that is given."""

    package_arn: str | None = None
    version: int | None = None
    live: bool = False
    reason: str


class CompareData(Facts):
    """The drops that a candidate and its champion learnt from."""

    project: str
    drop: str
    champion_drop: str


class DataChanges(Decision):
    """What is otherwise since the champion's `drop`; pairs are [then, now]. See `dropforge_jobs.profile.since`."""

    drop: str
    rows: list[int]
    columns: list[int]
    counts: dict[str, int]
    missing: list[str]
    new: list[str]
    renamed: list[dict[str, str]]
    kinds: list[dict[str, str]]
    moved: list[dict[str, Any]]


class PlanEvaluation(Facts):
    """A packaged candidate; `context` is the run's, `preparation` is the preparing job's summary.json as text.

    `champion` is what `choose_champion` gave, `champion_package` its DescribeModelPackage (null: it cannot be read).
    """

    project: str
    run: str
    attempt: int = Field(default=1, ge=1)
    config: str
    model_data_url: str
    preparation: str | None = None
    context: dict[str, Any]
    champion: Champion | None = None
    champion_package: dict[str, Any] | None = None


class EvaluationPlan(Decision):
    """The evaluating job, its settings, where its report and its figures will be; all null without held-out rows.

    `champion`: null without one; else its version, run and recorded metric, and the same parts of its own job, or the
    `reason` for which it cannot be measured.
    """

    request: dict[str, Any] | None = None
    settings: dict[str, str] | None = None
    evaluation: dict[str, str] | None = None
    figures: dict[str, str] | None = None
    champion: dict[str, Any] | None = None
    reason: str


class DecideGate(Facts):
    """What was measured: `evaluation` is figures.json as text, `training_metrics` the training job's final ones.

    `champion`: that of the plan, with its `figures` as text, or the `failure` that a state caught; `data`: what
    compare_data gave, or likewise the `failure`.
    """

    project: str
    run: str
    config: str
    evaluation: str | None = None
    training_metrics: list[dict[str, Any]] = Field(default_factory=list)
    context: dict[str, Any] = Field(default_factory=dict)
    champion: dict[str, Any] | None = None


class Gate(Decision):
    """Whether the candidate may be registered, and every reason for or against."""

    passed: bool
    metric: str | None = None
    value: float | None = None
    threshold: float | None = None
    reasons: list[str]
    metrics: dict[str, float]
    champion: dict[str, Any] | None = None
