"""A complete drop becomes a frozen data set, its version the digest of its content."""

from __future__ import annotations

import hashlib
import json

import boto3
from dropforge import names
from dropforge.errors import DropChangedError, DropEmptyError
from dropforge.handler import takes
from dropforge.plan import Frozen, FrozenDataset
from dropforge.project import Project
from dropforge.settings import Settings
from training.code_archive import freeze_code
from training.freeze import Bucket, Source, digest_of
from training.models import FreezeDrop
from training.sources import Drops


class FreezeDropSettings(Settings):
    """The environment of `freeze_drop`."""

    data_bucket_name: str
    artifacts_bucket_name: str
    drops_table_name: str


settings = FreezeDropSettings.read()
bucket = Bucket(boto3.client("s3"), settings.data_bucket_name, settings.artifacts_bucket_name)
drops = Drops(boto3.client("dynamodb"), settings.drops_table_name, bucket)


@takes(FreezeDrop)
def handler(facts: FreezeDrop) -> FrozenDataset:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    sources = drops.of(facts.project, facts.channel, facts.folder, facts.drop, facts.reason)
    frozen = _freeze(facts.project, sources)
    if frozen is None:
        raise DropEmptyError("every object of the drop was deleted before it could be frozen")
    dataset, objects, size = frozen
    held_out = drops.latest(facts.project, "validation")
    validation = _freeze(facts.project, held_out) if held_out else None
    config = Project.model_validate_json(facts.config)
    target = names.run_folder(settings.artifacts_bucket_name, facts.project, facts.run).below("sourcedir.tar.gz")
    code = freeze_code(bucket, facts.project, target) if config.script else None
    first = min(sources, key=lambda s: s.name)
    parts = (
        dataset.digest,
        validation[0].digest if validation else None,
        code.digest if code else None,
        hashlib.sha256(facts.config.encode()).hexdigest(),
    )
    return FrozenDataset(
        digest=dataset.digest,
        uri=dataset.uri,
        objects=objects,
        bytes=size,
        validation=validation[0] if validation else None,
        head=bucket.head(first),
        code=code,
        fingerprint=hashlib.sha256(json.dumps(parts).encode()).hexdigest(),
    )


def _freeze(project: str, sources: list[Source], tries: int = 3) -> tuple[Frozen, int, int] | None:
    """Hash and copy; the frozen copy, its number of objects and its bytes. None if nothing is left.

    An object that is overwritten meanwhile is read once more, as it is then.
    """
    try:
        return _freeze_once(project, sources)
    except DropChangedError:
        if tries == 1:
            raise
        return _freeze(project, sources, tries - 1)


def _freeze_once(project: str, sources: list[Source]) -> tuple[Frozen, int, int] | None:
    hashed = bucket.hash_all(sources)
    if not hashed:
        return None
    digest = digest_of((h.source.name, h.digest) for h in hashed)
    target = names.dataset_folder(settings.artifacts_bucket_name, project, digest)
    bucket.copy_all(hashed, target)
    return Frozen(digest=digest, uri=target.uri), len(hashed), sum(h.size for h in hashed)
