"""Where a container's files are: /opt/ml, or the directory that plays it (SAGEMAKER_BASE_DIR)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

FAILURE_LIMIT = 1024


def base() -> Path:
    """Return /opt/ml as this process sees it."""
    return Path(os.environ.get("SAGEMAKER_BASE_DIR", "/opt/ml"))


def config(name: str) -> dict[str, Any]:
    """Return a file of /opt/ml/input/config, {} where it does not exist."""
    path = base() / "input/config" / name
    if not path.is_file():
        return {}
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def plain(value: str | None) -> str | None:
    """Return a hyperparameter's text: the SageMaker SDK v2 sends strings as JSON, in quotes."""
    if value is None or not value.startswith('"'):
        return value or None
    return str(json.loads(value))


def write_failure(message: str) -> None:
    """Leave the reason of a failure where SageMaker reads it."""
    folder = base() / "output"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "failure").write_text(message[:FAILURE_LIMIT], encoding="utf-8")
