from __future__ import annotations

import importlib
import io
import json
import tarfile
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from dropforge.errors import DropTooLargeError, InputInvalidError
from dropforge.names import Place
from dropforge.plan import FrozenDataset
from moto import mock_aws
from training import code_archive

from tests.unit.intake.cloud import small_pages
from tests.unit.training.facts import BUILT_IN, RUN, SCRIPT, config, dataset

NAMES = {
    "drops_table_name": "drops",
    "data_bucket_name": "data-bucket",
    "artifacts_bucket_name": "artifacts-bucket",
}
DIGEST, CONTENT = "d" * 64, "c" * 64


class Cloud:
    """The two buckets and the drops table."""

    def __init__(self) -> None:
        self.s3, self.dynamodb = boto3.client("s3"), boto3.client("dynamodb")
        for name in ("data-bucket", "artifacts-bucket"):
            self.s3.create_bucket(Bucket=name)
        key = [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}]
        index = [{"AttributeName": "project", "KeyType": "HASH"}, {"AttributeName": "opened_at", "KeyType": "RANGE"}]
        self.dynamodb.create_table(
            TableName="drops",
            KeySchema=key,
            AttributeDefinitions=[
                {"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk", "project", "opened_at")
            ],
            GlobalSecondaryIndexes=[
                {"IndexName": "by-project", "KeySchema": index, "Projection": {"ProjectionType": "ALL"}}
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        self.module = importlib.import_module("training.gather_inputs")
        self.module.s3, self.module.dynamodb = self.s3, self.dynamodb  # type: ignore[attr-defined]
        # Another test may have imported it in another environment.
        self.module.settings = self.module.settings.model_copy(update=NAMES)  # type: ignore[attr-defined]

    def put(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket="data-bucket", Key=key, Body=body)

    def window(self, drop: str, opened: str, **more: str) -> None:
        values = {"project": "adult", "channel": "validation", "outcome": "ACCEPTED", "drop": drop}
        values |= {"opened_at": f"2026-11-{opened}T05:00:00.000Z", "digest": drop * 6, "content": f"{drop}-content"}
        values |= {
            "uri": f"s3://artifacts-bucket/adult/datasets/{drop}/",
            "pk": f"adult/{drop}",
            "sk": "window#x",
        } | more
        self.dynamodb.put_item(TableName="drops", Item={k: {"S": v} for k, v in values.items()})

    def gather(self, text: str = BUILT_IN, **changes: Any) -> dict[str, Any]:
        dropped = {**dataset(content=CONTENT, fingerprint=None), **changes.pop("dataset", {})}
        event = {"project": "adult", "run": RUN, "dataset": dropped, "config": config(text)}
        result: dict[str, Any] = self.module.handler(event | changes, None)
        return result

    def archive(self, code: dict[str, Any]) -> bytes:
        bucket, key = code["uri"].removeprefix("s3://").split("/", 1)
        body: bytes = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with mock_aws():
        yield Cloud()


def test_the_data_set_is_the_one_that_intake_froze(cloud: Cloud) -> None:
    gathered = cloud.gather()
    given = dataset(content=CONTENT)
    assert {k: gathered[k] for k in ("digest", "content", "uri", "objects", "bytes", "head")} == {
        k: given[k] for k in ("digest", "content", "uri", "objects", "bytes", "head")
    }
    assert (gathered["code"], gathered["validation"]) == (None, None)
    assert FrozenDataset.model_validate(gathered).fingerprint == gathered["fingerprint"]
    assert len(gathered["fingerprint"]) == 64
    assert cloud.s3.list_objects_v2(Bucket="artifacts-bucket")["KeyCount"] == 0, "nothing is copied again"


def test_an_event_without_a_data_set_says_so(cloud: Cloud) -> None:
    with pytest.raises(InputInvalidError, match="dataset"):
        cloud.module.handler({"project": "adult", "run": RUN, "config": config(BUILT_IN)}, None)


# ---------------------------------------------------------------- the fingerprint
def test_names_of_files_count_for_a_script_only(cloud: Cloud) -> None:
    other = {"digest": "e" * 64}
    assert cloud.gather()["fingerprint"] == cloud.gather(dataset=other)["fingerprint"]
    cloud.put("adult/code/train.py", b"print()")
    assert cloud.gather(SCRIPT)["fingerprint"] != cloud.gather(SCRIPT, dataset=other)["fingerprint"]


def test_everything_that_a_model_depends_on_is_in_the_fingerprint(cloud: Cloud) -> None:
    cloud.put("adult/code/train.py", b"print()")
    seen = [
        cloud.gather()["fingerprint"],
        cloud.gather(dataset={"content": "f" * 64})["fingerprint"],
        cloud.gather(BUILT_IN + "problem: binary\n")["fingerprint"],
        cloud.gather(SCRIPT)["fingerprint"],
    ]
    cloud.put("adult/code/train.py", b"print(1)")
    seen.append(cloud.gather(SCRIPT)["fingerprint"])
    cloud.window("old0000000", "20")
    seen.append(cloud.gather()["fingerprint"])
    assert len(set(seen)) == len(seen)


def test_what_is_only_where_and_how_is_not_in_it(cloud: Cloud) -> None:
    seen = {
        cloud.gather()["fingerprint"],
        cloud.gather(dataset={"uri": "s3://elsewhere/", "objects": 7, "bytes": 7, "head": {}})["fingerprint"],
        cloud.gather(run="bbbbbbbbbb")["fingerprint"],
        cloud.gather(BUILT_IN + "data: {quiet_period: 5}\n")["fingerprint"],
        cloud.gather(BUILT_IN + "train: {max_runtime: 600}\n")["fingerprint"],
    }
    assert len(seen) == 1


# ---------------------------------------------------------------- validation
def test_the_newest_accepted_validation_drop_comes_along(cloud: Cloud) -> None:
    cloud.window("old0000000", "20")
    cloud.window("new0000000", "21")
    cloud.window("refused000", "22", outcome="REFUSED")
    cloud.window("train00000", "23", channel="train")
    cloud.window("another000", "24", project="churn")
    assert cloud.gather()["validation"] == {
        "digest": "new0000000" * 6,
        "content": "new0000000-content",
        "uri": "s3://artifacts-bucket/adult/datasets/new0000000/",
    }


def test_however_many_drops_came_since(cloud: Cloud) -> None:
    cloud.window("old0000000", "01")
    for number in range(30):
        cloud.window(f"t{number:09}", "21", channel="train", announcement="x" * 100_000)  # more than a page of 1 MB
    assert cloud.gather()["validation"]["digest"] == "old0000000" * 6


# ---------------------------------------------------------------- code
def test_code_becomes_one_deterministic_archive(cloud: Cloud) -> None:
    cloud.put("adult/code/train.py", b"print()")
    cloud.put("adult/code/sub/helper.py", b"x = 1")
    cloud.put("adult/code/empty/", b"")
    code = cloud.gather(SCRIPT)["code"]
    assert code["files"] == ["train.py"]
    assert code["uri"] == f"s3://artifacts-bucket/adult/runs/{RUN}/sourcedir.tar.gz"
    body = cloud.archive(code)
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        assert archive.getnames() == ["sub/helper.py", "train.py"]
        member = archive.extractfile("train.py")
        assert member is not None
        assert member.read() == b"print()"
    assert cloud.gather(SCRIPT)["code"]["digest"] == code["digest"]
    assert cloud.archive(code) == body


def test_the_code_of_a_built_in_algorithm_and_of_others_stays_where_it_is(cloud: Cloud) -> None:
    cloud.put("adult/code/train.py", b"print()")
    cloud.put("adult2/code/train.py", b"print()")
    assert cloud.gather()["code"] is None
    assert cloud.gather(SCRIPT, project="adult3")["code"] is None


def test_more_code_than_a_function_packs_says_what_to_do(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(code_archive, "BYTES_LIMIT", 10)
    cloud.put("adult/code/train.py", b"x" * 11)
    with pytest.raises(DropTooLargeError, match="code/ has 11 bytes"):
        cloud.gather(SCRIPT)


def test_very_many_files_of_code_fit_into_a_state(cloud: Cloud) -> None:
    small_pages(cloud.s3, 250)
    for number in range(600):
        cloud.put(f"adult/code/{number:04}.py", b"x")
    code = cloud.gather(SCRIPT)["code"]
    assert len(code["files"]) == 500
    with tarfile.open(fileobj=io.BytesIO(cloud.archive(code))) as archive:
        assert len(archive.getnames()) == 600
    assert len(json.dumps(code)) < 10_000


def test_an_archive_depends_on_nothing_but_names_and_bytes() -> None:
    assert code_archive.archive({"b": b"2", "a": b"1"}) == code_archive.archive({"a": b"1", "b": b"2"})
    assert code_archive.archive({"a": b"1"}) != code_archive.archive({"a": b"2"})


def test_the_archive_is_in_the_runs_folder(cloud: Cloud) -> None:
    cloud.put("adult/code/train.py", b"print()")
    target = Place("artifacts-bucket", "x/sourcedir.tar.gz")
    frozen = code_archive.freeze_code(cloud.s3, "data-bucket", "adult", target)
    assert frozen is not None
    assert frozen.uri == target.uri
    assert code_archive.freeze_code(cloud.s3, "data-bucket", "nobody", target) is None
