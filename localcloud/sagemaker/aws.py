"""Calls to the local cloud's other services: with a role's credentials, or as the service itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from localcloud.sagemaker.errors import AssumeRoleError

# (role ARN, session name) -> {"AccessKeyId", "SecretAccessKey", "SessionToken"}; raises AssumeRoleError.
AssumeRole = Callable[[str, str], dict[str, str]]

_OWN = {"AccessKeyId": "test", "SecretAccessKey": "test", "SessionToken": ""}


class Aws:
    """Clients against one endpoint. `assume_role` defaults to the endpoint's own STS."""

    def __init__(self, endpoint_url: str, region: str, assume_role: AssumeRole | None = None) -> None:
        self.endpoint_url = endpoint_url
        self.region = region
        self._assume_role = assume_role or self._through_sts
        self._own: dict[str, Any] = {}
        self._lock = threading.Lock()

    def credentials(self, role_arn: str, session: str) -> dict[str, str]:
        """Temporary credentials of the role; raises AssumeRoleError."""
        return self._assume_role(role_arn, session[:64])

    def client(self, service: str, credentials: dict[str, str]) -> Any:
        """A client that may do what the credentials' role may do."""
        session = boto3.session.Session(
            aws_access_key_id=credentials["AccessKeyId"],
            aws_secret_access_key=credentials["SecretAccessKey"],
            aws_session_token=credentials["SessionToken"] or None,
            region_name=self.region,
        )
        config = Config(
            retries={"mode": "standard", "max_attempts": 3},
            s3={"addressing_style": "path"},
            max_pool_connections=16,
        )
        return session.client(service, endpoint_url=self.endpoint_url, config=config)

    def own(self, service: str) -> Any:
        """A client for what AWS's service does in its own name (endpoint metrics)."""
        with self._lock:
            if service not in self._own:
                self._own[service] = self.client(service, _OWN)
            return self._own[service]

    def environment(self, credentials: dict[str, str]) -> dict[str, str]:
        """The AWS_* variables that a container's SDK finds its credentials and this endpoint by."""
        return {
            "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
            "AWS_SESSION_TOKEN": credentials["SessionToken"],
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
        }

    def _through_sts(self, role_arn: str, session: str) -> dict[str, str]:
        try:
            answer = self.own("sts").assume_role(RoleArn=role_arn, RoleSessionName=session)
        except ClientError as error:
            raise AssumeRoleError(str(error)) from error
        names = ("AccessKeyId", "SecretAccessKey", "SessionToken")
        return {name: answer["Credentials"][name] for name in names}
