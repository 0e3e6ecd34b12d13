"""What S3 says of a window's folder before it closes: objects that nobody told of, uploads, the manifest."""

from __future__ import annotations

from typing import Any

import boto3
from dropforge.handler import takes
from dropforge.settings import Settings
from intake import folder
from intake.drops_table import DropsTable
from intake.manifest_file import load_manifest
from intake.models import CheckWindow
from intake.windows import completes

UPLOADS_SHOWN = 20
MISSING_SHOWN = 20


class CheckWindowSettings(Settings):
    """The environment of `check_window`."""

    data_bucket_name: str
    drops_table_name: str


settings = CheckWindowSettings.read()
s3 = boto3.client("s3")
table = DropsTable(boto3.client("dynamodb"), settings.drops_table_name)


@takes(CheckWindow)
def handler(facts: CheckWindow) -> dict[str, Any]:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    rules = {facts.project: completes(facts.config)}
    missed: list[Any] = []
    seen: set[str] = set()
    listing = folder.Listing(s3, settings.data_bucket_name)
    for events, _ in listing.pages(facts.place, deep=False):
        seen.update(event["detail"]["object"]["key"] for event in events)
        # What was written after _SUCCESS is the next drop's; with a steady stream of it this one would never close.
        missed += folder.look(table, folder.until(events, facts.completed_at), rules)
    vanished = [key for key in table.keys_in(facts.pk, facts.drop) if key not in seen]
    missed += folder.look(table, listing.vanished(vanished), rules)
    return {
        "unclaimed": len(missed),
        "entries": folder.messages(missed),
        "uploads": _uploads(facts.place),
        "manifest": _manifest(facts) if facts.reason == "manifest" else None,
    }


def _uploads(place: str) -> list[dict[str, str]]:
    """Multipart uploads of data directly in the folder, the youngest first: an old one may have been given up."""
    found = s3.list_multipart_uploads(Bucket=settings.data_bucket_name, Prefix=place, Delimiter="/").get("Uploads", [])
    ours = sorted((u for u in found if folder.in_folder(u["Key"], place)), key=lambda u: u["Initiated"], reverse=True)
    return [{"key": u["Key"], "initiated": u["Initiated"].isoformat()} for u in ours[:UPLOADS_SHOWN]]


def _manifest(facts: CheckWindow) -> dict[str, Any]:
    """Which of the objects that the manifest names are recorded as there."""
    read = load_manifest(s3, settings.data_bucket_name, facts)
    if read.problem:
        return {"problem": read.problem}
    there = table.items_of(facts.pk, read.keys)
    missing = [key for key in read.keys if key not in there]
    return {
        "count": len(read.keys),
        "missing": [key.rsplit("/", 1)[-1] for key in missing[:MISSING_SHOWN]],
        "missing_count": len(missing),
    }
