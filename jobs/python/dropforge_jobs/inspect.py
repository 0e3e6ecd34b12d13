"""Looks at a drop before money is spent on it: hashes, quarantines, profiles and freezes what was dropped.

The function `intake.inspect_drop` calls `inspect`; for a drop that is too large for a function, a Processing job runs
`python3 -m dropforge_jobs.inspect`, with the same settings in its input settings/inspect.json.
"""

# ruff: noqa: A005 - the package is always imported by its name
from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from dropforge_jobs import limits
from dropforge_jobs.dropped import Dropped, Fetched, content_of, digest_of, hidden_by_folders, joined, unsafe
from dropforge_jobs.errors import JobError
from dropforge_jobs.findings import unreadable
from dropforge_jobs.job import Job, run
from dropforge_jobs.shown import shown
from dropforge_jobs.store import Store
from dropforge_jobs.trim import SHOWN_FILES, trimmed
from dropforge_jobs.verdicts import Wanted, check_files, profile_files

JOB_SECONDS = 3000.0
#: What the disk keeps beside the drop: a Parquet file that is unpacked, the profile.
SPARE_BYTES = 64 * limits.MIB


def inspect(settings: dict[str, Any], client: Any, seconds: float) -> dict[str, Any]:
    """The inspection, whose files are written beside the drop's list; `client` is boto3's for S3.

    Raises ObjectChangedError if the drop is no longer what its list says, JobError if it is too large for the disk.
    """
    store = Store(client, settings["data_bucket"], settings["artifacts_bucket"])
    inspection = _Inspection(settings, store, time.monotonic() + seconds)
    with tempfile.TemporaryDirectory(prefix="dropforge-") as folder:
        found = trimmed(inspection.run(Path(folder)))
    place = f"{settings['project']}/drops/{settings['drop']}/inspection.json"
    store.put(place, json.dumps(found, ensure_ascii=False).encode(), "application/json")
    return found


class _Inspection:
    """One drop, step by step. What is left out is in `quarantined`, name by name."""

    def __init__(self, settings: dict[str, Any], store: Store, deadline: float) -> None:
        self.settings = settings
        self.store = store
        self.deadline = deadline
        self.wanted = Wanted.read(settings.get("config"), settings["channel"])
        self.quarantined: dict[str, str] = {}
        self.keys: dict[str, str] = {}
        self.seconds: dict[str, float] = {}

    def run(self, folder: Path) -> dict[str, Any]:
        """Everything; what inspection.json holds."""
        files = self._timed("read", lambda: self._fetch(folder))
        files = self._timed("check", lambda: self._check(files, folder))
        told = self._timed("profile", lambda: self._profile(files, folder))
        files = [file for file in files if file.name not in self.quarantined]
        parts = [(file.name, file.sha256) for file in files]
        digest = digest_of(parts)
        uri = self._timed("freeze", lambda: self._freeze(files, digest))
        sizes = [{"name": file.name, "bytes": file.size, "sha256": file.sha256} for file in files[:SHOWN_FILES]]
        left_out = [{"key": self.keys.get(name, name), "reason": why} for name, why in self.quarantined.items()]
        return {
            "digest": digest,
            "content": content_of(parts),
            "uri": uri,
            "objects": len(files),
            "bytes": sum(file.size for file in files),
            "files": sizes,
            "quarantined": left_out[:SHOWN_FILES],
            "quarantined_count": len(left_out),
            **told,
            "findings": unreadable(self.quarantined) + told["findings"],
            "seconds": self.seconds,
        }

    def _timed(self, step: str, do: Any) -> Any:
        start = time.monotonic()
        try:
            return do()
        finally:
            self.seconds[step] = round(time.monotonic() - start, 3)

    def _fetch(self, folder: Path) -> list[Fetched]:
        """The objects of the drop, and of the data set that it adds to; names that no file may have are left out."""
        objects = self.store.listed(self.settings["objects_uri"])
        self.keys = {item.name: item.key for item in objects}
        safe = [item for item in objects if self._is_safe(item)]
        for name in hidden_by_folders(item.name for item in safe):
            self._quarantine(name, "other objects lie below it as if it were a folder: no disk can hold both")
        safe = [item for item in safe if item.name not in self.quarantined]
        previous = self.settings.get("previous") or {}
        earlier = self.store.below(previous["uri"]) if self.wanted.append and previous.get("uri") else []
        self._refuse_too_large([*safe, *earlier], folder)
        found = self.store.fetch(safe, folder / "objects")
        if not earlier:
            return sorted(found, key=lambda file: file.name)
        before = self.store.fetch(earlier, folder / "earlier")
        return sorted(joined(before, found), key=lambda file: file.name)

    def _is_safe(self, item: Dropped) -> bool:
        reason = unsafe(item.name)
        if reason:
            self._quarantine(item.name, reason)
        return reason is None

    def _quarantine(self, name: str, reason: str) -> None:
        self.quarantined[name] = f"{shown(name)}: {reason}"

    def _refuse_too_large(self, objects: list[Dropped], folder: Path) -> None:
        size, free = sum(item.size for item in objects), shutil.disk_usage(folder).free - SPARE_BYTES
        if size > free:
            room = max(0, free) / limits.GIB
            raise JobError(
                f"the drop has {size / limits.GIB:.1f} GiB, the disk has room for {room:.1f}: drop a sample, or "
                "several smaller drops one after the other"
            )

    def _check(self, files: list[Fetched], folder: Path) -> list[Fetched]:
        """The files that can be read."""
        self.quarantined.update(check_files(files, self.wanted, folder, self.deadline))
        return [file for file in files if file.name not in self.quarantined]

    def _profile(self, files: list[Fetched], folder: Path) -> dict[str, Any]:
        """What the table turned out to be; nothing where none is needed and none was found."""
        previous = self.settings.get("previous") or {}
        before = json.loads(self.store.text(previous["profile_uri"])) if previous.get("profile_uri") else None
        found = profile_files(files, self.wanted, before, folder, self.deadline)
        self.quarantined.update(found.misfits)
        place = f"{self.settings['project']}/drops/{self.settings['drop']}/profile"
        profile = None
        if found.json is not None and found.html is not None:
            profile = {
                "uri": self.store.put(f"{place}.json", found.json, "application/json"),
                "html_uri": self.store.put(f"{place}.html", found.html, "text/html; charset=utf-8"),
            }
        proposal = found.proposal or (_proposal_without_table() if self.wanted.unknown and files else None)
        told = {"proposal": proposal} if self.wanted.unknown else {}
        return {**told, "profile": profile, "head": found.head, "findings": found.findings, **found.summary}

    def _freeze(self, files: list[Fetched], digest: str) -> str | None:
        if not files:
            return None
        prefix = f"{self.settings['project']}/datasets/{digest}/"
        self.store.freeze(files, prefix)
        return f"s3://{self.store.artifacts}/{prefix}"


def _proposal_without_table() -> dict[str, Any]:
    """Why none can be proposed."""
    from dropforge_jobs.profile.propose import propose_project

    return propose_project(None, None)


def main(job: Job) -> None:
    """Inspect a drop that is too large for a function."""
    import boto3

    settings = job.settings("inspect.json")
    found = inspect(settings, boto3.client("s3"), float(settings.get("seconds") or JOB_SECONDS))
    print(f"inspected {found['objects']} objects, {found['quarantined_count']} quarantined: data set {found['digest']}")


if __name__ == "__main__":
    sys.exit(run(main))
