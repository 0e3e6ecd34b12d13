"""Large byte strings (object bodies, code archives) as files named by their SHA-256, written once."""

from __future__ import annotations

import hashlib
import io
import pickle
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import types as key_types

PrivateKeyTypes = get_args(key_types.PrivateKeyTypes)

MINIMUM = 4096  # bytes; smaller ones live in the database
_REMEMBERED = 64


class BlobError(RuntimeError):
    """A body that the database names is not on disk."""


class Blobs:
    """A folder of content-addressed files."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.seen: set[str] = set()  # named while loading: what is not named is rubbish
        self._recent: OrderedDict[int, tuple[bytes, str]] = OrderedDict()

    def name(self, body: bytes) -> str:
        """Return the SHA-256 of a body. Bodies asked for repeatedly (an object and its version) are hashed once."""
        known = self._recent.get(id(body))
        if known and known[0] is body:
            return known[1]
        digest = hashlib.sha256(body).hexdigest()
        self._recent[id(body)] = body, digest
        if len(self._recent) > _REMEMBERED:
            self._recent.popitem(last=False)
        return digest

    def write(self, name: str, body: bytes) -> None:
        """Put a body on disk, atomically; nothing to do if it is there."""
        path = self._path(name)
        if path.exists():
            return
        path.parent.mkdir(exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.write_bytes(body)
        partial.replace(path)

    def read(self, name: str) -> bytes:
        """Return a body. Raises BlobError if its file is gone."""
        try:
            return self._path(name).read_bytes()
        except FileNotFoundError as error:
            raise BlobError(f"{self._path(name)}: this body is gone; `make reset` starts afresh") from error

    def release(self, value: Any) -> None:
        """Replace the bodies in an object's record, or a list of versions, by references to their files."""
        for record in value if isinstance(value, list) else [value]:
            for member in ("body", "data"):
                body = record.get(member) if isinstance(record, dict) else None
                if type(body) is bytes and len(body) >= MINIMUM:
                    record[member] = Body(self, self.name(body))

    def sweep(self) -> int:
        """Delete the files that nothing named since the start; return how many. Only safe after loading all."""
        rubbish = [p for p in self.folder.glob("*/*") if p.name not in self.seen]
        for path in rubbish:
            path.unlink(missing_ok=True)
        return len(rubbish)

    def _path(self, name: str) -> Path:
        return self.folder / name[:2] / name


@dataclass(frozen=True)
class Body:
    """An object's body that is on disk."""

    blobs: Blobs
    name: str

    def read(self) -> bytes:
        """Return the bytes. Raises BlobError."""
        return self.blobs.read(self.name)


def _private_key(content: bytes) -> Any:
    return serialization.load_der_private_key(content, None)


class Pickler(pickle.Pickler):
    """Pickles a value; byte strings of MINIMUM bytes and more become names, collected in `bodies`."""

    def __init__(self, blobs: Blobs) -> None:
        self.buffer = io.BytesIO()
        super().__init__(self.buffer, protocol=5)
        self.blobs = blobs
        self.bodies: dict[str, bytes] = {}

    def persistent_id(self, value: Any) -> str | None:
        """Return a body's name, or None: pickle it in place."""
        if type(value) is Body:
            return value.name
        if type(value) is not bytes or len(value) < MINIMUM:
            return None
        name = self.blobs.name(value)
        self.bodies[name] = value
        return name

    def reducer_override(self, value: Any) -> Any:
        """Pickle the private keys of KMS as DER."""
        if isinstance(value, PrivateKeyTypes):
            form = serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            return _private_key, (value.private_bytes(*form),)
        return NotImplemented


class Unpickler(pickle.Unpickler):
    """Reads what Pickler wrote. The database is ours, in a folder of the user's own: it is trusted."""

    def __init__(self, blobs: Blobs, content: bytes, lazy: bool) -> None:
        super().__init__(io.BytesIO(content))
        self.blobs = blobs
        self.lazy = lazy

    def persistent_load(self, name: str) -> bytes | Body:
        """Return the body of a name, or a reference to it."""
        self.blobs.seen.add(name)
        return Body(self.blobs, name) if self.lazy else self.blobs.read(name)
