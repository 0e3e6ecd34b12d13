"""Which model predicts: what is live and still approved, else the newest that is approved, else none."""

from __future__ import annotations

from typing import Any

import pytest
from batch.choose_model import handler

ARN = "arn:aws:sagemaker:us-east-1:000000000000:model-package/adult/"


def choose(live: str | None, *approved: int) -> dict[str, Any]:
    packages = [{"ModelPackageArn": f"{ARN}{v}", "ModelPackageVersion": v} for v in approved]
    endpoint = live and {"EndpointName": "adult", "EndpointConfigName": live}
    return handler({"project": "adult", "endpoint": endpoint, "approved": packages}, None)


@pytest.mark.parametrize("live", ["df-abcdefghij-v2-n1-ml-m5-large", "df-abcdefghij-v2-0123456789"])
def test_what_is_live_predicts(live: str) -> None:
    assert choose(live, 3, 2, 1)["model_package_arn"] == f"{ARN}2"


@pytest.mark.parametrize("live", [None, "df-abcdefghij-v9-0123456789", "somebody-elses"])
def test_otherwise_the_newest_approved_one(live: str | None) -> None:
    assert choose(live, 3, 10, 1)["version"] == 10


def test_without_an_approved_one_the_reason_says_so() -> None:
    chosen = choose("df-abcdefghij-v2-0123456789")
    assert chosen["model_package_arn"] is None
    assert chosen["reason"] == "no model of project adult is approved"
