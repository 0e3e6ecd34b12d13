"""Objects between S3 and a job's directories, with the credentials of the job's role."""

from __future__ import annotations

import gzip
import json
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import BotoCoreError, ClientError

from localcloud.sagemaker.errors import JobFailedError

_CHUNK = 1024 * 1024
_FAULTS = (ClientError, BotoCoreError)


def split(uri: str) -> tuple[str, str]:
    """Bucket and key (or prefix) of an s3:// URI; keys stay as they are, '?' and '#' included."""
    bucket, _, key = uri.split("://", 1)[1].partition("/")
    return bucket, key


def fault(error: Exception) -> str:
    """`AccessDenied: Access Denied`, as S3 said it."""
    if isinstance(error, ClientError):
        said = error.response["Error"]
        return f"{said.get('Code')}: {said.get('Message')}"
    return str(error)


class Downloads:
    """Downloads for one job; failures are JobFailedError in the words of the training and processing services."""

    def __init__(self, s3: Any, role_arn: str, region: str) -> None:
        self._s3 = s3
        self._role_arn = role_arn
        self._region = region

    def prefix(self, uri: str, target: Path, *, gunzip: bool = False, optional: bool = False) -> int:
        """Everything whose key begins with the URI; unless `optional`, raises JobFailedError if there is nothing."""
        bucket, prefix = split(uri)
        taken: dict[Path, str] = {}
        for key in self._keys(bucket, prefix, uri):
            path = _inside(target, _relative(key, prefix), uri)
            if path in taken:
                raise JobFailedError(
                    f"ClientError: Data download failed: the keys '{taken[path]}' and '{key}' under {uri} are one file"
                )
            taken[path] = key
            self._object(bucket, key, path, gunzip=gunzip)
        if not taken and not optional:
            raise JobFailedError(self._nothing(uri, bucket))
        return len(taken)

    def manifest(self, uri: str, target: Path, *, gunzip: bool = False) -> int:
        """The objects that a manifest lists: `[{"prefix": "s3://bucket/a/"}, "b.csv", …]`."""
        listed = self._listed(uri)
        for bucket, key, name in listed:
            self._object(bucket, key, _inside(target, name, uri), gunzip=gunzip)
        return len(listed)

    def find(self, uri: str, data_type: str) -> list[tuple[str, str, str]]:
        """Bucket, key and the name below the URI of what a prefix or a ManifestFile stands for; not downloaded.

        Raises JobFailedError, as the downloads do.
        """
        if data_type == "ManifestFile":
            return self._listed(uri)
        bucket, prefix = split(uri)
        found = [(bucket, key, _relative(key, prefix)) for key in self._keys(bucket, prefix, uri)]
        if not found:
            raise JobFailedError(self._nothing(uri, bucket))
        return found

    def one(self, bucket: str, key: str, path: Path, *, gunzip: bool = False) -> None:
        """One object into one file, which keeps its name when it is decompressed; raises JobFailedError."""
        self._object(bucket, key, path, gunzip=gunzip)

    def _listed(self, uri: str) -> list[tuple[str, str, str]]:
        bucket, key = split(uri)
        try:
            entries = json.loads(self._s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        except _FAULTS as error:
            raise JobFailedError(_unable(uri, error)) from error
        except ValueError as error:
            raise JobFailedError(f"ClientError: Manifest {uri} is no JSON: {error}") from error
        if not isinstance(entries, list) or not entries or not _is_prefix(entries[0]):
            raise JobFailedError(f'ClientError: Manifest {uri} must begin with {{"prefix": "s3://…"}}')
        base = entries[0]["prefix"]
        return [(*split(f"{base}{name}"), str(name)) for name in entries[1:]]

    def _keys(self, bucket: str, prefix: str, uri: str) -> Iterator[str]:
        try:
            for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
                yield from (item["Key"] for item in page.get("Contents", ()) if not item["Key"].endswith("/"))
        except _FAULTS as error:
            raise JobFailedError(f"{self._nothing(uri, bucket)} Error message from S3: {fault(error)}") from error

    def _object(self, bucket: str, key: str, path: Path, *, gunzip: bool) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            download_object(self._s3, bucket, key, path)
        except _FAULTS as error:
            raise JobFailedError(_unable(f"s3://{bucket}/{key}", error)) from error
        except OSError as error:  # a name that is too long, or a file where another key needs a directory
            raise JobFailedError(
                f"ClientError: Data download failed: s3://{bucket}/{key} cannot be a file in its directory: "
                f"{error.strerror}"
            ) from error
        if gunzip:
            _gunzip(path, f"s3://{bucket}/{key}")

    def _nothing(self, uri: str, bucket: str) -> str:
        return (
            f'ClientError: Data download failed: No S3 objects found under S3 URL "{uri}" given in input data '
            f"source. Please ensure that the bucket exists in the selected region ({self._region}), that objects "
            f'exist under that S3 prefix, and that the role "{self._role_arn}" has "s3:ListBucket" permissions '
            f'on bucket "{bucket}".'
        )


def download_object(s3: Any, bucket: str, key: str, path: Path) -> None:
    """One object into one file; raises botocore's errors."""
    # A plain get: the transfer manager's HEAD and parallel ranges only cost time over loopback.
    with path.open("wb") as out:
        shutil.copyfileobj(s3.get_object(Bucket=bucket, Key=key)["Body"], out, _CHUNK)


def upload_tree(s3: Any, source: Path, uri: str, extra: dict[str, str]) -> int:
    """Upload every file below `source` under the URI; raises JobFailedError."""
    count = 0
    for path in sorted(file for file in source.rglob("*") if file.is_file()):
        upload_file(s3, path, f"{uri.rstrip('/')}/{path.relative_to(source).as_posix()}", extra)
        count += 1
    return count


def upload_file(s3: Any, path: Path, uri: str, extra: dict[str, str]) -> None:
    """Upload one file; `extra` as `encryption` gives it; raises JobFailedError."""
    bucket, key = split(uri)
    try:
        s3.upload_file(str(path), bucket, key, ExtraArgs=extra)
    except (*_FAULTS, S3UploadFailedError) as error:
        # The transfer manager tells the file's path here, which is nobody's business; S3's answer is the context.
        told = fault(error.__context__ if isinstance(error.__context__, ClientError) else error)
        raise JobFailedError(
            f"ClientError: Artifact upload failed: Unable to upload s3://{bucket}/{key} ({told}). Please ensure that "
            f'the job\'s role has "s3:PutObject" permissions on bucket "{bucket}".'
        ) from error


def encryption(kms_key: str | None) -> dict[str, str]:
    """S3 arguments for a job's KmsKeyId; without one the bucket's default applies."""
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key} if kms_key else {}


def is_s3(uri: str) -> bool:
    """Whether the URI is of the s3:// form (the model also allows https)."""
    return urlsplit(uri).scheme == "s3"


def _relative(key: str, prefix: str) -> str:
    if key == prefix:
        return key.rsplit("/", 1)[-1]
    if prefix.endswith("/") or key.startswith(f"{prefix}/"):
        return key[len(prefix) :].lstrip("/")
    return key[prefix.rfind("/") + 1 :]


def _inside(target: Path, relative: str, uri: str) -> Path:
    """The path below `target`; an S3 key may hold "..", a directory may not."""
    steps = PurePosixPath(relative.lstrip("/")).parts
    if not steps or ".." in steps or "\0" in relative:
        # What AWS does with such a key is not known; here it reaches no file.
        raise JobFailedError(
            f"ClientError: Data download failed: the key '{relative}' under {uri} leaves its directory"
        )
    return target.joinpath(*steps)


def _unable(uri: str, error: Exception) -> str:
    return f"ClientError: Data download failed: Unable to download object {uri} ({fault(error)})"


def _is_prefix(entry: Any) -> bool:
    return isinstance(entry, dict) and isinstance(entry.get("prefix"), str) and entry["prefix"].startswith("s3://")


def _gunzip(path: Path, uri: str) -> None:
    plain = path.with_suffix("") if path.suffix == ".gz" else path.with_name(f"{path.name}.plain")
    try:
        with gzip.open(path, "rb") as compressed, plain.open("wb") as out:
            shutil.copyfileobj(compressed, out)
    except (OSError, EOFError) as error:
        raise JobFailedError(f"ClientError: Data download failed: {uri} is not gzip: {error}") from error
    path.unlink()
    if path.suffix != ".gz":
        plain.rename(path)
