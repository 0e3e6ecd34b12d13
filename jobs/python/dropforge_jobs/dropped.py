"""The objects of a drop, what is wrong with their names, and which names they get in the data set."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

#: `<project>/datasets/<digest>/` and the name must fit into S3's 1,024 bytes, each part into a file system's 255.
PATH_BYTES = 900
PART_BYTES = 255
_ODD = frozenset(["Cc", "Cs", "Zl", "Zp"])
#: Characters that reorder or hide text.
_DECEPTIVE = frozenset("\u200b\u200e\u200f\ufeff" + "".join(map(chr, (*range(0x202A, 0x202F), *range(0x2066, 0x206A)))))


@dataclass(frozen=True)
class Dropped:
    """An object of the drop's list; `name` is its path below the drop's folder. `bucket` is the data bucket if None."""

    name: str
    key: str
    size: int
    etag: str | None = None
    version_id: str | None = None
    bucket: str | None = None

    @classmethod
    def read(cls, line: dict[str, Any]) -> Dropped:
        """From a line of objects.jsonl."""
        version = line.get("version_id")
        return cls(
            name=str(line["name"]),
            key=str(line["key"]),
            size=int(line.get("size") or 0),
            etag=line.get("etag") or None,
            version_id=None if version in (None, "", "null") else str(version),
        )


@dataclass(frozen=True)
class Fetched:
    """An object that was read: where its bytes lie, and what they are."""

    source: Dropped
    path: Path
    size: int
    sha256: str
    etag: str
    name: str


def unsafe(name: str) -> str | None:
    """Why no object may be written under this name; None if it is a plain path to a file."""
    parts = name.split("/")
    if any(part in ("", ".", "..") for part in parts):
        return "its name has an empty part, . or .., which could leave the folder"
    odd = next((c for c in name if unicodedata.category(c) in _ODD or c in _DECEPTIVE), None)
    if odd is not None:
        return f"its name has the character U+{ord(odd):04X}, which hides or reorders text"
    if "\\" in name:
        return "its name has a backslash, which some systems take for a folder"
    if any(len(part.encode()) > PART_BYTES for part in parts):
        return f"a part of its name has more than {PART_BYTES} bytes"
    return f"its name has more than {PATH_BYTES} bytes" if len(name.encode()) > PATH_BYTES else None


def hidden_by_folders(names: Iterable[str]) -> set[str]:
    """Names that are folders of other names: a bucket holds both, a disk cannot."""
    names = set(names)
    folders = {str(parent) for name in names for parent in PurePosixPath(name).parents}
    return names & folders


def digest_of(parts: Iterable[tuple[str, str]]) -> str:
    """The SHA-256 over (name, SHA-256 of content) pairs, sorted by name: a data set's version."""
    whole = hashlib.sha256()
    for name, digest in sorted(parts):
        whole.update(f"{len(name.encode())}:{name}:{digest}\n".encode())
    return whole.hexdigest()


def content_of(parts: Iterable[tuple[str, str]]) -> str:
    """The SHA-256 over the contents' digests alone, in the order of the sorted names."""
    whole = hashlib.sha256()
    for _, digest in sorted(parts):
        whole.update(f"{digest}\n".encode())
    return whole.hexdigest()


def joined(earlier: Iterable[Fetched], dropped: Iterable[Fetched]) -> Iterator[Fetched]:
    """What a project that appends trains on: the earlier data set, and the drop's files beside it.

    A file whose content is there already adds nothing. One whose name is taken by another content keeps both: it gets
    the first eight digits of its SHA-256 before its extensions (`a.csv.gz` becomes `a.1f2e3d4c.csv.gz`). So the same
    drop on the same data set always gives the same names, and nothing that was accepted is ever replaced.
    """
    contents, names = set(), set()
    for item in earlier:
        contents.add(item.sha256)
        names.add(item.name)
        yield item
    for item in sorted(dropped, key=lambda item: item.name):
        if item.sha256 in contents:
            continue
        contents.add(item.sha256)
        name = item.name if item.name not in names else _marked(item.name, item.sha256[:8])
        names.add(name)
        yield Fetched(item.source, item.path, item.size, item.sha256, item.etag, name)


def _marked(name: str, mark: str) -> str:
    path = PurePosixPath(name)
    stem, dot, extensions = path.name.partition(".")
    return str(path.with_name(f"{stem}.{mark}{dot}{extensions}"))
