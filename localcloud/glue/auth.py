"""Authorization: SageMaker's actions, resources and condition keys, and loopback as a secure transport.

ministack's evaluator knows policies; here it learns which action, ARN and context keys a SageMaker request
has (Service Authorization Reference). Step Functions' role checks use the same table: `requirements`.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from localcloud.glue import auth_cloudwatch, auth_scaling, hooks
from localcloud.glue.persistence.tracked import only_reading

_RUNTIME_PATH = re.compile(r"^/endpoints/([^/]+)/")
# Request members that name the resource, in the order in which they decide.
_RESOURCE_NAMES = {
    "TrainingJobName": "training-job",
    "ProcessingJobName": "processing-job",
    "TransformJobName": "transform-job",
    "HyperParameterTuningJobName": "hyper-parameter-tuning-job",
    "AutoMLJobName": "automl-job",
    "ModelPackageGroupName": "model-package-group",
    "ModelPackageName": "model-package",
    "EndpointConfigName": "endpoint-config",
    "EndpointName": "endpoint",
    "ModelName": "model",
    "PipelineName": "pipeline",
    "FeatureGroupName": "feature-group",
    "MonitoringScheduleName": "monitoring-schedule",
}
_ENDPOINT_FIRST = {"CreateEndpoint", "UpdateEndpoint"}  # they name a configuration too
_INSTANCE_FIELDS = {"InstanceType", "BaselineInstanceType"}


@dataclass(frozen=True)
class Requirement:
    """One permission that a request needs: action (`sagemaker:CreateModel`), resource ARN, condition keys."""

    action: str
    resource: str
    context: dict[str, Any] = field(default_factory=dict)


def resource_arn(operation: str, parameters: dict[str, Any], region: str, account: str) -> str:
    """Return the ARN that a SageMaker operation is authorized on; `*` if it has no resource type."""
    if operation == "CreateModelPackage" and parameters.get("ModelPackageGroupName"):
        group = _lower(parameters["ModelPackageGroupName"])
        return f"arn:aws:sagemaker:{region}:{account}:model-package/{group}/*"
    if arn := parameters.get("ResourceArn") or parameters.get("ModelPackageArn"):
        return str(arn)
    names = dict(_RESOURCE_NAMES)
    if operation in _ENDPOINT_FIRST:
        names = {"EndpointName": "endpoint", **names}
    if operation.startswith("List"):
        names = {"ModelPackageGroupName": "model-package-group"} if operation == "ListModelPackages" else {}
    for member, kind in names.items():
        name = parameters.get(member)
        if isinstance(name, str) and name:
            return name if name.startswith("arn:") else f"arn:aws:sagemaker:{region}:{account}:{kind}/{_lower(name)}"
    return "*"


def _lower(name: str) -> str:
    return name.lower()  # SageMaker lower-cases names in its ARNs


def _find(value: Any, names: set[str]) -> Iterator[Any]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key in names and not isinstance(item, (dict, list)):
                yield item
            else:
                yield from _find(item, names)
    elif isinstance(value, list):
        for item in value:
            yield from _find(item, names)


def condition_context(operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """Return the condition keys (lower-cased) that SageMaker fills from a request of this operation."""
    context: dict[str, Any] = {}
    if types := sorted({str(t) for t in _find(parameters, _INSTANCE_FIELDS)}):
        context["sagemaker:instancetypes"] = types
    for key, member in (
        ("volumekmskeyarn", "VolumeKmsKeyId"),
        ("outputkmskeyarn", "KmsKeyId"),
        ("maxruntimeinseconds", "MaxRuntimeInSeconds"),
        ("networkisolation", "EnableNetworkIsolation"),
        ("intercontainertrafficencryption", "EnableInterContainerTrafficEncryption"),
        ("modelapprovalstatus", "ModelApprovalStatus"),
        ("targetmodel", "TargetModel"),
    ):
        found = list(_find(parameters, {member}))
        if found:
            context[f"sagemaker:{key}"] = str(found[0]).lower() if isinstance(found[0], bool) else str(found[0])
    vpc = next(iter(_dicts(parameters, "VpcConfig")), {})
    if vpc:
        context["sagemaker:vpcsubnets"] = list(vpc.get("Subnets") or [])
        context["sagemaker:vpcsecuritygroupids"] = list(vpc.get("SecurityGroupIds") or [])
    return {**context, **tag_context(parameters)}


def _model_context(operation: str, parameters: dict[str, Any], region: str, account: str) -> dict[str, Any]:
    """Return sagemaker:ModelArn, which a transform job has for the model that it names."""
    if operation != "CreateTransformJob" or not isinstance(parameters.get("ModelName"), str):
        return {}
    return {"sagemaker:modelarn": resource_arn("", {"ModelName": parameters["ModelName"]}, region, account)}


def _dicts(value: Any, name: str) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key == name and isinstance(item, dict):
                yield item
            yield from _dicts(item, name)
    elif isinstance(value, list):
        for item in value:
            yield from _dicts(item, name)


def tag_context(parameters: dict[str, Any]) -> dict[str, Any]:
    """Return aws:RequestTag/<key> and aws:TagKeys (lower-cased keys) for the tags in a request."""
    tags = parameters.get("Tags")
    tags = [t for t in tags if isinstance(t, dict)] if isinstance(tags, list) else []
    keys = parameters.get("TagKeys")
    context: dict[str, Any] = {f"aws:requesttag/{t.get('Key')}".lower(): str(t.get("Value", "")) for t in tags}
    if tags or isinstance(keys, list):
        context["aws:tagkeys"] = [str(t.get("Key")) for t in tags] + [str(k) for k in keys or []]
    return context


def _role_arns(parameters: dict[str, Any]) -> list[str]:
    return sorted({str(r) for r in _find(parameters, {"RoleArn", "ExecutionRoleArn", "RoleARN"})})


def requirements(operation: str, parameters: dict[str, Any], region: str, account: str) -> list[Requirement]:
    """Return every permission that a SageMaker operation needs from its caller, the action itself first.

    Dependent actions (iam:PassRole with iam:PassedToService, sagemaker:AddTags on the new resource,
    sagemaker:CreateEndpoint on both endpoint and configuration) as in the Service Authorization Reference.
    """
    context = {**condition_context(operation, parameters), **_model_context(operation, parameters, region, account)}
    arn = resource_arn(operation, parameters, region, account)
    needed = [Requirement(f"sagemaker:{operation}", arn, context)]
    if operation in _ENDPOINT_FIRST and parameters.get("EndpointConfigName"):
        config = {"EndpointConfigName": parameters["EndpointConfigName"]}
        needed.append(Requirement(f"sagemaker:{operation}", resource_arn("", config, region, account), context))
    if operation.startswith(("Create", "Update")):
        passed = {"iam:passedtoservice": "sagemaker.amazonaws.com", "iam:associatedresourcearn": arn}
        needed += [Requirement("iam:PassRole", role, passed) for role in _role_arns(parameters)]
    if operation.startswith("Create") and parameters.get("Tags"):
        tagging = {**tag_context(parameters), "sagemaker:taggingaction": operation}
        needed.append(Requirement("sagemaker:AddTags", arn, tagging))
    return needed


def parse(service: str, path: str, body: bytes) -> dict[str, Any]:
    """Return the request's parameters as far as authorization needs them; {} if there is no JSON object."""
    if service == "sagemaker-runtime":
        match = _RUNTIME_PATH.match(path)
        return {"EndpointName": match.group(1)} if match else {}
    try:
        parsed = json.loads(body or b"{}")
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def denial(requirement: Requirement, headers: dict[str, str], query: dict[str, Any], region: str) -> Any:
    """Return ministack's verdict on one requirement for the caller of a request: None if it is allowed."""
    enforce = hooks.target("core.iam_evaluator", "enforce")
    key = hooks.target("core.router", "extract_access_key_id")(headers, query)
    service = requirement.action.split(":", 1)[0]
    return enforce(key, requirement.action, service, region, requirement.resource, requirement.context)


def _secure_origin(old: Callable[[str, bool], None]) -> Callable[[str, bool], None]:
    def pin(source_ip: str, secure_transport: bool) -> None:
        # Loopback never leaves the machine. Treating it as TLS lets the template's aws:SecureTransport
        # denials stand unmodified while tools talk http to 127.0.0.1.
        old(source_ip, secure_transport or source_ip.startswith("127.") or source_ip == "::1")

    return pin


def _resource_arn_hook(old: Callable[..., str]) -> Callable[..., str]:
    def extract(service: str, *request: Any) -> str:
        _method, path, headers, body, query, region, account = request
        if service == "application-autoscaling":
            return auth_scaling.resource_arn(_operation(headers), auth_scaling.parse(body), region, account)
        if service == "logs" and _operation(headers) in auth_cloudwatch.ON_STREAMS:
            return auth_cloudwatch.log_stream_arn(parse(service, path, body), region, account)
        if service == "monitoring" and "DeleteAlarms" in (
            _operation(headers),
            path.rpartition("/")[2],
            *query.get("Action", []),
        ):
            return auth_cloudwatch.alarm_arn(body, query, region, account)
        if service not in ("sagemaker", "sagemaker-runtime"):
            return old(service, *request)
        return resource_arn(_operation(headers), parse(service, path, body), region, account)

    return extract


def _operation(headers: dict[str, str]) -> str:
    return str(headers.get("x-amz-target", "")).rpartition(".")[2]


def _context_hook(old: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    def context(service: str, iam_action: str, body: bytes, params: Any) -> dict[str, Any]:
        if iam_action == "cloudwatch:PutMetricData":
            return {"cloudwatch:namespace": auth_cloudwatch.metric_namespace(body, params)}
        if service == "application-autoscaling":
            return auth_scaling.context(auth_scaling.parse(body))
        if service != "sagemaker":
            return old(service, iam_action, body, params)
        operation, parameters = iam_action.partition(":")[2], parse(service, "", body)
        region, account = (hooks.target("core.responses", name)() for name in ("get_region", "get_account_id"))
        return {
            **condition_context(operation, parameters),
            **_model_context(operation, parameters, region, account),
        }

    return context


# Who may do what is looked up in every request, and changes nothing (ministack keeps no "last used").
_LOOKS = (
    "enforce",
    "check_credentials",
    "pin_request_caller",
    "request_caller_arn",
    "resolve_principal",
    "resolve_credential",
    "authenticate",
    "_gather_role_policies",
    "_resource_policy",
    "find_iam_access_key_account",
    "is_root_access_key",
)


def _quiet(look: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(look)
    def run(*args: Any, **kwargs: Any) -> Any:
        with only_reading():
            return look(*args, **kwargs)

    return run


def install() -> None:
    """Teach ministack's authorization SageMaker's actions, and that loopback is a secure transport."""
    for name in _LOOKS:
        hooks.wrap("core.iam_evaluator", name, _quiet)
    hooks.wrap("app", "find_iam_access_key_account", _quiet)
    hooks.wrap("app", "pin_signed_request", _quiet)
    hooks.wrap("core.responses", "_account_from_sts_session", _quiet)
    for service in ("sagemaker", "sagemaker-runtime", "application-autoscaling"):
        namespace = service.removesuffix("-runtime")
        hooks.target("core.iam_actions", "SERVICE_TO_IAM_NAMESPACE")[service] = namespace
        hooks.target("core.iam_actions", "_BOTOCORE_SERVICE_MAP")[service] = [service]
    hooks.wrap("core.iam_actions", "extract_resource_arn", _resource_arn_hook)
    hooks.wrap("core.iam_actions", "request_tag_context", _context_hook)
    hooks.wrap("app", "pin_request_origin", _secure_origin)
    # Calls made inside the process (state machine roles) have no request: they are as secure as loopback.
    origin: ContextVar[tuple[str, bool]] = ContextVar("request_origin", default=("127.0.0.1", True))
    hooks.replace("core.iam_evaluator", "_request_origin", origin)
