"""`deploy.ab` and `deploy.shadow`: a new version beside the live one, until it is promoted or removed."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from dropforge.project_base import Instance, Switched

# Thirty days: as long as AWS lets a shadow test take (sagemaker dg, shadow-tests-create).
Watched = Annotated[int, Field(ge=1, le=2_592_000)]
Percent = Annotated[int, Field(ge=1, le=100)]


class AB(Switched):
    """The new version gets a part of the traffic; it is promoted if it does no worse."""

    weight: int = Field(default=10, ge=1, le=99, description="Percent of the traffic for the new version.")
    bake: Watched = Field(default=3600, description="Seconds to watch before comparing.")
    longest: Watched = Field(default=86_400, description="Seconds to wait for `requests` at most.")
    requests: int = Field(default=100, ge=1, le=1_000_000, description="Calls that each version must have answered.")
    steps: list[Percent] = Field(
        default=[25, 50, 100],
        min_length=1,
        max_length=10,
        description="Percent of the traffic on the way up, in steps.",
    )
    max_errors: float = Field(default=5.0, gt=0, le=100, description="Percent of calls it may answer with 5XX.")
    max_latency_ratio: float = Field(
        default=1.5, ge=1, le=100, description="Its latency over the live version's, at most."
    )


class Shadow(Switched):
    """The new version gets a copy of the traffic; its answers are compared and never given."""

    sampling: int = Field(default=100, ge=1, le=100, description="Percent of the traffic to copy.")
    bake: Watched = Field(default=3600, description="Seconds to watch before comparing.")
    longest: Watched = Field(default=86_400, description="Seconds to wait for `requests` at most.")
    requests: int = Field(default=100, ge=1, le=1_000_000, description="Pairs of answers to compare.")
    agreement: float = Field(default=0.9, gt=0, le=1, description="Part of the answers that must be alike.")
    instance_type: Instance | None = Field(default=None, description="By default `deploy.instance_type`.")
    initial_instance_count: int = Field(default=1, ge=1, le=100, description="Instances.")
