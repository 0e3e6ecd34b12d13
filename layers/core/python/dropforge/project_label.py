"""`label` of a project.yaml: what is dropped under `unlabelled/` is labelled by people, and then trained on.

Limits are those of botocore's service model (HumanTaskConfig, LabelingJobStoppingConditions).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dropforge.project_base import Engine, Switched, Word

Keyword = Annotated[str, Field(max_length=30, pattern=r"^[A-Za-z0-9]+( [A-Za-z0-9]+)*$")]
WORKTEAM = r"^arn:aws[a-z-]*:sagemaker:[a-z0-9-]*:[0-9]{12}:workteam/.+$"
Task = Literal[
    "image_classification", "image_multilabel", "bounding_box", "semantic_segmentation",
    "text_classification", "text_multilabel", "named_entities", "custom",
]  # fmt: skip


class Label(Switched):
    """Who labels what, how often, and for how much."""

    engine: Engine = Field(default="builtin", description="`managed` is Ground Truth, closed to new accounts.")
    task: Task = Field(description="What people are asked.")
    labels: list[Word] = Field(min_length=1, max_length=250, description="What they may answer.")
    workforce: Literal["private", "vendor", "mechanical_turk"] = Field(default="private", description="Who they are.")
    workteam: str | None = Field(
        default=None, max_length=256, pattern=WORKTEAM, description="ARN of the private or vendor team."
    )
    workers: int = Field(default=1, ge=1, le=9, description="People that label each object.")
    price: float | None = Field(default=None, gt=0, description="US dollars for each task (Mechanical Turk only).")
    public: bool = Field(default=False, description="The data is neither personal nor confidential, anyone may see it.")
    title: str | None = Field(default=None, min_length=1, max_length=128, description="Of the task.")
    instruction: str | None = Field(default=None, min_length=1, max_length=255, description="In one sentence.")
    keywords: list[Keyword] = Field(default=[], max_length=5, description="By which workers find the task.")
    time_limit: int = Field(default=3600, ge=30, le=28_800, description="Seconds for one object.")
    available: int | None = Field(default=None, ge=60, le=2_592_000, description="Seconds that a task is on offer.")
    max_objects: int | None = Field(default=None, ge=1, description="Objects that people label at most.")
    max_percent: int | None = Field(default=None, ge=1, le=100, description="Of all, how many to label.")
