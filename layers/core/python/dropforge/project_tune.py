"""`tune` of a project.yaml: a hyperparameter tuning job instead of one training job."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dropforge.project_base import AWS_NAME, Section, Switched, Word

Parent = Annotated[str, Field(max_length=32, pattern=AWS_NAME)]
Choice = Annotated[str, Field(max_length=256)]  # botocore: ParameterValue


class Range(Section):
    """Where to look: `min` to `max`, or one of `values`. Whole numbers at both ends make it whole numbers only."""

    min: int | float | None = Field(default=None, description="The least value.")
    max: int | float | None = Field(default=None, description="The greatest value.")
    scale: Literal["auto", "linear", "log", "reverse_log"] = Field(
        default="auto",
        description="How to search between them; `log` where 0.001 and 0.01 are as far apart as 1 and 10.",
    )
    # botocore: ParameterValues has 1 to 30.
    values: list[Choice | int | float] | None = Field(
        default=None, min_length=1, max_length=30, description="The values to choose from."
    )


class WarmStart(Switched):
    """Begin with what earlier tuning jobs found."""

    type: Literal["auto", "identical", "transfer"] = Field(
        default="auto", description="`identical`: same data and algorithm; `transfer`: other data or hyperparameters."
    )
    # botocore: ParentHyperParameterTuningJobs has 1 to 5.
    parents: list[Parent] = Field(
        default=[], max_length=5, description="Tuning jobs to begin with; by default the project's last that fit."
    )


class Tune(Switched):
    """Try many hyperparameters and keep the best."""

    strategy: Literal["bayesian", "random", "hyperband", "grid"] = Field(
        default="bayesian", description="How the next values are chosen."
    )
    metric: Word | None = Field(
        default=None, examples=["validation:auc"], description="What decides; a script must print it."
    )
    goal: Literal["maximize", "minimize"] | None = Field(
        default=None, description="Needed for a script's metric; known for XGBoost's."
    )
    # ../shared/aws/s3_contracts.md, 7: 30 searched hyperparameters.
    ranges: dict[Word, Range] = Field(
        default={}, max_length=30, description="By hyperparameter; XGBoost has sensible ones."
    )
    # The same: 750 training jobs, 10,000 with random search; 10 at once, 100 on request.
    jobs: int | None = Field(default=None, ge=1, le=10_000, description="Training jobs in all; by default 20.")
    parallel: int = Field(default=2, ge=1, le=100, description="Training jobs at once.")
    # botocore: HyperParameterTuningMaxRuntimeInSeconds.
    max_runtime: int | None = Field(default=None, ge=120, le=15_768_000, description="Seconds for all of them.")
    early_stopping: bool = Field(default=False, description="Stop training jobs that will not be the best.")
    stop_at: float | None = Field(default=None, description="Enough when the metric has reached this.")
    seed: int | None = Field(default=None, ge=0, le=2**31 - 1, description="The same seed chooses more alike.")
    min_resource: int | None = Field(
        default=None, ge=1, description="Hyperband: epochs that each job may at least run."
    )
    # botocore, HyperbandStrategyConfig: at most 20,000.
    max_resource: int | None = Field(default=None, ge=1, le=20_000, description="Hyperband: epochs at most.")
    warm_start: WarmStart | None = Field(default=None, description="Begin with what earlier tuning jobs found.")
