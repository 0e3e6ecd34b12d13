"""What a state of a machine needs from IAM, beyond what one would guess from its name.

Sources, per entry:
- sync: Step Functions developer guide, "connect-sagemaker" and "connect-stepfunctions" (IAM policies); the rule for
  processing jobs is missing there and comes from AWS CDK (aws-stepfunctions-tasks, sagemaker/create-processing-job).
- tags, PassRole: Service Authorization Reference of SageMaker, dependent actions (work notes aws/iam.md).
- kms:CreateGrant: SageMaker developer guide, "api-permissions-reference": the caller of CreateEndpoint needs it if the
  configuration has a KmsKeyId (UpdateEndpoint does the same to new instances); for jobs the job's role has it.
- logging: Step Functions developer guide, "cw-logs" (IAM policies for logging to CloudWatch Logs).
- tracing: SAM attaches AWSXRayDaemonWriteAccess when Tracing is enabled.
- tables under a customer's key: DynamoDB asks KMS on the caller's behalf, Decrypt to read; AWS CDK's
  Table.grantWriteData gives writers GenerateDataKey too.
- buckets under a customer's key: S3 user guide, "UsingKMSEncryption": Decrypt to get, GenerateDataKey to put.
- topics under a customer's key: SNS developer guide, "sns-key-management": GenerateDataKey and Decrypt to publish.
- scaling: SageMaker developer guide, "endpoint-auto-scaling-prerequisites": whoever registers needs SageMaker's
  permissions too, and those for the alarms of target tracking.
- SendTaskSuccess has no resource type (Service Authorization Reference): "*"; the token is the secret.
"""

from __future__ import annotations

from dataclasses import dataclass

KMS = ("kms:Decrypt", "kms:GenerateDataKey")
TAGGED = ("sagemaker:AddTags", "sagemaker:ListTags")
RULE = "arn:aws:events:us-east-1:111122223333:rule/"
MANAGED_RULE = ("events:PutTargets", "events:PutRule", "events:DescribeRule")
LOGGING = {
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
}


@dataclass(frozen=True)
class Implied:
    """What one integration implies.

    `resource` names the argument that holds the resource (None: the resource is computed when the machine runs);
    `managed_rule` is the EventBridge rule behind `.sync`; `key_service` is the service through which a key is used.
    """

    actions: tuple[str, ...]
    resource: str | None = None
    managed_rule: str | None = None
    key_service: str | None = None


def _table(action: str) -> Implied:
    return Implied((f"dynamodb:{action}",), resource="TableName", key_service="dynamodb")


def _job(kind: str) -> Implied:
    job = f"{kind}Job"
    return Implied(
        (*(f"sagemaker:{verb}{job}" for verb in ("Create", "Describe", "Stop")), *TAGGED, "iam:PassRole"),
        managed_rule=f"{RULE}StepFunctionsGetEventsForSageMaker{kind}JobsRule",
    )


INTEGRATIONS: dict[str, Implied] = {
    "lambda:invoke": Implied(("lambda:InvokeFunction",), resource="FunctionName"),
    "dynamodb:getItem": _table("GetItem"),
    "dynamodb:putItem": _table("PutItem"),
    "dynamodb:updateItem": _table("UpdateItem"),
    "dynamodb:deleteItem": _table("DeleteItem"),
    "aws-sdk:dynamodb:query": _table("Query"),
    "aws-sdk:dynamodb:putItem.waitForTaskToken": _table("PutItem"),
    "aws-sdk:cloudwatch:getMetricData": Implied(("cloudwatch:GetMetricData",)),
    "aws-sdk:cloudwatchlogs:describeLogStreams": Implied(("logs:DescribeLogStreams",)),
    "aws-sdk:cloudwatchlogs:getLogEvents": Implied(("logs:GetLogEvents",)),
    "aws-sdk:s3:getObject": Implied(("s3:GetObject",), key_service="s3"),
    "aws-sdk:s3:putObject": Implied(("s3:PutObject",), key_service="s3"),
    "aws-sdk:sqs:sendMessageBatch": Implied(("sqs:SendMessage",)),
    "events:putEvents": Implied(("events:PutEvents",)),
    "sns:publish": Implied(("sns:Publish",), resource="TopicArn", key_service="sns"),
    "states:startExecution": Implied(("states:StartExecution",)),
    "states:startExecution.sync:2": Implied(
        ("states:StartExecution", "states:DescribeExecution", "states:StopExecution"),
        managed_rule=f"{RULE}StepFunctionsGetEventsForStepFunctionsExecutionRule",
    ),
    "aws-sdk:sfn:describeExecution": Implied(("states:DescribeExecution",)),
    "aws-sdk:sfn:sendTaskSuccess": Implied(("states:SendTaskSuccess",)),
    "sagemaker:createTrainingJob.sync": _job("Training"),
    "sagemaker:createProcessingJob.sync": _job("Processing"),
    # Names a model, passes no role: the model has it.
    "sagemaker:createTransformJob.sync": Implied(
        (*(f"sagemaker:{verb}TransformJob" for verb in ("Create", "Describe", "Stop")), *TAGGED),
        managed_rule=f"{RULE}StepFunctionsGetEventsForSageMakerTransformJobsRule",
    ),
    "sagemaker:createModel": Implied(("sagemaker:CreateModel", "sagemaker:AddTags", "iam:PassRole")),
    "sagemaker:createEndpointConfig": Implied(("sagemaker:CreateEndpointConfig", "sagemaker:AddTags")),
    "sagemaker:createEndpoint": Implied(("sagemaker:CreateEndpoint", "sagemaker:AddTags", "kms:CreateGrant")),
    "sagemaker:updateEndpoint": Implied(("sagemaker:UpdateEndpoint", "kms:CreateGrant")),
    "aws-sdk:sagemaker:deleteEndpoint": Implied(("sagemaker:DeleteEndpoint",)),
    "aws-sdk:sagemaker:deleteEndpointConfig": Implied(("sagemaker:DeleteEndpointConfig",)),
    "aws-sdk:sagemaker:deleteModel": Implied(("sagemaker:DeleteModel",)),
    "aws-sdk:sagemaker:describeEndpointConfig": Implied(("sagemaker:DescribeEndpointConfig",)),
    "aws-sdk:sagemaker:listEndpoints": Implied(("sagemaker:ListEndpoints",)),
    "aws-sdk:sagemaker:listModelPackages": Implied(("sagemaker:ListModelPackages",)),
    "aws-sdk:sagemaker:updateEndpointWeightsAndCapacities": Implied(("sagemaker:UpdateEndpointWeightsAndCapacities",)),
    "aws-sdk:sagemaker:updateModelPackage": Implied(("sagemaker:UpdateModelPackage",)),
    "aws-sdk:applicationautoscaling:registerScalableTarget": Implied(
        (
            "application-autoscaling:RegisterScalableTarget",
            "sagemaker:DescribeEndpoint",
            "sagemaker:DescribeEndpointConfig",
            "sagemaker:UpdateEndpointWeightsAndCapacities",
            "iam:CreateServiceLinkedRole",
        )
    ),
    "aws-sdk:applicationautoscaling:deregisterScalableTarget": Implied(
        ("application-autoscaling:DeregisterScalableTarget", "cloudwatch:DeleteAlarms")
    ),
    "aws-sdk:applicationautoscaling:putScalingPolicy": Implied(
        ("application-autoscaling:PutScalingPolicy", "cloudwatch:PutMetricAlarm", "cloudwatch:DescribeAlarms")
    ),
    "aws-sdk:applicationautoscaling:putScheduledAction": Implied(("application-autoscaling:PutScheduledAction",)),
    "aws-sdk:applicationautoscaling:deleteScheduledAction": Implied(("application-autoscaling:DeleteScheduledAction",)),
    "aws-sdk:cloudwatch:deleteAlarms": Implied(("cloudwatch:DeleteAlarms",)),
    "aws-sdk:cloudwatch:describeAlarms": Implied(("cloudwatch:DescribeAlarms",)),
    "aws-sdk:cloudwatch:putMetricAlarm": Implied(("cloudwatch:PutMetricAlarm",)),
    "aws-sdk:sagemaker:describeTrainingJob": Implied(("sagemaker:DescribeTrainingJob",)),
    "aws-sdk:sagemaker:describeTransformJob": Implied(("sagemaker:DescribeTransformJob",)),
    "aws-sdk:sagemaker:describeProcessingJob": Implied(("sagemaker:DescribeProcessingJob",)),
    "aws-sdk:sagemaker:describeEndpoint": Implied(("sagemaker:DescribeEndpoint",)),
    "aws-sdk:sagemaker:describeModelPackage": Implied(("sagemaker:DescribeModelPackage",)),
    "aws-sdk:sagemaker:createModelPackage": Implied(("sagemaker:CreateModelPackage",)),
    "aws-sdk:sagemaker:createModelPackageGroup": Implied(("sagemaker:CreateModelPackageGroup", "sagemaker:AddTags")),
}
