"""Data capture, shadow copies and response streams."""

from __future__ import annotations

import base64
import json
import re
import threading
from typing import Any

import pytest
from botocore.eventstream import EventStreamBuffer

from localcloud.dataplane import streaming
from localcloud.sagemaker.router import Router, RouterSettings
from tests.unit.localcloud.dataplane.conftest import Plane, eventually, late, respond, table, variant

CAPTURE = {
    "EnableCapture": True,
    "InitialSamplingPercentage": 100,
    "DestinationS3Uri": "s3://bucket/some/where/",
    "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
    "CaptureContentTypeHeader": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
    "role": "arn:aws:iam::000000000000:role/r",
}


def test_captured_record(plane: Plane) -> None:
    server = plane.server("A")
    server.answer = lambda handler, body: respond(handler, '{"ä": "\\n"}'.encode(), Content_Type="application/json")
    plane.router.put(table(variant("V", server), capture=CAPTURE))
    sent = 'x,"ü"\n'.encode()
    _, headers, _ = plane.call(sent, X_Amzn_SageMaker_Inference_Id="i-1", X_Amzn_SageMaker_Custom_Attributes='a="b"')
    [(header, [record])] = plane.captured()
    assert (header["bucket"], header["role"], header["kms"]) == ("bucket", CAPTURE["role"], None)
    day = r"\d{4}/\d\d/\d\d/\d\d"
    assert re.fullmatch(rf"some/where/endpoint/V/{day}/\d\d-\d\d-\d{{3}}-[0-9a-f-]{{36}}\.jsonl", header["key"])
    assert record["captureData"] == {
        "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": sent.decode(), "encoding": "CSV"},
        "endpointOutput": {
            "observedContentType": "application/json", "mode": "OUTPUT", "data": '{"ä": "\\n"}', "encoding": "JSON",
        },
    }  # fmt: skip
    metadata = record["eventMetadata"]
    assert metadata["eventId"] == headers["x-amzn-requestid"]
    assert (metadata["inferenceId"], metadata["customAttributes"]) == ("i-1", ['a="b"'])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", metadata["inferenceTime"])
    assert record["eventVersion"] == "0"


@pytest.mark.parametrize(
    ("config", "content_type", "body", "encoding"),
    [
        ({"CaptureContentTypeHeader": None}, "text/csv", b"1,2", "BASE64"),
        ({}, "image/png", b"\x00\xff", "BASE64"),
        ({}, "text/csv", b"\xff", "BASE64"),
        ({}, "text/csv; charset=utf-8", b"1,2", "CSV"),
    ],
)
def test_encodings(plane: Plane, config: dict[str, Any], content_type: str, body: bytes, encoding: str) -> None:
    plane.router.put(table(variant("V", plane.server("A")), capture=CAPTURE | config))
    plane.call(body, Content_Type=content_type)
    side = plane.captured()[0][1][0]["captureData"]["endpointInput"]
    assert (side["observedContentType"], side["encoding"]) == (content_type, encoding)
    assert side["data"] == (base64.b64encode(body).decode() if encoding == "BASE64" else body.decode())


def test_one_side_and_sampling(plane: Plane) -> None:
    server = plane.server("A")
    some = CAPTURE | {"CaptureOptions": [{"CaptureMode": "Output"}], "InitialSamplingPercentage": 50}
    plane.router.put(table(variant("V", server), capture=some))
    for _ in range(200):
        plane.call()
    records = [record for _, records in plane.captured() for record in records]
    assert 60 < len(records) < 140
    assert {tuple(record["captureData"]) for record in records} == {("endpointOutput",)}
    plane.router.put(table(variant("V", server), capture=CAPTURE | {"EnableCapture": False}))
    plane.call()
    assert sum(len(records) for _, records in plane.captured()) == len(records)


def test_failed_calls_are_not_captured(plane: Plane) -> None:
    server = plane.server("A")
    server.answer = lambda handler, body: respond(handler, b"no", 400)
    plane.router.put(table(variant("V", server), capture=CAPTURE))
    plane.call()
    assert plane.captured() == []


def test_shadow_copies_join_by_event(plane: Plane) -> None:
    server, shadow = plane.server("A"), plane.server("S")
    let = threading.Event()
    shadow.answer = late(let, b"S")
    copied = variant("Shadow", shadow)
    plane.router.put(table(variant("V", server), capture=CAPTURE, shadow=copied, shadow_percent=100))
    assert {plane.call(b"%d" % number)[2] for number in range(10)} == {b"A"}  # without waiting for the shadow
    let.set()
    eventually(lambda: plane.rows().get(("config", "Shadow"), {}).get("calls") == 10)
    sides: dict[str, dict[str, dict[str, Any]]] = {}
    for header, records in plane.captured():
        for record in records:
            sides.setdefault(header["key"].split("/")[3], {})[record["eventMetadata"]["eventId"]] = record[
                "captureData"
            ]
    assert len(sides["V"]) == len(sides["Shadow"]) == 10
    for event, record in sides["V"].items():
        assert sides["Shadow"][event]["endpointInput"] == record["endpointInput"]
        assert (record["endpointOutput"]["data"], sides["Shadow"][event]["endpointOutput"]["data"]) == ("A", "S")


def test_a_shadow_that_fails_or_is_not_there_is_not_noticed(plane: Plane) -> None:
    server, shadow = plane.server("A"), plane.server("S")
    shadow.answer = lambda handler, body: respond(handler, b"no", 500)
    plane.router.put(table(variant("V", server), shadow=variant("Shadow", shadow), shadow_percent=50))
    assert {plane.call()[0] for _ in range(60)} == {200}
    assert 10 < len(shadow.seen) < 50
    assert plane.rows()["config", "Shadow"]["5xx"] == len(shadow.seen)
    plane.router.put(table(variant("V", server), shadow=variant("Shadow"), shadow_percent=100))
    assert plane.call()[0] == 200


def test_what_a_dead_router_wrote_is_taken_up(plane: Plane) -> None:
    plane.router.put(table(variant("V", plane.server("A")), capture=CAPTURE))
    plane.call()
    eventually(lambda: [path for path in plane.spool.iterdir() if len(path.read_text().splitlines()) == 2])
    process = plane.router._process
    assert process is not None
    process._process.kill()
    told: list[dict[str, Any]] = []
    with_next = Router(RouterSettings("us-east-1", "000000000000", plane.spool))
    with_next.on_captured(told.append)
    with_next.flush()
    with_next.close()
    [(_, [record])] = plane.captured()
    assert record["captureData"]["endpointOutput"]["data"] == "A"


def events(body: bytes) -> list[tuple[dict[str, Any], bytes]]:
    """The messages of an event stream, read by botocore."""
    buffer = EventStreamBuffer()
    buffer.add_data(body)
    return [(message.headers, message.payload) for message in buffer]


def test_response_stream(plane: Plane) -> None:
    server = plane.server("A")
    let = threading.Event()

    def answer(handler: Any, body: bytes) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/jsonlines")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for part in (b"one", b"two", b""):
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))
            handler.wfile.flush()
            let.wait(30)

    server.answer = answer
    plane.router.put(table(variant("V", server), capture=CAPTURE))
    connection = plane.connection()
    headers = {"Content-Type": "text/csv", "X-Amzn-SageMaker-Accept": "application/jsonlines"}
    connection.request("POST", "/endpoints/endpoint/invocations-response-stream", b"x", headers)
    response = connection.getresponse()
    assert response.getheader("Content-Type") == "application/vnd.amazon.eventstream"
    assert response.getheader("X-Amzn-SageMaker-Content-Type") == "application/jsonlines"
    first = response.read1()
    assert events(first)[0][1] == b"one"  # while the model is still at work
    let.set()
    assert [payload for _, payload in events(first + response.read())] == [b"one", b"two"]
    assert server.seen[0][1]["accept"] == "application/jsonlines"
    [(_, [record])] = plane.captured()
    assert base64.b64decode(record["captureData"]["endpointOutput"]["data"]) == b"onetwo"
    connection.close()


def test_a_stream_that_breaks_ends_with_its_error(plane: Plane) -> None:
    server = plane.server("A")

    def answer(handler: Any, body: bytes) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b"half")
        handler.close_connection = True

    server.answer = answer
    plane.router.put(table(variant("V", server)))
    status, _, body = plane.call(path="invocations-response-stream")
    assert status == 200
    [(_, payload), (headers, error)] = events(body)
    assert (payload, headers[":exception-type"]) == (b"half", "ModelStreamError")
    assert json.loads(error)["ErrorCode"] == "StreamBroken"


def test_errors_before_a_stream_begins_are_plain(plane: Plane) -> None:
    server = plane.server("A")
    server.answer = lambda handler, body: respond(handler, b"no", 400)
    plane.router.put(table(variant("V", server)))
    assert plane.error(path="invocations-response-stream")[:2] == (424, "ModelError")


def test_messages_are_read_by_botocore() -> None:
    [(headers, payload)] = events(streaming.payload_part(b"\x00data"))
    assert (headers[":event-type"], headers[":message-type"], payload) == ("PayloadPart", "event", b"\x00data")
