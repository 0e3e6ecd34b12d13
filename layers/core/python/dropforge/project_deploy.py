"""The parts of `deploy` that few projects have: roll-out, variants, shadow, serverless, async, scaling, capture.

Limits are those of botocore's service model; ../shared/aws/deployment.md has what it does not say.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dropforge.project_base import AWS_NAME, Instance, Seconds, Section, Switched

Version = Annotated[int, Field(ge=1)] | Literal["live", "latest"]
AlarmName = Annotated[str, Field(max_length=255, pattern=r"\S")]


class Rollout(Switched):
    """How traffic moves to a new version. A finished roll-out that AWS took back is told as failed."""

    type: Literal["all_at_once", "canary", "linear", "rolling"] = Field(
        default="all_at_once",
        description="`canary`: first a part, then all; `linear`: in equal steps; `rolling`: in place.",
    )
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
        default=[], max_length=10, description="CloudWatch alarms that take the new version back."
    )


class Variant(Section):
    """One of several versions that share the traffic."""

    name: str = Field(max_length=63, pattern=AWS_NAME, description="A name of its own.")
    model: Version = Field(default="live", description="A version in the registry, `live`, or `latest` (approved).")
    weight: float = Field(default=1.0, ge=0, description="Its share of the traffic is this over the sum.")
    instance_type: Instance | None = Field(default=None, description="By default `deploy.instance_type`.")
    initial_instance_count: int | None = Field(default=None, ge=1, le=100, description="By default that of `deploy`.")


class Shadow(Switched):
    """A version that gets a copy of the traffic; its answers are compared and never given."""

    model: Version = Field(default="latest", description="A version in the registry, or `latest`.")
    sampling: int = Field(default=100, ge=1, le=100, description="Percent of the traffic to copy.")
    instance_type: Instance | None = Field(default=None, description="By default `deploy.instance_type`.")
    initial_instance_count: int = Field(default=1, ge=1, le=100, description="Instances.")
    # sagemaker dg, shadow-tests-create: 7 days by default, 30 at most.
    days: int = Field(default=7, ge=1, le=30, description="How long.")


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
    notify: bool = Field(default=False, description="A notice for each answer.")


class Scaling(Switched):
    """More instances under load, fewer without."""

    min: int = Field(default=1, ge=0, le=100, description="Instances at least; 0 only with `asynchronous`.")
    max: int = Field(default=2, ge=1, le=100, description="Instances at most.")
    metric: Literal["invocations", "concurrency", "backlog"] | None = Field(
        default=None,
        description="What each instance should have; by default `invocations`, or `backlog` with `asynchronous`.",
    )
    target: float = Field(default=70.0, gt=0, description="Of that, how much for each instance.")
    scale_in: Seconds = Field(default=300, description="Seconds to wait before removing one more.")
    scale_out: Seconds = Field(default=60, description="Seconds to wait before adding one more.")


class Capture(Switched):
    """Requests and answers are kept in the artifacts bucket, for monitors and for you."""

    sampling: int = Field(default=100, ge=0, le=100, description="Percent of the requests.")
    mode: Literal["input_and_output", "input", "output"] = Field(
        default="input_and_output", description="What to keep."
    )
