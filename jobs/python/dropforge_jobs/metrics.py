"""How good predictions are, in the form of Model Monitor's model quality statistics.

Source of the form: "Schema for Statistics" and "Model quality metrics" in the SageMaker developer guide: each
metric is {"value", "standard_deviation"}; the deviation is the string "NaN" below 200 rows. Here it is the spread of
100 bootstrap samples with a fixed seed. A sample is a weight per row, so every metric is a function of weights.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from dropforge_jobs.ranking import Ranking

Array = np.ndarray[Any, Any]
Metrics = dict[str, float]
SAMPLES = 100
FEWEST_ROWS = 200
SMALLEST_PROBABILITY = 1e-15
BETAS = {"f0_5": 0.5, "f1": 1.0, "f2": 2.0}


def with_deviations(measure: Callable[[Array], Metrics], rows: int) -> dict[str, Any]:
    """Each metric of `measure(weights)` with its standard deviation; one that is not defined is left out."""
    values = measure(np.ones(rows))
    samples = []
    if rows >= FEWEST_ROWS:
        random = np.random.default_rng(0)
        for _ in range(SAMPLES):
            samples.append(measure(np.bincount(random.integers(0, rows, rows), minlength=rows).astype(float)))
    result = {}
    for name, value in values.items():
        if np.isfinite(value):
            seen = [sample[name] for sample in samples if np.isfinite(sample[name])]
            deviation = float(np.std(seen)) if len(seen) > 1 else "NaN"
            result[name] = {"value": float(value), "standard_deviation": deviation}
    return result


def _ratio(part: Any, whole: Any) -> float:
    """part / whole, and 0 where there is nothing to divide by (as Model Monitor has it)."""
    return float(part / whole) if whole else 0.0


def _f_scores(precision: float, recall: float) -> Metrics:
    return {
        name: _ratio((1 + beta**2) * precision * recall, beta**2 * precision + recall) for name, beta in BETAS.items()
    }


def confusion(truth: Array, predicted: Array, classes: int, weights: Array | None = None) -> Array:
    """Rows by true class (first axis) and predicted class."""
    cells = np.bincount(truth * classes + predicted, weights, minlength=classes * classes)
    return cells.reshape(classes, classes)


def _binary_rates(matrix: Array) -> Metrics:
    (tn, fp), (fn, tp) = matrix
    precision, recall = _ratio(tp, tp + fp), _ratio(tp, tp + fn)
    return {
        "accuracy": _ratio(tp + tn, matrix.sum()),
        "precision": precision,
        "recall": recall,
        **_f_scores(precision, recall),
        "true_positive_rate": recall,
        "true_negative_rate": _ratio(tn, tn + fp),
        "false_positive_rate": _ratio(fp, tn + fp),
        "false_negative_rate": _ratio(fn, tp + fn),
    }


def _constant(truth: Array, classes: int) -> Array:
    """The prediction of the best constant classifier: the most frequent class, for every row."""
    return np.full_like(truth, np.bincount(truth, minlength=classes).argmax())


def binary(truth: Array, predicted: Array, scores: Array | None, names: list[str]) -> dict[str, Any]:
    """Metrics of a two-class model; class 1 is positive, `scores` its probabilities if there are any."""
    order = None if scores is None else Ranking(truth, scores)
    guess = _constant(truth, 2)

    def measure(weights: Array) -> Metrics:
        found = _binary_rates(confusion(truth, predicted, 2, weights))
        constant = _binary_rates(confusion(truth, guess, 2, weights))
        for name in ("accuracy", "precision", "recall", *BETAS):
            found[f"{name}_best_constant_classifier"] = constant[name]
        if order is not None and scores is not None:
            found["auc"] = order.auc(weights)
            found["log_loss"] = log_loss(truth, np.column_stack([1 - scores, scores]), weights)
        return found

    result = {"confusion_matrix": _named(confusion(truth, predicted, 2), names)}
    result.update(with_deviations(measure, len(truth)))
    if order is not None:
        result.update(order.curves())
    return result


def multiclass(truth: Array, predicted: Array, probabilities: Array | None, names: list[str]) -> dict[str, Any]:
    """Metrics of a model of several classes."""
    count = len(names)
    guess = _constant(truth, count)

    def measure(weights: Array) -> Metrics:
        found = _multiclass_rates(confusion(truth, predicted, count, weights))
        constant = _multiclass_rates(confusion(truth, guess, count, weights))
        found.update({f"{name}_best_constant_classifier": value for name, value in constant.items()})
        if probabilities is not None:
            found["log_loss"] = log_loss(truth, probabilities, weights)
        return found

    result = {"confusion_matrix": _named(confusion(truth, predicted, count), names)}
    result.update(with_deviations(measure, len(truth)))
    return result


def _multiclass_rates(matrix: Array) -> Metrics:
    """Accuracy, and means over the classes: plain (macro) and by their frequency (weighted)."""
    rates = []
    for place in range(len(matrix)):
        precision = _ratio(matrix[place, place], matrix[:, place].sum())
        recall = _ratio(matrix[place, place], matrix[place].sum())
        rates.append({"precision": precision, "recall": recall, **_f_scores(precision, recall)})
    sizes = matrix.sum(axis=1)
    present = sizes > 0
    found = {"accuracy": _ratio(np.trace(matrix), matrix.sum())}
    for name in rates[0]:
        values = np.array([rate[name] for rate in rates])
        found[f"weighted_{name}"] = _ratio((values * sizes).sum(), sizes.sum())
        found[f"macro_{name}"] = float(values[present].mean())
    return found


def regression(truth: Array, predicted: Array) -> dict[str, Any]:
    """mae, mse, rmse and r2 of a model that predicts numbers."""

    def measure(weights: Array) -> Metrics:
        return _errors(truth, predicted, weights)

    return with_deviations(measure, len(truth))


def _errors(truth: Array, predicted: Array, weights: Array) -> Metrics:
    total = weights.sum()
    squared = float((weights * (truth - predicted) ** 2).sum() / total)
    mean = (weights * truth).sum() / total
    variance = float((weights * (truth - mean) ** 2).sum() / total)
    return {
        "mae": float((weights * abs(truth - predicted)).sum() / total),
        "mse": squared,
        "rmse": float(np.sqrt(squared)),
        "r2": 1 - squared / variance if variance else float("nan"),
    }


def baseline(problem: str, truth: Array, classes: int) -> Metrics:
    """What the best constant answer reaches on the same rows: the most frequent class, or the mean."""
    if problem == "regression":
        ones = np.ones(len(truth))
        found = _errors(truth, np.full(len(truth), truth.mean()), ones)
        return {name: value for name, value in found.items() if np.isfinite(value)}
    rates = _binary_rates if problem == "binary" else _multiclass_rates
    found = rates(confusion(truth, _constant(truth, classes), classes))
    shares = np.bincount(truth, minlength=classes) / len(truth)
    found["log_loss"] = log_loss(truth, np.tile(shares, (len(truth), 1)), np.ones(len(truth)))
    if problem == "binary":
        found["auc"] = 0.5
    return found


def log_loss(truth: Array, probabilities: Array, weights: Array) -> float:
    """The mean of -log(probability given to the true class)."""
    given = np.clip(probabilities[np.arange(len(truth)), truth], SMALLEST_PROBABILITY, 1)
    return float(-(weights * np.log(given)).sum() / weights.sum())


def _named(matrix: Array, names: list[str]) -> dict[str, dict[str, int]]:
    """The confusion matrix as Model Monitor writes it: true class, then predicted class."""
    return {name: dict(zip(names, map(int, row))) for name, row in zip(names, matrix)}
