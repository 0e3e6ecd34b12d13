"""IAM: AWS's own policy for SageMaker roles, which ministack has not.

Without it a role with AmazonSageMakerFullAccess, the one that every SageMaker tutorial makes, may do nothing, and
SageMaker SDK v3 refuses the role before it starts a job (it asks iam:SimulatePrincipalPolicy). The document is AWS's
(AmazonSageMakerFullAccess, in the managed policy reference), abridged to the services that are here and those that
the SDK asks about.
"""

from __future__ import annotations

import json
from typing import Any

from localcloud.glue import hooks

_EC2 = (
    "CreateNetworkInterface CreateNetworkInterfacePermission CreateVpcEndpoint DeleteNetworkInterface "
    "DeleteNetworkInterfacePermission DescribeDhcpOptions DescribeNetworkInterfaces DescribeRouteTables "
    "DescribeSecurityGroups DescribeSubnets DescribeVpcEndpoints DescribeVpcs"
)
_ECR = (
    "BatchCheckLayerAvailability BatchGetImage CreateRepository Describe* GetAuthorizationToken "
    "GetDownloadUrlForLayer StartImageScan"
)
_LOGS = (
    "CreateLogDelivery CreateLogGroup CreateLogStream DeleteLogDelivery DescribeLogGroups DescribeLogStreams "
    "GetLogDelivery GetLogEvents ListLogDeliveries PutLogEvents PutResourcePolicy UpdateLogDelivery"
)
_SCALING = (
    "DeleteScalingPolicy DeleteScheduledAction DeregisterScalableTarget DescribeScalableTargets "
    "DescribeScalingActivities DescribeScalingPolicies DescribeScheduledActions PutScalingPolicy PutScheduledAction "
    "RegisterScalableTarget"
)
_WATCH = "DeleteAlarms DescribeAlarms GetMetricData GetMetricStatistics ListMetrics PutMetricAlarm PutMetricData"
_SERVICES = {
    "application-autoscaling": _SCALING,
    "cloudwatch": _WATCH,
    "ec2": _EC2,
    "ecr": _ECR,
    "elasticfilesystem": "DescribeFileSystems DescribeMountTargets",
    "fsx": "DescribeFileSystems",
    "iam": "ListRoles",
    "kms": "DescribeKey ListAliases",
    "lambda": "ListFunctions",
    "logs": _LOGS,
    "sns": "ListTopics",
    "tag": "GetResources",
}
# Studio's resources are for administrators.
_STUDIO = [f"arn:aws:sagemaker:*:*:{kind}/*" for kind in ("domain", "user-profile", "app", "space", "flow-definition")]
_NAMED = [f"arn:aws:s3:::*{word}*" for word in ("SageMaker", "Sagemaker", "sagemaker", "aws-glue")]


def full_access() -> dict[str, Any]:
    """Return the document of AmazonSageMakerFullAccess: of S3's objects, only those of buckets named for it."""

    def allow(service: str, names: str, resource: Any = "*", **more: Any) -> dict[str, Any]:
        actions = [f"{service}:{name}" for name in names.split()]
        return {"Effect": "Allow", "Action": actions, "Resource": resource, **more}

    to_sagemaker = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
    statements = [
        {"Effect": "Allow", "Action": ["sagemaker:*"], "NotResource": _STUDIO},
        *(allow(service, names) for service, names in _SERVICES.items()),
        allow("s3", "GetObject PutObject DeleteObject AbortMultipartUpload", _NAMED),
        allow("s3", "CreateBucket GetBucketLocation ListBucket ListAllMyBuckets GetBucketCors PutBucketCors"),
        allow("s3", "GetBucketAcl PutObjectAcl", _NAMED),
        allow("iam", "PassRole", "arn:aws:iam::*:role/*", Condition=to_sagemaker),
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def install() -> None:
    """Add the policy to those that ministack knows."""
    known = hooks.target("services.iam", "_aws_managed_policies")
    make = hooks.target("services.iam", "_make_aws_managed_record")
    name = "AmazonSageMakerFullAccess"
    says = "Provides full access to Amazon SageMaker, and what it needs of other services."
    known[f"arn:aws:iam::aws:policy/{name}"] = make(name, json.dumps(full_access()), says)
