"""The registry: groups, versions, approval, metadata, idempotency."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.unit.localcloud.sagemaker.helpers import ROLE, CallError, Cloud

SPECIFICATION = {
    "Containers": [{"Image": "server", "ModelDataUrl": "s3://bucket/model.tar.gz"}],
    "SupportedContentTypes": ["text/csv"],
    "SupportedResponseMIMETypes": ["text/csv"],
}


def group(cloud: Cloud, name: str = "income") -> str:
    arn: str = cloud.call("CreateModelPackageGroup", ModelPackageGroupName=name)["ModelPackageGroupArn"]
    return arn


def register(cloud: Cloud, **more: object) -> str:
    request = {"ModelPackageGroupName": "income", "InferenceSpecification": SPECIFICATION, **more}
    arn: str = cloud.call("CreateModelPackage", **request)["ModelPackageArn"]
    return arn


def describe(cloud: Cloud, arn: str) -> dict:
    return cloud.call("DescribeModelPackage", ModelPackageName=arn)


def test_versions(cloud: Cloud) -> None:
    group(cloud)
    first, second = register(cloud), register(cloud)
    assert (first[-9:], second[-9:]) == ("/income/1", "/income/2")
    package = describe(cloud, second)
    assert package["ModelPackageVersion"] == 2
    assert package["ModelApprovalStatus"] == "PendingManualApproval"
    assert package["ModelPackageStatus"] == "Completed"
    cloud.call("DeleteModelPackage", ModelPackageName=second)
    assert register(cloud).endswith("/income/3")


def test_approval_is_told(cloud: Cloud) -> None:
    group(cloud)
    arn = register(cloud)
    cloud.call("UpdateModelPackage", ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="ok")
    package = describe(cloud, arn)
    assert (package["ModelApprovalStatus"], package["ApprovalDescription"]) == ("Approved", "ok")
    created, approved = cloud.events
    assert "UpdatedModelPackageFields" not in created["detail"]
    assert approved["detail"]["UpdatedModelPackageFields"] == ["ModelApprovalStatus", "ApprovalDescription"]
    assert approved["detail"]["ModelPackageName"] == "income/1"


def test_metadata(cloud: Cloud) -> None:
    group(cloud)
    arn = register(cloud, CustomerMetadataProperties={"a": "1", "b": "2"})
    cloud.call(
        "UpdateModelPackage", ModelPackageArn=arn, CustomerMetadataProperties={"c": "3"},
        CustomerMetadataPropertiesToRemove=["a"],
    )  # fmt: skip
    assert describe(cloud, arn)["CustomerMetadataProperties"] == {"b": "2", "c": "3"}
    more = {f"k{number}": "v" for number in range(50)}
    with pytest.raises(CallError, match="the limit is 50"):
        cloud.call("UpdateModelPackage", ModelPackageArn=arn, CustomerMetadataProperties=more)
    assert len(describe(cloud, arn)["CustomerMetadataProperties"]) == 2


def test_client_token(cloud: Cloud) -> None:
    group(cloud)
    assert register(cloud, ClientToken="run-1") == register(cloud, ClientToken="run-1")
    assert register(cloud, ClientToken="run-2").endswith("/2")
    with pytest.raises(CallError, match="ConflictException: ClientToken run-1"):
        register(cloud, ClientToken="run-1", ModelPackageDescription="another")
    assert len(cloud.events) == 2


def test_one_token_at_once(cloud: Cloud) -> None:
    group(cloud)
    with ThreadPoolExecutor(8) as pool:
        arns = set(pool.map(lambda _: register(cloud, ClientToken="same"), range(16)))
    assert len(arns) == 1
    with ThreadPoolExecutor(8) as pool:
        arns = set(pool.map(lambda _: register(cloud), range(16)))
    assert {int(arn.rsplit("/", 1)[1]) for arn in arns} == set(range(2, 18))


def test_unversioned(cloud: Cloud) -> None:
    request = {"ModelPackageName": "single", "InferenceSpecification": SPECIFICATION}
    tags = [{"Key": "k", "Value": "v"}]
    arn = cloud.call("CreateModelPackage", **request, Tags=tags)["ModelPackageArn"]
    assert arn.endswith(":model-package/single")
    assert cloud.call("ListTags", ResourceArn=arn)["Tags"] == tags
    assert "ModelApprovalStatus" not in describe(cloud, "single")
    with pytest.raises(CallError, match="Model Package already exists"):
        cloud.call("CreateModelPackage", **request)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"Tags": [{"Key": "a", "Value": "b"}]}, "Tags are not supported for versioned model packages"),
        ({"ModelPackageName": "x"}, "Both ModelPackageName and ModelPackageGroupName"),
        ({"ModelPackageGroupName": "none"}, "model-package-group/none does not exist."),
        ({"CustomerMetadataProperties": {"a": "b,c"}}, "Map value must satisfy constraint"),
    ],
)
def test_refused(cloud: Cloud, more: dict, words: str) -> None:
    group(cloud)
    with pytest.raises(CallError, match="ValidationException") as raised:
        register(cloud, **more)
    assert words in raised.value.message


def test_neither_name_nor_group(cloud: Cloud) -> None:
    with pytest.raises(CallError, match=r"ValidationException: Missing ARN\."):
        cloud.call("CreateModelPackage", InferenceSpecification=SPECIFICATION)


def test_lists(cloud: Cloud) -> None:
    group(cloud)
    group(cloud, "other")
    arns = [register(cloud) for _ in range(3)]
    register(cloud, ModelPackageGroupName="other")
    cloud.call("CreateModelPackage", ModelPackageName="single", InferenceSpecification=SPECIFICATION)
    cloud.call("UpdateModelPackage", ModelPackageArn=arns[1], ModelApprovalStatus="Approved")

    def found(**request: str) -> list[str]:
        return [
            item["ModelPackageArn"] for item in cloud.call("ListModelPackages", **request)["ModelPackageSummaryList"]
        ]

    assert found(ModelPackageGroupName="income") == arns
    assert found(ModelPackageGroupName="income", ModelApprovalStatus="Approved") == [arns[1]]
    assert [arn.rsplit("/", 1)[1] for arn in found()] == ["single"]
    assert len(found(ModelPackageType="Both")) == 5
    assert len(found(ModelPackageType="Versioned")) == 4
    [summary, *_] = cloud.call("ListModelPackages", ModelPackageGroupName="income")["ModelPackageSummaryList"]
    assert "ModelPackageName" not in summary


def test_batch_describe(cloud: Cloud) -> None:
    group(cloud)
    arn = register(cloud)
    missing = arn[:-1] + "9"
    answer = cloud.call("BatchDescribeModelPackage", ModelPackageArnList=[arn, missing])
    assert list(answer["ModelPackageSummaries"]) == [arn]
    assert answer["BatchDescribeModelPackageErrorMap"][missing]["ErrorCode"] == "ValidationException"


def test_group(cloud: Cloud) -> None:
    arn = group(cloud)
    with pytest.raises(CallError, match="Model Package Group already exists: arn:"):
        group(cloud)
    assert cloud.call("DescribeModelPackageGroup", ModelPackageGroupName=arn)["ModelPackageGroupStatus"] == "Completed"
    package = register(cloud)
    with pytest.raises(CallError, match="ConflictException"):
        cloud.call("DeleteModelPackageGroup", ModelPackageGroupName="income")
    cloud.call("DeleteModelPackage", ModelPackageName=package)
    cloud.call("DeleteModelPackageGroup", ModelPackageGroupName="income")
    with pytest.raises(CallError, match=r"ModelPackageGroup arn:.*/income does not exist"):
        cloud.call("DescribeModelPackageGroup", ModelPackageGroupName="income")


def test_models_are_made_of_approved_packages(cloud: Cloud) -> None:
    group(cloud)
    uri = cloud.put_archive("p/model.tar.gz", weights="P")
    specification = {**SPECIFICATION, "Containers": [{"Image": "server", "ModelDataUrl": uri}]}
    arn = register(cloud, InferenceSpecification=specification)
    request = {"ModelName": "m", "ExecutionRoleArn": ROLE, "PrimaryContainer": {"ModelPackageName": arn}}
    with pytest.raises(CallError, match="must be Approved to deploy"):
        cloud.call("CreateModel", **request)
    cloud.call("UpdateModelPackage", ModelPackageArn=arn, ModelApprovalStatus="Approved")
    cloud.call("CreateModel", **request)
    variant = {"VariantName": "A", "ModelName": "m", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    cloud.call("CreateEndpointConfig", EndpointConfigName="c", ProductionVariants=[variant])
    cloud.call("CreateEndpoint", EndpointName="E", EndpointConfigName="c")
    cloud.wait_endpoint("E", "IN_SERVICE")
    assert cloud.invoke("E", b"x")[1]["model"] == "P"
