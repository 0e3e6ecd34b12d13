"""AmazonSageMakerFullAccess: a tutorial's role may run jobs, and SageMaker SDK v3 finds that it may."""

from __future__ import annotations

from tests.local.glue.conftest import Cloud

POLICY = "arn:aws:iam::aws:policy/AmazonSageMakerFullAccess"
# What SDK v3 (sagemaker.core.helper.iam_role_resolver) asks about a role for training, as far as it is not S3's.
NEEDED = [
    *("cloudwatch:PutMetricData", "ec2:CreateNetworkInterface", "ec2:CreateNetworkInterfacePermission"),
    *("ec2:DeleteNetworkInterface", "ec2:DeleteNetworkInterfacePermission", "ec2:DescribeDhcpOptions"),
    *("ec2:DescribeNetworkInterfaces", "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVpcs"),
    *("ecr:BatchGetImage", "ecr:GetAuthorizationToken", "logs:CreateLogGroup", "logs:PutLogEvents"),
]


def test_a_role_with_full_access_may_do_what_sdk_v3_asks_for(cloud: Cloud) -> None:
    iam = cloud.client("iam")
    role = cloud.role("sagemaker.amazonaws.com")

    def decisions(actions: list[str], resource: str = "*") -> set[str]:
        answer = iam.simulate_principal_policy(PolicySourceArn=role, ActionNames=actions, ResourceArns=[resource])
        return {result["EvalDecision"] for result in answer["EvaluationResults"]}

    assert decisions(NEEDED) == {"implicitDeny"}
    iam.attach_role_policy(RoleName=role.rpartition("/")[2], PolicyArn=POLICY)
    assert decisions(NEEDED) == {"allowed"}
    assert decisions(["s3:GetObject"], "arn:aws:s3:::sagemaker-us-east-1-000000000000/x") == {"allowed"}
    assert decisions(["s3:GetObject"], "arn:aws:s3:::somebody-elses/x") == {"implicitDeny"}
    assert decisions(["sagemaker:CreateDomain"], "arn:aws:sagemaker:us-east-1:000000000000:domain/d") == {
        "implicitDeny"
    }
    assert decisions(["dynamodb:PutItem"]) == {"implicitDeny"}
