from __future__ import annotations

import pytest

from tests.unit.botocore_check import complaints

GROUP = {"ModelPackageGroupName": "adult"}


@pytest.mark.parametrize(
    ("operation", "request_", "said"),
    [
        ("CreateModelPackageGroup", {}, "Missing required"),
        ("CreateModelPackageGroup", GROUP | {"Nonsense": 1}, "Unknown parameter"),
        ("CreateModelPackageGroup", {"ModelPackageGroupName": "-a"}, "does not match"),
        ("CreateModelPackageGroup", {"ModelPackageGroupName": "a" * 64}, "more than 63"),
        ("CreateModelPackageGroup", GROUP | {"Tags": [{"Key": "a,b", "Value": "x"}]}, "does not match"),
        ("CreateModelPackage", {"ModelApprovalStatus": "Maybe"}, "none of the 3"),
        ("CreateModelPackage", {"CustomerMetadataProperties": {"k": "{x}"}}, "does not match"),
        ("CreateModelPackage", {"CustomerMetadataProperties": {"k": "x" * 257}}, "more than 256"),
    ],
)
def test_complains_as_aws_would(operation: str, request_: dict[str, object], said: str) -> None:
    assert said in " ".join(complaints("sagemaker", operation, request_))


def test_says_nothing_of_what_is_right() -> None:
    request = GROUP | {
        "ModelPackageGroupDescription": "Öl & more (x) = 3 + 4",
        "Tags": [{"Key": "dropforge:project", "Value": "ä b_1"}],
    }
    assert complaints("sagemaker", "CreateModelPackageGroup", request) == []
