"""What `inspect_drop` takes; what it gives is inspection.json (docs/data.md)."""

from __future__ import annotations

from typing import Any

from dropforge.handler import Facts


class InspectDrop(Facts):
    """A listed drop, the project as JSON (null: none is valid yet), and the last accepted data set."""

    project: str
    channel: str
    folder: str = ""
    drop: str
    data_bucket: str
    artifacts_bucket: str
    objects_uri: str
    config: str | None = None
    previous: dict[str, Any] | None = None
