"""The ASGI layer that holds every answer back until what it tells of is on disk."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from localcloud.glue.persistence.durability import Durability
from localcloud.glue.persistence.tracked import Place, reading, touched

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]

# Operations that change nothing. (GetSessionToken and its like make sessions; ReceiveMessage hides messages.)
_READS = re.compile(
    r"^(Get(?!SessionToken|FederationToken|QueryResults)|List|Describe|Head|Query|Scan|BatchGet|Search|Lookup"
    r"|Validate|Test|Simulate|Estimate|Filter)"
)
_ACTION = re.compile(rb"(?:^|&)Action=([A-Za-z]+)")


def _operation(scope: MutableMapping[str, Any]) -> str | None:
    for name, value in scope["headers"]:
        if name.lower() == b"x-amz-target":
            return str(value.decode("latin-1")).rpartition(".")[2]
    match = _ACTION.search(scope.get("query_string", b""))
    return match.group(1).decode() if match else None


def _is_form(scope: MutableMapping[str, Any]) -> bool:
    return any(
        name.lower() == b"content-type" and value.startswith(b"application/x-www-form-urlencoded")
        for name, value in scope["headers"]
    )


def only_reads(method: str, operation: str | None) -> bool:
    """Whether a request cannot change state: by its operation's name, else by its HTTP method."""
    if operation is not None:
        return bool(_READS.match(operation))
    return method in ("GET", "HEAD", "OPTIONS")


def durable(inner: App, durability: Durability) -> App:
    """Return an ASGI application that answers as `inner` does, but not before the state is settled."""

    async def app(scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await inner(scope, receive, send)
            return
        operation = _operation(scope)
        reading.set(only_reads(scope["method"], operation))
        seen: set[Place] = set()
        touched.set(seen)
        sniff = operation is None and scope["method"] == "POST" and _is_form(scope)

        async def receive_and_sniff() -> Message:
            nonlocal sniff
            message = await receive()
            if sniff and (match := _ACTION.search(message.get("body", b""))):
                reading.set(only_reads("POST", match.group(1).decode()))
            sniff = False
            return message

        async def send_when_settled(message: Message) -> None:
            if message["type"] == "http.response.start":
                await durability.settled(seen)
            await send(message)

        await inner(scope, receive_and_sniff, send_when_settled)

    return app
