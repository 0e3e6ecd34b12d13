"""A load of equal POST requests from a process of its own: `python -m benchmarks.load URL --body FILE …`.

It ends after `--seconds`, or when its standard input is closed, and prints one line of JSON. It knows no more HTTP than
it needs, so that it takes little of the machine that it measures: answers have a Content-Length.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvloop

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_RETRY_SECONDS = 0.02
_SHOWN = 300


@dataclass
class Tally:
    """What became of the requests."""

    latencies: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def ended(self, status: str, seconds: float, body: bytes) -> None:
        """A request was answered, or (status "lost") was not."""
        self.statuses[status] += 1
        if status == "200":
            self.latencies.append(seconds)
        elif len(self.failures) < _SHOWN:
            self.failures.append(f"{status} {body[:_SHOWN].decode(errors='replace')}")

    def summary(self, seconds: float) -> dict[str, Any]:
        """The line that is printed."""
        good = sorted(self.latencies)
        return {
            "seconds": round(seconds, 3),
            "requests": sum(self.statuses.values()),
            "failed": sum(self.statuses.values()) - self.statuses["200"],
            "per_second": round(len(good) / seconds, 1),
            "p50_ms": round(statistics.median(good) * 1000, 3) if good else None,
            "p99_ms": round(good[int(len(good) * 0.99)] * 1000, 3) if good else None,
            "statuses": dict(self.statuses),
            "failures": self.failures,
        }


class Client(asyncio.Protocol):
    """One connection that asks again as soon as it is answered, or `pause` seconds after it last asked."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._transport: Any = None
        self._buffer = b""
        self._asked = 0.0
        self._waiting = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask."""
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        """Take an answer, or a part of it."""
        self._buffer = data = self._buffer + data if self._buffer else data
        end = data.find(b"\r\n\r\n")
        if end < 0:
            return
        length = _LENGTH.search(data, 0, end)
        if length is None or len(data) < end + 4 + int(length[1]):
            return
        self._buffer = b""
        self._waiting = False
        self._load.tally.ended(data[9:12].decode(), time.perf_counter() - self._asked, data[end + 4 :])
        pause = self._load.pause and self._asked + self._load.pause - time.perf_counter()
        if pause > 0:
            asyncio.get_running_loop().call_later(pause, self._ask)
        else:
            self._ask()

    def connection_lost(self, error: Exception | None) -> None:
        """The server has closed it: a request that was under way is lost."""
        if self._waiting:
            self._load.tally.ended("lost", 0, str(error or "closed").encode())
        self._load.again()

    def _ask(self) -> None:
        if self._load.over or self._transport.is_closing():
            self._transport.close()
            return
        self._waiting = True
        self._asked = time.perf_counter()
        self._transport.write(self._load.request)


class Load:
    """Connections to one address."""

    def __init__(self, url: str, body: bytes, headers: list[str], rate_per_connection: float) -> None:
        address = urlsplit(url)
        self._where = address.hostname or "127.0.0.1", address.port or 80
        lines = [f"POST {address.path} HTTP/1.1", f"Host: {address.netloc}", f"Content-Length: {len(body)}", *headers]
        self.request = ("\r\n".join(lines) + "\r\n\r\n").encode() + body
        self.pause = 1 / rate_per_connection if rate_per_connection else 0.0
        self.tally = Tally()
        self.over = False
        self._tasks: set[asyncio.Task[None]] = set()

    async def run(self, connections: int, seconds: float | None) -> dict[str, Any]:
        """Ask for so long (None: until standard input ends)."""
        began = time.perf_counter()
        for _ in range(connections):
            self.again()
        loop = asyncio.get_running_loop()
        if seconds is None:
            await loop.run_in_executor(None, sys.stdin.read)
        else:
            await asyncio.sleep(seconds)
        self.over = True
        ended = time.perf_counter()
        return self.tally.summary(ended - began)

    def again(self) -> None:
        """Open a connection in place of one that has ended."""
        if not self.over:
            task = asyncio.get_running_loop().create_task(self._open())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _open(self) -> None:
        try:
            await asyncio.get_running_loop().create_connection(lambda: Client(self), *self._where)
        except OSError as error:
            self.tally.ended("refused", 0, str(error).encode())
            await asyncio.sleep(_RETRY_SECONDS)
            self.again()


def main() -> None:
    """Run one load and print what became of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--body", type=Path, required=True)
    parser.add_argument("--header", action="append", default=[])
    parser.add_argument("--connections", type=int, default=1)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--rate", type=float, default=0.0, help="requests per second, all connections together")
    options = parser.parse_args()
    rate = options.rate / options.connections
    load = Load(options.url, options.body.read_bytes(), options.header, rate)
    print(json.dumps(uvloop.run(load.run(options.connections, options.seconds))), flush=True)


if __name__ == "__main__":
    main()
