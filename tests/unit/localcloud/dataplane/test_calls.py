"""What callers see: routing, words of errors, limits."""

from __future__ import annotations

import contextlib
import http.client
import re
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from localcloud.sagemaker.router import RouteFleet, RouteInstance, Router, RouterSettings, RouteTable, RouteVariant
from tests.unit.localcloud.dataplane.conftest import ENDPOINT, Plane, eventually, late, respond, table, variant


def test_answer_and_headers(plane: Plane) -> None:
    server = plane.server("A")
    server.answer = lambda handler, body: respond(
        handler, body + b"!", Content_Type="application/json", X_Amzn_SageMaker_Custom_Attributes="back"
    )
    plane.router.put(table(variant("A", server)))
    status, headers, body = plane.call(
        b"x", Accept="application/json", X_Amzn_SageMaker_Custom_Attributes="there", X_Amzn_SageMaker_Inference_Id="i1"
    )
    assert (status, body) == (200, b"x!")
    assert headers["content-type"] == "application/json"
    assert headers["x-amzn-invoked-production-variant"] == "A"
    assert headers["x-amzn-sagemaker-custom-attributes"] == "back"
    assert len(headers["x-amzn-requestid"]) == 36
    [(_, seen)] = server.seen
    assert (seen["accept"], seen["content-type"]) == ("application/json", "text/csv")
    assert (seen["x-amzn-sagemaker-custom-attributes"], seen["x-amzn-sagemaker-inference-id"]) == ("there", "i1")


def test_weights_and_shares(plane: Plane) -> None:
    a, b, c = (plane.server(name) for name in "ABC")
    blue = RouteFleet("blue", 0.75, (variant("A", a, weight=3), variant("B", b, weight=1)))
    green = RouteFleet("green", 0.25, (variant("A", c),))
    plane.router.put(RouteTable(ENDPOINT, (blue, green)))
    with ThreadPoolExecutor(8) as pool:
        seen = Counter(pool.map(lambda _: plane.call()[2], range(800)))
    assert 390 < seen[b"A"] < 510  # 450
    assert 100 < seen[b"B"] < 200  # 150
    assert 145 < seen[b"C"] < 255  # 200
    targets = {plane.call(X_Amzn_SageMaker_Target_Variant="B")[2] for _ in range(10)}
    assert targets == {b"B"}
    status, code, answer = plane.error(X_Amzn_SageMaker_Target_Variant="C")
    assert (status, code) == (400, "ValidationError")
    assert answer["Message"] == "Variant C not found for endpoint endpoint."


def test_two_fleets_of_one_configuration(plane: Plane) -> None:
    a, b = plane.server("A"), plane.server("B")
    fleets = [RouteFleet("config", share, (variant("V", server),)) for share, server in ((0.5, a), (0.5, b))]
    plane.router.put(RouteTable(ENDPOINT, tuple(fleets)))
    assert {plane.call()[2] for _ in range(40)} == {b"A", b"B"}
    plane.router.put(RouteTable(ENDPOINT, (RouteFleet("config", 1.0, fleets[1].variants),)))
    assert {plane.call()[2] for _ in range(10)} == {b"B"}


@pytest.mark.parametrize(
    ("call", "status", "code", "words"),
    [
        ({"endpoint": "none"}, 400, "ValidationError", "Endpoint none of account 000000000000 not found."),
        ({"endpoint": "Endpoint"}, 400, "ValidationError", "not found"),
        ({"endpoint": "a_b"}, 400, "ValidationError", "at 'endpointName' failed to satisfy constraint"),
        ({"X_Amzn_SageMaker_Inference_Id": "x" * 65}, 400, "ValidationError", "less than or equal to 64"),
        ({"X_Amzn_SageMaker_Inference_Id": ""}, 400, "ValidationError", "greater than or equal to 1"),
        ({"X_Amzn_SageMaker_Target_Model": "m.tar.gz"}, 501, "NotImplementedError", "TargetModel"),
        ({"path": "nonsense"}, 404, "UnknownOperationException", "nonsense"),
        ({"body": b"x" * 6_291_457}, 400, "ValidationError", "less than or equal to 6291456"),
    ],
)
def test_refusals(plane: Plane, call: dict[str, Any], status: int, code: str, words: str) -> None:
    plane.router.put(table(variant("A", plane.server("A"))))
    found = plane.error(**call)
    assert found[:2] == (status, code)
    assert words in found[2]["Message"]
    assert plane.call()[2] == b"A"


def test_largest_body_both_ways(plane: Plane) -> None:
    server = plane.server("A")
    server.answer = respond
    plane.router.put(table(variant("A", server)))
    body = b"x" * 6_291_456
    assert plane.call(body)[2] == body
    server.answer = lambda handler, body: respond(handler, body + b"x")
    status, code, answer = plane.error(body)
    assert (status, code, answer["OriginalStatusCode"]) == (424, "ModelError", 500)
    assert "larger than 6,291,456 bytes" in answer["OriginalMessage"]


def test_a_body_that_is_too_large_is_told_before_anybody_judges(plane: Plane, tmp_path: Path) -> None:
    common = plane.server("common")  # with what was kept of such a body, no signature is right
    common.answer = lambda handler, body: respond(handler, b"{}", 403)
    router = Router(
        RouterSettings("us-east-1", "000000000000", tmp_path / "other", f"http://127.0.0.1:{common.server_port}")
    )
    with contextlib.closing(router):
        router.put(table(variant("A", plane.server("A"))))
        other = Plane(router, tmp_path / "other")
        assert other.call()[0] == 403
        for path, most in (("invocations", 6_291_456), ("async-invocations", 128_000)):
            status, code, answer = other.error(b"x" * 6_291_457, path)
            assert (status, code) == (400, "ValidationError")
            assert f"less than or equal to {most}" in answer["Message"]
    assert len(common.seen) == 1


def test_serverless_endpoints_take_and_give_less(plane: Plane) -> None:
    server = plane.server("A")
    server.answer = respond
    plane.router.put(table(variant("A", server, max_concurrency=2, on_demand=True)))
    body = b"x" * 4_194_304
    assert plane.call(body)[2] == body
    status, code, answer = plane.error(body + b"x")
    assert (status, code) == (400, "ValidationError")
    assert re.fullmatch(r"Request [0-9a-f-]{36} has oversize body\.", answer["Message"])
    server.answer = lambda handler, body: respond(handler, body + b"x")
    assert "larger than 4,194,304 bytes" in plane.error(body)[2]["OriginalMessage"]


@pytest.mark.parametrize(("status", "side"), [(415, "client"), (302, "client"), (500, "server"), (503, "server")])
def test_model_error(plane: Plane, status: int, side: str) -> None:
    server = plane.server("A")
    server.answer = lambda handler, body: respond(handler, b"no such type", status)
    plane.router.put(table(variant("A", server)))
    found = plane.error()
    assert found[:2] == (424, "ModelError")
    answer = found[2]
    assert answer["Message"].startswith(f'Received {side} error ({status}) from primary with message "no such type".')
    assert (answer["OriginalStatusCode"], answer["OriginalMessage"]) == (status, "no such type")
    assert answer["LogStreamArn"].endswith(":log-group:/aws/sagemaker/Endpoints/endpoint")


def test_a_long_error_is_cut(plane: Plane) -> None:
    server = plane.server("A")
    server.answer = lambda handler, body: respond(handler, b"\xff" * 1_000_000, 500)
    plane.router.put(table(variant("A", server)))
    assert len(plane.error()[2]["OriginalMessage"]) == 8192


def test_time_limit(plane: Plane) -> None:
    server = plane.server("A")
    let = threading.Event()
    server.answer = late(let, b"late")
    plane.router.put(table(variant("A", server), invoke_seconds=0.5))
    status, code, answer = plane.error()
    assert (status, code, answer["OriginalStatusCode"]) == (424, "ModelError", 0)
    assert "timed out while waiting for a response from container primary" in answer["OriginalMessage"]
    secret = plane.router.settings.secret
    threading.Timer(1.0, let.set).start()
    assert plane.call(x_dropforge_secret=secret, x_dropforge_seconds="20")[2] == b"late"
    # Only the host may ask for more time.
    let.clear()
    assert plane.error(x_dropforge_seconds="20")[1] == "ModelError"
    let.set()


def test_a_row_of_containers(plane: Plane) -> None:
    first, second = plane.server("first"), plane.server("second")
    first.answer = lambda handler, body: respond(handler, body + b"1", Content_Type="application/json")
    second.answer = lambda handler, body: respond(handler, body + b"2")
    instance = RouteInstance("i", (first.server_port, second.server_port), ("container_1", "container_2"))
    plane.router.put(table(RouteVariant("A", 1.0, (instance,), "m")))
    assert plane.call(b"x", Accept="text/csv")[2] == b"x12"
    assert "accept" not in first.seen[0][1]
    assert (second.seen[0][1]["accept"], second.seen[0][1]["content-type"]) == ("text/csv", "application/json")
    second.answer = lambda handler, body: respond(handler, b"no", 400)
    assert "from container_2 with" in plane.error()[2]["Message"]


def test_expect_chunks_and_pipelining(plane: Plane) -> None:
    server = plane.server("A")
    server.answer = respond
    plane.router.put(table(variant("A", server)))
    address = plane.router.url.removeprefix("http://").split(":")
    with socket.create_connection((address[0], int(address[1]))) as raw:
        head = b"POST /endpoints/endpoint/invocations HTTP/1.1\r\nHost: x\r\n"
        raw.sendall(head + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        assert raw.recv(100).startswith(b"HTTP/1.1 100 Continue")
        chunked = head + b"Transfer-Encoding: chunked\r\n\r\n3\r\none\r\n1\r\n!\r\n0\r\n\r\n"
        raw.sendall(b"ok" + chunked + head + b"Content-Length: 5\r\nConnection: close\r\n\r\nthree")
        answers = b""
        while part := raw.recv(4096):
            answers += part
    assert [part.split(b"\r\n\r\n", 1)[1] for part in answers.split(b"HTTP/1.1 200 OK")[1:]] == [
        b"ok", b"one!", b"three",
    ]  # fmt: skip


def test_what_is_no_http_is_refused(plane: Plane) -> None:
    host, port = plane.router.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port))) as raw:
        raw.sendall(b"nonsense\r\n\r\n")
        assert b"400 Bad Request" in raw.recv(1000)


def talk(plane: Plane, *sent: bytes) -> bytes:
    """What comes back on one connection, of which the caller's half is closed then."""
    host, port = plane.router.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 30) as raw:
        for data in sent:
            raw.sendall(data)
        raw.shutdown(socket.SHUT_WR)
        answers = b""
        while part := raw.recv(65536):
            answers += part
    return answers


INVOKE = b"POST /endpoints/endpoint/invocations HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n"


def test_half_closed_callers_and_other_protocols(plane: Plane) -> None:
    server = plane.server("A")
    server.answer = respond
    plane.router.put(table(variant("A", server)))
    for more in (b"", b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"):
        head, body = talk(plane, INVOKE + more + b"\r\nok").split(b"\r\n\r\n")
        assert (head.split(b"\r\n")[0], body) == (b"HTTP/1.1 200 OK", b"ok")
    first, second = talk(plane, INVOKE + b"\r\nokno http\r\n\r\n").split(b"HTTP/1.1 ")[1:]
    assert (first[:6], second[:15]) == (b"200 OK", b"400 Bad Request")
    assert first.endswith(b"\r\n\r\nok")


def test_head_has_no_body(plane: Plane) -> None:
    for target, status in ((b"/ping", b"200 OK"), (b"/endpoints/endpoint/invocations", b"404 Not Found")):
        answer = talk(plane, b"HEAD %s HTTP/1.1\r\nHost: x\r\n\r\n" % target)
        assert answer.startswith(b"HTTP/1.1 %s\r\n" % status)
        assert answer.endswith(b"\r\n\r\n")
        assert answer.count(b"\r\n\r\n") == 1


@pytest.mark.parametrize(("asked", "told"), [(b"Keep-Alive", b"keep-alive"), (b"close", b"close")])
def test_callers_of_http_1_0_are_told_whether_they_may_go_on(plane: Plane, asked: bytes, told: bytes) -> None:
    ping = b"GET /ping HTTP/1.0\r\nConnection: %s\r\n\r\n" % asked
    answer = talk(plane, ping, ping)
    assert answer.count(b"\r\nConnection: %s\r\n" % told) == answer.count(b"200 OK") == 1 + (told != b"close")


def test_hundreds_of_pings_at_once(plane: Plane) -> None:
    server = plane.server("A")
    server.answer = respond
    plane.router.put(table(variant("A", server)))
    answer = talk(plane, INVOKE + b"\r\nok" + b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n" * 1200)
    assert answer.count(b"HTTP/1.1 200 OK") == 1201


def test_asynchronous_endpoints_take_no_calls(plane: Plane) -> None:
    server = plane.server("A")
    plane.router.put(RouteTable(ENDPOINT, (RouteFleet("config", 1.0, (variant("A", server),)),), asynchronous=True))
    assert "does not support this inference type" in plane.error()[2]["Message"]
    own = {"x_dropforge_secret": plane.router.settings.secret, "x_dropforge_seconds": "5"}
    assert plane.call(b"x" * 7_000_000, **own)[0] == 200


def test_removed_endpoint_is_not_found(plane: Plane) -> None:
    plane.router.put(table(variant("A", plane.server("A"))))
    assert plane.call()[0] == 200
    plane.router.remove(ENDPOINT)
    assert "not found" in plane.error()[2]["Message"]


def test_a_call_waits_for_the_first_instance(plane: Plane) -> None:
    plane.router.put(RouteTable(ENDPOINT, ()))
    with ThreadPoolExecutor() as pool:
        call = pool.submit(plane.call)
        time.sleep(0.3)
        assert not call.done()
        plane.router.put(table(variant("A", plane.server("A"))))
        assert call.result(10)[2] == b"A"


def test_a_callers_going_away_leaves_the_call(plane: Plane) -> None:
    server = plane.server("A")
    let = threading.Event()
    server.answer = late(let, b"late")
    plane.router.put(table(variant("A", server)))
    connection: http.client.HTTPConnection = plane.connection()
    connection.request("POST", f"/endpoints/{ENDPOINT}/invocations", b"x")
    eventually(lambda: server.seen)
    connection.close()
    let.set()
    eventually(lambda: plane.rows().get(("config", "A"), {}).get("calls") == 1)
