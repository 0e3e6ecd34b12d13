"""The folders of a function's layers on this machine, without those compiled for another platform."""

from __future__ import annotations

import io
import logging
import zipfile
from pathlib import Path
from typing import Any

from packaging.tags import parse_tag, sys_tags

from localcloud.glue import hooks

Json = dict[str, Any]
logger = logging.getLogger("dropforge.lambda")
_verdicts: dict[str, str] = {}


def search_paths(config: Json) -> list[Path]:
    """Return what the function's layers add to PYTHONPATH, in AWS's order (the last layer wins).

    A layer with wheels for another platform or Python (the third-party one, built for arm64 and 3.13) is left
    out with a log line: locally these packages come from the host's own environment, at the same versions.
    """
    folders: list[Path] = []
    for layer in config.get("Layers") or []:
        content = hooks.target("services.lambda_svc", "_resolve_layer_zip")(layer)
        if not content:
            continue
        arn = layer if isinstance(layer, str) else layer.get("Arn", "")
        foreign = _verdicts.setdefault(arn, foreign_wheel(content))
        if foreign:
            logger.info("layer %s is not used here: %s does not fit this machine", arn, foreign)
            continue
        root = Path(hooks.target("services.lambda_svc", "_provided_runtime_code_dir")(content))
        folders = [*_python_folders(root), *folders]
    return folders


def _python_folders(root: Path) -> list[Path]:
    python = root / "python"
    return [folder for folder in (*sorted(python.glob("lib/python3*/site-packages")), python) if folder.is_dir()]


def foreign_wheel(content: bytes) -> str:
    """Return the name of the first wheel (or extension) in the archive that cannot run here, else ''."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        for name in names:
            if name.endswith(".dist-info/WHEEL") and not _fits(archive.read(name).decode("utf-8", "replace")):
                return name.removesuffix(".dist-info/WHEEL").rsplit("/", 1)[-1]
    return ""


def _fits(wheel: str) -> bool:
    tags = [line.removeprefix("Tag:").strip() for line in wheel.splitlines() if line.startswith("Tag:")]
    here = set(sys_tags())
    return not tags or any(tag in here for text in tags for tag in parse_tag(text))
