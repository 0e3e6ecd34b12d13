"""Plots: a histogram in SVG, and bars; with the last data set drawn over it in a second colour."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dropforge_jobs.profile.words import esc, place, share

#: Width and height of a histogram in a card, and of the target's; the axis below takes some.
SMALL, LARGE = (340.0, 112.0), (560.0, 200.0)
AXIS = 18.0
MOST_BARS = 8
#: Whole numbers that are written under their bars; of more, some.
MOST_LABELS = 12


def histogram(
    now: Mapping[str, Any],
    before: Mapping[str, Any] | None,
    dates: bool,
    tips: bool,
    size: tuple[float, float] = SMALL,
) -> str:
    """Bars for the numbers now, a line for what they were before, on one scale of rows per unit."""
    frame = _Frame([part for part in (now, before) if part and sum(part["counts"])], dates, size)
    marks = []
    if sum(now["counts"]):
        marks.append(_bars(now, frame, tips))
    if before and sum(before["counts"]):
        marks.append(_outline(before, frame))
    axis = f'<line class="base" x1="0" x2="{size[0]:.0f}" y1="{frame.floor:.1f}" y2="{frame.floor:.1f}"/>'
    return f'<svg viewBox="0 0 {size[0]:.0f} {size[1]:.0f}" role="img">{"".join(marks)}{axis}{_labels(frame)}</svg>'


class _Frame:
    """Where things are drawn: the axis from `low` to `high`, upwards to the highest density of all parts."""

    def __init__(self, parts: Sequence[Mapping[str, Any]], dates: bool, size: tuple[float, float]) -> None:
        self.parts, self.dates = parts, dates
        self.width, self.height = size
        self.floor = self.height - AXIS
        self.low = min(part["edges"][0] for part in parts)
        self.high = max(part["edges"][-1] for part in parts)
        self.scale = self.width / ((self.high - self.low) or 1)
        self.top = max(max(_densities(part)) for part in parts)

    def x(self, value: float) -> float:
        """Where a value is, from the left."""
        return float((value - self.low) * self.scale)

    def tall(self, density: float) -> float:
        """How high a density is drawn."""
        return float(density / self.top * (self.floor - 6))

    def tail(self, key: str) -> bool:
        """Whether the first (last) bucket of a part holds a long tail."""
        return any(part.get(key) for part in self.parts)

    @property
    def single(self) -> bool:
        """Whether each bucket is one whole number."""
        return all(part.get("whole") and part["edges"][1] - part["edges"][0] == 1 for part in self.parts)


def _labels(frame: _Frame) -> str:
    """The axis: each whole number if there are few, else both ends and the middle."""
    low, high = frame.low, frame.high
    y = frame.height - 3
    if frame.single:
        high -= 1
        step = max(1, -(-int(high - low + 1) // MOST_LABELS))
        numbers = [low + step * index for index in range(int((high - low) // step) + 1)]
        marks = [(frame.x(number + 0.5), place(number, frame.dates), "middle") for number in numbers]
    else:
        if all(part.get("whole") for part in frame.parts):
            high -= 1
        below, above = "≤ " if frame.tail("below") else "", "≥ " if frame.tail("above") else ""
        middle = (low + high) / 2
        if frame.dates or high - low > 20:  # noqa: PLR2004 - fractions would be noise
            middle = float(int(middle))
        marks = [
            (0.0, below + place(low, frame.dates), "start"),
            (frame.width / 2, place(middle, frame.dates), "middle"),
            (frame.width, above + place(high, frame.dates), "end"),
        ]
    return "".join(f'<text x="{x:.0f}" y="{y:.0f}" text-anchor="{side}">{esc(text)}</text>' for x, text, side in marks)


def _densities(part: Mapping[str, Any]) -> list[float]:
    """Share of the rows per unit, for each bucket."""
    total = sum(part["counts"])
    edges = part["edges"]
    return [count / total / ((stop - start) or 1) for start, stop, count in zip(edges, edges[1:], part["counts"])]


def _bars(part: Mapping[str, Any], frame: _Frame, tips: bool) -> str:
    edges, counts = part["edges"], part["counts"]
    last = len(counts) - 1
    found = []
    for index, (start, stop, count, density) in enumerate(zip(edges, edges[1:], counts, _densities(part))):
        if not count:
            continue
        gap = 1.0 if last > MOST_LABELS else 0.2 * (stop - start) * frame.scale
        width, tall = max((stop - start) * frame.scale - gap, 0.8), max(frame.tall(density), 1.2)
        tail = (index == 0 and part.get("below")) or (index == last and part.get("above"))
        tip = f"<title>{esc(_tip(start, stop, frame))}: {count:,} rows</title>" if tips else ""
        box = f'x="{frame.x(start) + gap / 2:.1f}" y="{frame.floor - tall:.1f}" width="{width:.1f}" height="{tall:.1f}"'
        found.append(f'<rect class="b{" t" if tail else ""}" {box}>{tip}</rect>')
    return "".join(found)


def _tip(start: float, stop: float, frame: _Frame) -> str:
    return place(start, frame.dates) + ("" if frame.single else f" to {place(stop, frame.dates)}")


def _outline(part: Mapping[str, Any], frame: _Frame) -> str:
    points = [f"M{frame.x(part['edges'][0]):.1f} {frame.floor:.1f}"]
    for stop, density in zip(part["edges"][1:], _densities(part)):
        points.append(f"V{frame.floor - frame.tall(density):.1f}H{frame.x(stop):.1f}")
    return f'<path class="o" d="{"".join(points)}V{frame.floor:.1f}"/>'


def bars(
    top: Sequence[Mapping[str, Any]],
    total: float,
    before: Mapping[str, float] | None,
    most: int = MOST_BARS,
    counts: bool = False,
) -> str:
    """A bar for each of the most frequent values, and one for all others; below it, thinner, what it was before."""
    shown = list(top[:most])
    gone = [] if before is None else [text for text in before if text not in {each["value"] for each in top}]
    shown += [{"value": text, "count": 0} for text in gone[: max(0, most - len(shown))]]
    rest = total - sum(each["count"] for each in shown)
    shares = [(each["value"], each["count"] / total if total else 0.0) for each in shown]
    widest = max([value for _, value in shares] + list((before or {}).values()) + [rest / total if total else 0, 1e-9])
    lines = [
        _line(text, value, widest, None if before is None else before.get(text, 0.0), total if counts else None)
        for text, value in shares
    ]
    if total and rest / total >= 5e-4:  # noqa: PLR2004 - would be told as 0.0 %
        lines.append(_line("other values", rest / total, widest, None, None, "rest"))
    return f'<div class="bars{"" if before is None else " two"}">{"".join(lines)}</div>'


def _line(  # noqa: PLR0917 - private, and called in two places
    text: str, value: float, widest: float, before: float | None, total: float | None = None, kind: str = ""
) -> str:
    label = esc(text) if text else "(empty)"
    tip = label if before is None else f"{label}: {share(value)}, was {share(before)}"
    old = "" if before is None else f'<u style="width:{100 * before / widest:.1f}%"></u>'
    rows = "" if total is None else f" · {round(value * total):,}"
    return (
        f'<span class="l" title="{tip}">{label}</span>'
        f'<span class="bar {kind}"><i style="width:{100 * value / widest:.1f}%"></i>{old}</span>'
        f'<span class="v num">{share(value)}{rows}</span>'
    )


def meter(kind: str, name: str, part: float, text: str) -> str:
    """A thin bar with its name and figure."""
    width = 100 * min(max(part, 0.0), 1.0)
    return (
        f'<div class="meter {kind}"><span class="soft">{esc(name)}</span><span class="bar">'
        f'<i style="width:{width:.1f}%"></i></span><span class="num">{esc(text)}</span></div>'
    )
