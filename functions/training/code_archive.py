"""A project's `code/` as one deterministic `sourcedir.tar.gz`."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterable, Iterator
from typing import Any

from dropforge import names
from dropforge.errors import DropTooLargeError
from dropforge.plan import Code

BYTES_LIMIT = 64 * 1024**2
FILES_SHOWN = 500  # the list travels through state machines, which carry 256 KiB in all


def freeze_code(s3: Any, data_bucket: str, project: str, target: names.Place) -> Code | None:
    """Archive what lies under `code/` into `target`; None if nothing does. `files` are those at its top.

    Raises:
        DropTooLargeError: more than 64 MiB of code.
    """
    prefix = f"{project}/code/"
    found = [o for o in _objects(s3, data_bucket, prefix) if o["Size"] and not o["Key"].endswith("/")]
    total = sum(int(o["Size"]) for o in found)
    if total > BYTES_LIMIT:
        raise DropTooLargeError(f"code/ has {total:,} bytes, more than 64 MiB: keep data and models out of it")
    if not found:
        return None
    ordered = sorted(found, key=lambda o: str(o["Key"]))
    files = {o["Key"][len(prefix) :]: s3.get_object(Bucket=data_bucket, Key=o["Key"])["Body"].read() for o in ordered}
    digest = _digest_of((name, hashlib.sha256(content).hexdigest()) for name, content in files.items())
    s3.put_object(Bucket=target.bucket, Key=target.key, Body=archive(files))
    return Code(digest=digest, uri=target.uri, files=[name for name in files if "/" not in name][:FILES_SHOWN])


def _objects(s3: Any, bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from page.get("Contents", [])


def _digest_of(parts: Iterable[tuple[str, str]]) -> str:
    """The SHA-256 over (name, SHA-256 of content) pairs, sorted by name."""
    whole = hashlib.sha256()
    for name, digest in sorted(parts):
        whole.update(f"{len(name.encode())}:{name}:{digest}\n".encode())
    return whole.hexdigest()


def archive(files: dict[str, bytes]) -> bytes:
    """A gzipped tar in which nothing depends on when or by whom it was made."""
    packed = io.BytesIO()
    with gzip.GzipFile("", "wb", 6, packed, mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for name in sorted(files):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(files[name]), 0o644
            tar.addfile(entry, io.BytesIO(files[name]))
    return packed.getvalue()
