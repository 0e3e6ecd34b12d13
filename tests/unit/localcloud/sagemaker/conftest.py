"""A service of its own per test, over moto's S3, STS, Logs and CloudWatch."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from moto import mock_aws

from tests.unit.localcloud.sagemaker.helpers import Cloud


@pytest.fixture(scope="module")
def aws() -> Iterator[None]:
    with mock_aws():
        yield


@pytest.fixture
def cloud(aws: None, tmp_path: Path) -> Iterator[Cloud]:
    cloud = Cloud(tmp_path / "sagemaker")
    yield cloud
    cloud.service.close()
