"""A closed window's objects, as a list in S3: object by object, with the version that was dropped."""

from __future__ import annotations

import json
from typing import Any

import boto3
from botocore.exceptions import ClientError
from dropforge import names
from dropforge.handler import takes
from dropforge.settings import Settings
from intake.drops_table import DropsTable
from intake.manifest import Manifest
from intake.manifest_file import load_manifest
from intake.models import ListDrop


class ListDropSettings(Settings):
    """The environment of `list_drop`."""

    data_bucket_name: str
    artifacts_bucket_name: str
    drops_table_name: str


#: What S3 answers if the list is there, or being written.
_THERE = ("PreconditionFailed", "ConditionalRequestConflict")

settings = ListDropSettings.read()
s3 = boto3.client("s3")
table = DropsTable(boto3.client("dynamodb"), settings.drops_table_name)


@takes(ListDrop)
def handler(facts: ListDrop) -> dict[str, Any]:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    objects, said = _list(facts)
    place = names.drop_folder(settings.artifacts_bucket_name, facts.project, facts.drop).below("objects.jsonl")
    body = "".join(json.dumps(o, ensure_ascii=False) + "\n" for o in objects)
    more = {"Body": body.encode(), "ContentType": "application/jsonlines", "Metadata": said}
    try:
        s3.put_object(Bucket=place.bucket, Key=place.key, IfNoneMatch="*", **more)
    except ClientError as error:
        if error.response["Error"]["Code"] not in _THERE:
            raise
        # Another execution listed it, and stopped or is at work. Whatever has happened since, the list stays.
        found = s3.get_object(Bucket=place.bucket, Key=place.key)
        objects, said = [json.loads(line) for line in found["Body"].read().splitlines()], found["Metadata"]
    return {
        "uri": place.uri,
        "count": len(objects),
        "bytes": sum(int(o["size"]) for o in objects),
        "force": said["force"] == "true",
        "left_out": int(said["left-out"]),
        "previous": table.previous(facts.project, facts.channel, facts.drop),
    }


def _list(facts: ListDrop) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The objects as the table has them now; and whether the manifest says `force`, and how many it leaves out."""
    manifest = load_manifest(s3, settings.data_bucket_name, facts) if facts.manifest else Manifest()
    held = {str(item["key"]): item for item in table.items_in(facts.pk, facts.drop)}
    taken, left_out = held, 0
    if facts.reason == "manifest":
        named = set(manifest.keys)
        # What it names is in this window, as the window holds it, or came with an earlier one and is named again.
        again = table.items_of(facts.pk, sorted(named - held.keys()))
        taken = {key: item for key, item in (again | held).items() if key in named}
        left_out = len(held.keys() - named)
    objects = [_described(item, facts.place) for item in taken.values() if item["kind"] == "object"]
    said = {"force": str(manifest.force).lower(), "left-out": str(left_out)}
    return sorted(objects, key=lambda o: str(o["name"])), said


def _described(item: dict[str, Any], place: str) -> dict[str, Any]:
    key = str(item["key"])
    kept = ("size", "etag", "version_id", "sequencer", "time", "via")
    return {"name": key[len(place) :], "key": key, **{k: item[k] for k in kept if k in item}}
