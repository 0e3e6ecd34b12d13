"""`features` of a project.yaml: the Feature Store group that the dropped records go to."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from dropforge.project_base import Switched, Word

# botocore: FeatureGroupName and FeatureName.
FEATURE_NAME = r"^[a-zA-Z0-9]([-_]*[a-zA-Z0-9]){0,63}$"


class Features(Switched):
    """One definition of the features for training and serving: records dropped under `features/`."""

    record_id: Word = Field(description="Column that names the record.")
    event_time: Word = Field(description="Column with the time from which the record is true.")
    group: str | None = Field(
        default=None, pattern=FEATURE_NAME, description="The feature group; by default the project."
    )
    online: bool = Field(default=True, description="Serve the newest record in milliseconds.")
    offline: bool = Field(default=True, description="Keep every record for training sets.")
    storage: Literal["standard", "in_memory"] = Field(default="standard", description="Of the online store.")
    table_format: Literal["glue", "iceberg"] = Field(default="glue", description="Of the offline store.")
    ttl: int | None = Field(default=None, ge=1, le=3_153_600_000, description="Seconds until an online record goes.")
