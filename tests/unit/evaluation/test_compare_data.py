"""Profiles read from S3, and what is said where there is none."""

from __future__ import annotations

import importlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from dropforge.errors import ProfileMissingError
from moto import mock_aws

from tests.unit.jobs.profile_tables import HEADER, people, profile_of

BUCKET = "artifacts-bucket"
FACTS = {"project": "adult", "drop": "bbbbbbbbbb", "champion_drop": "aaaaaaaaaa"}


@pytest.fixture
def function() -> Iterator[Any]:
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        yield importlib.reload(importlib.import_module("evaluation.compare_data"))


def keep(drop: str, profile: dict[str, Any]) -> None:
    body = json.dumps(profile).encode()
    boto3.client("s3").put_object(Bucket=BUCKET, Key=f"adult/drops/{drop}/profile.json", Body=body)


def profile(folder: Path, older: int = 0) -> dict[str, Any]:
    folder.mkdir()
    return dict(profile_of(folder, HEADER + "".join(people(500, older=older)), target="income").json)


def test_what_changed_since_the_champions_drop(function: Any, tmp_path: Path) -> None:
    keep("aaaaaaaaaa", profile(tmp_path / "a"))
    keep("bbbbbbbbbb", profile(tmp_path / "b", older=20))
    found = function.handler(FACTS, None)
    assert found["drop"] == "aaaaaaaaaa"
    assert found["rows"] == [500, 500]
    (moved,) = found["moved"]
    assert moved["name"] == "age"
    assert moved["text"].startswith("median ")
    assert found["counts"] == {"missing": 0, "new": 0, "renamed": 0, "kinds": 0, "moved": 1}


@pytest.mark.parametrize("drop", ["aaaaaaaaaa", "bbbbbbbbbb"])
def test_a_drop_without_a_profile(function: Any, tmp_path: Path, drop: str) -> None:
    keep(({"aaaaaaaaaa", "bbbbbbbbbb"} - {drop}).pop(), profile(tmp_path / "a"))
    with pytest.raises(ProfileMissingError, match=f"no profile of drop {drop}"):
        function.handler(FACTS, None)


def test_a_profile_of_another_release(function: Any, tmp_path: Path) -> None:
    found = profile(tmp_path / "a")
    keep("aaaaaaaaaa", {**found, "version": "dropforge.profile/0"})
    keep("bbbbbbbbbb", found)
    with pytest.raises(ProfileMissingError, match="another release"):
        function.handler(FACTS, None)
