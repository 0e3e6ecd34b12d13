"""One hostile file, and what must become of it."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

MIB = 1 << 20
Content = bytes | Callable[[Path], None]
#: What a case may hold instead of its rows, where they are too many to be written down.
Rows = list[list[str]] | int


@dataclass(frozen=True)
class Case:
    """`content` is the file, or writes it. It is quarantined with a reason that matches `reason`, or read as `rows`.

    `rows` without the header, or how many there are; None where a script gets its bytes and no table is read.
    """

    id: str
    content: Content
    reason: str | None = None
    rows: Rows | None = None
    names: list[str] | None = None
    name: str = "data.csv"
    tabular: bool = True

    def write(self, path: Path) -> None:
        if isinstance(self.content, bytes):
            path.write_bytes(self.content)
        else:
            self.content(path)


def refused(id: str, content: Content | str, reason: str, name: str = "data.csv", tabular: bool = True) -> Case:  # noqa: A002
    return Case(id, _bytes(content), reason, name=name, tabular=tabular)


def read(
    id: str,  # noqa: A002
    content: Content | str,
    rows: Rows,
    names: list[str] | None = None,
    name: str = "data.csv",
) -> Case:
    return Case(id, _bytes(content), rows=rows, names=names, name=name)


def let_through(id: str, content: Content | str, name: str) -> Case:  # noqa: A002
    """Bytes for a script."""
    return Case(id, _bytes(content), name=name, tabular=False)


def _bytes(content: Content | str) -> Content:
    return content.encode() if isinstance(content, str) else content


def made(content: Callable[[], bytes]) -> Callable[[Path], None]:
    """A file whose content is made when it is needed: to collect the tests must cost nothing."""

    def write(path: Path) -> None:
        path.write_bytes(content())

    return write


def repeated(head: bytes, block: bytes, times: int, tail: bytes = b"") -> Callable[[Path], None]:
    """A file of `times` blocks, written block by block."""

    def write(path: Path) -> None:
        with path.open("wb") as file:
            file.write(head)
            for _ in range(times):
                file.write(block)
            file.write(tail)

    return write


def hollow(head: bytes, size: int, tail: bytes = b"") -> Callable[[Path], None]:
    """A file of `size` bytes of which most are a hole that takes no room on the disk."""

    def write(path: Path) -> None:
        with path.open("wb") as file:
            file.write(head)
            file.truncate(size)
            file.seek(size)
            file.write(tail)

    return write


def packed_often(head: bytes, block: bytes, times: int) -> Callable[[Path], None]:
    """A gzip file of many members: gigabytes are packed in the time that one block takes."""
    return repeated(gzip.compress(head, mtime=0), gzip.compress(block, 9, mtime=0), times)


def as_gzip(data: bytes) -> bytes:
    packed = io.BytesIO()
    with gzip.GzipFile("", "wb", 9, packed, mtime=0) as file:
        file.write(data)
    return packed.getvalue()
