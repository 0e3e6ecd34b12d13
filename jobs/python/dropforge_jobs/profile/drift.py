"""Whether a column is spread otherwise than in the last data set.

Numbers and dates: the population stability index over the last data set's deciles (0.25 and more is called a major
shift, Siddiqi 2006). Words: the Jensen–Shannon distance of the frequent values' shares (0.2 is about a PSI of 0.25).
"Missing" is a bin of its own. Small data sets differ by chance: there the threshold is what chance alone exceeds once
in a thousand times (PSI of equal distributions is χ² times 1/n + 1/m: Yurdakul 2018).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from math import log, log2, sqrt
from typing import Any

from dropforge_jobs.profile.shape import Spread, bins, shares
from dropforge_jobs.profile.values import Values, show

MAJOR_PSI = 0.25
MAJOR_DISTANCE = 0.2
#: Values of a column of words whose shares are compared; the others are taken together.
COMPARED = 50
#: Values that did not occur before and are told.
NEW_VALUES = 3
#: The normal deviate that chance exceeds once in a thousand times.
ONE_IN_A_THOUSAND = 3.09


def basis(numbers: Spread | None, values: Values | None, missing: float, rows: float) -> dict[str, Any]:
    """What the next data set is compared with: shares by bin of numbers, or of frequent values; `rows` they rest on.

    Without numbers and values only the share of missing ones is kept.
    """
    found: dict[str, Any] = {"missing": round(missing, 6), "rows": round(rows)}
    if numbers is not None and numbers.values:
        return {**found, **bins(numbers)}
    if values is not None and values.weights:
        total = sum(values.weights.values())
        ranked = sorted(values.weights.items(), key=lambda item: (-item[1], item[0]))[:COMPARED]
        levels: dict[str, float] = {}
        for text, weight in ranked:
            levels[show(text)] = levels.get(show(text), 0.0) + weight / total
        found["levels"] = {text: round(share, 6) for text, share in levels.items()}
    return found


def compare(
    before: Mapping[str, Any],
    numbers: Spread | None,
    values: Values | None,
    missing: float,
    rows: float,
) -> dict[str, Any] | None:
    """How far the column has moved from `before`, the last data set's `basis`; None if either has no rows."""
    if not before.get("rows") or not rows:
        return None
    found = judged(before, _vectors(before, numbers, values), missing, rows)
    if "edges" not in before:
        found["new"] = _new(before, values)
    return found


def judged(
    before: Mapping[str, Any], vectors: tuple[Sequence[float], Sequence[float]], missing: float, rows: float
) -> dict[str, Any]:
    """How far shares have moved: `vectors` are then and now by the bins of `before`, a basis; `rows` those of now."""
    old = [before["missing"], *((1 - before["missing"]) * share for share in vectors[0])]
    new = [missing, *((1 - missing) * share for share in vectors[1])]
    chance = _chance(len(old), before["rows"], rows)
    found: dict[str, Any] = {"missing_before": before["missing"], "missing": round(missing, 6)}
    if "edges" in before:
        threshold, value = max(MAJOR_PSI, chance), psi(old, new, before["rows"], rows)
        found.update(measure="PSI", ks=round(_ks(old[1:], new[1:]), 4))
    else:
        threshold, value = max(MAJOR_DISTANCE, sqrt(chance / (8 * log(2)))), distance(old, new)
        found.update(measure="JS")
    return {**found, "value": round(value, 4), "threshold": round(threshold, 4), "over": value >= threshold}


def _vectors(
    before: Mapping[str, Any], numbers: Spread | None, values: Values | None
) -> tuple[list[float], list[float]]:
    """The shares then and now, bin by bin."""
    if "edges" in before:
        old = [float(share) for share in before["shares"]]
        return old, shares(numbers, before["edges"]) if numbers and numbers.values else [0.0] * len(old)
    levels = before.get("levels")
    if not levels:
        return [1.0], [1.0]  # only what is missing is compared
    old = [float(share) for share in levels.values()]
    now: dict[str, float] = {}
    total = sum(values.weights.values()) if values else 0
    for text, weight in values.weights.items() if values else ():
        now[show(text)] = now.get(show(text), 0.0) + weight / total
    new = [now.get(text, 0.0) for text in levels]
    return [*old, max(0.0, 1 - sum(old))], [*new, max(0.0, 1 - sum(new))]


def _new(before: Mapping[str, Any], values: Values | None) -> list[dict[str, Any]]:
    """The most frequent values that did not occur before, if all that did are known."""
    levels = before.get("levels")
    if not levels or values is None or sum(levels.values()) < 1 - 1e-4:
        return []
    total = sum(values.weights.values())
    top = sorted(values.weights.items(), key=lambda item: (-item[1], item[0]))[:COMPARED]
    new = [{"value": show(text), "share": round(weight / total, 6)} for text, weight in top if show(text) not in levels]
    return new[:NEW_VALUES]


def psi(old: Sequence[float], new: Sequence[float], old_rows: float, new_rows: float) -> float:
    """The population stability index; half a row is added to each bin, so that none is empty."""
    first = [(share * old_rows + 0.5) / (old_rows + len(old) / 2) for share in old]
    second = [(share * new_rows + 0.5) / (new_rows + len(new) / 2) for share in new]
    return sum((right - left) * log(right / left) for left, right in zip(first, second))


def distance(old: Sequence[float], new: Sequence[float]) -> float:
    """The Jensen–Shannon distance, 0 to 1."""
    middle = [(left + right) / 2 for left, right in zip(old, new)]
    divergence = sum(  # the mean of the smallest float and 0 is 0
        share * log2(share / mean) / 2 for side in (old, new) for share, mean in zip(side, middle) if share > 0 < mean
    )
    return sqrt(max(divergence, 0.0))


def _ks(old: Sequence[float], new: Sequence[float]) -> float:
    """The largest difference of the two distribution functions at the bins' edges."""
    left, right = sum(old) or 1.0, sum(new) or 1.0
    return max(abs(one / left - other / right) for one, other in zip(accumulate(old), accumulate(new)))


def _chance(count: int, old_rows: float, new_rows: float) -> float:
    """What the PSI of equal distributions exceeds once in a thousand times (χ² after Wilson and Hilferty)."""
    free = max(count - 1, 1)
    part = 2 / (9 * free)
    return (1 / old_rows + 1 / new_rows) * free * (1 - part + ONE_IN_A_THOUSAND * sqrt(part)) ** 3
