"""What an object's key says: its project, channel and folder, or why it is part of no drop. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from difflib import get_close_matches
from urllib.parse import unquote

from dropforge import names

SUCCESS = "_SUCCESS"
MANIFESTS = ("_MANIFEST", "_manifest.json", "manifest.json", "manifest.txt")
MANIFEST_SUFFIX = ".manifest"
#: No file system that a job has can hold a longer name.
NAME_BYTES = 255
#: `<project>/datasets/<digest>/` and the name must fit into S3's 1,024 bytes.
PATH_BYTES = 900
#: Characters that reorder or hide text when it is shown ("trojan source"), beside the control characters.
_DECEPTIVE = frozenset("\u061c\u200b\u200e\u200f\u2028\u2029\ufeff") | {
    chr(c) for c in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
}


def parts(key: str) -> tuple[str, str, str, str]:
    """(project, channel, folder, name) of a key."""
    project, _, rest = key.partition("/")
    channel, _, below = rest.partition("/")
    folder, _, name = below.rpartition("/")
    return project, channel, folder, name


def is_manifest(name: str) -> bool:
    """Whether a name is one that a drop's manifest has."""
    return name in MANIFESTS or name.endswith(MANIFEST_SUFFIX)


HIDDEN = "hidden or temporary: a name in its path starts with . or _, or ends as a temporary file's does"


def why_not(key: str) -> str | None:
    """The reason why an object with this key is part of no drop, whatever its content; None if it may be."""
    return next(_reasons(key), None)


def _reasons(key: str) -> Iterator[str]:
    project, channel, folder, name = parts(key)
    if not names.is_project(project):
        yield f"{_shown(project)} is no project's name: data belongs under <project>/<channel>/"
    if key == f"{project}/project.yaml":
        yield "project.yaml: read by a machine of its own"
    for reason in _dangers(key):
        yield f"unsafe key: {reason}"
    if channel == "code":
        yield "code: taken along by the project's next run"
    if channel not in names.CHANNELS:
        close = get_close_matches(channel, names.CHANNELS, 1, 0.6)
        meant = f"; did you mean {close[0]}?" if close else f" ({', '.join(names.CHANNELS)})"
        yield f"{_shown(channel)} is no channel{meant}"
    if not name:
        yield "not an object in a channel, but a folder's own marker or beside it"
    shown = "x" if name == SUCCESS or is_manifest(name) else name
    if not names.is_data(f"{folder}/{shown}" if folder else shown):
        yield HIDDEN


def _dangers(key: str) -> Iterator[str]:
    """Why no job may ever see this key as a file's name."""
    _, _, folder, name = parts(key)
    plain = key[:-1] if key.endswith("/") else key  # a folder's marker
    for path in (plain, unquote(plain), unquote(unquote(plain))):
        if {".", ".."} & set(path.replace("\\", "/").split("/")):
            yield "a part of its path is . or .., which could leave the folder"
    if "" in plain.split("/"):
        yield "a part of its path is empty (//)"
    for odd in (c for c in key if unicodedata.category(c) == "Cc" or c in _DECEPTIVE):
        yield f"it has the character U+{ord(odd):04X}, which hides or reorders text"
    if "\\" in key:
        yield "it has a backslash, which some systems take for a folder"
    if len(name.encode()) > NAME_BYTES:
        yield f"its name has {len(name.encode())} bytes; a file's name has at most {NAME_BYTES}"
    if len(f"{folder}/{name}".encode()) > PATH_BYTES:
        yield f"its path has more than {PATH_BYTES} bytes"


def _shown(text: str) -> str:
    return ascii(text[:60])
