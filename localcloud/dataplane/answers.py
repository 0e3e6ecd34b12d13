"""Answers as sagemaker-runtime gives them: heads, error bodies, AWS's words."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass
from typing import Any

LARGEST_BODY = 6_291_456
#: Of InvokeEndpointAsync, which takes larger inputs from S3.
LARGEST_INLINE = 128_000
#: Of calls of serverless endpoints, both ways (sagemaker dg, serverless-endpoints-invoke).
LARGEST_SERVERLESS = 4_194_304
#: Characters of a container's error that an answer repeats.
_LONGEST_MESSAGE = 8192
REASONS = {
    200: "OK", 202: "Accepted", 400: "Bad Request", 403: "Forbidden", 404: "Not Found", 424: "Failed Dependency",
    429: "Too Many Requests", 500: "Internal Server Error", 501: "Not Implemented", 503: "Service Unavailable",
}  # fmt: skip


class RefusedError(Exception):
    """An error answer: AWS's code and words, the HTTP status, further members of its body."""

    def __init__(self, code: str, message: str, status: int = 400, **fields: Any) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.body = json.dumps({"__type": code, "Message": message, "message": message, **fields}).encode()


def invalid(message: str) -> RefusedError:
    """The runtime's ValidationError."""
    return RefusedError("ValidationError", message)


def too_large(most: int) -> RefusedError:
    """A body of more bytes than an operation takes."""
    return invalid(
        "1 validation error detected: Value at 'body' failed to satisfy constraint: Member must have length less than "
        f"or equal to {most}"
    )


def oversize(request_id: str) -> RefusedError:
    """A body that is too large for a serverless endpoint."""
    return invalid(f"Request {request_id} has oversize body.")


def unavailable() -> RefusedError:
    """No server can answer now; SDKs repeat the call."""
    return RefusedError("ServiceUnavailable", "The service is currently unavailable.", 503)


def throttled() -> RefusedError:
    """A serverless variant has as many calls as it may have."""
    return RefusedError("ThrottlingException", "Rate exceeded", 429)


@dataclass
class Identity:
    """Whose endpoints these are."""

    region: str
    account: str

    def not_found(self, endpoint: str) -> RefusedError:
        """No such endpoint, or none that serves."""
        return invalid(f"Endpoint {endpoint} of account {self.account} not found.")

    def model_error(self, endpoint: str, status: int, container: str, message: str) -> RefusedError:
        """The container answered with an error, or not at all (`status` 0 for a time-out)."""
        message = message[:_LONGEST_MESSAGE]
        side = "client" if 0 < status < 500 else "server"  # noqa: PLR2004
        group = f"/aws/sagemaker/Endpoints/{endpoint}"
        return RefusedError(
            "ModelError",
            f'Received {side} error ({status}) from {container} with message "{message}". See '
            f"https://{self.region}.console.aws.amazon.com/cloudwatch/home?region={self.region}"
            f"#logEventViewer:group={group} in account {self.account} for more information.",
            424,
            OriginalStatusCode=status,
            OriginalMessage=message,
            LogStreamArn=f"arn:aws:logs:{self.region}:{self.account}:log-group:{group}",
        )


def identifier() -> str:
    """A random UUID (version 4), a third of the price of `uuid.uuid4`."""
    digits = f"{random.getrandbits(128):032x}"
    return (
        f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{'89ab'[int(digits[16], 16) & 3]}{digits[17:20]}-{digits[20:]}"
    )


def head(status: int, headers: bytes, length: int | None, request_id: str, *, keep: bool) -> bytes:
    """An answer's head; `headers` are complete lines. Without a length the body comes in chunks."""
    size = b"Transfer-Encoding: chunked" if length is None else b"Content-Length: %d" % length
    return b"HTTP/1.1 %d %s\r\n%sx-amzn-RequestId: %s\r\n%s\r\n%s\r\n" % (
        status,
        REASONS.get(status, "Unknown").encode(),
        headers,
        request_id.encode(),
        size,
        # Callers of HTTP/1.0 must be told.
        b"Connection: keep-alive\r\n" if keep else b"Connection: close\r\n",
    )
