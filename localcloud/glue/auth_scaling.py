"""What IAM judges Application Auto Scaling's calls by, and what it does in its caller's name.

Service Authorization Reference; SageMaker developer guide, "endpoint-auto-scaling-prerequisites": whoever registers
or puts a policy needs SageMaker's and CloudWatch's permissions too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from localcloud.scaling.model import ROLE, Key

SERVICE = "application-autoscaling"
Needed = tuple[str, str, dict[str, Any]]
_ENDPOINT = ("sagemaker:DescribeEndpoint", "sagemaker:UpdateEndpointWeightsAndCapacities")


def resource_arn(operation: str, parameters: dict[str, Any], region: str, account: str) -> str:
    """Return the ARN that an operation is authorized on; `*` if it has no resource type."""
    if arn := parameters.get("ResourceARN"):
        return str(arn)
    if operation.startswith("Describe"):
        return "*"
    try:
        key = Key.of(parameters)
    except KeyError:
        return "*"
    return f"arn:aws:{SERVICE}:{region}:{account}:scalable-target/{key.id}"


def context(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the condition keys (lower-cased) that a request has."""
    found = {
        f"{SERVICE}:service-namespace": parameters.get("ServiceNamespace"),
        f"{SERVICE}:scalable-dimension": parameters.get("ScalableDimension"),
    }
    tags = parameters.get("Tags")
    if isinstance(tags, dict):
        found |= {f"aws:requesttag/{key}".lower(): value for key, value in tags.items()}
        found["aws:tagkeys"] = list(tags)
    return {key: value for key, value in found.items() if value is not None}


def dependent(operation: str, parameters: dict[str, Any], region: str, account: str) -> Iterator[Needed]:
    """Yield what is done in the caller's name: (action, resource ARN, condition keys)."""
    resource = str(parameters.get("ResourceId") or "").split("/")
    if parameters.get("ServiceNamespace") != "sagemaker" or len(resource) < len(("endpoint", "")):
        return
    if operation == "RegisterScalableTarget":
        endpoint = f"arn:aws:sagemaker:{region}:{account}:endpoint/{resource[1].lower()}"
        yield from ((action, endpoint, {}) for action in _ENDPOINT)
        principal = "sagemaker.application-autoscaling.amazonaws.com"
        role = f"arn:aws:iam::{account}:role/aws-service-role/{principal}/{ROLE}"
        yield "iam:CreateServiceLinkedRole", role, {"iam:awsservicename": principal}
    alarm = f"arn:aws:cloudwatch:{region}:{account}:alarm:TargetTracking-{'/'.join(resource)}-"
    if operation == "PutScalingPolicy" and "TargetTrackingScalingPolicyConfiguration" in parameters:
        yield "cloudwatch:PutMetricAlarm", alarm, {}
        yield "cloudwatch:DescribeAlarms", "*", {}
    if operation in {"DeleteScalingPolicy", "DeregisterScalableTarget"}:
        yield "cloudwatch:DeleteAlarms", alarm, {}


def parse(body: bytes) -> dict[str, Any]:
    """Return a request's parameters; {} if they are no JSON object."""
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
