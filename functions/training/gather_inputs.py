"""What a run learns from besides its drop: validation data and code, frozen, and the fingerprint of it all."""

from __future__ import annotations

import hashlib
import json

import boto3
from dropforge import names
from dropforge.handler import takes
from dropforge.plan import Code, Frozen, FrozenDataset
from dropforge.project import Project
from dropforge.settings import Settings
from training.code_archive import freeze_code
from training.models import GatherInputs
from training.validation import latest_validation


class GatherInputsSettings(Settings):
    """The environment of `gather_inputs`."""

    data_bucket_name: str
    artifacts_bucket_name: str
    drops_table_name: str


settings = GatherInputsSettings.read()
s3 = boto3.client("s3")
dynamodb = boto3.client("dynamodb")


@takes(GatherInputs)
def handler(facts: GatherInputs) -> FrozenDataset:
    """Lambda handler; see functions/README.md for what it takes and gives."""
    config = Project.model_validate_json(facts.config)
    validation = latest_validation(dynamodb, settings.drops_table_name, facts.project)
    target = names.run_folder(settings.artifacts_bucket_name, facts.project, facts.run).below("sourcedir.tar.gz")
    code = freeze_code(s3, settings.data_bucket_name, facts.project, target) if config.script else None
    return facts.dataset.model_copy(
        update={"validation": validation, "code": code, "fingerprint": _fingerprint(facts, config, validation, code)}
    )


def _fingerprint(facts: GatherInputs, config: Project, validation: Frozen | None, code: Code | None) -> str:
    """The same data, code and settings have the same; names of files count only for a script, which may read them."""
    version = "digest" if config.script else "content"
    parts = (
        getattr(facts.dataset, version),
        getattr(validation, version) if validation else None,
        code.digest if code else None,
        config.training_fingerprint(),
    )
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
