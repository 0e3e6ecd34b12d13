"""HTTP/1.1 as a server speaks it: pipelining, half-closed callers, wishes that are not granted."""

from __future__ import annotations

import logging
from typing import Any, cast

import pytest

from localcloud.http1 import Incoming, ServerConnection

GET = b"GET /%d HTTP/1.1\r\nHost: x\r\n\r\n"
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Transport:
    """What was written, and whether it reads."""

    def __init__(self) -> None:
        self.written: list[bytes] = []
        self.closed = False
        self.reads = True

    def write(self, data: bytes) -> None:
        self.written.append(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True


class Server(ServerConnection):
    """Answers with the target and the body, at once or, below /late, when `later` is called."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[Incoming] = []
        self.late: list[Incoming] = []
        self.connection_made(cast(Any, Transport()))

    @property
    def written(self) -> list[bytes]:
        return cast(Transport, self.transport).written

    def take(self, incoming: Incoming) -> None:
        if incoming.target == b"/fault":
            raise RuntimeError("a fault")
        self.taken.append(incoming)
        if incoming.target.startswith(b"/late"):
            self.late.append(incoming)
        else:
            self.answer(incoming.target, incoming.body)

    def refuse(self, why: str) -> None:
        self.answer(b"bad", b"")

    def later(self) -> None:
        incoming = self.late.pop(0)
        self.answer(incoming.target, incoming.body)


@pytest.fixture
def server() -> Server:
    return Server()


def post(target: bytes, body: bytes, *headers: bytes) -> bytes:
    lines = [b"POST %s HTTP/1.1" % target, b"Host: x", *headers, b"Content-Length: %d" % len(body), b"", body]
    return b"\r\n".join(lines)


UPGRADE = (b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c", b"HTTP2-Settings: AAM")


@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_a_wish_to_speak_another_protocol_is_ignored(server: Server, step: int) -> None:
    chunked = b"POST /c HTTP/1.1\r\nUpgrade: h2c\r\nConnection: Upgrade\r\nTransfer-Encoding: chunked\r\n\r\n"
    sent = post(b"/a", b"one", *UPGRADE) + chunked + b"3\r\ntwo\r\n0\r\n\r\n" + post(b"/b", b"", *UPGRADE) + GET % 1
    for start in range(0, len(sent), step):
        server.data_received(sent[start : start + step])
    assert server.written == [b"/aone", b"/ctwo", b"/b", b"/1"]
    assert (b"http2-settings", b"AAM") in server.taken[0].headers
    assert [each.method for each in server.taken] == [b"POST", b"POST", b"POST", b"GET"]
    assert not server.transport.closed


def test_there_are_no_tunnels(server: Server) -> None:
    server.data_received(GET % 1 + b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n" + GET % 2)
    assert server.written == [b"/1", b"bad"]
    assert server.transport.closed


@pytest.mark.parametrize("requests", [[b"/late"], [b"/late", b"/a"], [b"/late", b"/late/2"]])
def test_a_half_closed_caller_gets_its_answers(server: Server, requests: list[bytes]) -> None:
    server.data_received(b"".join(post(target, b"x") for target in requests))
    assert server.eof_received()
    while server.late:
        assert not server.transport.closed
        server.later()
    assert server.written == [target + b"x" for target in requests]
    assert server.transport.closed


def test_a_caller_that_is_owed_nothing_may_go(server: Server) -> None:
    server.data_received(GET % 1 + b"POST /half HTTP/1.1\r\nContent-Le")
    assert not server.eof_received()


@pytest.mark.parametrize("waiting", [(), (b"/a", b"/b")])
def test_what_is_no_http_takes_no_answer_away(server: Server, waiting: tuple[bytes, ...]) -> None:
    server.data_received(post(b"/late", b"x") + b"".join(post(target, b"") for target in waiting) + b"nonsense\r\n\r\n")
    assert server.written == []
    assert not server.transport.closed
    assert not server.transport.reads
    server.later()
    assert server.written == [b"/latex", *waiting, b"bad"]
    assert server.transport.closed


def test_what_follows_the_last_request_is_not_answered(server: Server) -> None:
    server.data_received(post(b"/late", b"x", b"Connection: close") + GET % 1)
    server.later()
    assert server.written == [b"/latex"]
    assert server.transport.closed


@pytest.mark.parametrize("value", [b"100-continue", b"100-Continue"])
def test_a_body_is_asked_for_once(server: Server, value: bytes) -> None:
    head = post(b"/a", b"body", b"Expect: " + value).removesuffix(b"body")
    server.data_received(head)
    assert server.written == [CONTINUE]
    for part in (b"bo", b"dy"):
        server.data_received(part)
    assert server.written == [CONTINUE, b"/abody"]
    server.data_received(head + b"body")  # it did not wait
    assert server.written == [CONTINUE, b"/abody", b"/abody"]


def test_a_body_is_asked_for_after_the_answers_before_it(server: Server) -> None:
    server.data_received(post(b"/late", b"x") + post(b"/a", b"body", b"Expect: 100-continue").removesuffix(b"body"))
    assert server.written == []
    server.later()
    assert server.written == [b"/latex", CONTINUE]
    server.data_received(b"body")
    assert server.written == [b"/latex", CONTINUE, b"/abody"]


def test_callers_of_http_1_0_do_not_know_of_it(server: Server) -> None:
    server.data_received(b"POST /a HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n")
    assert server.written == []


def test_many_requests_in_a_row_do_not_recurse(server: Server) -> None:
    server.data_received(post(b"/late", b"") + b"".join(GET % number for number in range(3000)))
    assert not server.transport.reads
    server.later()
    assert server.written == [b"/late", *(b"/%d" % number for number in range(3000))]
    assert server.transport.reads


def test_they_wait_again_for_one_that_takes_its_time(server: Server) -> None:
    server.data_received(post(b"/late", b"") + GET % 1 + post(b"/late/2", b"") + GET % 2)
    server.later()
    assert server.written == [b"/late", b"/1"]
    server.later()
    assert server.written == [b"/late", b"/1", b"/late/2", b"/2"]


def test_a_fault_of_ours_ends_the_connection(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        server.data_received(post(b"/fault", b""))
    assert server.transport.closed
    assert "a fault" in caplog.text
