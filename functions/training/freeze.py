"""Freezing: a drop's objects are hashed and copied to where nothing changes them.

A data set's version is the SHA-256 of its names and contents: not the ETag (no MD5 under KMS or multipart), not the
version id. What was hashed is what is copied: the copy is made only of the very ETag that was read.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from dropforge import names
from dropforge.errors import DropChangedError, DropTooLargeError
from dropforge.plan import Head
from training.head import SAMPLE_BYTES, read_head

BYTES_LIMIT = 2 * 1024**3
OBJECTS_LIMIT = 20_000
CHUNK = 1024 * 1024
WORKERS = 8
GONE = ("NoSuchKey", "404")
CHANGED = ("PreconditionFailed", "412", *GONE)


@dataclass(frozen=True)
class Source:
    """An object to freeze; `name` is its path below the drop's folder."""

    name: str
    key: str
    size: int


@dataclass(frozen=True)
class Hashed:
    """What was read of it."""

    source: Source
    digest: str
    size: int
    etag: str


def code_of(error: ClientError) -> str:
    """AWS's error code."""
    return str(error.response["Error"]["Code"])


def digest_of(parts: Iterable[tuple[str, str]]) -> str:
    """The SHA-256 over (name, SHA-256 of content) pairs, sorted by name."""
    whole = hashlib.sha256()
    for name, digest in sorted(parts):
        whole.update(f"{len(name.encode())}:{name}:{digest}\n".encode())
    return whole.hexdigest()


class Bucket:
    """What freezing does with S3."""

    def __init__(self, client: Any, data: str, artifacts: str) -> None:
        self.client = client
        self.data = data
        self.artifacts = artifacts

    def objects(self, prefix: str, bucket: str | None = None) -> Iterator[dict[str, Any]]:
        """Every object below a prefix of the data bucket (or another)."""
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=bucket or self.data, Prefix=prefix)
        for page in pages:
            yield from page.get("Contents", [])

    def hash(self, source: Source) -> Hashed | None:
        """Read an object and hash it; None if it is gone."""
        try:
            found = self.client.get_object(Bucket=self.data, Key=source.key)
        except ClientError as error:
            if code_of(error) in GONE:
                return None
            raise
        whole, size = hashlib.sha256(), 0
        for chunk in found["Body"].iter_chunks(CHUNK):
            whole.update(chunk)
            size += len(chunk)
        return Hashed(source, whole.hexdigest(), size, found["ETag"])

    def hash_all(self, sources: list[Source]) -> list[Hashed]:
        """Those that are still there and not empty, in the order of their names.

        Raises:
            DropTooLargeError: more than a function can read in its time.
        """
        _check_size(sources)
        with ThreadPoolExecutor(WORKERS) as pool:
            found = list(pool.map(self.hash, sorted(sources, key=lambda s: s.name)))
        return [h for h in found if h and h.size]

    def copy_all(self, hashed: list[Hashed], target: names.Place) -> None:
        """Copy what is not there yet, within S3.

        Raises:
            DropChangedError: an object was overwritten or deleted since it was hashed.
        """
        there = {o["Key"]: o["Size"] for o in self.objects(target.key, target.bucket)}
        missing = [h for h in hashed if there.get(target.below(h.source.name).key) != h.size]
        with ThreadPoolExecutor(WORKERS) as pool:
            list(pool.map(lambda h: self._copy(h, target.below(h.source.name)), missing))

    def _copy(self, hashed: Hashed, target: names.Place) -> None:
        try:
            self.client.copy_object(
                Bucket=target.bucket,
                Key=target.key,
                CopySource={"Bucket": self.data, "Key": hashed.source.key},
                CopySourceIfMatch=hashed.etag,
                TaggingDirective="REPLACE",  # the uploader's tags stay theirs, and reading them would take a permission
            )
        except ClientError as error:
            if code_of(error) in CHANGED:
                raise DropChangedError(f"{hashed.source.key} changed while it was frozen") from error
            raise

    def head(self, source: Source) -> Head:
        """What the first bytes of an object show; nothing if it is gone."""
        try:
            found = self.client.get_object(Bucket=self.data, Key=source.key, Range=f"bytes=0-{SAMPLE_BYTES - 1}")
        except ClientError as error:
            if code_of(error) in GONE:
                return Head()
            raise
        return read_head(found["Body"].read(), whole=source.size <= SAMPLE_BYTES)

    def read(self, key: str) -> bytes:
        """A small object of the data bucket."""
        body: bytes = self.client.get_object(Bucket=self.data, Key=key)["Body"].read()
        return body


def _check_size(sources: list[Source]) -> None:
    total = sum(s.size for s in sources)
    if total > BYTES_LIMIT:
        raise DropTooLargeError(
            f"the drop has {total / 1024**3:.1f} GiB, more than the 2 GiB that this version can freeze: drop a sample, "
            "leave out columns that are not needed, or several smaller drops one after the other"
        )
    if len(sources) > OBJECTS_LIMIT:
        raise DropTooLargeError(
            f"the drop has {len(sources):,} objects, more than {OBJECTS_LIMIT:,}: merge small files into larger ones"
        )
