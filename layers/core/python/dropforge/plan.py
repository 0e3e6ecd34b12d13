"""What travels between the steps of a run. A training method takes a `RunPlan` and gives a `TrainedModel`."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class _Shape(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True)


class Head(_Shape):
    """What the first lines of a drop's first file show. `columns` is null where there is no header."""

    columns: list[str] | None = None
    fields: int = 0
    header: bool = False
    rows: list[list[str]] = []


class Frozen(_Shape):
    """A frozen copy under `uri`, the SHA-256 of its names and contents, and that of its contents alone."""

    digest: str
    uri: str
    content: str | None = None


class Code(Frozen):
    """The project's `code/` as it was, in one `sourcedir.tar.gz`; `files` are the names at its top."""

    files: list[str] = []


class FrozenDataset(Frozen):
    """A drop, copied to where nothing changes it. `fingerprint` also covers validation data, code and config."""

    objects: int
    bytes: int
    validation: Frozen | None = None
    head: Head = Field(default_factory=Head)
    code: Code | None = None
    fingerprint: str | None = None


class RunPlan(_Shape):
    """A run before its data is prepared: how to train, and what to prepare (null: the bytes as dropped)."""

    method: str
    project: str
    run: str
    attempt: int
    drop: str | None = None
    prepare: dict[str, Any] | None = None
    settings: dict[str, str] | None = None
    preparation: dict[str, str] | None = None
    context: dict[str, Any]


class TrainedModel(_Shape):
    """What a training method gives back; `metrics` as DescribeTrainingJob's FinalMetricDataList."""

    model_data_url: str
    training_job_name: str
    training_job_arn: str
    metrics: list[dict[str, Any]] = []
