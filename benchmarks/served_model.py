"""The model that all servers of `benchmarks.endpoint` serve: 100 trees of depth 6 over 14 columns."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import xgboost

COLUMNS, ROWS, TREES, DEPTH = 14, 4000, 100, 6


def train() -> xgboost.Booster:
    """A booster that says whether a noisy sum is above its middle."""
    random = np.random.default_rng(0)
    rows = random.normal(size=(ROWS, COLUMNS)).astype(np.float32)
    labels = (rows @ random.normal(size=COLUMNS) + random.normal(size=ROWS) > 0).astype(int)
    settings: dict[str, Any] = {"objective": "binary:logistic", "max_depth": DEPTH, "nthread": 1}
    return xgboost.train(settings, xgboost.DMatrix(rows, labels), num_boost_round=TREES)


def row() -> list[float]:
    """One row to ask with."""
    return [round(float(value), 4) for value in np.random.default_rng(1).normal(size=COLUMNS)]


def archive(booster: xgboost.Booster) -> bytes:
    """The model.tar.gz that SageMaker serves."""
    raw = bytes(booster.save_raw("ubj"))
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        info = tarfile.TarInfo("xgboost-model")
        info.size = len(raw)
        tar.addfile(info, io.BytesIO(raw))
    return buffer.getvalue()


def save(booster: xgboost.Booster, path: Path) -> None:
    """The booster as a file of XGBoost's own."""
    booster.save_model(path)
