"""Tags on resources."""

from __future__ import annotations

import pytest

from tests.unit.localcloud.sagemaker.helpers import CallError, Cloud


def many(count: int) -> list[dict[str, str]]:
    return [{"Key": f"k{number:02}", "Value": str(number)} for number in range(count)]


def test_add_list_delete(cloud: Cloud) -> None:
    arn = cloud.call("CreateModelPackageGroup", ModelPackageGroupName="g", Tags=many(1))["ModelPackageGroupArn"]
    answer = cloud.call("AddTags", ResourceArn=arn, Tags=[{"Key": "k00", "Value": "new"}, {"Key": "a", "Value": "b"}])
    assert answer["Tags"] == [{"Key": "a", "Value": "b"}, {"Key": "k00", "Value": "new"}]
    cloud.call("DeleteTags", ResourceArn=arn, TagKeys=["a"])
    assert cloud.call("ListTags", ResourceArn=arn) == {"Tags": [{"Key": "k00", "Value": "new"}]}


def test_limit_and_duplicates(cloud: Cloud) -> None:
    arn = cloud.call("CreateModelPackageGroup", ModelPackageGroupName="g", Tags=many(50))["ModelPackageGroupArn"]
    with pytest.raises(CallError, match="ResourceLimitExceeded"):
        cloud.call("AddTags", ResourceArn=arn, Tags=[{"Key": "more", "Value": ""}])
    with pytest.raises(CallError, match="Duplicate tag keys"):
        cloud.call("AddTags", ResourceArn=arn, Tags=[{"Key": "k00", "Value": "1"}, {"Key": "k00", "Value": "2"}])
    with pytest.raises(CallError, match="reserved for AWS use"):
        cloud.call("AddTags", ResourceArn=arn, Tags=[{"Key": "aws:x", "Value": ""}])
    assert len(cloud.call("ListTags", ResourceArn=arn)["Tags"]) == 50


def test_unknown_resource(cloud: Cloud) -> None:
    with pytest.raises(CallError, match="ValidationException: Could not find resource"):
        cloud.call("ListTags", ResourceArn="arn:aws:sagemaker:us-east-1:000000000000:model/none")


def test_versioned_packages_take_none(cloud: Cloud) -> None:
    cloud.call("CreateModelPackageGroup", ModelPackageGroupName="g")
    arn = cloud.call("CreateModelPackage", ModelPackageGroupName="g")["ModelPackageArn"]
    with pytest.raises(CallError, match="not supported for versioned model packages"):
        cloud.call("AddTags", ResourceArn=arn, Tags=many(1))
