"""The machine's role: assumed for its executions, so that every call is judged by IAM where it arrives."""

from __future__ import annotations

import functools
import hashlib
import json
import threading
from typing import Any

import botocore.client
from botocore.config import Config

from localcloud.glue import hooks
from localcloud.glue.persistence.tracked import only_reading
from localcloud.glue.stepfunctions import models
from localcloud.glue.stepfunctions.errors import StateError

SERVICE = "states.amazonaws.com"
_READ_TIMEOUT = 910  # a Lambda function may take 900 seconds
_CONFIG = Config(
    connect_timeout=10,
    read_timeout=_READ_TIMEOUT,
    max_pool_connections=100,
    # Retries are the machine's: an unseen retry would double an effect.
    retries={"total_max_attempts": 1},
    s3={"addressing_style": "path"},
    inject_host_prefix=False,  # "sync-127.0.0.1" has no address
    request_checksum_calculation="when_required",
    response_checksum_validation="when_required",
)
# botocore's session makes one client at a time, and ministack's store of sessions is a plain dict.
_LOCK = threading.Lock()


def trusts_step_functions(role: dict[str, Any], machine_arn: str) -> bool:
    """Tell whether a role's trust policy lets Step Functions assume it for this machine."""
    document = role.get("AssumeRolePolicyDocument") or {}
    document = json.loads(document) if isinstance(document, str) else document
    statements = document.get("Statement", [])
    ours = []
    for statement in statements if isinstance(statements, list) else [statements]:
        principal = statement.get("Principal", {})
        services = principal.get("Service", []) if isinstance(principal, dict) else []
        services = [services] if isinstance(services, str) else services
        if principal == "*" or any(s == SERVICE or s.startswith("states.") for s in services):
            ours.append({**statement, "Principal": "*"})
    context = hooks.target("core.iam_evaluator", "EvalContext")(
        principal_arn=SERVICE,
        principal_type="Service",
        principal_account=machine_arn.split(":")[4],
        action="sts:AssumeRole",
        resource_arn="*",
        region=machine_arn.split(":")[3],
        service_context={"aws:sourcearn": machine_arn, "aws:sourceaccount": machine_arn.split(":")[4]},
    )
    evaluate = hooks.target("core.iam_evaluator", "evaluate_trust_policy")
    return bool(evaluate({"Statement": ours}, SERVICE, context))


class Identity:
    """Clients that sign with a session of the machine's role, which its executions share: making a client costs more
    than most executions do."""

    def __init__(self, endpoint_url: str, role_arn: str, machine_arn: str) -> None:
        self.region, self.account = machine_arn.split(":")[3:5]
        digest = hashlib.sha256(f"{role_arn}\0{machine_arn}".encode()).hexdigest()
        self.arn = f"arn:aws:sts::{self.account}:assumed-role/{role_arn.rsplit('/', 1)[-1]}/{digest[:32]}"
        self._endpoint_url = endpoint_url
        self._keys = assume(role_arn, machine_arn, self.arn, digest)

    def client(self, name: str) -> Any:
        """Return a client of botocore's service `name` that calls our own endpoint as the role."""
        with _LOCK:
            return _client(name, self.region, self._endpoint_url, tuple(self._keys.values()))


@functools.lru_cache(maxsize=256)
def _client(name: str, region: str, endpoint_url: str, keys: tuple[str, str, str]) -> botocore.client.BaseClient:
    return models.session.create_client(
        name, region_name=region, endpoint_url=endpoint_url, config=_CONFIG,
        aws_access_key_id=keys[0], aws_secret_access_key=keys[1], aws_session_token=keys[2],
    )  # fmt: skip


def assume(role_arn: str, machine_arn: str, session_arn: str, digest: str) -> dict[str, str]:
    """Open a session of a role and return its keys as botocore names them. Raises StateError(States.Runtime).

    The same digest (a SHA-256 in hex) gives the same keys.
    """
    account = (role_arn.split(":") + [""] * 5)[4]
    name = role_arn.rsplit("/", 1)[-1]
    with only_reading():
        role = hooks.target("services.iam", "_roles").get_scoped(account, None, name)
    if role is None or not trusts_step_functions(role, machine_arn):
        raise StateError(
            "States.Runtime",
            f"Neither the global service principal {SERVICE}, nor the regional one is authorized to assume the "
            f"provided role {role_arn}",
        )
    keys = {
        "aws_access_key_id": f"ASIA{digest[:16].upper()}",
        "aws_secret_access_key": digest[16:56],
        "aws_session_token": digest[24:],
    }
    record = {
        "Arn": session_arn,
        "UserId": f"{role.get('RoleId', name)}:{session_arn.rsplit('/', 1)[-1]}",
        "SecretAccessKey": keys["aws_secret_access_key"],
        "SessionToken": keys["aws_session_token"],
        "AccountId": account,
        "PrincipalType": "AssumedRole",
        "SourcePrincipalArn": SERVICE,
    }
    # Straight into ministack's store of sessions: AssumeRole cannot be called by a service principal there.
    with _LOCK:
        with only_reading():
            known = hooks.target("services.sts", "_sessions").get(keys["aws_access_key_id"]) or {}
        if not record.items() <= known.items():
            hooks.target("services.sts", "register_session")(keys["aws_access_key_id"], record)
    return keys


def release(keys: dict[str, str]) -> None:
    """End a session that `assume` opened."""
    with _LOCK:
        hooks.target("services.sts", "_sessions").pop(keys["aws_access_key_id"], None)
