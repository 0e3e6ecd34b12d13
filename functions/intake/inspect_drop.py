"""Looks at what was dropped before money is spent on it: hashes, quarantines, profiles and freezes it."""

from __future__ import annotations

from typing import Any

import boto3
from dropforge.errors import DropChangedError, DropTooLargeError
from dropforge.handler import takes
from dropforge.settings import Settings
from dropforge_jobs.errors import JobError
from dropforge_jobs.inspect import inspect
from dropforge_jobs.store import ObjectChangedError
from intake.models_inspect import InspectDrop

#: Of the function's 900 seconds; the rest is for writing down what was found.
SECONDS = 780.0


class InspectDropSettings(Settings):
    """The environment of `inspect_drop`: the buckets that it may touch, whatever it is told."""

    data_bucket_name: str
    artifacts_bucket_name: str


settings = InspectDropSettings.read()
s3 = boto3.client("s3")


@takes(InspectDrop)
def handler(facts: InspectDrop) -> dict[str, Any]:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    buckets = {"data_bucket": settings.data_bucket_name, "artifacts_bucket": settings.artifacts_bucket_name}
    try:
        return inspect({**facts.model_dump(), **buckets}, s3, SECONDS)
    except ObjectChangedError as error:
        raise DropChangedError(str(error)) from error
    except JobError as error:
        raise DropTooLargeError(str(error)) from error
