"""Who acts: calls made with a role that a service assumes, and what a resource's policy grants a service."""

from __future__ import annotations

import functools
import hashlib
import json
from typing import Any

import botocore.client
import botocore.config
import botocore.session

from localcloud.glue import hooks
from localcloud.glue.persistence.tracked import only_reading
from localcloud.settings import Settings

Json = dict[str, Any]
_settings: Settings | None = None


class NotAllowedError(PermissionError):
    """A role or a resource policy does not allow a delivery; the message names both sides."""


def install(settings: Settings) -> None:
    """Remember where this cloud's endpoint is."""
    global _settings  # noqa: PLW0603 (one local cloud a process, as ministack itself)
    _settings = settings
    _client.cache_clear()


def role_client(service: str, role_arn: str, principal: str, source_arn: str = "") -> Any:
    """Return a client that acts as `principal` (`events.amazonaws.com`) having assumed the role for `source_arn`.

    Raises:
        NotAllowedError: there is no such role, or it does not trust the principal.
    """
    keys = assume_role(role_arn, principal, principal.split(".", maxsplit=1)[0], source_arn)
    return _client(service, keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"])


def assume_role(role_arn: str, principal: str, session: str, source_arn: str = "") -> dict[str, str]:
    """Return the AccessKeyId, SecretAccessKey and SessionToken of a service's session of the role.

    ministack's STS cannot be called by a service principal, so the session is registered here; it is the same one
    however often it is asked for.

    Raises:
        NotAllowedError: there is no such role, or it does not trust the principal.
    """
    check_trust(role_arn, principal, source_arn)
    digest = hashlib.sha256(f"{role_arn}\0{principal}".encode()).hexdigest()
    key, secret, token = f"ASIA{digest[:16].upper()}", digest[16:56], digest[24:]
    name, account = role_arn.rsplit("/", 1)[-1], role_arn.split(":")[4]
    record = {
        "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
        "UserId": f"{name}:{session}",
        "SecretAccessKey": secret,
        "SessionToken": token,
    }
    with only_reading():
        known = hooks.target("services.sts", "_sessions").get(key) or {}
    if not record.items() <= known.items():
        hooks.target("services.sts", "register_session")(key, record)
    return {"AccessKeyId": key, "SecretAccessKey": secret, "SessionToken": token}


@functools.lru_cache(maxsize=256)
def _client(service: str, key: str, secret: str, token: str) -> Any:
    assert _settings is not None, "callers.install was not called"
    # Retries are the caller's business: a hidden one would double an effect.
    config = botocore.config.Config(retries={"max_attempts": 0}, connect_timeout=5, read_timeout=60,
                                    max_pool_connections=64)  # fmt: skip
    session = botocore.session.Session()
    session.register_component("data_loader", _loader())  # each of its own would read the services' models again
    return session.create_client(
        service, region_name=_settings.region, endpoint_url=_settings.endpoint_url, config=config,
        aws_access_key_id=key, aws_secret_access_key=secret, aws_session_token=token,
    )  # fmt: skip


@functools.cache
def _loader() -> Any:
    return botocore.session.Session().get_component("data_loader")


def check_trust(role_arn: str, principal: str, source_arn: str = "") -> None:
    """Check that a role lets a service assume it. Raises NotAllowedError."""
    with only_reading():
        role = hooks.target("services.iam", "_roles").get(role_arn.rsplit("/", 1)[-1])
    if role is None:
        raise NotAllowedError(f"there is no role {role_arn}")
    document = json.loads(role["AssumeRolePolicyDocument"])
    statements = document.get("Statement", [])
    statements = statements if isinstance(statements, list) else [statements]
    # A trust policy has no Resource; the evaluator wants one.
    policy = {"Statement": [{**statement, "Resource": "*"} for statement in statements]}
    if not _evaluate(policy, "sts:AssumeRole", role_arn, principal, source_arn):
        raise NotAllowedError(f"role {role_arn} does not trust {principal}: add it to AssumeRolePolicyDocument")


def check_service(action: str, resource_arn: str, principal: str, source_arn: str) -> None:
    """Check that the resource's own policy lets a service act on it (queue, topic or function policy).

    Raises:
        NotAllowedError: it does not; the message says what to add.
    """
    service = action.split(":", 1)[0]
    with only_reading():
        found = hooks.target("core.iam_evaluator", "_resource_policy")(service, resource_arn)
    text = json.dumps(found[0]) if found else ""
    if found is None or not _allows(text, action, resource_arn, principal, source_arn):
        raise NotAllowedError(
            f"the resource policy of {resource_arn} does not allow {action} to {principal} for {source_arn}"
        )


@functools.lru_cache(maxsize=256)
def _allows(policy: str, action: str, resource_arn: str, principal: str, source_arn: str) -> bool:
    return _evaluate(json.loads(policy), action, resource_arn, principal, source_arn)


def _evaluate(policy: Any, action: str, resource_arn: str, principal: str, source_arn: str) -> bool:
    account = resource_arn.split(":")[4]
    context = hooks.target("core.iam_evaluator", "EvalContext")(
        principal_arn="*", principal_type="Service", principal_account="", action=action, resource_arn=resource_arn,
        region=resource_arn.split(":")[3] or "us-east-1", secure_transport=True, source_ip="127.0.0.1",
        service_context={
            "aws:sourcearn": source_arn or None, "aws:sourceaccount": account,
            # The default topic policy asks for it, and EventBridge does not send it: topics need a policy for it.
            "aws:sourceowner": None if principal == "events.amazonaws.com" else account,
            "aws:principalisawsservice": "true", "aws:principalservicename": principal,
        },
    )  # fmt: skip
    evaluate = hooks.target("core.iam_evaluator", "evaluate_resource_policy")
    return str(evaluate(policy, context, service=principal).decision) == "Allow"


def check_role(role_arn: str, action: str, resource_arn: str) -> None:
    """Check that a role's own policies allow an action on a resource.

    Raises:
        NotAllowedError: they do not; the message is what to add.
    """
    evaluator = hooks.module("core.iam_evaluator")
    account, name = role_arn.split(":")[4], role_arn.rsplit("/", 1)[-1]
    context = evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{account}:assumed-role/{name}/check", principal_type="AssumedRole",
        principal_account=account, action=action, resource_arn=resource_arn, region=resource_arn.split(":")[3],
        source_ip="127.0.0.1", secure_transport=True,
    )  # fmt: skip
    if evaluator.evaluate(context, evaluator._gather_role_policies(name, account)).decision != "Allow":
        raise NotAllowedError(f"role {role_arn} is not allowed {action} on {resource_arn}: add it to its policies")
