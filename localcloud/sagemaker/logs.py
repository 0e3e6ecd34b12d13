"""Container output to CloudWatch Logs, with the credentials of the job's role as on AWS."""

from __future__ import annotations

import logging
import time
from typing import Any, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from localcloud.sagemaker.batching import Batcher
from localcloud.sagemaker.metrics import DENIED

_log = logging.getLogger(__name__)
# CloudWatch Logs' own limit for one event, less its 26 bytes of overhead.
_LONGEST_LINE = 262_118
_BYTES_PER_CALL = 900_000


class _Line(NamedTuple):
    stream: LogStream
    milliseconds: int
    text: str


class LogStream:
    """One stream of one group; made at its first line. A role that may not write loses its log, as on AWS."""

    def __init__(self, writer: LogWriter, client: Any, group: str, name: str) -> None:
        self.client = client
        self.group = group
        self.name = name
        self.made = False
        self.denied = False
        self._writer = writer

    def write(self, line: str) -> None:
        """Queue a line with the time of now."""
        text = line.rstrip("\n")
        if text:
            self._writer.add(self, int(time.time() * 1000), text)

    def flush(self) -> None:
        """Wait until the lines so far are in CloudWatch Logs."""
        self._writer.flush()


class LogWriter:
    """Writes every stream's lines from one thread."""

    def __init__(self) -> None:
        self._batcher: Batcher[_Line] = Batcher("logs", self._write)

    def stream(self, client: Any, group: str, name: str) -> LogStream:
        """A stream that writes with `client` (logs)."""
        return LogStream(self, client, group, name)

    def add(self, stream: LogStream, milliseconds: int, text: str) -> None:
        """Queue one line."""
        self._batcher.add(_Line(stream, milliseconds, text))

    def flush(self) -> None:
        """Wait until the queue is written."""
        self._batcher.flush()

    def close(self) -> None:
        """Write what is queued and stop."""
        self._batcher.close()

    def _write(self, lines: list[_Line]) -> None:
        by_stream: dict[int, list[_Line]] = {}
        for line in lines:
            by_stream.setdefault(id(line.stream), []).append(line)
        for own in by_stream.values():
            stream = own[0].stream
            if stream.denied:
                continue
            try:
                self._put(stream, own)
            except (ClientError, BotoCoreError) as error:
                stream.denied = isinstance(error, ClientError) and error.response["Error"]["Code"] in DENIED
                stream.made = False  # somebody may have deleted it
                _log.warning("log stream %s of %s: %s", stream.name, stream.group, error)

    def _put(self, stream: LogStream, lines: list[_Line]) -> None:
        if not stream.made:
            _make(stream)
        events: list[dict[str, Any]] = []
        size = 0
        for line in lines:
            text = line.text.encode()[:_LONGEST_LINE].decode(errors="ignore")
            if events and size + len(text) > _BYTES_PER_CALL:
                _send(stream, events)
                events, size = [], 0
            events.append({"timestamp": line.milliseconds, "message": text})
            size += len(text.encode()) + 26
        _send(stream, events)


def _send(stream: LogStream, events: list[dict[str, Any]]) -> None:
    stream.client.put_log_events(logGroupName=stream.group, logStreamName=stream.name, logEvents=events)


def _make(stream: LogStream) -> None:
    client = stream.client
    for create, names in (
        (client.create_log_group, {"logGroupName": stream.group}),
        (client.create_log_stream, {"logGroupName": stream.group, "logStreamName": stream.name}),
    ):
        try:
            create(**names)
        except client.exceptions.ResourceAlreadyExistsException:
            continue
    stream.made = True
