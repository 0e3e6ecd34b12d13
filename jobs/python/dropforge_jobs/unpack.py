"""The bytes of a file, unpacked if it is gzipped, block by block, so that a bomb is stopped while it goes off."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from dropforge_jobs import limits
from dropforge_jobs.errors import TableError
from dropforge_jobs.shown import shown

GZIP = b"\x1f\x8b"
_WITH_GZIP_HEADER = 31


def is_gzip(path: Path) -> bool:
    """Whether the file is gzipped, whatever its name says."""
    with path.open("rb") as stream:
        return stream.read(2) == GZIP


def blocks(path: Path, name: str) -> Iterator[bytes]:
    """The file's content in blocks of at most some 64 KiB; TableError for a damaged or hostile gzip file."""
    with path.open("rb") as stream:
        first = stream.read(limits.BLOCK)
        if first.startswith(GZIP):
            yield from _gunzipped(first, stream, name)
            return
        while first:
            yield first
            first = stream.read(limits.BLOCK)


def _gunzipped(data: bytes, stream: IO[bytes], name: str) -> Iterator[bytes]:
    """All members of a gzip file, one after the other; zeros behind the last are padding."""
    taken, given = len(data), 0
    while data:
        member = zlib.decompressobj(_WITH_GZIP_HEADER)
        while not member.eof:
            if not data:
                data = stream.read(limits.BLOCK)
                taken += len(data)
                if not data:
                    raise _damaged(name, "it ends too early")
            try:
                block = member.decompress(data, limits.BLOCK)
            except zlib.error as error:
                raise _damaged(name, str(error)) from error
            data = member.unconsumed_tail
            given += len(block)
            _refuse_bomb(name, taken, given)
            if block:
                yield block
        data = (member.unused_data or stream.read(limits.BLOCK)).lstrip(b"\0")
        while not data and (more := stream.read(limits.BLOCK)):
            taken += len(more)
            data = more.lstrip(b"\0")
        if data and len(data) < len(GZIP):
            data += stream.read(limits.BLOCK)
        if data and not data.startswith(GZIP):
            raise _damaged(name, "something else follows behind the packed data")


def _damaged(name: str, reason: str) -> TableError:
    return TableError(f"{shown(name)}: the gzip file is damaged ({reason}): drop it again", file=name)


def _refuse_bomb(name: str, taken: int, given: int) -> None:
    if given > limits.UNPACKED_BYTES:
        raise TableError(
            f"{shown(name)}: the gzip file unpacks to more than {limits.UNPACKED_BYTES // limits.GIB} GiB: "
            "drop it in several parts",
            file=name,
        )
    if given > limits.RATIO_FLOOR and given > limits.RATIO * taken:
        raise TableError(
            f"{shown(name)}: the gzip file unpacks to more than {limits.RATIO} times its size, as a gzip bomb does: "
            "if it is no bomb, drop it unpacked",
            file=name,
        )
