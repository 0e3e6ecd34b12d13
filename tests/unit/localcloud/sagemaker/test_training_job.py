"""Training jobs: from a channel in S3 to model.tar.gz, and every way to fail."""

from __future__ import annotations

import io
import json
import tarfile

import boto3
import pytest

from tests.unit.localcloud.sagemaker.helpers import REGION, CallError, Cloud, training_request

TRAINS = """
print("epoch=1 loss=0.5;"); print("epoch=2 loss=0.25;")
open("model/weights", "w").write("W")
"""


def describe(cloud: Cloud, name: str) -> dict:
    return cloud.call("DescribeTrainingJob", TrainingJobName=name)


def run(cloud: Cloud, name: str, code: str, **more: object) -> dict:
    cloud.runtime.images["image"] = code
    if not cloud.s3.list_objects_v2(Bucket=cloud.bucket).get("Contents"):
        cloud.put("data/a.csv")
    cloud.call("CreateTrainingJob", **training_request(cloud, name, "image", **more))
    cloud.wait_job(name)
    return describe(cloud, name)


def test_completed(cloud: Cloud) -> None:
    cloud.put("data/a b/ünï.csv", b"1,2\n")
    cloud.put("data/", b"")
    algorithm = {
        "TrainingImage": "image",
        "TrainingInputMode": "File",
        "MetricDefinitions": [{"Name": "loss", "Regex": "loss=(.*?);"}],
    }
    job = run(cloud, "Job-1", TRAINS, AlgorithmSpecification=algorithm, HyperParameters={"depth": "3"})
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Completed", "Completed")
    transitions = [item["Status"] for item in job["SecondaryStatusTransitions"]]
    assert transitions == ["Starting", "Downloading", "Training", "Uploading", "Completed"]
    assert all("EndTime" in item for item in job["SecondaryStatusTransitions"])
    [loss] = job["FinalMetricDataList"]
    assert (loss["MetricName"], loss["Value"]) == ("loss", 0.25)
    uri = f"s3://{cloud.bucket}/out/Job-1/output/model.tar.gz"
    assert job["ModelArtifacts"] == {"S3ModelArtifacts": uri}
    with tarfile.open(fileobj=io.BytesIO(cloud.get(uri))) as tar:
        assert tar.getnames() == ["weights"]
    assert job["BillableTimeInSeconds"] == job["TrainingTimeInSeconds"] >= 1


def test_container_sees_the_contract(cloud: Cloud) -> None:
    cloud.put("data/a b/ünï.csv", b"1,2\n")
    run(cloud, "contract", TRAINS, HyperParameters={"depth": "3"}, Environment={"MINE": "1"})
    files = cloud.runtime.snapshots["image"]
    assert files["input/data/train/a b/ünï.csv"] == "1,2\n"
    assert json.loads(files["input/config/hyperparameters.json"]) == {"depth": "3"}
    assert json.loads(files["input/config/inputdataconfig.json"]) == {
        "train": {
            "TrainingInputMode": "File",
            "S3DistributionType": "FullyReplicated",
            "RecordWrapperType": "None",
            "ContentType": "text/csv",
        }
    }
    resources = json.loads(files["input/config/resourceconfig.json"])
    assert (resources["current_host"], resources["hosts"]) == ("algo-1", ["algo-1"])
    [request] = cloud.runtime.requests["image"]
    assert request.environment["MINE"] == "1"
    assert request.environment["TRAINING_JOB_NAME"] == "contract"
    assert request.environment["TRAINING_JOB_ARN"].endswith(":training-job/contract")
    assert request.credentials["AWS_SESSION_TOKEN"]


def test_isolation_gives_no_credentials(cloud: Cloud) -> None:
    run(cloud, "isolated", TRAINS, EnableNetworkIsolation=True)
    [request] = cloud.runtime.requests["image"]
    assert request.network_isolation
    assert request.credentials == {}


def test_logs_and_metrics(cloud: Cloud) -> None:
    algorithm = {
        "TrainingImage": "image",
        "TrainingInputMode": "File",
        "MetricDefinitions": [{"Name": "loss", "Regex": "loss=(.*?);"}],
    }
    run(cloud, "observed", TRAINS, AlgorithmSpecification=algorithm)
    logs = boto3.client("logs", region_name=REGION)
    group = "/aws/sagemaker/TrainingJobs"
    streams = logs.describe_log_streams(logGroupName=group, logStreamNamePrefix="observed/")["logStreams"]
    assert [item["logStreamName"].rsplit("-", 1)[0] for item in streams] == ["observed/algo-1"]
    name = streams[0]["logStreamName"]
    lines = [event["message"] for event in logs.get_log_events(logGroupName=group, logStreamName=name)["events"]]
    assert lines == ["epoch=1 loss=0.5;", "epoch=2 loss=0.25;"]
    metrics = boto3.client("cloudwatch", region_name=REGION).list_metrics(Namespace=group)["Metrics"]
    assert {"Name": "TrainingJobName", "Value": "observed"} in [d for m in metrics for d in m["Dimensions"]]


def test_a_figure_that_is_no_number_is_no_metric(cloud: Cloud) -> None:
    algorithm = {
        "TrainingImage": "image",
        "TrainingInputMode": "File",
        "MetricDefinitions": [{"Name": "auc", "Regex": "auc:(\\S+)"}, {"Name": "loss", "Regex": "loss:(\\S+)"}],
    }
    code = "print('auc:nan'); print('auc:-inf'); print('loss:inf'); print('loss:0.5'); print('loss:nan')"
    job = run(cloud, "undefined", code, AlgorithmSpecification=algorithm)
    assert [(m["MetricName"], m["Value"]) for m in job["FinalMetricDataList"]] == [("loss", 0.5)]


def test_failure_file(cloud: Cloud) -> None:
    code = (
        "import sys; open('output/failure', 'w').write('x' * 2000); open('output/data/d', 'w').write('d'); sys.exit(7)"
    )
    job = run(cloud, "failing", code)
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith("AlgorithmError: xxx")
    assert job["FailureReason"].endswith("x, exit code: 7")
    assert len(job["FailureReason"]) <= 1024
    assert cloud.get(f"s3://{cloud.bucket}/out/failing/output/output.tar.gz")
    assert "ModelArtifacts" not in job  # SDK v3 refuses one without a path


def test_killed(cloud: Cloud) -> None:
    job = run(cloud, "killed", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    assert job["FailureReason"] == "AlgorithmError: killed by SIGKILL, exit code: 137"


def test_unknown_image(cloud: Cloud) -> None:
    cloud.put("data/a.csv")
    cloud.call("CreateTrainingJob", **training_request(cloud, "unknown", "nobody/knows:1"))
    cloud.wait_job("unknown")
    job = describe(cloud, "unknown")
    assert job["TrainingJobStatus"] == "Failed"
    assert "nobody/knows:1" in job["FailureReason"]


def test_no_data(cloud: Cloud) -> None:
    cloud.put("elsewhere/a.csv")
    job = run(cloud, "no-data", TRAINS)
    assert job["TrainingJobStatus"] == "Failed"
    assert job["FailureReason"].startswith(
        f'ClientError: Data download failed: No S3 objects found under S3 URL "s3://{cloud.bucket}/data/"'
    )
    assert not cloud.runtime.requests["image"]


def test_stop_is_sigterm_and_keeps_the_model(cloud: Cloud) -> None:
    code = """
import signal, sys, time
def save(*_):
    open("model/weights", "w").write("saved late"); sys.exit(0)
signal.signal(signal.SIGTERM, save)
print("ready")
signal.pause()
"""
    cloud.runtime.images["image"] = code
    cloud.put("data/a.csv")
    cloud.call("CreateTrainingJob", **training_request(cloud, "stopped", "image"))
    cloud.wait(lambda event: event["detail"]["SecondaryStatus"] == "Training")
    cloud.runtime.wait_for_line("ready")
    cloud.call("StopTrainingJob", TrainingJobName="stopped")
    cloud.wait_job("stopped")
    job = describe(cloud, "stopped")
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "Stopped")
    assert [item["Status"] for item in job["SecondaryStatusTransitions"]][-3:] == ["Stopping", "Uploading", "Stopped"]
    assert cloud.get(job["ModelArtifacts"]["S3ModelArtifacts"])
    with pytest.raises(CallError, match="rejected because the training job is in status Stopped"):
        cloud.call("StopTrainingJob", TrainingJobName="stopped")


def test_max_runtime(cloud: Cloud) -> None:
    job = run(cloud, "long", "import signal; signal.pause()", StoppingCondition={"MaxRuntimeInSeconds": 1})
    assert (job["TrainingJobStatus"], job["SecondaryStatus"]) == ("Stopped", "MaxRuntimeExceeded")


def test_checkpoints_go_both_ways(cloud: Cloud) -> None:
    cloud.put("ckpt/step-1", b"one")
    code = "print(open('checkpoints/step-1').read()); open('checkpoints/step-2', 'w').write('two')"
    config = {"S3Uri": f"s3://{cloud.bucket}/ckpt"}
    cloud.put("data/a.csv")
    stopping = {"MaxRuntimeInSeconds": 60, "MaxWaitTimeInSeconds": 60}
    job = run(cloud, "spot", code, CheckpointConfig=config, EnableManagedSpotTraining=True, StoppingCondition=stopping)
    assert job["TrainingJobStatus"] == "Completed", job
    assert cloud.get(f"s3://{cloud.bucket}/ckpt/step-2") == b"two"


def test_manifest_and_gzip(cloud: Cloud) -> None:
    import gzip

    cloud.put("rows/b.csv.gz", gzip.compress(b"3,4\n"))
    cloud.put("rows/c.csv", b"not listed")
    manifest = [{"prefix": f"s3://{cloud.bucket}/rows/"}, "b.csv.gz"]
    uri = cloud.put("manifest.json", json.dumps(manifest).encode())
    source = {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": uri}}
    run(cloud, "manifest", TRAINS, InputDataConfig=[
        {"ChannelName": "train", "DataSource": source, "CompressionType": "Gzip"}
    ])  # fmt: skip
    files = cloud.runtime.snapshots["image"]
    data = {name: text for name, text in files.items() if name.startswith("input/data")}
    assert data == {"input/data/train/b.csv": "3,4\n"}


def test_names_are_unique(cloud: Cloud) -> None:
    run(cloud, "once", TRAINS)
    with pytest.raises(CallError, match="names must be unique within an AWS account and region") as raised:
        cloud.call("CreateTrainingJob", **training_request(cloud, "ONCE", "image"))
    assert raised.value.code == "ResourceInUse"
    cloud.call("DeleteTrainingJob", TrainingJobName="once")
    with pytest.raises(CallError, match=r"ValidationException: Requested resource not found\."):
        describe(cloud, "once")


def resources(instance_type: str, **more: str) -> dict:
    return {"ResourceConfig": {"InstanceType": instance_type, "InstanceCount": 1, "VolumeSizeInGB": 9, **more}}


def algorithm(image: str, **more: object) -> dict:
    return {"AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File", **more}}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (resources("ml.g4dn.xlarge", VolumeKmsKeyId="k"), "VolumeKmsKeyId is not supported"),
        (resources("ml.p4d.24xlarge", VolumeKmsKeyId="k"), "VolumeKmsKeyId is not supported"),
        (resources("ml.huge.9xlarge"), "Value 'ml.huge.9xlarge' at 'resourceConfig.instanceType' failed to satisfy"),
        ({"RoleArn": "arn:aws:iam::1:role/too-short-account"}, "'roleArn' failed to satisfy constraint"),
        ({"EnableManagedSpotTraining": True}, "Invalid MaxWaitTimeInSeconds"),
        ({"StoppingCondition": {"MaxRuntimeInSeconds": 9, "MaxWaitTimeInSeconds": 9}}, "Invalid MaxWaitTimeInSeconds"),
        (algorithm("a b"), "Invalid image URI"),
        (
            algorithm("builtin", MetricDefinitions=[{"Name": "a", "Regex": "(a)"}]),
            "You can't override the metric definitions for Amazon SageMaker algorithms",
        ),
        (
            algorithm("image", MetricDefinitions=[{"Name": "a", "Regex": "("}]),
            "Invalid regex for metric definition 'a'",
        ),
        (algorithm("image", MetricDefinitions=[{"Name": "a", "Regex": "a"}]), "no capturing group"),
        ({"CheckpointConfig": {"S3Uri": "s3://b/c", "LocalPath": "/tmp/x"}}, "must be a directory below /opt/ml"),
    ],
)
def test_refused_as_aws_does(cloud: Cloud, change: dict, words: str) -> None:
    cloud.runtime.builtin["builtin"] = [{"Name": "validation:auc", "Regex": "auc:(.*)"}]
    request = training_request(cloud, "refused", "image") | change
    with pytest.raises(CallError, match="ValidationException") as raised:
        cloud.call("CreateTrainingJob", **request)
    assert words in raised.value.message
    assert not cloud.events


@pytest.mark.parametrize(
    "change",
    [
        {"ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2, "VolumeSizeInGB": 9}},
        {"AlgorithmSpecification": {"TrainingImage": "image", "TrainingInputMode": "Pipe"}},
        {"AlgorithmSpecification": {"AlgorithmName": "mine", "TrainingInputMode": "File"}},
        {
            "AlgorithmSpecification": {
                "TrainingImage": "image",
                "TrainingInputMode": "File",
                "ContainerArguments": ["a"],
            }
        },
    ],
)
def test_not_here(cloud: Cloud, change: dict) -> None:
    with pytest.raises(CallError, match="is not implemented here") as raised:
        cloud.call("CreateTrainingJob", **(training_request(cloud, "not-here", "image") | change))
    assert (raised.value.code, raised.value.status) == ("NotImplementedError", 501)


def test_builtin_metrics_are_described(cloud: Cloud) -> None:
    cloud.runtime.builtin["image"] = [{"Name": "train:loss", "Regex": "loss=(.*?);"}]
    job = run(cloud, "builtin", TRAINS)
    assert job["AlgorithmSpecification"]["MetricDefinitions"] == cloud.runtime.builtin["image"]
    assert [item["MetricName"] for item in job["FinalMetricDataList"]] == ["train:loss"]


def test_restart_fails_what_ran(cloud: Cloud) -> None:
    cloud.runtime.images["image"] = "import signal; signal.pause()"
    cloud.put("data/a.csv")
    cloud.call("CreateTrainingJob", **training_request(cloud, "cut-off", "image"))
    cloud.wait(lambda event: event["detail"]["SecondaryStatus"] == "Training")
    [request] = cloud.runtime.requests["image"] or [None]
    cloud.restart()
    assert cloud.wait_job("cut-off")["detail"]["TrainingJobStatus"] == "Failed"
    assert "was stopped while this job ran" in describe(cloud, "cut-off")["FailureReason"]
    assert request is None or not request.root.exists()


def test_stopped_at_any_moment_every_job_ends(cloud: Cloud) -> None:
    """Stops race with each step of the job: whichever wins, the job ends, and ends only once."""
    cloud.runtime.images["image"] = "import signal; signal.pause()"
    cloud.put("data/a.csv")
    names = [f"race-{number}" for number in range(8)]
    for name in names:
        cloud.call("CreateTrainingJob", **training_request(cloud, name, "image"))
    for name in names:
        cloud.call("StopTrainingJob", TrainingJobName=name)
    for name in names:
        assert cloud.wait_job(name)["detail"]["TrainingJobStatus"] == "Stopped"
        ends = [e for e in cloud.events if e["detail"]["TrainingJobName"] == name and "TrainingEndTime" in e["detail"]]
        assert len(ends) == 1
    assert all(process.wait(20) is not None for process in cloud.runtime.processes)
