"""What a shadow variant answered, beside what the live one answered to the same calls: from the captured data in S3."""

from __future__ import annotations

from collections.abc import Iterator

import boto3
from dropforge import names
from dropforge.handler import takes
from dropforge.settings import Settings
from experiment.captured import compare, records
from experiment.models import AnswersCompared, CompareAnswers
from experiment.sample import load_sample

# More calls tell no more; files above the second are of calls that nobody joins in a function's memory.
MOST_CALLS, MOST_BYTES = 5000, 64 << 20


class CompareAnswersSettings(Settings):
    """The environment of `compare_answers`."""

    artifacts_bucket_name: str


settings = CompareAnswersSettings.read()
s3 = boto3.client("s3")


@takes(CompareAnswers)
def handler(facts: CompareAnswers) -> AnswersCompared:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    run = facts.challenger.run
    sample = load_sample(s3, settings.artifacts_bucket_name, facts.project, run) if run else None
    champions = records(_lines(facts, facts.champion.variant), facts.since)
    shadows = records(_lines(facts, facts.challenger.variant), facts.since)
    return compare(champions, shadows, sample["problem"] if sample else None)


def _lines(facts: CompareAnswers, variant: str) -> Iterator[str]:
    """The captured calls of a variant, oldest first, from the hour in which the comparison began."""
    bucket, place = names.split_uri(facts.capture_uri)
    prefix = f"{place.rstrip('/')}/{facts.endpoint}/{variant}/"
    hour = facts.since[:13].replace("-", "/").replace("T", "/")
    calls = size = 0
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, StartAfter=f"{prefix}{hour}/")
    for page in pages:
        for item in page.get("Contents", []):
            size += item["Size"]
            if calls >= MOST_CALLS or size > MOST_BYTES:
                return
            body = s3.get_object(Bucket=bucket, Key=item["Key"])["Body"].read()
            lines = body.decode("utf-8", errors="replace").splitlines()
            calls += len(lines)
            yield from lines
