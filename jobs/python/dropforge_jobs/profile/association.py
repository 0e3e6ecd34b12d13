"""How well one column alone foretells the target, on sampled rows that it was not fitted on.

The rows are halved by their hash. What each level (or range of numbers) foretells is learnt on one half and judged on
the other, both ways, so a column in which nothing repeats foretells nothing. Numbers are judged by their order, too.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from math import fsum
from typing import Any, Optional

from dropforge_jobs.profile.shape import Spread

#: Ranges into which numbers are divided.
RANGES = 64
#: Below so many rows, or rows of a class, nothing is told.
LEAST_ROWS = 50
LEAST_CLASS = 10
#: From here on a column is said to give the target away. An honest feature that orders two classes so well, or leaves
#: so little to explain, is rare; a copy of the target, or what was written down after it was known, is not.
LEAKS = {"AUC": 0.995, "skill": 0.98, "R²": 0.99}

Keys = Sequence[Any]
Numbers = Sequence[Optional[float]]
Cell = list[float]


@dataclass(frozen=True)
class Labels:
    """The target of the sampled rows: class index or number; the half that each row is in, and how often it occurs."""

    values: Sequence[float]
    halves: Sequence[int]
    weights: Sequence[int]
    problem: str

    def enough(self) -> bool:
        """Whether there are rows enough to tell anything."""
        if sum(self.weights) < LEAST_ROWS:
            return False
        if self.problem == "regression":
            return True
        classes: dict[float, int] = defaultdict(int)
        for label, weight in zip(self.values, self.weights):
            classes[label] += weight
        return sum(count >= LEAST_CLASS for count in classes.values()) > 1


def association(labels: Labels, numbers: Numbers | None, levels: Keys) -> dict[str, Any] | None:
    """The measure for the problem with its value, and the limit from which it is a leak; None for too few rows.

    `numbers` are the column's as such (None: missing) if it holds numbers or dates, else `levels` are its texts.
    """
    if not labels.enough():
        return None
    keys = levels if numbers is None else _ranges(numbers, labels.weights)
    measure, name = MEASURES[labels.problem]
    value = round(max(measure(labels, keys, numbers), 0.0), 4)
    return {"measure": name, "value": value, "threshold": LEAKS[name], "over": value >= LEAKS[name]}


def strength(found: dict[str, Any] | None) -> float:
    """0 for nothing to 1 for everything, whatever the measure."""
    if not found:
        return 0.0
    value = float(found["value"])
    return max(0.0, 2 * value - 1) if found["measure"] == "AUC" else value


def _ranges(numbers: Numbers, weights: Sequence[int]) -> list[int | None]:
    """The range that each number falls into."""
    spread = Spread((number, weight) for number, weight in zip(numbers, weights) if number is not None)
    ends = sorted(set(spread.values))
    if len(ends) > RANGES:
        ends = sorted({spread.quantile(step / RANGES) for step in range(1, RANGES)})
    return [None if number is None else bisect_left(ends, number) for number in numbers]


def _binary(labels: Labels, keys: Keys, numbers: Numbers | None) -> float:
    """The larger of the areas under the ROC curve of what the other half foretells, and of the numbers' order."""
    target, weights = labels.values, labels.weights
    best = area(_foretold(labels, keys), target, weights)
    if numbers is not None:
        known = [row for row, number in enumerate(numbers) if number is not None]
        if 2 * sum(weights[row] for row in known) >= sum(weights):
            scores = [numbers[row] or 0.0 for row in known]
            raw = area(scores, [target[row] for row in known], [weights[row] for row in known])
            best = max(best, raw, 1 - raw)
    return best


def _foretold(labels: Labels, keys: Keys) -> list[float]:
    """The target's mean for each row's key in the other half, drawn towards the mean of all by one row's weight."""
    sums: tuple[dict[Any, Cell], ...] = (defaultdict(lambda: [0.0, 0.0]), defaultdict(lambda: [0.0, 0.0]))
    for key, value, half, weight in zip(keys, labels.values, labels.halves, labels.weights):
        cell = sums[half][key]
        cell[0] += value * weight
        cell[1] += weight
    mean = _mean(labels)
    none = [0.0, 0.0]
    cells = (sums[1 - half].get(key, none) for key, half in zip(keys, labels.halves))
    return [(cell[0] + mean) / (cell[1] + 1) for cell in cells]


def _mean(labels: Labels) -> float:
    return fsum(value * weight for value, weight in zip(labels.values, labels.weights)) / sum(labels.weights)


def area(scores: Sequence[float], target: Sequence[float], weights: Sequence[int]) -> float:
    """The area under the ROC curve: how often a positive row scores above a negative one; ties count half."""
    won = negatives = positives = 0.0
    for _, rows in groupby(sorted(zip(scores, target, weights)), key=lambda row: row[0]):
        below, here = negatives, 0.0
        for _, label, weight in rows:
            if label:
                here += weight
            else:
                negatives += weight
        won += here * (below + negatives) / 2
        positives += here
    return won / (positives * negatives) if positives and negatives else 0.5


def _skill(labels: Labels, keys: Keys, _: Numbers | None) -> float:
    """The part of the errors of always saying the most frequent class that the column avoids."""
    tables: tuple[dict[Any, Counter[float]], ...] = (defaultdict(Counter), defaultdict(Counter))
    overall: Counter[float] = Counter()
    for key, label, half, weight in zip(keys, labels.values, labels.halves, labels.weights):
        tables[half][key][label] += weight
        overall[label] += weight
    common = _most(overall)
    best = [{key: _most(found) for key, found in table.items()} for table in tables]
    rows = zip(keys, labels.values, labels.halves, labels.weights)
    right = sum(weight for key, label, half, weight in rows if best[1 - half].get(key, common) == label)
    total = sum(labels.weights)
    errors = total - overall[common]
    return 1 - (total - right) / errors if errors else 0.0


def _most(counts: Counter[float]) -> float:
    """The most frequent class; of equals the first."""
    return min(counts, key=lambda label: (-counts[label], label))


def _explained(labels: Labels, keys: Keys, numbers: Numbers | None) -> float:
    """The part of the target's variance that the column explains, by ranges or by rank."""
    target, weights = labels.values, labels.weights
    told, mean = _foretold(labels, keys), _mean(labels)
    spread = sum(weight * (value - mean) ** 2 for value, weight in zip(target, weights))
    left = sum(weight * (value - guess) ** 2 for value, guess, weight in zip(target, told, weights))
    found = 1 - left / spread if spread else 0.0
    if numbers is not None and None not in numbers:
        found = max(found, _rank_correlation(numbers, target, weights) ** 2)
    return found


def _rank_correlation(numbers: Numbers, target: Sequence[float], weights: Sequence[int]) -> float:
    """Spearman's: the correlation of the ranks; ties share their mean rank."""
    first, second = _ranks(numbers, weights), _ranks(target, weights)
    total = sum(weights)
    middle = total / 2
    both = one = other = 0.0
    for left, right, weight in zip(first, second, weights):
        both += weight * (left - middle) * (right - middle)
        one += weight * (left - middle) ** 2
        other += weight * (right - middle) ** 2
    return both / (one * other) ** 0.5 if one and other else 0.0


def _ranks(values: Sequence[Any], weights: Sequence[int]) -> list[float]:
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks, passed = [0.0] * len(values), 0.0
    for _, group in groupby(order, key=values.__getitem__):
        rows = list(group)
        weight = sum(weights[row] for row in rows)
        for row in rows:
            ranks[row] = passed + weight / 2
        passed += weight
    return ranks


MEASURES: dict[str, tuple[Callable[[Labels, Keys, Numbers | None], float], str]] = {
    "binary": (_binary, "AUC"),
    "multiclass": (_skill, "skill"),
    "regression": (_explained, "R²"),
}
