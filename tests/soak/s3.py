"""S3 as intake sees it: a versioned bucket and its events, in memory and under a clock of its own.

What AWS says of it and intake relies on is kept: times and the Date of an answer have seconds, a sequencer orders the
changes of a key, deleting the newest version for good brings back the one before and leaves no trace in a listing.
"""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from botocore.exceptions import ClientError

Event = dict[str, Any]
DATA, ARTIFACTS = "data-bucket", "artifacts-bucket"


@dataclass(frozen=True)
class Version:
    """A version of an object, or (no body) a delete marker."""

    key: str
    id: str
    body: bytes | None
    time: datetime


class S3:
    """The data bucket (versioned, tells events) and the artifacts bucket (plain)."""

    def __init__(
        self,
        now: Callable[[], datetime],
        tell: Callable[[Event], object],
        page: int = 1000,
        buckets: tuple[str, str] = (DATA, ARTIFACTS),
    ) -> None:
        self._now, self._tell, self._page = now, tell, page
        self.data_bucket, self.artifacts_bucket = buckets
        self._number = itertools.count(1)
        self.versions: dict[str, list[Version]] = {}
        self.uploads: dict[str, datetime] = {}
        self.artifacts: dict[str, list[bytes]] = {}
        self.metadata: dict[str, dict[str, str]] = {}
        self.gone: set[tuple[str, str]] = set()

    # ------------------------------------------------------------------ what users do
    def put(self, key: str, body: bytes) -> Version:
        """Upload an object."""
        version = self._add(key, body, self._second())
        self._say("Object Created", version, reason="PutObject")
        return version

    def begin_upload(self, key: str) -> None:
        """Begin to upload in parts."""
        self.uploads[key] = self._second()

    def finish_upload(self, key: str, body: bytes) -> Version:
        """Complete it: LastModified is when the upload began, as S3 documents it; the event's time is now."""
        version = self._add(key, body, self.uploads.pop(key))
        self._say("Object Created", version, reason="CompleteMultipartUpload")
        return version

    def delete(self, key: str) -> None:
        """Hide an object behind a delete marker."""
        marker = self._add(key, None, self._second())
        self._say("Object Deleted", marker, **{"deletion-type": "Delete Marker Created"})

    def delete_version(self, key: str, index: int = -1) -> None:
        """Delete one version, or marker, for good."""
        version = self.versions[key].pop(index)
        self.gone.add((key, version.id))
        if not self.versions[key]:
            del self.versions[key]
        self._say("Object Deleted", version, **{"deletion-type": "Permanently Deleted"})

    def current(self, key: str) -> Version | None:
        """The version in force; None if there is none, or a marker."""
        versions = self.versions.get(key)
        return versions[-1] if versions and versions[-1].body is not None else None

    def _add(self, key: str, body: bytes | None, time: datetime) -> Version:
        version = Version(key, f"v{next(self._number):04}", body, time)
        self.versions.setdefault(key, []).append(version)
        return version

    def _second(self) -> datetime:
        return self._now().replace(microsecond=0)

    def _say(self, kind: str, version: Version, **more: str) -> None:
        thing = {"key": version.key, "version-id": version.id, "sequencer": f"{next(self._number):016X}"}
        if kind == "Object Created":
            thing |= {"size": len(version.body or b""), "etag": _etag(version)}  # type: ignore[dict-item]
        time = self._second().isoformat().replace("+00:00", "Z")
        detail = {"version": "0", "bucket": {"name": self.data_bucket}, "object": thing, **more}
        self._tell({"source": "aws.s3", "detail-type": kind, "time": time, "detail": detail})

    # ------------------------------------------------------------------ boto3's client, as far as intake needs it
    def list_object_versions(self, **asked: Any) -> dict[str, Any]:
        """A page: keys in order, the newest version first."""
        prefix, deep = asked.get("Prefix", ""), "Delimiter" not in asked
        after, after_version = asked.get("KeyMarker", ""), asked.get("VersionIdMarker")
        answer: dict[str, Any] = {"Versions": [], "DeleteMarkers": [], "IsTruncated": False, **self._date()}
        passed, last = not after_version, {}
        for number, (version, latest) in enumerate(self._listed(prefix, deep, after, bool(after_version))):
            if not passed:
                passed = version.key > after or version.id == after_version
                if version.key == after:
                    continue
            if len(answer["Versions"]) + len(answer["DeleteMarkers"]) == self._page:
                return answer | {"IsTruncated": True, **last} if number else answer
            last = {"NextKeyMarker": version.key, "NextVersionIdMarker": version.id}
            told = {"Key": version.key, "VersionId": version.id, "IsLatest": latest, "LastModified": version.time}
            if version.body is None:
                answer["DeleteMarkers"].append(told)
            else:
                answer["Versions"].append(told | {"Size": len(version.body), "ETag": f'"{_etag(version)}"'})
        return answer

    def _listed(self, prefix: str, deep: bool, after: str, inside: bool) -> Iterator[tuple[Version, bool]]:
        for key in sorted(self.versions):
            if not key.startswith(prefix) or key < after or (key == after and not inside):
                continue
            if deep or "/" not in key[len(prefix) :]:
                for version in reversed(self.versions[key]):
                    yield version, version is self.versions[key][-1]

    def list_multipart_uploads(self, Bucket: str, Prefix: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        """Those that were begun and not completed."""
        found = [{"Key": k, "Initiated": t} for k, t in sorted(self.uploads.items()) if k.startswith(Prefix)]
        return {"Uploads": found, **self._date()}

    def get_object(self, Bucket: str, Key: str, VersionId: str | None = None, **_: Any) -> dict[str, Any]:  # noqa: N803
        """A version's bytes, or the newest's."""
        if Bucket == self.artifacts_bucket:
            if Key not in self.artifacts:
                raise _error("NoSuchKey", "GetObject")
            body: bytes | None = self.artifacts[Key][-1]
            return {"Body": io.BytesIO(body or b""), "Metadata": self.metadata.get(Key, {})}
        versions = self.versions.get(Key, [])
        found = next((v for v in versions if v.id == VersionId), None) if VersionId else self.current(Key)
        if found is None or found.body is None:
            raise _error("NoSuchVersion" if VersionId else "NoSuchKey", "GetObject")
        return {"Body": io.BytesIO(found.body), "ETag": f'"{_etag(found)}"', "Metadata": {}}

    def put_object(self, Bucket: str, Key: str, Body: bytes, **more: Any) -> dict[str, Any]:  # noqa: N803
        """Into the artifacts bucket; every body that a key ever had is kept, to tell whether it changed."""
        assert Bucket == self.artifacts_bucket, "nothing of ours writes where users do"
        if more.get("IfNoneMatch") == "*" and Key in self.artifacts:
            raise _error("PreconditionFailed", "PutObject")
        self.artifacts.setdefault(Key, []).append(Body)
        self.metadata[Key] = more.get("Metadata", {})
        return {}

    def _date(self) -> dict[str, Any]:
        return {"ResponseMetadata": {"HTTPHeaders": {"date": format_datetime(self._second(), usegmt=True)}}}


def _etag(version: Version) -> str:
    # Never an MD5 of the bytes: under KMS S3's is none either.
    return f"e{version.id}"


def _error(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": code}}, operation)
