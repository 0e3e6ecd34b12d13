"""What several notices say alike."""

from __future__ import annotations

from typing import Any

from notification.words import SHOWN, UNKNOWN, Detail, block, count, number, part, said, word

CENT = 0.01
CONSTANT = "_best_constant_classifier"


def live(d: Detail) -> str:
    """What the endpoint does now; nothing where nobody looked."""
    config, status = word(d, "endpoint_config", ""), word(d, "endpoint_status")
    if status == "Failed":
        return "The endpoint failed and serves nothing; SageMaker lets it only be deleted."
    if config:
        return f"The endpoint serves {config} ({status})."
    return "There is no endpoint." if "endpoint_config" in d else ""


def problem(found: Detail) -> str:
    """One thing that is wrong in a project.yaml: where, what, and the fix."""
    line, field = number(found.get("line")), word(found, "field", "")
    place = f"line {line:.0f}: " if line else ""
    name = f"{field}: " if field else ""
    fix = word(found, "fix", "")
    return f"  {place}{name}{word(found, 'reason')}" + (f"\n    fix: {fix}" if fix else "")


def problems(found: list[Detail]) -> str:
    """The first of them, one below the other."""
    more = [f"  … and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    return "\n".join([*map(problem, found[:SHOWN]), *more])


def duration(seconds: float) -> str:
    """`5 minutes`, `90 seconds`, `2 hours`: in the largest unit that comes out even."""
    whole = round(seconds)
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if whole and whole % size == 0:
            return count(whole // size, unit)
    return count(whole, "second")


def gate(d: Detail) -> str:
    """The gate's metric and its value; nothing without one."""
    judged = part(d, "gate")
    metric, value = word(judged, "metric", ""), number(judged.get("value"))
    return f"{metric} {value:g}" if metric and value is not None else ""


def bullets(title: str, items: list[str]) -> str:
    """A title and the first lines, one below the other; nothing without lines."""
    return "\n".join([title, *(f"  - {item}" for item in items[:SHOWN])]) if items else ""


def figures(d: Detail) -> str:
    """What was measured, and on how many rows."""
    metrics = {said(k): v for k, v in part(d, "metrics").items() if number(v) is not None and not k.endswith(CONSTANT)}
    shown = [f"  {name:<36} {number(value):g}" for name, value in list(metrics.items())[:SHOWN]]
    counts = ", ".join(f"{number(n):,.0f} {said(name)}" for name, n in part(d, "rows").items() if number(n) is not None)
    return "\n".join([f"Figures{f' (rows: {counts})' if counts else ''}:", *shown]) if shown else ""


def log(d: Detail) -> str:
    """The end of a job's log."""
    text = d.get("log")
    shown = block(text[-16_000:], 16_000).rstrip().splitlines()[-SHOWN:] if isinstance(text, str) else []
    return "\n".join(["The last lines of its log:", *(f"  | {line}" for line in shown)]) if shown else ""


def cost(d: Detail) -> str:
    """What the jobs took and what that costs at list prices."""
    seconds, spent = part(d, "seconds"), part(d, "cost")
    taken = {said(step): number(value) for step, value in seconds.items()}
    times = ", ".join(f"{step} {value:g} s" for step, value in taken.items() if value is not None)
    usd, basis = number(spent.get("usd")), word(spent, "basis", "")
    money = UNKNOWN if usd is None else dollars(usd) + (f", by {basis}" if basis else "")
    return f"Jobs: {times}. Cost: {money}." if times else ""


def dollars(usd: float) -> str:
    """An amount; nobody pays by the hundredth of a cent."""
    return "less than $0.01" if 0 < usd < CENT else f"about ${usd:,.2f}"


def size(d: Detail) -> str:
    """How much there is of a drop; nothing where nobody looked."""
    objects, size_of = number(d.get("objects")), number(d.get("bytes"))
    told = [count(int(objects), "object")] if objects is not None else []
    return ", ".join([*told, *([count(int(size_of), "byte")] if size_of is not None else [])])


def table(rows: list[tuple[str, ...]], indent: str) -> str:
    """Columns one below the other, each as wide as its longest value; the last is not padded."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    padded = ("  ".join([*(f"{cell:<{w}}" for cell, w in zip(row[:-1], widths, strict=True)), row[-1]]) for row in rows)
    return "\n".join(f"{indent}{line}".rstrip() for line in padded)


def quarantined(d: Detail) -> str:
    """Files that were left out, and why; nothing where all could be read."""
    found = d.get("quarantined")
    files = [thing for thing in found if isinstance(thing, dict)] if isinstance(found, list) else []
    whole = number(d.get("quarantined_count"))
    number_of = max(len(files), int(whole or 0))
    if not number_of:
        return ""
    items = [_left_out(file) for file in files[:SHOWN]]
    more = [f"  … and {number_of - len(items):,} more"] if number_of > len(items) else []
    return "\n".join([f"Left out and quarantined ({count(number_of, 'file')}):", *(f"  - {i}" for i in items), *more])


def _left_out(file: Any) -> str:
    key, reason = word(file, "key", longest=200), word(file, "reason", "it cannot be read")
    name = key.rsplit("/", 1)[-1]
    return f"{key}: {reason.removeprefix(f'{name}: ')}"
