"""What the data that a candidate learnt from have otherwise than the champion's: two profiles are read from S3."""

from __future__ import annotations

import json
from typing import Any

import boto3
from botocore.exceptions import ClientError
from dropforge import names
from dropforge.errors import ProfileMissingError
from dropforge.handler import takes
from dropforge.settings import Settings
from dropforge_jobs.profile.settings import VERSION
from dropforge_jobs.profile.since import since
from evaluation.models import CompareData, DataChanges


class CompareDataSettings(Settings):
    """The environment of `compare_data`."""

    artifacts_bucket_name: str


settings = CompareDataSettings.read()
s3 = boto3.client("s3")


@takes(CompareData)
def handler(facts: CompareData) -> DataChanges:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    before, now = (_profile(facts.project, drop) for drop in (facts.champion_drop, facts.drop))
    return DataChanges(drop=facts.champion_drop, **since(before, now))


def _profile(project: str, drop: str) -> dict[str, Any]:
    """profile.json of a drop. Raises ProfileMissingError where intake wrote none, or another release did."""
    place = names.drop_folder(settings.artifacts_bucket_name, project, drop).below("profile.json")
    try:
        found: dict[str, Any] = json.load(s3.get_object(Bucket=place.bucket, Key=place.key)["Body"])
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchKey":
            raise
        raise ProfileMissingError(f"there is no profile of drop {drop}") from error
    if found.get("version") != VERSION:
        raise ProfileMissingError(f"the profile of drop {drop} was written by another release")
    return found
