"""The lines of a text file, one by one: as UTF-8 bytes and as text. A line that is too long is never put together."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from dropforge_jobs import limits
from dropforge_jobs.errors import TableError
from dropforge_jobs.files import REMEDY, DropFile
from dropforge_jobs.shown import shown
from dropforge_jobs.unpack import blocks

#: The longer marks first: UTF-32's begins with UTF-16's.
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
LONGEST_MARK = 4
#: MS-DOS wrote it behind a text.
CTRL_Z = b"\x1a"


@dataclass
class Seen:
    """How the files turned out to be encoded while they were read."""

    encodings: set[str] = field(default_factory=set)

    @property
    def encoding(self) -> str:
        """One name for it: what is no UTF-8 is rarer, so it is what a person wants to know."""
        return next((name for name in sorted(self.encodings, reverse=True) if name != "utf-8"), "utf-8")


def lines(file: DropFile, seen: Seen | None = None) -> Iterator[tuple[bytes, str]]:
    """The lines of a file without a byte order mark; \\n, \\r\\n and a lone \\r end one.

    Raises TableError, with file and line, for what is no text and for a line of more than 1 MiB.
    """
    seen = seen or Seen()
    number = 0
    rest = b""
    for block in _utf8_blocks(file, seen):
        parts = (rest + block).splitlines(keepends=True)
        # A \r at the very end may be half of \r\n.
        rest = b"" if parts[-1].endswith(b"\n") else parts.pop()
        if len(rest) > limits.LINE_BYTES or (parts and len(parts[0]) > limits.LINE_BYTES):
            raise _too_long(file, number + 1 + (len(parts) if len(rest) > limits.LINE_BYTES else 0))
        for raw in parts:
            number += 1
            yield raw, _text(raw, file, number, seen)
    rest = rest.rstrip(CTRL_Z)
    if rest:
        yield rest, _text(rest, file, number + 1, seen)


def _too_long(file: DropFile, line: int) -> TableError:
    return TableError(
        f"{shown(file.name)}, line {line}: the line is longer than {limits.LINE_BYTES // limits.MIB} MiB: "
        "a table has a line break after each row",
        file=file.name,
        line=line,
    )


def _utf8_blocks(file: DropFile, seen: Seen) -> Iterator[bytes]:
    """The unpacked content without its mark; UTF-16 and UTF-32, which need one to be told, turned into UTF-8."""
    source = blocks(file.path, file.name)
    first = next(source, b"")
    while len(first) < LONGEST_MARK and (more := next(source, b"")):
        first += more
    mark, encoding = next(((mark, name) for mark, name in MARKS if first.startswith(mark)), (b"", "utf-8"))
    first = first[len(mark) :]
    seen.encodings.add(encoding)
    if encoding.startswith("utf-8"):
        if first:
            yield first
        yield from source
        return
    yield from _transcoded(file, encoding, first, source)


def _transcoded(file: DropFile, encoding: str, first: bytes, rest: Iterable[bytes]) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    number = 1
    try:
        text = decoder.decode(first)
        number += text.count("\n")
        if text:
            yield text.encode("utf-8")
        for block in rest:
            text = decoder.decode(block)
            number += text.count("\n")
            if text:
                yield text.encode("utf-8")
        decoder.decode(b"", final=True)
    except UnicodeError as error:
        kind = encoding[:6].upper()
        raise TableError(
            f"{shown(file.name)}, line {number} or after: its byte order mark says {kind}, its bytes are not: {REMEDY}",
            file=file.name,
            line=number,
        ) from error


def _text(line: bytes, file: DropFile, number: int, seen: Seen) -> str:
    """Decode a line: UTF-8, or Windows-1252 where it is not (what spreadsheets write)."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        seen.encodings.add("windows-1252")
        try:
            text = line.decode("cp1252")
        except UnicodeDecodeError as error:
            raise TableError(
                f"{shown(file.name)}, line {number}: neither UTF-8 nor Windows-1252: {REMEDY}",
                file=file.name,
                line=number,
            ) from error
    if "\0" in text:
        raise TableError(
            f"{shown(file.name)}, line {number}: a NUL byte, so this is no text table: {REMEDY}",
            file=file.name,
            line=number,
        )
    return text
