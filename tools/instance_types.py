"""Write layers/core/python/dropforge/instance_types.json: the instance types that SageMaker's API knows, by use.

Source: botocore's service model (`sagemaker`, enums TrainingInstanceType, ProcessingInstanceType and
ProductionVariantInstanceType), of the version that is locked. Run `.venv/bin/python tools/instance_types.py` after
`make lock`; with `--check` it only says whether the file is up to date (exit 1 if not).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import botocore
from botocore.loaders import Loader

PATH = Path(__file__).resolve().parent.parent / "layers/core/python/dropforge/instance_types.json"
SHAPES = {
    "training": "TrainingInstanceType",
    "processing": "ProcessingInstanceType",
    "endpoint": "ProductionVariantInstanceType",
}


def made() -> str:
    """The file's text."""
    shapes = Loader().load_service_model("sagemaker", "service-2")["shapes"]
    types = {use: " ".join(sorted(shapes[name]["enum"])) for use, name in SHAPES.items()}
    return json.dumps({"source": f"botocore {botocore.__version__}", **types}, indent=1) + "\n"


def main() -> int:
    """Write, or check."""
    if "--check" in sys.argv:
        return int(PATH.read_text() != made())
    PATH.write_text(made())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
