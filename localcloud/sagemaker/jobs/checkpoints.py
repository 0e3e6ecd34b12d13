"""CheckpointConfig: a directory and an S3 prefix kept alike while the job runs."""

from __future__ import annotations

import logging
import threading
from pathlib import Path
from typing import Any

from localcloud.sagemaker.errors import JobFailedError
from localcloud.sagemaker.jobs import transfer

_log = logging.getLogger(__name__)
_INTERVAL_SECONDS = 5.0


class Checkpoints:
    """Restores the directory from S3 at the start, then uploads what changes until `close`."""

    def __init__(self, s3: Any, downloads: transfer.Downloads, uri: str, directory: Path, kms: str | None) -> None:
        self._s3 = s3
        self._downloads = downloads
        self._uri = uri.rstrip("/")
        self._directory = directory
        self._extra = transfer.encryption(kms)
        self._seen: dict[Path, tuple[int, int]] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sagemaker-checkpoints", daemon=True)

    def open(self) -> None:
        """Download earlier checkpoints and begin to watch; raises JobFailedError."""
        self._directory.mkdir(parents=True, exist_ok=True)
        self._downloads.prefix(f"{self._uri}/", self._directory, optional=True)
        self._seen = self._state()
        self._thread.start()

    def close(self) -> None:
        """Stop watching and upload what is left; raises JobFailedError."""
        self._ended.set()
        if self._thread.is_alive():
            self._thread.join()
        self._sync()

    def _run(self) -> None:
        while not self._ended.wait(_INTERVAL_SECONDS):
            try:
                self._sync()
            except JobFailedError as error:
                # The last upload, in `close`, tells the job; one in between may be put right by then.
                _log.warning("checkpoints: %s", error)

    def _sync(self) -> None:
        for path, state in self._state().items():
            if self._seen.get(path) != state:
                relative = path.relative_to(self._directory).as_posix()
                transfer.upload_file(self._s3, path, f"{self._uri}/{relative}", self._extra)
                self._seen[path] = state

    def _state(self) -> dict[Path, tuple[int, int]]:
        found = {}
        for path in self._directory.rglob("*"):
            if path.is_file():
                stat = path.stat()
                found[path] = (stat.st_mtime_ns, stat.st_size)
        return found
