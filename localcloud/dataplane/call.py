"""One call: to an instance of a variant, through its containers, and back; or a shadow's copy of one."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from localcloud.dataplane import answers, heads, streaming
from localcloud.dataplane.answers import LARGEST_BODY, LARGEST_SERVERLESS, RefusedError
from localcloud.dataplane.backend import Connection
from localcloud.dataplane.request import SECONDS, STREAM, Request
from localcloud.dataplane.tables import Endpoint, Fleet, Instance, Variant

if TYPE_CHECKING:
    from localcloud.dataplane.plane import Plane

# How long a call waits for a server that is being started again before it is told to come back.
_READY_SECONDS = 20.0
_COLD_SECONDS = 60.0
_LOOK_EVERY = 0.25
# A server that closes an idle connection just as a call comes does so at once; later, it has read the call.
_RACE_SECONDS = 0.05
_TIMED_OUT = (
    "Your invocation timed out while waiting for a response from container {}. Review the latency metrics for each "
    "container in Amazon CloudWatch, resolve the issue, and try again."
)


class Call:
    """A call under way. The fleet and variant are chosen anew each time that no instance answers."""

    __slots__ = (
        "_answer_headers", "_body", "_chunks", "_connection", "_copied", "_endpoint", "_give_up", "_instance",
        "_model_seconds", "_plane", "_request", "_reused", "_sent", "_size", "_stage", "_status", "_stream", "_timer",
        "_waits", "captured", "deadline", "fleet", "shadow", "variant",
    )  # fmt: skip

    def __init__(self, plane: Plane, request: Request, endpoint: Endpoint) -> None:
        self._plane = plane
        self._request = request
        self._endpoint = endpoint
        self._connection: Connection | None = None
        self._instance: Instance | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._give_up = 0.0
        self._waits = 0
        self._stream: streaming.Stream | None = None
        self._model_seconds = -1.0
        self.deadline = 0.0
        self.captured = self.shadow = False
        # Whether a shadow has had its copy; whether the connection was an idle one, which the server may be closing.
        self._copied = self._reused = False
        self.fleet: Fleet | None = None
        self.variant: Variant | None = None

    def serves(self, endpoint: str, config: str) -> bool:
        """Whether it is of this configuration of an endpoint."""
        return self._endpoint.name == endpoint and self.fleet is not None and self.fleet.config == config

    def age(self) -> float:
        """Seconds since it came."""
        return time.perf_counter() - self._request.started

    def begin(self) -> None:
        """Find an instance and call it; raises RefusedError."""
        target = self._request.headers.get(b"x-amzn-sagemaker-target-variant")
        name = target.decode("latin-1") if target is not None else None
        try:
            choice = self._endpoint.choose(name)
        except KeyError as error:
            if self._endpoint.fleets:
                raise answers.invalid(f"Variant {name} not found for endpoint {self._endpoint.name}.") from error
            choice = None
        if choice is None:
            if self._endpoint.fleets:
                raise answers.invalid(f"Endpoint {self._endpoint.name} has no variant with a weight above 0.")
            self._wait(None)
            return
        self.fleet, variant = choice
        self.variant = variant
        limit = variant.max_concurrency
        if limit is not None:
            if self._request.size > LARGEST_SERVERLESS:
                raise answers.oversize(self._request.id)
            if variant.under_way + variant.waiting >= limit:
                raise answers.throttled()
        instance = variant.pick()
        if instance is None:
            self._wait(variant)
            return
        self._go(instance, variant)
        if self.fleet.shadow is not None and not self._copied:
            self._copied = True
            self._plane.copy_to_shadow(self, self._request, self._endpoint)

    def begin_shadow(self, original: Call, variant: Variant) -> None:
        """Send a copy; a shadow that has no instance sees none."""
        instance = variant.pick()
        if instance is not None:
            self.shadow, self.captured = True, original.captured
            self.fleet, self.variant = original.fleet, variant
            self._go(instance, variant)

    def wake(self) -> None:
        """Look again for an instance."""
        if self._timer is None:
            return
        self._timer.cancel()
        self._timer = None
        self._endpoint.waiters.pop(self, None)
        if self.variant is not None:
            self.variant.waiting -= 1
        variant = self.variant
        if time.monotonic() >= self._give_up:
            self._unavailable(variant)
            return
        try:
            if self._plane.tables.endpoints.get(self._endpoint.name) is not self._endpoint:
                raise self._plane.identity.not_found(self._endpoint.name)
            self.begin()
        except RefusedError as refused:
            self._request.reply.fail(refused, self._request.id)

    def _wait(self, variant: Variant | None) -> None:
        """Look again when the table changes, and now and then: an instance may have its ear back."""
        if not self._give_up:
            cold = variant is None or variant.on_demand
            self._give_up = time.monotonic() + (_COLD_SECONDS if cold else _READY_SECONDS)
        if variant is not None:
            variant.waiting += 1
            if variant.on_demand and self._waits % 8 == 0:
                self._plane.tell_wanted(variant)
        self._waits += 1
        self._endpoint.waiters[self] = None
        self._timer = asyncio.get_running_loop().call_later(_LOOK_EVERY, self.wake)

    def _unavailable(self, variant: Variant | None) -> None:
        if variant is not None:
            variant.ended.append((None, self._microseconds(), 503))
        self._request.reply.fail(answers.unavailable(), self._request.id)

    def _go(self, instance: Instance, variant: Variant) -> None:
        variant.under_way += 1
        variant.peak = max(variant.peak, variant.under_way)
        instance.busy += 1
        self._instance = instance
        if not self.shadow:
            assert self.fleet is not None
            self.captured = self._plane.capture.wants(self.fleet.capture)
        seconds = self._request.headers[SECONDS] if self._request.own else None
        self.deadline = time.monotonic() + (float(seconds) if seconds else self._endpoint.seconds)
        self._stage = 0
        self._body = self._request.body
        self._answer_headers: dict[bytes, bytes] = {}
        self._plane.active.add(self)
        self._post()

    def _post(self) -> None:
        assert self._instance is not None
        self._chunks: list[bytes] = []
        self._size = self._status = 0
        pool = self._instance.pools[self._stage]
        connection = pool.take()
        self._reused = connection is not None
        if connection is None:
            self._plane.spawn(self._connect())
        else:
            self._send(connection)

    async def _connect(self, broken: str = "") -> None:
        """Call on a new connection; `broken`: why an idle one did not do."""
        instance = self._instance
        assert instance is not None
        try:
            connection = await instance.pools[self._stage].connect()
        except (OSError, TimeoutError):
            self._refused(instance, broken)
            return
        if self._instance is instance:
            self._send(connection)
        else:  # given up meanwhile
            connection.transport.close()

    def _send(self, connection: Connection) -> None:
        self._connection = connection
        self._sent = time.perf_counter()
        if self._model_seconds < 0:
            self._model_seconds = 0.0
        instance = self._instance
        assert instance is not None
        last = self._stage == len(instance.ports) - 1
        kind = self._answer_headers.get(b"content-type", heads.BINARY) if self._stage else None
        connection.send(heads.question(self._request, self._body, instance.ports[self._stage], kind, last=last), self)

    def on_head(self, status: int, headers: dict[bytes, bytes]) -> None:
        """See Exchange."""
        self._status, self._answer_headers = status, headers
        last = self._instance is not None and self._stage == len(self._instance.ports) - 1
        if self._request.operation == STREAM and last and 200 <= status < 300 and not self.shadow:  # noqa: PLR2004
            assert self._connection is not None
            self._stream = streaming.Stream(self._request.reply, self._connection)
            assert self.variant is not None
            self._stream.begin(heads.of_stream(self._answer_headers, self.variant.name), self._request.id)

    def on_chunk(self, chunk: bytes) -> None:
        """See Exchange."""
        if self._stream is not None:
            self._stream.part(chunk)
            if not self.captured:
                return
        self._chunks.append(chunk)
        self._size += len(chunk)
        if self._size > LARGEST_SERVERLESS and self._stream is None and not self._request.own:
            self._limit_answer()

    def _limit_answer(self) -> None:
        assert self.variant is not None
        most = LARGEST_SERVERLESS if self.variant.on_demand else LARGEST_BODY
        if self._size > most:
            self._abort()
            self._model_failure(500, f"the response body is larger than {most:,} bytes")

    def on_end(self) -> None:
        """See Exchange."""
        self._clock()
        chunks = self._chunks
        body = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        if not 200 <= self._status < 300:  # noqa: PLR2004
            self._model_failure(self._status, body.decode(errors="replace"))
            return
        assert self._instance is not None
        if self._stage < len(self._instance.ports) - 1:
            self._stage += 1
            self._body = body
            self._post()
            return
        self._succeed(body)

    def on_broken(self, why: str) -> None:
        """See Exchange."""
        late = time.perf_counter() - self._sent > _RACE_SECONDS
        self._clock()
        why = f"The container closed the connection before it answered: {why}"
        if self._reused and not (late or self._status):
            # Perhaps the call made the server end so soon: never on another instance, which would end of it, too.
            self._reused = False
            self._plane.spawn(self._connect(why))
            return
        self._model_failure(500, why)

    def expire(self) -> None:
        """Its time is over."""
        if self._connection is not None and self._instance is not None:
            self._instance.pools[self._stage].give_up(time.perf_counter() - self._sent)
        self._abort()
        self._model_failure(0, _TIMED_OUT.format(self._container()))

    def _clock(self) -> None:
        self._model_seconds += time.perf_counter() - self._sent
        self._connection = None

    def _abort(self) -> None:
        if self._connection is not None:
            self._connection.abort()
            self._clock()
        self._connection = None

    def _container(self) -> str:
        assert self._instance is not None
        return self._instance.containers[self._stage]

    def _refused(self, instance: Instance, broken: str) -> None:
        """The server has no ear: a model that has not seen the call cannot have ended of it, and it is made again."""
        if self._instance is not instance:
            return
        instance.refuse()
        self._plane.tell_lost(instance)
        if broken:
            self._model_failure(500, broken)
        else:
            self._call_elsewhere()

    def _call_elsewhere(self) -> None:
        """Make the call again, on whichever instance is free."""
        variant = self._release()
        if self.shadow:
            return
        try:
            self._wait(variant) if variant.pick() is None else self.begin()
        except RefusedError as refused:
            self._request.reply.fail(refused, self._request.id)

    def _release(self) -> Variant:
        instance, self._instance = self._instance, None
        variant = self.variant
        assert instance is not None
        assert variant is not None
        instance.busy -= 1
        variant.under_way -= 1
        variant.last_end = time.monotonic()
        self._plane.active.discard(self)
        if variant.on_demand and variant.waiting:
            self._endpoint.wake()
        return variant

    def _microseconds(self) -> int:
        return round((time.perf_counter() - self._request.started) * 1e6)

    def _measure(self, variant: Variant, status: int) -> None:
        if self._model_seconds < 0:  # it was never reached
            variant.ended.append((None, self._microseconds(), status))
            return
        model = round(self._model_seconds * 1e6)
        variant.ended.append((model, max(0, self._microseconds() - model), status))

    def _model_failure(self, status: int, message: str) -> None:
        container = self._container()
        if self._request.own and status >= 500 and self._is_taken_away() and not self.shadow:  # noqa: PLR2004
            self._unavailable(self._release())
            return
        self._measure(self._release(), status)
        if self.shadow:
            return
        if self._stream is not None:
            self._stream.fail(status, message)
            return
        refused = self._plane.identity.model_error(self._endpoint.name, status, container, message)
        self._request.reply.fail(refused, self._request.id)

    def _is_taken_away(self) -> bool:
        """Whether the host has taken the instance out of the table: it ends it, and has the call made again."""
        return self._instance is not None and self._endpoint.find(self._instance.id) is not self._instance

    def _succeed(self, body: bytes) -> None:
        variant = self._release()
        self._measure(variant, 200)
        if self._stream is not None:
            self._stream.end()
        elif not self.shadow:
            told = heads.of_answer(self._answer_headers, variant.name)
            self._request.reply.send(200, told, body, self._request.id)
        if self.captured:
            assert self.fleet is not None
            kind = self._answer_headers.get(b"content-type", heads.BINARY)
            self._plane.capture.add(self.fleet.capture or {}, variant, self._request, kind, body)
