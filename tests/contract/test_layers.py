"""What a function weighs: Lambda takes 250 MB, its code and all its layers together and unzipped, and five layers.

The wheels that are installed stand in for the layers: the same versions, for another processor. What `sam build` makes
for Lambda's own is weighed in test_build.py, which is slow.
"""

from __future__ import annotations

import importlib.metadata
import re
from pathlib import Path

import pytest

from tests.contract.application import ROOT, functions, root

LIMIT = 250 * 1024**2  # "Lambda quotas": deployment package, unzipped, layers included
FOLDERS = {
    "CoreLayer": "layers/core",
    "DepsLayer": "layers/deps",
    "AnalysisLayer": "layers/analysis",
    "JobsLayer": "jobs",
}
OF_EVERY_ROW = 2  # Globals of its stack: core and deps


def weight(folder: Path) -> int:
    """The bytes of what would be packed."""
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file() and "__pycache__" not in p.parts)


def locked(folder: str) -> list[str]:
    """The distributions in a layer's lock file."""
    text = (ROOT / folder / "requirements.txt").read_text(encoding="utf-8")
    return re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE)


def installed(name: str) -> int:
    """The bytes of a distribution as it is installed here, without byte code."""
    files = importlib.metadata.files(name) or []
    places = [Path(str(file.locate())) for file in files if "__pycache__" not in file.parts]
    assert places, name
    return sum(place.stat().st_size for place in places if place.is_file())


def layer(name: str) -> int:
    """The bytes of a layer; of one that is built, those of its distributions."""
    folder = FOLDERS[name]
    if (ROOT / folder / "requirements.txt").exists():
        return sum(installed(distribution) for distribution in locked(folder))
    return weight(ROOT / folder)


def test_the_inspecting_function_fits_lambda() -> None:
    sizes = {name: layer(name) for name in FOLDERS}
    assert sizes["AnalysisLayer"] > 50 * 1024**2, "pyarrow was weighed"
    total = sum(sizes.values()) + weight(ROOT / "functions")
    assert total <= LIMIT, {name: f"{size / 1024**2:.0f} MiB" for name, size in sizes.items()}


def test_the_inspecting_function_has_the_layers_that_are_weighed() -> None:
    own = {arn.split(":")[-2] for arn in functions()["IntakeInspectDropFunction"]["Layers"]}
    assert own == {"dropforge-jobs", "dropforge-analysis"}
    assert set(root().of("AWS::Serverless::LayerVersion")) == set(FOLDERS)


@pytest.mark.parametrize("name", functions())
def test_a_function_has_at_most_five_layers(name: str) -> None:
    assert len(functions()[name].get("Layers", [])) + OF_EVERY_ROW <= 5


def test_one_dataframe_library_is_in_the_layers() -> None:
    assert locked(FOLDERS["AnalysisLayer"]) == ["pyarrow"]
    assert {"pandas", "numpy", "polars", "awswrangler"}.isdisjoint(locked(FOLDERS["DepsLayer"]))
