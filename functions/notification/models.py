"""What notification's function takes and gives."""

from __future__ import annotations

from typing import Any

from dropforge.handler import Decision, Facts
from pydantic import Field


class BusEvent(Facts):
    """An event on the bus `dropforge`, as EventBridge delivers it."""

    id: str
    source: str = ""
    detail_type: str = Field(alias="detail-type")
    region: str = ""
    detail: dict[str, Any]


class Notice(Decision):
    """What to publish: `message` has a text for each protocol, `attributes` are SNS MessageAttributes."""

    notice: bool
    id: str
    subject: str = ""
    message: dict[str, str] = Field(default_factory=dict)
    attributes: dict[str, dict[str, str]] = Field(default_factory=dict)
