"""A client's view of one service, and requests that it accepts."""

from __future__ import annotations

import contextlib
import io
import json
import tarfile
import threading
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3

from localcloud.sagemaker.service import SageMaker
from tests.unit.localcloud.sagemaker.fakes import FakeRuntime

# moto's own account, so that what a role wrote is seen by the tests' clients.
ACCOUNT = "123456789012"
REGION = "us-east-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/dropforge-job"
PATIENCE = 30.0


def make_role(arn: str, service: str) -> None:
    """A role that the service may assume; one that exists stays as it is."""
    iam = boto3.client("iam", region_name=REGION)
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
        iam.create_role(
            RoleName=arn.rsplit("/", 1)[-1], AssumeRolePolicyDocument=json.dumps({"Statement": [statement]})
        )


class CallError(Exception):
    """An error answer."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"{body['__type']}: {body['Message']}")
        self.status = status
        self.code: str = body["__type"]
        self.message: str = body["Message"]
        self.body = body


class Cloud:
    """A service with its events, and the calls that a client would make."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.runtime = FakeRuntime()
        self.events: list[dict[str, Any]] = []
        self._changed = threading.Condition()
        self.bucket = f"bucket-{uuid.uuid4().hex[:12]}"
        self.s3 = boto3.client("s3", region_name=REGION)
        self.s3.create_bucket(Bucket=self.bucket)
        make_role(ROLE, "sagemaker.amazonaws.com")
        self.service = self.make()
        self.service.start()

    def make(self) -> SageMaker:
        # An empty endpoint is AWS's own, which moto answers for.
        return SageMaker(self.home, "", self._emit, REGION, ACCOUNT, runtime=self.runtime, time_scale=60.0)

    def restart(self) -> None:
        self.service.close()
        self.service = self.make()
        self.service.start()

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        headers = {"X-Amz-Target": f"SageMaker.{operation}"}
        status, _, body = self.service.handle("sagemaker", "POST", "/", headers, json.dumps(request).encode())
        answer: dict[str, Any] = json.loads(body or b"{}")
        if status != 200:
            raise CallError(status, answer)
        return answer

    def invoke(self, endpoint: str, body: bytes, **headers: str) -> tuple[dict[str, str], dict[str, Any]]:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        path = f"/endpoints/{endpoint}/invocations"
        status, answered, text = self.service.handle("sagemaker-runtime", "POST", path, sent, body)
        if status != 200:
            raise CallError(status, json.loads(text))
        return answered, json.loads(text)

    def wait(self, found: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first event, past or coming, for which `found` holds."""
        with self._changed:
            assert self._changed.wait_for(lambda: any(map(found, self.events)), PATIENCE), self.events
            return next(event for event in self.events if found(event))

    def wait_job(self, name: str) -> dict[str, Any]:
        """The event of a job's end."""
        ends = ("Completed", "Failed", "Stopped")

        def ended(event: dict[str, Any]) -> bool:
            detail = event["detail"]
            return any(
                detail.get(f"{kind}JobName") == name and detail[f"{kind}JobStatus"] in ends
                for kind in ("Training", "Processing", "Transform")
            )

        return self.wait(ended)

    def wait_endpoint(self, name: str, status: str, after: int = 0) -> dict[str, Any]:
        """The event of an endpoint's status, among those from number `after` on."""
        return self.wait(
            lambda event: (
                event["detail"].get("EndpointName") == name
                and event["detail"]["EndpointStatus"] == status
                and self.events.index(event) >= after
            )
        )

    def put(self, key: str, body: bytes = b"1,2\n") -> str:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return f"s3://{self.bucket}/{key}"

    def get(self, uri: str) -> bytes:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        body: bytes = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

    def put_archive(self, key: str, **files: str) -> str:
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
            for name, text in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(text)
                tar.addfile(info, io.BytesIO(text.encode()))
        return self.put(key, buffer.getvalue())

    def _emit(self, event: dict[str, Any]) -> None:
        with self._changed:
            self.events.append(json.loads(json.dumps(event)))
            self._changed.notify_all()


def training_request(cloud: Cloud, name: str, image: str, **more: Any) -> dict[str, Any]:
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{cloud.bucket}/data/"}
    return {
        "TrainingJobName": name,
        "AlgorithmSpecification": {"TrainingImage": image, "TrainingInputMode": "File"},
        "RoleArn": ROLE,
        "InputDataConfig": [
            {"ChannelName": "train", "ContentType": "text/csv", "DataSource": {"S3DataSource": source}}
        ],
        "OutputDataConfig": {"S3OutputPath": f"s3://{cloud.bucket}/out/"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        **more,
    }


def processing_request(cloud: Cloud, name: str, image: str, **more: Any) -> dict[str, Any]:
    s3 = {
        "S3Uri": f"s3://{cloud.bucket}/data/",
        "LocalPath": "/opt/ml/processing/input/rows",
        "S3DataType": "S3Prefix",
        "S3InputMode": "File",
        "S3DataDistributionType": "FullyReplicated",
    }
    out = {
        "S3Uri": f"s3://{cloud.bucket}/prepared",
        "LocalPath": "/opt/ml/processing/output",
        "S3UploadMode": "EndOfJob",
    }
    cluster = {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10}
    return {
        "ProcessingJobName": name,
        "ProcessingResources": {"ClusterConfig": cluster},
        "AppSpecification": {"ImageUri": image, "ContainerEntrypoint": ["python3", "-m", "x"]},
        "RoleArn": ROLE,
        "ProcessingInputs": [{"InputName": "rows", "S3Input": s3}],
        "ProcessingOutputConfig": {"Outputs": [{"OutputName": "prepared", "S3Output": out}]},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        **more,
    }
