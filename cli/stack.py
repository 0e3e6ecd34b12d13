"""Where the deployed stack keeps things: its CloudFormation outputs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

STACK_NAME = "dropforge"


class StackNotFoundError(Exception):
    """There is no such stack where the AWS settings of this shell point."""


@dataclass(frozen=True)
class Stack:
    """A deployed stack: clients by service name, and its outputs by key."""

    session: boto3.Session
    endpoint_url: str | None
    outputs: dict[str, str]

    def client(self, service: str) -> Any:
        """A boto3 client of the session that found the stack."""
        return _client(self.session, service, self.endpoint_url)

    def output(self, key: str) -> str:
        """An output's value.

        Raises:
            StackNotFoundError: the stack is older than this command and has no such output.
        """
        if key not in self.outputs:
            raise StackNotFoundError(f"The stack has no output {key!r}: deploy this version of the template again.")
        return self.outputs[key]


def _client(session: boto3.Session, service: str, endpoint_url: str | None) -> Any:
    config = Config(retries={"max_attempts": 3, "mode": "standard"}, read_timeout=90)
    return session.client(service, endpoint_url=endpoint_url, config=config)


def find_stack(name: str = STACK_NAME, *, endpoint_url: str | None = None) -> Stack:
    """Find the stack with the shell's AWS settings (AWS_ENDPOINT_URL, AWS_PROFILE, AWS_REGION, …).

    Args:
        name: the CloudFormation stack's name.
        endpoint_url: of a local cloud started by the caller; its credentials and region then come with it.

    Raises:
        StackNotFoundError: nothing answers there, or no stack of that name exists; says what to do.
    """
    session = local_session() if endpoint_url else boto3.Session()
    where = endpoint_url or os.environ.get("AWS_ENDPOINT_URL") or f"AWS {session.region_name or '(no region set)'}"
    try:
        found = _client(session, "cloudformation", endpoint_url).describe_stacks(StackName=name)["Stacks"][0]
    except (ClientError, BotoCoreError) as error:
        raise StackNotFoundError(
            f"No stack {name!r} at {where}: {error}\n"
            "On the laptop: run `make up` and paste the export lines that it prints. On AWS: set AWS_PROFILE and "
            "AWS_REGION, and deploy with `sam deploy` (see README.md)."
        ) from error
    outputs = {item["OutputKey"]: item["OutputValue"] for item in found.get("Outputs", [])}
    return Stack(session, endpoint_url, outputs)


def local_session() -> boto3.Session:
    """The session that any tool uses against the local cloud."""
    return boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="us-east-1")  # noqa: S106
