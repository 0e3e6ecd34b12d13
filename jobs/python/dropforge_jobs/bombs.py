"""Archives that would burst or break out where a user's script unpacks them. Nothing is unpacked to a disk here."""

from __future__ import annotations

import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO, cast

from dropforge_jobs import limits
from dropforge_jobs.errors import TableError
from dropforge_jobs.files import DropFile
from dropforge_jobs.magic import HEAD_BYTES, binary_kind
from dropforge_jobs.shown import shown
from dropforge_jobs.unpack import blocks, is_gzip

MEMBERS = 100_000
#: The list of a zip's members is read into memory: so many bytes of it.
DIRECTORY_BYTES = 32 * limits.MIB
_UNIX = 16


def check_bytes(file: DropFile) -> None:
    """Raise TableError for an archive that is hostile; any other bytes are the script's own business."""
    if zipfile.is_zipfile(file.path):
        _check_zip(file)
        return
    stream = _Stream(blocks(file.path, file.name))
    head = stream.peek(HEAD_BYTES)
    packed = is_gzip(file.path)
    if binary_kind(head) == "a tar archive":
        _check_tar(file, stream)
    elif packed:
        stream.exhaust()  # `blocks` refuses a bomb


class _Stream:
    """Blocks as a stream that can be read forward, as tarfile does."""

    def __init__(self, source: Iterator[bytes]) -> None:
        self.source = source
        self.rest = b""

    def peek(self, size: int) -> bytes:
        while len(self.rest) < size and (block := next(self.source, b"")):
            self.rest += block
        return self.rest[:size]

    def read(self, size: int) -> bytes:
        found = self.peek(size)
        self.rest = self.rest[size:]
        return found

    def exhaust(self) -> None:
        for _ in self.source:
            pass


def _hostile(file: DropFile, member: str, reason: str) -> TableError:
    return TableError(f"{shown(file.name)}: the archive's member {shown(member, 80)!r} {reason}", file=file.name)


def _leaves(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return path.is_absolute() or ".." in path.parts or "\0" in name or name[1:2] == ":"


def _check_tar(file: DropFile, stream: _Stream) -> None:
    """Every member must be a file or folder within; links may lead nowhere else."""
    count = 0
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", stream), mode="r|") as archive:
            for member in archive:
                archive.members = []  # type: ignore[attr-defined] # it would keep every one
                count += 1
                if count > MEMBERS:
                    raise TableError(
                        f"{shown(file.name)}: the archive has more than {MEMBERS:,} members", file=file.name
                    )
                if _leaves(member.name):
                    raise _hostile(file, member.name, "would be written outside of the folder")
                if member.issym() or member.islnk():
                    raise _hostile(file, member.name, f"is a link (to {shown(member.linkname, 80)!r})")
                if not (member.isfile() or member.isdir()):
                    raise _hostile(file, member.name, "is a device or pipe")
    except (tarfile.TarError, EOFError, ValueError, zlib.error) as error:
        raise TableError(
            f"{shown(file.name)}: the archive is damaged: {shown(str(error), 80)}", file=file.name
        ) from error


def _check_zip(file: DropFile) -> None:
    size = file.path.stat().st_size
    try:
        _check_directory(file)
        with zipfile.ZipFile(file.path) as archive:
            members = archive.infolist()
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError) as error:
        raise TableError(
            f"{shown(file.name)}: the archive is damaged: {shown(str(error), 80)}", file=file.name
        ) from error
    unpacked = 0
    for member in members:
        unpacked += member.file_size
        if _leaves(member.filename):
            raise _hostile(file, member.filename, "would be written outside of the folder")
        if stat.S_ISLNK(member.external_attr >> _UNIX):
            raise _hostile(file, member.filename, "is a link")
    packed = sum(member.compress_size for member in members)
    if packed > size:
        raise TableError(f"{shown(file.name)}: the archive's members overlap, as a zip bomb's do", file=file.name)
    if unpacked > limits.UNPACKED_BYTES or (unpacked > limits.RATIO_FLOOR and unpacked > limits.RATIO * size):
        raise TableError(
            f"{shown(file.name)}: the archive says that it unpacks {size:,} bytes to {unpacked:,}, as a zip bomb does",
            file=file.name,
        )


def _check_directory(file: DropFile) -> None:
    """The list of members must fit into memory; it is what lies between its place and the end."""
    with file.path.open("rb") as stream:
        end = zipfile._EndRecData(stream)  # type: ignore[attr-defined]
    if not end:
        raise zipfile.BadZipFile("it has no directory")
    count, length = end[zipfile._ECD_ENTRIES_TOTAL], end[zipfile._ECD_SIZE]  # type: ignore[attr-defined]
    if length > DIRECTORY_BYTES or count > MEMBERS:
        raise TableError(
            f"{shown(file.name)}: the archive has {count:,} members, more than {MEMBERS:,}", file=file.name
        )
