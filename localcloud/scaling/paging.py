"""Describe operations: filters and pages."""

from __future__ import annotations

import base64
import json
from typing import Any

from localcloud.sagemaker.errors import InvalidRequestError, ServiceError

Json = dict[str, Any]
_MOST = 50


def fits(document: Json, request: Json) -> bool:
    """Whether it is of the namespace, resource and dimension that were asked for."""
    members = ("ServiceNamespace", "ResourceId", "ScalableDimension")
    return all(document[name] == request[name] for name in members if name in request)


def page(member: str, found: list[Json], request: Json) -> Json:
    """One page of `found`, which is in a lasting order."""
    size = request.get("MaxResults", _MOST)
    if not 1 <= size <= _MOST:
        raise InvalidRequestError(f"MaxResults must be between 1 and {_MOST}.")
    start = _start(member, request["NextToken"]) if "NextToken" in request else 0
    answer: Json = {member: found[start : start + size]}
    if start + size < len(found):
        answer["NextToken"] = base64.urlsafe_b64encode(json.dumps([member, start + size]).encode()).decode()
    return answer


def _start(member: str, token: str) -> int:
    try:
        of, start = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, TypeError):
        of, start = "", 0
    if of != member or not isinstance(start, int):
        raise ServiceError("InvalidNextTokenException", "The next token supplied was invalid.")
    return start
