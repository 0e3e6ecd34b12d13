"""InvokeEndpointWithResponseStream: a container's answer as AWS's event stream, part by part."""

from __future__ import annotations

import binascii
import json
import struct
from typing import Any

from localcloud.dataplane.backend import Connection
from localcloud.dataplane.request import Reply

_STRING = 7  # the type of a header's value
_LARGEST_PART = 1 << 20


def message(headers: dict[str, str], payload: bytes) -> bytes:
    """One message of application/vnd.amazon.eventstream (prelude, headers, payload, two CRC32)."""
    encoded = b"".join(
        struct.pack("!B", len(name)) + name.encode() + struct.pack("!BH", _STRING, len(value)) + value.encode()
        for name, value in headers.items()
    )
    prelude = struct.pack("!II", 16 + len(encoded) + len(payload), len(encoded))
    start = prelude + struct.pack("!I", binascii.crc32(prelude)) + encoded + payload
    return start + struct.pack("!I", binascii.crc32(start))


def payload_part(data: bytes) -> bytes:
    """A PayloadPart event."""
    headers = {":event-type": "PayloadPart", ":content-type": "application/octet-stream", ":message-type": "event"}
    return message(headers, data)


def model_stream_error(code: str, text: str) -> bytes:
    """The ModelStreamError that ends a stream before its time."""
    headers = {
        ":exception-type": "ModelStreamError",
        ":content-type": "application/json",
        ":message-type": "exception",
    }
    return message(headers, json.dumps({"Message": text, "ErrorCode": code}).encode())


class Stream:
    """One answer under way from a container to a caller; a caller who does not keep up holds the container back."""

    def __init__(self, reply: Reply, connection: Connection) -> None:
        self._reply = reply
        self._transport: Any = connection.transport

    def begin(self, headers: bytes, request_id: str) -> None:
        """Send the head."""
        self._reply.begin(headers, request_id, self._transport.resume_reading)

    def part(self, data: bytes) -> None:
        """Hand on a part of the body."""
        for start in range(0, len(data), _LARGEST_PART):
            if not self._reply.part(payload_part(data[start : start + _LARGEST_PART])):
                self._transport.pause_reading()

    def end(self) -> None:
        """The answer is complete."""
        self._reply.end()

    def fail(self, status: int, text: str) -> None:
        """The container broke off, or ran out of time (`status` 0)."""
        code = "StreamBroken" if status else "ModelInvocationTimeExceeded"
        self._reply.part(model_stream_error(code, text))
        self._reply.end()
