"""The trained archive, the preprocessor and the serving code become one archive, for one container."""

from __future__ import annotations

import tempfile
from importlib import resources
from typing import Any

import boto3
from dropforge import names
from dropforge.handler import takes
from dropforge.settings import Settings
from dropforge_jobs.package import SERVING_FILES, package, read_members
from training.models import PackageModel


class PackageModelSettings(Settings):
    """The environment of `package_model`."""

    artifacts_bucket_name: str


settings = PackageModelSettings.read()
s3 = boto3.client("s3")


@takes(PackageModel)
def handler(facts: PackageModel) -> dict[str, Any]:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    added = {path: _read(uri) for path, uri in facts.additions.get("files", {}).items()}
    added |= {f"code/{name}": content for name, content in _code(facts.additions.get("code")).items()}
    bucket, key = names.split_uri(facts.source)
    target_bucket, target_key = names.split_uri(facts.target)
    with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as target:
        s3.download_fileobj(bucket, key, source)
        source.seek(0)
        digest = package(source, target, added)
        target.seek(0)
        s3.upload_fileobj(target, target_bucket, target_key)
    return {"model_data_url": facts.target, "digest": digest}


def _code(uri: str | None) -> dict[str, bytes]:
    """The user's code, or, for a built-in algorithm, our own serving modules."""
    if uri is None:
        ours = resources.files("dropforge_jobs")
        return {name: ours.joinpath(name).read_bytes() for name in SERVING_FILES}
    with tempfile.TemporaryFile() as archive:
        s3.download_fileobj(*names.split_uri(uri), archive)
        archive.seek(0)
        return read_members(archive)


def _read(uri: str) -> bytes:
    bucket, key = names.split_uri(uri)
    content: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    return content
