"""Which error names a state of each integration can meet: what Retry and Catch may name.

Sources: Step Functions developer guide, "concepts-error-handling" (States.*, Lambda.*), "connect-sagemaker",
"connect-eventbridge" (EventBridge.FailedEntry), "connect-ddb" (DynamoDB.AmazonDynamoDBException). Two rules of naming:
- an optimised integration gives `<Service>.<class of the AWS SDK for Java 1, or the API's error code>`; what the
  service does not model has the name of the base class. For SageMaker that is nearly everything (throttling, 5xx,
  validation, a model's name in use, but not a job's): `SageMaker.AmazonSageMakerException`, which is what AWS's own
  samples retry;
- an `aws-sdk:` integration gives `<Service>.<class of the AWS SDK for Java 2>`: the service's modelled errors, ending
  in Exception, its base class (`S3.S3Exception`) for what is not modelled, or `SdkClientException`.
"""

from __future__ import annotations

import ast
from functools import cache

import botocore.session

from tests.contract.application import ROOT

STATES = {"States.ALL", "States.Timeout", "States.TaskFailed", "States.HeartbeatTimeout", "States.DataLimitExceeded"}
COMMON = {"ThrottlingException", "InternalFailure", "ServiceUnavailable"}  # "Common Errors" of every API reference

LAMBDA = {
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.ClientExecutionTimeoutException",
    "Lambda.Unknown",
}
# integration's service → (its name in botocore, prefix and base class when optimised, prefix through aws-sdk)
SERVICES = {
    "dynamodb": ("dynamodb", "DynamoDB", "AmazonDynamoDBException", "DynamoDb"),
    "applicationautoscaling": (
        "application-autoscaling",
        "ApplicationAutoScaling",
        "AWSApplicationAutoScalingException",
        "ApplicationAutoScaling",
    ),
    "cloudwatch": ("cloudwatch", "CloudWatch", "AmazonCloudWatchException", "CloudWatch"),
    "cloudwatchlogs": ("logs", "CloudWatchLogs", "AWSLogsException", "CloudWatchLogs"),
    "s3": ("s3", "S3", "AmazonS3Exception", "S3"),
    "sns": ("sns", "SNS", "AmazonSNSException", "Sns"),
    "sqs": ("sqs", "SQS", "AmazonSQSException", "Sqs"),
    "events": ("events", "EventBridge", "AmazonEventBridgeException", "EventBridge"),
    "states": ("stepfunctions", "StepFunctions", "AWSStepFunctionsException", "Sfn"),
    "sfn": ("stepfunctions", "StepFunctions", "AWSStepFunctionsException", "Sfn"),
    "sagemaker": ("sagemaker", "SageMaker", "AmazonSageMakerException", "SageMaker"),
}


@cache
def _modelled(service: str) -> set[str]:
    """The names of a service's errors in its API model: shapes and error codes."""
    shapes = botocore.session.Session().get_service_model(service).error_shapes
    return {n for s in shapes for n in (s.name, s.metadata.get("error", {}).get("code", s.name))}


def _classes(names: set[str]) -> set[str]:
    return {n if n.endswith("Exception") else f"{n}Exception" for n in names}


def raised_by(integration: str) -> set[str]:
    """The error names that a task of this integration (`dynamodb:putItem`, `aws-sdk:s3:getObject`) can meet."""
    parts = integration.split(":")
    if parts[0] == "lambda":
        return STATES | LAMBDA
    through_sdk = parts[0] == "aws-sdk"
    name, optimised, base, sdk = SERVICES[parts[1] if through_sdk else parts[0]]
    known = _modelled(name)
    if through_sdk:
        return STATES | {f"{sdk}.{n}" for n in _classes(known) | {f"{sdk}Exception", "SdkClientException"}}
    always = {base, "SdkClientException"}  # the second as in Lambda.SdkClientException, which AWS documents
    if name == "sagemaker":
        return STATES | {f"{optimised}.{n}" for n in _classes(known) | always}
    extra = {"FailedEntry"} if name == "events" else set()
    return STATES | {f"{optimised}.{n}" for n in known | _classes(known) | COMMON | extra | always}


@cache
def ours() -> set[str]:
    """Every error class of our own that ends in Error: in the core layer, the rows, and the machines' own."""
    found = set()
    for folder in ("layers/core/python/dropforge", "functions"):
        for path in (ROOT / folder).rglob("*.py"):
            tree = ast.parse(path.read_text(encoding="utf-8"))
            found |= {n.name for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and n.name.endswith("Error")}
    return found
