"""The function around the inspection; the inspection itself is tested in tests/unit/jobs/test_jobs_inspect.py."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import pytest
from dropforge.errors import DropChangedError, DropTooLargeError, InputInvalidError
from dropforge.plan import Head
from moto import mock_aws

from tests.unit.jobs.inspect_cloud import CSV, Cloud


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    with mock_aws():
        yield Cloud()


@pytest.fixture
def module(cloud: Cloud) -> Any:
    found: Any = importlib.import_module("intake.inspect_drop")
    found.s3 = cloud.s3
    return found


def test_gives_what_is_in_inspection_json(cloud: Cloud, module: Any) -> None:
    cloud.put("a.csv", CSV)
    found = module.handler(cloud.settings(), None)
    assert (found["objects"], found["quarantined_count"]) == (1, 0)
    assert Head.model_validate(found["head"]).columns == ["a", "b", "y"]


def test_touches_no_other_buckets_than_its_own(cloud: Cloud, module: Any) -> None:
    cloud.put("a.csv", CSV)
    found = module.handler(cloud.settings() | {"data_bucket": "other", "artifacts_bucket": "another"}, None)
    assert found["uri"].startswith("s3://artifacts-bucket/")


def test_what_cannot_be_inspected_is_an_error_of_ours(cloud: Cloud, module: Any) -> None:
    cloud.put("a.csv", CSV)["size"] = 1 << 60
    with pytest.raises(DropTooLargeError, match="the disk has room for"):
        module.handler(cloud.settings(), None)
    cloud.put("a.csv", CSV)["version_id"] = None
    cloud.objects[0]["etag"] = "another"
    with pytest.raises(DropChangedError, match="was overwritten after"):
        module.handler(cloud.settings(), None)
    with pytest.raises(InputInvalidError, match="objects_uri"):
        module.handler({"project": "adult"}, None)
