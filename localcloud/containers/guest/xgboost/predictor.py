"""Predictions for a few rows through the library's C interface.

`Booster.inplace_predict` spends as long on preparing a call as the model on answering it; what it prepares is the same
for each single row, and is made once here.
"""

from __future__ import annotations

import ctypes
import json
import math
from typing import Any

import numpy as np

from localcloud.containers.guest.xgboost.library import xgboost as xgb

Array = np.ndarray[Any, Any]
_CONFIG = {
    "type": 0, "training": False, "iteration_begin": 0, "iteration_end": 0, "strict_shape": False, "cache_id": 0,
    "missing": math.nan,
}  # fmt: skip


def make(booster: xgb.Booster) -> Predictor | None:
    """A predictor that gives what `Booster.predict` does; None if this booster or library has no such way."""
    row = np.zeros((1, booster.num_features()), dtype=np.float32)
    try:
        predictor = Predictor(booster)
        found = predictor(row)
    except (AttributeError, xgb.core.XGBoostError):  # a linear booster predicts from matrices only
        return None
    expected = booster.predict(xgb.DMatrix(row), validate_features=False).tolist()
    return predictor if found == expected else None


class Predictor:
    """Not safe for threads: one buffer holds the row, one the answer."""

    def __init__(self, booster: xgb.Booster) -> None:
        self._booster = booster  # its handle must live
        self._library = xgb.core._LIB
        self._config = json.dumps(_CONFIG).encode()
        self._row = np.zeros((1, booster.num_features()), dtype=np.float32)
        self._interface = _interface(self._row)
        self._scores = ctypes.POINTER(ctypes.c_float)()
        self._shape = ctypes.POINTER(ctypes.c_uint64)()
        self._dimensions = ctypes.c_uint64()
        self._out = ctypes.byref(self._shape), ctypes.byref(self._dimensions), ctypes.byref(self._scores)

    def __call__(self, rows: Array) -> list[Any]:
        """The scores of the rows (float32, contiguous): a number or a list for each. Raises XGBoostError."""
        interface = self._interface
        if rows.shape == self._row.shape:
            self._row[0] = rows[0]
        else:
            interface = _interface(rows)
        handle = self._booster.handle
        if self._library.XGBoosterPredictFromDense(handle, interface, self._config, None, *self._out):
            raise xgb.core.XGBoostError(self._library.XGBGetLastError().decode())
        shape = self._shape[: self._dimensions.value]
        scores: list[float] = self._scores[: math.prod(shape)]
        if len(shape) == 1:
            return scores
        nested: list[Any] = np.asarray(scores).reshape(shape).tolist()
        return nested


def _interface(rows: Array) -> bytes:
    interface = rows.__array_interface__
    return json.dumps({**interface, "strides": None, "shape": list(rows.shape)}).encode()
