"""A drop's manifest: which objects of its folder make it up. Pure.

Three forms are read: SageMaker's (`[{"prefix": "s3://bucket/folder/"}, "a.csv", …]`; API reference), an
object (`{"objects": ["a.csv", …], "force": true}`), and a plain list with one name a line (`# force: true` in any
of its lines). A name is relative to the folder, a whole key, or an s3:// URI.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from intake import keys

SIZE_LIMIT = 8 * 1024**2
NAMES_LIMIT = 100_000
SHOWN = 3
_FORCE = re.compile(r"^#?\s*force\s*[:=]\s*(true|false)\s*$", re.IGNORECASE)


@dataclass(frozen=True)
class Manifest:
    """The keys that it names, sorted, and whether the same content shall be trained again; or what is wrong with it."""

    keys: list[str] = field(default_factory=list)
    force: bool = False
    problem: str | None = None


class _ManifestError(Exception):
    """What is wrong with a manifest."""


def read_manifest(text: bytes, bucket: str, folder: str) -> Manifest:
    """Read a manifest that lies in `folder` (a key prefix that ends in a slash) of `bucket`."""
    try:
        names, prefix, force = _entries(_text(text))
        return Manifest(_keys([f"{prefix}{name}" for name in names], bucket, folder), force)
    except _ManifestError as error:
        return Manifest(problem=str(error))


def _text(text: bytes) -> str:
    if len(text) > SIZE_LIMIT:
        raise _ManifestError(f"it has more than {SIZE_LIMIT // 1024**2} MiB: name fewer objects")
    try:
        return text.decode("utf-8-sig").strip()
    except UnicodeDecodeError as error:
        raise _ManifestError(f"it is not UTF-8 text ({error.reason})") from error


def _keys(names: list[str], bucket: str, folder: str) -> list[str]:
    """The keys that are named, sorted, each once."""
    if not names:
        raise _ManifestError("it names no object: write one name in each line, or a JSON list of names")
    if len(names) > NAMES_LIMIT:
        raise _ManifestError(f"it names {len(names):,} objects, more than {NAMES_LIMIT:,}")
    found, foreign = set(), []
    for name in names:
        key = _key(name, bucket, folder)
        inside = key is not None and key.startswith(folder) and "/" not in key[len(folder) :]
        if key is None or not inside or keys.why_not(key) is not None:
            foreign.append(name)
        else:
            found.add(key)
    if foreign:
        shown = ", ".join(ascii(n[:80]) for n in foreign[:SHOWN])
        raise _ManifestError(f"it names {len(foreign)} that are no data of its own folder {folder}: {shown}")
    return sorted(found)


def _entries(text: str) -> tuple[list[str], str, bool]:
    """(names, the prefix before each of them, force)."""
    if text[:1] not in ("[", "{"):
        return _plain(text)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _ManifestError(f"it begins like JSON and is none: {error}") from error
    head, listed = _head(content)
    names: list[str] = []
    for item in listed:
        name = item.get("url") if isinstance(item, dict) else item
        if not isinstance(name, str) or not name:
            raise _ManifestError(f"{str(item)[:60]!r} is no object's name")
        names.append(name)
    prefix, force = head.get("prefix", ""), head.get("force", False)
    if not isinstance(prefix, str) or not isinstance(force, bool):
        raise _ManifestError('"prefix" is text and "force" is true or false')
    return names, prefix, force


def _head(content: Any) -> tuple[dict[str, Any], list[Any]]:
    """(what holds for all of them, the list)."""
    if isinstance(content, dict):
        listed = next((content[n] for n in ("objects", "files", "entries") if n in content), None)
        if not isinstance(listed, list):
            raise _ManifestError('it has no list "objects"')
        return content, listed
    if content and isinstance(content[0], dict) and "url" not in content[0]:
        return content[0], content[1:]
    return {}, content


def _plain(text: str) -> tuple[list[str], str, bool]:
    names, force = [], False
    for line in text.splitlines():
        entry = line.strip()
        said = _FORCE.match(entry)
        if said:
            force = said[1].lower() == "true"
        elif entry and not entry.startswith("#"):
            names.append(entry)
    return names, "", force


def _key(name: str, bucket: str, folder: str) -> str | None:
    if name.startswith("s3://"):
        place, _, key = name.removeprefix("s3://").partition("/")
        return key if place == bucket else None
    return name if name.startswith(folder) else f"{folder}{name.removeprefix('./')}"
