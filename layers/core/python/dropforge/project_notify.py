"""`notify` of a project.yaml: who is told, and what."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from dropforge.project_base import Switched

# What SNS takes as endpoints: an address, a number in E.164, an ARN.
EMAIL = r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](-*[A-Za-z0-9])*(\.[A-Za-z0-9](-*[A-Za-z0-9])*)+$"
PHONE = r"^\+[1-9][0-9]{6,14}$"
QUEUE = r"^arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}(\.fifo)?$"


class Notify(Switched):
    """Who gets the project's notices, besides the subscribers of the topic."""

    email: list[Annotated[str, Field(max_length=254, pattern=EMAIL)]] = Field(
        default=[], max_length=20, description="Addresses; each confirms once."
    )
    sms: list[Annotated[str, Field(pattern=PHONE)]] = Field(
        default=[], max_length=20, description="Telephone numbers with country code, in quotes: '+441632960001'."
    )
    queue: list[Annotated[str, Field(pattern=QUEUE)]] = Field(
        default=[], max_length=20, description="ARNs of SQS queues; their policies must let the topic send."
    )
    min_severity: Literal["info", "warning", "error"] = Field(default="info", description="Nothing below this.")
