"""Events have AWS's shapes: the samples beside this file are AWS's own (or made of its schema)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from localcloud.faults import Faults
from tests.unit.localcloud.sagemaker.helpers import Cloud, processing_request, training_request
from tests.unit.localcloud.sagemaker.test_endpoint import simple

SAMPLES = Path(__file__).parent / "samples"
ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")


def sample(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((SAMPLES / f"sagemaker_{name}.json").read_text())
    return event


def kind(value: Any) -> str:
    """What a reader's parser sees."""
    if isinstance(value, str):
        if re.fullmatch(r"\d{13}", value):
            return "millisecond text"
        return "ISO time" if ISO.fullmatch(value) else "text"
    if isinstance(value, int | float) and not isinstance(value, bool) and 1e12 < value < 1e13:
        return "milliseconds"
    return "number" if isinstance(value, int | float) else type(value).__name__


def fits(event: dict[str, Any], like: dict[str, Any], absent: frozenset[str] = frozenset()) -> None:
    """The envelope is AWS's, and each member of the sample's detail is there with the same kind of value."""
    assert set(event) == set(like)
    assert (event["source"], event["detail-type"]) == (like["source"], like["detail-type"])
    assert ISO.fullmatch(event["time"])
    assert [type(item) for item in event["resources"]] == [str]
    for name, value in like["detail"].items():
        if name not in absent:
            assert name in event["detail"], name
            assert kind(event["detail"][name]) == kind(value), (name, event["detail"][name], value)


def train(cloud: Cloud, name: str, code: str) -> list[dict[str, Any]]:
    cloud.runtime.images["image"] = code
    cloud.put("data/a.csv")
    tags = [{"Key": "project", "Value": "income"}]
    request = training_request(cloud, name, "image", HyperParameters={"a": "b"}, Tags=tags)
    cloud.call("CreateTrainingJob", **request)
    cloud.wait_job(name)
    return cloud.events


def test_training_completed(cloud: Cloud) -> None:
    events = train(cloud, "Train-1", "print(1)")
    fits(events[-1], sample("training_job_completed"))
    detail = events[-1]["detail"]
    assert detail["Tags"] == {"project": "income"}
    assert (detail["TrainingJobStatus"], detail["SecondaryStatus"]) == ("Completed", "Completed")
    assert all(kind(item["StartTime"]) == "milliseconds" for item in detail["SecondaryStatusTransitions"])
    states = [(event["detail"]["TrainingJobStatus"], event["detail"]["SecondaryStatus"]) for event in events]
    assert states == [
        *(("InProgress", each) for each in ("Starting", "Downloading", "Training", "Uploading")),
        ("Completed", "Completed"),
    ]
    assert len({event["id"] for event in events}) == len(events)
    assert events[-1]["resources"] == [detail["TrainingJobArn"]]


def test_training_failed(cloud: Cloud) -> None:
    events = train(cloud, "train-2", "raise SystemExit(1)")
    fits(events[-1], sample("training_job_failed"))
    assert events[-1]["detail"]["FailureReason"] == "AlgorithmError: , exit code: 1"


def test_processing_failed(cloud: Cloud) -> None:
    cloud.runtime.images["image"] = "raise SystemExit(1)"
    cloud.put("data/a.csv")
    cloud.call("CreateProcessingJob", **processing_request(cloud, "process-1", "image"))
    event = cloud.wait_job("process-1")
    fits(event, sample("processing_job_failed"))
    [source] = event["detail"]["ProcessingInputs"]
    expected = sample("processing_job_failed")["detail"]["ProcessingInputs"][0]["S3Input"]
    assert set(source["S3Input"]) == set(expected)
    assert (source["S3Input"]["S3DataType"], source["S3Input"]["S3DataDistributionType"]) == (
        "S3_PREFIX", "FULLYREPLICATED",
    )  # fmt: skip
    assert event["detail"]["ProcessingOutputConfig"]["Outputs"][0]["S3Output"]["S3UploadMode"] == "END_OF_JOB"


def test_endpoint(cloud: Cloud) -> None:
    simple(cloud, "MyEndpoint")
    by_status = {
        event["detail"]["EndpointStatus"]: event for event in cloud.events if "EndpointStatus" in event["detail"]
    }
    for status, name in (("CREATING", "endpoint_creating"), ("IN_SERVICE", "endpoint_in_service")):
        fits(by_status[status], sample(name))
        assert by_status[status]["resources"][0].endswith(":endpoint/myendpoint")
        assert {"DesiredWeight", "DesiredInstanceCount"} <= set(by_status[status]["detail"]["ProductionVariants"][0])
    [model] = [event for event in cloud.events if event["detail-type"] == "SageMaker Model State Change"]
    fits(model, sample("model_schema"), frozenset({"CreationTime", "Tags", "PrimaryContainer"}))
    [config] = [event for event in cloud.events if event["detail-type"] == "SageMaker Endpoint Config State Change"]
    fits(config, sample("endpoint_config_schema"), frozenset({"CreationTime", "Tags", "ProductionVariants"}))


def test_model_package_approved(cloud: Cloud) -> None:
    cloud.call("CreateModelPackageGroup", ModelPackageGroupName="group")
    like = sample("model_package_approved")["detail"]
    given = {name: like[name] for name in ("InferenceSpecification", "MetadataProperties", "ModelMetrics")}
    life_cycle = like["ModelLifeCycle"]
    arn = cloud.call("CreateModelPackage", ModelPackageGroupName="group", **given)["ModelPackageArn"]
    cloud.call("UpdateModelPackage", ModelPackageArn=arn, ModelLifeCycle=life_cycle, ModelApprovalStatus="Approved")
    event = cloud.events[-1]
    fits(event, sample("model_package_approved"))
    assert event["detail"]["ModelPackageName"] == "group/1"
    assert set(event["detail"]) == set(like)
    for name, value in given.items():
        assert event["detail"][name] == value
    assert event["detail"]["UpdatedModelPackageFields"] == ["ModelApprovalStatus", "ModelLifeCycle"]


def test_duplicates_on_demand(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud.service.context.events, "_faults", Faults(copies=2))
    cloud.call("CreateModelPackageGroup", ModelPackageGroupName="group")
    cloud.call("CreateModelPackage", ModelPackageGroupName="group")
    assert len(cloud.events) == 3
    assert [event["detail"] for event in cloud.events] == [cloud.events[0]["detail"]] * 3


def test_losses_on_demand(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cloud.service.context.events, "_faults", Faults(copies=2, lost=1.0))
    cloud.call("CreateModelPackageGroup", ModelPackageGroupName="group")
    cloud.call("CreateModelPackage", ModelPackageGroupName="group")
    assert cloud.events == []


def test_a_bus_that_fails_does_not_fail_the_call(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(event: dict[str, Any]) -> None:
        raise ConnectionError

    monkeypatch.setattr(cloud.service.context.events, "_emit", refuse)
    cloud.call("CreateModelPackageGroup", ModelPackageGroupName="group")
    assert cloud.call("CreateModelPackage", ModelPackageGroupName="group")["ModelPackageArn"]
