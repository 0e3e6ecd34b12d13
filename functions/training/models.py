"""What training's functions take and give."""

from __future__ import annotations

from typing import Any, Literal

from dropforge.handler import Decision, Facts
from dropforge.plan import Code, FrozenDataset, RunPlan
from pydantic import Field


class PlanRun(Facts):
    """A frozen drop and its project."""

    project: str
    run: str
    attempt: int = Field(default=1, ge=1)
    drop: str | None = None
    config: str
    dataset: FrozenDataset
    code: Code | None = None
    account: str | None = None
    region: str


class PlanTraining(Facts):
    """The plan, and what the preparing job found (`summary.json` as text; null without such a job)."""

    plan: RunPlan
    preparation: str | None = None


class TrainingPlan(Decision):
    """The method's name and request, and what has to be added to the model's archive."""

    method: str
    request: dict[str, Any]
    package: dict[str, Any]
    image_uri: str
    environment: dict[str, str]
    context: dict[str, Any]


class DecideRetry(Facts):
    """A training job that did not succeed."""

    request: dict[str, Any]
    error: str = ""
    cause: str = ""
    attempt: int = 1
    run: str | None = None


class RetryDecision(Decision):
    """Again under the next name after a wait, or not."""

    retry: bool
    request: dict[str, Any]
    attempt: int
    wait_seconds: int
    reason: str


class ExplainFailure(Facts):
    """What a state of the run machine caught."""

    project: str
    run: str
    drop: str | None = None
    attempt: int = 1
    step: str
    error: str | None = None
    cause: str | None = None
    context: dict[str, Any] | None = None
    lines: dict[str, int] = Field(default_factory=dict)


class Explanation(Decision):
    """What to put on the bus."""

    detail_type: Literal["Run Failed", "Project Invalid"]
    reason: str
    severity: Literal["error"]
    problems: list[dict[str, Any]] | None = None
    detail: dict[str, Any]


class DecideRecovery(Facts):
    """A run machine's execution that ended otherwise than by success: its status event's detail, and the run's item.

    `attempt` is what the execution was started as; the item (null: none yet) has the last that got as far as its claim.
    """

    run: str
    attempt: int = Field(default=1, ge=1)
    item: dict[str, Any] | None = None
    event: dict[str, Any]


class SummariseRun(Facts):
    """What the steps gave: jobs (Describe outputs or parts of them), the trained model, the evaluation."""

    project: str
    run: str
    attempt: int = 1
    dataset: FrozenDataset
    preparation: str | None = None
    prepare_job: dict[str, Any] | None = None
    trained: dict[str, Any]
    evaluation: dict[str, Any] | None = None
    context: dict[str, Any] = Field(default_factory=dict)
    data_warnings: list[str] = Field(default_factory=list)


class PackageModel(Facts):
    """The trained archive, what to add to it, and where the package goes."""

    source: str
    additions: dict[str, Any]
    target: str
    run: str | None = None


class GatherInputs(Facts):
    """A frozen drop, as intake announced it; `config` decides whether the project's code goes with it."""

    project: str
    run: str
    dataset: FrozenDataset
    config: str
