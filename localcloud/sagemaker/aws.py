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

    def __init__(self, aws: Aws, role_arn: str, credentials: dict[str, str]) -> None:
        self.role_arn = role_arn
        self._aws = aws
        self._credentials = credentials

    def client(self, service: str) -> Any:
        """A client that may do what the role may do."""
        return self._aws.role_client(self.role_arn, service)

    def environment(self) -> dict[str, str]:
        """The AWS_* variables that a container's SDK finds its credentials and this endpoint by."""
        return {
            "AWS_ACCESS_KEY_ID": self._credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": self._credentials["SecretAccessKey"],
            "AWS_SESSION_TOKEN": self._credentials["SessionToken"],
            "AWS_ENDPOINT_URL": self._aws.endpoint_url,
            **({"AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": self._aws.runtime_url} if self._aws.runtime_url else {}),
            "AWS_REGION": self._aws.region,
            "AWS_DEFAULT_REGION": self._aws.region,
        }


class Aws:
    """Sessions and clients against one endpoint. `assume_role` defaults to the endpoint's own STS."""

    def __init__(self, endpoint_url: str, region: str, assume_role: AssumeRole | None = None) -> None:
        self.endpoint_url = endpoint_url
        self.region = region
        # Set when there is a port of its own for sagemaker-runtime; containers learn of it.
        self.runtime_url = ""
        self._assume_role = assume_role or self._through_sts
        self._own: dict[str, Any] = {}
        self._of_roles: dict[tuple[str, str], Any] = {}
        self._lock = threading.RLock()

    def role(self, role_arn: str) -> RoleSession:
        """The role, assumed; raises AssumeRoleError."""
        return RoleSession(self, role_arn, self.assume_role(role_arn))

    def role_client(self, role_arn: str, service: str) -> Any:
        """The client that all sessions of a role share: one takes megabytes, and jobs come by the hundred.

        Raises AssumeRoleError.
        """
        with self._lock:
            if (role_arn, service) not in self._of_roles:
                session = botocore.session.Session()
                session._credentials = RefreshableCredentials.create_from_metadata(
                    metadata=_metadata(self.assume_role(role_arn)),
                    refresh_using=lambda: _metadata(self.assume_role(role_arn)),
                    method="sts-assume-role",
                )
                client = self.make_client(boto3.session.Session(botocore_session=session), service)
                self._of_roles[role_arn, service] = client
            return self._of_roles[role_arn, service]

    def assume_role(self, role_arn: str) -> dict[str, str]:
        """Temporary credentials of the role; raises AssumeRoleError."""
        return self._assume_role(role_arn, _SESSION_NAME)

    def own(self, service: str) -> Any:
        """A client for what AWS's service does in its own name (endpoint metrics)."""
        with self._lock:  # reentrant: a role is assumed by such a client
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
            max_pool_connections=50,
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
