"""`python -m localcloud.dataplane <channel> <listening>`: one router; `sagemaker.router` gives it both sockets."""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
import sys

import uvloop

from localcloud.dataplane.control import Control
from localcloud.dataplane.frontend import Frontend
from localcloud.dataplane.plane import Plane

# Calls leave no cycles; the collector need not look so often.
_GC_THRESHOLDS = (50_000, 50, 100)
_BACKLOG = 1024


async def serve(channel: socket.socket, listening: socket.socket) -> None:
    """Route calls until the host says that it is over, or has gone."""
    loop = asyncio.get_running_loop()
    opened: asyncio.Future[Plane] = loop.create_future()
    _, control = await loop.create_connection(lambda: Control(opened.set_result), sock=channel)
    plane = await opened
    server = await loop.create_server(lambda: Frontend(plane.take, plane.limit), sock=listening, backlog=_BACKLOG)
    gc.freeze()
    await control.ended
    server.close()


def main() -> None:
    """Run until the host ends it."""
    channel, listening = (socket.socket(fileno=int(number)) for number in sys.argv[1:3])
    # A Ctrl-C in the terminal is the host's to handle; it says when to end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    logging.basicConfig(format="%(asctime)s %(levelname)s [router] %(message)s")
    gc.set_threshold(*_GC_THRESHOLDS)
    uvloop.run(serve(channel, listening))


if __name__ == "__main__":
    main()
