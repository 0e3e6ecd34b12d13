"""The models of `project.yaml` that every run reads; `part` brings the others from their own modules.

Rules beyond types are in `project_rules`, reading in `project_read`. Without `from __future__ import annotations`:
pydantic would compile the text of each annotation again, at the cold start of every function that reads a project.
"""

from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from dropforge.names import QUIET_PERIOD
from dropforge.project_base import AnyMode, AnyStrategy, Instance, Mode, Section, Share, Strategy, on, part

if TYPE_CHECKING:
    from dropforge.project_checks import Checks
    from dropforge.project_debug import Debug
    from dropforge.project_deploy import Asynchronous, Capture, Rollout, Scaling, Serverless, Variant
    from dropforge.project_evaluate import Bias, Explain
    from dropforge.project_experiments import AB, Shadow
    from dropforge.project_features import Features
    from dropforge.project_label import Label
    from dropforge.project_monitor import Monitor
    from dropforge.project_notify import Notify
    from dropforge.project_tune import Tune
else:
    Checks = part("project_checks", "Checks")
    Debug = part("project_debug", "Debug")
    Asynchronous, Capture, Rollout, Scaling, Serverless, Variant = (
        part("project_deploy", name)
        for name in ("Asynchronous", "Capture", "Rollout", "Scaling", "Serverless", "Variant")
    )
    AB, Shadow = part("project_experiments", "AB"), part("project_experiments", "Shadow")
    Bias, Explain = part("project_evaluate", "Bias"), part("project_evaluate", "Explain")
    Features = part("project_features", "Features")
    Label = part("project_label", "Label")
    Monitor = part("project_monitor", "Monitor")
    Notify = part("project_notify", "Notify")
    Tune = part("project_tune", "Tune")


def _checks() -> Any:
    from dropforge.project_checks import Checks as Model

    return Model()


HyperParameter = str | int | float | bool
Problem = Literal["binary", "multiclass", "regression"]


class Data(Section):
    """How dropped files are read, and when a drop counts as complete."""

    complete_on: Literal["any", "success", "manifest", "quiet"] = Field(
        default="any", description="`_SUCCESS`, a manifest, the quiet period, or whichever of them comes first."
    )
    quiet_period: int = Field(
        default=QUIET_PERIOD, ge=1, le=86_400, description="Seconds without a new object until a drop is complete."
    )
    manifest_wait: int = Field(
        default=86_400,
        ge=1,
        le=604_800,
        description="Seconds to wait for what a manifest names; then the drop is refused.",
    )
    mode: Literal["replace", "append"] = Field(
        default="replace", description="A drop replaces the training set, or adds to it."
    )
    format: Literal["auto", "csv", "tsv", "jsonl", "parquet"] = Field(
        default="auto", description="Format of the dropped files; by default found out."
    )
    checks: Checks = Field(default_factory=_checks, description="What becomes of data that is wrong.")


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
    spot: bool = Field(default=False, description="Spare capacity, much cheaper; AWS may take it away at any time.")
    max_wait: int | None = Field(
        default=None, ge=60, le=2_419_200, description="Seconds for waiting and training together (spot)."
    )
    checkpoints: bool | None = Field(
        default=None, description="Keep /opt/ml/checkpoints, so that an interruption loses minutes; on for spot."
    )
    # botocore: ResourceConfig.InstancePreferences has at most 5.
    fallback: list[Instance] = Field(
        default=[], max_length=5, description="Instance types to try, in this order, where there is no capacity."
    )


class Evaluate(Section):
    """The gate before registration; without it a model must beat the best constant answer."""

    metric: str | None = Field(
        default=None, min_length=1, max_length=255, examples=["auc"], description="What `min` and `max` are about."
    )
    min: float | None = Field(default=None, description="The metric must be at least this.")
    max: float | None = Field(default=None, description="The metric must be at most this.")
    beat_champion: bool = Field(
        default=False, description="It must be better than the live model, on the same rows, by the same metric."
    )
    instance_type: Instance = Field(default="ml.m5.large", description="For preparing and evaluating.")
    bias: Bias | None = Field(default=None, description="Whether groups are treated alike.")
    explain: Explain | None = Field(default=None, description="Which columns the answers come from.")


class Deploy(Section):
    """The endpoint, which is named like the project."""

    enabled: bool = Field(default=True, description="Whether approval deploys.")
    mode: AnyMode | None = Field(
        default=None, description="`batch` has no endpoint. By default `real_time`, or what the block here says."
    )
    strategy: AnyStrategy | None = Field(
        default=None,
        description="`canary`: first a part, then all; `linear`: in equal steps; `rolling`: in place; `ab`, `shadow`: "
        "beside the live version first. By default `all_at_once`, or what the block here says.",
    )
    instance_type: Instance = Field(default="ml.m5.large", description="SageMaker instance type.")
    initial_instance_count: int = Field(default=1, ge=1, le=100, description="Instances to start with.")
    rollout: Rollout | None = Field(default=None, description="How traffic moves, and what takes a version back.")
    ab: AB | None = Field(default=None, description="The new version gets a part of the traffic first.")
    shadow: Shadow | None = Field(default=None, description="The new version gets a copy of the traffic first.")
    variants: list[Variant] | None = Field(
        default=None, min_length=1, max_length=10, description="Several versions that share the traffic for good."
    )
    serverless: Serverless | None = Field(default=None, description="No instances.")
    asynchronous: Asynchronous | None = Field(default=None, description="Answers come to S3.")
    scaling: Scaling | None = Field(default=None, description="As many instances as the load needs.")
    capture: Capture | None = Field(default=None, description="Keep requests and answers.")
    on_reject: Literal["notify", "delete"] = Field(
        default="notify",
        description="What becomes of the endpoint when its version is rejected and none before it is approved.",
    )

    @property
    def serving(self) -> Mode:
        """The mode in force: the one named, or the one whose block is there."""
        found: Mode = "asynchronous" if on(self.asynchronous) else "real_time"
        return self.mode or ("serverless" if on(self.serverless) else found)

    @property
    def moving(self) -> Strategy:
        """The strategy in force: the one named, or the one whose block is there."""
        found: Strategy = "shadow" if on(self.shadow) else "all_at_once"
        return self.strategy or ("ab" if on(self.ab) else found)


class Budget(Section):
    """Limits to what the project may cost."""

    run_usd: float | None = Field(
        default=None, gt=0, description="A run that could cost more is refused before it starts."
    )
    month_usd: float | None = Field(
        default=None, gt=0, description="Runs that could take a month's cost above this are refused."
    )
    idle_hours: int | None = Field(
        default=None, ge=1, le=8_760, description="Hours without a request from which an endpoint is idle."
    )
    on_idle: Literal["notify", "delete"] = Field(default="notify", description="What becomes of an idle endpoint.")


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
    tune: Tune | None = Field(default=None, description="Try many hyperparameters and keep the best.")
    monitor: Monitor | None = Field(default=None, description="What is watched at the endpoint.")
    debug: Debug | None = Field(default=None, description="Rules that watch the training job.")
    features: Features | None = Field(default=None, description="Records dropped under `features/`.")
    label: Label | None = Field(default=None, description="Items dropped under `unlabelled/`.")
    notify: Notify | None = Field(default=None, description="Who is told, and what.")
    budget: Budget = Field(default_factory=Budget)

    @property
    def script(self) -> str | None:
        """The script that trains; None for a built-in algorithm."""
        return self.train.script or ("train.py" if self.algorithm == "sklearn" else None)

    def parts(self) -> Split:
        """The split, with its defaults."""
        return self.split or Split()

    def to_json(self) -> str:
        """What the file says, without what it leaves to the defaults; `model_validate_json` reads it."""
        return self.model_dump_json(exclude_unset=True, exclude_none=True)

    def training_fingerprint(self) -> str:
        """Canonical JSON of all that the trained model depends on, besides data and code.

        With the defaults as they are, so that a default that changes is a change. What only decides where, how fast or
        for how much a job runs is not in it, nor what comes before or after training.
        """
        from dropforge.project_fingerprint import canonical

        return canonical(self)
