"""Object bodies that stay on disk: they are read when somebody asks for them (see persistence/blobs.py)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from localcloud.glue import hooks
from localcloud.glue.persistence.blobs import Body


def _read_object(old: Callable[..., bytes]) -> Callable[..., bytes]:
    def read(bucket: str, key: str, record: dict[str, Any]) -> bytes:
        body = record.get("body")
        return body.read() if isinstance(body, Body) else old(bucket, key, record)

    return read


def _read_version(old: Callable[..., bytes | None]) -> Callable[..., bytes | None]:
    def read(bucket: dict[str, Any], name: str, key: str, version: dict[str, Any]) -> bytes | None:
        body = version.get("data")
        return body.read() if isinstance(body, Body) else old(bucket, name, key, version)

    return read


def install() -> None:
    """Install the hooks. Raises HookError."""
    hooks.wrap("services.s3", "_read_body", _read_object)
    hooks.wrap("services.s3", "_version_body", _read_version)
