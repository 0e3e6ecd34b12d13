"""model.tar.gz and output.tar.gz."""

from __future__ import annotations

import tarfile
from pathlib import Path

from localcloud.sagemaker.errors import JobFailedError


def pack(source: Path, archive: Path) -> None:
    """A tar.gz of what is in `source` (empty if it is empty), with names relative to it."""
    with tarfile.open(archive, "w:gz", compresslevel=6) as tar:
        for path in sorted(source.iterdir()) if source.is_dir() else ():
            tar.add(path, arcname=path.name)


def unpack(archive: Path, target: Path, uri: str) -> None:
    """Extract with Python's `data` filter (no links out, no absolute names); raises JobFailedError naming `uri`."""
    target.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(archive, "r:*") as tar:
            tar.extractall(target, filter="data")
    except (tarfile.TarError, OSError, EOFError) as error:
        raise JobFailedError(f"{uri} is no usable tar.gz: {error}") from error
