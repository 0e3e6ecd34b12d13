from __future__ import annotations

import importlib
import io
import tarfile
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from dropforge.errors import DropChangedError, DropEmptyError, DropSupersededError, DropTooLargeError
from dropforge.names import Place
from moto import mock_aws
from training.freeze import Bucket, Source
from training.sources import Drops

from tests.unit.training.facts import BUILT_IN, RUN, SCRIPT, config

CSV = b"age,sex,income\n39,Male,low\n50,Female,high\n"


class Cloud:
    """The two buckets and the drops table."""

    def __init__(self) -> None:
        self.s3, self.dynamodb = boto3.client("s3"), boto3.client("dynamodb")
        for name in ("data-bucket", "artifacts-bucket"):
            self.s3.create_bucket(Bucket=name)
        self.dynamodb.create_table(
            TableName="drops",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in ("pk", "sk")],
            BillingMode="PAY_PER_REQUEST",
        )
        self.module = importlib.import_module("training.freeze_drop")
        self.module.bucket = Bucket(self.s3, "data-bucket", "artifacts-bucket")  # type: ignore[attr-defined]
        self.module.drops = Drops(self.dynamodb, "drops", self.module.bucket)  # type: ignore[attr-defined]

    def put(self, key: str, body: bytes = CSV, drop: str = RUN, present: bool = True, record: bool = True) -> None:
        self.s3.put_object(Bucket="data-bucket", Key=key, Body=body)
        if not record:
            return
        pk = "/".join(key.split("/")[:2]) + "/" + "/".join(key.split("/")[2:-1])
        item = {"pk": {"S": pk}, "sk": {"S": f"object#{key}"}, "key": {"S": key}, "drop": {"S": drop}}
        item |= {"size": {"N": str(len(body))}, "present": {"BOOL": present}, "sequencer": {"S": "1"}}
        self.dynamodb.put_item(TableName="drops", Item=item)
        self.dynamodb.put_item(TableName="drops", Item={"pk": {"S": pk}, "sk": {"S": "current"}, "drop": {"S": drop}})
        window = {"pk": {"S": pk}, "sk": {"S": f"window#{drop}"}, "drop": {"S": drop}, "reason": {"S": "quiet period"}}
        self.dynamodb.put_item(TableName="drops", Item=window)

    def freeze(self, text: str = BUILT_IN, **changes: Any) -> dict[str, Any]:
        event = {
            "project": "adult",
            "run": RUN,
            "drop": RUN,
            "channel": "train",
            "folder": "",
            "reason": "quiet period",
        }
        result: dict[str, Any] = self.module.handler(event | {"config": config(text)} | changes, None)
        return result

    def artifacts(self) -> list[str]:
        return [o["Key"] for o in self.s3.list_objects_v2(Bucket="artifacts-bucket").get("Contents", [])]


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with mock_aws():
        yield Cloud()


def test_a_drop_is_copied_under_the_digest_of_its_content(cloud: Cloud) -> None:
    cloud.put("adult/train/ein Name äöü+%20.csv")
    cloud.put("adult/train/b.csv", b"1,2,3\n")
    frozen = cloud.freeze()
    assert (frozen["objects"], frozen["bytes"]) == (2, len(CSV) + 6)
    assert frozen["uri"] == f"s3://artifacts-bucket/adult/datasets/{frozen['digest']}/"
    assert sorted(cloud.artifacts()) == [
        f"adult/datasets/{frozen['digest']}/b.csv",
        f"adult/datasets/{frozen['digest']}/ein Name äöü+%20.csv",
    ]
    assert frozen["head"]["fields"] == 3
    assert (frozen["code"], frozen["validation"]) == (None, None)


def test_the_same_content_is_the_same_data_set_wherever_it_was_dropped(cloud: Cloud) -> None:
    cloud.put("adult/train/a.csv")
    cloud.put("adult/train/monday/a.csv", drop="monday0000")
    first, again = cloud.freeze(), cloud.freeze(folder="monday", drop="monday0000")
    assert first["digest"] == again["digest"]
    assert first["fingerprint"] == again["fingerprint"]
    cloud.put("adult/train/a.csv", CSV + b"1,2,3\n")
    assert cloud.freeze()["digest"] != first["digest"]


def test_the_settings_are_part_of_the_fingerprint(cloud: Cloud) -> None:
    cloud.put("adult/train/a.csv")
    one, two = cloud.freeze(), cloud.freeze(BUILT_IN + "problem: binary\n")
    assert one["digest"] == two["digest"]
    assert one["fingerprint"] != two["fingerprint"]


def test_what_is_no_part_of_the_drop_stays_out(cloud: Cloud) -> None:
    cloud.put("adult/train/a.csv")
    cloud.put("adult/train/gone.csv", present=False)
    cloud.put("adult/train/_SUCCESS", b"")
    cloud.put("adult/train/deleted.csv")
    cloud.s3.delete_object(Bucket="data-bucket", Key="adult/train/deleted.csv")
    cloud.put("adult/train/earlier.csv", drop="earlier000")
    assert cloud.freeze()["objects"] == 1


def test_success_takes_the_folder_as_it_is(cloud: Cloud) -> None:
    for name in ("part-0.csv", "part-1.csv", "_SUCCESS", ".crc", "sub/other.csv"):
        cloud.put(f"adult/train/x/{name}", record=False)
    assert cloud.freeze(folder="x", reason="_SUCCESS")["objects"] == 2


def test_the_latest_validation_drop_comes_along(cloud: Cloud) -> None:
    cloud.put("adult/train/a.csv")
    cloud.put("adult/validation/old/v.csv", b"old,1\n", drop="old0000000")
    cloud.put("adult/validation/new/v.csv", b"new,1\n", drop="new0000000")
    cloud.put("adult/validation/new/w.csv", b"new,2\n", drop="new0000000")
    validation = cloud.freeze()["validation"]
    copied = [k.rsplit("/", 1)[1] for k in cloud.artifacts() if validation["digest"] in k]
    assert copied == ["v.csv", "w.csv"]


def test_code_becomes_one_deterministic_archive(cloud: Cloud) -> None:
    cloud.put("adult/train/a.csv")
    cloud.put("adult/code/train.py", b"print()", record=False)
    cloud.put("adult/code/sub/helper.py", b"x = 1", record=False)
    code = cloud.freeze(SCRIPT)["code"]
    assert code["files"] == ["train.py"]
    bucket, key = code["uri"].removeprefix("s3://").split("/", 1)
    body = cloud.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        assert archive.getnames() == ["sub/helper.py", "train.py"]
        member = archive.extractfile("train.py")
        assert member is not None
        assert member.read() == b"print()"
    assert cloud.freeze(SCRIPT)["code"]["digest"] == code["digest"]
    assert cloud.s3.get_object(Bucket=bucket, Key=key)["Body"].read() == body


def test_a_repeat_copies_nothing_again(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud.put("adult/train/a.csv")
    cloud.freeze()
    monkeypatch.setattr(Bucket, "_copy", lambda *_: pytest.fail("copied again"))
    cloud.freeze()


def test_a_drop_of_which_nothing_is_left(cloud: Cloud) -> None:
    cloud.put("adult/train/a.csv", present=False)
    with pytest.raises(DropEmptyError, match="adult/train/"):
        cloud.freeze()
    cloud.put("adult/train/b.csv")
    cloud.s3.delete_object(Bucket="data-bucket", Key="adult/train/b.csv")
    with pytest.raises(DropEmptyError, match="deleted"):
        cloud.freeze()


def test_a_drop_that_a_later_one_took_over(cloud: Cloud) -> None:
    cloud.put("adult/train/a.csv", drop="later00000")
    with pytest.raises(DropSupersededError, match="later00000"):
        cloud.freeze()


def test_a_drop_that_is_too_large_says_what_to_do(cloud: Cloud) -> None:
    with pytest.raises(DropTooLargeError, match="drop a sample"):
        cloud.module.bucket.hash_all([Source("a", "a", 3 * 1024**3)])
    with pytest.raises(DropTooLargeError, match="merge small files"):
        cloud.module.bucket.hash_all([Source(str(i), str(i), 1) for i in range(20_001)])


def test_an_object_that_changes_meanwhile_is_noticed(cloud: Cloud) -> None:
    cloud.put("adult/train/a.csv")
    (hashed,) = cloud.module.bucket.hash_all([Source("a.csv", "adult/train/a.csv", len(CSV))])
    with Stubber(cloud.s3) as stub:  # moto does not know CopySourceIfMatch
        stub.add_client_error(
            "copy_object",
            "PreconditionFailed",
            expected_params={
                "Bucket": "artifacts-bucket",
                "Key": "adult/datasets/x/a.csv",
                "CopySource": {"Bucket": "data-bucket", "Key": "adult/train/a.csv"},
                "CopySourceIfMatch": hashed.etag,
                "TaggingDirective": "REPLACE",
            },
        )
        with pytest.raises(DropChangedError, match=r"adult/train/a.csv changed"):
            cloud.module.bucket._copy(hashed, Place("artifacts-bucket", "adult/datasets/x/a.csv"))


def test_a_change_while_freezing_is_read_once_more_and_not_without_end(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.put("adult/train/a.csv")
    copy, failures = Bucket._copy, [True, False]

    def sometimes(self: Bucket, *arguments: Any) -> None:
        if failures and failures.pop(0):
            raise DropChangedError("changed")
        copy(self, *arguments)

    monkeypatch.setattr(Bucket, "_copy", sometimes)
    assert cloud.freeze()["objects"] == 1
    failures[:] = [True] * 9
    cloud.put("adult/train/a.csv", b"1,2,3\n")
    with pytest.raises(DropChangedError):
        cloud.freeze()
    assert len(failures) == 6
