"""A card for each column, and the table of those that there is no room for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dropforge_jobs.profile import plots
from dropforge_jobs.profile.association import strength
from dropforge_jobs.profile.words import counted, esc, figure, share

UNUSED = {"identifier": "not used: it only numbers the rows", "constant": "not used: it holds a single value"}
ALL_ROWS = 3000
ALL_NAME = 80
#: A change of the missing share that would be told as none.
NO_CHANGE = 5e-4

Column = Mapping[str, Any]


def interest(column: Column) -> tuple[Any, ...]:
    """What a person wants to see first: what moved or gives the target away, then what tells most about it."""
    drift, found = column.get("drift") or {}, column.get("association") or {}
    return (
        not (drift.get("over") or found.get("over")),
        column["kind"] in UNUSED,
        -strength(column.get("association")),
        -drift.get("value", 0.0),
        column["index"],
    )


def card(column: Column, rows: int, before: Column | None, tips: bool) -> str:
    """One column: plot, figures, what is missing, what it tells of the target, how it moved."""
    return (
        f'<article class="card" id="c{column["index"]}"><header><h3>{esc(column["name"])}</h3>'
        f'<span class="tags">{_tags(column)}</span></header>'
        f'<div class="plot">{plot(column, rows, before, tips)}</div>'
        f'<dl class="facts">{_facts(column)}</dl><div class="meters">{_meters(column, rows)}</div></article>'
    )


def plot(column: Column, rows: int, before: Column | None, tips: bool, size: tuple[float, float] = plots.SMALL) -> str:
    """The column's distribution, over the one before; a sentence where there is nothing to draw."""
    present = rows - column["missing"]
    if column["kind"] in UNUSED:
        only = f": {esc(column['top'][0]['value'])}" if column["kind"] == "constant" and column.get("top") else ""
        return f'<p class="soft small">{UNUSED[column["kind"]]}{only}</p>'
    if column["kind"] == "text":
        lengths = [{"value": _span(entry), "count": entry["count"]} for entry in column["lengths"]]
        return plots.bars(lengths, present, None)
    if column.get("histogram") and present:
        old = (before or {}).get("histogram") if before and before.get("family") == column["family"] else None
        return plots.histogram(column["histogram"], old, column["family"] == "dates", tips, size)
    if column.get("top"):
        return plots.bars(column["top"], present, _levels(before))
    return '<p class="soft small">no value</p>'


def _span(entry: Mapping[str, int]) -> str:
    """A range of lengths."""
    return f"{entry['from']}–{entry['to']} characters"


def _levels(before: Column | None) -> dict[str, float] | None:
    levels = ((before or {}).get("basis") or {}).get("levels")
    return dict(levels) if levels else None


def _tags(column: Column) -> str:
    tags = []
    if (column.get("association") or {}).get("over"):
        tags.append('<span class="tag bad">gives the target away</span>')
    if (column.get("drift") or {}).get("over"):
        tags.append('<span class="tag warn">moved</span>')
    tags.append(f'<span class="tag">{esc(column["kind"])}</span>')
    return "".join(tags)


def _facts(column: Column) -> str:
    about = "" if column["distinct_exact"] else "≈ "
    facts = [("distinct", about + f"{column['distinct']:,}")]
    numbers, dates = column.get("numbers"), column.get("dates")
    if numbers:
        median = numbers.get("quantiles", {}).get("p50")
        facts = [("mean", figure(numbers["mean"])), ("std", figure(numbers["std"]))]
        facts += [("median", figure(median))] if median is not None else []
        facts += [("min … max", f"{figure(numbers['min'])} … {figure(numbers['max'])}")]
    elif dates:
        facts += [("first", dates["first"]), ("last", dates["last"])]
    elif column["kind"] == "text":
        facts.append(("longest", counted(column["longest"], "character")))
    elif column.get("top") and column["kind"] != "constant":
        facts.append(("most frequent", column["top"][0]["value"][:24]))
    return "".join(f"<div><dt>{esc(name)}</dt><dd>{esc(value)}</dd></div>" for name, value in facts)


def _meters(column: Column, rows: int) -> str:
    missing = column["missing"] / rows if rows else 0.0
    drift, found = column.get("drift"), column.get("association")
    was = (
        ""
        if not drift or abs(drift["missing_before"] - missing) < NO_CHANGE
        else f" (was {share(drift['missing_before'])})"
    )
    lines = [plots.meter("miss", "missing", missing, share(missing) + was)]
    if found:
        lines.append(plots.meter("tell", "tells target", strength(found), f"{found['measure']} {found['value']:.3f}"))
    if drift:
        text = f"{drift['measure']} {drift['value']:.3f}"
        lines.append(plots.meter("move", "moved", drift["value"] / (2 * drift["threshold"]), text))
    return "".join(lines)


def table(columns: list[Column], rows: int) -> str:
    """The columns without a card, a line each."""
    lines = []
    for column in columns[:ALL_ROWS]:
        found, drift = column.get("association"), column.get("drift")
        told = f"{found['measure']} {found['value']:.3f}" if found else ""
        moved = f"{drift['measure']} {drift['value']:.3f}" if drift else ""
        cells = [
            esc(column["name"][:ALL_NAME]),
            column["kind"],
            share(column["missing"], rows),
            f"{column['distinct']:,}",
            told,
            moved,
        ]
        lines.append("<tr>" + "".join(f"<td>{cell}" for cell in cells))
    more = len(columns) - ALL_ROWS
    rest = f"<p class=soft>{more:,} more are in profile.json.</p>" if more > 0 else ""
    head = "<tr><th>column<th>kind<th>missing<th>distinct<th>tells target<th>moved"
    return f'<div class="panel scroll"><table class="all num">{head}{"".join(lines)}</table>{rest}</div>'
