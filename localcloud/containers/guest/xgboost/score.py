"""The image's own evaluation metrics, which the XGBoost library lacks (metrics/custom_metrics.py of the image).

They get what the library hands to `custom_metric`: predictions after the objective's transformation.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from sklearn import metrics

from localcloud.containers.guest.xgboost.library import xgboost as xgb

Array = np.ndarray[Any, Any]
_macro, _micro = {"average": "macro", "zero_division": 0}, {"average": "micro", "zero_division": 0}
OF_LABELS: dict[str, Callable[..., float]] = {
    "accuracy": metrics.accuracy_score,
    "balanced_accuracy": metrics.balanced_accuracy_score,
    "f1": partial(metrics.f1_score, **_macro),
    "f1_binary": partial(metrics.f1_score, average="binary"),
    "f1_macro": partial(metrics.f1_score, **_macro),
    "precision": partial(metrics.precision_score, zero_division=0),
    "precision_macro": partial(metrics.precision_score, **_macro),
    "precision_micro": partial(metrics.precision_score, **_micro),
    "recall": partial(metrics.recall_score, zero_division=0),
    "recall_macro": partial(metrics.recall_score, **_macro),
    "recall_micro": partial(metrics.recall_score, **_micro),
}
OF_NUMBERS: dict[str, Callable[..., float]] = {
    "mse": metrics.mean_squared_error,
    "r2": metrics.r2_score,
}


def labels_of(predictions: Array, objective: str) -> Array:
    """Return the classes that predictions of `objective` mean."""
    if predictions.ndim > 1 and predictions.shape[1] > 1:
        return np.asarray(np.argmax(predictions, axis=1))
    flat = predictions.reshape(-1)
    if objective.startswith("multi:"):
        return flat.astype(int)
    return (flat > (0.0 if objective == "binary:logitraw" else 0.5)).astype(int)


def evaluator(names: list[str], objective: str) -> Callable[[Array, xgb.DMatrix], list[tuple[str, float]]]:
    """Return the function that computes the metrics in `names` (metrics.OWN)."""

    def evaluate(predictions: Array, matrix: xgb.DMatrix) -> list[tuple[str, float]]:
        truth = matrix.get_label()
        classes = labels_of(predictions, objective)
        found = []
        for name in names:
            score = OF_LABELS[name](truth, classes) if name in OF_LABELS else OF_NUMBERS[name](truth, predictions)
            found.append((name, float(score)))
        return found

    return evaluate
