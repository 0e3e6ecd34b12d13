from __future__ import annotations

import importlib
import io
import tarfile
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from dropforge_jobs.package import SERVING_FILES
from moto import mock_aws
from training.code_archive import archive

from tests.unit.training.facts import SCRIPT, code, trained_plan

SOURCE = "s3://artifacts-bucket/adult/runs/abcdefghij/training/df-abcdefghij-train-a1/output/model.tar.gz"


@pytest.fixture
def s3() -> Iterator[Any]:
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="artifacts-bucket")
        yield client


def put(s3: Any, uri: str, body: bytes) -> None:
    bucket, key = uri.removeprefix("s3://").split("/", 1)
    s3.put_object(Bucket=bucket, Key=key, Body=body)


def pack(s3: Any, package: dict[str, Any]) -> dict[str, bytes]:
    module = importlib.import_module("training.package_model")
    module.s3 = s3  # type: ignore[attr-defined]
    result = module.handler(package | {"source": SOURCE, "run": "abcdefghij"}, None)
    bucket, key = result["model_data_url"].removeprefix("s3://").split("/", 1)
    body = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as tar:
        return {m.name: tar.extractfile(m).read() for m in tar if m.isfile()}  # type: ignore[union-attr]


def test_a_built_in_model_gets_its_preprocessor_and_our_serving_code(s3: Any) -> None:
    put(s3, SOURCE, archive({"xgboost-model": b"booster"}))
    package = trained_plan()["package"]
    put(s3, package["additions"]["files"]["preprocessor.json"], b"{}")
    members = pack(s3, package)
    assert members["xgboost-model"] == b"booster"
    assert members["preprocessor.json"] == b"{}"
    assert {n.removeprefix("code/") for n in members if n.startswith("code/")} == set(SERVING_FILES)


def test_a_scripts_model_gets_the_code_that_trained_it(s3: Any) -> None:
    put(s3, SOURCE, archive({"model.joblib": b"m"}))
    package = trained_plan(SCRIPT, found=None, code=code("train.py"))["package"]
    put(s3, code()["uri"], archive({"train.py": b"print()", "sub/x.py": b""}))
    assert set(pack(s3, package)) == {"model.joblib", "code/train.py", "code/sub/x.py"}
