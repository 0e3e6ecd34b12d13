"""What is otherwise in one data set than in another, from their profiles alone: the data need not be read again.

Shares by the bins of the one are read off the other's distribution, straight between its own bins' edges; so a figure
near its threshold may be told otherwise than by `drift`, which has the values.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from math import inf, nextafter
from typing import Any

from dropforge_jobs.profile.drift import judged
from dropforge_jobs.profile.schema import changes
from dropforge_jobs.profile.words import place, share

#: Columns, and values of a column, that are told; the others are counted.
TOLD_COLUMNS, TOLD_VALUES = 10, 3
#: A share that changed by less is not worth a word.
TELLING = 0.02


def since(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, Any]:
    """How `now` differs from `before`, both profile.json.

    `rows` and `columns`: [then, now]; `missing`, `new`, `renamed`, `kinds`: as `schema.changes` gives them, the first
    TOLD_COLUMNS of each, all counted in `counts`; `moved`: [{name, target, text}], the target first, then the farthest.
    """
    old = {column["name"]: column for column in before["columns"]}
    moved = [found for column in now["columns"] if (found := _moved(old.get(column["name"]), column))]
    moved.sort(key=lambda found: (not found["target"], -found.pop("far")))
    lists = {key: value for key, value in changes(before["columns"], now["columns"]).items() if isinstance(value, list)}
    lists["moved"] = moved
    return {
        "rows": [before["rows"], now["rows"]],
        "columns": [before["columns_count"], now["columns_count"]],
        "counts": {key: len(value) for key, value in lists.items()},
        **{key: value[:TOLD_COLUMNS] for key, value in lists.items()},
    }


def _moved(before: Mapping[str, Any] | None, now: Mapping[str, Any]) -> dict[str, Any] | None:
    """A column that is spread otherwise, and how; None if it is not, or if the two cannot be compared."""
    if before is None or before.get("family") != now["family"] or not {"basis"} <= before.keys() & now.keys():
        return None
    old, new = before["basis"], now["basis"]
    if not old["rows"] or not new["rows"]:
        return None
    missing = {"missing": old["missing"], "rows": old["rows"]}
    alike = {"edges", "levels"} & old.keys() & new.keys() and before["kind"] == now["kind"]
    found = judged(
        old if alike else missing, _pair(before, now) if alike else ([1.0], [1.0]), new["missing"], new["rows"]
    )
    if not found["over"]:
        return None
    far = found["value"] / found["threshold"]
    text = "; ".join(_told(before, now)) or f"{found['measure']} {found['value']:.2f}"
    return {"name": now["name"], "target": now.get("role") == "target", "far": far, "text": text}


def _pair(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[list[float], list[float]]:
    """The shares then and now, by the bins of then."""
    old, new = before["basis"], now["basis"]
    if "edges" in old:
        knots, single = _knots(now), _single(new)
        below = [_below(knots, edge, single) for edge in old["edges"]]
        return list(old["shares"]), [right - left for left, right in zip([0.0, *below], [*below, 1.0])]
    levels = new["levels"]
    # What is too rare now to have been kept is at most as frequent as the rarest that was.
    rare = min(levels.values()) if sum(levels.values()) < 1 - 1e-4 else 0.0
    first = list(old["levels"].values())
    second = [levels.get(text, min(value, rare)) for text, value in old["levels"].items()]
    return [*first, max(0.0, 1 - sum(first))], [*second, max(0.0, 1 - sum(second))]


def _below(knots: Sequence[tuple[float, float]], edge: float, single: bool) -> float:
    """The share of values that are not above `edge`: straight between knots, or in steps if `single`."""
    at = bisect_right(knots, (edge, inf))
    if at == 0:
        return knots[0][1] / 2
    if at == len(knots):
        return (knots[-1][1] + 1) / 2 if knots[-1][0] < edge else knots[-1][1]
    (left, below), (right, until) = knots[at - 1], knots[at]
    part = 0.0 if single else (edge - left) / (right - left)
    return below + part * (until - below)


def _knots(column: Mapping[str, Any]) -> list[tuple[float, float]]:
    """Values with the share that is not above them: the bins' edges, and the quantiles outside of them."""
    basis = column["basis"]
    edges: list[float] = basis["edges"]
    found = list(zip(edges, accumulate(basis["shares"])))
    for name, value in ({} if _single(basis) else _quantiles(column)).items():
        if not edges[0] <= value <= edges[-1]:
            found.append((value, int(name[1:]) / 100))
    return sorted(found)


def _quantiles(column: Mapping[str, Any]) -> dict[str, float]:
    """Those of `shape.quantiles`; none of a column without numbers or dates."""
    figures = column.get("dates" if column["family"] == "dates" else "numbers") or {}
    found: dict[str, float] = figures.get("quantiles") or {}
    return found


def _single(basis: Mapping[str, Any]) -> bool:
    """Whether each bin is a number of its own: see `shape.bins`."""
    edges: Sequence[float] = basis.get("edges", ())
    return len(edges) > 1 and edges[0] == nextafter(edges[1], -inf)


def _told(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """What a person would say of it."""
    old, new = before["basis"], now["basis"]
    if abs(new["missing"] - old["missing"]) >= TELLING:
        yield f"missing in {share(old['missing'])} → {share(new['missing'])}"
    first, second = _levels(old), _levels(new)
    if first is not None and second is not None:
        yield from _values(first, second, "of {} characters" if now["kind"] == "text" else "{!r}")
        return
    dates = now["family"] == "dates"
    keys = [_quantiles(column) for column in (before, now)]
    if all(keys):
        middle, low, high = ([place(found[key], dates) for found in keys] for key in ("p50", "p25", "p75"))
        if middle[0] != middle[1]:
            yield f"median {middle[0]} → {middle[1]}"
        if (low[0], high[0]) != (low[1], high[1]):
            yield f"the middle half from {low[0]} to {high[0]} → from {low[1]} to {high[1]}"


def _levels(basis: Mapping[str, Any]) -> dict[str, float] | None:
    """Shares by value, where there are few enough of them."""
    if "levels" in basis:
        return dict(basis["levels"])
    if not _single(basis):
        return None
    return {place(edge, False): found for edge, found in zip(basis["edges"][1:], basis["shares"][1:])}


def _values(old: Mapping[str, float], new: Mapping[str, float], form: str) -> Iterator[str]:
    """The values whose shares changed most."""
    changed = {text: abs(new.get(text, 0.0) - old.get(text, 0.0)) for text in {**old, **new}}
    ranked = sorted((text for text, by in changed.items() if by >= TELLING), key=lambda text: (-changed[text], text))
    for text in ranked[:TOLD_VALUES]:
        yield f"{form.format(text)} {share(old.get(text, 0.0))} → {share(new.get(text, 0.0))}"
