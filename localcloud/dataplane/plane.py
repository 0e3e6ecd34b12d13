"""The router: who may call, where the call goes, what is kept of it."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

from localcloud.dataplane import proxy
from localcloud.dataplane.answers import LARGEST_BODY, LARGEST_INLINE, Identity, RefusedError, invalid, too_large
from localcloud.dataplane.call import Call
from localcloud.dataplane.capture import Capture
from localcloud.dataplane.checks import Checks
from localcloud.dataplane.request import ASYNC, SECONDS, SECRET, Request
from localcloud.dataplane.tables import Endpoint, Instance, Tables, Variant
from localcloud.dataplane.verdicts import Verdicts

_SWEEP_SECONDS = 0.25
# A shadow that is slower than its model gets no more copies than this at a time.
_MOST_COPIES = 256
_READ = (b"GET", b"HEAD")
_log = logging.getLogger(__name__)
Tell = Callable[[dict[str, Any]], None]


@contextmanager
def guarded(what: str) -> Iterator[None]:
    """What goes wrong once must not end what runs for ever."""
    try:
        yield
    except Exception:
        _log.exception("%s", what)


class Plane:
    """Everything that one router holds. `tell` sends a message to the host."""

    def __init__(self, hello: dict[str, Any], tell: Tell) -> None:
        self.identity = Identity(hello["region"], hello["account"])
        self.tables = Tables()
        self.capture = Capture(hello["spool"], tell)
        self.active: set[Call] = set()
        self._tell = tell
        self._secret = hello["secret"].encode()
        self._common = proxy.Common(hello["common_url"])
        self._checks = Checks(hello["constraints"])
        self._verdicts = Verdicts(self._common, self._secret)
        self._tasks: set[asyncio.Task[None]] = set()
        self.closing = False

    def limit(self, request: Request) -> int | None:
        """How much is kept of a request's body; None: all of it. Tells whether it comes from the host itself."""
        request.judged = request.headers.get(SECRET) == self._secret
        request.own = request.judged and SECONDS in request.headers
        return None if request.own else LARGEST_BODY

    def take(self, request: Request) -> None:
        """Answer a request, at once or when there is an answer."""
        if request.target == b"/ping" and request.method in _READ:
            request.reply.send(200, b"", b"", request.id)
        elif not request.operation or request.method != b"POST":
            text = f"No operation of sagemaker-runtime at {request.target.decode('latin-1')}"
            refused = RefusedError("UnknownOperationException", text, 404)
            request.reply.fail(refused, request.id, bare=request.method == b"HEAD")
        elif request.size > LARGEST_BODY and not request.own:
            # Before anybody judges: not all of it was kept, and its signature would be wrong.
            most = LARGEST_INLINE if request.operation == ASYNC else LARGEST_BODY
            request.reply.fail(too_large(most), request.id)
        elif request.operation == ASYNC:
            self.spawn(self._common.relay(request))
        elif request.judged or self._verdicts.allowed(request):
            self._admit(request)
        else:
            self.spawn(self._judge(request))

    async def _judge(self, request: Request) -> None:
        if await self._verdicts.ask(request):
            self._admit(request)

    def _admit(self, request: Request) -> None:
        try:
            self._checks.check(request)
            endpoint = self.tables.endpoints.get(request.endpoint)
            if endpoint is None:
                raise self.identity.not_found(request.endpoint)
            if endpoint.asynchronous and not request.own:
                raise invalid(
                    f"Endpoint {request.endpoint} of account {self.identity.account} does not support this inference "
                    "type."
                )
            Call(self, request, endpoint).begin()
        except RefusedError as refused:
            request.reply.fail(refused, request.id)

    def copy_to_shadow(self, call: Call, request: Request, endpoint: Endpoint) -> None:
        """Send the sampled copy of a call that is on its way."""
        fleet = call.fleet
        assert fleet is not None
        if fleet.shadow is None or random.random() >= fleet.shadow_share:  # noqa: S311
            return
        if fleet.shadow.under_way < _MOST_COPIES:
            Call(self, request, endpoint).begin_shadow(call, fleet.shadow)

    def tell_wanted(self, variant: Variant) -> None:
        """A call waits for an instance of an on-demand variant."""
        self._tell({"tell": "wanted", "endpoint": variant.endpoint, "config": variant.config, "variant": variant.name})

    def tell_lost(self, instance: Instance) -> None:
        """An instance refused a connection."""
        self._tell({"tell": "lost", "instance": instance.id})

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run the slower ways of a call beside everything else."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def sweep(self) -> None:
        """End the calls whose time is over."""
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            now = time.monotonic()
            for call in [each for each in self.active if each.deadline <= now]:
                with guarded("a call whose time is over"):
                    call.expire()
