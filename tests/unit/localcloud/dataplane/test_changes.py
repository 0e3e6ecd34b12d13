"""Tables change, instances die, the router itself dies: which calls may fail, and which may not."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.unit.localcloud.dataplane.conftest import ENDPOINT, Plane, eventually, last, late, respond, table, variant


def test_no_call_is_lost_while_tables_change(plane: Plane) -> None:
    servers = [plane.server(name) for name in "ABC"]
    plane.router.put(table(variant("V", servers[0])))
    over = threading.Event()

    def ask() -> Counter[int]:
        seen: Counter[int] = Counter()
        with contextlib.closing(plane.connection()) as connection:
            while not over.is_set():
                connection.request("POST", f"/endpoints/{ENDPOINT}/invocations", b"x")
                answer = connection.getresponse()
                answer.read()
                seen[answer.status] += 1
        return seen

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask) for _ in range(4)]
        for number in range(100):
            server = servers[number % 3]
            plane.router.put(table(variant("V", server)))
            others = [each.name for each in servers if each is not server]
            assert plane.router.drain(others, 10)
        over.set()
        seen = sum((each.result() for each in asking), Counter())
    assert set(seen) == {200}
    assert seen[200] > 100


def test_drain_waits_for_calls_under_way(plane: Plane) -> None:
    old, new = plane.server("old"), plane.server("new")
    let = threading.Event()
    old.answer = late(let, b"old")
    plane.router.put(table(variant("V", old)))
    with ThreadPoolExecutor() as pool:
        call = pool.submit(plane.call)
        eventually(lambda: old.seen)
        plane.router.put(table(variant("V", new)))
        assert plane.call()[2] == b"new"
        assert not plane.router.drain(["old"], 0.2)
        let.set()
        assert plane.router.drain(["old"], 10)
        assert call.result()[2] == b"old"


def test_refused_calls_go_elsewhere_and_are_told(plane: Plane) -> None:
    dead, alive = plane.server("dead"), plane.server("alive")
    plane.router.put(table(variant("V", dead, alive)))
    plane.servers.remove(dead)
    dead.end()
    assert {plane.call()[2] for _ in range(20)} == {b"alive"}
    assert eventually(lambda: plane.lost) == ["dead"] * len(plane.lost)


def test_an_instance_that_comes_back_is_found(plane: Plane) -> None:
    server = plane.server("A")
    server.answer = last(b"A")
    plane.router.put(table(variant("V", server)))
    assert plane.call()[2] == b"A"
    plane.servers.remove(server)
    server.end()
    with ThreadPoolExecutor() as pool:
        call = pool.submit(plane.call)
        eventually(lambda: plane.lost)
        plane.server("again", server.server_port)
        assert call.result(20)[2] == b"again"


def test_only_the_call_under_way_fails_with_its_server(plane: Plane) -> None:
    server = plane.server("A")
    plane.router.put(table(variant("V", server)))

    def die(handler: Any, body: bytes) -> None:
        handler.connection.shutdown(socket.SHUT_RDWR)
        handler.close_connection = True

    assert plane.call()[0] == 200
    server.answer = die
    status, code, answer = plane.error()
    assert (status, code, answer["OriginalStatusCode"]) == (424, "ModelError", 500)
    assert "closed the connection before it answered" in answer["OriginalMessage"]


def test_the_hosts_own_call_is_made_again_when_its_instance_is_stopped(plane: Plane) -> None:
    server = plane.server("A")
    let = threading.Event()

    def die(handler: Any, body: bytes) -> None:
        let.wait(30)
        handler.connection.shutdown(socket.SHUT_RDWR)
        handler.close_connection = True

    server.answer = die
    plane.router.put(table(variant("V", server)))
    own = {"x_dropforge_secret": plane.router.settings.secret, "x_dropforge_seconds": "60"}
    with ThreadPoolExecutor() as pool:
        calls = [pool.submit(plane.error, **more) for more in (own, {})]
        eventually(lambda: len(server.seen) == 2)
        plane.router.put(table(variant("V", plane.server("B"))))
        let.set()
        assert [call.result()[:2] for call in calls] == [(503, "ServiceUnavailable"), (424, "ModelError")]
        plane.router.put(table(variant("V", server)))
        assert plane.error(**own)[:2] == (424, "ModelError")  # it ended by itself


def test_a_server_hangs_when_a_call_had_all_its_time_and_none_was_answered(plane: Plane) -> None:
    server = plane.server("A")
    let = threading.Event()
    held = late(let, b"A")
    server.answer = lambda handler, body: held(handler, body) if body == b"hold" else respond(handler, b"A")
    plane.router.put(table(variant("V", server), invoke_seconds=0.5))

    def hangs(seconds: float = 60.0) -> bool:
        return plane.router.hangs("A", server.server_port, seconds)

    own = {"x_dropforge_secret": plane.router.settings.secret, "x_dropforge_seconds": "20"}
    assert hangs()  # it does nothing
    with ThreadPoolExecutor() as pool:
        long = pool.submit(plane.call, b"hold", **own)
        eventually(lambda: server.seen)
        assert not hangs()
        short = pool.submit(plane.error, b"hold")
        eventually(lambda: len(server.seen) == 2)
        assert plane.call()[0] == 200
        assert short.result()[1] == "ModelError"
        assert not hangs()  # it answered something meanwhile
        assert plane.error(b"hold")[1] == "ModelError"
        assert hangs()
        assert not hangs(0.0)  # it answered /ping just now
        plane.router.put(table(variant("V", plane.server("B"))))
        assert not hangs(0.0)  # it is not called any more, but still at work
        let.set()
        assert long.result()[0] == 200


def test_who_asks_after_a_server_frees_it_of_idle_connections(plane: Plane, monkeypatch: pytest.MonkeyPatch) -> None:
    server = plane.server("A")
    ended = threading.Event()
    handle = server.finish_request

    def finish(request: Any, address: Any) -> None:
        handle(request, address)
        ended.set()

    monkeypatch.setattr(server, "finish_request", finish)
    plane.router.put(table(variant("V", server)))
    assert plane.call()[0] == 200
    eventually(lambda: plane.router.hangs("A", server.server_port, 60.0) and ended.is_set())


def test_a_call_that_ends_its_server_reaches_no_other(plane: Plane) -> None:
    servers = [plane.server(name) for name in "ABC"]

    def die(handler: Any, body: bytes) -> None:
        """On a connection that was used before."""
        server = handler.server
        if body != b"die":
            respond(handler, server.name.encode())
            return
        server.socket.shutdown(socket.SHUT_RDWR)  # no ear from now on
        handler.connection.shutdown(socket.SHUT_RDWR)
        handler.close_connection = True

    for server in servers:
        server.answer = die
    plane.router.put(table(variant("V", *servers)))
    # All have an idle connection.
    eventually(lambda: plane.call() and all(server.seen for server in servers))
    status, code, answer = plane.error(b"die")
    assert (status, code, answer["OriginalStatusCode"]) == (424, "ModelError", 500)
    assert "closed the connection before it answered" in answer["OriginalMessage"]
    dead = [server for server in servers if any(body == b"die" for body, _ in server.seen)]
    assert len(dead) == 1
    eventually(lambda: plane.lost == [dead[0].name])
    assert plane.call()[0] == 200


def test_an_idle_connection_that_was_closed_is_not_used(plane: Plane) -> None:
    server = plane.server("A")
    server.answer = last(b"A")
    plane.router.put(table(variant("V", server)))
    with contextlib.closing(plane.connection()) as connection:
        for _ in range(50):
            connection.request("POST", f"/endpoints/{ENDPOINT}/invocations", b"x")
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, b"A")


def test_the_routers_death_is_hardly_seen(plane: Plane) -> None:
    plane.router.put(table(variant("V", plane.server("A"))))
    assert plane.call()[0] == 200
    process = plane.router._process
    assert process is not None
    os.kill(process.pid, signal.SIGKILL)
    assert plane.call()[2] == b"A"  # it waited in the socket's queue
    assert plane.router._process is not process


def test_throttling(plane: Plane) -> None:
    server = plane.server("A")
    let = threading.Event()
    server.answer = late(let, b"A")
    plane.router.put(table(variant("V", server, max_concurrency=1)))
    with ThreadPoolExecutor() as pool:
        call = pool.submit(plane.call)
        eventually(lambda: server.seen)
        assert plane.error()[:2] == (429, "ThrottlingException")
        let.set()
        assert call.result()[0] == 200


def test_on_demand_asks_for_instances_and_gives_each_one_call(plane: Plane) -> None:
    plane.router.put(table(variant("V", max_concurrency=2, on_demand=True)))
    assert plane.router.idle_seconds(ENDPOINT, "V") >= 0
    first, second = plane.server("first"), plane.server("second")
    let = threading.Event()
    first.answer = late(let, b"first")
    with ThreadPoolExecutor() as pool:
        one = pool.submit(plane.call)
        assert eventually(lambda: plane.wanted)[0] == (ENDPOINT, "config", "V")
        assert plane.router.waiting(ENDPOINT, "V") == 1
        assert plane.router.idle_seconds(ENDPOINT, "V") == 0
        plane.router.put(table(variant("V", first, max_concurrency=2, on_demand=True)))
        eventually(lambda: first.seen)
        before = len(plane.wanted)
        two = pool.submit(plane.call)
        eventually(lambda: len(plane.wanted) > before)
        plane.router.put(table(variant("V", first, second, max_concurrency=2, on_demand=True)))
        assert two.result()[2] == b"second"
        three = pool.submit(plane.call)
        assert three.result()[2] == b"second"
        let.set()
        assert one.result()[2] == b"first"
    eventually(lambda: plane.router.idle_seconds(ENDPOINT, "V") > 0)


def test_figures(plane: Plane) -> None:
    server = plane.server("A")
    statuses = iter([200, 200, 404, 500])
    server.answer = lambda handler, body: respond(handler, b"x", next(statuses))
    plane.router.put(table(variant("V", server)))
    for _ in range(4):
        plane.call()
    assert plane.rows() == {("config", "V"): {"calls": 4, "4xx": 1, "5xx": 1, "errors": 2}}
    rows = [row for told in plane.figures for row in told["rows"]]
    assert sum(count for row in rows for _, count in row["model"]) == 4
    assert all(microseconds > 0 for row in rows for microseconds, _ in row["model"])
