"""An input file as the requests that its model is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

_MB = 1024 * 1024
_CHUNK = 64 * 1024


class TooLargeError(Exception):
    """A record is larger than a payload may be; the text says which."""


@dataclass(frozen=True)
class Payload:
    """One request: its body, and the records in it as they lay in the file."""

    body: bytes
    records: tuple[bytes, ...]


@dataclass(frozen=True)
class Splitting:
    """SplitType, BatchStrategy and MaxPayloadInMB of a job, with everything left out decided."""

    by_line: bool
    several: bool
    megabytes: int

    @property
    def limit(self) -> int:
        """The largest body in bytes."""
        return self.megabytes * _MB


def read(path: Path, splitting: Splitting, before: Callable[[bytes], bytes] | None) -> Iterator[Payload]:
    """The file's requests, in order; `before` filters each record. Raises TooLargeError and what `before` raises."""
    if not splitting.by_line:
        yield _whole(path, splitting, before)
        return
    records: list[bytes] = []
    parts: list[bytes] = []
    size = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            part = line if before is None else before(line) + b"\n"
            if len(part) > splitting.limit:
                raise TooLargeError(f"the record in line {number} is larger than MaxPayloadInMB={splitting.megabytes}")
            if parts and (not splitting.several or size + len(part) > splitting.limit):
                yield _payload(parts, records, splitting)
                parts, records, size = [], [], 0
            parts.append(part)
            records.append(line)
            size += len(part)
    if parts:
        yield _payload(parts, records, splitting)


def _payload(parts: list[bytes], records: list[bytes], splitting: Splitting) -> Payload:
    body = b"".join(parts)
    return Payload(body if splitting.several else body.rstrip(b"\r\n"), tuple(records))


def _whole(path: Path, splitting: Splitting, before: Callable[[bytes], bytes] | None) -> Payload:
    size = path.stat().st_size
    if splitting.limit and size > splitting.limit:
        raise TooLargeError(f"the file's {size} bytes are more than MaxPayloadInMB={splitting.megabytes}")
    content = path.read_bytes()
    return Payload(content if before is None else before(content), (content,))


def stream(path: Path) -> Iterator[bytes]:
    """The file in chunks, for MaxPayloadInMB 0: sent with chunked encoding, never whole in memory."""
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
