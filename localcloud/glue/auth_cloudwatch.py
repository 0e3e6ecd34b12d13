"""What IAM judges CloudWatch's calls by, where ministack names something else."""

from __future__ import annotations

import json
from typing import Any

import cbor2

# Service Authorization Reference, Amazon CloudWatch Logs: the resource is a stream, where ministack names the group.
ON_STREAMS = {"GetLogEvents", "PutLogEvents"}


def log_stream_arn(parameters: dict[str, Any], region: str, account: str) -> str:
    """Return the ARN that AWS authorizes GetLogEvents and PutLogEvents on; a group may be given by its ARN."""
    group = str(parameters.get("logGroupIdentifier") or parameters.get("logGroupName") or "").removesuffix(":*")
    group = group.rpartition(":log-group:")[2]
    return f"arn:aws:logs:{region}:{account}:log-group:{group}:log-stream:{parameters.get('logStreamName', '')}"


def metric_namespace(body: bytes, params: dict[str, Any]) -> str:
    """Return the Namespace of a PutMetricData request in whichever of CloudWatch's three protocols it came."""
    return _first(body, params, "Namespace", "Namespace")


def alarm_arn(body: bytes, params: dict[str, Any], region: str, account: str) -> str:
    """Return the ARN that DeleteAlarms is authorized on, which ministack does not name; of several, the first's."""
    name = _first(body, params, "AlarmNames", "AlarmNames.member.1")
    return f"arn:aws:cloudwatch:{region}:{account}:alarm:{name}" if name else "*"


def _first(body: bytes, params: dict[str, Any], member: str, in_query: str) -> str:
    found: Any = params.get(in_query)
    if not found:
        try:
            found = (json.loads if body[:1] == b"{" else cbor2.loads)(body).get(member)
        except (ValueError, AttributeError, cbor2.CBORDecodeError):
            found = None
    return str(found[0] if isinstance(found, list) and found else found or "")
