"""One input file through the model: requests in flight as many as allowed, answers in the records' order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from localcloud.sagemaker.transform_job import payloads, records
from localcloud.sagemaker.transform_job.payloads import Payload, Splitting
from localcloud.sagemaker.transform_job.server import Answer, Instance, NoAnswerError

_OK, _CLIENT, _SERVER = 200, 400, 500
_LONGEST_MESSAGE = 4096


class FileFailedError(Exception):
    """A file has no output: `fault` is ClientError or AlgorithmError, `lines` go to the data log."""

    def __init__(self, fault: str, *lines: str) -> None:
        super().__init__(fault, *lines)
        self.fault = fault
        self.lines = lines


@dataclass(frozen=True)
class Conversion:
    """How one job's files are converted. `check` raises when the job is stopped."""

    splitting: Splitting
    processing: records.Processing | None
    headers: dict[str, str]
    add_newline: bool
    seconds: float
    retries: int
    concurrent: int
    check: Callable[[], None]

    def convert(self, instance: Instance, calls: Executor, source: Path, target: Path) -> None:
        """Write the output of one file. Raises FileFailedError, and what `check` raises."""
        with target.open("wb") as out:
            if self.splitting.megabytes == 0:
                out.write(self._assembled(self._call(instance, Payload(b"", ()), source)))
                return
            flying: deque[tuple[Payload, Future[bytes]]] = deque()
            try:
                for payload in self._payloads(source):
                    flying.append((payload, calls.submit(self._call, instance, payload)))
                    if len(flying) > self.concurrent:
                        self._land(flying, out)
                while flying:
                    self._land(flying, out)
            finally:
                for _, call in flying:
                    call.cancel()

    def _land(self, flying: deque[tuple[Payload, Future[bytes]]], out: IO[bytes]) -> None:
        payload, call = flying.popleft()
        answer = call.result()
        if self.processing is None or not self.processing.needs_records:
            out.write(self._assembled(answer))
            return
        try:
            out.writelines(line + b"\n" for line in _joined(self.processing, payload, answer))
        except records.RecordError as error:
            raise FileFailedError("ClientError", f"Fail to process the response: {error}") from error

    def _payloads(self, source: Path) -> Iterator[Payload]:
        before = self.processing.before if self.processing and self.processing.input_filter else None
        try:
            yield from payloads.read(source, self.splitting, before)
        except payloads.TooLargeError as error:
            raise FileFailedError("ClientError", f"Too large: {error}") from error
        except records.RecordError as error:
            raise FileFailedError("ClientError", f"Fail to filter the input: {error}") from error

    def _call(self, instance: Instance, payload: Payload, streamed: Path | None = None) -> bytes:
        for tries_left in range(self.retries, -1, -1):
            self.check()
            body = payload.body if streamed is None else payloads.stream(streamed)
            try:
                answer = instance.invoke(body, self.headers, self.seconds)
            except NoAnswerError as error:
                self.check()
                failure = FileFailedError("AlgorithmError", str(error))
            else:
                if _OK <= answer.status < _OK + 100:
                    return answer.body
                failure = _refused(answer)
            if failure.fault == "ClientError" or not tries_left:
                raise failure
        raise AssertionError("unreachable")

    def _assembled(self, answer: bytes) -> bytes:
        return answer + b"\n" if self.add_newline and not answer.endswith(b"\n") else answer


def _refused(answer: Answer) -> FileFailedError:
    fault = "ClientError" if _CLIENT <= answer.status < _SERVER else "AlgorithmError"
    text = answer.body[:_LONGEST_MESSAGE].decode("utf-8", "replace")
    return FileFailedError(fault, f"{fault}: {answer.status}", "", "Message:", *text.splitlines())


def _joined(processing: records.Processing, payload: Payload, answer: bytes) -> Iterator[bytes]:
    given = _lines(payload.records, processing.content_form)
    answers = _lines((answer,), processing.accept_form)
    if len(answers) != len(given):
        raise records.RecordError(f"{len(given)} records were sent, {len(answers)} were answered")
    for record, line in zip(given, answers, strict=True):
        yield processing.after(record, line)


def _lines(parts: tuple[bytes, ...], form: str) -> list[bytes]:
    """The records in what was sent or answered: lines, but a JSON document is one."""
    if form == "application/json":
        return list(parts)
    return [line.rstrip(b"\r") for part in parts for line in part.removesuffix(b"\n").split(b"\n") if part]
