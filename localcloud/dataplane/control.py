"""The host's side of the router: tables come in, figures and captured files are told of."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Callable
from typing import Any

from localcloud.dataplane import figures
from localcloud.dataplane.plane import Plane, guarded

_WRITE_SECONDS = 0.1
_TELL_SECONDS = 1.0
_DRAIN_EVERY = 0.005
_CLOSE_SECONDS = 3.0
Message = dict[str, Any]


class Control(asyncio.Protocol):
    """The channel. `opened` is given the router when the host has said hello."""

    def __init__(self, opened: Callable[[Plane], None]) -> None:
        self._opened = opened
        self._buffer = b""
        self._plane: Plane | None = None
        self._transport: Any = None
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The channel is open."""
        self._transport = transport

    def connection_lost(self, error: Exception | None) -> None:
        """The host has gone: keep what was captured and end."""
        if self._plane is not None:
            self._plane.capture.close()
        os._exit(0)

    def data_received(self, data: bytes) -> None:
        """Messages are lines of JSON."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        for line in lines:
            self._take(json.loads(line))

    def tell(self, message: Message) -> None:
        """Send the host a message."""
        if not self._transport.is_closing():
            self._transport.write(json.dumps(message).encode() + b"\n")

    def _take(self, message: Message) -> None:
        if message["do"] == "hello":
            self._plane = Plane(message, self.tell)
            self._opened(self._plane)
            self._plane.spawn(self._periodically(self._plane))
            self._plane.spawn(self._plane.sweep())
            return
        plane = self._plane
        assert plane is not None
        match message["do"]:
            case "put":
                plane.tables.put(message["table"])
            case "remove":
                plane.tables.remove(message["endpoint"])
            case "load":
                self._answer(message, **_load(plane, message["endpoint"], message["variant"]))
                return
            case "oldest":
                self._answer(message, seconds=_oldest(plane, message["endpoint"], message["config"]))
                return
            case "hangs":
                hangs = plane.tables.hangs(message["instance"], message["port"], message["seconds"])
                self._answer(message, hangs=hangs)
                return
            case "drain":
                plane.spawn(self._drain(plane, message))
                return
            case "flush":
                plane.capture.close()
                self._tell_figures(plane)
            case "close":
                plane.spawn(self._close(plane))
                return
        self._answer(message)

    def _answer(self, message: Message, **members: Any) -> None:
        if "id" in message:
            self.tell({"answer": message["id"], **members})

    async def _drain(self, plane: Plane, message: Message) -> None:
        names = set(message["instances"])
        deadline = time.monotonic() + message["seconds"]
        while (busy := plane.tables.busy(names)) and time.monotonic() < deadline:
            await asyncio.sleep(_DRAIN_EVERY)
        self._answer(message, idle=not busy)

    async def _close(self, plane: Plane) -> None:
        plane.closing = True
        deadline = time.monotonic() + _CLOSE_SECONDS
        while plane.active and time.monotonic() < deadline:
            await asyncio.sleep(_DRAIN_EVERY)
        plane.capture.close()
        self._tell_figures(plane)
        self.ended.set_result(None)

    async def _periodically(self, plane: Plane) -> None:
        told = time.monotonic()
        while True:
            await asyncio.sleep(_WRITE_SECONDS)
            with guarded("captured calls are lost"):
                plane.capture.write()
            if time.monotonic() - told >= _TELL_SECONDS:
                told = time.monotonic()
                with guarded("figures are lost"):
                    self._tell_figures(plane)

    def _tell_figures(self, plane: Plane) -> None:
        rows = figures.collect(plane.tables.variants())
        if rows:
            self.tell({"tell": "figures", "moment": time.time(), "rows": rows})


def _oldest(plane: Plane, endpoint: str, config: str) -> float:
    of = (each for each in plane.active if each.serves(endpoint, config))
    return max((each.age() for each in of), default=0.0)


def _load(plane: Plane, endpoint: str, name: str) -> Message:
    found = [each for each in plane.tables.variants(endpoint) if each.name == name]
    return {
        "idle_seconds": min((each.idle_seconds for each in found), default=0.0),
        "waiting": sum(each.waiting for each in found),
    }
