"""The model archive: what training made, the preprocessor and the serving code, in one model.tar.gz.

The standard library only, so that a Lambda function can use it. The same content gives the same bytes: members are
sorted, without times, owners and the names of the machines that made them.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO, cast

from dropforge_jobs.errors import ModelError

#: The modules of dropforge_jobs that a served model needs, beside one another in the archive's code/.
SERVING_FILES = (
    "encoders.py",
    "errors.py",
    "inference.py",
    "numerics.py",
    "preprocessor.py",
    "rows.py",
    "values.py",
)
MAX_MEMBERS = 10_000
MAX_BYTES = 20 * 1024**3
BLOCK = 1024 * 1024
LEVEL = 6


def package(source: BinaryIO, target: BinaryIO, additions: dict[str, bytes]) -> str:
    """Write the archive `source` with `additions` (path in the archive to content) to `target`.

    An addition replaces a member of its name. The source is unpacked into a temporary file, not into memory.
    Returns the SHA-256 of what was written, in hex. Raises ModelError for an archive that is damaged, too large,
    or has a member that is no plain file with a path inside it.
    """
    added = {_checked(name): content for name, content in additions.items()}
    digest = _Digest(target)
    with tempfile.TemporaryFile() as plain:
        members = {}
        for member, stream in _files(source):
            members[_checked(member.name)] = (plain.tell(), member.size, member.mode)
            shutil.copyfileobj(stream, plain, BLOCK)
        packed = gzip.GzipFile("", "wb", LEVEL, cast("BinaryIO", digest), mtime=0)
        with packed, tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for name in sorted({*members, *added}):
                if name in added:
                    archive.addfile(_entry(name, len(added[name]), 0), io.BytesIO(added[name]))
                else:
                    offset, size, mode = members[name]
                    plain.seek(offset)
                    archive.addfile(_entry(name, size, mode), plain)
    return digest.hexdigest()


class _Digest:
    """Passes bytes on and keeps their SHA-256."""

    def __init__(self, target: BinaryIO) -> None:
        self.target = target
        self.sha = hashlib.sha256()

    def write(self, data: bytes) -> int:
        self.sha.update(data)
        self.target.write(data)
        return len(data)

    def flush(self) -> None:
        self.target.flush()

    def hexdigest(self) -> str:
        return self.sha.hexdigest()


def _entry(name: str, size: int, mode: int) -> tarfile.TarInfo:
    """A member's head, with nothing in it that differs from one packing to the next."""
    entry = tarfile.TarInfo(name)
    entry.size = size
    entry.mode = 0o755 if mode & 0o100 else 0o644
    return entry


def read_members(source: BinaryIO, limit: int = 64 * 1024**2) -> dict[str, bytes]:
    """The files of a small archive such as sourcedir.tar.gz, by path; ModelError above `limit` bytes."""
    result = {}
    total = 0
    for member, stream in _files(source):
        total += member.size
        if total > limit:
            raise ModelError(f"the archive holds more than {limit} bytes")
        result[_checked(member.name)] = stream.read()
    return result


def extract(source: BinaryIO, folder: Path) -> None:
    """Unpack an archive into `folder`: plain files only, none outside of it; ModelError for anything else."""
    for member, stream in _files(source):
        path = folder / _checked(member.name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as target:
            while block := stream.read(BLOCK):
                target.write(block)


def _checked(name: str) -> str:
    """A member's path in its plain form; ModelError if it leaves the archive."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or "\0" in name or not path.parts:
        raise ModelError(f"the archive's member {name!r} is not a path inside it")
    return str(path)


def _files(source: BinaryIO) -> Iterator[tuple[tarfile.TarInfo, IO[bytes]]]:
    """The plain files of a gzipped tar; folders are passed over, links and devices refused."""
    count = total = 0
    try:
        with tarfile.open(fileobj=source, mode="r:gz") as archive:
            for member in archive:
                if member.isdir():
                    continue
                if not member.isfile():
                    raise ModelError(f"the archive's member {member.name!r} is no plain file")
                count, total = count + 1, total + member.size
                if count > MAX_MEMBERS or total > MAX_BYTES:
                    raise ModelError(f"the archive is too large: over {MAX_MEMBERS} files or {MAX_BYTES} bytes")
                stream = archive.extractfile(member)
                if stream is not None:  # it is None for what is no file
                    yield member, stream
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ModelError(f"the archive is damaged: {error}") from error
