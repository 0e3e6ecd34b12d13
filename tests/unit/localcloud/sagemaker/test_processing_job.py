"""Processing jobs: inputs and outputs, the exit message, and every way to end."""

from __future__ import annotations

import json

import pytest

from tests.unit.localcloud.sagemaker.helpers import CallError, Cloud, processing_request

WRITES = """
text = open("processing/input/rows/a.csv").read()
open("processing/output/b.csv", "w").write(text * 2)
open("output/message", "w").write("2 rows")
"""


def run(cloud: Cloud, name: str, code: str, **more: object) -> dict:
    cloud.runtime.images["image"] = code
    cloud.put("data/a.csv")
    cloud.call("CreateProcessingJob", **processing_request(cloud, name, "image", **more))
    cloud.wait_job(name)
    return cloud.call("DescribeProcessingJob", ProcessingJobName=name)


def test_completed(cloud: Cloud) -> None:
    job = run(cloud, "prepare", WRITES, Environment={"MINE": "1"})
    assert job["ProcessingJobStatus"] == "Completed"
    assert job["ExitMessage"] == "2 rows"
    assert job["ProcessingStartTime"] <= job["ProcessingEndTime"]
    assert cloud.get(f"s3://{cloud.bucket}/prepared/b.csv") == b"1,2\n1,2\n"
    [request] = cloud.runtime.requests["image"]
    assert request.entrypoint == ["python3", "-m", "x"]
    assert request.environment["MINE"] == "1"
    assert request.environment["PROCESSING_JOB_ARN"] == job["ProcessingJobArn"]
    files = cloud.runtime.snapshots["image"]
    assert json.loads(files["config/resourceconfig.json"])["hosts"] == ["algo-1"]
    assert json.loads(files["config/processingjobconfig.json"])["ProcessingJobName"] == "prepare"


def test_refusal_keeps_message_and_outputs(cloud: Cloud) -> None:
    code = (
        "import sys; open('output/message', 'w').write('line 3: no target'); "
        "open('processing/output/x', 'w').write('x'); sys.exit(1)"
    )
    job = run(cloud, "refusing", code)
    assert job["ProcessingJobStatus"] == "Failed"
    assert job["ExitMessage"] == "line 3: no target"
    assert job["FailureReason"] == "AlgorithmError: See job logs for more information, exit code: 1"
    assert cloud.get(f"s3://{cloud.bucket}/prepared/x") == b"x"


def test_killed(cloud: Cloud) -> None:
    job = run(cloud, "killed", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert job["FailureReason"] == "AlgorithmError: killed by SIGKILL, exit code: 137"


def test_stop(cloud: Cloud) -> None:
    cloud.runtime.images["image"] = "import signal; print('ready'); signal.pause()"
    cloud.put("data/a.csv")
    cloud.call("CreateProcessingJob", **processing_request(cloud, "stopping", "image"))
    cloud.runtime.wait_for_line("ready")
    cloud.call("StopProcessingJob", ProcessingJobName="stopping")
    assert cloud.wait_job("stopping")["detail"]["ProcessingJobStatus"] == "Stopped"


def test_max_runtime(cloud: Cloud) -> None:
    job = run(cloud, "long", "import signal; signal.pause()", StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert job["ProcessingJobStatus"] == "Stopped"
    assert "MaxRuntimeInSeconds (1)" in job["FailureReason"]


def test_missing_input_bucket(cloud: Cloud) -> None:
    request = processing_request(cloud, "no-bucket", "image")
    request["ProcessingInputs"][0]["S3Input"]["S3Uri"] = "s3://bucket-that-is-not-there/x"
    cloud.runtime.images["image"] = WRITES
    cloud.call("CreateProcessingJob", **request)
    cloud.wait_job("no-bucket")
    reason = cloud.call("DescribeProcessingJob", ProcessingJobName="no-bucket")["FailureReason"]
    assert "Data download failed" in reason
    assert "NoSuchBucket" in reason


def test_unknown_job(cloud: Cloud) -> None:
    with pytest.raises(CallError, match="ValidationException: Could not find requested job with name: nobody"):
        cloud.call("DescribeProcessingJob", ProcessingJobName="nobody")


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        (("ProcessingInputs", 0, "S3Input", "LocalPath"), "/tmp/x", "must be a directory below /opt/ml"),
        (("ProcessingInputs", 0, "S3Input", "LocalPath"), "/opt/ml/../x", "must be a directory below /opt/ml"),
        (("ProcessingInputs", 0, "S3Input", "S3InputMode"), "Pipe", "not implemented here"),
        (("ProcessingOutputConfig", "Outputs", 0, "S3Output", "S3UploadMode"), "Continuous", "not implemented here"),
        (("ProcessingResources", "ClusterConfig", "InstanceType"), "ml.none.large", "enum value set"),
    ],
)
def test_refused(cloud: Cloud, path: tuple, value: str, words: str) -> None:
    request = processing_request(cloud, "refused", "image")
    place: object = request
    for step in path[:-1]:
        place = place[step]  # type: ignore[index]
    place[path[-1]] = value  # type: ignore[index]
    with pytest.raises(CallError) as raised:
        cloud.call("CreateProcessingJob", **request)
    assert words in raised.value.message
