"""Custom resources: the answer's address is ours, and a function that dies fails the resource at once.

AWS waits an hour for an answer that a crashed function will never send; that hour teaches nobody anything.
"""

from __future__ import annotations

import threading
from typing import Any

from ministack.services import lambda_svc
from ministack.services.cloudformation import custom_resource

from localcloud.glue import hooks
from localcloud.settings import Settings

Json = dict[str, Any]
_local = threading.local()


def install(settings: Settings) -> None:
    """Point ResponseURL at this host, and turn a failed invocation into a FAILED answer."""
    hooks.replace("services.cloudformation.custom_resource", "_HOST", "127.0.0.1")
    hooks.replace("services.cloudformation.custom_resource", "_PORT", str(settings.port))
    hooks.wrap("services.cloudformation.custom_resource", "invoke_custom_resource", _marked)
    hooks.wrap("services.lambda_svc", "_execute_function_with_config_scope", _answering)


def _marked(invoke: Any) -> Any:
    def marked(*args: Any, **kwargs: Any) -> Any:
        _local.custom_resource = True
        try:
            return invoke(*args, **kwargs)
        finally:
            _local.custom_resource = False

    return marked


def _answering(execute: Any) -> Any:
    def answering(func: Json, event: Json) -> Json:
        result: Json = execute(func, event)
        if getattr(_local, "custom_resource", False) and result.get("error"):
            _fail(event, result)
        return result

    return answering


def _fail(event: Json, result: Json) -> None:
    token = event["ResponseURL"].rsplit("/", 1)[1]
    body = result.get("body")
    body = body if isinstance(body, dict) else {}
    reason = f"{body.get('errorType', 'Error')}: {body.get('errorMessage', body)}"
    name = lambda_svc._resolve_name(str(event["ResourceProperties"].get("ServiceToken", "")))
    entry = custom_resource._pending.get(token)
    if entry and entry["result"] is None:  # a function that answered and then died has answered
        reason = f"function {name} ended without an answer: {reason} (log group /aws/lambda/{name})"
        custom_resource.deliver_response(token, {"Status": "FAILED", "Reason": reason})
