"""Calls to the local cloud's other services: with a role's credentials, or as the service itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import ClientError

from localcloud.sagemaker import trust
from localcloud.sagemaker.errors import AssumeRoleError

# (role ARN, session name) -> {"AccessKeyId", "SecretAccessKey", "SessionToken"}; raises AssumeRoleError.
AssumeRole = Callable[[str, str], dict[str, str]]

_OWN = {"AccessKeyId": "test", "SecretAccessKey": "test", "SessionToken": ""}
# The session name that AWS's own service takes.
_SESSION_NAME = "SageMaker"
_SESSION_LIFE = timedelta(hours=1)


class RoleSession:
    """A role, assumed; its clients assume it again before an hour is over."""

    def __init__(self, aws: Aws, role_arn: str) -> None:
        self.role_arn = role_arn
        self._aws = aws
        self._first = aws.assume_role(role_arn)
        self._session = botocore.session.Session()
        self._session._credentials = RefreshableCredentials.create_from_metadata(
            metadata=_metadata(self._first), refresh_using=self._again, method="sts-assume-role"
        )

    def client(self, service: str) -> Any:
        """A client that may do what the role may do."""
        return self._aws.make_client(boto3.session.Session(botocore_session=self._session), service)

    def environment(self) -> dict[str, str]:
        """The AWS_* variables that a container's SDK finds its credentials and this endpoint by."""
        return {
            "AWS_ACCESS_KEY_ID": self._first["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": self._first["SecretAccessKey"],
            "AWS_SESSION_TOKEN": self._first["SessionToken"],
            "AWS_ENDPOINT_URL": self._aws.endpoint_url,
            "AWS_REGION": self._aws.region,
            "AWS_DEFAULT_REGION": self._aws.region,
        }

    def _again(self) -> dict[str, str]:
        return _metadata(self._aws.assume_role(self.role_arn))


class Aws:
    """Sessions and clients against one endpoint. `assume_role` defaults to the endpoint's own STS."""

    def __init__(self, endpoint_url: str, region: str, assume_role: AssumeRole | None = None) -> None:
        self.endpoint_url = endpoint_url
        self.region = region
        self._assume_role = assume_role or self._through_sts
        self._own: dict[str, Any] = {}
        self._lock = threading.Lock()

    def role(self, role_arn: str) -> RoleSession:
        """The role, assumed; raises AssumeRoleError."""
        return RoleSession(self, role_arn)

    def assume_role(self, role_arn: str) -> dict[str, str]:
        """Temporary credentials of the role; raises AssumeRoleError."""
        return self._assume_role(role_arn, _SESSION_NAME)

    def own(self, service: str) -> Any:
        """A client for what AWS's service does in its own name (endpoint metrics)."""
        with self._lock:
            if service not in self._own:
                session = boto3.session.Session(
                    aws_access_key_id=_OWN["AccessKeyId"], aws_secret_access_key=_OWN["SecretAccessKey"]
                )
                self._own[service] = self.make_client(session, service)
            return self._own[service]

    def make_client(self, session: boto3.session.Session, service: str) -> Any:
        """A client of the session at this endpoint."""
        config = Config(
            retries={"mode": "standard", "max_attempts": 3},
            s3={"addressing_style": "path"},
            max_pool_connections=16,
        )
        # Making clients is not thread-safe in boto3, using them is.
        with _MAKING:
            return session.client(
                service, endpoint_url=self.endpoint_url or None, region_name=self.region, config=config
            )

    def _through_sts(self, role_arn: str, name: str) -> dict[str, str]:
        """STS knows this service as the account's root, so what the role says of SageMaker is looked at here."""
        try:
            role = self.own("iam").get_role(RoleName=role_arn.rsplit("/", 1)[-1])["Role"]
            if role["Arn"] != role_arn or not trust.trusts_sagemaker(role["AssumeRolePolicyDocument"]):
                raise AssumeRoleError(f"{role_arn} does not trust {trust.PRINCIPAL}")
            answer = self.own("sts").assume_role(RoleArn=role_arn, RoleSessionName=name)
        except ClientError as error:
            raise AssumeRoleError(str(error)) from error
        return {key: answer["Credentials"][key] for key in _OWN}


_MAKING = threading.Lock()


def _metadata(credentials: dict[str, str]) -> dict[str, str]:
    return {
        "access_key": credentials["AccessKeyId"],
        "secret_key": credentials["SecretAccessKey"],
        "token": credentials["SessionToken"],
        "expiry_time": (datetime.now(UTC) + _SESSION_LIFE).isoformat(),
    }
