"""Whether a role lets SageMaker assume it."""

from __future__ import annotations

from typing import Any

PRINCIPAL = "sagemaker.amazonaws.com"
_ACTIONS = {"*", "sts:*", "sts:assumerole"}


def trusts_sagemaker(policy: dict[str, Any]) -> bool:
    """Whether the trust policy allows the service principal; a Deny wins.

    Conditions count as met: those that AWS knows for service principals (aws:SourceAccount, aws:SourceArn) name this
    account's own resources.
    """
    effects = {statement.get("Effect") for statement in _list(policy.get("Statement")) if _matches(statement)}
    return "Allow" in effects and "Deny" not in effects


def _matches(statement: dict[str, Any]) -> bool:
    principal = statement.get("Principal")
    services = _list(principal.get("Service")) if isinstance(principal, dict) else _list(principal)
    actions = {str(action).lower() for action in _list(statement.get("Action"))}
    return bool(actions & _ACTIONS) and any(service in ("*", PRINCIPAL) for service in services)


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
