"""The parts of `deploy` that few projects have: roll-out, variants, serverless, async, scaling, capture.

Limits are those of botocore's service model; ../shared/aws/deployment.md has what it does not say.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from dropforge.project_base import AWS_NAME, Instance, Seconds, Section, Switched

Version = Annotated[int, Field(ge=1)] | Literal["live", "latest"]
Clock = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$", examples=["22:00"])]
AlarmName = Annotated[str, Field(max_length=255, pattern=r"\S")]


class Rollout(Switched):
    """How traffic moves to a new version, and what takes it back."""

    size: int | None = Field(
        default=None, ge=1, le=100, description="The canary, step or batch; by default 10 percent."
    )
    unit: Literal["percent", "instances"] = Field(default="percent", description="What `size` counts.")
    wait: Seconds = Field(default=300, description="Seconds to watch the alarms after each step.")
    bake: Seconds = Field(default=300, description="Seconds until the old instances go (not `rolling`).")
    timeout: int | None = Field(
        default=None, ge=600, le=28_800, description="Seconds for the whole; AWS then rolls back."
    )
    rollback_size: int | None = Field(
        default=None, ge=1, le=100, description="Batch on the way back (`rolling` only); by default all at once."
    )
    alarms: list[AlarmName] = Field(
        default=[], max_length=8, description="CloudWatch alarms of yours that take the new version back, too."
    )
    max_errors: float = Field(
        default=5.0, gt=0, le=100, description="Percent of the calls that the new instances may answer with 5XX."
    )
    max_latency: int = Field(
        default=1000, ge=1, le=3_600_000, description="Milliseconds that nine of ten answers of the model may take."
    )


class Variant(Section):
    """One of several versions that share the traffic."""

    name: str = Field(max_length=63, pattern=AWS_NAME, description="A name of its own.")
    model: Version = Field(default="live", description="A version in the registry, `live`, or `latest` (approved).")
    weight: float = Field(default=1.0, ge=0, description="Its share of the traffic is this over the sum.")
    instance_type: Instance | None = Field(default=None, description="By default `deploy.instance_type`.")
    initial_instance_count: int | None = Field(default=None, ge=1, le=100, description="By default that of `deploy`.")


class Serverless(Switched):
    """No instances: AWS runs the model when it is asked, and bills only that."""

    memory: int = Field(default=2048, ge=1024, le=6144, multiple_of=1024, description="MB, in steps of 1024.")
    max_concurrency: int = Field(default=5, ge=1, le=200, description="Requests at the same time.")
    provisioned: int | None = Field(
        default=None, ge=1, le=200, description="Of these, how many are kept warm (and billed)."
    )


class Asynchronous(Switched):
    """Requests wait in a queue and answers go to S3: for large bodies and long computations."""

    max_concurrent: int | None = Field(default=None, ge=1, le=1000, description="Requests at once on each instance.")
    notify: bool = Field(
        default=False, description="SageMaker's own message (JSON, without our attributes) for each answer."
    )


class Night(Section):
    """Hours in which fewer instances are enough."""

    model_config = ConfigDict(serialize_by_alias=True)

    min: int = Field(default=1, ge=0, le=100, description="Instances at least, at night.")
    start: Clock = Field(default="22:00", alias="from", description="When it begins.")
    until: Clock = Field(default="06:00", description="When it ends.")
    timezone: str = Field(
        default="UTC", max_length=64, pattern=r"^[A-Za-z0-9_+/-]+$", description="Such as Europe/Berlin."
    )


class Scaling(Switched):
    """More instances under load, fewer without."""

    min: int = Field(default=1, ge=0, le=100, description="Instances at least; 0 only with `asynchronous`.")
    max: int = Field(default=2, ge=1, le=200, description="Instances at most.")
    metric: Literal["invocations", "concurrency", "backlog"] | None = Field(
        default=None,
        description="What each instance should have; by default what suits the mode: `invocations` (in a minute), "
        "`concurrency` (serverless), `backlog` (asynchronous).",
    )
    target: float = Field(
        default=70.0, gt=0, description="Of that, how much for each; with serverless, percent in use."
    )
    scale_in: Seconds = Field(default=300, description="Seconds to wait before removing one more.")
    scale_out: Seconds = Field(default=60, description="Seconds to wait before adding one more.")
    night: Night | None = Field(default=None, description="Another minimum at night.")


class Capture(Switched):
    """Requests and answers are kept in the artifacts bucket, for monitors and for you."""

    sampling: int = Field(default=100, ge=0, le=100, description="Percent of the requests.")
    mode: Literal["input_and_output", "input", "output"] = Field(
        default="input_and_output", description="What to keep."
    )
