"""Where S3 keys land in a job's directory."""

from __future__ import annotations

from pathlib import Path

import pytest

from localcloud.sagemaker.errors import JobFailedError
from localcloud.sagemaker.jobs.transfer import Downloads, split
from tests.unit.localcloud.sagemaker.helpers import ROLE, Cloud


def fetch(cloud: Cloud, prefix: str, target: Path) -> dict[str, str]:
    Downloads(cloud.s3, ROLE, "us-east-1").prefix(f"s3://{cloud.bucket}/{prefix}", target)
    return {p.relative_to(target).as_posix(): p.read_text() for p in target.rglob("*") if p.is_file()}


@pytest.mark.parametrize(
    ("prefix", "expected"),
    [
        ("data/train/", ["a.csv", "deep/b c.csv"]),
        ("data/train", ["a.csv", "deep/b c.csv", "train-2.csv"]),
        ("data/train/a.csv", ["a.csv"]),
        ("data/", ["train-2.csv", "train/a.csv", "train/deep/b c.csv"]),
    ],
)
def test_prefixes(cloud: Cloud, tmp_path: Path, prefix: str, expected: list[str]) -> None:
    for key in ("data/train/a.csv", "data/train/deep/b c.csv", "data/train-2.csv"):
        cloud.put(key, key.encode())
    cloud.put("data/train/", b"")
    assert sorted(fetch(cloud, prefix, tmp_path / "t")) == expected


def test_keys_cannot_leave_the_directory(cloud: Cloud, tmp_path: Path) -> None:
    cloud.put("data/../../evil", b"x")
    with pytest.raises(JobFailedError, match="leaves its directory"):
        fetch(cloud, "data/", tmp_path / "t")
    assert not (tmp_path / "evil").exists()


def test_more_than_a_page(cloud: Cloud, tmp_path: Path) -> None:
    for number in range(5):
        cloud.put(f"many/{number}", b"")
    pages = []

    def small(params: dict, **_: object) -> None:
        pages.append(params)
        params["MaxKeys"] = 2

    cloud.s3.meta.events.register("before-parameter-build.s3.ListObjectsV2", small)
    assert len(fetch(cloud, "many/", tmp_path / "t")) == 5
    assert len(pages) == 3


@pytest.mark.parametrize("key", ["a b/ü?.csv", "x#y", "a+b=c&d", ""])
def test_split_keeps_keys_as_they_are(key: str) -> None:
    assert split(f"s3://bucket/{key}") == ("bucket", key)
