"""Which error names a state of each integration can meet: what Retry and Catch may name.

Sources: Step Functions developer guide, "concepts-error-handling" (States.*, Lambda.*), "connect-sagemaker",
"connect-eventbridge" (EventBridge.FailedEntry), "connect-stepfunctions". Two rules of naming:
- an optimised integration gives `<Service>.<error code>` as the service's API has it, except SageMaker, where all that is
  not modelled (throttling, 5xx, validation) is `SageMaker.AmazonSageMakerException`, as in AWS's own samples;
- an `aws-sdk:` integration gives `<Service>.<class of the AWS SDK for Java 2>`: the error's shape ending in `Exception`,
  the service's base class (`S3.S3Exception`) for what is not modelled, or `SdkClientException`.
"""

from __future__ import annotations

import ast
from functools import cache

import botocore.session

from tests.contract.application import ROOT

STATES = {"States.ALL", "States.Timeout", "States.TaskFailed", "States.HeartbeatTimeout", "States.DataLimitExceeded"}
COMMON = {"ThrottlingException", "InternalException", "InternalServerError"}  # codes that every AWS API may answer

LAMBDA = {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.Unknown",
}
# integration's service → (its name in botocore, prefix when optimised, prefix and base class through aws-sdk)
SERVICES = {
    "dynamodb": ("dynamodb", "DynamoDB", "DynamoDb"),
    "s3": ("s3", "", "S3"),
    "sns": ("sns", "SNS", "Sns"),
    "events": ("events", "EventBridge", "EventBridge"),
    "states": ("stepfunctions", "StepFunctions", "Sfn"),
    "sfn": ("stepfunctions", "StepFunctions", "Sfn"),
    "sagemaker": ("sagemaker", "SageMaker", "SageMaker"),
}


@cache
def _errors(service: str, operation: str) -> list[tuple[str, str]]:
    """(shape name, error code) of what an operation is modelled to raise."""
    model = botocore.session.Session().get_service_model(service)
    name = next(n for n in model.operation_names if n.lower() == operation.lower())
    return [(s.name, s.metadata.get("error", {}).get("code", s.name)) for s in model.operation_model(name).error_shapes]


def raised_by(integration: str) -> set[str]:
    """The error names that a task of this integration (`dynamodb:putItem`, `aws-sdk:s3:getObject`) can meet."""
    parts = integration.split(":")
    if parts[0] == "lambda":
        return STATES | LAMBDA
    through_sdk = parts[0] == "aws-sdk"
    service, operation = parts[1:3] if through_sdk else parts[:2]
    botocore_name, optimised, sdk = SERVICES[service]
    modelled = _errors(botocore_name, operation.split(".")[0])
    if through_sdk:
        classes = {shape if shape.endswith("Exception") else f"{shape}Exception" for shape, _ in modelled}
        base = {f"{sdk}Exception", "SdkClientException"}
        # Throttling is not modelled by these services, and so the base class; only some of them model it.
        return STATES | {f"{sdk}.{name}" for name in classes | base}
    if service == "sagemaker":
        known = {"AmazonSageMakerException", "ResourceLimitExceededException", "ResourceInUseException"}
        return STATES | {f"SageMaker.{name}" for name in known}
    names = {n for shape_code in modelled for n in shape_code} | COMMON
    if service == "events":
        names |= {"FailedEntry"}
    if service == "states":
        names = {n if n.endswith("Exception") else f"{n}Exception" for n in names} | {"SdkClientException"}
    return STATES | {f"{optimised}.{name}" for name in names}


@cache
def ours() -> set[str]:
    """Every error class of our own that ends in Error: in the core layer, the rows, and the machines' own."""
    found = set()
    for folder in ("layers/core/python/dropforge", "functions"):
        for path in (ROOT / folder).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            found |= {n.name for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and n.name.endswith("Error")}
    return found
