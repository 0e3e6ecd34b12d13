"""The exact requests for models, endpoint configurations and alarms."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dropforge import names
from dropforge.project_base import on

if TYPE_CHECKING:
    from dropforge.project import Deploy
    from dropforge.project_deploy import Rollout

VARIANT = "AllTraffic"
ALARMS = ("5xx", "latency")
CAPTURE_MODES = {"input_and_output": ["Input", "Output"], "input": ["Input"], "output": ["Output"]}
TYPES = {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json", "application/jsonlines"]}
GUARDS = {"CANARY": "CanarySize", "LINEAR": "LinearStepSize"}
DEFAULT_SIZE = 10
Request = dict[str, Any]


def run_of(package: Request) -> str:
    """The run that made a package."""
    return str(package["CustomerMetadataProperties"]["dropforge:run"])


def version_of(package: Request) -> int:
    """A package's version in its group."""
    return int(package["ModelPackageVersion"])


def model_request(package: Request, role: str, tags: list[Request], *, serverless: bool) -> Request:
    """CreateModel for a package. AWS has no network isolation for serverless endpoints."""
    container = package["InferenceSpecification"]["Containers"][0]
    isolated = (package.get("CustomerMetadataProperties") or {}).get("dropforge:isolated") != "false"
    suffix = "-s" if serverless else ""
    return {
        "ModelName": names.model_name(run_of(package), version_of(package)) + suffix,
        "PrimaryContainer": {k: container[k] for k in ("Image", "ModelDataUrl", "Environment") if k in container},
        "ExecutionRoleArn": role,
        "EnableNetworkIsolation": isolated and not serverless,
        "Tags": tags,
    }


def variant_request(deploy: Deploy, name: str, model: str, weight: float = 1.0, **changed: Any) -> Request:
    """A ProductionVariant of the project's kind; `changed` has instance type and count, where they differ."""
    request: Request = {"VariantName": name, "ModelName": model, "InitialVariantWeight": weight}
    if deploy.serving == "serverless":
        block = deploy.serverless
        config = {
            "MemorySizeInMB": block.memory if block else 2048,
            "MaxConcurrency": block.max_concurrency if block else 5,
        }
        if block and block.provisioned:
            config["ProvisionedConcurrency"] = block.provisioned
        return request | {"ServerlessConfig": config}
    return request | {
        "InstanceType": changed.get("instance_type") or deploy.instance_type,
        "InitialInstanceCount": changed.get("count") or deploy.initial_instance_count,
    }


@dataclass(frozen=True)
class Places:
    """Where an endpoint writes: below s3://…/<project>/, encrypted with a key, and to a topic."""

    project: str
    key: str
    topic: str


def config_request(deploy: Deploy, package: Request, variants: list[Request], places: Places, **more: Any) -> Request:
    """CreateEndpointConfig; its name holds a digest of everything else in it."""
    request: Request = {"ProductionVariants": variants, **more}
    if deploy.serving == "asynchronous":
        request["AsyncInferenceConfig"] = _asynchronous(deploy, places)
    if on(deploy.capture) and deploy.capture and "DataCaptureConfig" not in more:
        request["DataCaptureConfig"] = _capture(deploy, places)
    types = [v["InstanceType"] for v in (*variants, *more.get("ShadowProductionVariants", ())) if "InstanceType" in v]
    if types and not any(names.has_local_storage(kind) for kind in types):
        request["KmsKeyId"] = places.key
    digest = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
    name = names.endpoint_config_name(run_of(package), version_of(package), digest)
    return {
        "EndpointConfigName": name,
        **request,
        "Tags": names.tags(package["ModelPackageGroupName"], run_of(package)),
    }


def alarm_requests(project: str, config: str, variants: list[Request], rollout: Rollout) -> list[Request]:
    """PutMetricAlarm for each variant: the share of 5XX answers, and how long nine of ten answers take.

    Of the *new* configuration alone: an alarm over the old fleet would abort the very deployment that cures it. The
    average of Invocation5XXErrors is the share, for every invocation counts as 0 or 1 (SageMaker dg, "Monitor").
    """
    found = []
    for variant in variants:
        of = {"EndpointName": project, "VariantName": variant["VariantName"], "EndpointConfigName": config}
        dimensions = [{"Name": name, "Value": value} for name, value in of.items()]
        common = {
            "Namespace": "AWS/SageMaker",
            "Dimensions": dimensions,
            "Period": 60,
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanThreshold",
            "TreatMissingData": "notBreaching",
        }
        name = f"{config}-{variant['VariantName']}"
        errors = {"MetricName": "Invocation5XXErrors", "Statistic": "Average", "Threshold": rollout.max_errors / 100}
        slow = {"MetricName": "ModelLatency", "ExtendedStatistic": "p90", "Threshold": rollout.max_latency * 1000.0}
        version = names.configured_version(config)
        about = f"of version {version[1] if version else config} of {project}, variant {variant['VariantName']}"
        found += [
            {
                "AlarmName": f"{name}-5xx",
                "AlarmDescription": f"More than {rollout.max_errors:g} % 5XX answers {about}",
                **common,
                **errors,
            },
            {
                "AlarmName": f"{name}-latency",
                "AlarmDescription": f"One of ten answers takes over {rollout.max_latency} ms: {about}",
                **common,
                **slow,
            },
        ]
    return found


def deployment_config(strategy: str, rollout: Rollout, alarms: list[str]) -> Request:
    """DeploymentConfig of UpdateEndpoint: how the traffic moves, and which alarms take it back."""
    timeout = {"MaximumExecutionTimeoutInSeconds": rollout.timeout} if rollout.timeout else {}
    back = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": name} for name in alarms]}} if alarms else {}
    size = _size(rollout, rollout.size or DEFAULT_SIZE)
    if strategy == "rolling":
        policy: Request = {"MaximumBatchSize": size, "WaitIntervalInSeconds": rollout.wait, **timeout}
        if rollout.rollback_size is not None:
            policy["RollbackMaximumBatchSize"] = _size(rollout, rollout.rollback_size)
        return {"RollingUpdatePolicy": policy, **back}
    kind = strategy.upper() if strategy in ("canary", "linear") else "ALL_AT_ONCE"
    routing: Request = {"Type": kind, "WaitIntervalInSeconds": rollout.wait if kind in GUARDS else 0}
    if kind in GUARDS:
        routing[GUARDS[kind]] = size
    blue_green = {"TrafficRoutingConfiguration": routing, "TerminationWaitInSeconds": rollout.bake, **timeout}
    return {"BlueGreenUpdatePolicy": blue_green, **back}


def _size(rollout: Rollout, size: int) -> Request:
    return {"Type": "CAPACITY_PERCENT" if rollout.unit == "percent" else "INSTANCE_COUNT", "Value": size}


def whole_capture(places: Places) -> Request:
    """DataCaptureConfig of everything: what a shadow's answers are compared by."""
    return _captured(100, CAPTURE_MODES["input_and_output"], places)


def _capture(deploy: Deploy, places: Places) -> Request:
    capture = deploy.capture
    assert capture is not None
    return _captured(capture.sampling, CAPTURE_MODES[capture.mode], places)


def _captured(sampling: int, modes: list[str], places: Places) -> Request:
    return {
        "EnableCapture": True,
        "InitialSamplingPercentage": sampling,
        "DestinationS3Uri": f"{places.project}capture",
        "KmsKeyId": places.key,
        "CaptureOptions": [{"CaptureMode": mode} for mode in modes],
        "CaptureContentTypeHeader": TYPES,
    }


def _asynchronous(deploy: Deploy, places: Places) -> Request:
    block = deploy.asynchronous
    most = {"MaxConcurrentInvocationsPerInstance": block.max_concurrent} if block and block.max_concurrent else {}
    output: Request = {
        "S3OutputPath": f"{places.project}async/answers",
        "S3FailurePath": f"{places.project}async/failures",
        "KmsKeyId": places.key,
    }
    if block and block.notify:
        output["NotificationConfig"] = {"SuccessTopic": places.topic, "ErrorTopic": places.topic}
    return {"OutputConfig": output, **({"ClientConfig": most} if most else {})}
