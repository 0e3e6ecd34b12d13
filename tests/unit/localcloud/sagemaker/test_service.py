"""The HTTP face: protocols, errors, what is not there, roles, reset."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse

from localcloud.sagemaker import wire
from localcloud.sagemaker.errors import AssumeRoleError
from localcloud.sagemaker.service import OPERATIONS, SageMaker
from tests.unit.localcloud.sagemaker.fakes import FakeRuntime
from tests.unit.localcloud.sagemaker.helpers import ACCOUNT, REGION, CallError, Cloud, make_role, training_request


def send(cloud: Cloud, target: str, body: bytes) -> tuple[int, dict[str, str], Any]:
    status, headers, text = cloud.service.handle("sagemaker", "POST", "/", {"x-amz-target": target}, body)
    return status, headers, json.loads(text)


def test_not_implemented(cloud: Cloud) -> None:
    with pytest.raises(CallError) as raised:
        cloud.call("CreateLabelingJob")
    assert (raised.value.status, raised.value.code) == (501, "NotImplementedError")
    assert raised.value.message == ("sagemaker:CreateLabelingJob is not implemented here (Dropforge local cloud)")


def test_every_other_operation_says_so(cloud: Cloud) -> None:
    for name in set(wire.service_model("sagemaker").operation_names) - set(OPERATIONS):
        with pytest.raises(CallError, match=f"sagemaker:{name} is not implemented here"):
            cloud.call(name)


def test_unknown_operation(cloud: Cloud) -> None:
    assert send(cloud, "SageMaker.Nonsense", b"{}")[2]["__type"] == "UnknownOperationException"


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff"])
def test_broken_bodies(cloud: Cloud, body: bytes) -> None:
    status, headers, answer = send(cloud, "SageMaker.ListModels", body)
    assert (status, answer["__type"]) == (400, "SerializationException")
    assert headers["x-amzn-RequestId"]


def test_runtime_not_implemented(cloud: Cloud) -> None:
    headers = {"X-Amzn-SageMaker-Target-Model": "a.tar.gz"}
    status, _, text = cloud.service.handle("sagemaker-runtime", "POST", "/endpoints/e/invocations", headers, b"")
    assert (status, json.loads(text)["__type"]) == (501, "NotImplementedError")


def through_boto3(cloud: Cloud, service: str) -> Any:
    """A plain client whose requests go to the service instead of a socket."""
    client = boto3.client(
        service, region_name=REGION, endpoint_url="http://127.0.0.1:9", aws_access_key_id="a", aws_secret_access_key="b"
    )

    def answer(request: Any, **_: Any) -> AWSResponse:
        headers = {name: value if isinstance(value, str) else value.decode() for name, value in request.headers.items()}
        body = request.body or b""
        path = "/" + request.url.split("/", 3)[3]
        status, sent, text = cloud.service.handle(service, request.method, path, headers, body)  # type: ignore[arg-type]
        return _Answer(request.url, status, sent, text)

    client.meta.events.register("before-send", answer)
    return client


class _Answer(AWSResponse):  # type: ignore[misc]
    def __init__(self, url: str, status: int, headers: dict[str, str], body: bytes) -> None:
        super().__init__(url, status, headers, None)
        self._content = body


def test_boto3_understands(cloud: Cloud) -> None:
    client = through_boto3(cloud, "sagemaker")
    arn = client.create_model_package_group(ModelPackageGroupName="group")["ModelPackageGroupArn"]
    assert client.describe_model_package_group(ModelPackageGroupName="group")["CreationTime"].tzinfo
    assert [g["ModelPackageGroupArn"] for g in client.list_model_package_groups()["ModelPackageGroupSummaryList"]] == [
        arn
    ]
    request = training_request(cloud, "name", "image") | {"TrainingJobName": "a_b"}
    with pytest.raises(client.exceptions.ClientError, match=r"ValidationException.*'a_b' at 'trainingJobName'"):
        client.create_training_job(**request)
    with pytest.raises(client.exceptions.ClientError, match=r"NotImplementedError.*CreateProject"):
        client.create_project(ProjectName="x", ServiceCatalogProvisioningDetails={"ProductId": "abc"})
    runtime = through_boto3(cloud, "sagemaker-runtime")
    with pytest.raises(runtime.exceptions.ValidationError, match="Endpoint none of account"):
        runtime.invoke_endpoint(EndpointName="none", Body=b"x")


def test_in_use_is_a_modelled_exception(cloud: Cloud) -> None:
    client = through_boto3(cloud, "sagemaker")
    cloud.runtime.images["image"] = "print(1)"
    cloud.put("data/a.csv")
    client.create_training_job(**training_request(cloud, "twice", "image"))
    with pytest.raises(client.exceptions.ResourceInUse):
        client.create_training_job(**training_request(cloud, "twice", "image"))


@pytest.mark.parametrize("role", ["trusts-lambda", "does-not-exist"])
def test_role_without_trust(cloud: Cloud, role: str) -> None:
    make_role("arn:aws:iam::1:role/trusts-lambda", "lambda.amazonaws.com")
    arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
    with pytest.raises(CallError, match=f"ValidationException: Could not assume role {arn}. Please ensure"):
        cloud.call("CreateTrainingJob", **training_request(cloud, "job", "server", RoleArn=arn))


def test_role_that_cannot_be_assumed(aws: None, tmp_path: Path) -> None:
    def refuse(role_arn: str, name: str) -> dict[str, str]:
        raise AssumeRoleError(role_arn)

    runtime = FakeRuntime()
    service = SageMaker(tmp_path, "", lambda event: None, REGION, ACCOUNT, assume_role=refuse, runtime=runtime)
    cloud = Cloud(tmp_path / "other")
    body = json.dumps(training_request(cloud, "job", "server")).encode()
    headers = {"X-Amz-Target": "SageMaker.CreateTrainingJob"}
    status, _, text = service.handle("sagemaker", "POST", "/", headers, body)
    assert status == 400
    message = json.loads(text)["Message"]
    assert message.startswith("Could not assume role arn:aws:iam:")
    assert "allows principal 'sagemaker.amazonaws.com' to assume the role." in message
    service.close()
    cloud.service.close()


def test_reset(cloud: Cloud) -> None:
    cloud.call("CreateModelPackageGroup", ModelPackageGroupName="group")
    cloud.runtime.images["image"] = "import signal; print('ready'); signal.pause()"
    cloud.put("data/a.csv")
    cloud.call("CreateTrainingJob", **training_request(cloud, "running", "image"))
    cloud.runtime.wait_for_line("ready")
    cloud.service.reset()
    assert cloud.runtime.processes[0].wait(20) is not None
    assert cloud.call("ListTrainingJobs") == {"TrainingJobSummaries": []}
    assert cloud.call("ListModelPackageGroups") == {"ModelPackageGroupSummaryList": []}
    cloud.call("CreateTrainingJob", **training_request(cloud, "running", "image"))
