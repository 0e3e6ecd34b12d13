"""What intake's acting functions touch, on moto: the tables as the template makes them, and a versioned data bucket.

moto does not know CopySourceIfMatch, the Delimiter of ListMultipartUploads, nor when an upload began (always in 2010).
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import boto3
from cfnlint.decode import decode
from intake.drops_table import DropsTable
from moto import mock_aws

from tests.unit.intake.test_changes import s3_event

DATA, ARTIFACTS = "data-bucket", "artifacts-bucket"
TABLES = {"DropsTable": "drops", "ProjectsTable": "projects", "RunsTable": "runs"}
QUIET = '{"version": 1, "algorithm": "xgboost", "target": "income"}'


def small_pages(s3: Any, keys: int) -> None:
    """Let S3 list so few keys at once that a handful of objects takes several pages."""
    for operation in ("ListObjectsV2", "ListObjectVersions"):
        s3.meta.events.register(f"provide-client-params.s3.{operation}", lambda params, **_: params | {"MaxKeys": keys})


class Cloud:
    """The services, what is in them, and the functions with their clients put in."""

    def __init__(self) -> None:
        self.s3, self.dynamodb = boto3.client("s3"), boto3.client("dynamodb")
        for bucket in (DATA, ARTIFACTS):
            self.s3.create_bucket(Bucket=bucket)
        self.s3.put_bucket_versioning(Bucket=DATA, VersioningConfiguration={"Status": "Enabled"})
        for name, table in TABLES.items():
            self.dynamodb.create_table(TableName=table, **_declared(name))
        self.table = DropsTable(self.dynamodb, "drops")

    def function(self, name: str) -> Any:
        """A module of intake, as it would start in this cloud."""
        module = importlib.import_module(f"intake.{name}")
        for attribute in ("s3", "dynamodb", "table"):
            if hasattr(module, attribute):
                setattr(module, attribute, getattr(self, attribute))
        # Another test may have imported it in another environment.
        names = {"data_bucket_name": DATA, "artifacts_bucket_name": ARTIFACTS}
        names |= {f"{table}_table_name": table for table in TABLES.values()}
        known = set(type(module.settings).model_fields)
        module.settings = module.settings.model_copy(update={k: v for k, v in names.items() if k in known})
        return module

    def put(self, key: str, body: bytes = b"1,2\n") -> str:
        """Drop an object; its version."""
        return str(self.s3.put_object(Bucket=DATA, Key=key, Body=body)["VersionId"])

    def told(self, key: str, *, body: bytes = b"1,2\n", sequencer: str = "61", kind: str = "Object Created") -> str:
        """Drop an object (or delete it), and let its event be claimed."""
        event = s3_event(key, len(body), sequencer, kind)
        if kind == "Object Created":
            made = self.s3.put_object(Bucket=DATA, Key=key, Body=body)
            event["detail"]["object"] |= {"version-id": made["VersionId"], "etag": made["ETag"].strip('"')}
        else:
            gone = self.s3.delete_object(Bucket=DATA, Key=key)
            event["detail"]["object"]["version-id"] = gone["VersionId"]
        event["time"] = datetime.now(UTC).isoformat()
        assert self.claim(event) == []
        return str(event["detail"]["object"]["version-id"])

    def claim(self, *bodies: Any) -> list[str]:
        """Give messages to the claim function; the ids of those that come back."""
        records = [
            {"messageId": f"m{i}", "body": b if isinstance(b, str) else json.dumps(b)} for i, b in enumerate(bodies)
        ]
        failures = self.function("claim_drops").handler({"Records": records}, None)["batchItemFailures"]
        return [f["itemIdentifier"] for f in failures]

    def store(self, table: str, pk: str, sk: str, **values: Any) -> None:
        """Write an item of texts and whole numbers."""
        item = {"pk": pk, "sk": sk, **values}
        typed = {k: {"N": str(v)} if isinstance(v, int) else {"S": v} for k, v in item.items()}
        self.dynamodb.put_item(TableName=table, Item=typed)

    def project(self, config: str = QUIET, name: str = "adult") -> None:
        """A valid project.yaml."""
        self.store("projects", name, "config", config=config)

    def items(self, sk: str = "", table: str = "drops") -> list[dict[str, Any]]:
        """Plain items whose sort key begins so."""
        pages = self.dynamodb.get_paginator("scan").paginate(TableName=table)
        found = [{k: next(iter(v.values())) for k, v in i.items()} for page in pages for i in page["Items"]]
        return [i for i in found if i["sk"].startswith(sk)]

    def window(self) -> dict[str, Any]:
        """The only window."""
        (found,) = self.items("window#")
        return found


def place(window: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A window as the machine hands it to the functions."""
    names = ("project", "channel", "folder", "drop", "manifest", "manifest_version")
    return {name: window.get(name) for name in names} | more


@cache
def _template() -> dict[str, Any]:
    template, _ = decode("template.yaml")
    return dict(json.loads(json.dumps(template)))


def _declared(name: str) -> dict[str, Any]:
    """CreateTable's arguments, from the template."""
    properties = _template()["Resources"][name]["Properties"]
    kept = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
    return {k: properties[k] for k in kept if k in properties}


@contextmanager
def cloud() -> Iterator[Cloud]:
    """A cloud of its own for one test."""
    with mock_aws():
        yield Cloud()


def ago(**span: float) -> str:
    """A time as the tables have it."""
    return (datetime.now(UTC) - timedelta(**span)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
