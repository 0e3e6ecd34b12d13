"""What the order of scores tells: the ROC curve, its area, and precision against recall."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
CURVE_POINTS = 100


class Ranking:
    """Rows by falling score, so that curves and areas of many samples need one sorting."""

    def __init__(self, truth: Array, scores: Array) -> None:
        self.order = np.argsort(-scores, kind="stable")
        ranked = scores[self.order]
        # Rows of equal score cannot be told apart: a curve has a point only where the score changes.
        self.last = np.flatnonzero(np.append(np.diff(ranked) != 0, True))
        self.truth = truth[self.order]

    def points(self, weights: Array) -> tuple[Array, Array]:
        """True and false positives (weights) if all rows up to each change of score are called positive."""
        ranked = weights[self.order]
        positives = np.cumsum(ranked * self.truth)[self.last]
        negatives = np.cumsum(ranked * (1 - self.truth))[self.last]
        return positives, negatives

    def auc(self, weights: Array) -> float:
        """The area under the ROC curve; NaN if there is one class only."""
        positives, negatives = self.points(weights)
        if not positives[-1] or not negatives[-1]:
            return float("nan")
        heights = np.concatenate([[0], positives])
        steps = np.diff(np.concatenate([[0], negatives]))
        return float((steps * (heights[1:] + heights[:-1]) / 2).sum() / (positives[-1] * negatives[-1]))

    def curves(self) -> dict[str, Any]:
        """The ROC and precision-recall curves, thinned to CURVE_POINTS points."""
        positives, negatives = self.points(np.ones(len(self.truth)))
        if not positives[-1] or not negatives[-1]:
            return {}
        chosen = np.unique(np.linspace(0, len(positives) - 1, CURVE_POINTS).round().astype(int))
        tp, fp = positives[chosen], negatives[chosen]
        return {
            "receiver_operating_characteristic_curve": {
                "false_positive_rates": [0.0, *_rounded(fp / negatives[-1])],
                "true_positive_rates": [0.0, *_rounded(tp / positives[-1])],
            },
            "precision_recall_curve": {
                "precisions": _rounded(tp / (tp + fp)),
                "recalls": _rounded(tp / positives[-1]),
            },
        }


def _rounded(values: Array) -> list[float]:
    return [round(float(value), 6) for value in values]
