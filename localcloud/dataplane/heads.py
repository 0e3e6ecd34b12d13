"""The texts of a call: what a container is asked, and the headers of what the caller is answered."""

from __future__ import annotations

from localcloud.dataplane.request import STREAM, Request

BINARY = b"application/octet-stream"
_CUSTOM = b"x-amzn-sagemaker-custom-attributes"
_STREAM_ACCEPT = b"x-amzn-sagemaker-accept"
Headers = dict[bytes, bytes]


def question(request: Request, body: bytes, port: int, kind: bytes | None, *, last: bool) -> bytes:
    """The request to a container at a port; only the last one of a pipeline is told what to answer with.

    `kind`: the content type of what the container before it answered; None: this is the first, which gets the caller's.
    """
    headers = request.headers
    lines = [
        b"POST /invocations HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: %d\r\n" % (port, len(body)),
    ]
    content_type = kind or headers.get(b"content-type")
    if content_type:
        lines.append(b"Content-Type: %s\r\n" % content_type)
    streamed = request.operation == STREAM
    accept = headers.get(_STREAM_ACCEPT if streamed else b"accept")
    if accept and last:
        lines.append(b"Accept: %s\r\n" % accept)
    for name, value in headers.items():
        if name.startswith(b"x-amzn-sagemaker-") and value and not (streamed and name == _STREAM_ACCEPT):
            lines.append(b"%s: %s\r\n" % (name, value))
    lines.append(b"\r\n")
    lines.append(body)
    return b"".join(lines)


def of_answer(answered: Headers, variant: str) -> bytes:
    """The headers of InvokeEndpoint's answer, of those that the container gave."""
    return b"Content-Type: %s\r\nx-Amzn-Invoked-Production-Variant: %s\r\n%s" % (
        answered.get(b"content-type", BINARY),
        variant.encode(),
        _custom_attributes(answered),
    )


def of_stream(answered: Headers, variant: str) -> bytes:
    """The headers of InvokeEndpointWithResponseStream's answer."""
    return (
        b"Content-Type: application/vnd.amazon.eventstream\r\nX-Amzn-SageMaker-Content-Type: %s\r\n"
        b"x-Amzn-Invoked-Production-Variant: %s\r\n%s"
    ) % (answered.get(b"content-type", BINARY), variant.encode(), _custom_attributes(answered))


def _custom_attributes(answered: Headers) -> bytes:
    custom = answered.get(_CUSTOM)
    return b"X-Amzn-SageMaker-Custom-Attributes: %s\r\n" % custom if custom else b""
