"""`sam build` on the Python that is here, without Docker, gives the same bytes each time. Fetches wheels: slow."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from tests.contract.application import ROOT
from tests.contract.test_layers import FOLDERS, LIMIT, weight

pytestmark = pytest.mark.slow


def build(folder: Path) -> Path:
    """Build from nothing into `folder`; where what came out lies."""
    places = ["--build-dir", str(folder / "build"), "--cache-dir", str(folder / "cache")]
    environment = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1", "SAM_CLI_TELEMETRY": "0"}
    command = [str(ROOT / ".tools/sam/bin/sam"), "build", *places]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder / "build"


def digests(folder: Path) -> dict[str, str]:
    files = [p for p in folder.rglob("*") if p.is_file()]
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_layers_are_the_same_each_time_and_fit_lambda(tmp_path: Path) -> None:
    first, second = build(tmp_path / "first"), build(tmp_path / "second")
    for name in ("DepsLayer", "AnalysisLayer"):
        assert digests(first / name) == digests(second / name)
        assert not list((first / name).rglob("*.pyc"))
    compiled = {p.name.split(".", 1)[1] for p in (first / "DepsLayer").rglob("*.so")}
    assert compiled == {"cpython-313-aarch64-linux-gnu.so"}  # Lambda's interpreter and processor, not ours
    assert weight(first / "DepsLayer") < 50 * 1024**2
    assert (
        sum(weight(first / name) for name in FOLDERS) + weight(ROOT / "functions") <= LIMIT
    )  # the inspecting function
