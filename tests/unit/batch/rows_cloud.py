"""A bucket with a frozen drop, for the two functions that read rows."""

from __future__ import annotations

import importlib
import json
from typing import Any

import boto3

BUCKET = "artifacts-bucket"
DATASET = f"s3://{BUCKET}/adult/datasets/0d/"
PREPROCESSOR = {
    "target": "left",
    "target_index": 1,
    "classes": ["no", "yes"],
    "columns": [{"name": "age"}, {"name": "city"}],
}
PACKAGE = {"ModelPackageVersion": 3, "CustomerMetadataProperties": {"dropforge:run": "k3j9x0a1b2"}}


class Cloud:
    """S3 as the functions see it."""

    def __init__(self) -> None:
        self.s3 = boto3.client("s3")
        self.s3.create_bucket(Bucket=BUCKET)

    def put(self, key: str, text: str) -> None:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=text.encode())

    def get(self, key: str) -> str:
        body: bytes = self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        return body.decode()

    def drop(self, ours: bool = True, **files: str) -> None:
        for name, text in files.items():
            self.put(f"adult/datasets/0d/{name}.csv", text)
        if ours:
            self.put("adult/runs/k3j9x0a1b2/prepared/preprocessor.json", json.dumps(PREPROCESSOR))

    def call(self, function: str, **more: Any) -> dict[str, Any]:
        module = importlib.import_module(f"batch.{function}")
        module.s3 = self.s3  # type: ignore[attr-defined]
        facts = {
            "project": "adult",
            "drop": "abcdefghij",
            "package": PACKAGE,
            "config": '{"version": 1, "algorithm": "xgboost", "target": "left"}',
            "dataset": {"digest": "0d", "uri": DATASET, "objects": 1, "bytes": 100},
        }
        found: dict[str, Any] = module.handler(facts | more, None)
        return found
