"""The common port of the local cloud: what the router hands on to it, and whom it lets judge."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

from localcloud.dataplane import answers
from localcloud.dataplane.backend import Connection, Pool
from localcloud.dataplane.request import Request

_SECONDS = 90.0
# Of the connection, not of the request.
_HOP = {b"connection", b"keep-alive", b"transfer-encoding", b"content-length", b"expect", b"upgrade"}
_OWN = _HOP | {b"x-amzn-requestid", b"date", b"server"}


class Whole:
    """Collects an answer."""

    def __init__(self) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.body = b""

    def on_head(self, status: int, headers: dict[bytes, bytes]) -> None:
        """See Exchange."""
        self.status, self.headers = status, headers

    def on_chunk(self, chunk: bytes) -> None:
        """See Exchange."""
        self.body += chunk

    def on_end(self) -> None:
        """See Exchange."""
        if not self.done.done():
            self.done.set_result(None)

    def on_broken(self, why: str) -> None:
        """See Exchange."""
        if not self.done.done():
            self.done.set_exception(ConnectionError(why))


class Common:
    """The common port, asked as the caller asked."""

    def __init__(self, url: str) -> None:
        self.known = bool(url)
        self._pool = Pool(urlsplit(url).port or 80) if url else None

    async def ask(self, request: Request, *extra: tuple[bytes, bytes]) -> Whole:
        """Send the request as it came, its signature with it; raises OSError, TimeoutError."""
        assert self._pool is not None
        connection: Connection = self._pool.take() or await self._pool.connect()
        headers = [(name, value) for name, value in request.incoming.headers if name not in _HOP]
        lines = b"".join(b"%s: %s\r\n" % header for header in (*headers, *extra))
        start = b"%s %s HTTP/1.1\r\n" % (request.method, request.target)
        whole = Whole()
        connection.send(b"%s%sContent-Length: %d\r\n\r\n%s" % (start, lines, len(request.body), request.body), whole)
        try:
            async with asyncio.timeout(_SECONDS):
                await whole.done
        except TimeoutError:
            connection.abort()
            raise
        return whole

    async def relay(self, request: Request) -> None:
        """Answer a request with the common port's answer."""
        try:
            whole = await self.ask(request)
        except (OSError, TimeoutError):
            request.reply.fail(answers.unavailable(), request.id)
            return
        self.pass_on(request, whole)

    @staticmethod
    def pass_on(request: Request, whole: Whole) -> None:
        """Give the caller an answer of the common port."""
        headers = b"".join(b"%s: %s\r\n" % item for item in whole.headers.items() if item[0] not in _OWN)
        request_id = whole.headers.get(b"x-amzn-requestid", request.id.encode()).decode("latin-1")
        request.reply.send(whole.status, headers, whole.body, request_id)
