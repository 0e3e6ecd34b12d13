"""What batch's functions take and give."""

from __future__ import annotations

from typing import Any, Literal

from dropforge.handler import Decision, Facts
from dropforge.plan import FrozenDataset


class ChooseModel(Facts):
    """The project's endpoint (DescribeEndpoint; null: none), and its approved packages (summaries, newest first)."""

    project: str
    endpoint: dict[str, Any] | None = None
    approved: list[dict[str, Any]] = []


class ModelChoice(Decision):
    """The package that predicts; null if none is approved."""

    model_package_arn: str | None = None
    version: int | None = None
    reason: str


class StageRows(Facts):
    """A frozen drop, and the package (DescribeModelPackage) whose model will read it."""

    project: str
    drop: str
    package: dict[str, Any]
    config: str | None = None
    dataset: FrozenDataset


class AssembleRows(Facts):
    """A frozen drop, and what staging it gave."""

    project: str
    drop: str
    config: str | None = None
    dataset: FrozenDataset
    staged: dict[str, Any]


class PlanBatch(Facts):
    """The package that predicts (DescribeModelPackage), and what staging gave."""

    project: str
    drop: str
    attempt: int = 1
    config: str | None = None
    package: dict[str, Any]
    staged: dict[str, Any]


class BatchPlan(Decision):
    """The exact requests: CreateModel, CreateTransformJob."""

    model: dict[str, Any]
    job: dict[str, Any]


class EarlierBatch(Facts):
    """The drop that had the same rows for the same version before; `detail`: of the event that told its end."""

    drop: str
    status: str
    detail: dict[str, Any] = {}


class ReportBatch(Facts):
    """How it went: what each step gave (null: it was not come to), and what a state caught."""

    project: str
    drop: str
    attempt: int = 1
    cause: str | None = None
    region: str = ""
    choice: ModelChoice | None = None
    earlier: EarlierBatch | None = None
    package: dict[str, Any] | None = None
    staged: dict[str, Any] | None = None
    plan: BatchPlan | None = None
    job: dict[str, Any] | None = None
    result: dict[str, Any] | None = None
    failure: dict[str, Any] | None = None
    log: str | None = None


class BatchReport(Decision):
    """What to record and to tell."""

    status: Literal["SUCCEEDED", "FAILED", "HELD", "IGNORED"]
    reason: str
    detail_type: Literal["Batch Completed", "Batch Failed", "Batch Held", "Batch Ignored"]
    detail: dict[str, Any]


class DecideRecovery(Facts):
    """The detail of a batch execution's status event, and of the drop's event that started it."""

    event: dict[str, Any]
    drop: dict[str, Any]
