"""What several notices say alike."""

from __future__ import annotations

from typing import Any

Detail = dict[str, Any]
UNKNOWN = "unknown"
SHOWN = 20
CONSTANT = "_best_constant_classifier"


def live(d: Detail) -> str:
    """What the endpoint does now; nothing where nobody looked."""
    config, status = d.get("endpoint_config"), d.get("endpoint_status")
    if status == "Failed":
        return "The endpoint failed and serves nothing; SageMaker lets it only be deleted."
    if config:
        return f"The endpoint serves {config} ({status})."
    return "There is no endpoint." if "endpoint_config" in d else ""


def problem(found: dict[str, Any]) -> str:
    """One thing that is wrong in a project.yaml: where, what, and the fix."""
    place = f"line {found['line']}: " if found.get("line") else ""
    name = f"{found['field']}: " if found.get("field") else ""
    return f"  {place}{name}{found.get('reason')}\n    fix: {found.get('fix')}"


def count(things: list[Any], word: str) -> str:
    """`1 problem`, `2 problems`."""
    return f"{len(things)} {word}{'' if len(things) == 1 else 's'}"


def gate(d: Detail) -> str:
    """The gate's metric and its value; nothing without one."""
    judged = d.get("gate") or {}
    measured = judged.get("metric") and judged.get("value") is not None
    return f"{judged['metric']} {judged['value']:g}" if measured else ""


def bullets(title: str, lines: list[Any] | None) -> str:
    """A title and the first lines, one below the other; nothing without lines."""
    return "\n".join([title, *(f"  - {line}" for line in lines[:SHOWN])]) if lines else ""


def figures(d: Detail) -> str:
    """What was measured, and on how many rows."""
    metrics = {
        k: v for k, v in (d.get("metrics") or {}).items() if isinstance(v, int | float) and not k.endswith(CONSTANT)
    }
    lines = [f"  {name:<36} {value:g}" for name, value in list(metrics.items())[:SHOWN]]
    rows = d.get("rows") or {}
    counts = ", ".join(f"{count:,} {part}" for part, count in rows.items())
    return "\n".join([f"Figures{f' (rows: {counts})' if counts else ''}:", *lines]) if lines else ""


def log(d: Detail) -> str:
    """The end of a job's log."""
    lines = str(d.get("log") or "").rstrip().splitlines()[-SHOWN:]
    return "\n".join(["The last lines of its log:", *(f"  | {line}" for line in lines)]) if lines else ""


def cost(d: Detail) -> str:
    """What the jobs took and what that costs at list prices."""
    seconds, spent = d.get("seconds") or {}, d.get("cost") or {}
    times = ", ".join(f"{step} {value:g} s" for step, value in seconds.items() if value is not None)
    usd = spent.get("usd")
    money = UNKNOWN if usd in (None, UNKNOWN) else f"about ${usd:.4f}"
    basis = f" ({spent['basis']})" if spent.get("basis") and money != UNKNOWN else ""
    return f"Jobs: {times}. Cost: {money}{basis}." if times else ""
