"""One invocation of a model: through the containers of one instance, measured."""

from __future__ import annotations

import time
from dataclasses import dataclass

import urllib3

from localcloud.sagemaker.context import Context
from localcloud.sagemaker.endpoint.instance import Instance
from localcloud.sagemaker.endpoint.server import Server
from localcloud.sagemaker.errors import ServiceError
from localcloud.sagemaker.metrics import Figure

# The service model's limit of a request's and an answer's body, in bytes.
LARGEST_BODY = 6_291_456
_CUSTOM = "x-amzn-sagemaker-custom-attributes"
Answer = tuple[int, dict[str, str], bytes]


class NotReachedError(Exception):
    """The server had no ear: the model has not seen the call, which may be made again."""


@dataclass(frozen=True)
class Call:
    """What the caller sent; header names are in lower case."""

    endpoint: str
    headers: dict[str, str]
    body: bytes


class Invocation:
    """One call through the containers of one instance."""

    def __init__(self, context: Context, call: Call, variant: str) -> None:
        self.context = context
        self.call = call
        self.variant = variant
        self._model_seconds: float | None = None

    def run(self, instance: Instance) -> Answer:
        """The answer of the last container; raises ServiceError (ModelError), NotReachedError."""
        started = time.perf_counter()
        failure: int | None = None
        try:
            return self._through(instance.servers)
        except ServiceError as error:
            failure = error.fields.get("OriginalStatusCode", 500)
            raise
        finally:
            # A call that reached no container is made again and counts then.
            if self._model_seconds is not None:
                self._measure(time.perf_counter() - started, self._model_seconds, failure)

    def _through(self, servers: list[Server]) -> Answer:
        """Each container's answer is the next one's question; only the last is told what to answer with."""
        headers = self._headers()
        body = self.call.body
        for number, server in enumerate(servers):
            last = number == len(servers) - 1
            answer = self._timed_post(server, body, headers if last else _without_accept(headers))
            body = answer.data
            headers["Content-Type"] = answer.headers.get("Content-Type", "application/octet-stream")
        return 200, self._answer_headers(headers["Content-Type"], answer), body

    def _timed_post(self, server: Server, body: bytes, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
        before = time.perf_counter()
        try:
            answer = self._post(server, body, headers)
        except ServiceError:
            self._add_seconds(time.perf_counter() - before)
            raise
        self._add_seconds(time.perf_counter() - before)
        return answer

    def _add_seconds(self, seconds: float) -> None:
        self._model_seconds = (self._model_seconds or 0.0) + seconds

    def _headers(self) -> dict[str, str]:
        sent = {"Content-Type": "content-type", "Accept": "accept"}
        sent |= {name: name for name in self.call.headers if name.startswith("x-amzn-sagemaker-")}
        return {name: self.call.headers[key] for name, key in sent.items() if self.call.headers.get(key)}

    def _post(self, server: Server, body: bytes, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
        name = server.spec.name
        try:
            answer = server.post(body, headers)
        except urllib3.exceptions.NewConnectionError as error:
            server.doubt()
            raise NotReachedError from error
        except urllib3.exceptions.TimeoutError as error:
            message = (
                f"Your invocation timed out while waiting for a response from container {name}. Review the latency "
                "metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
            )
            raise self._model_error("server", 0, name, message) from error
        except urllib3.exceptions.HTTPError as error:
            message = f"The container closed the connection before it answered: {error}"
            raise self._model_error("server", 500, name, message) from error
        if not 200 <= answer.status < 300:  # noqa: PLR2004
            side = "server" if answer.status >= 500 else "client"  # noqa: PLR2004
            raise self._model_error(side, answer.status, name, answer.data.decode(errors="replace"))
        if len(answer.data) > LARGEST_BODY:
            raise self._model_error("server", 500, name, "the response body is larger than 6,291,456 bytes")
        return answer

    def _model_error(self, side: str, status: int, container: str, message: str) -> ServiceError:
        region, account = self.context.region, self.context.account
        group = f"/aws/sagemaker/Endpoints/{self.call.endpoint}"
        return ServiceError(
            "ModelError",
            f'Received {side} error ({status}) from {container} with message "{message}". See '
            f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}#logEventViewer:group={group} "
            f"in account {account} for more information.",
            status=424,
            OriginalStatusCode=status,
            OriginalMessage=message,
            LogStreamArn=f"arn:aws:logs:{region}:{account}:log-group:{group}",
        )

    def _answer_headers(self, content_type: str, answer: urllib3.BaseHTTPResponse) -> dict[str, str]:
        headers = {"Content-Type": content_type, "x-Amzn-Invoked-Production-Variant": self.variant}
        custom = answer.headers.get(_CUSTOM)
        return headers | ({"X-Amzn-SageMaker-Custom-Attributes": custom} if custom else {})

    def _measure(self, seconds: float, model_seconds: float, failure: int | None) -> None:
        client = self.context.aws.own("cloudwatch")
        dimensions = (("EndpointName", self.call.endpoint), ("VariantName", self.variant))
        microseconds = round(model_seconds * 1e6)
        now = self.context.clock()
        for name, unit, value in (
            ("Invocations", "Count", 1.0),
            ("Invocation4XXErrors", "Count", float(failure in range(400, 500))),
            ("Invocation5XXErrors", "Count", float(failure is not None and failure not in range(1, 500))),
            ("ModelLatency", "Microseconds", float(microseconds)),
            ("OverheadLatency", "Microseconds", float(round(seconds * 1e6) - microseconds)),
        ):
            self.context.metrics.add(Figure(client, "AWS/SageMaker", name, dimensions, unit, now, value))


def unavailable() -> ServiceError:
    """No server can answer now; SDKs repeat the call."""
    return ServiceError("ServiceUnavailable", "The service is currently unavailable.", status=503)


def _without_accept(headers: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name != "Accept"}
