"""Where S3 keys land in a job's directory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from localcloud.sagemaker.errors import JobFailedError
from localcloud.sagemaker.jobs.transfer import Downloads, split
from tests.unit.localcloud.sagemaker.helpers import ROLE, Cloud


class _Listed:
    """S3 whose listing holds these keys, in this order."""

    def __init__(self, s3: Any, keys: list[str]) -> None:
        self._s3, self._keys = s3, keys

    def get_paginator(self, _: str) -> Any:
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [{"Contents": [{"Key": key} for key in self._keys]}]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._s3, name)


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


@pytest.mark.parametrize("key", ["data/../../evil", "data/a/../../../evil", "data/a/../evil", "data/..", "data//"])
def test_keys_cannot_leave_the_directory(cloud: Cloud, tmp_path: Path, key: str) -> None:
    cloud.put(key, b"x")
    cloud.put("data/fine", b"x")
    if key == "data//":  # a folder's own marker is no data
        assert fetch(cloud, "data/", tmp_path / "t") == {"fine": "x"}
        return
    with pytest.raises(JobFailedError, match="leaves its directory"):
        fetch(cloud, "data/", tmp_path / "t")
    assert not [path for path in tmp_path.rglob("*") if path.name == "evil"]


def test_an_entry_of_a_manifest_cannot_leave_it_either(cloud: Cloud, tmp_path: Path) -> None:
    cloud.put("data/x", b"x")
    manifest = cloud.put("m.json", f'[{{"prefix": "s3://{cloud.bucket}/data/"}}, "../../data/x"]'.encode())
    with pytest.raises(JobFailedError, match="leaves its directory"):
        Downloads(cloud.s3, ROLE, "us-east-1").manifest(manifest, tmp_path / "t")


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        (["data/a//b", "data/a/b"], "are one file"),
        (["data/a/./b", "data/a/b"], "are one file"),
        (["data/a", "data/a/b"], "cannot be a file in its directory"),
        (["data/" + "n" * 300], "cannot be a file in its directory: File name too long"),
        (["data/a\0b"], "leaves its directory"),
    ],
)
def test_keys_that_are_no_files_of_their_own_are_refused(
    cloud: Cloud, tmp_path: Path, keys: list[str], words: str
) -> None:
    for key in keys:
        if "\0" not in key:  # which botocore cannot even send
            cloud.put(key, b"x")
    downloads = Downloads(_Listed(cloud.s3, keys), ROLE, "us-east-1")
    with pytest.raises(JobFailedError, match=words):
        downloads.prefix(f"s3://{cloud.bucket}/data/", tmp_path / "t")


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
