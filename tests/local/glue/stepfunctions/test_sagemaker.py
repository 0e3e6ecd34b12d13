"""The optimised SageMaker integration: .sync, failures, stops, names of errors."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest

from . import jobs
from .conftest import ACCOUNT, Cloud, task, wait

ARN = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}"


def _name(word: str = "job") -> str:
    return f"{word}-{uuid.uuid4().hex[:8]}"


@pytest.mark.parametrize(
    ("kind", "path", "arguments"),
    [
        ("TrainingJob", "training-job", jobs.training),
        ("ProcessingJob", "processing-job", jobs.processing),
        ("TransformJob", "transform-job", jobs.transform),
        ("HyperParameterTuningJob", "hyper-parameter-tuning-job", jobs.tuning),
        ("LabelingJob", "labeling-job", jobs.labeling),
    ],
)
def test_sync_waits_for_every_kind_of_job(cloud: Cloud, kind: str, path: str, arguments: Any) -> None:
    name = _name()
    execution = cloud.start_execution(cloud.machine(task(f"sagemaker:create{kind}.sync", arguments(name))))
    cloud.finish_job(f"{ARN}:{path}/{name}")
    description = cloud.finished(execution)
    assert description["status"] == "SUCCEEDED", description
    assert description["output"][f"{kind}Status"] == "Completed"
    assert description["output"][f"{kind}Arn"] == f"{ARN}:{path}/{name}"
    # The optimised integrations give times in epoch milliseconds.
    assert abs(description["output"]["CreationTime"] - time.time() * 1000) < 60_000
    kinds = [event["type"] for event in cloud.history(execution)]
    assert kinds[1:6] == ["TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded"]


def test_a_failed_job_is_a_failed_task_with_its_description(cloud: Cloud) -> None:
    name = _name()
    execution = cloud.start_execution(
        cloud.machine(task("sagemaker:createTrainingJob.sync", "{% $states.input %}")), jobs.training(name)
    )
    cloud.finish_job(f"{ARN}:training-job/{name}", "Failed")
    description = cloud.finished(execution)
    assert description["error"] == "States.TaskFailed"
    assert json.loads(description["cause"])["TrainingJobStatus"] == "Failed"
    assert json.loads(description["cause"])["TrainingJobName"] == name


def test_the_end_of_a_job_is_found_without_its_event(cloud: Cloud) -> None:
    name = _name("silent")
    execution = cloud.start_execution(cloud.machine(task("sagemaker:createTrainingJob.sync", jobs.training(name))))
    cloud.finish_job(f"{ARN}:training-job/{name}")
    assert cloud.finished(execution)["status"] == "SUCCEEDED"


@pytest.mark.parametrize("ending", ["stop", "task timeout", "machine timeout", "sibling"])
def test_whatever_ends_the_task_stops_the_job(cloud: Cloud, ending: str) -> None:
    name = _name()
    limits = {"TimeoutSeconds": 1} if ending == "task timeout" else {}
    states = task("sagemaker:createTrainingJob.sync", jobs.training(name), **limits)
    if ending == "sibling":
        late = {"W": {"Type": "Wait", "Seconds": 1, "Next": "F"}, "F": {"Type": "Fail", "Error": "E", "Cause": "c"}}
        branches = [{"StartAt": "T", "States": states}, {"StartAt": "W", "States": late}]
        states = {"P": {"Type": "Parallel", "Branches": branches, "End": True}}
    machine = cloud.machine(states, **({"TimeoutSeconds": 1} if ending == "machine timeout" else {}))
    execution = cloud.start_execution(machine)
    client = cloud.client("sagemaker")
    wait(lambda: client.list_tags(ResourceArn=f"{ARN}:training-job/{name}")["Tags"][0]["Value"] == "True")
    if ending == "stop":
        cloud.client("stepfunctions").stop_execution(executionArn=execution)
    wait(lambda: client.describe_training_job(TrainingJobName=name)["TrainingJobStatus"] == "Stopped")
    expected = {"stop": "ABORTED", "task timeout": "FAILED", "machine timeout": "TIMED_OUT", "sibling": "FAILED"}
    assert cloud.finished(execution)["status"] == expected[ending]


def test_request_response_does_not_wait(cloud: Cloud) -> None:
    name = _name()
    output = cloud.output(task("sagemaker:createTrainingJob", jobs.training(name)))
    assert output["TrainingJobArn"] == f"{ARN}:training-job/{name}"
    assert output["SdkHttpMetadata"]["HttpStatusCode"] == 200
    cloud.output(task("sagemaker:createEndpoint", {"EndpointName": name, "EndpointConfigName": "c"}))
    described = cloud.output(
        {
            "T": {
                "Type": "Task",
                "Resource": "arn:aws:states:::aws-sdk:sagemaker:describeTrainingJob",
                "Arguments": {"TrainingJobName": name},
                "End": True,
            }
        }
    )
    assert described["CreationTime"].endswith("Z")  # SDK integrations give ISO-8601


@pytest.mark.parametrize(
    ("resource", "name", "expected"),
    [
        ("sagemaker:createTrainingJob.sync", "limit", "SageMaker.ResourceLimitExceededException"),
        ("sagemaker:createTrainingJob", "limit", "SageMaker.ResourceLimitExceededException"),
        ("aws-sdk:sagemaker:createTrainingJob", "limit", "SageMaker.ResourceLimitExceededException"),
        ("sagemaker:createTrainingJob.sync", "twice", "SageMaker.ResourceInUseException"),
    ],
)
def test_names_of_modelled_errors(cloud: Cloud, resource: str, name: str, expected: str) -> None:
    name = _name(name)
    if "twice" in name:
        cloud.output(task("sagemaker:createTrainingJob", jobs.training(name)))
    states = {
        "T": {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Arguments": jobs.training(name), "End": True}
    }
    assert cloud.run(states)["error"] == expected


@pytest.mark.parametrize(
    ("resource", "expected"),
    [
        ("aws-sdk:sagemaker:describeTrainingJob", "SageMaker.SageMakerException"),
        ("sagemaker:updateEndpoint", "SageMaker.AmazonSageMakerException"),
    ],
)
def test_names_of_other_errors(cloud: Cloud, resource: str, expected: str) -> None:
    arguments = (
        {"TrainingJobName": "missing"} if "describe" in resource else {"EndpointName": "e", "EndpointConfigName": "c"}
    )
    statements = [] if "describe" in resource else [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]
    states = {"T": {"Type": "Task", "Resource": f"arn:aws:states:::{resource}", "Arguments": arguments, "End": True}}
    assert cloud.run(states, None, *statements)["error"] == expected
