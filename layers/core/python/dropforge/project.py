"""The models of `project.yaml`. Its rules beyond types are in `project_rules`, its reading in `project_yaml`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from dropforge.names import QUIET_PERIOD

INSTANCE = r"^ml\.[a-z0-9-]+\.[a-z0-9-]+$"
Instance = Annotated[str, Field(pattern=INSTANCE, examples=["ml.m5.large"])]
Share = Annotated[float, Field(ge=0, lt=1)]
HyperParameter = str | int | float | bool
Problem = Literal["binary", "multiclass", "regression"]


class Section(BaseModel):
    """Base of every part of the file: unknown keys and wrong types are refused."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False, defer_build=True)


class Data(Section):
    """How dropped files are read, and when a drop counts as complete."""

    quiet_period: int = Field(
        default=QUIET_PERIOD, ge=1, le=86_400, description="Seconds without a new object until a drop is complete."
    )
    format: Literal["csv"] = Field(default="csv", description="Format of the dropped files.")


class By(Section):
    """Split by order in time (the newest rows are tested on) or so that a group stays on one side."""

    time: str | None = Field(default=None, description="Column to sort by; the last rows become the test part.")
    group: str | None = Field(default=None, description="Column whose equal values stay together.")


class Split(Section):
    """Which rows are kept from training."""

    test: Share = Field(default=0.2, description="Part of the rows that only the evaluation sees.")
    validation: Share = Field(default=0.1, description="Part for early stopping; ignored if a validation drop exists.")
    seed: int = Field(default=42, ge=0, le=2**32 - 1, description="The same seed splits the same way.")
    by: By | None = Field(default=None, description="Split by time or group instead of by chance.")
    stratify: bool | None = Field(
        default=None, description="Keep the classes' shares; by default for classes without `by`."
    )


class Metric(Section):
    """A figure that a script prints."""

    name: str = Field(min_length=1, max_length=255)
    regex: str = Field(min_length=1, max_length=500, description="One group, which matches the number.")


class Train(Section):
    """The training job."""

    instance_type: Instance = Field(default="ml.m5.large", description="SageMaker instance type.")
    instance_count: int = Field(default=1, ge=1, le=20, description="Hosts.")
    max_runtime: int = Field(default=3600, ge=60, le=2_419_200, description="Seconds; then SageMaker stops the job.")
    volume_size: int = Field(default=30, ge=1, le=16_384, description="GB of disk.")
    hyperparameters: dict[str, HyperParameter] = Field(
        default={}, max_length=90, description="Over sensible defaults (XGBoost), or the script's arguments."
    )
    script: str | None = Field(default=None, pattern=r"^[\w.-]+\.py$", description="File under code/ that trains.")
    metrics: list[Metric] = Field(default=[], max_length=40, description="Figures to read from the script's log.")
    image: str | None = Field(default=None, min_length=1, max_length=255, description="An image that the owner allows.")
    channels: dict[Literal["train", "validation"], str] = Field(
        default={}, description="Other names for the script's channels, such as `validation: test` for SM_CHANNEL_TEST."
    )
    network_isolation: bool | None = Field(default=None, description="Off only by default for a requirements.txt.")


class Evaluate(Section):
    """The gate before registration; without it a model must beat the best constant answer."""

    metric: str | None = Field(
        default=None, min_length=1, max_length=255, examples=["auc"], description="What `min` and `max` are about."
    )
    min: float | None = Field(default=None, description="The metric must be at least this.")
    max: float | None = Field(default=None, description="The metric must be at most this.")
    instance_type: Instance = Field(default="ml.m5.large", description="For preparing and evaluating.")


class Deploy(Section):
    """The endpoint, which is named like the project."""

    enabled: bool = Field(default=True, description="Whether approval deploys.")
    instance_type: Instance = Field(default="ml.m5.large", description="SageMaker instance type.")
    initial_instance_count: int = Field(default=1, ge=1, le=100, description="Instances to start with.")


class Budget(Section):
    """Limits to what a run may cost."""

    run_usd: float | None = Field(
        default=None, gt=0, description="A run that could cost more is refused before it starts."
    )


class Project(Section):
    """What one model is: `data/<project>/project.yaml`."""

    version: Literal[1] = Field(default=1, description="Version of this format.")
    algorithm: Literal["xgboost", "sklearn"] = Field(description="xgboost needs no code; sklearn runs your script.")
    target: str | int | None = Field(
        default=None, description="Column to predict: name, or index from 0 (-1 is the last)."
    )
    problem: Problem | None = Field(default=None, description="Found out from the target if absent.")
    columns: list[str] | None = Field(
        default=None, min_length=1, description="Names for the columns of a file without header."
    )
    data: Data = Field(default_factory=Data)
    split: Split | None = Field(
        default=None, description="Which rows are kept from training; without it a script gets the dropped bytes."
    )
    train: Train = Field(default_factory=Train)
    evaluate: Evaluate = Field(default_factory=Evaluate)
    deploy: Deploy = Field(default_factory=Deploy)
    budget: Budget = Field(default_factory=Budget)

    @property
    def script(self) -> str | None:
        """The script that trains; None for a built-in algorithm."""
        return self.train.script or ("train.py" if self.algorithm == "sklearn" else None)

    def parts(self) -> Split:
        """The split, with its defaults."""
        return self.split or Split()
