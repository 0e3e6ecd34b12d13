"""Application Auto Scaling beside the local SageMaker: alarms truly ring, instances truly start and stop."""

from __future__ import annotations

import io
import tarfile
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localcloud.cloud import LocalCloud
from tests.local.glue.conftest import ACCOUNT, Cloud
from tests.local.glue.stepfunctions.conftest import allow
from tests.local.host.roles import role_client

IMAGE = "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3"
CODE = """
def model_fn(folder): return 1
def predict_fn(rows, model): return rows
"""
INSTANCES = "sagemaker:variant:DesiredInstanceCount"


def _variant(endpoint: str) -> dict[str, Any]:
    return {"ServiceNamespace": "sagemaker", "ResourceId": f"endpoint/{endpoint}/variant/AllTraffic",
            "ScalableDimension": INSTANCES}  # fmt: skip


def _archive() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        info = tarfile.TarInfo("code/inference.py")
        info.size = len(CODE)
        tar.addfile(info, io.BytesIO(CODE.encode()))
    return buffer.getvalue()


def _serve(cloud: Cloud) -> str:
    """An endpoint with one instance, in service."""
    name = f"s-{uuid.uuid4().hex[:8]}"
    s3, sagemaker = cloud.client("s3"), cloud.client("sagemaker")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="model.tar.gz", Body=_archive())
    environment = {"SAGEMAKER_PROGRAM": "inference.py", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
    container = {"Image": IMAGE, "ModelDataUrl": f"s3://{name}/model.tar.gz", "Environment": environment}
    sagemaker.create_model(ModelName=name, PrimaryContainer=container,
                           ExecutionRoleArn=cloud.role("sagemaker.amazonaws.com", allow("s3:*", "*")))  # fmt: skip
    variant = {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1,
               "InstanceType": "ml.m5.large"}  # fmt: skip
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)
    cloud.until(lambda: _count(cloud, name) == 1, 60)
    return name


@pytest.fixture
def endpoint(cloud: Cloud) -> str:
    return _serve(cloud)


def _count(cloud: Cloud, endpoint: str) -> int | None:
    found = cloud.client("sagemaker").describe_endpoint(EndpointName=endpoint)
    assert found["EndpointStatus"] != "Failed", found
    count: int | None = found["ProductionVariants"][0].get("CurrentInstanceCount")
    return count if found["EndpointStatus"] == "InService" else None


def test_an_endpoint_grows_with_what_its_policy_tracks_and_is_forgotten_with_it(cloud: Cloud, endpoint: str) -> None:
    scaling, cloudwatch = cloud.client("application-autoscaling"), cloud.client("cloudwatch")
    variant = _variant(endpoint)
    scaling.register_scalable_target(**variant, MinCapacity=1, MaxCapacity=2)
    metric = {"Namespace": "Own", "MetricName": "Waiting", "Statistic": "Average",
              "Dimensions": [{"Name": "Queue", "Value": endpoint}, {"Name": "Kind", "Value": "own"}]}  # fmt: skip
    alarms = scaling.put_scaling_policy(
        **variant, PolicyName="own", PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={"TargetValue": 5, "CustomizedMetricSpecification": metric},
    )["Alarms"]  # fmt: skip
    described = cloudwatch.describe_alarms(AlarmNames=[alarm["AlarmName"] for alarm in alarms])["MetricAlarms"]
    assert {alarm["Threshold"] for alarm in described} == {5.0, 4.5}

    def grown() -> bool:
        datum = {"MetricName": "Waiting", "Dimensions": metric["Dimensions"], "Values": [8.0, 12.0], "Counts": [1, 1]}
        cloudwatch.put_metric_data(Namespace="Own", MetricData=[datum])
        return _count(cloud, endpoint) == 2

    cloud.until(grown, 60)
    newest = cloud.until(
        lambda: scaling.describe_scaling_activities(ServiceNamespace="sagemaker", ResourceId=variant["ResourceId"])[
            "ScalingActivities"
        ]
    )[0]
    assert newest["Cause"].endswith("in state ALARM triggered policy own")
    cloud.client("sagemaker").delete_endpoint(EndpointName=endpoint)
    cloud.until(lambda: not scaling.describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[variant["ResourceId"]])["ScalableTargets"])  # fmt: skip
    assert not cloudwatch.describe_alarms(AlarmNames=[alarm["AlarmName"] for alarm in alarms])["MetricAlarms"]


def test_the_minimum_that_is_set_outlives_a_kill(own_cloud: LocalCloud) -> None:
    cloud = Cloud(own_cloud)
    scaling = cloud.client("application-autoscaling")
    with pytest.raises(ClientError, match="could not find endpoint nobody"):
        scaling.register_scalable_target(**_variant("nobody"), MinCapacity=1, MaxCapacity=2)
    name = _serve(cloud)
    scaling.register_scalable_target(**_variant(name), MinCapacity=1, MaxCapacity=2)
    own_cloud.kill()
    own_cloud.restart()
    (target,) = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert (target["ResourceId"], target["MaxCapacity"]) == (f"endpoint/{name}/variant/AllTraffic", 2)


ACTIONS = {
    "application-autoscaling:RegisterScalableTarget": f"arn:aws:application-autoscaling:us-east-1:{ACCOUNT}:*",
    "sagemaker:DescribeEndpoint": f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:endpoint/*",
    "sagemaker:UpdateEndpointWeightsAndCapacities": f"arn:aws:sagemaker:us-east-1:{ACCOUNT}:endpoint/*",
    "iam:CreateServiceLinkedRole": f"arn:aws:iam::{ACCOUNT}:role/aws-service-role/sagemaker.application-autoscaling."
    "amazonaws.com/AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint",
}


@pytest.mark.parametrize("missing", [*ACTIONS, None])
def test_whoever_registers_needs_sagemakers_permissions_too(cloud: Cloud, missing: str | None) -> None:
    given = [allow(action, resource) for action, resource in ACTIONS.items() if action != missing]
    client = role_client(cloud.local, "application-autoscaling", f"s-{uuid.uuid4().hex[:8]}", *given)
    with pytest.raises(ClientError) as error:
        client.register_scalable_target(**_variant("nobody"), MinCapacity=1, MaxCapacity=2)
    answer = error.value.response["Error"]
    if missing is None:
        assert answer["Code"] == "ValidationException"
    else:
        assert answer["Code"] == "AccessDeniedException"
        assert missing in answer["Message"]


def test_scalable_dimension_is_a_condition_key(cloud: Cloud) -> None:
    own = {"StringEquals": {"application-autoscaling:scalable-dimension": INSTANCES}}
    statement = allow("application-autoscaling:DeregisterScalableTarget", "*") | {"Condition": own}
    more = allow("cloudwatch:DeleteAlarms", "*")
    client = role_client(cloud.local, "application-autoscaling", f"s-{uuid.uuid4().hex[:8]}", statement, more)
    for dimension, code in ((INSTANCES, "ObjectNotFoundException"),
                            ("sagemaker:variant:DesiredProvisionedConcurrency", "AccessDeniedException")):  # fmt: skip
        with pytest.raises(ClientError) as error:
            client.deregister_scalable_target(**_variant("nobody") | {"ScalableDimension": dimension})
        assert error.value.response["Error"]["Code"] == code


def test_whoever_may_delete_an_alarm_may_delete_that_alone(cloud: Cloud) -> None:
    name = f"s-{uuid.uuid4().hex[:8]}"
    own = allow("cloudwatch:DeleteAlarms", f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm:{name}")
    client = role_client(cloud.local, "cloudwatch", name, own)
    client.delete_alarms(AlarmNames=[name])
    with pytest.raises(ClientError, match="not authorized"):
        client.delete_alarms(AlarmNames=[f"other-{name}"])
