"""List operations: filters, orders and pages."""

from __future__ import annotations

from typing import Any

import pytest

from localcloud.sagemaker.store import Record
from tests.unit.localcloud.sagemaker.helpers import CallError, Cloud


def fill(cloud: Cloud, count: int, kind: str = "training-job", prefix: str = "job") -> None:
    for number in range(count):
        name = f"{prefix}-{(number * 7) % count:02}"
        status = ("Completed", "Failed", "InProgress")[number % 3]
        # Two of each moment: the order must hold where the sorting value is the same.
        moment = 1_700_000_000.0 + number // 2
        record = Record(kind, name, f"arn:{kind}:{name}", status, moment, moment + 5, {"TrainingJobName": name})
        record.document |= {"TrainingJobStatus": status, "CreationTime": moment, "TrainingJobArn": record.arn}
        cloud.service.context.store.insert(record)


def names(answer: dict[str, Any]) -> list[str]:
    return [item["TrainingJobName"] for item in answer["TrainingJobSummaries"]]


def every(cloud: Cloud, **request: Any) -> list[str]:
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        answer = cloud.call("ListTrainingJobs", **request, **token)
        found += names(answer)
        if "NextToken" not in answer:
            return found
        token = {"NextToken": answer["NextToken"]}


@pytest.mark.parametrize("by", ["Name", "CreationTime", "Status"])
@pytest.mark.parametrize("order", ["Ascending", "Descending"])
@pytest.mark.parametrize("size", [1, 4, 100])
def test_pages_hold_everything_once_in_order(cloud: Cloud, by: str, order: str, size: int) -> None:
    fill(cloud, 13)
    whole = every(cloud, SortBy=by, SortOrder=order, MaxResults=100)
    assert every(cloud, SortBy=by, SortOrder=order, MaxResults=size) == whole
    assert len(set(whole)) == 13
    assert every(cloud, SortBy=by, SortOrder="Descending" if order == "Ascending" else "Ascending") == whole[::-1]
    if by == "Name":
        assert whole == sorted(whole, reverse=order == "Descending")


def test_default_page_and_order(cloud: Cloud) -> None:
    fill(cloud, 13)
    first = cloud.call("ListTrainingJobs")
    assert len(names(first)) == 10
    times = [item["CreationTime"] for item in first["TrainingJobSummaries"]]
    assert times == sorted(times)


def test_pages_are_stable_while_jobs_come_and_go(cloud: Cloud) -> None:
    fill(cloud, 6)
    first = cloud.call("ListTrainingJobs", SortBy="Name", MaxResults=3)
    assert names(first) == ["job-00", "job-01", "job-02"]
    cloud.service.context.store.delete("training-job", "job-01")
    fill(cloud, 1, prefix="aaa")
    second = cloud.call("ListTrainingJobs", SortBy="Name", MaxResults=3, NextToken=first["NextToken"])
    assert names(second) == ["job-03", "job-04", "job-05"]


def test_filters(cloud: Cloud) -> None:
    fill(cloud, 9)
    fill(cloud, 2, prefix="Other")
    assert sorted(every(cloud, NameContains="THER")) == ["Other-00", "Other-01"]
    failed = cloud.call("ListTrainingJobs", StatusEquals="Failed", MaxResults=100)["TrainingJobSummaries"]
    assert failed
    assert {item["TrainingJobStatus"] for item in failed} == {"Failed"}
    late = cloud.call("ListTrainingJobs", CreationTimeAfter=1_700_000_002, MaxResults=100)["TrainingJobSummaries"]
    assert {item["CreationTime"] for item in late} == {1_700_000_003, 1_700_000_004}
    assert every(cloud, LastModifiedTimeBefore=1_700_000_005) == []
    assert every(cloud, CreationTimeBefore=1_700_000_001, StatusEquals="Completed", NameContains="job") == ["job-00"]


@pytest.mark.parametrize("token", ["nonsense", "bnVsbA==", "WyJjcmVhdGVkIiwgMSwgMV0="])
def test_foreign_tokens(cloud: Cloud, token: str) -> None:
    with pytest.raises(CallError, match="ValidationException: Invalid NextToken"):
        cloud.call("ListTrainingJobs", SortBy="Name", NextToken=token)


@pytest.mark.parametrize(
    ("operation", "member"),
    [
        ("ListModels", "Models"),
        ("ListEndpoints", "Endpoints"),
        ("ListEndpointConfigs", "EndpointConfigs"),
        ("ListProcessingJobs", "ProcessingJobSummaries"),
        ("ListModelPackageGroups", "ModelPackageGroupSummaryList"),
        ("ListModelPackages", "ModelPackageSummaryList"),
    ],
)
def test_empty(cloud: Cloud, operation: str, member: str) -> None:
    assert cloud.call(operation) == {member: []}
