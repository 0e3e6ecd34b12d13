"""sagemaker-runtime on the common port: calls are handed on to the router, which answers them on its own port."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import urllib3

from localcloud.sagemaker import wire
from localcloud.sagemaker.context import Context
from localcloud.sagemaker.errors import ServiceError

Answer = tuple[int, dict[str, str], bytes]
_OWN_HEADERS = "x-dropforge-"
SECRET = "x-dropforge-secret"  # noqa: S105 (a header's name)
SECONDS = "x-dropforge-seconds"
VERDICT = "x-dropforge-verdict"
_OPERATIONS = ("InvokeEndpoint", "InvokeEndpointWithResponseStream")
_ASYNC = "async-invocations"
# Of one connection, or computed anew for the next.
_HOP = {"connection", "content-length", "transfer-encoding", "expect", "host", "keep-alive"}
# The longest that the router takes: a cold start and an invocation.
_SECONDS = 130.0
_CONNECTIONS = 128


def constraints() -> dict[str, list[list[Any]]]:
    """The service model's constraints on the members of each operation, as `dataplane.checks` wants them."""
    return {operation: _rules(operation) for operation in _OPERATIONS}


def _rules(operation: str) -> list[list[Any]]:
    shape = wire.operation_model("sagemaker-runtime", operation).input_shape
    rules = []
    for name, member in shape.members.items():
        if name != "Body":
            header = "" if name == "EndpointName" else member.serialization["name"].lower()
            limits = member.metadata
            rules.append([name, header, limits.get("min"), limits.get("max"), limits.get("pattern")])
    return rules


class Forwarder:
    """Hands calls on to the router, as the host itself: who calls has been judged. Asynchronous ones go to a queue."""

    def __init__(self, asynchronous: Callable[[str, dict[str, str], bytes], Answer]) -> None:
        self._asynchronous = asynchronous
        self._pool = urllib3.PoolManager(maxsize=_CONNECTIONS, retries=False)

    def forward(self, context: Context, path: str, headers: dict[str, str], body: bytes) -> Answer:
        """Answer one call; raises ServiceError. Blocks up to a minute and more."""
        if headers.get(VERDICT) == context.router.settings.secret:
            return 204, {}, b""  # the router asked only whether the caller may
        if path.split("?", maxsplit=1)[0].endswith(_ASYNC):
            return self._asynchronous(unquote(path.split("/")[2]), headers, body)
        sent = {k: v for k, v in headers.items() if k not in _HOP and not k.startswith(_OWN_HEADERS)}
        sent |= {SECRET: context.router.settings.secret}
        context.router.start()  # without a table yet, nobody would answer
        url = context.router.url + path
        try:
            answer = self._pool.request("POST", url, body=body, headers=sent, timeout=_SECONDS)
        except urllib3.exceptions.HTTPError as error:
            message = "The service is currently unavailable."
            raise ServiceError("ServiceUnavailable", message, status=503) from error
        return answer.status, {k: v for k, v in answer.headers.items() if k.lower() not in _HOP}, answer.data
