"""Two buckets and a drop in them, for tests of the inspection."""

from __future__ import annotations

import json
from typing import Any

import boto3
from dropforge_jobs.inspect import inspect

CSV = b"a,b,y\n" + b"".join(b"%d,%d,%s\n" % (n, n * 7 % 11, b"xy"[n % 2 : n % 2 + 1]) for n in range(300))
PROJECT = {"algorithm": "xgboost", "target": "y"}


class Cloud:
    """S3 with a versioned data bucket; `put` drops, `inspect` looks at what was dropped."""

    def __init__(self) -> None:
        self.s3 = boto3.client("s3")
        for name in ("data-bucket", "artifacts-bucket"):
            self.s3.create_bucket(Bucket=name)
        self.s3.put_bucket_versioning(Bucket="data-bucket", VersioningConfiguration={"Status": "Enabled"})
        self.objects: list[dict[str, Any]] = []

    def put(self, name: str, body: bytes) -> dict[str, Any]:
        key = f"adult/train/{name}"
        done = self.s3.put_object(Bucket="data-bucket", Key=key, Body=body)
        line = {"name": name, "key": key, "size": len(body), "etag": done["ETag"].strip('"')}
        self.objects = [item for item in self.objects if item["name"] != name]
        self.objects.append(line | {"version_id": done["VersionId"], "sequencer": "1", "time": "2026-01-01T00:00:00Z"})
        return self.objects[-1]

    def settings(self, drop: str = "drop000001", **project: Any) -> dict[str, Any]:
        uri = f"s3://artifacts-bucket/adult/drops/{drop}/objects.jsonl"
        body = "".join(json.dumps(item) + "\n" for item in self.objects)
        self.s3.put_object(Bucket="artifacts-bucket", Key=uri.split("/", 3)[3], Body=body.encode())
        return {
            "project": "adult",
            "channel": "train",
            "folder": "",
            "drop": drop,
            "data_bucket": "data-bucket",
            "artifacts_bucket": "artifacts-bucket",
            "objects_uri": uri,
            "config": json.dumps(PROJECT | project),
            "previous": None,
        }

    def inspect(self, changes: dict[str, Any] | None = None, **project: Any) -> dict[str, Any]:
        return inspect(self.settings(**project) | (changes or {}), self.s3, 300.0)

    def frozen(self, found: dict[str, Any]) -> list[str]:
        prefix = found["uri"].split("/", 3)[3]
        pages = self.s3.list_objects_v2(Bucket="artifacts-bucket", Prefix=prefix)
        return sorted(item["Key"].removeprefix(prefix) for item in pages.get("Contents", []))

    def body(self, uri: str) -> bytes:
        bucket, key = uri.removeprefix("s3://").split("/", 1)
        return bytes(self.s3.get_object(Bucket=bucket, Key=key)["Body"].read())
